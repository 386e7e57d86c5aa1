//! Fleets: one bad host holds up nobody, few open files are enough, and brakes hold.

use std::collections::HashSet;
use std::io::BufRead as _;

use pssession::secrecy::SecretString;
use pssession::simulator::{Account, InjectedFault, OperationKind, Simulator, World};
use tokio::net::TcpListener;

use super::left;
use crate::support::command::{Pssession, Run};

const USER: &str = "CONTOSO\\admin";
const PASSWORD: &str = "one password for all";

async fn servers(count: usize, shells: usize) -> Vec<Simulator> {
    let mut servers = Vec::new();
    for _ in 0..count {
        let account = Account::administrator(USER);
        let builder = Simulator::builder().world(World::with_shells(shells));
        servers.push(builder.account(account, SecretString::from(PASSWORD)).start().await.unwrap());
    }
    servers
}

fn addresses(servers: &[Simulator]) -> Vec<String> {
    servers.iter().map(|server| server.address().to_string()).collect()
}

fn remove(hosts: &[String], args: &[&str]) -> Pssession {
    let hosts = hosts.join(",");
    login(Pssession::new([&["remove", "--on", &hosts, "--all"], args].concat()))
}

fn login(command: Pssession) -> Pssession {
    command.env("PSSESSION_USER", USER).env("PSSESSION_PASSWORD", PASSWORD)
}

fn all_left(servers: &[Simulator]) -> usize {
    servers.iter().map(|server| left(server).len()).sum()
}

fn outcomes(run: &Run, outcome: &str) -> usize {
    run.records().iter().filter(|record| record["Outcome"] == outcome).count()
}

