//! The few statements of PowerShell that clients try out a connection with. A script that is more than that, with blocks
//! or calls of .NET, does nothing and succeeds: clients send such scripts to prepare and to clean up.

use std::time::Duration;

use super::{Output, ProgramContext, Reads, cmd};

/// Statements that change nothing that could be seen here.
const SILENT: &[&str] = &[
    "add-type",
    "clear-host",
    "import-module",
    "set-executionpolicy",
    "set-location",
    "set-strictmode",
    "write-debug",
    "write-progress",
    "write-verbose",
];

/// Runs a text.
pub(super) fn run(script: &str, world: ProgramContext<'_>) -> Output {
    let mut output = Output::default();
    let script = without_block(script.trim());
    if script.contains('{') {
        return output;
    }
    for statement in statements(script) {
        if !perform(statement, &mut output, world) {
            break;
        }
    }
    output
}

/// The inside of a script that is one block, as in `& { ... }`.
fn without_block(script: &str) -> &str {
    let block = script.strip_prefix('&').unwrap_or(script).trim();
    block.strip_prefix('{').and_then(|block| block.strip_suffix('}')).map_or(script, str::trim)
}

/// The statements, which end with lines and semicolons outside quotes.
fn statements(script: &str) -> impl Iterator<Item = &str> {
    let mut quote = None;
    let parts = script.split(move |c| match (c, quote) {
        ('\'' | '"', None) => {
            quote = Some(c);
            false
        }
        (c, Some(open)) if c == open => {
            quote = None;
            false
        }
        (';' | '\n' | '|', None) => true,
        _ => false,
    });
    parts.map(str::trim).filter(|statement| !statement.is_empty())
}

/// Performs one statement; whether the next one follows.
fn perform(statement: &str, output: &mut Output, world: ProgramContext<'_>) -> bool {
    if let Some(text) = value(statement, world) {
        line(output, &text);
        return true;
    }
    if statement.starts_with(['#', '$', '[', '(', '@', '%', '.']) {
        return true;
    }
    let words = words(statement);
    let (name, arguments) = words.split_first().map_or(("", &[][..]), |(name, rest)| (&**name, rest));
    match name.to_ascii_lowercase().as_str() {
        "write-output" | "echo" => arguments.iter().for_each(|text| line(output, text)),
        "write-host" => line(output, &arguments.join(" ")),
        "out-null" => output.stdout.clear(),
        "out-string" | "out-default" | "out-host" => {}
        "write-error" | "throw" => {
            output.stderr.push_str(&format!("{}\r\n", arguments.join(" ")));
            output.exit_code = 1;
            return !name.eq_ignore_ascii_case("throw");
        }
        "start-sleep" | "sleep" => output.delay += pause(arguments),
        "exit" => {
            let code = arguments.first().map(String::as_str);
            let is_last = code.is_some_and(|code| code.eq_ignore_ascii_case("$LASTEXITCODE"));
            if !is_last {
                output.exit_code = code.and_then(|code| code.parse().ok()).unwrap_or(0);
            }
            return false;
        }
        name if SILENT.contains(&name) => {}
        "hostname" | "hostname.exe" | "whoami" | "whoami.exe" | "cmd" | "cmd.exe" | "timeout" => {
            let invocation = super::Invocation::read(statement);
            let inner = invocation.texts().first().map_or("", |text| *text);
            let program = cmd::begin(inner, world);
            // Nobody types here.
            if program.reads == Reads::Nothing {
                output.stdout.push_str(&program.output.stdout);
                output.stderr.push_str(&program.output.stderr);
                output.delay += program.output.delay;
                output.exit_code = program.output.exit_code;
            }
        }
        _ => {
            output.stderr.push_str(&format!(
                "{name} : The term '{name}' is not recognized as the name of a cmdlet, function, script file, or \
                 operable program.\r\n"
            ));
            output.exit_code = 1;
        }
    }
    true
}

