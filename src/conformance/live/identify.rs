//! Identify: what the service says of itself.

use super::ask::{Ask, Facts, Over};
use super::check::{LiveCheck, Needs};
use super::envelope::identify;
use super::seen::Seen;
use super::verdict::{Next, Or, failed, judged, passed, reported};
use crate::conformance::section::{Section, section};
use crate::wsman::uri;
use crate::wsman::xml::Element;

const DISCOVERY: Section = section("DSP0226", "11", "Metadata and discovery");
const WINDOWS: Section = section("MS-WSMV", "3.1.4.1.23", "Metadata and Discovery");

pub(super) const CHECKS: &[LiveCheck] = &[
    LiveCheck::new(
        "identify/anonymous",
        "Identify is answered without a login",
        WINDOWS,
        "IdentifyResponse in answer to WSMANIDENTIFY: unauthenticated",
        Needs::Nothing,
        anonymous,
    ),
    LiveCheck::new(
        "identify/without-header",
        "Identify without its HTTP header is an operation like others",
        WINDOWS,
        "HTTP 401",
        Needs::Nothing,
        without_header,
    ),
    LiveCheck::new(
        "identify/no-profiles",
        "an anonymous client does not get the security profiles",
        WINDOWS,
        "no SecurityProfiles in the anonymous answer",
        Needs::Nothing,
        no_profiles,
    ),
    LiveCheck::new(
        "identify/no-version",
        "an anonymous client does not get the version of the operating system",
        DISCOVERY,
        "ProductVersion says OS: 0.0.0, or nothing of an OS",
        Needs::Nothing,
        no_version,
    ),
    LiveCheck::new(
        "identify/logged-in",
        "Identify is answered to somebody who has logged in",
        WINDOWS,
        "IdentifyResponse",
        Needs::Login,
        logged_in,
    ),
    LiveCheck::new(
        "identify/protocol-version",
        "the protocol is WS-Management",
        DISCOVERY,
        "ProtocolVersion http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
        Needs::Login,
        protocol_version,
    ),
    LiveCheck::new(
        "identify/vendor",
        "the product has a vendor",
        DISCOVERY,
        "a ProductVendor that is not empty",
        Needs::Login,
        vendor,
    ),
    LiveCheck::new(
        "identify/namespace",
        "the answer is in Identify's namespace",
        DISCOVERY,
        "IdentifyResponse in http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd",
        Needs::Login,
        namespace,
    ),
    LiveCheck::new(
        "identify/product",
        "which product and version answers",
        DISCOVERY,
        "open question: which servers answer as they do here",
        Needs::Login,
        product,
    ),
];

/// Identify as a client without a login asks it.
pub(super) fn anonymous_identify() -> Ask {
    let mut ask = Ask::new(identify()).over(Over::NoLogin);
    ask.request.unauthenticated_identify = true;
    ask
}

/// Reads the answer, whatever its namespace.
fn response<T>(seen: &Seen, read: impl FnOnce(Element<'_>) -> T) -> Or<T> {
    let found = seen.body(|body| body.child_named("IdentifyResponse").map(read))?;
    match found {
        Some(value) => Or::Continue(value),
        None => failed(format!("{} instead of IdentifyResponse", seen.describe())),
    }
}

/// The text of one of the answer's elements.
fn text(seen: &Seen, local: &str) -> Or<String> {
    response(seen, |response| response.child_named(local).map_or("", Element::text).to_owned())
}

fn anonymous(_: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return anonymous_identify().next() };
    response(first, |_| ())?;
    passed("IdentifyResponse")
}

fn without_header(_: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Ask::new(identify()).over(Over::NoLogin).next() };
    judged(first.answer()?.status == 401, first.describe())
}

fn no_profiles(_: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return anonymous_identify().next() };
    let has_profiles = response(first, |response| response.child_named("SecurityProfiles").is_some())?;
    judged(!has_profiles, if has_profiles { "SecurityProfiles" } else { "no SecurityProfiles" })
}

fn no_version(_: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return anonymous_identify().next() };
    let version = text(first, "ProductVersion")?;
    let os = version.split_once("OS:").map(|(_, os)| os.trim_start());
    judged(os.is_none_or(|os| os.starts_with("0.0.0")), version)
}

fn logged_in(_: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Ask::new(identify()).next() };
    response(first, |_| ())?;
    passed("IdentifyResponse")
}

fn protocol_version(_: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Ask::new(identify()).next() };
    let version = text(first, "ProtocolVersion")?;
    judged(version == uri::WSMAN, version)
}

fn vendor(_: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Ask::new(identify()).next() };
    let vendor = text(first, "ProductVendor")?;
    judged(!vendor.is_empty(), if vendor.is_empty() { "none".to_owned() } else { vendor })
}

fn namespace(_: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Ask::new(identify()).next() };
    let namespace = response(first, |response| response.namespace().to_owned())?;
    judged(namespace == uri::IDENTITY, namespace)
}

fn product(_: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Ask::new(identify()).next() };
    reported(format!("{}, {}", text(first, "ProductVendor")?, text(first, "ProductVersion")?))
}
