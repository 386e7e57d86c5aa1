//! The command through SPNEGO around NTLM, against an acceptor that is not ours: a whole teardown.

use std::fs;
use std::process::Command;

use pssession::transport::{Certificate, CertificatePin};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::command::{ALICE, leaked, left};
use crate::support::command::{Pssession, Run};
use crate::support::front::{Front, Identity};

const USER: &str = "LAB\\Ann";
const PASSWORD: &str = "Password";

/// A service that knows this account, and the folder of its file of users.
struct Service {
    front: Front,
    _folder: TempDir,
}

impl Service {
    async fn start(ntlm: &str) -> Option<Self> {
        Self::with(json!({"header": "Negotiate", "protocol": "negotiate", "ntlm": ntlm})).await
    }

    async fn with(settings: Value) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let users = folder.path().join("users");
        fs::write(&users, format!("LAB:Ann:{PASSWORD}\n")).unwrap();
        let front = Front::start(leaked(), settings, &[("NTLM_USER_FILE", &users)]).await?;
        Some(Self { front, _folder: folder })
    }

    fn host(&self) -> String {
        format!("localhost:{}", self.front.port())
    }

    /// The one event of this kind among what the service told.
    fn only(reported: &[Value], kind: &str) -> Value {
        let events: Vec<_> = reported.iter().filter(|event| event["event"] == kind).collect();
        assert_eq!(events.len(), 1, "{kind}: {reported:?}");
        events[0].clone()
    }

    /// Both sessions of the CI account are closed; what the service told of it is given back.
    #[track_caller]
    fn assert_closed(&self, run: &Run) -> Vec<Value> {
        let reported = self.front.reported();
        assert_eq!(run.code, 0, "{}\n{reported:?}", run.stderr);
        let outcomes: Vec<_> = run.records().iter().map(|record| record["Outcome"].clone()).collect();
        assert_eq!(outcomes, ["Closed", "Closed"]);
        assert_eq!(left(&self.front.simulator), [ALICE]);
        assert!(!reported.iter().any(|event| event["event"] == "failed"), "{reported:?}");
        reported
    }
}

fn remove(hosts: &str, password: &str, more: &[&str]) -> Pssession {
    let args = ["remove", "--on", hosts, "--owner", "*ci-runner", "--yes", "-o", "ndjson"];
    Pssession::new([&args, more].concat()).env("PSSESSION_USER", USER).env("PSSESSION_PASSWORD", password)
}

#[tokio::test]
async fn a_negotiation_closes_sessions_over_http_and_every_body_is_sealed() {
    for (ntlm, auth) in
        [("signed", "auto"), ("signed", "negotiate"), ("unsigned", "negotiate"), ("signed", "ntlm")]
    {
        let Some(service) = Service::start(ntlm).await else { return };
        let run = remove(&service.host(), PASSWORD, &["--auth", auth]).run().await;
        let reported = service.assert_closed(&run);
        let login = Service::only(&reported, "login");
        assert_eq!(login["principal"], USER, "{ntlm}, {auth}");
        // Its first token goes out at once.
        assert_eq!(login["round_trips"], 2, "{ntlm}, {auth}");
        let sealed = Service::only(&reported, "sealed");
        assert_eq!(
            (&sealed["header"], &sealed["protocol"]),
            (&json!(16), &json!("application/HTTP-SPNEGO-session-encrypted"))
        );
    }
}

#[tokio::test]
async fn over_https_the_negotiation_is_bound_to_the_certificate_and_nothing_is_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let Identity { certificate, key, binding: right } = Identity::write(folder.path(), "server");
    let wrong = Identity::write(folder.path(), "another").binding;
    for (binding, accepted) in [(&right, true), (&wrong, false)] {
        let settings = json!({
            "header": "Negotiate", "protocol": "negotiate", "ntlm": "signed",
            "certificate": certificate, "key": key, "binding": binding,
        });
        let Some(service) = Service::with(settings).await else { return };
        let args = ["--auth", "negotiate", "--tls", "--ca-file", &certificate];
        let run = remove(&service.host(), PASSWORD, &args).run().await;
        if accepted {
            let reported = service.assert_closed(&run);
            assert!(!reported.iter().any(|event| event["event"] == "sealed"), "{reported:?}");
        } else {
            let reported = service.front.reported();
            assert_eq!(run.code, 5, "{}", run.stderr);
            assert_eq!(Service::only(&reported, "failed")["error"], "BadBindingsError");
        }
    }
}