/// What an expression shows: a text in quotes, a number or the sum of two, or what a known variable holds.
fn value(expression: &str, world: ProgramContext<'_>) -> Option<String> {
    if let Some(quote) = expression.chars().next().filter(|c| matches!(c, '\'' | '"')) {
        let inner = expression.strip_prefix(quote)?.strip_suffix(quote)?;
        return (!inner.contains(quote)).then(|| inner.to_owned());
    }
    let user = world.user.rsplit('\\').next().unwrap_or(world.user);
    match expression.trim_end_matches(".ToString()").to_ascii_lowercase().as_str() {
        "$env:computername" => return Some(world.machine.to_uppercase()),
        "$env:username" => return Some(user.to_owned()),
        "$psversiontable.psversion" => return Some(world.powershell.to_owned()),
        _ => {}
    }
    let parts: Vec<_> = expression.split_whitespace().collect();
    let number = |text: &str| text.parse::<i64>().ok();
    let result = match parts[..] {
        [one] => number(one),
        [one, "+", other] => number(one)?.checked_add(number(other)?),
        [one, "-", other] => number(one)?.checked_sub(number(other)?),
        [one, "*", other] => number(one)?.checked_mul(number(other)?),
        _ => None,
    };
    result.map(|number| number.to_string())
}

/// The words of a statement, quotes taken off.
fn words(statement: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in statement.chars() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// How long Start-Sleep with these arguments takes.
fn pause(arguments: &[String]) -> Duration {
    let is_milli = arguments.iter().any(|word| word.to_ascii_lowercase().starts_with("-m"));
    let amount = arguments.iter().find_map(|word| word.parse::<u32>().ok()).unwrap_or(0);
    if is_milli { Duration::from_millis(amount.into()) } else { Duration::from_secs(amount.into()) }
}

fn line(output: &mut Output, text: &str) {
    output.stdout.push_str(text);
    output.stdout.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str) -> Output {
        let world = ProgramContext {
            machine: "sim01",
            user: "CONTOSO\\Alice",
            version: "10.0.20348",
            powershell: "5.1.20348.1",
        };
        super::run(script, world)
    }

    #[test]
    fn every_statement_of_the_table() {
        for (script, stdout) in [
            ("'a; b'", "a; b\r\n"),
            ("1 + 1", "2\r\n"),
            ("Write-Output one 'two three'", "one\r\ntwo three\r\n"),
            ("echo hi | Out-Null", ""),
            ("Write-Host one \"two\"", "one two\r\n"),
            ("hostname", "sim01\r\n"),
            ("& { whoami }", "contoso\\alice\r\n"),
            ("cmd /c echo hi", "hi\r\n"),
            ("$env:COMPUTERNAME", "SIM01\r\n"),
            ("$PSVersionTable.PSVersion.ToString()", "5.1.20348.1\r\n"),
            ("$ProgressPreference = 'SilentlyContinue'; whoami\nexit $LASTEXITCODE", "contoso\\alice\r\n"),
            ("if (Test-Path x) { Exit 1 }", ""),
            ("# nothing\n[System.GC]::Collect()", ""),
        ] {
            assert_eq!(run(script), Output::said(stdout.to_owned()), "{script}");
        }
    }

    #[test]
    fn errors_exit_codes_and_pauses() {
        let output = run("Get-Frobnication -All\n'after'\nexit $LASTEXITCODE");
        assert!(
            output.stderr.starts_with("Get-Frobnication : The term 'Get-Frobnication' is not"),
            "{output:?}"
        );
        assert_eq!((&*output.stdout, output.exit_code), ("after\r\n", 1));
        assert_eq!(run("'a'; exit 3; 'b'"), Output { exit_code: 3, ..Output::said("a\r\n".to_owned()) });
        assert_eq!(run("throw 'boom'; 'b'"), Output::failed("boom\r\n".to_owned()));
        assert_eq!(run("Start-Sleep -Milliseconds 250; sleep 2").delay, Duration::from_millis(2_250));
    }
}
