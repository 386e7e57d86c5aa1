//! Text files as Windows writes them: with a byte order mark, in UTF-8 and UTF-16.

use std::path::{Path, PathBuf};

use pssession::simulator::{Account, Simulator};
use secrecy::SecretString;
use tempfile::TempDir;

use super::leaked;
use crate::support::command::{Pssession, printing};
use crate::support::tls::{Authority, BOTH, TlsHost};

const PASSWORD: &str = "pässwörd €";

async fn host() -> Simulator {
    let account = Account::administrator("CONTOSO\\jürgen");
    Simulator::builder().world(leaked()).account(account, SecretString::from(PASSWORD)).start().await.unwrap()
}

/// What `Set-Content` of Windows PowerShell 5.1 writes for this line with `-Encoding` UTF8, Unicode and BigEndianUnicode.
fn set_content(line: &str) -> [Vec<u8>; 3] {
    let marked = format!("\u{feff}{line}\r\n");
    let utf16 = |unit: fn(u16) -> [u8; 2]| marked.encode_utf16().flat_map(unit).collect();
    [marked.as_bytes().to_vec(), utf16(u16::to_le_bytes), utf16(u16::to_be_bytes)]
}

fn file(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_password_that_powershell_wrote_to_a_file_logs_in_at_once() {
    let simulator = host().await;
    let (folder, address) = (tempfile::tempdir().unwrap(), simulator.address().to_string());
    let get = |source: &[&str]| {
        Pssession::new([&["get", "--on", &address, "--user", "CONTOSO\\jürgen"], source].concat())
    };
    for bytes in set_content(PASSWORD) {
        let password = file(&folder, "password.txt", &bytes);
        let command = printing(text(&password));
        for run in [
            get(&["--password-file", text(&password)]),
            get(&["--password-file", "-"]).stdin(&bytes),
            get(&["--password-command", &command]),
        ]
        // `type` translates UTF-16 into the code page of the console.
        .into_iter()
        .take(if cfg!(windows) { 2 } else { 3 })
        {
            assert_eq!(run.run().await.expect(0).records().len(), 3, "{bytes:x?}");
        }
    }
    assert_eq!(simulator.failed_logons(), 0);
}

#[tokio::test]
async fn a_list_of_hosts_that_powershell_wrote_is_read() {
    let simulator = host().await;
    let (folder, address) = (tempfile::tempdir().unwrap(), simulator.address().to_string());
    for bytes in set_content(&format!("{address} # büro")) {
        let list = file(&folder, "hosts.txt", &bytes);
        for run in [
            Pssession::new(["get", "--inventory", text(&list)]),
            Pssession::new(["get", "--inventory", "-"]).stdin(&bytes),
        ] {
            let run = run.env("PSSESSION_USER", "CONTOSO\\jürgen").env("PSSESSION_PASSWORD", PASSWORD);
            assert_eq!(run.run().await.expect(0).records().len(), 3, "{bytes:x?}");
        }
    }
}

#[tokio::test]
async fn a_config_that_powershell_wrote_is_read() {
    let simulator = host().await;
    let folder = tempfile::tempdir().unwrap();
    let config = format!("[group]\r\nburo = ['{}'] # büro", simulator.address());
    for bytes in set_content(&config) {
        let config = file(&folder, "config.toml", &bytes);
        let run = Pssession::new(["get", "--on", "@buro", "--config", text(&config)])
            .env("PSSESSION_USER", "CONTOSO\\jürgen")
            .env("PSSESSION_PASSWORD", PASSWORD);
        assert_eq!(run.run().await.expect(0).records().len(), 3, "{bytes:x?}");
    }
}

#[tokio::test]
async fn a_file_of_authorities_that_powershell_wrote_is_read() {
    let authority = Authority::new("Lab CA");
    let leaf = authority.issue(&["127.0.0.1"], |_| {});
    let host = TlsHost::start(leaked(), &leaf, leaf.acceptor(BOTH)).await;
    let (folder, address) = (tempfile::tempdir().unwrap(), host.address.to_string());
    let remark = [b"Stra\xdfe\n", authority.pem.as_bytes()].concat();
    for bytes in set_content(&authority.pem).into_iter().chain([remark]) {
        let authorities = file(&folder, "ca.pem", &bytes);
        let run = Pssession::new(["get", "--on", &address, "--tls", "--ca-file", text(&authorities)]);
        assert_eq!(run.login(&host.simulator).run().await.expect(0).records().len(), 3, "{bytes:x?}");
    }
}

#[tokio::test]
async fn a_password_in_no_known_encoding_is_refused_before_anything_is_sent() {
    let simulator = host().await;
    let (folder, address) = (tempfile::tempdir().unwrap(), simulator.address().to_string());
    // Latin 1, UTF-16 that breaks off, and a lone surrogate.
    for bytes in [&b"p\xe4ssw\xf6rd\r\n"[..], b"\xff\xfep\0\xe4", b"\xff\xfep\0\x00\xd8x\0"] {
        let password = file(&folder, "password.txt", bytes);
        let command = printing(text(&password));
        for source in [["--password-file", text(&password)], ["--password-command", &command]] {
            let args = [&["get", "--on", &address, "--user", "CONTOSO\\jürgen"], &source[..]].concat();
            let run = Pssession::new(args).run().await.expect(2);
            assert!(run.stderr.contains("UTF-16"), "{bytes:x?}: {}", run.stderr);
        }
    }
    assert_eq!(simulator.connections(), 0);
}

#[tokio::test]
async fn a_mark_in_the_environment_is_part_of_the_password() {
    let simulator = host().await;
    let run = Pssession::new(["get", "--on", &simulator.address().to_string()])
        .env("PSSESSION_USER", "CONTOSO\\jürgen")
        .env("PSSESSION_PASSWORD", &format!("\u{feff}{PASSWORD}"));
    run.run().await.expect(5);
    assert_eq!(simulator.failed_logons(), 1);
}
