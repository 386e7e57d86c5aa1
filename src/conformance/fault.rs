//! What a replay answers to a request that it does not expect.

use crate::wsman::uri;
use crate::wsman::xml::escape_into;

/// Its reason ends with this, so that a client's log leads to the cause.
const REASON: &str = "no exchange of the scenario expects this request";

/// A fault `s:Sender`, `a:ActionNotSupported`, that relates to `message_id` (DSP0226 14.6, Master faults).
pub(super) fn unexpected(message_id: Option<&str>) -> String {
    let mut out = format!(
        concat!(
            r#"<s:Envelope xml:lang="en-US" xmlns:s="{}" xmlns:a="{}"><s:Header><a:Action>{}/fault</a:Action>"#,
            "<a:MessageID>uuid:00000000-0000-0000-0000-000000000000</a:MessageID><a:To>{}</a:To>",
        ),
        uri::SOAP,
        uri::ADDRESSING,
        uri::ADDRESSING,
        uri::ANONYMOUS,
    );
    if let Some(message_id) = message_id {
        out.push_str("<a:RelatesTo>");
        escape_into(&mut out, message_id);
        out.push_str("</a:RelatesTo>");
    }
    out.push_str("</s:Header><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode>");
    out.push_str(
        "<s:Value>a:ActionNotSupported</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang=\"en-US\">",
    );
    out.push_str(REASON);
    out.push_str("</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>");
    out
}
