//! Scripted programs: what commands and pipelines say, and how they end.

mod read;

use std::time::Duration;

use super::programs::Output;
use super::world::World;
use crate::session::{PatternError, WildcardPattern};

pub use read::ScriptError;

/// One answer to the commands and pipelines whose text matches a pattern.
///
/// The text is the command line of a cmd shell, without `cmd /c` before it; what `powershell -Command` runs, or
/// `-EncodedCommand`, decoded; or the script or the commands of a pipeline. The pattern has PowerShell's wildcards,
/// covers the whole text, and ignores case. It may also match the command line as it was sent.
///
/// ```
/// use std::time::Duration;
/// use pssession::simulator::{Rule, Script, World};
///
/// let script = Script::default()
///     .with(Rule::new("Get-Service *")?.stdout("Running\n"))
///     .with(Rule::new("*\\deploy.cmd *")?.stderr("disk full\n").exit_code(3).delay(Duration::from_secs(2)));
/// let world = World::new("web01").with_script(script);
/// # assert_eq!(world.shells().len(), 0);
/// # Ok::<(), pssession::session::PatternError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pattern: WildcardPattern,
    shell_type: Option<ShellType>,
    output: Output,
    reads_stdin: bool,
    times: Option<u64>,
}

/// What a rule is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShellType {
    /// Commands of cmd shells.
    Cmd,
    /// Pipelines of PowerShell sessions.
    PowerShell,
}

/// Rules, in their order: the first one that matches answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    rules: Vec<Rule>,
}

/// The scripts of a world: that of its start, and those that came later, which are asked first.
#[derive(Clone, Debug, Default)]
pub(super) struct Scripts {
    start: Script,
    /// The newest last.
    later: Vec<Script>,
}

/// What a rule has decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scripted {
    pub(super) output: Output,
    pub(super) reads_stdin: bool,
}

/// The most rules of one world.
const MAX_RULES: usize = 1_000;

impl Rule {
    /// A rule for every text that the pattern matches: nothing is said, and the exit code is 0.
    ///
    /// # Errors
    /// The pattern has an unclosed `[` or an empty range, or it is too long.
    pub fn new(pattern: &str) -> Result<Self, PatternError> {
        let pattern = WildcardPattern::new(&normal(pattern))?;
        let output = Output::default();
        Ok(Self { pattern, shell_type: None, output, reads_stdin: false, times: None })
    }

    /// The rule for one type of shell only.
    #[must_use]
    pub fn shell_type(mut self, shell_type: ShellType) -> Self {
        self.shell_type = Some(shell_type);
        self
    }

    /// What it says on stdout: lines, each an object of a pipeline. Line ends are sent as Windows' own, CR LF.
    #[must_use]
    pub fn stdout(mut self, text: &str) -> Self {
        self.output.stdout = with_line_ends(text);
        self
    }

    /// What it says on stderr: lines, each an error record of a pipeline, which fails with the last one if it also has an
    /// exit code.
    #[must_use]
    pub fn stderr(mut self, text: &str) -> Self {
        self.output.stderr = with_line_ends(text);
        self
    }

    /// What it exits with; default: 0. A pipeline tells it to the client's host, as `exit` does.
    #[must_use]
    pub fn exit_code(mut self, exit_code: i64) -> Self {
        self.output.exit_code = exit_code;
        self
    }

    /// How long it runs before it says anything and ends; default: not at all. The world's clock counts.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.output.delay = delay;
        self
    }

    /// Lets a command of a cmd shell run until its input has ended. A pipeline always does.
    #[must_use]
    pub fn reads_stdin(mut self) -> Self {
        self.reads_stdin = true;
        self
    }

    /// How often it answers; default: always. After that it matches nothing.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Answers, if it is for one of these texts.
    fn take(&mut self, texts: &[String], shell_type: ShellType) -> Option<Scripted> {
        let is_meant = self.shell_type.is_none_or(|only| only == shell_type);
        if !is_meant || self.times == Some(0) || !texts.iter().any(|text| self.pattern.matches(text)) {
            return None;
        }
        self.times = self.times.map(|times| times - 1);
        Some(Scripted { output: self.output.clone(), reads_stdin: self.reads_stdin })
    }
}

