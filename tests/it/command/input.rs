//! What cannot be meant ends with exit code 2 and a hint, before anything is sent.

use super::{host, leaked, on};
use crate::support::command::{Pssession, printing};

/// How to get a build that has Kerberos.
#[cfg(not(feature = "kerberos"))]
const KERBEROS: &str = if cfg!(windows) { "--features sspi" } else { "--features kerberos" };

#[tokio::test]
async fn what_cannot_be_meant_is_refused_before_anything_is_sent() {
    let simulator = host(leaked()).await;
    let rows: &[(&[&str], &str)] = &[
        (&["--instance-id", "not-a-guid"], "\"not-a-guid\" is not a GUID"),
        (&["--name", "build-[7"], "\"build-[7\""),
        (&["--name", "build-[z-a]"], "\"build-[z-a]\""),
        (&["--idle", "two hours", "--all"], "\"two hours\""),
        (&["--idle", "2", "--all"], "\"2\""),
        (&["--client-ip", "10.0.0.0/33", "--all"], "\"10.0.0.0/33\""),
        (&["--state", "sleeping", "--all"], "\"sleeping\""),
        (&["--type", "bash", "--all"], "\"bash\""),
        (&["--all", "--auth", "digest"], "digest"),
        (&["--all", "--operation-timeout", "0s"], "--operation-timeout"),
        (&["--all", "--ca-file", "/nowhere/ca.pem"], "/nowhere/ca.pem"),
        (&["--all", "--auth", "basic"], "--dangerous-basic-over-http"),
        (&["--all", "--auth", "NTLM", "--no-ntlm"], "NTLM is disabled"),
        #[cfg(not(feature = "kerberos"))]
        (&["--all", "--auth", "kerberos"], KERBEROS),
        #[cfg(not(feature = "kerberos"))]
        (&["--all", "--auth", "negotiate", "--no-ntlm"], "NTLM is disabled"),
    ];
    for (args, quoted) in rows {
        let run = on(&simulator, "remove", &[args, &["--yes"][..]].concat()).run().await;
        assert_eq!(run.code, 2, "{args:?}: {}", run.stderr);
        assert!(run.stderr.contains(quoted), "{args:?}: {}", run.stderr);
        assert!(run.stdout.is_empty(), "{args:?}: {}", run.stdout);
    }
    assert_eq!(simulator.connections(), 0);
}

/// No user and no password is asked for, either.
#[cfg(not(feature = "kerberos"))]
#[test]
fn a_build_without_kerberos_says_how_to_get_one_that_has_it() {
    let run = Pssession::new(["get", "--on", "web01", "--auth", "kerberos"]).run_blocking().expect(2);
    assert!(run.stderr.contains(&format!("cargo install pssession {KERBEROS}")), "{}", run.stderr);
    assert!(run.stderr.contains("nothing was sent"), "{}", run.stderr);
}

#[test]
fn a_host_that_is_none_is_quoted() {
    for host in ["http://", "web 01", "ftp://web01", "web01:99999", "https://alice:secret@web01/"] {
        let run = Pssession::new(["get", "--on", host, "--user", "alice"]).env("PSSESSION_PASSWORD", "x");
        let run = run.run_blocking().expect(2);
        assert!(run.stderr.contains("is not a host"), "{host}: {}", run.stderr);
        assert!(!run.stderr.contains("secret"), "{}", run.stderr);
    }
}

#[test]
fn a_login_that_cannot_be_had_says_where_it_may_come_from() {
    let run = Pssession::new(["get", "--on", "web01"]).run_blocking().expect(2);
    assert!(run.stderr.contains("--user"), "{}", run.stderr);
    let run = Pssession::new(["get", "--on", "web01", "--user", "alice"]).run_blocking().expect(2);
    assert!(run.stderr.contains("--password-file"), "{}", run.stderr);
    let failing = ["get", "--on", "web01", "--user", "alice", "--password-command", "exit 3"];
    let run = Pssession::new(failing).run_blocking().expect(2);
    assert!(run.stderr.contains("the password command failed"), "{}", run.stderr);
}

#[tokio::test]
async fn the_password_may_come_from_a_file_or_a_command_and_hosts_from_an_inventory() {
    let simulator = host(leaked()).await;
    let folder = tempfile::tempdir().unwrap();
    let (password, hosts) = (folder.path().join("password"), folder.path().join("hosts"));
    use secrecy::ExposeSecret as _;
    std::fs::write(&password, format!("{}\nnot this\n", simulator.password().expose_secret())).unwrap();
    std::fs::write(&hosts, format!("# lab\n\n{} # web01\n", simulator.address())).unwrap();
    let (password, hosts) = (password.to_str().unwrap(), hosts.to_str().unwrap());
    let user = simulator.user();
    let command = printing(password);
    for source in [["--password-file", password], ["--password-command", &command]] {
        let args = [&["get", "--inventory", hosts, "--user", &user][..], &source].concat();
        let run = Pssession::new(args).run().await.expect(0);
        assert_eq!(run.records().len(), 3);
    }
}
