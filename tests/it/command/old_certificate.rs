//! Certificates of X.509 version 1, such as OMI's installation makes: explained, shown, and accepted by their pin alone.

use rcgen::date_time_ymd;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use super::{leaked, left};
use crate::support::command::Pssession;
use crate::support::tls::{Authority, BOTH, Leaf, TlsHost, self_signed, unchanging, version_1};

const REASON: &str = "it is X.509 version 1, but TLS requires version 3";

async fn host(leaf: &Leaf) -> TlsHost {
    TlsHost::start(leaked(), leaf, leaf.acceptor(BOTH)).await
}

fn command(host: &TlsHost, words: &[&str]) -> Pssession {
    let place = host.address.to_string();
    let words: Vec<String> = words.iter().map(|word| word.replace("HOST", &place)).collect();
    Pssession::new(words).login(&host.simulator)
}

/// A file of this certificate.
fn authority(folder: &tempfile::TempDir, pem: &str) -> String {
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, pem).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_certificate_of_version_1_is_refused_in_plain_words_with_its_pin() {
    let leaf = version_1(|_| {});
    let host = host(&leaf).await;
    let folder = tempfile::tempdir().unwrap();
    // No authority helps, and not itself among them either.
    for pem in [&Authority::new("Lab CA").pem, &leaf.pem] {
        let run = command(&host, &["get", "--on", "HOST", "--tls", "--ca-file", &authority(&folder, pem)]);
        let said = run.run().await.expect(1).stderr;
        assert!(said.contains(&format!("certificate is not trusted: {REASON}")), "{said}");
        assert!(said.contains(&format!("--certificate-pin {}={}", host.address, leaf.pin())), "{said}");
        assert!(!said.contains("UnsupportedCertVersion") && !said.contains("quickconfig"), "{said}");
    }
    assert_eq!((host.simulator.handshakes(), host.simulator.failed_logons()), (0, 0));
}

#[tokio::test]
async fn a_certificate_of_version_1_in_the_chain_is_named() {
    let root = Authority::new("Lab CA");
    let host = host(&root.issue_below_version_1(&["127.0.0.1"])).await;
    let folder = tempfile::tempdir().unwrap();
    let run = command(&host, &["get", "--on", "HOST", "--tls", "--ca-file", &authority(&folder, &root.pem)]);
    let said = run.run().await.expect(1).stderr;
    assert!(said.contains("a certificate of its chain is X.509 version 1 or 2"), "{said}");
}

#[tokio::test]
async fn identify_shows_a_certificate_of_version_1() {
    let leaf = version_1(|params| {
        params.not_before = date_time_ymd(2020, 1, 2);
        params.not_after = date_time_ymd(2090, 3, 4);
    });
    let host = host(&leaf).await;
    let folder = tempfile::tempdir().unwrap();
    let ca = authority(&folder, &Authority::new("Lab CA").pem);
    let run = command(&host, &["identify", "HOST", "--tls", "--ca-file", &ca]).run().await.expect(1);
    for line in [
        "Authentication  Negotiate",
        "TLS             TLS 1.3",
        "Certificate     CN=web01.lab",
        "Issuer          CN=web01.lab",
        "Valid           2020-01-02 to 2090-03-04 (",
        "Names           none",
        &format!("Pin             {}", leaf.pin()),
        &format!("Trust           NOT TRUSTED: {REASON}"),
    ] {
        assert!(run.stdout.contains(line), "{line} in\n{}", run.stdout);
    }
    assert!(
        run.stderr.contains(&format!("--certificate-pin {}={}", host.address, leaf.pin())),
        "{}",
        run.stderr
    );
    let run = command(&host, &["identify", "HOST", "--tls", "--certificate-pin", &leaf.pin()]);
    let run = run.run().await.expect(0);
    assert!(run.stdout.contains("Trust           it matches --certificate-pin"), "{}", run.stdout);
    let doctor = ["identify", "HOST", "--tls", "--doctor", "--certificate-pin", &leaf.pin()];
    let run = command(&host, &doctor).run().await.expect(0);
    assert!(run.stdout.contains("certificate CN=web01.lab"), "{}", run.stdout);
}

#[tokio::test]
async fn a_pinned_certificate_of_version_1_closes_sessions_and_binds_the_login() {
    for version in [&TLS12, &TLS13] {
        let leaf = version_1(|_| {});
        let host = TlsHost::start(leaked(), &leaf, leaf.acceptor(&[version])).await;
        let words =
            ["remove", "--on", "HOST", "--tls", "--owner", "*ci-runner", "--yes", "--certificate-pin"];
        let run = command(&host, &[&words[..], &[&leaf.pin()]].concat()).run().await;
        let closed = run.expect(0).records();
        assert!(closed.len() == 2 && closed.iter().all(|record| record["Outcome"] == "Closed"));
        assert_eq!(left(&host.simulator).len(), 1);
        // A strict host has taken the channel binding, once.
        assert_eq!((host.simulator.handshakes(), host.simulator.failed_logons()), (1, 0));
    }
}

#[tokio::test]
async fn whoever_shows_the_pinned_certificate_without_its_key_is_refused() {
    let (old, new) = (version_1(|_| {}), self_signed(&["127.0.0.1"]));
    for leaf in [&old, &new] {
        for (impostor, reason) in [
            (self_signed(&["impostor.lab"]), "not signed with the key of the server's certificate"),
            (unchanging("impostor.lab"), "signed with a different type of key"),
        ] {
            for version in [&TLS12, &TLS13] {
                let acceptor = leaf.acceptor_with_the_key_of(&impostor, &[version]);
                let host = TlsHost::start(leaked(), leaf, acceptor).await;
                assert_unreachable(&host, &leaf.pin(), reason).await;
            }
        }
    }
}

/// Neither a pin nor a switch helps, nothing is sent, and nothing is shown.
async fn assert_unreachable(host: &TlsHost, pin: &str, reason: &str) {
    for more in [["--certificate-pin", pin].as_slice(), &["--dangerous-skip-certificate-check"]] {
        for words in [&["get", "--on", "HOST", "--tls"][..], &["identify", "HOST", "--tls"]] {
            let run = command(host, &[words, more].concat()).run().await.expect(1);
            assert!(run.stdout.is_empty(), "{}", run.stdout);
            assert!(run.stderr.contains(reason), "{}", run.stderr);
            assert!(run.stderr.contains("hint: ") && !run.stderr.contains("quickconfig"), "{}", run.stderr);
        }
    }
    assert_eq!((host.simulator.connections(), host.simulator.handshakes()), (0, 0));
}

#[tokio::test]
async fn an_expired_certificate_of_version_1_is_refused_with_its_pin_and_without() {
    let leaf = version_1(|params| {
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 2, 3);
    });
    let host = host(&leaf).await;
    let folder = tempfile::tempdir().unwrap();
    for more in [["--certificate-pin", &leaf.pin()], ["--ca-file", &authority(&folder, &leaf.pem)]] {
        let run =
            command(&host, &[&["get", "--on", "HOST", "--tls"], &more[..]].concat()).run().await.expect(1);
        assert!(run.stderr.contains("it has expired: 2020-02-03T00:00:00Z"), "{}", run.stderr);
    }
    assert_eq!(host.simulator.handshakes(), 0);
}
