//! A pin belongs to the host it was written for: on the command line, in a group, for remembered sessions and for objects.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use pssession::simulator::{Account, SimulatedShell, Simulator, World};
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::{ALICE, BUILD_7};
use crate::support::command::Pssession;
use crate::support::tls::{BOTH, Leaf, TlsHost, self_signed};

const USER: &str = r"LAB\ann";
const PASSWORD: &str = "ann's secret";

/// Two hosts with certificates that nobody signed, one shell each, and one account.
struct Pair {
    hosts: [TlsHost; 2],
    leaves: [Leaf; 2],
    folder: TempDir,
}

impl Pair {
    async fn new() -> Self {
        let leaves = [self_signed(&["a.lab"]), self_signed(&["b.lab"])];
        let hosts = [host(&leaves[0], BUILD_7).await, host(&leaves[1], ALICE).await];
        Self { hosts, leaves, folder: tempfile::tempdir().unwrap() }
    }

    /// Each host as it is named: by its address, and by a name.
    fn named(&self) -> [String; 2] {
        [0, 1].map(|one| format!("{}:{}", ["127.0.0.1", "localhost"][one], self.hosts[one].address.port()))
    }

    fn pins(&self) -> [String; 2] {
        [0, 1].map(|one| self.leaves[one].pin())
    }

    fn command(&self, words: &[&str]) -> Pssession {
        let store = self.folder.path().join("sessions.db");
        let config = self.folder.path().join("config.toml");
        let command = Pssession::new(words).env("PSSESSION_USER", USER).env("PSSESSION_PASSWORD", PASSWORD);
        let command = command.env("PSSESSION_STORE", store.to_str().unwrap());
        if config.exists() { command.env("PSSESSION_CONFIG", config.to_str().unwrap()) } else { command }
    }

    /// Lists both with this value of the option.
    fn get(&self, pins: &str) -> Pssession {
        let on = self.named().join(",");
        self.command(&["get", "--on", &on, "--tls", "--certificate-pin", pins])
    }

    fn write_config(&self, text: &str) {
        let path = self.folder.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
    }

    fn handshakes(&self) -> [u64; 2] {
        [0, 1].map(|one| self.hosts[one].simulator.handshakes())
    }
}

async fn host(leaf: &Leaf, shell: &str) -> TlsHost {
    let mut world = World::new("web01");
    world.add(SimulatedShell::powershell(shell, "build", USER, "Microsoft.PowerShell"));
    let builder = Simulator::builder().world(world);
    let builder = builder.account(Account::administrator(USER), SecretString::from(PASSWORD));
    let simulator = builder.start().await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    TlsHost::around(simulator, leaf, leaf.acceptor(BOTH), listener)
}

#[tokio::test]
async fn each_host_is_trusted_by_its_own_pin_however_that_is_written() {
    let pair = Pair::new().await;
    let ([a, b], [pin_a, pin_b]) = (pair.named(), pair.pins());
    pair.write_config(&format!("[group]\nfirst = ['{a}']\nboth = ['127.0.0.1', 'https://{b}/wsman']\n"));
    for pins in [
        format!("{a}={pin_a},{b}={pin_b}"),
        format!("127.0.0.1={pin_a},LOCALHOST={}", pin_b.replace("sha256", "SHA256")),
        format!("{b}={pin_a},{a}={pin_b},{b}={pin_b},{a}={pin_a}"),
        format!("*={pin_a},*={pin_b}"),
        format!("@first={pin_a},*={pin_b}"),
        format!("@both={pin_a},@both={pin_b}"),
    ] {
        assert_eq!(pair.get(&pins).run().await.expect(0).records().len(), 2, "{pins}");
    }
}

#[tokio::test]
async fn a_pin_of_one_host_is_not_accepted_for_another() {
    let pair = Pair::new().await;
    let ([a, b], [pin_a, pin_b]) = (pair.named(), pair.pins());
    let run = pair.get(&format!("{a}={pin_b},{b}={pin_a}")).run().await.expect(1);
    assert!(
        run.stdout.is_empty() && run.stderr.matches("does not match the pins given").count() == 2,
        "{}",
        run.stderr
    );
    // The host without a pin is checked as ever, and the advice says for which host its pin is.
    let run = pair.get(&format!("{a}={pin_a},{a}={pin_b}")).run().await.expect(4);
    assert!(run.stderr.contains("not trusted: it is self-signed"), "{}", run.stderr);
    assert!(run.stderr.contains(&format!("--certificate-pin {b}={pin_b}")), "{}", run.stderr);
    assert_eq!(run.records().len(), 1);
    assert_eq!(pair.handshakes(), [1, 0]);
}

#[tokio::test]
async fn a_pin_without_a_host_is_refused_where_several_are_asked_and_nothing_is_sent() {
    let pair = Pair::new().await;
    let ([a, b], [pin_a, pin_b]) = (pair.named(), pair.pins());
    for pins in [pin_a.clone(), format!("{b}={pin_b},{pin_a}"), format!("*={pin_b},{pin_a}")] {
        let run = pair.get(&pins).run().await.expect(2);
        let reported = format!("--certificate-pin: the pin {pin_a} names no host");
        let hint = format!("--certificate-pin {a}={pin_a}, or @GROUP= ");
        assert!(run.stderr.contains(&reported) && run.stderr.contains(&hint), "{}", run.stderr);
        assert!(run.stderr.contains("nothing was sent"), "{}", run.stderr);
    }
    assert_eq!(pair.handshakes(), [0, 0]);
}