#[tokio::test]
async fn a_hanging_and_a_refusing_host_keep_no_other_from_being_closed() {
    let servers = servers(3, 2).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refusing = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut hosts =
        vec![silent.local_addr().unwrap().to_string(), refusing.local_addr().unwrap().to_string()];
    drop(refusing);
    hosts.extend(addresses(&servers));
    let mut child = remove(&hosts, &["--yes", "--login-timeout", "60s", "-o", "ndjson"]).spawn();
    // The one that hangs may do so for a minute; the others are closed before that.
    let closed = tokio::task::spawn_blocking(move || {
        let lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        let closed = lines.take(6).filter(|line| line.as_ref().unwrap().contains("\"Outcome\":\"Closed\""));
        let closed = closed.count();
        child.kill().unwrap();
        child.wait().unwrap();
        closed
    });
    assert_eq!((closed.await.unwrap(), all_left(&servers)), (6, 0));
    let run = remove(&hosts, &["--yes", "--login-timeout", "1s", "--ignore-not-found"]).run().await.expect(4);
    assert_eq!(run.stderr.matches("error: cannot list the sessions on ").count(), 2, "{}", run.stderr);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn few_open_files_are_enough_for_many_hosts() {
    let servers = servers(40, 2).await;
    for args in [&["--what-if", "-o", "ndjson"][..], &["--yes", "-o", "ndjson"]] {
        let hosts = addresses(&servers).join(",");
        let words = [&["remove", "--on", &hosts, "--all"], args].concat();
        let run = login(Pssession::with_open_files(80, words)).run().await.expect(0);
        assert_eq!(run.records().len(), 80, "{}", run.stderr);
        let ids: HashSet<_> = run.records().iter().filter_map(|record| record["Id"].as_i64()).collect();
        assert_eq!(ids.len(), 80, "each session has an Id of its own");
        assert!(run.stderr.is_empty() || args[0] == "--yes", "{}", run.stderr);
    }
    assert_eq!(all_left(&servers), 0);
}

#[tokio::test]
async fn a_plan_above_a_limit_closes_nothing() {
    let servers = servers(2, 3).await;
    let hosts = addresses(&servers);
    for (limit, problem) in [
        (["--max-close", "5"], "6 sessions selected, more than 5"),
        (["--max-close-percent", "99"], "6 of 6 sessions are selected, more than 99%"),
    ] {
        let run = remove(&hosts, &[&["--yes"], &limit[..]].concat()).run().await.expect(6);
        assert!(run.stderr.contains(problem), "{}", run.stderr);
        let run =
            remove(&hosts, &[&["--what-if", "-o", "ndjson"], &limit[..]].concat()).run().await.expect(6);
        assert_eq!(outcomes(&run, "WhatIf"), 6, "{}", run.stderr);
    }
    assert_eq!(all_left(&servers), 6);
    remove(&hosts, &["--yes", "--max-close", "6", "--max-close-percent", "100"]).run().await.expect(0);
    assert_eq!(all_left(&servers), 0);
}

#[tokio::test]
async fn a_host_above_its_limit_is_left_alone_and_reported() {
    let mut all = servers(1, 4).await;
    all.extend(servers(1, 2).await);
    for args in [&["--yes"][..], &["--yes", "--max-close", "100"]] {
        let run = remove(&addresses(&all), &[args, &["--max-close-per-host", "3", "-o", "ndjson"]].concat());
        let run = run.run().await.expect(4);
        assert!(run.stderr.contains("4 sessions selected there, more than 3"), "{}", run.stderr);
        assert_eq!((left(&all[0]).len(), left(&all[1]).len()), (4, 0));
    }
}

#[tokio::test]
async fn after_too_many_failures_nothing_new_begins_on_any_host() {
    let servers = servers(6, 2).await;
    for server in &servers {
        let world = server.world();
        world.lock().unwrap().inject(OperationKind::Delete, 100, InjectedFault::Fault(5));
    }
    let args = ["--yes", "--abort-if-failed", "1", "--parallel-hosts", "1", "-o", "ndjson"];
    let run = remove(&addresses(&servers), &args).run().await.expect(4);
    assert!(outcomes(&run, "Failed") >= 1 && outcomes(&run, "NotStarted") >= 10, "{}", run.stdout);
    let deletes = |server: &Simulator| server.world().lock().unwrap().count(OperationKind::Delete);
    assert!(servers.iter().filter(|server| deletes(server) > 0).count() == 1);
    let run = remove(&addresses(&servers), &["--yes", "--abort-if-failed", "0%"]).run().await.expect(2);
    assert!(run.stderr.contains("is not a number or a percentage"), "{}", run.stderr);
}

#[tokio::test]
async fn the_shards_of_a_fleet_are_all_of_it_and_share_no_host() {
    let servers = servers(7, 1).await;
    let hosts = addresses(&servers);
    let mut closed = 0;
    for shard in ["0/3", "1/3", "2/3"] {
        let run = remove(&hosts, &["--what-if", "--ignore-not-found", "--shard", shard, "-o", "ndjson"]);
        closed += run.run().await.expect(0).records().len();
    }
    assert_eq!(closed, 7);
    let auto = remove(&hosts, &["--what-if", "--ignore-not-found", "--shard", "auto", "-o", "ndjson"]);
    let auto = auto.env("JOB_COMPLETION_INDEX", "0").env("PSSESSION_SHARDS", "1");
    assert_eq!(auto.run().await.expect(0).records().len(), 7);
    let run = remove(&hosts, &["--what-if", "--shard", "3/3"]).run().await.expect(2);
    assert!(run.stderr.contains("\"3/3\" is not a shard"), "{}", run.stderr);
}

/// A server at each address whose local administrator has a password of its own.
async fn machines(addresses: &[[u8; 4]]) -> Vec<Simulator> {
    let mut servers = Vec::new();
    for address in addresses {
        let address = std::net::IpAddr::from(*address);
        let account = Account::administrator("SIMULATOR\\Administrator");
        let password = SecretString::from(format!("secret of {address}"));
        let builder = Simulator::builder().world(World::with_shells(2)).bind(address);
        servers.push(builder.account(account, password).start().await.unwrap());
    }
    servers
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn each_machine_gets_its_own_password_and_one_without_fails_alone() {
    let servers = machines(&[[127, 0, 0, 2], [127, 0, 0, 3], [127, 0, 0, 4]]).await;
    let hosts = addresses(&servers).join(",");
    let run = |user: &'static str, command: &'static str| {
        let args = ["remove", "--on", &hosts, "--all", "--yes", "-o", "ndjson", "--user", user];
        Pssession::new([&args[..], &["--password-command", command]].concat()).run()
    };
    // Nobody is asked for a password of an account that a domain may have.
    let refused = run("CORP\\admin", "touch /nowhere/{host}; echo x").await.expect(2);
    assert!(refused.stderr.contains("may be an account of a domain"), "{}", refused.stderr);
    // A machine that refuses its password, and one without any, keep no other from being closed.
    let command = "case {host} in *.2) exit 3;; *.3) echo wrong;; *) echo 'secret of {host}';; esac";
    let partial = run(".\\Administrator", command).await.expect(4);
    assert_eq!((outcomes(&partial, "Closed"), all_left(&servers)), (2, 4), "{}", partial.stderr);
    assert!(partial.stderr.contains("the password command failed (exit status: 3)"), "{}", partial.stderr);
    assert!(!partial.stderr.contains("secret of"), "{}", partial.stderr);
    run(".\\Administrator", "echo 'secret of {host}'").await.expect(0);
    assert_eq!(all_left(&servers), 0);
}
