//! Requests made bad.

use super::*;

const ACTION: &str =
    r#"<a:Action s:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2004/09/transfer/Delete</a:Action>"#;
const MESSAGE_ID: &str = "<a:MessageID>uuid:6B0E4C0A-0B62-4E0C-9C4E-0D8D4A7C1F11</a:MessageID>";
const TO: &str = "<a:To>http://win01.example.com:5985/wsman</a:To>";
const SELECTORS: &str = r#"<w:SelectorSet><w:Selector Name="ShellId">B6631D8E-65A0-49F2-9053-A1B156C95777</w:Selector></w:SelectorSet>"#;
const CONNECT: &str = "connect.request";
const RESOURCE: &str = concat!(
    r#"<w:ResourceURI s:mustUnderstand="true">http://schemas.microsoft.com/powershell/Microsoft.PowerShell"#,
    "</w:ResourceURI>",
);
const LIST: &str = "envelopes/enumerate-shells.request.xml";
const COMMANDS: &str = "envelopes/enumerate-commands.request.xml";
const PULL: &str = "envelopes/pull-shells.request.xml";
const SIGNAL: &str = "envelopes/signal-terminate.request.xml";

pub(super) const SENT: &[Mutant] = &[
    // Headers that must be there, once, and by their right names.
    cut(DELETE, ACTION, "request.rng", "<s:Header", "Expecting an element Action"),
    cut(DELETE, MESSAGE_ID, "request.rng", "<s:Header", "Expecting an element MessageID"),
    cut(DELETE, TO, "request.rng", "<s:Header", "Expecting an element To"),
    cut(DELETE, RESOURCE, "request.rng", "<s:Header", "Expecting an element ResourceURI"),
    mutant(DELETE, ("a:ReplyTo>", "a:FaultTo>"), "request.rng", "<s:Header", "Expecting an element ReplyTo"),
    mutant(DELETE, ("a:Action", "a:action"), "request.rng", "<s:Header", "Expecting an element Action"),
    mutant(
        DELETE,
        ("2004/08/addressing\"", "2005/08/addressing\""),
        "request.rng",
        "<s:Header",
        "Expecting an element Action",
    ),
    mutant(
        DELETE,
        ("w:OperationTimeout", "w:OperationTimeOut"),
        "request.rng",
        "<w:OperationTimeOut>",
        "extra content: OperationTimeOut",
    ),
    mutant(
        DELETE,
        (
            "<a:MessageID>",
            "<a:MessageID>uuid:6B0E4C0A-0B62-4E0C-9C4E-0D8D4A7C1F12</a:MessageID><a:MessageID>",
        ),
        "request.rng",
        "",
        "Extra element MessageID",
    ),
    mutant(
        DELETE,
        ("<w:OperationTimeout>", "<w:OperationTimeout>PT1S</w:OperationTimeout><w:OperationTimeout>"),
        "request.rng",
        "",
        "Extra element OperationTimeout",
    ),
    // The envelope.
    mutant(
        DELETE,
        ("<s:Body>", "<s:Body/><s:Body>"),
        "request.xsd",
        "<s:Body>",
        "Body': This element is not expected",
    ),
    mutant(
        DELETE,
        ("</s:Header>", "</s:Header>oops"),
        "request.xsd",
        "<s:Envelope",
        "Character content other than whitespace",
    ),
    mutant(
        DELETE,
        ("2003/05/soap-envelope", "2001/12/soap-envelope"),
        "request.rng",
        "<s:Envelope",
        "wrong namespace",
    ),
    mutant(
        DELETE,
        ("s:mustUnderstand=\"true\"", "s:mustUnderstand=\"yes\""),
        "request.xsd",
        "<w:ResourceURI",
        "'yes' is not a valid value of the atomic type 'xs:boolean'",
    ),
    // Values of headers.
    mutant(DELETE, ("PT60S", "60"), "request.xsd", "<w:OperationTimeout>", "'60' is not a valid value"),
    mutant(
        DELETE,
        ("PT60S", "-PT60S"),
        "request.xsd",
        "<w:OperationTimeout>",
        "'-PT60S' is not accepted by the pattern",
    ),
    mutant(
        DELETE,
        ("512000", "4096"),
        "request.xsd",
        "<w:MaxEnvelopeSize",
        "'4096' is less than the minimum value",
    ),
    mutant(
        DELETE,
        ("uuid:6B0E4C0A", "6B0E4C0A"),
        "request.xsd",
        "<a:MessageID>",
        "is not accepted by the pattern",
    ),
    mutant(
        DELETE,
        ("uuid:0C2C5D0E", "urn:0C2C5D0E"),
        "request.xsd",
        "<p:SessionId",
        "is not accepted by the pattern",
    ),
    mutant(
        DELETE,
        ("<w:Locale xml:lang=\"en-US\"", "<w:Locale"),
        "request.xsd",
        "<w:Locale",
        "lang' is required but missing",
    ),
    mutant(
        DELETE,
        ("xml:lang=\"en-US\"", "xml:lang=\"en_US\""),
        "request.xsd",
        "<w:Locale",
        "'en_US' is not a valid value",
    ),
    mutant(
        DELETE,
        ("<w:Selector Name=\"ShellId\">", "<w:Selector>"),
        "request.xsd",
        "<w:Selector>",
        "attribute 'Name' is required but missing",
    ),
    mutant(
        DELETE,
        ("</w:Selector>", "</w:Selector><w:Selector Name=\"ShellId\">1</w:Selector>"),
        "request.xsd",
        "<w:Selector Name=\"ShellId\">1<",
        "Duplicate key-sequence ['ShellId']",
    ),
    mutant(
        CREATE,
        ("wsman:Option Name", "wsman:Option name"),
        "request.xsd",
        "<wsman:Option name",
        "attribute 'Name' is required but missing",
    ),
    // Bodies that do not go with their action.
    mutant(DELETE, ("transfer/Delete<", "transfer/Delet<"), "request-actions.rng", "", AS_ITS_ACTION),
    mutant(LIST, ("enumeration/Enumerate<", "enumeration/Pull<"), "request-actions.rng", "", AS_ITS_ACTION),
    cut(SIGNAL, SELECTORS, "request-actions.rng", "", AS_ITS_ACTION),
    mutant(
        SIGNAL,
        ("B6631D8E-65A0-49F2-9053-A1B156C95777", "the first"),
        "request.rng",
        "",
        "Extra element SelectorSet",
    ),
    // Bodies of requests.
    cut(
        COMMANDS,
        " Dialect=\"http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter\"",
        "request.rng",
        "<n:Enumerate>",
        "extra content: Enumerate",
    ),
    mutant(CONNECT, ("connectXml", "creationXml"), "request.rng", "<rsp:Connect>", "extra content: Connect"),
    mutant(
        LIST,
        ("n:Enumerate>", "n:Enumerat>"),
        "request.xsd",
        "<n:Enumerat>",
        "No matching global element declaration",
    ),
    mutant(
        LIST,
        ("w:MaxElements", "n:MaxElements"),
        "request.xsd",
        "<n:MaxElements>",
        "This element is not expected",
    ),
    mutant(PULL, ("n:MaxElements", "w:MaxElements"), "request.rng", "<n:Pull>", "extra content: Pull"),
    mutant(
        PULL,
        ("uuid:5A1D33C8-70B4-4A2E-B6C9-0F1E2D3C4B5A", ""),
        "request.xsd",
        "<n:EnumerationContext>",
        "underruns the allowed minimum length",
    ),
    mutant(COMMANDS, ("w:Filter", "w:Sieve"), "request.rng", "<n:Enumerate>", "extra content: Enumerate"),
    mutant(SIGNAL, ("rsp:Code", "rsp:code"), "request.xsd", "<rsp:code>", "This element is not expected"),
    mutant(
        SIGNAL,
        ("CommandId=\"2F0C1A5B", "CommandId=\"{2F0C1A5B"),
        "request.xsd",
        "<rsp:Signal",
        "is not accepted by the pattern",
    ),
    mutant(
        CREATE,
        ("<rsp:IdleTimeOut>", "<rsp:IdleTimeOut>PT1S</rsp:IdleTimeOut><rsp:IdleTimeOut>"),
        "request.rng",
        "<rsp:Shell",
        "extra content: Shell",
    ),
    mutant(
        CREATE,
        ("IdleTimeOut", "IdleTimeout"),
        "request.xsd",
        "<rsp:IdleTimeout>",
        "This element is not expected",
    ),
    mutant(
        CREATE,
        ("rsp:Variable Name=", "rsp:Variable name="),
        "request.xsd",
        "<rsp:Variable",
        "attribute 'Name' is required but missing",
    ),
    mutant(COMMAND, ("rsp:Command>", "rsp:Arguments>"), "request.xsd", "<rsp:Arguments>", "Expected is ( {"),
    mutant(SEND, ("ZWNobyBoaQ0K", "echo hi!"), "request.xsd", "<rsp:Stream", "'echo hi!' is not"),
    mutant(
        SEND,
        ("End=\"true\"", "End=\"TRUE\""),
        "request.xsd",
        "<rsp:Stream",
        "'TRUE' is not a valid value of the atomic type 'xs:boolean'",
    ),
    mutant(
        DISCONNECT,
        ("Block", "Wait"),
        "request.xsd",
        "<rsp:BufferMode>",
        "[facet 'enumeration'] The value 'Wait'",
    ),
];
