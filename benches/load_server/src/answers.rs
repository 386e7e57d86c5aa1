//! Envelopes and HTTP heads, prebuilt: an answer is a few copies, with its numbers patched in.

use std::io::Write as _;

/// An envelope's text around what differs from answer to answer.
#[derive(Debug)]
struct Envelope {
    status: Status,
    before_id: String,
    /// From the MessageID to RelatesTo.
    middle: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Ok,
    Unauthorized,
    Fault,
    Unavailable,
    BadRequest,
    NotFound,
}

/// What an envelope announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Enumerate,
    Pull,
    Release,
    Get,
    Signal,
    Delete,
    NoSuchShell,
    NoSuchCommand,
    NoSuchContext,
    NotSupported,
}

/// All answers, and the number of the next MessageID.
#[derive(Debug)]
pub struct Answers {
    envelopes: Vec<Envelope>,
    faults: Faults,
    next_id: u64,
}

#[derive(Debug)]
struct Faults {
    no_such_shell: String,
    no_such_command: String,
    no_such_context: String,
    not_supported: String,
}

const PREFIXES: [(char, &str, &str); 6] = [
    ('x', "x", "http://schemas.xmlsoap.org/ws/2004/09/transfer"),
    ('e', "e", "http://schemas.xmlsoap.org/ws/2004/08/eventing"),
    ('n', "n", "http://schemas.xmlsoap.org/ws/2004/09/enumeration"),
    ('w', "w", "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"),
    ('r', "rsp", "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"),
    ('p', "p", "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"),
];

const WSMAN_FAULT: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault";
const ADDRESSING_FAULT: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing/fault";
const ENUMERATION_FAULT: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/fault";

/// In the order of [`Answer`]: the prefixes that Windows declares besides `s` and `a`, and the action.
const ROWS: [(Answer, &str, &str); 10] = [
    (Answer::Enumerate, "nwp", "http://schemas.xmlsoap.org/ws/2004/09/enumeration/EnumerateResponse"),
    (Answer::Pull, "nwp", "http://schemas.xmlsoap.org/ws/2004/09/enumeration/PullResponse"),
    (Answer::Release, "wp", "http://schemas.xmlsoap.org/ws/2004/09/enumeration/ReleaseResponse"),
    (Answer::Get, "xwp", "http://schemas.xmlsoap.org/ws/2004/09/transfer/GetResponse"),
    (Answer::Signal, "xwrp", "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/SignalResponse"),
    (Answer::Delete, "wp", "http://schemas.xmlsoap.org/ws/2004/09/transfer/DeleteResponse"),
    (Answer::NoSuchShell, "xenwp", WSMAN_FAULT),
    (Answer::NoSuchCommand, "xenwp", WSMAN_FAULT),
    (Answer::NoSuchContext, "xenwp", ENUMERATION_FAULT),
    (Answer::NotSupported, "xenwp", ADDRESSING_FAULT),
];

const SELECTORS: &str = "the selectors of the request fit no instance of the resource. ";
const COMMAND: &str = "no command of the shell has that id: it has ended, or never was. ";
const CONTEXT: &str = "the enumeration context is not known: it has ended or expired. ";
const SUPPORTED: &str = "the service does not support the action. ";

