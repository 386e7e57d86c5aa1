//! Hosts from inventories: Ansible's files, what a command prints, ranges; and what starts nothing.

use std::path::PathBuf;

use pssession::secrecy::SecretString;
use pssession::simulator::{Account, Simulator};
use tempfile::TempDir;

use super::leaked;
use crate::support::command::{Pssession, Run, printing};

const PASSWORD: &str = "one password for all";

async fn server(user: &str) -> Simulator {
    let account = Account::administrator(user);
    let builder = Simulator::builder().world(leaked());
    builder.account(account, SecretString::from(PASSWORD)).start().await.unwrap()
}

/// A folder of files.
struct Folder(TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            let path = folder.path(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    async fn get(&self, name: &str, args: &[&str]) -> Run {
        let path = self.path(name).display().to_string();
        get(&[&["--inventory", &path], args].concat()).await
    }
}

async fn get(args: &[&str]) -> Run {
    Pssession::new([&["get"], args].concat()).env("PSSESSION_PASSWORD", PASSWORD).run().await
}

#[tokio::test]
async fn hosts_of_an_ansible_file_are_listed_where_and_as_whom_it_says() {
    let (one, other) = (server("LAB\\ann").await, server("LAB\\bob").await);
    let ini = format!(
        "[web]\nweb01 ansible_host=127.0.0.1 ansible_port={} ansible_password=geheim\nlx01 ansible_connection=ssh\n\
         [web:vars]\nansible_user=LAB\\ann\n[db]\ndb01 ansible_host=127.0.0.1\n",
        one.address().port()
    );
    let variables = format!("ansible_user: LAB\\bob\nansible_port: {}\n", other.address().port());
    let folder = Folder::new(&[("hosts", &ini), ("host_vars/db01.yml", &variables)]);
    let run = folder.get("hosts", &["--on", "@web"]).await.expect(0);
    assert_eq!(run.records().len(), 3, "{}", run.stderr);
    assert!(run.records().iter().all(|record| record["User"] == "LAB\\ann"), "{}", run.stdout);
    assert!(run.stderr.contains("1 host of ") && run.stderr.contains("passwords"), "{}", run.stderr);
    assert!(!run.stderr.contains("geheim"), "{}", run.stderr);
    let run = folder.get("hosts", &["--on", "@db"]).await.expect(0);
    assert!(run.records().iter().all(|record| record["User"] == "LAB\\bob"), "{}", run.stdout);
    assert_eq!((run.records().len(), run.stderr.as_str()), (3, ""));
}

#[tokio::test]
async fn bad_lines_are_all_listed_and_nothing_is_started() {
    let server = server("LAB\\ann").await;
    let ini = format!(
        "{} ansible_user=ann\nweb02 what\nweb03 ansible_user='{{{{ who }}}}'\nweb04 ansible_winrm_transport=basic\n\
         web05 ansible_winrm_server_cert_validation=ignore\nweb[3:1]\n",
        server.address()
    );
    let folder = Folder::new(&[("hosts.ini", &ini)]);
    let run = folder.get("hosts.ini", &[]).await.expect(2);
    for part in [
        "error: 5 errors in ",
        "hosts.ini line 2: \"web02 ...\" is not a host",
        "hosts.ini line 6: \"web[3:1]\": [3:1] ends before it begins",
        "hosts.ini line 3: ansible_user is a template, which only Ansible evaluates (host web03)",
        "hosts.ini line 4: ansible_winrm_transport asks for Basic authentication (host web04)",
        "hosts.ini line 5: ansible_winrm_server_cert_validation turns the check of the certificate off (host web05)",
        "--user USER",
        "--auth basic",
        "--certificate-pin HOST=PIN",
        "nothing was sent",
    ] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
    assert_eq!((server.connections(), run.stdout.as_str()), (0, ""));
}

#[tokio::test]
async fn an_option_that_says_it_takes_the_place_of_a_refused_value() {
    let server = server("LAB\\ann").await;
    let variables = "ansible_user='{{ who }}' ansible_winrm_transport=basic \
                     ansible_winrm_server_cert_validation=ignore";
    let ini = format!("{} {variables}\n", server.address());
    let folder = Folder::new(&[("hosts", &ini)]);
    folder.get("hosts", &["--user", "LAB\\ann"]).await.expect(2);
    let login = ["--user", "LAB\\ann", "--auth", "negotiate"];
    folder.get("hosts", &login).await.expect(2);
    let whole = [&login[..], &["--dangerous-skip-certificate-check"]].concat();
    assert_eq!(folder.get("hosts", &whole).await.expect(0).records().len(), 3);
}

#[tokio::test]
async fn a_command_may_print_the_inventory() {
    let server = server("LAB\\ann").await;
    let json = format!(
        r#"{{"_meta": {{"hostvars": {{"web01": {{"ansible_host": "127.0.0.1", "ansible_port": {}}}}}}},
            "web": {{"hosts": ["web01"], "vars": {{"ansible_user": "LAB\\ann"}}}}}}"#,
        server.address().port()
    );
    let folder = Folder::new(&[("list.json", &json)]);
    let print = printing(&folder.path("list.json").display().to_string());
    let run = get(&["--inventory-command", &print, "--on", "@web"]).await.expect(0);
    assert_eq!(run.records().len(), 3, "{}", run.stderr);
    let both = get(&["--inventory-command", "exit 0", "--inventory", "hosts"]).await.expect(2);
    assert!(both.stderr.contains("cannot be used with"), "{}", both.stderr);
}

