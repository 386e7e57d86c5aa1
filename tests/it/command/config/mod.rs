//! What goes without saying of a host, because a config says it.

mod precedence;
mod refusals;

use std::net::Ipv4Addr;

use pssession::simulator::{Account, SimulatedShell, Simulator, World};
use secrecy::SecretString;
use serde_json::json;
use tempfile::TempDir;

use super::{ALICE, BUILD_7, BUILD_8, left};
use crate::support::command::Pssession;
#[cfg(target_os = "linux")]
use crate::support::pty::{Pty, available};
use crate::support::tls::{Authority, BOTH, TlsHost};

const ANN: &str = r"LAB\ann";
const BOB: &str = r"LAB\bob";
const ANNS: &str = "ann's secret";
const BOBS: &str = "bob's secret";

/// Ann administers 127.0.0.2 and 127.0.0.4, Bob 127.0.0.3; each has one shell there. Nobody is in the environment.
struct Estate {
    hosts: [Simulator; 3],
    folder: TempDir,
}

impl Estate {
    /// `@2`, `@3` and `@4` in the config stand for the ports of the hosts.
    async fn with(config: &str) -> Self {
        let estate = Self {
            hosts: [
                host(2, BUILD_7, ANN, ANNS).await,
                host(3, BUILD_8, BOB, BOBS).await,
                host(4, ALICE, ANN, ANNS).await,
            ],
            folder: tempfile::tempdir().unwrap(),
        };
        estate.write("ann", ANNS);
        estate.write("bob", BOBS);
        estate.write("config.toml", config);
        estate
    }

    fn write(&self, name: &str, text: &str) {
        let text = (2..).zip(&self.hosts).fold(text.to_owned(), |text, (number, host)| {
            text.replace(&format!("@{number}"), &host.port().to_string())
        });
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        // Whatever the umask: a config that others may write is refused.
        #[cfg(unix)]
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }

