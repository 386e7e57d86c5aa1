//! The headers that say where answers go and how they are worded (MS-WSMV 3.1.4.1.3, wsa:ReplyTo; 3.1.4.1.4, wsa:FaultTo;
//! 3.1.4.1.8, wsman:Locale).

use super::faults::{self, Refusal};
use crate::wsman::uri;
use crate::wsman::xml::Element;

/// Whether the service can answer as this header wishes: on the same connection, and in a language of its own choice.
pub(super) fn judge(header: Element<'_>) -> Result<(), Refusal> {
    let reply_to = header.child(uri::ADDRESSING, "ReplyTo");
    let reply_to = reply_to.ok_or_else(|| Refusal::new(faults::HEADER_REQUIRED))?;
    for place in [Some(reply_to), header.child(uri::ADDRESSING, "FaultTo")].into_iter().flatten() {
        let address = place.child(uri::ADDRESSING, "Address").map_or("", Element::text);
        // The document writes FaultTo's with a slash at its end.
        if address.trim_end_matches('/') != uri::ANONYMOUS {
            return Err(Refusal::new(faults::UNSUPPORTED_ADDRESSING_MODE));
        }
    }
    let locale = header.child(uri::WSMAN, "Locale");
    let demanded = locale.and_then(|locale| locale.attribute_in(uri::SOAP, "mustUnderstand"));
    if demanded.is_some_and(|value| matches!(value.trim(), "true" | "1")) {
        return Err(Refusal::new(faults::UNSUPPORTED_LOCALE));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wsman::xml::Document;

    fn judged(children: &str) -> Option<u32> {
        let (soap, addressing, wsman) = (uri::SOAP, uri::ADDRESSING, uri::WSMAN);
        let text = format!(
            r#"<s:Header xmlns:s="{soap}" xmlns:a="{addressing}" xmlns:w="{wsman}">{children}</s:Header>"#
        );
        judge(Document::parse(&text).unwrap().root()).err().map(|refusal| refusal.code)
    }

    #[test]
    fn answers_go_back_on_the_same_connection_and_in_no_demanded_language() {
        let reply = |address: &str| format!("<a:ReplyTo><a:Address>{address}</a:Address></a:ReplyTo>");
        let fault = |address: &str| format!("<a:FaultTo><a:Address>{address}</a:Address></a:FaultTo>");
        let here = reply(uri::ANONYMOUS);
        let elsewhere = Some(faults::UNSUPPORTED_ADDRESSING_MODE);
        assert_eq!(judged(&here), None);
        assert_eq!(judged(""), Some(faults::HEADER_REQUIRED));
        assert_eq!(judged(&reply("http://web01/")), elsewhere);
        assert_eq!(judged(&format!("{here}{}", fault("http://web01/"))), elsewhere);
        assert_eq!(judged(&format!("{here}{}", fault(&format!("{}/", uri::ANONYMOUS)))), None);
        let locale = |value: &str| format!(r#"{here}<w:Locale s:mustUnderstand="{value}"/>"#);
        assert_eq!(judged(&locale("false")), None);
        assert_eq!(judged(&locale("true")), Some(faults::UNSUPPORTED_LOCALE));
    }
}