#[cfg(unix)]
#[tokio::test]
async fn a_command_that_prints_no_inventory_is_an_error() {
    for (command, problem) in [
        ("exit 3", "the inventory command failed (exit status: 3)"),
        ("true", "the inventory command contains no server"),
        ("echo '{\"web\": '", "the inventory command line 2: not JSON"),
        ("head -c 17000000 /dev/zero", "printed unreadable output: more than 16777216 bytes"),
    ] {
        let run = get(&["--inventory-command", command]).await.expect(2);
        assert!(run.stderr.contains(problem), "{command}: {}", run.stderr);
    }
}

#[tokio::test]
async fn a_group_of_the_config_and_of_the_inventory_is_refused() {
    let folder = Folder::new(&[("hosts", "[web]\nweb01\n"), ("config.toml", "[group]\nweb = ['db01']\n")]);
    let config = folder.path("config.toml").display().to_string();
    let run = folder.get("hosts", &["--on", "@web", "--config", &config, "--user", "x"]).await.expect(2);
    assert!(run.stderr.contains("@web is a group of the config and a group of "), "{}", run.stderr);
    let run = folder.get("hosts", &["--on", "@wep", "--user", "x"]).await.expect(2);
    assert!(
        run.stderr.contains("unknown group \"@wep\": ") && run.stderr.contains("hosts has none"),
        "{}",
        run.stderr
    );
}

#[tokio::test]
async fn one_endpoint_with_two_users_is_refused() {
    let folder =
        Folder::new(&[("hosts", "a ansible_host=db ansible_user=x\nb ansible_host=db ansible_user=y\n")]);
    let run = folder.get("hosts", &[]).await.expect(2);
    assert!(run.stderr.contains("hosts line 2: http://db:5985/wsman is listed before, with another user"));
}

#[test]
fn a_range_is_expanded_on_the_command_line() {
    for (range, problem) in
        [("web[3-1]", "[3-1] ends before it begins"), ("web[1-999999]", "more than 100000 hosts")]
    {
        let run = Pssession::new(["get", "--user", "x", "--on", range]).run_blocking().expect(2);
        assert!(run.stderr.contains(problem), "{}", run.stderr);
    }
    let run = Pssession::new(["get", "--user", "x", "--on", "127.0.0.[1-2]:1"]);
    let run = run.env("PSSESSION_PASSWORD", "x").run_blocking().expect(1);
    assert!(run.stderr.contains("127.0.0.1:1") && run.stderr.contains("127.0.0.2"), "{}", run.stderr);
}

#[cfg(unix)]
#[tokio::test]
async fn an_inventory_that_others_can_change_is_noted() {
    use std::os::unix::fs::PermissionsExt as _;

    let one = server("LAB\\ann").await;
    let folder = Folder::new(&[("hosts", &one.address().to_string())]);
    assert_eq!(folder.get("hosts", &["--user", "LAB\\ann"]).await.expect(0).stderr, "");
    std::fs::set_permissions(folder.path("hosts"), std::fs::Permissions::from_mode(0o666)).unwrap();
    let run = folder.get("hosts", &["--user", "LAB\\ann"]).await.expect(0);
    assert!(run.stderr.contains("is writable by everyone (mode 0666)"), "{}", run.stderr);
}
