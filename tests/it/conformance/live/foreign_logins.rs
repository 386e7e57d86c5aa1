//! The checks against a service whose logins and message encryption are not ours.

use pssession::Credential;
use pssession::conformance::live::{Selection, Suite};
use pssession::secrecy::SecretString;
use pssession::simulator::Profile;
use pssession::transport::HttpOptions;
use serde_json::json;

use super::{connector_to, run, suite, world};
use crate::support::front::Front;

/// What the script does in a way of its own: it is a login and a frame, and no WinRM service.
const OF_THE_SCRIPT: &[&str] = &[
    "http/media-type",
    "encryption/tabs",
    "identify/anonymous",
    "identify/no-profiles",
    "identify/no-version",
];

#[tokio::test]
async fn the_checks_pass_behind_an_acceptor_that_is_not_ours() {
    for ntlm in ["signed", "unsigned"] {
        let folder = tempfile::tempdir().unwrap();
        let users = folder.path().join("users");
        std::fs::write(&users, "LAB:Ann:Password\n").unwrap();
        let settings = json!({"header": "Negotiate", "protocol": "negotiate", "ntlm": ntlm});
        let world = world(Profile::Windows2022);
        let Some(front) = Front::start(world, settings, &[("NTLM_USER_FILE", &users)]).await else { return };
        let url = format!("http://localhost:{}/wsman", front.port());
        let credential = Credential::new("LAB\\Ann", SecretString::from("Password"));
        let selection = Selection::new([""; 0], OF_THE_SCRIPT).unwrap();
        let suite = Suite { selection, ..suite() };
        let report = run(&suite, &connector_to(&url, credential, HttpOptions::default())).await;
        // Without a MIC its challenge has no time.
        let expected: &[&str] = match ntlm {
            "unsigned" => &["authentication/ntlm-timestamp: no MsvAvTimestamp"],
            _ => &[],
        };
        assert_eq!(super::failures(&report), expected, "{ntlm}");
        assert!(report.stop.is_none(), "{:?}", report.stop);
        assert!(report.count("passed") > 120, "{}", report.count("passed"));
    }
}
