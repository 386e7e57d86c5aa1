//! Scripts as text: YAML or JSON.

use std::time::Duration;

use super::{MAX_RULES, Rule, Script, ShellType};
use crate::yaml::{self, Node, Value};

/// Why a script is refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct ScriptError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub reason: String,
}

/// The keys of a rule.
const KEYS: &[&str] = &["match", "stdout", "stderr", "exit_code", "delay", "type", "reads_stdin", "times"];
/// How alike two keys must be for one to be suggested for the other, from 0 to 1.
const LIKENESS: f64 = 0.7;
/// The exit codes of Windows: 32 bits, with a sign or without.
const EXIT_CODES: std::ops::RangeInclusive<i64> = -0x8000_0000..=0xFFFF_FFFF;
/// The longest delay, in seconds: ten years.
const MAX_DELAY: f64 = 315_360_000.0;

impl Script {
    /// Reads a rule, or a list of rules, in YAML or JSON. Each is a mapping: `match`, and of `stdout`, `stderr`,
    /// `exit_code`, `delay` (seconds), `type` (`cmd` or `ps`), `reads_stdin` and `times` what it needs.
    ///
    /// ```
    /// # use pssession::simulator::Script;
    /// let script = Script::parse("- match: Get-Service *\n  stdout: Running\n")?;
    /// assert_eq!(script.len(), 1);
    /// let error = Script::parse("- match: whoami\n  stdot: me\n").unwrap_err();
    /// assert_eq!(error.to_string(), "line 2: unknown key \"stdot\"; did you mean \"stdout\"?");
    /// # Ok::<(), pssession::simulator::ScriptError>(())
    /// ```
    ///
    /// # Errors
    /// The text is neither YAML nor JSON, a rule has no `match`, an unknown key or a wrong value, or there are more than
    /// 1,000 rules.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let root = root(text)?;
        let rules = match &root.value {
            Value::Sequence(items) => items.iter().map(rule).collect::<Result<Vec<_>, _>>()?,
            Value::Mapping(_) => vec![rule(&root)?],
            Value::Null => Vec::new(),
            Value::Text(_) => return Err(error(&root, "a rule, or a list of rules, is expected")),
        };
        if rules.len() > MAX_RULES {
            return Err(error(&root, format!("more than {MAX_RULES} rules")));
        }
        Ok(Self { rules })
    }
}

/// JSON is YAML but for a few escapes, so that it, too, has lines.
fn root(text: &str) -> Result<Node, ScriptError> {
    let yaml = yaml::read(text);
    if (text.contains("\\u") || yaml.is_err())
        && let Ok(value) = serde_json::from_str(text)
    {
        return Ok(node(value));
    }
    yaml.map_err(|error| ScriptError { line: error.line, reason: error.reason })
}

fn node(value: serde_json::Value) -> Node {
    use serde_json::Value as Json;
    let value = match value {
        Json::Null => Value::Null,
        Json::String(text) => Value::Text(text),
        Json::Array(items) => Value::Sequence(items.into_iter().map(node).collect()),
        Json::Object(fields) => Value::Mapping(
            fields.into_iter().map(|(name, value)| (node(Json::String(name)), node(value))).collect(),
        ),
        other => Value::Text(other.to_string()),
    };
    Node { line: 1, tag: None, value }
}

fn error(node: &Node, reason: impl Into<String>) -> ScriptError {
    ScriptError { line: node.line, reason: reason.into() }
}

fn rule(node: &Node) -> Result<Rule, ScriptError> {
    let Value::Mapping(entries) = &node.value else {
        return Err(error(node, "a rule is a mapping, with the key \"match\" and others"));
    };
    let mut seen = Vec::new();
    let mut pattern = None;
    for (key, value) in entries {
        let name = key.text().unwrap_or_default();
        if !KEYS.contains(&name) {
            return Err(error(key, unknown(name)));
        }
        if seen.contains(&name) {
            return Err(error(key, format!("the key {name:?} is there twice")));
        }
        seen.push(name);
        if name == "match" {
            pattern = Some((key, text(name, value)?));
        }
    }
    let (key, pattern) = pattern.ok_or_else(|| error(node, "the rule has no \"match\""))?;
    let mut rule = Rule::new(pattern).map_err(|refused| error(key, refused.to_string()))?;
    for (key, value) in entries {
        rule = match key.text().unwrap_or_default() {
            "stdout" => rule.stdout(text("stdout", value)?),
            "stderr" => rule.stderr(text("stderr", value)?),
            "exit_code" => rule.exit_code(exit_code(value)?),
            "delay" => rule.delay(delay(value)?),
            "type" => rule.shell_type(shell_type(value)?),
            "reads_stdin" if is_true(value)? => rule.reads_stdin(),
            "times" => rule.times(times(value)?),
            _ => rule,
        };
    }
    Ok(rule)
}

fn unknown(name: &str) -> String {
    let scored = KEYS.iter().map(|key| (strsim::jaro(&name.to_lowercase(), key), key));
    let likely =
        scored.filter(|(score, _)| *score > LIKENESS).max_by(|(one, _), (other, _)| one.total_cmp(other));
    match likely {
        Some((_, key)) => format!("unknown key {name:?}; did you mean {key:?}?"),
        None => format!("unknown key {name:?}; the keys are {}", KEYS.join(", ")),
    }
}

