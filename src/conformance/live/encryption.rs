//! Messages that the login encrypts (MS-WSMV 2.2.9.1, Encrypted Message Types).

use super::ask::{Facts, Over};
use super::check::{LiveCheck, Needs};
use super::envelope::Envelope;
use super::seen::Seen;
use super::verdict::{Next, failed, judged, passed};
use crate::conformance::section::{Section, section};
use crate::transport::RawEncryption;

const MESSAGES: Section = section("MS-WSMV", "2.2.9.1", "Encrypted Message Types");
const METADATA: Section = section("MS-WSMV", "2.2.9.1.1.2.1", "Metadata Fields");

pub(super) const CHECKS: &[LiveCheck] = &[
    LiveCheck::new(
        "encryption/answer",
        "the answer to an encrypted request is encrypted",
        MESSAGES,
        "an encrypted answer whose signature and length are right",
        Needs::Encryption,
        answer,
    ),
    LiveCheck::new(
        "encryption/content-type",
        "an encrypted answer says how it is encrypted",
        section("MS-WSMV", "2.2.9.1.1.1", "HTTP Headers"),
        "Content-Type multipart/encrypted with the protocol and the boundary Encrypted Boundary",
        Needs::Encryption,
        content_type,
    ),
    LiveCheck::new(
        "encryption/tabs",
        "a frame whose headers begin with a tab is read",
        METADATA,
        "the request is answered",
        Needs::Encryption,
        tabs,
    ),
    LiveCheck::new(
        "encryption/bytes",
        "the length of a message counts bytes",
        METADATA,
        "a request with characters of several bytes is answered",
        Needs::Encryption,
        bytes,
    ),
    LiveCheck::new(
        "encryption/altered",
        "an altered message is refused",
        section("MS-NLMP", "3.4.4", "Message Signature Functions"),
        "no answer of the operation: an error status, or the connection is closed",
        Needs::Encryption,
        altered,
    ),
    LiveCheck::new(
        "encryption/in-clear",
        "a message in clear is refused where the login encrypts",
        section("MS-WSMV", "3.1.4.1.28", "Security"),
        "no answer of the operation, unless the service has AllowUnencrypted",
        Needs::Encryption,
        in_clear,
    ),
];

fn answer(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::get_absent(facts).ask().next() };
    let encrypted = first.answer()?.encrypted;
    judged(encrypted, if encrypted { "encrypted" } else { "in clear" })
}

fn content_type(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::get_absent(facts).ask().next() };
    let said = &first.answer()?.content_type;
    let lower = said.to_ascii_lowercase();
    let protocol = lower.contains("protocol=\"application/http-") && lower.contains("-session-encrypted\"");
    let holds = lower.starts_with("multipart/encrypted")
        && protocol
        && lower.contains("boundary=\"encrypted boundary\"");
    judged(holds, said)
}

fn tabs(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let ask = Envelope::get_absent(facts).ask().over(Over::NewLogin);
        return ask.encryption(RawEncryption::Indented).next();
    };
    first.fault_if_any()?;
    passed(first.describe())
}

fn bytes(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        return Envelope::get_absent(facts).body("<!-- \u{e4}\u{20ac}\u{1f600} -->").ask().next();
    };
    first.fault_if_any()?;
    passed(first.describe())
}

/// Passes if nobody has read the request.
fn is_not_read(seen: &Seen) -> Next {
    match &seen.answer {
        Ok(answer) if seen.fault_if_any().is_continue() => {
            failed(format!("HTTP {}: the message was read ({})", answer.status, seen.describe()))
        }
        Ok(answer) => judged(answer.status >= 400, format!("HTTP {}", answer.status)),
        Err(missing) if missing.is_silence => failed(&missing.why),
        Err(missing) => passed(&missing.why),
    }
}

fn altered(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let ask = Envelope::get_absent(facts).ask().over(Over::NewLogin);
        return ask.encryption(RawEncryption::Altered).next();
    };
    is_not_read(first)
}

fn in_clear(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let ask = Envelope::get_absent(facts).ask().over(Over::NewLogin);
        return ask.encryption(RawEncryption::InClear).next();
    };
    is_not_read(first)
}
