//! How each check is made to fail: one row a check.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use pssession::simulator::{InjectedFault, OperationKind, World};

use super::broken_server::{Change, Message, OnTheWire};

/// What is wrong with the server of a row.
#[derive(Clone, Copy)]
pub(super) enum Breakage {
    Clear(Change),
    Wire(OnTheWire),
    /// The world itself.
    World(fn(&mut World)),
    /// It takes bodies in clear.
    Unencrypted,
    /// It refuses the credential.
    Password,
    /// Its account may not list.
    NoListing,
    /// Its certificate.
    Certificate(Flaw),
}

#[derive(Clone, Copy)]
pub(super) enum Flaw {
    Expired,
    OtherName,
    Version1,
    /// TLS 1.2 alone.
    OldTls,
}

/// What the check then says.
#[derive(Clone, Copy)]
pub(super) enum Expected {
    Failed,
    /// An open question has no verdict; what it reports follows the server.
    Reported(&'static str),
}

use Breakage::{Certificate, Clear, NoListing, Password, Unencrypted, Wire};
use Change::{Answer, InClear, Instead, Later, Request, Status};
use Expected::{Failed, Reported};

const ANONYMOUS: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous";
const GET: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get";
const SHELL: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell";
const CMD: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd";
const POWERSHELL: &str = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell";
const NO_CONFIGURATION: &str = "http://schemas.microsoft.com/powershell/PssessionNoSuchConfiguration";
const DONE: &str =
    r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body/></s:Envelope>"#;
const FAULT: &str = r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code></s:Fault></s:Body></s:Envelope>"#;

/// Each fault has another subcode than it should.
const OTHER_FAULT: Breakage = Clear(Answer("<s:Subcode><s:Value>w:", "<s:Subcode><s:Value>w:Other"));
const OTHER_ENUMERATION_FAULT: Breakage =
    Clear(Answer("<s:Subcode><s:Value>n:", "<s:Subcode><s:Value>n:Other"));
const OTHER_CONFIGURATION: Breakage = Clear(Request(NO_CONFIGURATION, POWERSHELL));
/// Each answer has something in its body.
const FULL_BODY: Breakage = Clear(Answer("<s:Body></s:Body>", r#"<s:Body><y xmlns="urn:y"/></s:Body>"#));
const CONFIG_AS_OTHER: Breakage = Clear(Answer(":Config", ":Other"));

/// The rows, in no order.
pub(super) const ROWS: &[(&str, Breakage, Expected)] = &[
    ("http/unauthorized", Wire(|_, answer| answer.set_status(404)), Failed),
    ("http/challenge", Wire(|_, answer| answer.set("www-authenticate", None)), Failed),
    (
        "http/known-scheme",
        Wire(|_, answer| answer.set("www-authenticate", Some("Digest realm=\"x\""))),
        Failed,
    ),
    (
        "http/no-token-unasked",
        Wire(|_, answer| answer.set("www-authenticate", Some("Negotiate AAAA"))),
        Failed,
    ),
    ("http/unknown-scheme", Wire(|_, answer| answer.set_status(200)), Failed),
    ("http/persistent", Wire(|_, answer| answer.set("connection", Some("close"))), Failed),
    ("http/method", Wire(|_, answer| answer.set_status(200)), Failed),
    ("http/path", Wire(|_, answer| answer.set_status(200)), Failed),
    ("http/media-type", Wire(|_, answer| answer.set("content-type", Some("text/xml"))), Failed),
    ("http/unsupported-media-type", Wire(|_, answer| answer.set_status(200)), Failed),
    ("http/fault-status", Clear(Status(200)), Failed),
    ("http/success-status", Clear(Status(500)), Failed),
    ("authentication/login", Password, Failed),
    ("authentication/per-connection", Wire(lets_everybody_in), Failed),
    ("authentication/malformed-token", Wire(|_, answer| answer.set_status(200)), Failed),
    ("authentication/ntlm-challenge", Wire(|_, answer| with_token(answer, |_| vec![0; 3])), Failed),
    (
        "authentication/ntlm-flags",
        Wire(|_, answer| with_token(answer, |token| without_flag(token, 0x20))),
        Failed,
    ),
    (
        "authentication/ntlm-target-info",
        Wire(|_, answer| with_token(answer, |token| rename_pair(token, 1))),
        Failed,
    ),
    (
        "authentication/ntlm-timestamp",
        Wire(|_, answer| with_token(answer, |token| rename_pair(token, 7))),
        Failed,
    ),
    ("authentication/ntlm-nonce", Wire(|_, answer| with_token(answer, without_nonce)), Failed),
    ("authentication/spnego-challenge", Wire(|_, answer| with_token(answer, |_| REJECT.to_vec())), Failed),
    (
        "authentication/spnego-unknown-mechanism",
        Wire(|_, answer| with_token(answer, |_| INCOMPLETE.to_vec())),
        Failed,
    ),
    ("authentication/principal", Clear(Status(200)), Reported("the login was negotiate")),
    ("authentication/unauthorized-account", NoListing, Reported("AccessDenied (5)")),
    ("tls/certificate-validity", Certificate(Flaw::Expired), Failed),
    ("tls/certificate-name", Certificate(Flaw::OtherName), Failed),
    ("tls/certificate-version", Certificate(Flaw::Version1), Failed),
    ("tls/version", Certificate(Flaw::OldTls), Reported("TLS 1.2")),
    ("encryption/answer", Clear(InClear), Failed),
    (
        "encryption/content-type",
        Wire(|_, answer| {
            if answer.header("content-type").is_some_and(|value| value.starts_with("multipart")) {
                answer.set("content-type", Some("multipart/encrypted"));
            }
        }),
        Failed,
    ),
    (
        "encryption/tabs",
        Wire(|request, answer| {
            if request.body.windows(4).any(|part| part == b"\n\tOr") {
                answer.set_status(400);
                answer.body.clear();
            }
        }),
        Failed,
    ),
    ("encryption/bytes", Clear(Instead("\u{20ac}", 400, "")), Failed),
    ("encryption/altered", Wire(answers_anyhow), Failed),
    ("encryption/in-clear", Unencrypted, Failed),
    ("identify/anonymous", Clear(Answer("IdentifyResponse", "Response")), Failed),
    ("identify/without-header", Wire(|_, answer| answer.set_status(200)), Failed),
    (
        "identify/no-profiles",
        Clear(Answer("<wsmid:ProductVendor>", "<wsmid:SecurityProfiles/><wsmid:ProductVendor>")),
        Failed,
    ),
    ("identify/no-version", Clear(Answer("OS: 0.0.0", "OS: 10.0.1")), Failed),
    ("identify/logged-in", Clear(Answer("IdentifyResponse", "Response")), Failed),
    ("identify/protocol-version", Clear(Answer("wsman.xsd</", "other.xsd</")), Failed),
    ("identify/vendor", Clear(Answer("Microsoft Corporation", "")), Failed),
    ("identify/namespace", Clear(Answer("identity/1/wsmanidentity.xsd", "identity/2/other.xsd")), Failed),
    ("identify/product", Clear(Answer("Microsoft Corporation", "Example Inc.")), Reported("Example Inc.")),
    ("addressing/relates-to", Clear(Answer("a:RelatesTo", "a:Other")), Failed),
    ("addressing/fault-relates-to", Clear(Answer("a:RelatesTo", "a:Other")), Failed),
    ("addressing/message-id", Clear(Answer("a:MessageID", "a:Other")), Failed),
    ("addressing/action", Clear(Answer("EnumerateResponse</a:", "Enumerate</a:")), Failed),
    ("addressing/fault-action", Clear(Answer("/fault</a:", "/other</a:")), Failed),
    ("addressing/to", Clear(Answer("anonymous</a:To>", "other</a:To>")), Failed),
    (
        "addressing/no-action",
        Clear(Request(
            "<a:MessageID>",
            "<a:Action>http://schemas.xmlsoap.org/ws/2004/09/transfer/Get</a:Action><a:MessageID>",
        )),
        Failed,
    ),
    (
        "addressing/no-message-id",
        Clear(Request("<s:Header>", "<s:Header><a:MessageID>uuid:1</a:MessageID>")),
        Failed,
    ),
    (
        "addressing/no-resource-uri",
        Clear(Request(
            "<s:Header>",
            "<s:Header><w:ResourceURI>http://schemas.microsoft.com/wbem/wsman/1/windows/shell</w:ResourceURI>",
        )),
        Failed,
    ),
    ("addressing/unknown-action", Clear(Request("http://example.com/pssession/NoSuchAction", GET)), Failed),
    (
        "addressing/unknown-resource",
        Clear(Request("http://example.com/pssession/NoSuchResource", SHELL)),
        Failed,
    ),
    (
        "addressing/no-reply-to",
        Clear(Request(
            "<s:Header>",
            "<s:Header><a:ReplyTo><a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>",
        )),
        Failed,
    ),
    ("addressing/reply-elsewhere", Clear(Request("http://example.invalid/pssession", ANONYMOUS)), Failed),
    ("addressing/fault-elsewhere", Clear(Request("http://example.invalid/pssession", ANONYMOUS)), Failed),
    ("addressing/prefixes", Clear(Instead("xmlns:q1", 400, "")), Failed),
    ("addressing/order", Clear(Instead("</a:To></s:Header>", 400, "")), Failed),
    ("addressing/selector-case", Clear(Request("SHELLID", "OTHER")), Failed),
    ("must-understand/true", Clear(Request(r#"s:mustUnderstand="true">x</u:"#, ">x</u:")), Failed),
    ("must-understand/one", Clear(Request(r#"s:mustUnderstand="1">x</u:"#, ">x</u:")), Failed),
    (
        "must-understand/false",
        Clear(Request(r#"s:mustUnderstand="false">x</u:"#, r#"s:mustUnderstand="true">x</u:"#)),
        Failed,
    ),
    (
        "must-understand/unqualified",
        Clear(Request(r#" mustUnderstand="true">x</u:"#, r#" s:mustUnderstand="true">x</u:"#)),
        Failed,
    ),
    (
        "must-understand/before-the-operation",
        Clear(Request(r#"s:mustUnderstand="true">x</u:"#, ">x</u:")),
        Failed,
    ),
    (
        "must-understand/locale",
        Clear(Request(r#"<w:Locale xml:lang="en-US" s:mustUnderstand="true"/>"#, "")),
        Failed,
    ),
    ("must-understand/activity-id", Clear(Request("p:ActivityId", "p:Novelty")), Failed),
    (
        "must-understand/names-the-header",
        Clear(Answer("<s:Header>", "<s:Header><s:NotUnderstood/>")),
        Reported("a NotUnderstood header"),
    ),
    ("enumerate/optimized", Clear(Answer("<w:EndOfSequence/>", "")), Failed),
    ("enumerate/plain", Clear(Answer("n:EnumerationContext", "n:Other")), Failed),
    ("enumerate/items", Clear(Answer("rsp:ShellId", "rsp:Other")), Failed),
    ("enumerate/pull", Clear(Answer("<n:EndOfSequence/>", "")), Failed),
    ("enumerate/same-shells", Clear(Answer("<n:Items>", r#"<n:Items><rsp:Shell/>"#)), Failed),
    ("enumerate/max-elements", Clear(Request("MaxElements>1<", "MaxElements>9<")), Failed),
    ("enumerate/pull-after-end", OTHER_ENUMERATION_FAULT, Failed),
    ("enumerate/pull-unknown-context", OTHER_ENUMERATION_FAULT, Failed),
    ("enumerate/release", FULL_BODY, Failed),
    ("enumerate/pull-after-release", OTHER_ENUMERATION_FAULT, Failed),
    ("enumerate/release-unknown-context", OTHER_ENUMERATION_FAULT, Failed),
    ("enumerate/empty-body", OTHER_FAULT, Failed),
    ("enumerate/unknown-resource", OTHER_CONFIGURATION, Failed),
    ("enumerate/filter", OTHER_ENUMERATION_FAULT, Failed),
    ("enumerate/commands-filter", Clear(Answer("s:Sender", "s:Receiver")), Failed),
    ("enumerate/commands-of-no-shell", OTHER_FAULT, Failed),
    ("enumerate/foreign-shells", NoListing, Reported("this account may list nothing")),
    ("get/no-such-shell", OTHER_FAULT, Failed),
    ("get/no-selector", OTHER_FAULT, Failed),
    ("get/unknown-selector", OTHER_FAULT, Failed),
    ("get/no-guid", OTHER_FAULT, Failed),
    ("get/two-selectors", OTHER_FAULT, Failed),
    ("get/unknown-resource", OTHER_CONFIGURATION, Failed),
    (
        "get/listed-shell",
        Clear(Request("B6631D8E-65A0-49F2-9053-A1B156C95777", "0C2C5D0E-4B17-4B3C-8E0E-5C7A1D0B9A22")),
        Failed,
    ),
    (
        "get/fragment",
        Clear(Request(r#"<w:FragmentTransfer s:mustUnderstand="true">Name</w:FragmentTransfer>"#, "")),
        Failed,
    ),
    ("signal/no-such-shell", OTHER_FAULT, Failed),
    ("signal/no-code", OTHER_FAULT, Failed),
    ("signal/empty-body", OTHER_FAULT, Failed),
    ("signal/unknown-resource", OTHER_CONFIGURATION, Failed),
    ("delete/no-such-shell", OTHER_FAULT, Failed),
    ("delete/repeated", Clear(Later("w:InvalidSelectors", "w:Other")), Failed),
    ("delete/through-plugin", OTHER_FAULT, Failed),
    ("delete/unknown-resource", OTHER_CONFIGURATION, Failed),
    ("faults/code", Clear(Answer("<s:Value>s:Sender", "<s:Value>s:Client")), Failed),
    ("faults/subcode", Clear(Answer("<s:Value>w:", "<s:Value>")), Failed),
    ("faults/reason", Clear(Answer("s:Reason", "s:Other")), Failed),
    ("faults/language", Clear(Answer(r#"s:Text xml:lang="en-US""#, "s:Text")), Failed),
    ("faults/detail", Clear(Answer("wsman/1/wsman/faultDetail/", "wsman/1/other/")), Failed),
    ("faults/number", Clear(Answer(r#" Code="2"#, r#" Code="0x2"#)), Failed),
    ("faults/machine", Clear(Answer(" Machine=", " Other=")), Failed),
    ("faults/number-of-no-shell", Clear(Answer(r#" Code="2150858843"#, r#" Code="2150858842"#)), Failed),
    (
        "faults/malformed",
        Clear(Request("</s:Header><s:Body>", "</s:Header><s:Body></s:Body></s:Envelope>")),
        Failed,
    ),
    ("faults/document-type", Clear(Request("<!DOCTYPE s:Envelope [<!ENTITY e \"x\">]>", "")), Failed),
    (
        "faults/soap-version",
        Clear(Request(
            "http://schemas.xmlsoap.org/soap/envelope/",
            "http://www.w3.org/2003/05/soap-envelope",
        )),
        Failed,
    ),
    ("faults/processing-instruction", Clear(Request("<?pssession x?>", "")), Reported("InvalidSelectors")),
    ("limits/negative-timeout", Clear(Request("PT-1S", "PT1S")), Failed),
    ("limits/malformed-timeout", Clear(Request(">soon<", ">PT1S<")), Failed),
    ("limits/no-timeout", OTHER_FAULT, Failed),
    ("limits/long-timeout", OTHER_FAULT, Failed),
    ("limits/small-envelope", Clear(Request(">8191<", ">8192<")), Failed),
    ("limits/envelope-kept", Clear(Request(">8192<", ">153600<")), Failed),
    ("limits/large-envelope", OTHER_FAULT, Failed),
    ("limits/no-envelope-size", OTHER_FAULT, Failed),
    (
        "limits/large-request",
        Wire(|request, answer| {
            if request.body.len() > 1_000_000 {
                answer.set_status(200)
            }
        }),
        Failed,
    ),
    ("limits/max-elements-zero", Clear(Request("MaxElements>0<", "MaxElements>1<")), Failed),
    ("quotas/config", CONFIG_AS_OTHER, Failed),
    ("quotas/envelope-size", Clear(Answer(":MaxEnvelopeSizekb", ":Other")), Failed),
    ("quotas/timeout", Clear(Answer(":MaxTimeoutms", ":Other")), Failed),
    ("quotas/shells-per-user", Clear(Answer(":MaxShellsPerUser", ":Other")), Failed),
    ("quotas/idle-timeout", Clear(Answer(":IdleTimeout", ":Other")), Failed),
    ("quotas/rights", Clear(Instead("wsman/1/config<", 500, FAULT)), Reported("fault Sender")),
    ("shells/create", Clear(Answer("x:ResourceCreated", "x:Other")), Failed),
    (
        "shells/created-resource",
        Clear(Answer("shell/cmd</w:ResourceURI>", "shell/other</w:ResourceURI>")),
        Failed,
    ),
    ("shells/proposed-id", Clear(Request(" ShellId=", " Other=")), Failed),
    ("shells/described", Clear(Answer("rsp:InputStreams", "rsp:Other")), Failed),
    ("shells/get", Clear(Answer("<rsp:ShellId>", "<rsp:ShellId>X")), Failed),
    ("shells/get-fields", Clear(Answer("rsp:ClientIP", "rsp:Other")), Failed),
    ("shells/name", Clear(Answer("rsp:Name", "rsp:Other")), Failed),
    ("shells/listed", Clear(Answer("<rsp:ShellId>", "<rsp:ShellId>X")), Failed),
    ("shells/id-in-use", Clear(Request(" ShellId=", " Other=")), Failed),
    ("shells/id-no-guid", Clear(Request(" ShellId=", " Other=")), Failed),
    ("shells/idle-timeout", Clear(Request("IdleTimeOut>PT1S", "IdleTimeOut>PT60S")), Failed),
    ("shells/unknown-resource", Clear(Request(NO_CONFIGURATION, CMD)), Failed),
    ("shells/command", Clear(Answer("rsp:CommandId", "rsp:Other")), Failed),
    ("shells/output", Clear(Request("Arguments>pssession-", "Arguments>other-")), Failed),
    ("shells/exit-code", Clear(Answer("ExitCode>7", "ExitCode>8")), Failed),
    ("shells/input", Clear(Answer("Name=\"stdout\"", "Name=\"stderr\"")), Failed),
    ("shells/receive-timeout", OTHER_FAULT, Failed),
    ("shells/receive-no-command", OTHER_FAULT, Failed),
    ("shells/receive-unknown-command", OTHER_FAULT, Failed),
    ("shells/command-listed", Clear(Answer("w:Items", "w:Other")), Failed),
    ("shells/terminate", Clear(Request("signal/Terminate", "signal/ctrl_c")), Failed),
    ("shells/signal-unknown-command", OTHER_FAULT, Failed),
    (
        "shells/signal-unknown-code",
        Clear(Request(
            "http://example.com/pssession/no-such-signal",
            "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/Terminate",
        )),
        Failed,
    ),
    ("shells/disconnect", Clear(Instead("/Disconnect<", 200, DONE)), Failed),
    ("shells/delete", FULL_BODY, Failed),
    ("shells/get-after-delete", KEEPS_SHELLS, Failed),
    ("shells/delete-after-delete", KEEPS_SHELLS, Failed),
    ("shells/signal-after-delete", OTHER_FAULT, Failed),
    ("shells/command-after-delete", KEEPS_SHELLS, Failed),
    ("shells/not-listed-after-delete", KEEPS_SHELLS, Failed),
    ("shells/delete-running", KEEPS_SHELLS, Failed),
    ("shells/delete-other-resource", Clear(Request(POWERSHELL, CMD)), Reported("the shell is gone")),
    (
        "shells/receive-inactivity",
        Clear(Answer("rsp:ShellInactivity", "rsp:Other")),
        Reported("no ShellInactivity"),
    ),
];

/// Deletes are answered as done, and are not.
const KEEPS_SHELLS: Breakage = Breakage::World(|world| {
    world.inject(OperationKind::Delete, usize::MAX, InjectedFault::Pretend);
});

/// Answers of a negotiation: reject, and accept-incomplete.
const REJECT: &[u8] = b"\xa1\x07\x30\x05\xa0\x03\x0a\x01\x02";
const INCOMPLETE: &[u8] = b"\xa1\x07\x30\x05\xa0\x03\x0a\x01\x01";

fn is_sealed(message: &Message) -> bool {
    message.header("content-type").is_some_and(|value| value.starts_with("multipart"))
}

fn lets_everybody_in(request: &Message, answer: &mut Message) {
    if request.header("authorization").is_none() && !is_sealed(request) {
        answer.set_status(200);
    }
}

/// What was not read is answered all the same.
fn answers_anyhow(request: &Message, answer: &mut Message) {
    if is_sealed(request) && answer.status() >= 400 && !is_sealed(answer) {
        answer.set("content-type", Some("application/soap+xml;charset=UTF-8"));
        answer.body = FAULT.into();
    }
}

/// Changes the token of the answer, if there is one.
fn with_token(answer: &mut Message, change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let token = answer.header("www-authenticate").and_then(|value| value.strip_prefix("Negotiate "));
    if let Some(token) = token.map(|token| BASE64.decode(token).unwrap()) {
        answer.set("www-authenticate", Some(&format!("Negotiate {}", BASE64.encode(change(token)))));
    }
}

fn without_flag(mut challenge: Vec<u8>, flag: u8) -> Vec<u8> {
    challenge[20] &= !flag;
    challenge
}

fn without_nonce(mut challenge: Vec<u8>) -> Vec<u8> {
    challenge[24..32].fill(0);
    challenge
}

/// Gives an AV_PAIR another id.
fn rename_pair(mut challenge: Vec<u8>, id: u8) -> Vec<u8> {
    let mut at = u32::from_le_bytes(challenge[44..48].try_into().unwrap()) as usize;
    while challenge[at] != id {
        at += 4 + usize::from(challenge[at + 2]);
    }
    challenge[at] = 0x7f;
    challenge
}
