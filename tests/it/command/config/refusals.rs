//! A config that cannot be meant, read or trusted stops the command before anything is sent.

use super::*;
use crate::support::command::NOTHING;

const GET: &[&str] = &["get", "--on", "127.0.0.2", "--user", ANN];

#[tokio::test]
async fn what_cannot_be_meant_stops_every_command_with_its_file_line_and_advice() {
    let estate = Estate::with("[[host]]\nname = '127.0.0.2'\nca_file = 'x'\n").await;
    let ann = estate.place("ann");
    let get = [GET, &["--password-file", &ann]].concat();
    for words in [
        &get[..],
        &["get"],
        &["remove", "--id", "1"],
        &["forget", "--id", "1"],
        &["import", "-"],
        &["identify", "127.0.0.2"],
        &["gsn"],
    ] {
        let run = estate.command(words).run().await.expect(2);
        let place = format!("{} line 3: unknown key \"ca_file\"", estate.place("config.toml"));
        assert!(run.stderr.contains(&place), "{words:?}: {}", run.stderr);
        assert!(run.stderr.contains("did you mean ca-file? Nothing was sent"), "{words:?}: {}", run.stderr);
    }
    let run = estate.command(&["get", "-o", "json"]).run().await.expect(2);
    let error: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!(
        [&error["ErrorId"], &error["Target"]],
        [&json!("InvalidConfig"), &json!(estate.place("config.toml"))]
    );
    assert_eq!(estate.connections(), 0);
}

#[tokio::test]
async fn what_is_dangerous_or_secret_is_refused_with_its_line_and_why() {
    let estate = Estate::with("").await;
    for (line, why) in [
        ("dangerous-basic-over-http = true", "accepted only on the command line"),
        ("password = 'hunter2'", "a password is not allowed in this file"),
        ("password = hunter2", "it is not TOML"),
    ] {
        estate.write("config.toml", &format!("[[host]]\nname = '*'\n{line}"));
        let run = estate.command(GET).run().await.expect(2);
        assert!(run.stderr.contains("config.toml line 3: ") && run.stderr.contains(why), "{}", run.stderr);
        assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
    }
    assert_eq!(estate.connections(), 0);
}

#[tokio::test]
async fn only_the_users_own_config_may_be_missing_and_none_may_be_unreadable() {
    let estate = Estate::with("").await;
    let [missing, folder] =
        if cfg!(windows) { ["(os error 2)", "(os error 5)"] } else { ["No such file", "directory"] };
    for (place, why) in [("none.toml", missing), ("", folder)] {
        let run = estate.command(GET).env("PSSESSION_CONFIG", &estate.place(place)).run().await.expect(2);
        assert!(run.stderr.contains("cannot read the config") && run.stderr.contains(why), "{}", run.stderr);
    }
    // What is empty is readable, and says nothing.
    let run = estate.command(GET).env("PSSESSION_CONFIG", NOTHING).run().await.expect(2);
    assert!(run.stderr.contains("no password for"), "{}", run.stderr);
    estate.write("config.toml", &"#".repeat(300_000));
    let run = estate.command(GET).run().await.expect(2);
    assert!(run.stderr.contains("more than 262144 bytes"), "{}", run.stderr);
    std::fs::write(estate.place("config.toml"), b"# \xff").unwrap();
    let run = estate.command(GET).run().await.expect(2);
    assert!(run.stderr.contains("neither UTF-8 nor UTF-16"), "{}", run.stderr);
    let run = estate.command(&[GET, &["--config", "-"]].concat()).run().await.expect(2);
    assert!(run.stderr.contains("cannot read the config from stdin"), "{}", run.stderr);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_config_that_others_may_write_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let estate = Estate::with(WHOLE).await;
    for (mode, who) in [(0o664, "is writable by its group"), (0o646, "is writable by everyone")] {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(estate.place("config.toml"), mode).unwrap();
        let run = estate.command(&["get", "--on", "127.0.0.2"]).run().await.expect(2);
        assert!(run.stderr.contains(who) && run.stderr.contains("chmod go-w"), "{}", run.stderr);
    }
    assert_eq!(estate.connections(), 0);
}

#[tokio::test]
async fn one_password_for_two_users_or_two_for_one_are_refused() {
    let estate = Estate::with(WHOLE).await;
    let get = || estate.command(&["get", "--on", "127.0.0.2,127.0.0.3"]);
    let run = get().env("PSSESSION_PASSWORD", "x").run().await.expect(2);
    assert!(
        run.stderr.contains(r"one password cannot be used for several accounts: LAB\ann and LAB\bob"),
        "{}",
        run.stderr
    );
    estate.write("config.toml", &WHOLE.replace(r"LAB\bob", r"LAB\ann"));
    let run = get().run().await.expect(2);
    assert!(run.stderr.contains(r"the config has two password sources for LAB\ann"), "{}", run.stderr);
    assert_eq!(estate.connections(), 0);
}

#[tokio::test]
async fn the_report_does_not_take_the_place_of_the_config() {
    let estate = Estate::with(WHOLE).await;
    let words = ["remove", "--all", "--what-if", "--report", &estate.place("config.toml")];
    let run = estate.command(&words).run().await.expect(2);
    assert!(run.stderr.contains("--config is the same file"), "{}", run.stderr);
}

#[test]
fn the_demo_looks_at_no_config() {
    Pssession::new(["demo"]).env("PSSESSION_CONFIG", "/nowhere.toml").run_blocking().expect(0);
}
