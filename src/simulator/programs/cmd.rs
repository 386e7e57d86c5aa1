//! The few commands that a simulated cmd.exe knows.

use std::time::Duration;

use super::command_line::{base_name, first_word};
use super::{Output, Program, ProgramContext, Reads};

/// What PowerShell exits with when its arguments are no good.
const BAD_ARGUMENTS: i64 = -196_608;

/// Begins a command line, without `cmd /c` before it.
pub(super) fn begin(line: &str, world: ProgramContext<'_>) -> Program {
    let (program, arguments) = first_word(line);
    let name = base_name(program);
    let output = match name.to_ascii_lowercase().as_str() {
        // What goes to a file is not seen: the simulator has no files.
        "echo" if is_redirected(arguments) => Output::default(),
        "echo" => Output::said(format!("{arguments}\r\n")),
        "hostname" => Output::said(format!("{}\r\n", world.machine)),
        "whoami" => Output::said(format!("{}\r\n", world.user.to_lowercase())),
        "ver" => Output::said(format!("\r\nMicrosoft Windows [Version {}]\r\n", world.version)),
        "exit" => Output { exit_code: number(arguments).unwrap_or(0), ..Output::default() },
        "sleep" | "timeout" => match number(arguments).and_then(|seconds| u64::try_from(seconds).ok()) {
            Some(seconds) => Output { delay: Duration::from_secs(seconds), ..Output::default() },
            None => Output::failed("ERROR: a number of seconds is needed\r\n".to_owned()),
        },
        "pause" => {
            let output = Output::said("Press any key to continue . . . ".to_owned());
            return Program { output, reads: Reads::AnyKey };
        }
        "more" => return Program { output: Output::default(), reads: Reads::Copies },
        _ => Output::failed(format!(
            "'{name}' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n"
        )),
    };
    output.into()
}

/// What PowerShell says about an encoded command that it cannot read.
pub(super) fn not_encoded() -> Output {
    let text = "Cannot process the command because the value specified with -EncodedCommand is not properly encoded. \
        The value must be Base64 encoded.\r\n";
    Output { stderr: text.to_owned(), exit_code: BAD_ARGUMENTS, ..Output::default() }
}

/// Whether there is a `>` outside quotes.
fn is_redirected(arguments: &str) -> bool {
    arguments.split('"').step_by(2).any(|plain| plain.contains('>'))
}

/// The first word that is a number, switches skipped.
fn number(arguments: &str) -> Option<i64> {
    arguments.split_whitespace().find(|word| !word.starts_with('/')).and_then(|word| word.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &str) -> (String, i64, u64, Reads) {
        let world = ProgramContext {
            machine: "sim01",
            user: "CONTOSO\\Alice",
            version: "10.0.20348",
            powershell: "5.1.20348.1",
        };
        let Program { output, reads } = begin(line, world);
        let streams = [("stdout", output.stdout), ("stderr", output.stderr)];
        let said = streams.iter().filter(|(_, text)| !text.is_empty());
        let text = said.map(|(name, text)| format!("{name}: {text}")).collect();
        (text, output.exit_code, output.delay.as_secs(), reads)
    }

    #[test]
    fn every_command_of_the_table() {
        use Reads::{AnyKey, Copies, Nothing};
        for (line, said, exit_code, delay, reads) in [
            ("echo hi there", "stdout: hi there\r\n", 0, 0, Nothing),
            ("echo a \"b > c\"", "stdout: a \"b > c\"\r\n", 0, 0, Nothing),
            ("echo YWJj >> \"%TEMP%\\x.tmp\"", "", 0, 0, Nothing),
            ("\"hostname.EXE\"", "stdout: sim01\r\n", 0, 0, Nothing),
            ("whoami", "stdout: contoso\\alice\r\n", 0, 0, Nothing),
            ("ver", "stdout: \r\nMicrosoft Windows [Version 10.0.20348]\r\n", 0, 0, Nothing),
            ("exit /b 3010", "", 3010, 0, Nothing),
            ("exit -1", "", -1, 0, Nothing),
            ("sleep 60", "", 0, 60, Nothing),
            ("timeout /t 60 /nobreak", "", 0, 60, Nothing),
            ("timeout soon", "stderr: ERROR: a number of seconds is needed\r\n", 1, 0, Nothing),
            ("pause", "stdout: Press any key to continue . . . ", 0, 0, AnyKey),
            ("more", "", 0, 0, Copies),
        ] {
            assert_eq!(run(line), (said.to_owned(), exit_code, delay, reads), "{line}");
        }
    }

    #[test]
    fn an_unknown_command_says_so_on_stderr_and_exits_with_1() {
        let (said, exit_code, ..) = run("frobnicate --now");
        assert!(said.starts_with("stderr: 'frobnicate' is not recognized"), "{said}");
        assert_eq!(exit_code, 1);
        assert!(run("").0.starts_with("stderr: ''"));
    }
}