impl Answers {
    pub fn new() -> Self {
        let envelope = |(answer, prefixes, action): &(Answer, &str, &str)| {
            let mut before_id = concat!(
                r#"<s:Envelope xml:lang="en-US" xmlns:s="http://www.w3.org/2003/05/soap-envelope""#,
                r#" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing""#,
            )
            .to_owned();
            for (_, name, namespace) in
                prefixes.chars().filter_map(|letter| PREFIXES.iter().find(|(known, _, _)| *known == letter))
            {
                before_id.push_str(&format!(r#" xmlns:{name}="{namespace}""#));
            }
            before_id.push_str(&format!("><s:Header><a:Action>{action}</a:Action><a:MessageID>uuid:"));
            let is_fault = (*answer as usize) >= (Answer::NoSuchShell as usize);
            let status = if is_fault { Status::Fault } else { Status::Ok };
            Envelope { status, before_id, middle: MIDDLE }
        };
        let nested = format!(
            "{}{}{SELECTORS}</f:Message></f:WSManFault></f:ProviderFault>",
            r#"<f:ProviderFault provider="Shell provider" path="%systemroot%\system32\WsmSvc.dll">"#,
            coded(2_150_858_843),
        );
        let faults = Faults {
            no_such_shell: fault(
                2_150_858_843,
                "Sender",
                "w:InvalidSelectors",
                UNEXPECTED,
                SELECTORS,
                &nested,
            ),
            no_such_command: fault(
                2_150_858_843,
                "Sender",
                "w:InvalidSelectors",
                UNEXPECTED,
                SELECTORS,
                COMMAND,
            ),
            no_such_context: fault(
                2_150_858_779,
                "Receiver",
                "n:InvalidEnumerationContext",
                "",
                CONTEXT,
                CONTEXT,
            ),
            not_supported: fault(2_150_858_771, "Sender", "a:ActionNotSupported", "", SUPPORTED, SUPPORTED),
        };
        Self { envelopes: ROWS.iter().map(envelope).collect(), faults, next_id: 0 }
    }

    /// Writes one envelope; `body` writes what `s:Body` holds. A fault's body is known.
    pub fn write(
        &mut self,
        out: &mut Vec<u8>,
        answer: Answer,
        relates_to: &[u8],
        body: impl FnOnce(&mut Vec<u8>),
    ) -> Status {
        self.next_id += 1;
        let Some(envelope) = self.envelopes.get(answer as usize) else { return Status::BadRequest };
        out.extend_from_slice(envelope.before_id.as_bytes());
        let _ = write!(out, "10AD5E55-0000-4000-8000-{:012X}", self.next_id);
        out.extend_from_slice(envelope.middle.as_bytes());
        if !relates_to.is_empty() {
            out.extend_from_slice(b"<a:RelatesTo>");
            out.extend_from_slice(relates_to);
            out.extend_from_slice(b"</a:RelatesTo>");
        }
        out.extend_from_slice(b"</s:Header><s:Body>");
        match answer {
            Answer::NoSuchShell => out.extend_from_slice(self.faults.no_such_shell.as_bytes()),
            Answer::NoSuchCommand => out.extend_from_slice(self.faults.no_such_command.as_bytes()),
            Answer::NoSuchContext => out.extend_from_slice(self.faults.no_such_context.as_bytes()),
            Answer::NotSupported => out.extend_from_slice(self.faults.not_supported.as_bytes()),
            _ => body(out),
        }
        out.extend_from_slice(b"</s:Body></s:Envelope>");
        envelope.status
    }
}

const MIDDLE: &str =
    "</a:MessageID><a:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:To>";

const UNEXPECTED: &str = "<w:FaultDetail>http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/UnexpectedSelectors</w:FaultDetail>";

fn coded(code: u32) -> String {
    format!(
        r#"<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="{code}" Machine="{MACHINE}"><f:Message>"#
    )
}

fn fault(code: u32, value: &str, subcode: &str, detail: &str, reason: &str, message: &str) -> String {
    format!(
        concat!(
            "<s:Fault><s:Code><s:Value>s:{}</s:Value><s:Subcode><s:Value>{}</s:Value></s:Subcode></s:Code>",
            r#"<s:Reason><s:Text xml:lang="en-US">{}</s:Text></s:Reason>"#,
            "<s:Detail>{}{}{}</f:Message></f:WSManFault></s:Detail></s:Fault>",
        ),
        value,
        subcode,
        reason,
        detail,
        coded(code),
        message,
    )
}

/// What every host calls itself.
pub const MACHINE: &str = "simulator";

/// The answer to Identify. Windows tells its version only to a caller who has logged in.
pub fn identity(out: &mut Vec<u8>, is_logged_in: bool) {
    let os = if is_logged_in { "10.0.20348" } else { "0.0.0" };
    let _ = write!(
        out,
        concat!(
            r#"<s:Envelope xml:lang="en-US" xmlns:s="http://www.w3.org/2003/05/soap-envelope">"#,
            "<s:Header></s:Header><s:Body>",
            r#"<wsmid:IdentifyResponse xmlns:wsmid="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">"#,
            "<wsmid:ProtocolVersion>http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd</wsmid:ProtocolVersion>",
            "<wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>",
            "<wsmid:ProductVersion>OS: {} SP: 0.0 Stack: 3.0</wsmid:ProductVersion>",
            "</wsmid:IdentifyResponse></s:Body></s:Envelope>",
        ),
        os
    );
}

/// An HTTP answer's head, `more` being further header lines, each with its end.
pub fn head(out: &mut Vec<u8>, status: Status, more: &[u8], length: usize) {
    out.extend_from_slice(match status {
        Status::Ok => b"HTTP/1.1 200 OK\r\nServer: Microsoft-HTTPAPI/2.0\r\n".as_slice(),
        Status::Unauthorized => b"HTTP/1.1 401 Unauthorized\r\nServer: Microsoft-HTTPAPI/2.0\r\n",
        Status::Fault => b"HTTP/1.1 500 Internal Server Error\r\nServer: Microsoft-HTTPAPI/2.0\r\n",
        Status::Unavailable => b"HTTP/1.1 503 Service Unavailable\r\nServer: Microsoft-HTTPAPI/2.0\r\n",
        Status::BadRequest => b"HTTP/1.1 400 Bad Request\r\nServer: Microsoft-HTTPAPI/2.0\r\n",
        Status::NotFound => b"HTTP/1.1 404 Not Found\r\nServer: Microsoft-HTTPAPI/2.0\r\n",
    });
    out.extend_from_slice(more);
    let _ = write!(out, "Content-Length: {length}\r\n\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_stands_at_its_number() {
        for (number, (answer, _, _)) in ROWS.iter().enumerate() {
            assert_eq!(*answer as usize, number);
        }
    }

    #[test]
    fn an_answer_relates_to_its_request_and_has_an_id_of_its_own() {
        let (mut answers, mut first, mut second) = (Answers::new(), Vec::new(), Vec::new());
        assert_eq!(answers.write(&mut first, Answer::Delete, b"uuid:A", |_| {}), Status::Ok);
        assert_eq!(answers.write(&mut second, Answer::Delete, b"uuid:A", |_| {}), Status::Ok);
        let text = String::from_utf8(first.clone()).unwrap();
        assert!(text.ends_with("<a:RelatesTo>uuid:A</a:RelatesTo></s:Header><s:Body></s:Body></s:Envelope>"));
        assert_ne!(first, second);
        assert_eq!(answers.write(&mut first, Answer::NoSuchShell, b"", |_| {}), Status::Fault);
    }
}
