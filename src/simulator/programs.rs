//! The few commands that a simulated cmd shell knows.

use std::time::Duration;

use super::command_io::{CommandIo, Input};

/// What a command may know of the world around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProgramContext<'w> {
    pub(super) machine: &'w str,
    /// The caller, as `DOMAIN\name`.
    pub(super) user: &'w str,
    /// What `ver` says, such as `10.0.20348`.
    pub(super) version: &'w str,
    pub(super) now: Duration,
}

/// Begins a command line, as `cmd.exe` would.
pub(super) fn begin(line: &str, world: ProgramContext<'_>) -> CommandIo {
    let (name, arguments) = split(line);
    let mut console = CommandIo::ending(world.now);
    match name.to_ascii_lowercase().as_str() {
        "echo" => console.say("stdout", format!("{arguments}\r\n").as_bytes()),
        "hostname" => console.say("stdout", format!("{}\r\n", world.machine).as_bytes()),
        "whoami" => console.say("stdout", format!("{}\r\n", world.user.to_lowercase()).as_bytes()),
        "ver" => {
            let text = format!("\r\nMicrosoft Windows [Version {}]\r\n", world.version);
            console.say("stdout", text.as_bytes());
        }
        "exit" => console.exit_code = number(arguments).unwrap_or(0),
        "sleep" | "timeout" => match number(arguments).and_then(|seconds| u64::try_from(seconds).ok()) {
            Some(seconds) => console.ends = Some(world.now.saturating_add(Duration::from_secs(seconds))),
            None => fail(&mut console, "ERROR: a number of seconds is needed\r\n"),
        },
        "pause" => {
            console.say("stdout", b"Press any key to continue . . . ");
            (console.ends, console.input) = (None, Input::AnyKey);
        }
        "more" => (console.ends, console.input) = (None, Input::Copied),
        _ => fail(
            &mut console,
            &format!(
                "'{name}' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n"
            ),
        ),
    }
    console
}

fn fail(console: &mut CommandIo, text: &str) {
    console.say("stderr", text.as_bytes());
    console.exit_code = 1;
}

/// The command's own name, without `cmd /c` before it and `.exe` behind it, and the rest of the line.
fn split(line: &str) -> (&str, &str) {
    let mut line = line.trim().trim_matches('"').trim_start();
    loop {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let (name, rest) = (without_extension(word.trim_matches('"')), rest.trim());
        let (flag, inner) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        if !(name.eq_ignore_ascii_case("cmd") && flag.eq_ignore_ascii_case("/c")) {
            return (name, rest);
        }
        line = inner.trim_start();
    }
}

fn without_extension(name: &str) -> &str {
    match name.len().checked_sub(4).and_then(|at| name.split_at_checked(at)) {
        Some((stem, end)) if end.eq_ignore_ascii_case(".exe") => stem,
        _ => name,
    }
}

/// The first word that is a number, switches skipped.
fn number(arguments: &str) -> Option<i64> {
    arguments.split_whitespace().find(|word| !word.starts_with('/')).and_then(|word| word.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &str) -> (String, i64, Option<u64>) {
        let world = ProgramContext {
            machine: "sim01",
            user: "CONTOSO\\Alice",
            version: "10.0.20348",
            now: Duration::from_secs(5),
        };
        let mut console = begin(line, world);
        let said = console.take(usize::MAX);
        let text = said.iter().map(|(stream, bytes)| format!("{stream}: {}", String::from_utf8_lossy(bytes)));
        (text.collect(), console.exit_code, console.ends.map(|ends| ends.as_secs()))
    }

    #[test]
    fn every_command_of_the_table() {
        for (line, said, exit_code, ends) in [
            ("echo hi there", "stdout: hi there\r\n", 0, Some(5)),
            ("cmd.exe /c echo hi", "stdout: hi\r\n", 0, Some(5)),
            ("\"hostname.EXE\"", "stdout: sim01\r\n", 0, Some(5)),
            ("whoami", "stdout: contoso\\alice\r\n", 0, Some(5)),
            ("ver", "stdout: \r\nMicrosoft Windows [Version 10.0.20348]\r\n", 0, Some(5)),
            ("exit /b 3010", "", 3010, Some(5)),
            ("exit -1", "", -1, Some(5)),
            ("sleep 60", "", 0, Some(65)),
            ("timeout /t 60 /nobreak", "", 0, Some(65)),
            ("timeout soon", "stderr: ERROR: a number of seconds is needed\r\n", 1, Some(5)),
            ("pause", "stdout: Press any key to continue . . . ", 0, None),
            ("more", "", 0, None),
        ] {
            assert_eq!(run(line), (said.to_owned(), exit_code, ends), "{line}");
        }
    }

    #[test]
    fn an_unknown_command_says_so_on_stderr_and_exits_with_1() {
        let (said, exit_code, ends) = run("frobnicate --now");
        assert!(said.starts_with("stderr: 'frobnicate' is not recognized"), "{said}");
        assert_eq!((exit_code, ends), (1, Some(5)));
        assert!(run("").0.starts_with("stderr: ''"));
    }

    #[test]
    fn cmd_in_cmd_in_cmd_ends() {
        let line = format!("{}echo deep", "cmd /c ".repeat(100_000));
        assert_eq!(run(&line).0, "stdout: deep\r\n");
    }
}