fn text<'n>(name: &str, node: &'n Node) -> Result<&'n str, ScriptError> {
    match &node.value {
        Value::Text(text) => Ok(text),
        Value::Null => Ok(""),
        _ => Err(error(node, format!("{name:?} must be a text"))),
    }
}

fn exit_code(node: &Node) -> Result<i64, ScriptError> {
    let code = node.text().and_then(|text| text.parse().ok()).filter(|code| EXIT_CODES.contains(code));
    code.ok_or_else(|| error(node, "\"exit_code\" must be a whole number of 32 bits"))
}

fn delay(node: &Node) -> Result<Duration, ScriptError> {
    let seconds = node.text().and_then(|text| text.parse().ok());
    let seconds = seconds.filter(|seconds| (0.0..=MAX_DELAY).contains(seconds));
    seconds
        .map(Duration::from_secs_f64)
        .ok_or_else(|| error(node, "\"delay\" must be a number of seconds, at most ten years"))
}

fn shell_type(node: &Node) -> Result<ShellType, ScriptError> {
    match node.text() {
        Some("cmd") => Ok(ShellType::Cmd),
        Some("ps") => Ok(ShellType::PowerShell),
        _ => Err(error(node, "\"type\" must be cmd or ps")),
    }
}

fn is_true(node: &Node) -> Result<bool, ScriptError> {
    let value = node.text().and_then(|text| text.to_lowercase().parse().ok());
    value.ok_or_else(|| error(node, "\"reads_stdin\" must be true or false"))
}

fn times(node: &Node) -> Result<u64, ScriptError> {
    let times = node.text().and_then(|text| text.parse().ok()).filter(|times| *times > 0);
    times.ok_or_else(|| error(node, "\"times\" must be a whole number from 1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Script::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_rule_is_read_from_yaml_and_from_json() {
        let rule = Rule::new("Get-Service *")
            .unwrap()
            .stdout("a\nb\n")
            .stderr("c")
            .exit_code(-1)
            .delay(Duration::from_millis(1_500))
            .shell_type(ShellType::PowerShell)
            .reads_stdin()
            .times(2);
        let expected = Script::default().with(rule);
        let yaml = "- match: Get-Service *\n  stdout: |\n    a\n    b\n  stderr: c\n  exit_code: -1\n  delay: 1.5\n  type: ps\n  \
                    reads_stdin: true\n  times: 2\n";
        let json = r#"{"match": "Get-Service *", "stdout": "a\nb\n", "stderr": "c", "exit_code": -1, "delay": 1.5,
            "type": "ps", "reads_stdin": true, "times": 2}"#;
        for text in [yaml, json, &format!("[{json}]"), &json.replace(", \"", ",\n\t\"")] {
            assert_eq!(Script::parse(text).unwrap(), expected, "{text}");
        }
        assert!(Script::parse("# no rule yet\n").unwrap().is_empty());
    }

    #[test]
    fn a_character_that_json_writes_as_two_escapes_is_one() {
        let script = Script::parse(r#"[{"match": "x", "stdout": "\ud83d\ude80"}]"#).unwrap();
        assert_eq!(script, Script::default().with(Rule::new("x").unwrap().stdout("🚀")));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, said) in [
            ("- match: x\n- stdout: y", "line 2: the rule has no \"match\""),
            ("- match: x\n  Exit-Code: 3", "line 2: unknown key \"Exit-Code\"; did you mean \"exit_code\"?"),
            ("- match: x\n  zzz: 3", "line 2: unknown key \"zzz\"; the keys are match, stdout"),
            ("- match: x\n\n  match: y", "line 3: the key \"match\" is there twice"),
            ("- match: '[a'", "line 1: the wildcard pattern \"[a\" is not valid"),
            ("- match: x\n  delay: soon", "line 2: \"delay\" must be a number of seconds"),
            ("- match: x\n  delay: 1e300", "line 2: \"delay\" must be a number of seconds"),
            ("- match: x\n  delay: nan", "line 2: \"delay\" must be"),
            ("- match: x\n  exit_code: 4294967296", "line 2: \"exit_code\" must be"),
            ("- match: x\n  type: ssh", "line 2: \"type\" must be cmd or ps"),
            ("- match: x\n  reads_stdin: 7", "line 2: \"reads_stdin\" must be true or false"),
            ("- match: x\n  times: 0", "line 2: \"times\" must be"),
            ("- match: [x]", "line 1: \"match\" must be a text"),
            ("- x", "line 1: a rule is a mapping"),
            ("x", "line 1: a rule, or a list of rules"),
            ("- match: \"x", "line 1: not YAML"),
        ] {
            assert!(refused(text).starts_with(said), "{text}: {}", refused(text));
        }
    }

    #[test]
    fn no_more_rules_than_a_world_takes() {
        let text = "- match: x\n".repeat(MAX_RULES + 1);
        assert_eq!(refused(&text), "line 1: more than 1000 rules");
    }
}
