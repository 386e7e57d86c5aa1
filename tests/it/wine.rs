//! `pssession.exe` under Wine against simulated hosts that are no Windows programs, so that the two sides of the protocol
//! run on systems of their own, and on a console, which Wine draws onto a pseudo-terminal. `.ci/long windows` builds it.

use pssession::simulator::{ChannelBinding, OperationKind, Simulator};

use crate::command::ten_tasks::{SLIPS, TASKS};
use crate::command::{ALICE, host, leaked, left};
use crate::support::command::Pssession;
use crate::support::page_fixture::{PageFixture, Reader};
use crate::support::pty::{self, Pty};
use crate::support::tools;
use secrecy::ExposeSecret as _;

/// What Wine is started with, beside the program.
const WINE: [&str; 3] = ["WINEPREFIX", "WINEARCH", "WINEDEBUG"];

fn exe() -> String {
    std::env::var("PSSESSION_EXE").expect("PSSESSION_EXE names no pssession.exe: run `.ci/long windows`")
}

fn wine() -> impl Iterator<Item = (&'static str, String)> {
    WINE.into_iter().filter_map(|name| Some((name, std::env::var(name).ok()?)))
}

/// `pssession.exe VERB --on HOST ...`, logged in.
fn on(simulator: &Simulator, verb: &str, args: &[&str]) -> Pssession {
    let address = simulator.address().to_string();
    let run = Pssession::under_wine(&exe(), [&[verb, "--on", &address], args].concat()).login(simulator);
    wine().fold(run, |run, (name, value)| run.env(name, &value))
}

#[tokio::test]
#[ignore = "needs pssession.exe and Wine: .ci/long windows"]
async fn sessions_on_a_host_of_another_system_are_listed_and_closed() {
    let simulator = host(leaked()).await;
    let listed = on(&simulator, "get", &[]).run().await.expect(0).records();
    assert_eq!(listed.len(), 3);
    let closed = on(&simulator, "remove", &["--owner", r"CONTOSO\ci-runner", "--yes"]).run().await.expect(0);
    let outcomes: Vec<_> = closed.records().iter().map(|closed| closed["Outcome"].clone()).collect();
    assert_eq!(outcomes, ["Closed", "Closed"]);
    assert_eq!(left(&simulator), [ALICE]);
}

#[tokio::test]
#[ignore = "needs pssession.exe and Wine: .ci/long windows"]
async fn tls_goes_with_a_pin_and_binds_the_login_to_the_certificate() {
    let builder = Simulator::builder().world(leaked()).tls(true).channel_binding(ChannelBinding::Strict);
    let simulator = builder.start().await.unwrap();
    let pin = pssession::transport::CertificatePin::of(simulator.certificate().unwrap().der());
    let pin = format!("{}={pin}", simulator.address().ip());
    let run = on(&simulator, "get", &["--tls"]).run().await;
    assert_ne!(run.code, 0, "a certificate that nobody trusts: {}", run.stderr);
    assert_eq!(simulator.world().lock().unwrap().count(OperationKind::Enumerate), 0);
    let pinned = on(&simulator, "get", &["--tls", "--certificate-pin", &pin]).run().await.expect(0);
    assert_eq!(pinned.records().len(), 3);
}

#[tokio::test]
#[ignore = "needs pssession.exe and Wine: .ci/long windows"]
async fn the_ten_tasks_of_a_new_user_end_as_on_linux() {
    if !pty::available() || !tools::has("jq") {
        return;
    }
    let stage = PageFixture::set().await;
    let wine: String = wine().map(|(name, value)| format!("export {name}='{value}'\n")).collect();
    let command = format!("{wine}pssession() {{ wine '{}' \"$@\"; }}\n", exe());
    for task in TASKS.iter().chain(&SLIPS) {
        // Nobody sits at a console here.
        let line = format!("{}{}", task.line, if task.answer.is_some() { " --yes" } else { "" });
        let ran = stage.run(&format!("{command}{{ {line}; }} > out.txt 2> err.txt"), &Reader::Nobody).await;
        let (stdout, stderr) = (stage.read("out.txt"), stage.read("err.txt"));
        assert_eq!(ran.code, task.code, "{line}\n{stdout}{stderr}");
        assert!(task.code == 0 || ["hint: ", "tip: "].iter().any(|word| stderr.contains(word)), "{stderr}");
        assert!(!stderr.contains("Sommer2024"), "a password is shown after {line}");
    }
}

/// The end of a line, as a console is given it.
const ENTER: &str = "\r";

/// `pssession.exe VERB --on HOST ...` on a console. It knows the user, and no password.
fn on_console(simulator: &Simulator, verb: &str, args: &[&str]) -> Pty {
    let (exe, address) = (exe(), simulator.address().to_string());
    // What is shown is what the console shows: the pseudo-terminal below it shows nothing of its own.
    let below = ["sh", "-c", "stty -echo; exec \"$@\"", "sh"];
    let run = Pty::running([&below, &["wine", &exe, verb, "--on", &address][..], args].concat()).columns(100);
    let run = run.env("PSSESSION_USER", &simulator.user()).env("NO_COLOR", "");
    wine().fold(run, |run, (name, value)| run.env(name, &value))
}

#[tokio::test]
#[ignore = "needs pssession.exe and Wine: .ci/long windows"]
async fn a_console_is_asked_for_the_password_and_does_not_show_it() {
    let simulator = host(leaked()).await;
    let password = simulator.password().expose_secret().to_owned();
    let typed = format!("{password}{ENTER}");
    let shown = on_console(&simulator, "get", &[]).answer(&[("Password for", &typed)]).await.expect(0);
    assert!(!shown.screen.contains(&password), "{}", shown.screen);
    shown.shows("3 sessions on 1 host");
    assert!(shown.screen.contains("\u{1b}[?25lId  Host"), "the table begins its own line: {}", shown.screen);
}

#[tokio::test]
#[ignore = "needs pssession.exe and Wine: .ci/long windows"]
async fn a_console_is_asked_before_sessions_of_others_are_closed_and_shows_colours() {
    let simulator = host(leaked()).await;
    let password = format!("{}{ENTER}", simulator.password().expose_secret());
    let remove = |answer: &str| {
        let answers = [("Password for", password.as_str()), ("[y/N]", answer)]
            .map(|(asked, typed)| (asked, typed.to_owned()));
        let run = on_console(&simulator, "remove", &["--owner", "*ci-runner"]);
        async move { run.answer(&answers.each_ref().map(|(asked, typed)| (*asked, typed.as_str()))).await }
    };
    let interrupted = remove("\u{3}").await.expect(130);
    assert!(!interrupted.screen.contains("closed"), "{}", interrupted.screen);
    remove("n\r").await.shows("2 declined");
    assert_eq!(left(&simulator).len(), 3, "nothing is closed without a yes");
    let closed = remove("y\r").await.expect(0);
    closed.shows("\u{1b}[32mClosed\u{1b}[0m");
    closed.shows("2 sessions on 1 host: 2 closed");
    assert_eq!(left(&simulator), [ALICE]);
}
