//! The command line, then the environment, then the config, then the row.

use super::*;

/// Everything is said, and all of it is wrong but the way there.
const WRONG: &str = r#"
[[host]]
name = "127.0.0.2"
port = @2
user = 'LAB\zed'
auth = "basic"
password-file = "nothing"
"#;

/// All but who logs in.
const WAY: &str = "[[host]]\nname = '127.0.0.2'\nport = @2\n";

#[tokio::test]
async fn the_command_line_comes_first() {
    let estate = Estate::with(WRONG).await;
    let ann = estate.place("ann");
    let right = ["--user", ANN, "--auth", "ntlm", "--password-file", &ann];
    let get = [&["get", "--on", "127.0.0.2"][..], &right].concat();
    let command = estate.command(&get).env("PSSESSION_USER", BOB).env("PSSESSION_PASSWORD", "wrong");
    assert_eq!(command.run().await.expect(0).records()[0]["SeenBy"], ANN);
    let address = estate.hosts[2].address().to_string();
    estate.write("config.toml", "[[host]]\nname = '*'\nport = 1\ntls = true\n");
    let url = format!("http://{address}/wsman");
    estate.command(&[&["get", "--on", &url][..], &right].concat()).run().await.expect(0);
}

#[tokio::test]
async fn the_environment_comes_before_the_config() {
    let estate = Estate::with(&WRONG.replace("auth = \"basic\"", "")).await;
    let command = estate.command(&["get", "--on", "127.0.0.2"]);
    let command = command.env("PSSESSION_USER", ANN).env("PSSESSION_PASSWORD", ANNS);
    assert_eq!(command.run().await.expect(0).records()[0]["SeenBy"], ANN);
}

#[tokio::test]
async fn a_password_of_the_config_is_not_shown_for_a_user_who_was_named_elsewhere() {
    let estate = Estate::with(&format!("{WAY}user = 'LAB\\bob'\npassword-file = 'bob'")).await;
    let run = estate.command(&["get", "--on", "127.0.0.2", "--user", ANN]).run().await.expect(2);
    assert!(run.stderr.contains("no password for LAB\\ann, and no terminal"), "{}", run.stderr);
    // Where the config names no user, its password is that of whoever is named.
    estate.write("config.toml", &format!("{WAY}password-file = 'ann'"));
    estate.command(&["get", "--on", "127.0.0.2", "--user", ANN]).run().await.expect(0);
}

#[tokio::test]
async fn the_config_comes_before_what_the_row_remembers_and_the_row_before_nothing() {
    let estate = Estate::with(&format!("{WAY}user = 'LAB\\ann'\npassword-file = 'ann'")).await;
    estate.command(&["get", "--on", "127.0.0.2"]).run().await.expect(0);
    let look = || estate.command(&["remove", "--id", "1", "--skip-running", "--what-if"]);
    estate.write("config.toml", &format!("{WAY}user = 'LAB\\zed'\npassword-file = 'ann'"));
    let run = look().run().await.expect(5);
    assert!(run.stderr.contains("LAB\\zed"), "{}", run.stderr);
    assert_eq!(estate.hosts[0].failed_logons(), 1);
    estate.write("config.toml", &format!("{WAY}password-file = 'ann'"));
    look().run().await.expect(0);
    // Basic over HTTP is refused before anything is sent: so it is the config's word that counted.
    estate.write("config.toml", &format!("{WAY}password-file = 'ann'\nauth = 'basic'"));
    let run = look().run().await.expect(2);
    assert!(run.stderr.contains("with these settings"), "{}", run.stderr);
    let look = ["remove", "--id", "1", "--skip-running", "--what-if", "--auth", "ntlm"];
    estate.command(&look).run().await.expect(0);
}

#[tokio::test]
async fn how_each_host_was_reached_is_remembered_of_it_alone() {
    let estate = Estate::with(&WHOLE.replace("port = @3", "port = @3\nauth = 'ntlm'")).await;
    let run = estate.command(&["get", "--on", "127.0.0.2,127.0.0.3"]).run().await.expect(0);
    let auths: Vec<_> =
        run.records().iter().map(|record| record["Auth"].as_str().unwrap().to_owned()).collect();
    assert_eq!(auths, ["auto", "ntlm"]);
}
