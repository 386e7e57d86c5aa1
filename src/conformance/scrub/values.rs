//! What stands in each element and attribute, and which of it is of the protocol.

use std::borrow::Cow;
use std::net::IpAddr;

use url::{Host, Url};
use uuid::Uuid;

use super::placeholders::{Placeholders, ReplacedKind};
use super::vocabulary;
use crate::wsman::uri as uris;
use crate::wsman::xml::Element;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueKind {
    /// A number, a duration, a truth value, a size or a version: it stays if it looks like one.
    Scalar,
    /// A word of a list of the protocol.
    Word,
    /// A URI of the protocol, or the resource of a session configuration.
    Uri,
    /// A language.
    Language,
    /// A code of a fault, or a type, with a prefix.
    QualifiedName,
    /// The URL of an endpoint.
    Url,
    /// `DOMAIN\name`, `name@realm` or a name.
    Account,
    /// A host name or an address.
    Host,
    /// An id, which is mostly a GUID.
    Id,
    /// The name of an option or a selector.
    Key,
    /// A stream, in base64.
    Stream,
    /// Never of the protocol.
    Scrubbed(ReplacedKind),
}

impl ValueKind {
    /// What the text of an element is.
    pub(super) fn of_text(element: Element<'_>, text: &str) -> Self {
        let is_fault = matches!(element.local(), "Text" | "Message" | "ProviderFault" | "MessageArguments");
        match (element.namespace(), element.local()) {
            (uris::ADDRESSING, "Action") | (uris::WSMAN, "ResourceURI" | "FaultDetail") => Self::Uri,
            (uris::ADDRESSING, "To" | "Address") => Self::Url,
            (uris::ADDRESSING, "MessageID" | "RelatesTo") => Self::Id,
            (uris::SOAP, "Value") => Self::QualifiedName,
            (uris::SOAP | uris::WSMAN_FAULT | uris::WMI_ERROR, _) if is_fault => {
                Self::Scrubbed(ReplacedKind::Message)
            }
            (uris::WSMAN, "Selector") if element.attribute("Name").is_some_and(is_about_an_id) => Self::Id,
            (uris::WSMAN, "OperationTimeout" | "MaxEnvelopeSize" | "MaxElements" | "Option") => Self::Scalar,
            (uris::ENUMERATION, "MaxElements" | "Expires" | "MaxTime" | "MaxCharacters") => Self::Scalar,
            (uris::WSMAN, "EnumerationMode") => Self::Word,
            (uris::ENUMERATION, "EnumerationContext") => Self::Id,
            (uris::WSMV, "SessionId" | "OperationID" | "ActivityId") => Self::Id,
            (uris::WSMV, "SequenceId") => Self::Scalar,
            (uris::WSMV, "CompressionType") => Self::Word,
            (uris::IDENTITY | uris::SOAP, "ProtocolVersion") => Self::Uri,
            (uris::IDENTITY | uris::SOAP, "ProductVendor") => Self::Word,
            (uris::IDENTITY | uris::SOAP, "ProductVersion") => Self::Scalar,
            (uris::SHELL | uris::CIM_SHELL, local) => Self::of_shell(local, text),
            (uris::POWERSHELL, "creationXml" | "connectXml" | "connectResponseXml") => Self::Stream,
            (uris::WMI_ERROR, "CIMStatusCode" | "error_Code" | "PerceivedSeverity" | "ProbableCause") => {
                Self::Scalar
            }
            (uris::WMI_ERROR, "error_Type" | "OwningEntity") => Self::Word,
            (namespace, _) if is_config(namespace) => Self::Scalar,
            _ => Self::Scrubbed(ReplacedKind::Other),
        }
    }

    /// What a field of a shell or of a body about shells is.
    fn of_shell(local: &str, text: &str) -> Self {
        match local {
            "ShellId" | "CommandId" => Self::Id,
            "ResourceUri" => Self::Uri,
            "Owner" => Self::Account,
            "ClientIP" => Self::Host,
            "Name" => Self::Scrubbed(ReplacedKind::Name),
            "Locale" | "DataLocale" => Self::Language,
            "Code" => Self::Uri,
            "State" | "CommandState" | "InputStreams" | "OutputStreams" | "DesiredStream" | "BufferMode"
            | "CompressionMode" | "Encoding" | "ProfileLoaded" => Self::Word,
            "ProcessId" | "IdleTimeOut" | "MaxIdleTimeOut" | "ShellRunTime" | "ShellInactivity"
            | "MemoryUsed" | "ChildProcesses" | "ExitCode" | "Lifetime" => Self::Scalar,
            "Stream" => Self::Stream,
            // An argument of a pipeline is its first message; one of a command is text.
            "Arguments" if is_messages(text) => Self::Stream,
            "Command" | "Arguments" | "CommandLine" | "WorkingDirectory" => {
                Self::Scrubbed(ReplacedKind::CommandLine)
            }
            "Variable" => Self::Scrubbed(ReplacedKind::Environment),
            _ => Self::Scrubbed(ReplacedKind::Other),
        }
    }