impl Script {
    /// The script with one more rule behind the others.
    #[must_use]
    pub fn with(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// How many rules it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether it has no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

impl World {
    /// The same host with answers to commands and pipelines, which last as long as the host.
    #[must_use]
    pub fn with_script(mut self, script: Script) -> Self {
        self.scripts = Scripts::of(script);
        self
    }

    /// Adds answers to commands and pipelines; they are asked before those that are there.
    ///
    /// # Errors
    /// There would be more than 1,000 rules; the text says so.
    pub fn add_script(&mut self, script: Script) -> Result<(), String> {
        if self.scripts.len() + script.len() > MAX_RULES {
            return Err(format!("there would be more than {MAX_RULES} rules"));
        }
        self.scripts.add(script);
        Ok(())
    }

    /// Removes the scripts that were added; that of [`World::with_script`] stays.
    pub fn clear_scripts(&mut self) {
        self.scripts.clear();
    }
}

impl Scripts {
    pub(super) fn of(start: Script) -> Self {
        Self { start, later: Vec::new() }
    }

    /// Adds rules that are asked before all others.
    pub(super) fn add(&mut self, script: Script) {
        self.later.push(script);
    }

    /// Only the script of the start is left.
    pub(super) fn clear(&mut self) {
        self.later.clear();
    }

    /// How many rules there are.
    pub(super) fn len(&self) -> usize {
        self.start.len() + self.later.iter().map(Script::len).sum::<usize>()
    }

    /// What the first rule for one of these texts answers.
    pub(super) fn take(&mut self, texts: &[&str], shell_type: ShellType) -> Option<Scripted> {
        let texts: Vec<_> = texts.iter().map(|text| normal(text)).collect();
        let scripts = self.later.iter_mut().rev().chain([&mut self.start]);
        scripts.flat_map(|script| &mut script.rules).find_map(|rule| rule.take(&texts, shell_type))
    }
}

/// A text as it is compared: trimmed, its lines ended by LF.
fn normal(text: &str) -> String {
    text.trim().replace("\r\n", "\n")
}

fn with_line_ends(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(pattern: &str, stdout: &str) -> Rule {
        Rule::new(pattern).unwrap().stdout(stdout)
    }

    fn answer(scripts: &mut Scripts, text: &str) -> Option<String> {
        scripts.take(&[text], ShellType::Cmd).map(|scripted| scripted.output.stdout)
    }

    #[test]
    fn the_newest_script_is_asked_first_and_in_it_the_first_rule() {
        let mut scripts = Scripts::of(Script::default().with(rule("*", "start")));
        scripts.add(Script::default().with(rule("a*", "first")).with(rule("ab", "second")));
        scripts.add(Script::default().with(rule("abc", "newest")));
        let said = ["abc", "ab", "x"].map(|text| answer(&mut scripts, text).unwrap());
        assert_eq!(said, ["newest", "first", "start"]);
        scripts.clear();
        assert_eq!(answer(&mut scripts, "abc").as_deref(), Some("start"));
    }

    #[test]
    fn a_text_is_matched_whole_and_without_its_case_and_line_ends() {
        let mut scripts = Scripts::of(Script::default().with(rule("get-x\n-all", "")));
        assert!(answer(&mut scripts, " Get-X\r\n-All\r\n").is_some());
        assert!(answer(&mut scripts, "Get-X").is_none());
    }

    #[test]
    fn a_rule_is_for_one_type_and_for_so_many_times() {
        let once = rule("x", "once").times(1);
        let pipelines = rule("x", "pipeline").shell_type(ShellType::PowerShell);
        let mut scripts = Scripts::of(Script::default().with(once).with(pipelines));
        let said: Vec<_> = (0..2).map(|_| answer(&mut scripts, "x")).collect();
        assert_eq!(said, [Some("once".to_owned()), None]);
        assert!(scripts.take(&["x"], ShellType::PowerShell).is_some());
    }

    #[test]
    fn lines_end_as_windows_ends_them() {
        assert_eq!(rule("x", "a\nb\r\n").output.stdout, "a\r\nb\r\n");
    }
}
