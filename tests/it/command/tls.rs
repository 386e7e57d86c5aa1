//! HTTPS as the command goes it: each way in that is right, and each wrong one with its reason and what to do.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rcgen::{BasicConstraints, ExtendedKeyUsagePurpose, IsCa, date_time_ymd};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use super::{leaked, left, on};
use crate::support::command::{Pssession, Run};
use crate::support::tls::{Authority, BOTH, Leaf, TlsHost, self_signed};

/// An authority, its file, and a host that shows a certificate of it for `web01.lab` and 127.0.0.1.
struct Estate {
    authority: Authority,
    folder: TempDir,
}

impl Estate {
    fn new() -> Self {
        let estate = Self { authority: Authority::new("Lab CA"), folder: tempfile::tempdir().unwrap() };
        std::fs::write(estate.ca_file(), &estate.authority.pem).unwrap();
        estate
    }

    fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn ca(&self) -> [String; 2] {
        ["--ca-file".to_owned(), self.ca_file().to_str().unwrap().to_owned()]
    }

    fn leaf(&self) -> Leaf {
        self.authority.issue(&["web01.lab", "127.0.0.1", "::1"], |_| {})
    }
}

async fn host(leaf: &Leaf) -> TlsHost {
    TlsHost::start(leaked(), leaf, leaf.acceptor(BOTH)).await
}

/// `pssession get --on HOST --tls`, logged in.
fn get(host: &TlsHost, name: &str, more: &[String]) -> Pssession {
    let place = format!("{name}:{}", host.address.port());
    let args = ["get", "--on", &place, "--tls"].map(str::to_owned);
    Pssession::new([&args[..], more].concat()).login(&host.simulator)
}

/// It ends with 1 before anything was sent, with this reason and this advice.
#[track_caller]
fn refused(run: Run, host: &TlsHost, reason: &str, advice: &str) -> String {
    let run = run.expect(1);
    assert!(run.stdout.is_empty(), "{}", run.stdout);
    assert!(run.stderr.contains(reason), "{reason}:\n{}", run.stderr);
    let hint = run.stderr.split("hint: ").nth(1).unwrap_or_default();
    assert!(hint.contains(advice), "{advice}:\n{}", run.stderr);
    assert_eq!((host.simulator.handshakes(), host.simulator.failed_logons()), (0, 0), "a login was sent");
    run.stderr
}

fn pinned(pin: &str) -> Vec<String> {
    vec!["--certificate-pin".to_owned(), pin.to_owned()]
}

#[tokio::test]
async fn sessions_are_closed_over_tls_1_2_and_over_tls_1_3_with_an_authority_of_ones_own() {
    let estate = Estate::new();
    for version in [&TLS12, &TLS13] {
        let leaf = estate.leaf();
        let host = TlsHost::start(leaked(), &leaf, leaf.acceptor(&[version])).await;
        let place = host.address.to_string();
        let args = ["remove", "--on", &place, "--tls", "--owner", "*ci-runner", "--yes"].map(str::to_owned);
        let run = Pssession::new([&args[..], &estate.ca()].concat()).login(&host.simulator);
        let closed = run.run().await.expect(0).records();
        assert!(closed.len() == 2 && closed.iter().all(|record| record["Outcome"] == "Closed"));
        assert_eq!(left(&host.simulator).len(), 1);
        // A strict host has taken the channel binding, once.
        assert_eq!((host.simulator.handshakes(), host.simulator.failed_logons()), (1, 0));
    }
}

// Where the store is files. On Windows it is a part of the system, and Wine asks for a check of revocation.
#[cfg(not(windows))]
#[tokio::test]
async fn the_platforms_trust_store_is_believed() {
    let estate = Estate::new();
    let host = host(&estate.leaf()).await;
    let store = estate.ca_file();
    let run = get(&host, "127.0.0.1", &[]).env("SSL_CERT_FILE", store.to_str().unwrap());
    assert_eq!(run.run().await.expect(0).records().len(), 3);
    let other = estate.folder.path().join("other.pem");
    std::fs::write(&other, Authority::new("Another CA").pem).unwrap();
    let run = get(&host, "127.0.0.1", &[]).env("SSL_CERT_FILE", other.to_str().unwrap()).run().await;
    assert!(run.expect(1).stderr.contains("it is signed by an unknown authority"));
}

