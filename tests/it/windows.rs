//! A real Windows host, where somebody has one: `docs/try-on-windows.md` says how. Nothing is closed unless the tester names
//! a session for it.
#![expect(clippy::print_stdout, reason = "the tester reports what is printed")]

use crate::support::command::{Pssession, Run};

/// What the tester says.
struct Tester {
    host: String,
    user: String,
    password: Option<String>,
    password_file: Option<String>,
    /// A name, with wildcards, of sessions that may be closed.
    shell: Option<String>,
}

impl Tester {
    fn ask() -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let needed = |name: &str| {
            variable(name)
                .unwrap_or_else(|| panic!("{name} is not set; docs/try-on-windows.md says what it is"))
        };
        let tester = Self {
            host: needed("PSSESSION_TEST_HOST"),
            user: needed("PSSESSION_TEST_USER"),
            password: variable("PSSESSION_TEST_PASSWORD"),
            password_file: variable("PSSESSION_TEST_PASSWORD_FILE"),
            shell: variable("PSSESSION_TEST_SHELL"),
        };
        let named = tester.password.is_some() || tester.password_file.is_some();
        assert!(named, "set PSSESSION_TEST_PASSWORD or PSSESSION_TEST_PASSWORD_FILE");
        tester
    }

    /// `pssession VERB --on HOST ...`, and says how it went.
    fn run(&self, verb: &str, args: &[&str]) -> Run {
        let file = self.password_file.as_deref().map(|file| ["--password-file", file]);
        let file = file.as_ref().map_or(&[][..], |words| &words[..]);
        let words = [&[verb, "--on", &self.host, "--user", &self.user], file, args].concat();
        let mut command = Pssession::new(words);
        if let (Some(password), None) = (&self.password, &self.password_file) {
            command = command.env("PSSESSION_PASSWORD", password);
        }
        let run = command.run_blocking();
        println!("$ pssession {verb} {}: exit {}\n{}{}", args.join(" "), run.code, run.stdout, run.stderr);
        run
    }
}

#[test]
#[ignore = "needs a real Windows host: docs/try-on-windows.md"]
fn windows_is_asked_and_what_the_tester_names_is_closed() {
    let tester = Tester::ask();
    let identified = Pssession::new(["identify", &tester.host]).run_blocking().expect(0);
    println!("{}", identified.stdout);
    let before = tester.run("get", &[]).expect(0).records();
    for session in &before {
        for property in ["ShellId", "ResourceUri", "Owner"] {
            assert!(session[property].is_string(), "a session without {property}: {session}");
        }
    }
    // Names have no line end, so that nothing has this one.
    let nothing = ["--name", "no such session\u{1}", "--what-if"];
    tester.run("remove", &nothing).expect(3);
    tester.run("remove", &["--all", "--what-if", "--ignore-not-found"]).expect(0);

    let Some(name) = &tester.shell else { return };
    let planned = tester.run("remove", &["--name", name, "--mine", "--what-if"]).expect(0).records();
    let closed = tester.run("remove", &["--name", name, "--mine", "--yes"]).expect(0).records();
    assert_eq!(planned.len(), closed.len());
    for session in &closed {
        assert_eq!(session["Outcome"], "Closed", "{session}");
    }
    tester.run("remove", &["--name", name, "--mine", "--yes", "--ignore-not-found"]).expect(0);
}