    fn place(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn command(&self, words: &[&str]) -> Pssession {
        Pssession::new(words)
            .env("PSSESSION_CONFIG", &self.place("config.toml"))
            .env("PSSESSION_STORE", &self.place("sessions.db"))
    }

    fn connections(&self) -> u64 {
        self.hosts.iter().map(Simulator::connections).sum()
    }
}

async fn host(number: u8, shell: &str, user: &str, password: &str) -> Simulator {
    let mut world = World::new("web01");
    world.add(SimulatedShell::powershell(shell, "build-7", user, "Microsoft.PowerShell"));
    let builder = Simulator::builder().world(world).bind(Ipv4Addr::new(127, 0, 0, number).into());
    builder.account(Account::administrator(user), SecretString::from(password)).start().await.unwrap()
}

/// Two users, three hosts, and nothing left to say.
const WHOLE: &str = r#"
[group]
web = ["127.0.0.2", "127.0.0.4"]
[[host]]
name = "127.0.0.2"
port = @2
[[host]]
name = ["127.0.0.3"]
port = @3
user = 'LAB\bob'
password-file = "bob"
[[host]]
name = "127.0.0.4"
port = @4
[[host]]
name = "127.0.0.*"
user = 'LAB\ann'
password-file = "ann"
"#;

#[tokio::test]
async fn two_users_log_in_on_their_own_hosts_in_one_run() {
    let estate = Estate::with(WHOLE).await;
    let run = estate.command(&["get", "--on", "127.0.0.2,127.0.0.3,127.0.0.4"]).run().await.expect(0);
    let seen: Vec<_> = run
        .records()
        .iter()
        .map(|record| [&record["ShellId"], &record["SeenBy"]].map(|text| text.as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(seen, [[BUILD_7, ANN], [BUILD_8, BOB], [ALICE, ANN]]);
    // In PowerShell's spelling, too, and the rows go to their own users.
    let words = ["rsn", "-Id", "1,2", "--yes"];
    estate.command(&words).run().await.expect(0);
    assert!(left(&estate.hosts[0]).is_empty() && left(&estate.hosts[1]).is_empty());
    let words = ["Get-PSSession", "-ComputerName", "127.0.0.4", "--output", "ndjson"];
    assert_eq!(estate.command(&words).run().await.expect(0).records().len(), 1);
}

#[tokio::test]
async fn a_group_is_its_members() {
    let estate = Estate::with(WHOLE).await;
    let run = estate.command(&["get", "--on", "@web"]).run().await.expect(0);
    assert_eq!(run.records().len(), 2);
    let run = estate.command(&["get", "--on", "@wep"]).run().await.expect(2);
    assert!(run.stderr.contains("unknown group \"@wep\"") && run.stderr.contains("did you mean @web?"));
    estate.write("hosts.txt", "127.0.0.3\n@wop\n");
    let run = estate.command(&["get", "--inventory", &estate.place("hosts.txt")]).run().await.expect(2);
    assert!(run.stderr.contains("hosts.txt line 2: unknown group \"@wop\""), "{}", run.stderr);
}

#[tokio::test]
async fn the_users_own_config_is_read_where_none_is_named() {
    let estate = Estate::with("").await;
    std::fs::create_dir(estate.folder.path().join("pssession")).unwrap();
    std::fs::rename(estate.place("config.toml"), estate.place("pssession/config.toml")).unwrap();
    estate.write("pssession/config.toml", &WHOLE.replace("-file = \"", "-file = \"../"));
    let folder = if cfg!(windows) { "APPDATA" } else { "XDG_CONFIG_HOME" };
    let command = Pssession::new(["get", "--on", "127.0.0.2"]).env(folder, &estate.place(""));
    assert_eq!(command.run().await.expect(0).records().len(), 1);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn each_user_is_asked_for_a_password_once() {
    if !available() {
        return;
    }
    let estate = Estate::with(&WHOLE.replace("password-file", "#")).await;
    let words = ["get", "--on", "127.0.0.2,127.0.0.3,127.0.0.4", "--config", &estate.place("config.toml")];
    let asked = [("Password for LAB\\ann: ", ANNS), ("Password for LAB\\bob: ", BOBS)]
        .map(|(question, password)| (question, format!("{password}\r")));
    let asked = asked.each_ref().map(|(question, password)| (*question, password.as_str()));
    let pty = Pty::new(words).env("PSSESSION_STORE", &estate.place("sessions.db"));
    let shown = pty.answer(&asked).await.expect(0);
    assert_eq!(shown.screen.matches("Password for").count(), 2, "{}", shown.screen);
}

#[tokio::test]
async fn a_wrong_password_is_shown_once_and_the_other_user_goes_on() {
    let estate = Estate::with(WHOLE).await;
    estate.write("ann", "wrong");
    let run = estate.command(&["get", "--on", "127.0.0.2,127.0.0.3,127.0.0.4"]).run().await.expect(5);
    assert_eq!(run.records().len(), 1);
    assert_eq!(estate.hosts.iter().map(Simulator::failed_logons).sum::<u64>(), 1, "{}", run.stderr);
}

// The tally is kept by a POSIX shell.
#[cfg(unix)]
#[tokio::test]
async fn a_password_command_runs_once_for_its_user() {
    let command = "password-command = \"echo . >> $PSSESSION_TALLY; echo \\\"ann's secret\\\"\"";
    let estate = Estate::with(&WHOLE.replace("password-file = \"ann\"", command)).await;
    let tally = estate.place("tally");
    estate.command(&["get", "--on", "@web"]).env("PSSESSION_TALLY", &tally).run().await.expect(0);
    assert_eq!(std::fs::read_to_string(tally).unwrap(), ".\n");
}

#[tokio::test]
async fn https_and_its_authority_go_without_saying() {
    let authority = Authority::new("Lab CA");
    let leaf = authority.issue(&["127.0.0.1"], |_| {});
    let host = TlsHost::start(World::with_shells(2), &leaf, leaf.acceptor(BOTH)).await;
    let estate = Estate::with("").await;
    estate.write("ca.pem", &authority.pem);
    let common = format!("[[host]]\nname = '127.0.0.1'\nport = {}\ntls = true\n", host.address.port());
    let get = || estate.command(&["get", "--on", "127.0.0.1"]).login(&host.simulator);
    for (trust, code) in [
        ("ca-file = 'ca.pem'".to_owned(), 0),
        (format!("certificate-pin = '{}'", leaf.pin()), 0),
        (String::new(), 1),
        ("ca-file = 'ca.pem'\ntls-server-name = 'other.example'".to_owned(), 1),
    ] {
        estate.write("config.toml", &format!("{common}{trust}"));
        let run = get().run().await.expect(code);
        assert_eq!(run.stdout.is_empty(), code != 0, "{trust}");
    }
    // Over HTTP nobody would look at the certificate: that is told, and nothing is sent.
    let pinned = format!("{common}certificate-pin = '{}'", leaf.pin()).replace("tls = true", "");
    estate.write("config.toml", &pinned);
    let run = get().run().await.expect(2);
    assert!(run.stderr.contains("`certificate-pin` in the config requires TLS"));
    estate.write("config.toml", &format!("{common}ca-file = 'ca.pem'"));
    let run = estate.command(&["identify", "127.0.0.1"]).run().await.expect(0);
    assert!(run.stdout.contains(&format!("https://{}/wsman", host.address)), "{}", run.stdout);
}

/// An object of a session on a host from which nothing was ever listed.
fn object(estate: &Estate, number: usize, shell_id: &str) -> String {
    let endpoint = format!("http://{}/wsman", estate.hosts[number].address());
    json!({ "ShellId": shell_id, "Endpoint": endpoint, "Name": "build-7" }).to_string()
}

#[tokio::test]
async fn a_host_that_the_config_names_gets_a_login_for_an_object_of_a_pipe() {
    let estate = Estate::with(WHOLE).await;
    let remove = |text: String| estate.command(&["remove", "--session", "-", "--yes"]).stdin(&text).run();
    let run = remove(object(&estate, 0, BUILD_7)).await.expect(0);
    assert_eq!(run.records()[0]["Outcome"], "Closed");
    // A member of a group is named as well.
    let group =
        format!("[group]\nx = \"{}\"\n[[host]]\nname = '*'\nuser = 'LAB\\ann'\npassword-file = 'ann'", {
            estate.hosts[2].address()
        });
    estate.write("config.toml", &group);
    remove(object(&estate, 2, ALICE)).await.expect(0);
    assert!(left(&estate.hosts[2]).is_empty());
}

#[tokio::test]
async fn a_wildcard_of_the_config_names_no_host() {
    let estate = Estate::with(WHOLE).await;
    let all = "name = '*'\nuser = 'LAB\\bob'\npassword-file = 'bob'";
    let another_port = "name = '127.0.0.3'\nuser = 'LAB\\bob'\npassword-file = 'bob'\nport = 1";
    for host in [all, &all.replace('*', "127.0.0.?"), another_port] {
        estate.write("config.toml", &format!("[[host]]\n{host}"));
        let command = estate.command(&["remove", "--session", "-", "--yes"]);
        let run = command.stdin(object(&estate, 1, BUILD_8)).run().await.expect(6);
        assert!(run.stderr.contains("refusing to log in to"), "{}", run.stderr);
    }
    assert_eq!(estate.connections(), 0);
}

#[tokio::test]
async fn a_computer_that_an_object_only_names_is_where_the_config_says() {
    let estate = Estate::with(WHOLE).await;
    let object = json!({ "InstanceId": BUILD_7, "ComputerName": "127.0.0.2" }).to_string();
    let run = estate.command(&["import", "-", "-o", "ndjson"]).stdin(&object).run().await.expect(0);
    assert_eq!(run.records()[0]["Endpoint"], format!("http://{}/wsman", estate.hosts[0].address()));
    let run = estate.command(&["forget", "--session", "-"]).stdin(&object).run().await.expect(0);
    assert_eq!(run.records().len(), 1);
}

#[tokio::test]
async fn a_name_leads_to_its_address_and_stays_the_name_elsewhere() {
    let simulator = host(2, "11111111-0000-0000-0000-000000000001", r"LAB\ann", "x").await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let port = simulator.address().port();
    let text =
        format!("[[host]]\nname = 'db.invalid'\naddress = '127.0.0.2'\nport = {port}\nuser = 'LAB\\ann'\n");
    std::fs::write(&path, text).unwrap();
    let run =
        Pssession::new(["get", "--on", "db.invalid", "-o", "ndjson", "--config", path.to_str().unwrap()]);
    let run = run.env("PSSESSION_PASSWORD", "x").run().await.expect(0);
    let record = &run.records()[0];
    assert_eq!(record["ComputerName"], "db.invalid");
    assert_eq!(record["Endpoint"], format!("http://db.invalid:{port}/wsman"));
}
