//! Which account a login is: whose sessions are whose, what their absence proves, and what is said of the machine.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pssession::auth::ServerNames;
use pssession::simulator::{Account, SimulatedShell, Simulator, World};
use secrecy::SecretString;

use super::left;
use crate::support::command::{Pssession, Run};
use crate::support::command_fixture::CommandFixture;
use crate::support::ntlm::FakeNtlm;
use crate::support::raw::RawServer;

const JDOE: &str = "11111111-65A0-49F2-9053-A1B156C95777";
const BOSS: &str = "22222222-65A0-49F2-9053-A1B156C95777";
/// The password of everybody but the operator.
const PASSWORD: &str = "geheim";
const UPN: &str = "john.doe@corp.example";

/// A member of CORP with these shells. `CORP\ops` sees everybody's; the other accounts see their own.
async fn member(shells: &[(&str, &str)], accounts: impl IntoIterator<Item = Account>) -> CommandFixture {
    let mut world = World::new("web01");
    for (id, owner) in shells {
        world.add(SimulatedShell::powershell(id, "Runspace1", owner, "Microsoft.PowerShell"));
    }
    let names = ServerNames {
        netbios_domain: "CORP".to_owned(),
        netbios_computer: "WEB01".to_owned(),
        dns_domain: "corp.example".to_owned(),
        realm: String::new(),
    };
    let operator = SecretString::from("operator");
    let builder = Simulator::builder().world(world).server_names(names);
    let builder = builder.account(Account::administrator(r"CORP\ops"), operator);
    let with = |builder: pssession::simulator::SimulatorBuilder, account| {
        builder.account(account, SecretString::from(PASSWORD))
    };
    CommandFixture::of(accounts.into_iter().fold(builder, with).start().await.unwrap())
}

fn jdoe() -> Account {
    Account::user(r"CORP\jdoe").with_upn(UPN)
}

/// The same account with the rights of an administrator.
fn admin_jdoe() -> Account {
    Account::administrator(r"CORP\jdoe").with_upn(UPN)
}

fn as_user(fixture: &CommandFixture, user: &str, words: &[&str]) -> Pssession {
    fixture.command(words).env("PSSESSION_USER", user).env("PSSESSION_PASSWORD", PASSWORD)
}