    /// What an attribute is.
    pub(super) fn of_attribute(element: Element<'_>, namespace: &str, local: &str) -> Self {
        match (namespace, element.local(), local) {
            (uris::XML, _, "lang") => Self::Language,
            (uris::SOAP, _, "mustUnderstand" | "relay") | (_, _, "MustComply" | "End" | "IsCIM_Error") => {
                Self::Scalar
            }
            (uris::SCHEMA_INSTANCE, _, "nil") => Self::Scalar,
            (uris::SCHEMA_INSTANCE, _, "type") | ("", "Option", "Type") => Self::QualifiedName,
            ("", _, "ShellId" | "CommandId" | "providerId") => Self::Id,
            ("", "CommandState", "State") | ("", "Filter", "Dialect") => Self::Uri,
            ("", "WSManFault", "Code") | ("", "Stream", "Unit" | "SequenceID") => Self::Scalar,
            ("", "WSManFault", "Machine") => Self::Host,
            ("", "ProviderFault", "provider" | "path") => Self::Scrubbed(ReplacedKind::Message),
            ("", "Option" | "Selector", "Name") => Self::Key,
            ("", "Stream", "Name") => Self::Word,
            ("", "Variable", "Name") => Self::Scrubbed(ReplacedKind::Environment),
            ("", "Shell", "Name") => Self::Scrubbed(ReplacedKind::Name),
            _ => Self::Scrubbed(ReplacedKind::Other),
        }
    }
}

fn is_config(namespace: &str) -> bool {
    namespace.starts_with("http://schemas.microsoft.com/wbem/wsman/1/config") && vocabulary::is_uri(namespace)
}

fn is_about_an_id(name: &str) -> bool {
    name.eq_ignore_ascii_case("ShellId") || name.eq_ignore_ascii_case("CommandId")
}

fn is_messages(text: &str) -> bool {
    use base64::Engine as _;
    let payload = base64::engine::general_purpose::STANDARD.decode(text.trim());
    payload.is_ok_and(|payload| crate::conformance::fragments::read(&payload).is_some())
}

/// The value as it may be kept. GUIDs become those of the recording, whatever they stand for.
pub(super) fn scrub<'v>(kind: ValueKind, text: &'v str, known: &mut Placeholders) -> Cow<'v, str> {
    match kind {
        ValueKind::Scalar if is_scalar(text) => Cow::Borrowed(text),
        ValueKind::Word if vocabulary::are_words(text) => Cow::Borrowed(text),
        ValueKind::Language if is_language(text) => Cow::Borrowed(text),
        ValueKind::Key if vocabulary::is_key(text) => Cow::Borrowed(text),
        ValueKind::Uri => uri(text, known),
        ValueKind::QualifiedName => qualified_name(text, known),
        ValueKind::Url => url(text, known).into(),
        ValueKind::Account => account(text, known).into(),
        ValueKind::Host => host(text, known).into(),
        ValueKind::Scrubbed(kind) => id(text, known).unwrap_or_else(|| known.of(kind, text)).into(),
        ValueKind::Id => id(text, known).unwrap_or_else(|| known.of(ReplacedKind::Id, text)).into(),
        _ => id(text, known).unwrap_or_else(|| known.of(ReplacedKind::Other, text)).into(),
    }
}

/// A number, a duration, a truth value, a size, an HRESULT, or the versions that Identify answers.
pub(super) fn is_scalar(text: &str) -> bool {
    let truth = ["true", "false", "yes", "no"].iter().any(|word| text.eq_ignore_ascii_case(word));
    let size = ["KB", "MB", "GB", "B"].iter().any(|unit| text.strip_suffix(unit).is_some_and(is_number));
    let code = text
        .strip_prefix("HRESULT 0x")
        .is_some_and(|code| code.len() <= 8 && code.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let labels = ["OS: ", "SP: ", "Stack: "];
    let product = labels.iter().fold(text.to_owned(), |rest, label| rest.replacen(label, "", 1));
    truth || is_number(text) || is_duration(text) || size || code || product.split(' ').all(is_version)
}

fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    text.len() <= MAX_SCALAR && digits(whole.strip_prefix('-').unwrap_or(whole)) && digits(part)
}

/// `P1DT2H3M4.5S` (XML Schema, duration).
fn is_duration(text: &str) -> bool {
    let Some(fields) = text.strip_prefix('-').unwrap_or(text).strip_prefix('P') else { return false };
    let is_part = |one: char| one.is_ascii_digit() || "YMWDTHS.".contains(one);
    text.len() <= MAX_SCALAR
        && fields.contains(|one: char| one.is_ascii_digit())
        && fields.chars().all(is_part)
}

/// Numbers with dots between them, which are no address.
pub(super) fn is_version(text: &str) -> bool {
    let is_part = |part: &str| is_number(part) && !part.starts_with('-');
    let is_serialization = text == "1.1.0.1";
    text.len() <= MAX_SCALAR
        && text.split('.').all(is_part)
        && (is_serialization || text.parse::<IpAddr>().is_err())
}

/// The longest number, duration or version, in characters.
const MAX_SCALAR: usize = 24;

