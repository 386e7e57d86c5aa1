//! Answers made bad.

use super::*;

const ANSWER_ID: &str = "<a:MessageID>uuid:A0000000-0000-0000-0000-000000000001</a:MessageID>";
const RELATES_TO: &str = "<a:RelatesTo>uuid:6B0E4C0A-0B62-4E0C-9C4E-0D8D4A7C1F11</a:RelatesTo>";
const LISTED: &str = "envelopes/enumerate-shells.response.xml";
const PULLED: &str = "envelopes/pull-shells.response.xml";
const FULL: &str = "exchanges/list-quota-as-wmi-error/01-response.xml";
const IDENTIFIED: &str = "envelopes/identify.response.xml";

pub(super) const ANSWERED: &[Mutant] = &[
    // Headers, and what goes with them.
    cut(DELETED, RELATES_TO, "response.rng", "<s:Header", "Expecting an element RelatesTo"),
    cut(DELETED, ANSWER_ID, "response.rng", "<s:Header", "Expecting an element MessageID"),
    mutant(DELETED, ("a:RelatesTo", "a:Relates"), "response.rng", "<a:Relates>", "extra content: Relates"),
    mutant(
        DELETED,
        ("transfer/DeleteResponse<", "transfer/Delete<"),
        "response-actions.rng",
        "",
        AS_ITS_ACTION,
    ),
    mutant(
        BUSY,
        ("dmtf.org/wbem/wsman/1/wsman/fault<", "xmlsoap.org/ws/2004/09/transfer/DeleteResponse<"),
        "response-actions.rng",
        "",
        AS_ITS_ACTION,
    ),
    // Bodies of answers.
    mutant(
        SHELL,
        ("<rsp:State>", "<rsp:State><rsp:Since/>"),
        "response.xsd",
        "<rsp:State>",
        "the type definition is simple",
    ),
    mutant(
        SHELL,
        ("<rsp:State>", "<rsp:State>Connected</rsp:State><rsp:State>"),
        "response.xsd",
        "<rsp:State>",
        "State': This element is not expected",
    ),
    mutant(
        SHELL,
        ("Connected", "Busy"),
        "response.xsd",
        "<rsp:State>",
        "[facet 'enumeration'] The value 'Busy'",
    ),
    mutant(
        SHELL,
        ("P0DT0H1M2S", "1:02"),
        "response.xsd",
        "<rsp:ShellRunTime>",
        "'1:02' is not a valid value",
    ),
    mutant(SHELL, ("4711", "-1"), "response.xsd", "<rsp:ProcessId>", "'-1' is not a valid value"),
    mutant(
        SHELL,
        ("192.0.2.10", "pc-17.example.com"),
        "response.xsd",
        "<rsp:ClientIP>",
        "'pc-17.example.com' is not accepted by the pattern",
    ),
    mutant(SHELL, ("rsp:ShellId>", "rsp:ShellID>"), "response.xsd", "<rsp:ShellID>", "Expected is ( {"),
    mutant(
        SHELL,
        ("1/windows/shell\"", "1/windows/Shell\""),
        "response.xsd",
        "<rsp:Shell",
        "No matching global element declaration",
    ),
    mutant(
        LISTED,
        ("w:Items", "n:Items"),
        "response.xsd",
        "<n:Items>",
        "Items': This element is not expected",
    ),
    mutant(
        LISTED,
        ("<w:EndOfSequence/>", ""),
        "response.rng",
        "<n:EnumerateResponse>",
        "extra content: EnumerateResponse",
    ),
    mutant(
        LISTED,
        ("rsp:Shell", "rsp:Session"),
        "response.rng",
        "<n:EnumerateResponse>",
        "extra content: EnumerateResponse",
    ),
    mutant(
        PULLED,
        ("n:EndOfSequence", "w:EndOfSequence"),
        "response.xsd",
        "<w:EndOfSequence/>",
        "EndOfSequence': This element is not expected",
    ),
    mutant(
        CREATED,
        ("w:SelectorSet", "w:OptionSet"),
        "response.rng",
        "<x:ResourceCreated>",
        "extra content: ResourceCreated",
    ),
    mutant(
        RECEIVED,
        ("CommandState/Done", "CommandState/done"),
        "response.xsd",
        "<rsp:CommandState",
        "[facet 'enumeration']",
    ),
    mutant(RECEIVED, (">0<", ">zero<"), "response.xsd", "<rsp:ExitCode>", "'zero' is not a valid value"),
    mutant(
        RECEIVED,
        ("Name=\"stdout\"", "name=\"stdout\""),
        "response.xsd",
        "<rsp:Stream",
        "attribute 'Name' is required but missing",
    ),
    mutant(
        IDENTIFIED,
        ("wsmid:ProtocolVersion", "wsmid:Protocol"),
        "response.xsd",
        "<wsmid:Protocol>",
        "This element is not expected",
    ),
    mutant(SHELL, ("rsp:InputStreams", "rsp:WorkingDirectory"), "response-actions.rng", "", AS_ITS_ACTION),
    mutant(
        PULLED,
        (
            "</n:Items>",
            "<rsp:Shell xmlns:rsp=\"http://schemas.microsoft.com/wbem/wsman/1/windows/shell\"><rsp:ShellId>B6631D8E-65A0-49F2-9053-A1B156C95777</rsp:ShellId><rsp:ResourceUri>urn:x</rsp:ResourceUri></rsp:Shell></n:Items>",
        ),
        "response.xsd",
        "<rsp:Shell ",
        "Duplicate key-sequence",
    ),
    // Faults.
    mutant(BUSY, ("s:Code>", "s:code>"), "response.xsd", "<s:code>", "Expected is ( {"),
    mutant(
        BUSY,
        ("<s:Text xml:lang=\"en-US\">", "<s:Text>"),
        "response.xsd",
        "<s:Text>",
        "lang' is required but missing",
    ),
    mutant(BUSY, ("<s:Value>s:", "<s:Value>w:"), "response.xsd", "<s:Value>", "[facet 'enumeration']"),
    mutant(
        BUSY,
        ("<s:Value>w:", "<s:Value>q:"),
        "response.xsd",
        "<s:Value>q:",
        "has no corresponding namespace declaration",
    ),
    mutant(
        BUSY,
        (" Code=\"2150859174\"", " Code=\"-2144108122\""),
        "response.xsd",
        "<f:WSManFault",
        "'-2144108122' is not a valid value",
    ),
    mutant(
        BUSY,
        (" Machine=\"win01\"", ""),
        "response.xsd",
        "<f:WSManFault",
        "attribute 'Machine' is required but missing",
    ),
    mutant(BUSY, ("f:Message", "f:message"), "response.xsd", "<f:message>", "Expected is ( {"),
    mutant(
        FULL,
        ("m:error_Code", "m:ErrorCode"),
        "response.xsd",
        "<m:ErrorCode",
        "This element is not expected",
    ),
];
