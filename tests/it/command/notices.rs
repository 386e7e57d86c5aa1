//! An account that was shown no sessions of others is told that such may exist.

use pssession::simulator::{Account, SimulatedShell, Simulator, World};
use secrecy::SecretString;

use crate::support::command::{Pssession, Run};

const ADA: &str = "11111111-65A0-49F2-9053-A1B156C95777";
const BOB: &str = "22222222-65A0-49F2-9053-A1B156C95777";
const PASSWORD: &str = "geheim";

/// A host with these shells, on which `CORP\ops` is an administrator and `CORP\ada` is not.
async fn host(shells: &[(&str, &str)]) -> Simulator {
    let mut world = World::new("web01");
    for (id, owner) in shells {
        world.add(SimulatedShell::powershell(id, "Runspace1", owner, "Microsoft.PowerShell"));
    }
    let builder = Simulator::builder().world(world);
    let builder = builder.account(Account::administrator(r"CORP\ops"), SecretString::from(PASSWORD));
    let ada = Account::user(r"CORP\ada").with_upn("ada@corp.example");
    builder.account(ada, SecretString::from(PASSWORD)).start().await.unwrap()
}

async fn run(user: &str, hosts: &[&Simulator], words: &[&str]) -> Run {
    let on = hosts.iter().map(|host| host.address().to_string()).collect::<Vec<_>>().join(",");
    let (verb, rest) = words.split_first().unwrap();
    let run = Pssession::new([&[*verb, "--on", &on], rest].concat());
    run.env("PSSESSION_USER", user).env("PSSESSION_PASSWORD", PASSWORD).run().await
}

fn notices(run: &Run) -> Vec<String> {
    let mut lines = run.stderr.lines().filter(|line| line.contains("other people's may exist"));
    lines.by_ref().map(|line| line.trim_start_matches("note: ").to_owned()).collect()
}

#[tokio::test]
async fn get_and_remove_say_that_only_own_sessions_are_shown() {
    let simulator = host(&[(ADA, r"CORP\ada"), (BOB, r"CORP\bob")]).await;
    let place = simulator.address();
    let own = format!("{place} shows only your own sessions; other people's may exist");
    let unclear =
        format!("{place} does not show whether you see sessions of others; other people's may exist");
    for words in [&["get"][..], &["remove", "--all", "--what-if"], &["remove", "--name", "x*", "--yes"]] {
        let code = if words.contains(&"x*") { 3 } else { 0 };
        assert_eq!(notices(&run(r"CORP\ada", &[&simulator], words).await.expect(code)), [own.as_str()]);
        let upn = run("ada@corp.example", &[&simulator], words).await.expect(code);
        assert_eq!(notices(&upn), [unclear.as_str()], "{words:?}");
        assert_eq!(notices(&run(r"CORP\ops", &[&simulator], words).await.expect(code)), [""; 0]);
    }
    // Who asks for own sessions misses none.
    assert_eq!(notices(&run(r"CORP\ada", &[&simulator], &["get", "--mine"]).await.expect(0)), [""; 0]);
    // A script that was written for PowerShell sees what PowerShell prints.
    let port = place.port().to_string();
    let words = ["Get-PSSession", "-ComputerName", "127.0.0.1", "-Port", &port];
    let cmdlet = Pssession::new(words).env("PSSESSION_USER", r"CORP\ada");
    assert_eq!(cmdlet.env("PSSESSION_PASSWORD", PASSWORD).run().await.expect(0).stderr, "");
}

#[tokio::test]
async fn a_program_gets_the_notice_as_an_object_on_stderr() {
    let simulator = host(&[(ADA, r"CORP\ada")]).await;
    let run = run(r"CORP\ada", &[&simulator], &["get", "-o", "ndjson"]).await.expect(0);
    assert_eq!(run.records().len(), 1);
    let notice: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!(notice["ErrorId"], "OthersMayExist");
}

#[tokio::test]
async fn many_hosts_are_one_notice_and_an_empty_one_counts_where_no_other_shows_more() {
    let (own, empty) = (host(&[(ADA, r"CORP\ada")]).await, host(&[]).await);
    let full = host(&[(ADA, r"CORP\ada"), (BOB, r"CORP\bob")]).await;
    let place = |simulator: &Simulator| simulator.address().to_string();
    let only_own = |hosts: &str| format!("{hosts} only your own sessions; other people's may exist");
    let found = run(r"CORP\ada", &[&own, &full], &["get"]).await.expect(0);
    let hosts = format!("2 hosts ({} and {}) show", place(&own), place(&full));
    assert_eq!(notices(&found), [only_own(&hosts)]);
    let found = run(r"CORP\ada", &[&own, &empty], &["get"]).await.expect(0);
    let nothing = format!("{} shows you no sessions; other people's may exist", place(&empty));
    assert_eq!(notices(&found), [only_own(&format!("{} shows", place(&own))), nothing]);
    let found = run(r"CORP\ops", &[&full, &empty], &["get"]).await.expect(0);
    assert_eq!(notices(&found), [""; 0]);
}
