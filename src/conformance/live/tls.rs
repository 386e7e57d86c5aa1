//! What TLS shows of the endpoint. Whether its certificate is trusted is decided before, by the options of the connection.

use super::ask::Facts;
use super::check::{LiveCheck, Needs};
use super::seen::Seen;
use super::verdict::{Next, Or, failed, judged, reported, skipped};
use crate::conformance::section::{Section, section};
use crate::transport::{Certificate, TlsFound};

const VALIDITY: Section = section("RFC 5280", "4.1.2.5", "Validity");

pub(super) const CHECKS: &[LiveCheck] = &[
    LiveCheck::new(
        "tls/certificate-validity",
        "the certificate is valid now",
        VALIDITY,
        "now lies between notBefore and notAfter",
        Needs::Tls,
        validity,
    ),
    LiveCheck::new(
        "tls/certificate-name",
        "the certificate names the host",
        section("RFC 9110", "4.3.4", "https Certificate Verification"),
        "a subjectAltName that is the name by which the endpoint is reached",
        Needs::Tls,
        certificate_name,
    ),
    LiveCheck::new(
        "tls/certificate-version",
        "the certificate has a version that TLS libraries take",
        section("RFC 5280", "4.1.2.1", "Version"),
        "X.509 version 3",
        Needs::Tls,
        certificate_version,
    ),
    LiveCheck::new(
        "tls/version",
        "the newest version of TLS is spoken",
        section("RFC 8446", "1", "Introduction"),
        "open question: TLS 1.3 or 1.2",
        Needs::Tls,
        version,
    ),
];

fn found(facts: &Facts) -> Or<&TlsFound> {
    match &facts.tls {
        Some(found) => Or::Continue(found),
        None if facts.is_tls => skipped("no TLS handshake came about"),
        None => skipped("the endpoint is reached over plain HTTP"),
    }
}

fn certificate(facts: &Facts) -> Or<&Certificate> {
    match &found(facts)?.certificate {
        Some(certificate) => Or::Continue(certificate),
        None => failed("the certificate cannot be read"),
    }
}

fn validity(facts: &Facts, _: &[Seen]) -> Next {
    let certificate = certificate(facts)?;
    if facts.now < certificate.not_before {
        return failed("notBefore is in the future");
    }
    judged(
        facts.now <= certificate.not_after,
        if facts.now <= certificate.not_after { "valid" } else { "notAfter has passed" },
    )
}

fn certificate_name(facts: &Facts, _: &[Seen]) -> Next {
    let names = &certificate(facts)?.names;
    let host = facts.host.trim_start_matches('[').trim_end_matches(']');
    let shown = if names.is_empty() { "no subjectAltName".to_owned() } else { names.join(", ") };
    judged(names.iter().any(|name| is_named(name, host)), format!("{shown} for {host}"))
}

/// RFC 6125 6.4.3, Checking of Wildcard Certificates: the left-most label alone.
fn is_named(name: &str, host: &str) -> bool {
    if name.eq_ignore_ascii_case(host) {
        return true;
    }
    let behind = host.split_once('.').map(|(_, behind)| behind);
    name.strip_prefix("*.").zip(behind).is_some_and(|(rest, behind)| rest.eq_ignore_ascii_case(behind))
}

fn certificate_version(facts: &Facts, _: &[Seen]) -> Next {
    let certificate = certificate(facts)?;
    judged(!certificate.is_too_old_for_tls(), format!("version {}", certificate.version))
}

fn version(facts: &Facts, _: &[Seen]) -> Next {
    match found(facts)?.version {
        Some(version) => reported(version.to_string()),
        None => skipped("the handshake ended before the version was agreed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_one_label() {
        assert!(is_named("Web01.lab", "web01.LAB") && is_named("*.lab", "web01.lab"));
        assert!(
            !is_named("*.lab", "a.web01.lab") && !is_named("*.lab", "lab") && !is_named("lab", "web01.lab")
        );
    }
}