#[tokio::test]
async fn a_pin_is_enough_without_an_authority_and_without_the_name() {
    let estate = Estate::new();
    for leaf in [self_signed(&["somebody-else.lab"]), estate.authority.issue(&[], |_| {})] {
        let host = host(&leaf).await;
        for more in [
            pinned(&leaf.pin()),
            pinned(&format!("{},{}", estate.leaf().pin(), leaf.pin())),
            [pinned(&estate.leaf().pin()), pinned(&leaf.pin())].concat(),
            [pinned(&leaf.pin()), estate.ca().to_vec()].concat(),
        ] {
            assert_eq!(get(&host, "127.0.0.1", &more).run().await.expect(0).records().len(), 3);
        }
    }
}

#[tokio::test]
async fn in_powershells_spelling_the_options_are_the_same() {
    let leaf = self_signed(&["web01.lab"]);
    let host = host(&leaf).await;
    let port = host.address.port().to_string();
    let pin = leaf.pin();
    let words = ["Get-PSSession", "-ComputerName", "127.0.0.1", "-Port", &port, "-UseSSL"];
    let ours = ["--certificate-pin", &pin, "--tls-server-name", "web01.lab", "--output", "name"];
    let run = Pssession::new([&words[..], &ours].concat()).login(&host.simulator).run().await.expect(0);
    assert_eq!(run.stdout.lines().count(), 3, "{}", run.stdout);
}

#[tokio::test]
async fn a_host_may_be_called_otherwise_than_its_certificate_if_its_name_is_given() {
    let estate = Estate::new();
    let leaf = estate.authority.issue(&["web01.lab"], |_| {});
    let host = host(&leaf).await;
    let named = [estate.ca().to_vec(), vec!["--tls-server-name".to_owned(), "web01.lab".to_owned()]].concat();
    for name in ["127.0.0.1", "localhost"] {
        assert_eq!(get(&host, name, &named).run().await.expect(0).records().len(), 3, "{name}");
    }
    let port = host.address.port();
    let wrong = [estate.ca().to_vec(), vec!["--tls-server-name".to_owned(), "web02.lab".to_owned()]].concat();
    let run = get(&host, "127.0.0.1", &wrong).run().await.expect(1);
    assert!(run.stderr.contains("it is for web01.lab, but web02.lab was expected"), "{}", run.stderr);
    assert!(run.stderr.contains(&format!("https://127.0.0.1:{port}/wsman")), "{}", run.stderr);
    let none = [estate.ca().to_vec(), vec!["--tls-server-name".to_owned(), "10.0.0.7".to_owned()]].concat();
    let run = get(&host, "127.0.0.1", &none).run().await.expect(2);
    assert!(run.stderr.contains("\"10.0.0.7\" is not a DNS name"), "{}", run.stderr);
}

#[tokio::test]
async fn an_ipv6_address_is_reached_over_http_and_over_tls() {
    let Ok(listener) = TcpListener::bind("[::1]:0").await else {
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "SKIPPED: no IPv6 loopback on this machine");
        return;
    };
    let estate = Estate::new();
    let leaf = estate.leaf();
    let host = TlsHost::serve(leaked(), &leaf, leaf.acceptor(BOTH), listener).await;
    assert_eq!(get(&host, "[::1]", &estate.ca()).run().await.expect(0).records().len(), 3);

    let address = std::net::Ipv6Addr::LOCALHOST.into();
    let builder = pssession::simulator::Simulator::builder().world(leaked()).bind(address);
    let simulator = builder.start().await.unwrap();
    assert_eq!(on(&simulator, "get", &[]).run().await.expect(0).records().len(), 3);
}

#[tokio::test]
async fn a_self_signed_certificate_is_refused_and_its_pin_shown_to_be_compared() {
    let leaf = self_signed(&["127.0.0.1"]);
    let host = host(&leaf).await;
    let advice = format!("--certificate-pin {}={}", host.address, leaf.pin());
    let run = get(&host, "127.0.0.1", &Estate::new().ca()).run().await;
    let said = refused(run, &host, "not trusted: it is self-signed", &advice);
    assert!(said.contains("compare"), "{said}");
}

