//! `pssession simulator` with TLS: what it prints is what our own command takes.

#[cfg(unix)]
use crate::support::simulator_process::Running;

#[cfg(unix)]
#[test]
fn its_pin_and_its_ca_file_are_what_our_options_take_and_its_trace_shows_the_listing() {
    let simulator = Running::start(&["--tls", "--extended-protection", "strict", "--trace"]);
    assert!(simulator.text("Url").starts_with("https://127.0.0.1:"), "{}", simulator.printed());
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

#[cfg(not(feature = "kerberos"))]
#[test]
fn a_build_without_kerberos_says_so_to_a_keytab() {
    let options = ["simulator", "--keytab", "http.keytab"];
    let run = crate::support::command::Pssession::new(options).run_blocking().expect(2);
    assert!(run.stderr.contains("this build does not include Kerberos"), "{}", run.stderr);
}
