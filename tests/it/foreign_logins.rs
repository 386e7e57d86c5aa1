//! Logins of clients that are not ours: curl's own NTLM, MIT's SPNEGO with Debian's gss-ntlmssp (by way of curl), and
//! .NET's. Where bodies may be clear each is served, whatever it leaves out; where they must be sealed, who cannot seal
//! is refused at the end, and the log says why. `tests/interop/test_logins.py` does the same with pyspnego.

use std::path::Path;
use std::process::Stdio;

use pssession::simulator::{OperationKind, Simulator, SimulatorBuilder};
use secrecy::ExposeSecret as _;

use crate::support::pwsh::pwsh;
use crate::support::tools;

const SOAP: &str = "Content-Type: application/soap+xml;charset=UTF-8";
const IDENTIFY: &str = concat!(
    r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope""#,
    r#" xmlns:wsmid="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">"#,
    r#"<s:Header/><s:Body><wsmid:Identify/></s:Body></s:Envelope>"#,
);

fn lax() -> SimulatorBuilder {
    Simulator::builder().allow_unencrypted()
}

/// Why the simulator refused logins.
fn reasons(simulator: &Simulator) -> Vec<String> {
    simulator.world().lock().unwrap().log().filter_map(|entry| entry.reason.clone()).collect()
}

fn identified(simulator: &Simulator) -> usize {
    simulator.world().lock().unwrap().count(OperationKind::Identify)
}

/// Runs curl once: the HTTP status, and all that it wrote.
async fn curl(simulator: &Simulator, password: &str, more: &[&str]) -> (String, String) {
    let home = tempfile::tempdir().unwrap();
    // curl reads the password from a file, and so does gss-ntlmssp: neither shows it in the process list.
    let config = home.path().join("config");
    let user = simulator.user();
    let login = match more.contains(&"--negotiate") {
        true => "user = \":\"".to_owned(),
        false => format!("user = \"{}:{password}\"", user.replace('\\', "\\\\")),
    };
    std::fs::write(&config, login).unwrap();
    let users = home.path().join("users");
    std::fs::write(&users, format!("{}:{password}\n", user.replace('\\', ":"))).unwrap();
    let output = tokio::process::Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "20", "--write-out", "\n%{http_code}", "--config"])
        .arg(&config)
        .args(["--header", SOAP, "--data-binary", IDENTIFY])
        .args(more)
        .arg(simulator.url())
        .env("NTLM_USER_FILE", &users)
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (text, status) = text.rsplit_once('\n').unwrap();
    (status.to_owned(), format!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}

fn has_gss_ntlmssp() -> bool {
    let folder = Path::new("/etc/gss/mech.d");
    let there = std::fs::read_dir(folder).is_ok_and(|files| {
        files
            .flatten()
            .any(|file| std::fs::read_to_string(file.path()).is_ok_and(|text| text.contains("gssntlmssp.so")))
    });
    tools::has("curl") && tools::needs("gss-ntlmssp", there)
}

#[tokio::test(flavor = "multi_thread")]
async fn curls_own_ntlm_is_served_in_clear_and_refused_at_the_end_where_bodies_must_be_sealed() {
    if !tools::has("curl") {
        return;
    }
    let simulator = lax().start().await.unwrap();
    let password = simulator.password().expose_secret().to_owned();
    let (status, text) = curl(&simulator, &password, &["--ntlm"]).await;
    assert!(
        status == "200" && text.contains("IdentifyResponse"),
        "{status} {text} {:?}",
        reasons(&simulator)
    );
    let (status, _) = curl(&simulator, "wrong", &["--ntlm"]).await;
    assert_eq!((status.as_str(), reasons(&simulator)), ("401", vec![WRONG_PASSWORD.to_owned()]));

    let strict = Simulator::builder().start().await.unwrap();
    let password = strict.password().expose_secret().to_owned();
    let (status, _) = curl(&strict, &password, &["--ntlm"]).await;
    assert_eq!((status.as_str(), strict.handshakes()), ("401", 1), "a challenge was given");
    assert_eq!(reasons(&strict), ["flags missing: SEAL, 128"]);
}