#[tokio::test]
async fn an_unknown_authority_is_refused_by_name() {
    let leaf = Authority::new("Rogue CA").issue(&["127.0.0.1"], |_| {});
    let host = host(&leaf).await;
    let run = get(&host, "127.0.0.1", &Estate::new().ca()).run().await;
    refused(run, &host, "it is signed by an unknown authority; its issuer is CN=Rogue CA", "--ca-file");
}

#[tokio::test]
async fn a_certificate_out_of_its_time_is_refused_with_the_time_and_a_pin_does_not_help() {
    let estate = Estate::new();
    let (expired, early) = (
        estate.authority.issue(&["127.0.0.1"], |params| {
            params.not_before = date_time_ymd(2019, 1, 1);
            params.not_after = date_time_ymd(2020, 2, 3);
        }),
        estate.authority.issue(&["127.0.0.1"], |params| {
            params.not_before = date_time_ymd(2090, 4, 5);
            params.not_after = date_time_ymd(2099, 1, 1);
        }),
    );
    for (leaf, reason) in [
        (expired, "it has expired: 2020-02-03T00:00:00Z"),
        (early, "it is not valid yet: 2090-04-05T00:00:00Z"),
    ] {
        let host = host(&leaf).await;
        for more in [estate.ca().to_vec(), pinned(&leaf.pin())] {
            let run = get(&host, "127.0.0.1", &more).run().await;
            refused(run, &host, reason, "clocks");
        }
    }
}

#[tokio::test]
async fn a_certificate_of_another_host_is_refused_with_the_names_that_it_has() {
    let estate = Estate::new();
    let leaf = estate.authority.issue(&["db01.lab", "db01"], |_| {});
    let host = host(&leaf).await;
    let run = get(&host, "127.0.0.1", &estate.ca()).run().await;
    let reason = "it is for db01.lab, db01, but 127.0.0.1 was expected";
    refused(run, &host, reason, "--tls-server-name db01.lab");
}

#[tokio::test]
async fn another_certificate_than_the_pinned_one_is_refused_even_if_an_authority_signed_it() {
    let estate = Estate::new();
    let leaf = estate.leaf();
    let host = host(&leaf).await;
    let more = [pinned(&estate.leaf().pin()), estate.ca().to_vec()].concat();
    let run = get(&host, "127.0.0.1", &more).run().await;
    let said = refused(run, &host, &format!("its pin {} does not match", leaf.pin()), "it is an attack");
    assert!(!said.contains("hint: trust"), "{said}");
}

#[tokio::test]
async fn a_certificate_for_another_purpose_is_refused() {
    let estate = Estate::new();
    let signer = estate.authority.issue(&["127.0.0.1"], |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    });
    let authority = estate.authority.issue(&["127.0.0.1"], |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    for (leaf, reason) in
        [(signer, "extended key usage"), (authority, "it is the certificate of an authority")]
    {
        let host = host(&leaf).await;
        let run = get(&host, "127.0.0.1", &estate.ca()).run().await;
        refused(run, &host, reason, "--certificate-pin");
    }
}

#[tokio::test]
async fn a_server_that_demands_a_client_certificate_is_told() {
    let estate = Estate::new();
    for version in [&TLS12, &TLS13] {
        let leaf = estate.leaf();
        let acceptor = leaf.acceptor_for(&[version], Some(&estate.authority));
        let host = TlsHost::start(leaked(), &leaf, acceptor).await;
        let run = get(&host, "127.0.0.1", &estate.ca()).run().await;
        refused(
            run,
            &host,
            "the server requires a client certificate",
            "not to require a client certificate",
        );
    }
}

#[tokio::test]
async fn a_pin_or_a_name_without_tls_is_a_mistake_that_is_told_before_anything_is_sent() {
    let pin = self_signed(&["web01.lab"]).pin();
    for more in [["--certificate-pin", &pin], ["--tls-server-name", "web01.lab"]] {
        let run = Pssession::new(["get", "--on", "web01", "--user", "ann", more[0], more[1]]).run().await;
        let run = run.expect(2);
        assert!(run.stderr.contains(&format!("{} requires TLS", more[0])), "{}", run.stderr);
    }
    let run = Pssession::new(["get", "--on", "web01", "--tls", "--certificate-pin", "sha1/AAAA"]).run().await;
    assert!(run.expect(2).stderr.contains("only sha256 is supported"));
    let both = ["--certificate-pin", &pin, "--dangerous-skip-certificate-check"];
    let run = Pssession::new([&["get", "--on", "web01", "--tls"][..], &both].concat()).run().await;
    assert!(run.expect(2).stderr.contains("cannot be used with"));
}

