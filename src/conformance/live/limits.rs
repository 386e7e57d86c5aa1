//! Time limits and sizes.

use super::ask::{Facts, Over};
use super::check::{LiveCheck, Needs};
use super::envelope::{Envelope, OPTIMIZED, demanded, operation_timeout};
use super::seen::Seen;
use super::verdict::{Next, failed, judged, passed};
use crate::conformance::section::{Section, section};

const TIMEOUT: Section = section("DSP0226", "6.1", "wsman:OperationTimeout");
const ENVELOPE_SIZE: Section = section("MS-WSMV", "3.1.4.1.7", "wsman:MaxEnvelopeSize");

pub(super) const CHECKS: &[LiveCheck] = &[
    LiveCheck::new(
        "limits/negative-timeout",
        "a time limit below zero is refused",
        TIMEOUT,
        "a fault that is not the operation's own",
        Needs::Login,
        negative_timeout,
    ),
    LiveCheck::new(
        "limits/malformed-timeout",
        "a time limit that is no duration is refused",
        TIMEOUT,
        "a fault that is not the operation's own",
        Needs::Login,
        malformed_timeout,
    ),
    LiveCheck::new(
        "limits/no-timeout",
        "a request without a time limit has the service's own",
        section("MS-WSMV", "3.1.4.1.6", "wsman:OperationTimeout"),
        "the operation's own answer",
        Needs::Login,
        no_timeout,
    ),
    LiveCheck::new(
        "limits/long-timeout",
        "a time limit above the service's own is cut to that",
        section("MS-WSMV", "3.1.4.1.6", "wsman:OperationTimeout"),
        "the operation's own answer for P1D",
        Needs::Login,
        long_timeout,
    ),
    LiveCheck::new(
        "limits/small-envelope",
        "an answer below 8192 bytes cannot be demanded",
        ENVELOPE_SIZE,
        "fault EncodingLimit for MaxEnvelopeSize 8191",
        Needs::Login,
        small_envelope,
    ),
    LiveCheck::new(
        "limits/envelope-kept",
        "an answer is no larger than was asked",
        ENVELOPE_SIZE,
        "a listing of 8192 bytes at most, or fault EncodingLimit",
        Needs::Login,
        envelope_kept,
    ),
    LiveCheck::new(
        "limits/large-envelope",
        "a larger answer than the service's own may be allowed",
        ENVELOPE_SIZE,
        "the operation's own answer for MaxEnvelopeSize 2147483647",
        Needs::Login,
        large_envelope,
    ),
    LiveCheck::new(
        "limits/no-envelope-size",
        "a request without MaxEnvelopeSize has the service's own",
        ENVELOPE_SIZE,
        "the operation's own answer",
        Needs::Login,
        no_envelope_size,
    ),
    LiveCheck::new(
        "limits/large-request",
        "a request above MaxEnvelopeSizekb is refused",
        section("MS-WSMV", "3.1.4.1.20", "Inbound Message Size"),
        "HTTP 413, another error status or a closed connection for a request of 2 MB",
        Needs::Login,
        large_request,
    ),
    LiveCheck::new(
        "limits/max-elements-zero",
        "a page of no items is refused",
        section("DSP0226", "8.4", "Pull"),
        "a fault for MaxElements 0",
        Needs::Login,
        max_elements_zero,
    ),
];

/// The size of the request that is too large, in bytes: four times what Windows takes.
const LARGE: usize = 2_000_000;

/// The least size of an answer that may be demanded.
const LEAST: usize = 8_192;

fn with_timeout(facts: &Facts, text: &str) -> Next {
    Envelope::get_absent(facts).with("OperationTimeout", operation_timeout(text)).ask().next()
}

fn with_size(envelope: Envelope, size: &str) -> Envelope {
    envelope.with("MaxEnvelopeSize", demanded("w:MaxEnvelopeSize", size))
}

/// Passes if it is a fault of the header, and not that there is no such shell.
fn is_refused(seen: &Seen) -> Next {
    let fault = seen.fault()?;
    judged(fault.subcode.as_deref() != Some("InvalidSelectors"), seen.describe())
}

/// Passes if the request was understood: that there is no such shell.
fn is_understood(seen: &Seen) -> Next {
    seen.is_fault_of(&["InvalidSelectors"])
}

fn negative_timeout(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return with_timeout(facts, "PT-1S") };
    is_refused(first)
}

fn malformed_timeout(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return with_timeout(facts, "soon") };
    is_refused(first)
}

fn no_timeout(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        return Envelope::get_absent(facts).without("OperationTimeout").ask().next();
    };
    is_understood(first)
}

fn long_timeout(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return with_timeout(facts, "P1D") };
    is_understood(first)
}

fn small_envelope(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return with_size(Envelope::get_absent(facts), "8191").ask().next() };
    first.is_fault_of(&["EncodingLimit"])
}

fn envelope_kept(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        return with_size(Envelope::enumerate(facts, OPTIMIZED), "8192").ask().next();
    };
    if let Some(fault) = first.fault_if_any()?
        && !fault.is_access_denied()
    {
        return first.is_fault_of(&["EncodingLimit"]);
    }
    first.body(|_| ())?;
    let size = first.answer()?.body.len();
    judged(size <= LEAST, format!("{size} bytes"))
}

fn large_envelope(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return with_size(Envelope::get_absent(facts), "2147483647").ask().next() };
    is_understood(first)
}

fn no_envelope_size(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        return Envelope::get_absent(facts).without("MaxEnvelopeSize").ask().next();
    };
    is_understood(first)
}

fn large_request(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let padding = format!("<!--{}-->", "x".repeat(LARGE));
        return Envelope::get_absent(facts).body(padding).ask().over(Over::NewLogin).next();
    };
    match &first.answer {
        Err(missing) if missing.is_silence => failed(&missing.why),
        Err(missing) => passed(&missing.why),
        Ok(_) if first.fault_if_any().is_break() => first.is_refusal(),
        Ok(_) => is_refused(first),
    }
}

fn max_elements_zero(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let zero = "<w:OptimizeEnumeration/><w:MaxElements>0</w:MaxElements>";
        return Envelope::enumerate(facts, zero).ask().next();
    };
    first.fault()?;
    passed(first.describe())
}
