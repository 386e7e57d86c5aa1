//! What somebody tries in the first ten minutes, four times in a way that cannot work, and some slips of the pen more. The
//! accepted runs stand in `fixtures/ten-tasks.txt`; each that fails must say what to do.

use crate::support::fixtures::{assert_snapshot, read};
use crate::support::page_fixture::{PageFixture, Reader};
use crate::support::pty;
use crate::support::screen::is_as_shown;
use crate::support::tools;

/// What somebody wants, types, and answers if asked.
pub(crate) struct Task {
    wish: &'static str,
    pub(crate) line: &'static str,
    pub(crate) answer: Option<&'static str>,
    pub(crate) code: i32,
}

const fn task(wish: &'static str, line: &'static str, code: i32) -> Task {
    Task { wish, line, answer: None, code }
}

pub(crate) const TASKS: [Task; 10] = [
    task("who has shells on a host", "pssession get --on web01", 0),
    task(
        "what would be closed",
        "pssession remove --on web01 --owner '*ci-runner' --idle 2h --skip-running --what-if",
        0,
    ),
    Task {
        answer: Some("y\r"),
        ..task("close one by its name", "pssession remove --on web01 --name build-7", 0)
    },
    task("close one later by its number", "pssession remove --id 2 --yes", 0),
    task(
        "choose with another program",
        "pssession get --on web02 | jq -c 'select(.Name == \"build-3\")' | pssession remove --session - --yes",
        0,
    ),
    task("close something", "pssession remove", 2),
    task("list a host", "pssession get web01", 0),
    task("as in PowerShell", "pssession get -ComputerName web01", 2),
    task("by name, in a hurry", "pssession remove --on web01 --nmae build-8", 2),
    task("with the password at hand", "pssession get --on web01 --password Sommer2024", 2),
];

pub(crate) const SLIPS: [Task; 10] = [
    task("a host in place of a session", "pssession rm web01", 2),
    task("a host that is not WinRM", "pssession get --on web03", 1),
    task("another password", "PSSESSION_PASSWORD=Sommer2024 pssession get --on web01", 5),
    task("a number that nothing has", "pssession remove --id 77 --yes", 3),
    task("half a line", "printf '{\"Id\":7,\"ShellId\":\"B6631D' | pssession import -", 2),
    task("two ways of PowerShell at once", "pssession Remove-PSSession -Id 3 -Name build-9", 2),
    task("a name, and no host", "pssession remove --name build-9", 3),
    task("a name that nothing has", "pssession remove --on web01 --name build-1", 3),
    task("a port on which nobody listens", "pssession get --on web02:1", 1),
    task("a wildcard that the shell or a slip has broken", "pssession get --on web01 --name 'build-[7'", 2),
];

/// The command line, stdout, stderr and exit code of one task.
async fn tell(stage: &PageFixture, Task { wish, line, answer, code }: &Task) -> String {
    let reader = answer.map_or(Reader::Silent, Reader::Answers);
    let ran = stage.run(&format!("{{ {line}; }} 2> stderr.txt"), &reader).await;
    let stderr = stage.run("cat stderr.txt", &Reader::Silent).await.screen;
    assert_eq!(ran.code, *code, "{line}\n{}{stderr}", ran.screen);
    let advises = stderr.contains("hint: ") || stderr.contains("tip: ");
    assert!(*code == 0 || advises, "nothing to do after {line}\n{stderr}");
    assert!(!stderr.contains("Sommer2024"), "a password is shown after {line}");
    let mut reported = format!("# {wish}\n$ {line}\n");
    for (stream, text) in [("stdout", ran.screen), ("stderr", stderr)] {
        if !text.is_empty() {
            reported.push_str(&format!("{stream}:\n{text}"));
        }
    }
    reported + &format!("exit code {code}\n\n")
}

#[tokio::test]
async fn ten_tasks_of_a_new_user_all_end_in_something_helpful() {
    if !pty::available() || !tools::has("jq") {
        return;
    }
    let stage = PageFixture::set().await;
    let mut reported = String::new();
    for task in TASKS.iter().chain(&SLIPS) {
        reported.push_str(&tell(&stage, task).await);
    }
    let reported = reported.trim_end();
    let accepted = read("ten-tasks.txt");
    if !is_as_shown(&String::from_utf8(accepted).unwrap(), reported) {
        assert_snapshot("ten-tasks.txt", reported);
    }
}