/// Certificate and key as OMI's installation makes them: RSA, X.509 version 1. Both the TLS and the login's judge are
/// not ours.
#[tokio::test]
async fn a_pinned_certificate_of_version_1_is_bound_as_another_service_computes_it() {
    let folder = tempfile::tempdir().unwrap();
    let openssl = |words: &str| {
        let made =
            Command::new("openssl").args(words.split(' ')).current_dir(folder.path()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    };
    if !crate::support::tools::has_command("openssl", "version") {
        return;
    }
    openssl("req -new -newkey rsa:2048 -nodes -subj /CN=omi.lab -keyout made.key -out made.csr");
    openssl("x509 -req -in made.csr -signkey made.key -days 9 -out made.pem");
    openssl("x509 -in made.pem -outform der -out made.der");
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    let text = |name: &str| String::from_utf8(read(name)).unwrap();
    let der = read("made.der");
    assert_eq!(Certificate::read(&der).unwrap().version, 1);
    let identity = Identity::of(folder.path(), "server", &der, &text("made.pem"), &text("made.key"));
    let Identity { certificate, key, binding } = identity;
    for (auth, tls) in [("negotiate", "TLSv1_2"), ("negotiate", "TLSv1_3"), ("ntlm", "TLSv1_3")] {
        let settings = json!({
            "header": "Negotiate", "protocol": "negotiate", "ntlm": "signed",
            "certificate": certificate, "key": key, "binding": binding, "tls": tls,
        });
        let Some(service) = Service::with(settings).await else { return };
        let pin = CertificatePin::of(&der).to_string();
        let args = ["--auth", auth, "--tls", "--certificate-pin", &pin];
        service.assert_closed(&remove(&service.host(), PASSWORD, &args).run().await);
    }
}

#[tokio::test]
async fn a_wrong_password_in_a_negotiation_is_one_failed_logon_on_two_hosts() {
    for auth in ["auto", "negotiate"] {
        let (Some(one), Some(two)) = (Service::start("signed").await, Service::start("signed").await) else {
            return;
        };
        let hosts = format!("{},{}", one.host(), two.host());
        let run = remove(&hosts, "password", &["--auth", auth]).run().await.expect(5);
        assert!(run.stderr.contains("refused the credential"), "{}", run.stderr);
        let reported = [one.front.reported(), two.front.reported()].concat();
        assert!(
            Service::only(&reported, "failed")["message"].as_str().unwrap().contains("Invalid NTLM response")
        );
        assert_eq!(left(&one.front.simulator).len(), 3);
    }
}

#[tokio::test]
async fn a_right_password_that_a_host_does_not_admit_is_that_hosts_failure_alone() {
    let denying = json!({"header": "Negotiate", "protocol": "negotiate", "ntlm": "signed", "denied": true});
    let (Some(denying), Some(other)) = (Service::with(denying).await, Service::start("signed").await) else {
        return;
    };
    let alone = remove(&denying.host(), PASSWORD, &[]).run().await.expect(1);
    assert!(alone.stderr.contains("denies access to LAB\\\\Ann"), "{}", alone.stderr);
    assert!(alone.stderr.contains("LocalAccountTokenFilterPolicy"), "{}", alone.stderr);
    // It is asked first, and the other goes on.
    let hosts = format!("{},{}", denying.host(), other.host());
    let run = remove(&hosts, PASSWORD, &[]).run().await.expect(4);
    assert_eq!(run.records().len(), 2, "{}", run.stderr);
    assert_eq!(left(&other.front.simulator), [ALICE]);
    let reported = denying.front.reported();
    assert_eq!(reported.iter().filter(|event| event["event"] == "denied").count(), 2, "{reported:?}");
}

#[tokio::test]
async fn where_ntlm_is_forbidden_no_token_is_sent() {
    let Some(service) = Service::start("signed").await else { return };
    for auth in ["negotiate", "ntlm"] {
        let run = remove(&service.host(), PASSWORD, &["--auth", auth, "--no-ntlm"]).run().await;
        assert_ne!(run.code, 0, "{}", run.stderr);
        let reported = service.front.reported();
        assert!(!reported.iter().any(|event| event["event"] == "login"), "{reported:?}");
        assert!(cfg!(feature = "kerberos") || run.stderr.contains("NTLM is disabled"), "{}", run.stderr);
    }
}