#[tokio::test]
async fn a_file_of_authorities_that_holds_none_is_named_before_anything_is_sent() {
    let estate = Estate::new();
    let host = host(&estate.leaf()).await;
    std::fs::write(estate.ca_file(), "hello").unwrap();
    let run = get(&host, "127.0.0.1", &estate.ca()).run().await.expect(2);
    assert!(run.stderr.contains("it contains no PEM certificate"), "{}", run.stderr);
    let hint = format!("{} must contain CERTIFICATE blocks in PEM", estate.ca_file().display());
    assert!(run.stderr.contains(&hint), "{}", run.stderr);
}

/// `openssl s_server`, which still speaks what nobody should.
struct OldServer {
    child: Child,
    port: u16,
}

impl OldServer {
    fn start(leaf: &Leaf, folder: &TempDir, version: &str) -> Option<Self> {
        let [certificate, key] = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
        std::fs::write(&certificate, &leaf.pem).unwrap();
        std::fs::write(&key, &leaf.key_pem).unwrap();
        Self::with(&certificate, &key, version)
    }

    fn with(certificate: &Path, key: &Path, version: &str) -> Option<Self> {
        let child = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", version, "-cipher", "ALL:@SECLEVEL=0"])
            .arg("-cert")
            .arg(certificate)
            .arg("-key")
            .arg(key)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = child.ok()?;
        let mut lines = BufReader::new(child.stdout.take()?).lines();
        // ACCEPT 127.0.0.1:40001
        let line = lines.find_map(|line| line.ok()?.strip_prefix("ACCEPT ").map(str::to_owned))?;
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { child, port: line.rsplit(':').next()?.parse().ok()? })
    }
}

impl Drop for OldServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_that_speaks_only_tls_1_0_or_1_1_is_told_with_a_way_out() {
    if !crate::support::tools::has_command("openssl", "version") {
        return;
    }
    let estate = Estate::new();
    for version in ["-tls1", "-tls1_1"] {
        let server = OldServer::start(&estate.leaf(), &estate.folder, version).expect("openssl serves");
        let place = format!("127.0.0.1:{}", server.port);
        let run = Pssession::new(["get", "--on", &place, "--tls", "--user", "ann"])
            .env("PSSESSION_PASSWORD", "x")
            .run()
            .await
            .expect(1);
        assert!(run.stderr.contains("supports neither TLS 1.2 nor TLS 1.3"), "{version}: {}", run.stderr);
        assert!(run.stderr.contains("enable TLS 1.2"), "{version}: {}", run.stderr);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_key_that_is_too_short_is_told_and_no_pin_helps() {
    if !crate::support::tools::has_command("openssl", "version") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let [certificate, key] = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=old", "-days", "9"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .unwrap();
    assert!(made.status.success());
    let server = OldServer::with(&certificate, &key, "-tls1_2").expect("openssl serves");
    let place = format!("127.0.0.1:{}", server.port);
    let pem = std::fs::read(&certificate).unwrap();
    let der =
        <tokio_rustls::rustls::pki_types::CertificateDer<'_> as PemObject>::from_pem_slice(&pem).unwrap();
    let pin = pssession::transport::CertificatePin::of(&der).to_string();
    for more in [["--certificate-pin", &pin].as_slice(), &["--dangerous-skip-certificate-check"]] {
        let args = [&["get", "--on", &place, "--tls", "--user", "ann"], more].concat();
        let run = Pssession::new(args).env("PSSESSION_PASSWORD", "x").run().await.expect(1);
        let reason = "certificate or its key cannot be used: its RSA key has 1024 bits";
        assert!(run.stderr.contains(reason), "{}", run.stderr);
        assert!(run.stderr.contains("an RSA key of at least 2048 bits"), "{}", run.stderr);
    }
}