/// A language tag of two parts at most (RFC 5646): `en`, `en-US`, `zh-Hans`.
fn is_language(text: &str) -> bool {
    let (language, region) = text.split_once('-').unwrap_or((text, ""));
    let letters = |text: &str, sizes: &[usize]| {
        sizes.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    letters(language, &[2, 3]) && letters(region, &[0, 2, 4])
}

/// A URI of the protocol, or a placeholder.
pub(super) fn uri<'v>(text: &'v str, known: &mut Placeholders) -> Cow<'v, str> {
    if vocabulary::is_uri(text) {
        return Cow::Borrowed(text);
    }
    let configuration = text.strip_prefix(uris::POWERSHELL_PREFIX);
    match configuration {
        Some(name) => {
            let name = known.of(ReplacedKind::Configuration, name);
            format!("{}{name}", uris::POWERSHELL_PREFIX).into()
        }
        None => format!("http://{}.invalid/", known.of(ReplacedKind::Vocabulary, text)).into(),
    }
}

pub(super) fn prefix<'v>(text: &'v str, known: &mut Placeholders) -> Cow<'v, str> {
    if vocabulary::is_prefix(text) {
        return Cow::Borrowed(text);
    }
    known.of(ReplacedKind::Vocabulary, text).into()
}

pub(super) fn name<'v>(text: &'v str, known: &mut Placeholders) -> Cow<'v, str> {
    if vocabulary::is_name(text) {
        return Cow::Borrowed(text);
    }
    known.of(ReplacedKind::Vocabulary, text).into()
}

fn qualified_name<'v>(text: &'v str, known: &mut Placeholders) -> Cow<'v, str> {
    match text.split_once(':') {
        Some((head, local)) if vocabulary::is_code(local) => {
            format!("{}:{local}", prefix(head, known)).into()
        }
        None if vocabulary::is_code(text) => Cow::Borrowed(text),
        _ => known.of(ReplacedKind::Vocabulary, text).into(),
    }
}

/// The placeholder of a GUID, also behind `uuid:`; nothing for other text.
fn id(text: &str, known: &mut Placeholders) -> Option<String> {
    let (scheme, guid) = match text.split_once(':') {
        Some((scheme, guid)) if scheme.eq_ignore_ascii_case("uuid") => (format!("{scheme}:"), guid),
        _ => (String::new(), text),
    };
    let guid = known.guid(Uuid::try_parse(guid).ok()?).to_string();
    Some(format!("{scheme}{}", guid.to_ascii_uppercase()))
}

/// A host name or an address.
pub(super) fn host(text: &str, known: &mut Placeholders) -> String {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        return known.address(address).to_string();
    }
    if text.is_empty() || text.eq_ignore_ascii_case("localhost") {
        return text.to_owned();
    }
    known.of(ReplacedKind::Host, text)
}

/// An endpoint's URL with another host; of the path and the query only what is of the protocol.
fn url(text: &str, known: &mut Placeholders) -> String {
    const PATHS: [&str; 4] = ["/", "/wsman", "/powershell", "/wsman-anon/identify"];
    if vocabulary::is_uri(text) {
        return text.to_owned();
    }
    let Ok(url) = Url::parse(text) else { return known.of(ReplacedKind::Other, text) };
    let host = match url.host() {
        Some(Host::Domain(name)) if matches!(url.scheme(), "http" | "https") => host(name, known),
        Some(Host::Ipv4(address)) => known.address(address.into()).to_string(),
        Some(Host::Ipv6(address)) => format!("[{}]", known.address(address.into())),
        _ => return known.of(ReplacedKind::Other, text),
    };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let path = match url.path() {
        path if PATHS.iter().any(|known| path.eq_ignore_ascii_case(known)) => path.to_owned(),
        path => format!("/{}", known.of(ReplacedKind::Other, path)),
    };
    let query = match url.query() {
        None => String::new(),
        Some(query) if query.strip_prefix("PSVersion=").is_some_and(is_version) => format!("?{query}"),
        Some(query) => format!("?{}", known.of(ReplacedKind::Other, query)),
    };
    format!("{}://{host}{port}{path}{query}", url.scheme())
}

/// `DOMAIN\name`, `name@realm`, a SID or a name, each part by itself.
fn account(text: &str, known: &mut Placeholders) -> String {
    if text.len() > 2 && text.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("S-")) {
        known.of(ReplacedKind::Sid, text)
    } else if let Some((domain, name)) = text.split_once('\\') {
        format!("{}\\{}", self::domain(domain, known), known.of(ReplacedKind::User, name))
    } else if let Some((name, realm)) = text.split_once('@') {
        format!("{}@{}", known.of(ReplacedKind::User, name), self::domain(realm, known))
    } else {
        known.of(ReplacedKind::User, text)
    }
}

/// A local account's domain is its machine, which may be known as a host.
fn domain(text: &str, known: &mut Placeholders) -> String {
    match known.get(ReplacedKind::Host, text) {
        Some(host) => host.to_owned(),
        None => known.of(ReplacedKind::Domain, text),
    }
}