const WRONG_PASSWORD: &str = "the NTLMv2 response does not fit the password";

#[tokio::test(flavor = "multi_thread")]
async fn gss_ntlmssp_negotiates_with_a_signed_list_of_mechanisms_and_without_seal() {
    if !has_gss_ntlmssp() {
        return;
    }
    let simulator = lax().start().await.unwrap();
    let password = simulator.password().expose_secret().to_owned();
    let (status, text) = curl(&simulator, &password, &["--negotiate"]).await;
    assert!(
        status == "200" && text.contains("IdentifyResponse"),
        "{status} {text} {:?}",
        reasons(&simulator)
    );
    let (status, _) = curl(&simulator, "wrong", &["--negotiate"]).await;
    assert_eq!((status.as_str(), reasons(&simulator)), ("401", vec![WRONG_PASSWORD.to_owned()]));

    let strict = Simulator::builder().start().await.unwrap();
    let password = strict.password().expose_secret().to_owned();
    let (status, _) = curl(&strict, &password, &["--negotiate"]).await;
    assert_eq!((status.as_str(), reasons(&strict)), ("401", vec!["flags missing: SEAL".to_owned()]));
}

/// Asks as .NET does under each scheme with each protection level; one line for each.
async fn dotnet(simulator: &Simulator) -> Option<Vec<String>> {
    let home = tempfile::tempdir().unwrap();
    let script = format!(
        "$ErrorActionPreference = 'Stop'; Add-Type -Path '{}'; \
         foreach ($scheme in 'Negotiate', 'NTLM') {{ foreach ($level in 'None', 'Sign', 'EncryptAndSign') {{ \
         $said = [NegotiateClient]::Ask($env:URL, $env:LOGIN, $env:SECRET, $scheme, $level, '{IDENTIFY}'); \
         \"$scheme $level $($said -replace '^(\\d+) .*IdentifyResponse.*$', '$1 identified')\" }} }}",
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/NegotiateClient.cs").display()
    );
    let powershell = pwsh(home.path())?
        .variable("URL", &simulator.url())
        .variable("LOGIN", &simulator.user())
        .variable("SECRET", simulator.password().expose_secret());
    let ran = tokio::task::spawn_blocking(move || powershell.run(&script));
    let (stdout, code, all) = ran.await.unwrap();
    assert_eq!(code, Some(0), "{all}");
    Some(stdout.lines().map(str::to_owned).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn dotnets_ntlm_is_served_at_each_protection_level_where_bodies_may_be_clear() {
    let simulator = lax().start().await.unwrap();
    let Some(lines) = dotnet(&simulator).await else { return };
    let expected: Vec<_> = ["Negotiate", "NTLM"]
        .iter()
        .flat_map(|scheme| {
            ["None", "Sign", "EncryptAndSign"].map(|level| format!("{scheme} {level} 200 identified"))
        })
        .collect();
    assert_eq!((lines, identified(&simulator)), (expected, 6), "{:?}", reasons(&simulator));
}

#[tokio::test(flavor = "multi_thread")]
async fn dotnets_ntlm_must_seal_where_bodies_must_be_sealed() {
    let simulator = Simulator::builder().start().await.unwrap();
    let Some(lines) = dotnet(&simulator).await else { return };
    let expected = [
        "Negotiate None 401",
        "Negotiate Sign 401",
        "Negotiate EncryptAndSign 200 identified",
        "NTLM None 401",
        "NTLM Sign 401",
        "NTLM EncryptAndSign 200 identified",
    ];
    assert_eq!(lines, expected);
    assert_eq!(reasons(&simulator), ["flags missing: SEAL"; 4]);
}