fn owners(run: &Run) -> Vec<String> {
    run.records().iter().map(|record| record["Owner"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_upn_is_not_taken_for_somebody_else_so_that_an_unseen_session_is_not_called_gone() {
    let fixture = member(&[(JDOE, r"CORP\jdoe"), (BOSS, r"CORP\boss")], [jdoe()]).await;
    fixture.list().await;
    for also in [&[][..], &["--account", r"CORP\boss"]] {
        let words = [&["remove", "--id", "2", "--yes"], also].concat();
        let run = as_user(&fixture, UPN, &words).run().await.expect(8);
        assert_eq!(run.records()[0]["Outcome"], "Unknown", "{run:?}");
        assert!(run.stdout.contains(&format!("not visible to {UPN}")), "{}", run.stdout);
    }
    // The listing of that login leaves the row where it is.
    let known = fixture.run(&["get", "--cached"]).await.expect(0);
    assert_eq!(owners(&known), [r"CORP\jdoe", r"CORP\boss"]);
    assert_eq!(left(&fixture.simulator), [JDOE, BOSS]);
}

#[tokio::test]
async fn a_local_account_is_not_the_domain_account_of_the_same_name() {
    let fixture = member(&[(BOSS, r"CORP\svc")], [Account::user(r"WEB01\svc")]).await;
    fixture.list().await;
    for user in ["svc", r".\svc", r"WEB01\svc", r"web01\SVC"] {
        let run = as_user(&fixture, user, &["remove", "--id", "1", "--yes"]).run().await.expect(8);
        assert_eq!(run.records()[0]["Outcome"], "Unknown", "{user}: {run:?}");
        let known = fixture.run(&["get", "--cached"]).await.expect(0);
        assert_eq!(owners(&known), [r"CORP\svc"], "{user}");
    }
}

#[tokio::test]
async fn a_login_that_was_shown_two_owners_proves_what_it_does_not_see() {
    let fixture = member(&[(JDOE, r"CORP\jdoe"), (BOSS, r"CORP\boss")], [admin_jdoe()]).await;
    fixture.list().await;
    fixture.import("33333333-65A0-49F2-9053-A1B156C95777", |_| ());
    let words = ["remove", "--id", "3", "--yes"];
    let run = as_user(&fixture, UPN, &words).run().await.expect(0);
    assert_eq!(run.records()[0]["Outcome"], "AlreadyGone", "{run:?}");
    assert_eq!(left(&fixture.simulator), [JDOE, BOSS]);
}

#[tokio::test]
async fn without_a_terminal_a_domain_accounts_session_of_the_same_name_needs_yes() {
    let shells = [(BOSS, r"CORP\Administrator")];
    let fixture = member(&shells, [Account::administrator(r"WEB01\Administrator")]).await;
    let words = ["remove", "--on", &fixture.address(), "--all"];
    for (user, reported) in [
        (
            "Administrator",
            r"possibly not yours: this login and the owner CORP\Administrator cannot be compared",
        ),
        (r".\Administrator", r"not yours (owner CORP\Administrator)"),
    ] {
        let run = as_user(&fixture, user, &words).run().await.expect(6);
        assert!(run.stderr.contains(reported), "{}", run.stderr);
    }
    assert_eq!(left(&fixture.simulator), [BOSS]);
    // Of its own sessions the server says with `.\` which they are.
    fixture.simulator.world().lock().unwrap().shells_mut()[0].owner = r"WEB01\Administrator".to_owned();
    as_user(&fixture, "Administrator", &words).run().await.expect(6);
    as_user(&fixture, r".\Administrator", &words).run().await.expect(0);
    assert_eq!(left(&fixture.simulator), Vec::<String>::new());
}

#[tokio::test]
async fn in_a_workgroup_a_bare_name_is_an_account_of_the_machine() {
    let mut world = World::new("web01");
    world.add(SimulatedShell::powershell(JDOE, "Runspace1", r"WEB01\ann", "Microsoft.PowerShell"));
    let account = Account::administrator("ann");
    let builder = Simulator::builder().world(world).account(account, SecretString::from(PASSWORD));
    let fixture = CommandFixture::of(builder.start().await.unwrap());
    let run =
        as_user(&fixture, "ann", &["remove", "--on", &fixture.address(), "--mine"]).run().await.expect(0);
    assert_eq!(run.records()[0]["Outcome"], "Closed");
}

#[tokio::test]
async fn what_is_not_comparable_is_neither_mine_nor_not_mine_and_is_told_once() {
    let fixture = member(&[(JDOE, r"CORP\jdoe"), (BOSS, r"CORP\boss")], [admin_jdoe()]).await;
    let address = fixture.address();
    for filter in ["--mine", "--not-mine"] {
        let run =
            as_user(&fixture, UPN, &["get", "--on", &address, filter, "-o", "table"]).run().await.expect(0);
        assert_eq!(run.stdout, "", "{filter}");
        let reported =
            r"note: 2 sessions are excluded: the owner (CORP\jdoe, CORP\boss) and this login do not show";
        assert_eq!(run.stderr.matches(reported).count(), 1, "{}", run.stderr);
        assert!(run.stderr.contains("--account"), "{}", run.stderr);
    }
    let account = |filter: &str| {
        as_user(&fixture, UPN, &["get", "--on", &address, filter, "--account", r"corp\JDOE"]).run()
    };
    assert_eq!(owners(&account("--mine").await.expect(0)), [r"CORP\jdoe"]);
    assert_eq!(owners(&account("--not-mine").await.expect(0)), [r"CORP\boss"]);

    let config = fixture.folder().join("config.toml");
    std::fs::write(&config, format!("[[host]]\nname = '*'\nuser = '{UPN}'\naccount = 'CORP\\jdoe'\n"))
        .unwrap();
    let config = config.to_str().unwrap();
    let words = ["remove", "--on", &address, "--mine", "--config", config];
    let another = [&words[..], &["--user", r"CORP\ops"]].concat();
    fixture.command(&another).run().await.expect(3);
    let run = as_user(&fixture, UPN, &words).run().await.expect(0);
    assert_eq!(owners(&run), [r"CORP\jdoe"], "{run:?}");
    assert_eq!(left(&fixture.simulator), [BOSS]);
}

#[tokio::test]
async fn a_remembered_session_is_compared_with_the_login_that_saw_it() {
    let fixture = member(&[(JDOE, r"CORP\jdoe"), (BOSS, r"CORP\boss")], [admin_jdoe()]).await;
    as_user(&fixture, UPN, &["get", "--on", &fixture.address()]).run().await.expect(0);
    let mine = ["get", "--cached", "--mine", "-o", "ndjson"];
    let run = as_user(&fixture, UPN, &mine).run().await.expect(0);
    assert_eq!((owners(&run), run.stderr.matches("OwnerNotComparable").count()), (Vec::new(), 1));
    let stated = [&mine[..], &["--account", r"CORP\jdoe"]].concat();
    assert_eq!(owners(&as_user(&fixture, UPN, &stated).run().await.expect(0)), [r"CORP\jdoe"]);
    // It is said of that login, and of no other.
    assert_eq!(owners(&fixture.command(&stated).run().await.expect(0)), Vec::<String>::new());
    fixture.list().await;
    assert_eq!(
        owners(&fixture.run(&["get", "--cached", "--not-mine"]).await.expect(0)),
        [r"CORP\jdoe", r"CORP\boss"]
    );
}

#[tokio::test]
async fn an_account_that_is_no_netbios_name_is_refused() {
    for account in ["jdoe", UPN, r".\jdoe", r"corp.example\jdoe"] {
        let run = Pssession::new(["get", "--on", "web01", "--account", account]).run().await.expect(2);
        assert!(run.stderr.contains("--account") && run.stderr.contains("whoami"), "{}", run.stderr);
    }
}

/// What the last NTLM message says of the machine that logs in (MS-NLMP 2.2.1.3, AUTHENTICATE_MESSAGE).
async fn sent_workstation(words: &[&str]) -> String {
    let ntlm = FakeNtlm::refusing();
    let server = RawServer::start(move |seen| ntlm.act(seen, |_| panic!("nobody is let in"))).await;
    let address = server.url().trim_start_matches("http://").split('/').next().unwrap().to_owned();
    let words = [&["get", "--on", &address, "--user", "ann", "--auth", "ntlm"], words].concat();
    Pssession::new(words).env("PSSESSION_PASSWORD", PASSWORD).run().await;
    let mut tokens = server
        .seen()
        .into_iter()
        .filter_map(|seen| STANDARD.decode(seen.header("authorization")?.strip_prefix("Negotiate ")?).ok());
    let message = tokens.next_back().unwrap();
    assert_eq!(message[8], 3);
    let number = |at: usize| usize::from(u16::from_le_bytes(message[at..at + 2].try_into().unwrap()));
    let bytes = &message[number(48)..][..number(44)];
    let units = bytes.chunks(2).map(|unit| u16::from_le_bytes(unit.try_into().unwrap()));
    String::from_utf16(&units.collect::<Vec<_>>()).unwrap()
}

#[tokio::test]
async fn ntlm_tells_the_servers_the_name_of_the_machine() {
    #[cfg(target_os = "linux")]
    {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap().to_uppercase();
        let name: String = host.trim().split('.').next().unwrap().chars().take(15).collect();
        assert_eq!(sent_workstation(&[]).await, name);
    }
    assert_eq!(sent_workstation(&["--workstation", "jump1"]).await, "jump1");
    assert_eq!(sent_workstation(&["--workstation", ""]).await, "");
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    std::fs::write(&config, "[[host]]\nname = '*'\nworkstation = 'JUMP2'\n").unwrap();
    assert_eq!(sent_workstation(&["--config", config.to_str().unwrap()]).await, "JUMP2");
}
