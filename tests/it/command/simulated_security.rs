//! `pssession simulator` with TLS: what it prints is what our own command takes.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Child;

use serde_json::Value;

use crate::support::command::Pssession;

/// A simulator at work, and what it printed.
struct Running {
    child: Child,
    printed: Value,
}

impl Running {
    fn start(options: &[&str]) -> Self {
        let words = ["simulator", "--shells", "3", "-o", "json"].iter().chain(options);
        let mut child = Pssession::new(words).spawn();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, printed: serde_json::from_str(&line).unwrap() }
    }

    fn text(&self, name: &str) -> &str {
        self.printed[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.printed))
    }

    /// Lists its shells with these options.
    fn list(&self, options: &[&str]) -> Pssession {
        let words = ["get", self.text("Url")];
        Pssession::new(words.iter().chain(options))
            .env("PSSESSION_USER", self.text("User"))
            .env("PSSESSION_PASSWORD", self.text("Password"))
    }

    /// Ends it, and gives what it wrote to stderr.
    fn end(mut self) -> String {
        let ended = std::process::Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(ended.success());
        let mut stderr = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        stderr
    }
}

#[cfg(unix)]
#[test]
fn its_pin_and_its_ca_file_are_what_our_options_take_and_its_trace_shows_the_listing() {
    let simulator = Running::start(&["--tls", "--extended-protection", "strict", "--trace"]);
    assert!(simulator.text("Url").starts_with("https://127.0.0.1:"), "{}", simulator.printed);
    let ca_file = simulator.text("CaFile").to_owned();
    let pin = simulator.text("CertificatePin").to_owned();
    let password = simulator.text("Password").to_owned();
    for options in [["--ca-file", &ca_file], ["--certificate-pin", &pin]] {
        assert_eq!(simulator.list(&options).run_blocking().expect(0).records().len(), 3);
    }
    assert_ne!(simulator.list(&[]).run_blocking().code, 0, "nobody else vouches for it");
    let trace = simulator.end();
    assert!(trace.contains("MIC announced, channel binding"), "{trace}");
    assert!(trace.contains("/EnumerateResponse</a:Action>"), "{trace}");
    assert!(!trace.contains(&password), "{trace}");
    assert!(!std::path::Path::new(&ca_file).exists(), "the CA file is there only as long as the simulator");
}

#[cfg(unix)]
#[test]
fn a_hardened_server_takes_basic_over_tls_if_it_is_told_to() {
    let simulator = Running::start(&["--profile", "2025-hardened", "--allow-basic", "--trace"]);
    let ca_file = simulator.text("CaFile").to_owned();
    let basic = ["--ca-file", &ca_file, "--auth", "basic"];
    assert_eq!(simulator.list(&basic).run_blocking().expect(0).records().len(), 3);
    assert_ne!(simulator.list(&["--ca-file", &ca_file, "--auth", "ntlm"]).run_blocking().code, 0);
    assert!(
        simulator.end().contains("answered 401: another mechanism expected, NTLM sent: NTLM is off here")
    );
}