#[tokio::test]
async fn remembered_sessions_and_objects_have_hosts_as_well() {
    let pair = Pair::new().await;
    let ([a, b], [pin_a, pin_b]) = (pair.named(), pair.pins());
    let pins = format!("{a}={pin_a},{b}={pin_b}");
    let objects = pair.get(&pins).run().await.expect(0).stdout;
    let first = objects.lines().find(|line| line.contains(BUILD_7)).unwrap();
    let before = pair.handshakes();
    let chosen: [(&[&str], &str); 2] =
        [(&["--cached", "--name", "build"], ""), (&["--session", "-"], &objects)];
    for (which, stdin) in chosen {
        let words = [&["remove", "--yes", "--certificate-pin", &pin_a], which].concat();
        let run = pair.command(&words).stdin(stdin).run().await.expect(2);
        assert!(run.stderr.contains("names no host"), "{}", run.stderr);
        assert_eq!(pair.handshakes(), before);
        let swapped = format!("{a}={pin_b},{b}={pin_a}");
        let words = [&["remove", "--yes", "--certificate-pin", &swapped], which].concat();
        let run = pair.command(&words).stdin(stdin).run().await;
        assert!(
            run.code != 0 && run.stderr.matches("does not match the pins given").count() == 2,
            "{}",
            run.stderr
        );
        assert_eq!(pair.handshakes(), before);
    }
    // Where they are all on one host, it need not be named.
    let words = ["remove", "--yes", "--session", "-", "--certificate-pin", &pin_a];
    let run = pair.command(&words).stdin(first).run().await.expect(0);
    assert_eq!(run.records()[0]["Outcome"], "Closed");
    let words = ["remove", "--yes", "--cached", "--name", "build", "--certificate-pin", &pins];
    assert_eq!(pair.command(&words).run().await.expect(0).records()[0]["Outcome"], "Closed");
}

#[tokio::test]
async fn the_configs_pins_stay_those_of_their_hosts_unless_the_command_line_has_some_for_them() {
    let pair = Pair::new().await;
    let ([a, b], [pin_a, pin_b]) = (pair.named(), pair.pins());
    let config = format!(
        "[[host]]\nname = '127.0.0.1'\ncertificate-pin = '{pin_a}'\n\
         [[host]]\nname = 'localhost'\ncertificate-pin = '{pin_b}'\n"
    );
    pair.write_config(&config);
    let on = [a.as_str(), &b].join(",");
    assert_eq!(pair.command(&["get", "--on", &on, "--tls"]).run().await.expect(0).records().len(), 2);
    assert_eq!(pair.get(&format!("{a}={pin_a}")).run().await.expect(0).records().len(), 2);
    let run = pair.get(&format!("{a}={pin_b}")).run().await.expect(4);
    assert!(
        run.records().len() == 1 && run.stderr.contains("does not match the pins given"),
        "{}",
        run.stderr
    );
}

#[tokio::test]
async fn what_is_no_host_before_a_pin_is_refused_with_how_to_write_it() {
    let pin = self_signed(&["web01"]).pin();
    for (value, reason) in [
        (format!("={pin}"), "it is empty"),
        (format!("web01:x={pin}"), "is not a port"),
        (format!("@web={pin}"), "unknown group \"@web\""),
        ("web01=sha1/AAAA".to_owned(), "only sha256 is supported"),
        ("sha1/AAAA=".to_owned(), "only sha256 is supported"),
        ("SHA256/AAAA=".to_owned(), "sha256/BASE64"),
    ] {
        let words = ["get", "--on", "web01,web02", "--tls", "--certificate-pin", &value];
        let run = Pssession::new(words).env("PSSESSION_USER", "ann").run().await.expect(2);
        assert!(run.stderr.contains(reason), "{value}: {}", run.stderr);
        assert!(run.stderr.contains("nothing was sent"), "{value}: {}", run.stderr);
    }
}

#[tokio::test]
async fn identify_takes_a_pin_with_and_without_its_host_and_shows_the_whole_of_what_to_write() {
    let pair = Pair::new().await;
    let ([a, _], [pin_a, pin_b]) = (pair.named(), pair.pins());
    let identify = |pin: &str| Pssession::new(["identify", &a, "--tls", "--certificate-pin", pin]);
    for pin in [pin_a.clone(), format!("{a}={pin_a}"), format!("*={pin_a}")] {
        let run = identify(&pin).run().await.expect(0);
        assert!(run.stdout.contains("it matches --certificate-pin"), "{}", run.stdout);
    }
    identify(&format!("{a}={pin_b}")).run().await.expect(1);
    let run = identify(&format!("web09={pin_a}")).run().await.expect(1);
    assert!(run.stderr.contains(&format!("--certificate-pin {a}={pin_a}")), "{}", run.stderr);
}
