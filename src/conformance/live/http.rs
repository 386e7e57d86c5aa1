//! What HTTP demands of the endpoint, before anybody has logged in.

use super::ask::{Ask, Facts, Over};
use super::check::{LiveCheck, Needs};
use super::envelope::{Envelope, identify};
use super::identify::anonymous_identify;
use super::seen::Seen;
use super::verdict::{Next, failed, judged};
use crate::conformance::section::{Section, section};

const UNAUTHORIZED: Section = section("RFC 9110", "15.5.2", "401 Unauthorized");
const WWW_AUTHENTICATE: Section = section("RFC 9110", "11.6.1", "WWW-Authenticate");
const NEGOTIATE: Section = section("RFC 4559", "4.1", "The WWW-Authenticate Response Header");
const TRANSPORT: Section = section("MS-WSMV", "2.1", "Transport");
const MEDIA_TYPE: Section = section("SOAP 1.2 part 2", "7.1.4", "HTTP Media-Type");
const STATUS: Section = section("SOAP 1.2 part 2", "7.5.2", "Behavior of Responding SOAP Node");

pub(super) const CHECKS: &[LiveCheck] = &[
    LiveCheck::new(
        "http/unauthorized",
        "an operation without Authorization is refused",
        UNAUTHORIZED,
        "HTTP 401",
        Needs::Nothing,
        unauthorized,
    ),
    LiveCheck::new(
        "http/challenge",
        "a 401 says how to log in",
        WWW_AUTHENTICATE,
        "at least one WWW-Authenticate header",
        Needs::Nothing,
        challenge,
    ),
    LiveCheck::new(
        "http/known-scheme",
        "a scheme that WinRM clients know is offered",
        TRANSPORT,
        "Negotiate, Kerberos, CredSSP or Basic is offered",
        Needs::Nothing,
        known_scheme,
    ),
    LiveCheck::new(
        "http/no-token-unasked",
        "the first Negotiate has no token",
        NEGOTIATE,
        "Negotiate without a token in answer to a request without Authorization",
        Needs::Nothing,
        no_token_unasked,
    ),
    LiveCheck::new(
        "http/unknown-scheme",
        "an unknown scheme of authentication is refused",
        UNAUTHORIZED,
        "HTTP 401",
        Needs::Nothing,
        unknown_scheme,
    ),
    LiveCheck::new(
        "http/persistent",
        "a refused request leaves the connection open",
        section("RFC 9112", "9.3", "Persistence"),
        "two requests on one connection are answered",
        Needs::Nothing,
        persistent,
    ),
    LiveCheck::new(
        "http/method",
        "a method that the resource does not have is refused",
        section("RFC 9110", "15.5.6", "405 Method Not Allowed"),
        "an error status in answer to GET",
        Needs::Nothing,
        method,
    ),
    LiveCheck::new(
        "http/path",
        "a path at which nothing is does not answer as the endpoint",
        section("RFC 9110", "15.5.5", "404 Not Found"),
        "an error status",
        Needs::Nothing,
        path,
    ),
    LiveCheck::new(
        "http/media-type",
        "an answer in clear has the media type of SOAP 1.2",
        MEDIA_TYPE,
        "Content-Type application/soap+xml",
        Needs::Nothing,
        media_type,
    ),
    LiveCheck::new(
        "http/unsupported-media-type",
        "an envelope under another media type is refused",
        section("RFC 9110", "15.5.16", "415 Unsupported Media Type"),
        "an error status",
        Needs::Nothing,
        unsupported_media_type,
    ),
    LiveCheck::new(
        "http/fault-status",
        "a fault has an error status",
        STATUS,
        "HTTP 500, or 400 for a fault of the sender",
        Needs::Login,
        fault_status,
    ),
    LiveCheck::new(
        "http/success-status",
        "an answer that is no fault has a success status",
        STATUS,
        "HTTP 200",
        Needs::Login,
        success_status,
    ),
];

/// The schemes that WinRM has.
const SCHEMES: [&str; 4] = ["Negotiate", "Kerberos", "CredSSP", "Basic"];

fn operation(facts: &Facts) -> Ask {
    Envelope::get_absent(facts).ask().over(Over::NoLogin)
}

fn unauthorized(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return operation(facts).next() };
    judged(first.answer()?.status == 401, first.describe())
}

fn challenge(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return operation(facts).next() };
    let answer = first.answer()?;
    judged(
        answer.status == 401 && !answer.challenges.is_empty(),
        format!("HTTP {}, {}", answer.status, answer.challenges),
    )
}

fn known_scheme(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return operation(facts).next() };
    let challenges = &first.answer()?.challenges;
    judged(SCHEMES.iter().any(|scheme| challenges.has(scheme)), challenges.to_string())
}

fn no_token_unasked(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return operation(facts).next() };
    let challenges = &first.answer()?.challenges;
    match challenges.token("Negotiate") {
        Some(_) => failed("Negotiate with a token"),
        None => judged(challenges.has("Negotiate"), format!("{challenges}, no token")),
    }
}

fn unknown_scheme(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return operation(facts).authorization("PssessionUnknown AAAA").next() };
    judged(first.answer()?.status == 401, first.describe())
}

fn persistent(facts: &Facts, seen: &[Seen]) -> Next {
    match seen {
        [] => operation(facts).next(),
        [first] if first.answer()?.closes => failed("Connection: close"),
        [_] => operation(facts).over(Over::SameWithoutLogin).next(),
        [first, second, ..] => {
            let (first, second) = (first.answer()?.status, second.answer()?.status);
            judged(first == second, format!("HTTP {first}, then {second}"))
        }
    }
}

fn method(_: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let mut ask = Ask::empty();
        ask.request.method = "GET".to_owned();
        return ask.next();
    };
    judged(first.answer()?.status >= 400, first.describe())
}

fn path(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let mut ask = anonymous_identify();
        ask.request.path = Some(format!("{}/pssession-no-such-path", facts.path.trim_end_matches('/')));
        return ask.next();
    };
    judged(first.answer()?.status >= 400, first.describe())
}

fn media_type(_: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return anonymous_identify().next() };
    let answer = first.answer()?;
    if answer.body.is_empty() {
        return failed(format!("HTTP {} without a body", answer.status));
    }
    let media = answer.content_type.split(';').next().unwrap_or_default().trim();
    judged(media.eq_ignore_ascii_case("application/soap+xml"), &answer.content_type)
}

fn unsupported_media_type(_: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return anonymous_identify().content_type("text/plain").next() };
    judged(first.answer()?.status >= 400, first.describe())
}

fn fault_status(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::get_absent(facts).ask().next() };
    let status = first.answer()?.status;
    let Some(fault) = first.fault_if_any()? else {
        return failed(format!("{} instead of a fault", first.describe()));
    };
    judged(status == 500 || (status == 400 && fault.sender == "Sender"), format!("HTTP {status}"))
}

fn success_status(_: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Ask::new(identify()).next() };
    first.body(|_| ())?;
    let status = first.answer()?.status;
    judged(status == 200, format!("HTTP {status}"))
}
