//! The ids that a client proposes, in a replay: those of the client that is here for those of the one that was recorded.

use std::borrow::Cow;
use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use uuid::Uuid;

use super::fragments;
use crate::wsman::uri;
use crate::wsman::xml::{Document, Element, Malformed, Rewrite, rewrite};

/// Which id of the client stands for which id of the recording.
#[derive(Clone, Debug, Default)]
pub(super) struct ProposedIds {
    to_recorded: HashMap<Uuid, Uuid>,
    to_client: HashMap<Uuid, Uuid>,
}

/// The most ids that a replay remembers: two for each exchange of the largest scenario.
const MAX_IDS: usize = 200_000;

impl ProposedIds {
    /// Remembers what the client's request proposes where the recorded one proposes something else.
    pub(super) fn learn(&mut self, sent: Element<'_>, recorded: &str) {
        let Ok(recorded) = Document::parse(recorded) else { return };
        for (sent, recorded) in proposals(sent).into_iter().zip(proposals(recorded.root())) {
            if sent != recorded && self.to_recorded.len() < MAX_IDS {
                self.to_recorded.insert(sent, recorded);
                self.to_client.insert(recorded, sent);
            }
        }
    }

    /// The client's request with the ids of the recording.
    pub(super) fn recorded<'t>(&self, request: &'t str) -> Result<Cow<'t, str>, Malformed> {
        if self.to_recorded.is_empty() {
            return Ok(Cow::Borrowed(request));
        }
        rewrite(request, &mut Replace(&self.to_recorded)).map(Cow::Owned)
    }

    /// The recorded answer with the ids of the client; what is no XML stays as it is.
    pub(super) fn client(&self, response: Vec<u8>) -> Vec<u8> {
        let text = std::str::from_utf8(&response).ok().filter(|_| !self.to_client.is_empty());
        let replaced = text.and_then(|text| rewrite(text, &mut Replace(&self.to_client)).ok());
        replaced.map_or(response, String::into_bytes)
    }
}

/// The ids that a request proposes, in the order in which they stand: of a shell, of a command, and in the heads of
/// PowerShell's messages.
fn proposals(envelope: Element<'_>) -> Vec<Uuid> {
    let mut found = Vec::new();
    collect(envelope, &mut found);
    found
}

fn collect(element: Element<'_>, found: &mut Vec<Uuid>) {
    let proposed = match element.local() {
        "Shell" => element.attribute("ShellId"),
        "CommandLine" => element.attribute("CommandId"),
        _ => None,
    };
    let proposed = proposed.filter(|_| element.namespace() == uri::SHELL);
    found.extend(proposed.and_then(|id| Uuid::try_parse(id.trim()).ok()));
    if let Some(payload) = fragments::payload(element) {
        let messages = fragments::read(&payload).unwrap_or_default();
        let messages = messages.iter().filter_map(|fragment| fragment.message());
        found.extend(messages.flat_map(|message| [message.pool, message.pipeline]).filter(|id| !id.is_nil()));
    }
    for child in element.children() {
        collect(child, found);
    }
}

/// Puts other GUIDs in the place of those that it knows, also within PowerShell's messages.
struct Replace<'i>(&'i HashMap<Uuid, Uuid>);

impl Replace<'_> {
    fn id<'v>(&self, text: &'v str) -> Cow<'v, str> {
        let (scheme, guid) = text.split_once(':').unwrap_or(("", text));
        let other = Uuid::try_parse(guid.trim()).ok().and_then(|id| self.0.get(&id));
        match other {
            Some(other) if scheme.is_empty() => other.to_string().to_ascii_uppercase().into(),
            Some(other) => format!("{scheme}:{}", other.to_string().to_ascii_uppercase()).into(),
            None => Cow::Borrowed(text),
        }
    }

    fn payload(&self, payload: &[u8]) -> Option<String> {
        let mut out = Vec::with_capacity(payload.len());
        for fragment in fragments::read(payload)? {
            match fragment.message() {
                Some(message) => {
                    let ids =
                        [message.pool, message.pipeline].map(|id| self.0.get(&id).copied().unwrap_or(id));
                    fragment.write(&message.write(ids, message.data), &mut out);
                }
                None => fragment.write(fragment.blob, &mut out),
            }
        }
        Some(BASE64.encode(out))
    }
}

impl Rewrite for Replace<'_> {
    fn attribute<'v>(&mut self, _: Element<'_>, _: &str, _: &str, value: &'v str) -> Cow<'v, str> {
        self.id(value)
    }

    fn text<'v>(&mut self, element: Element<'_>, text: &'v str) -> Cow<'v, str> {
        match fragments::payload(element).and_then(|payload| self.payload(&payload)) {
            Some(payload) => payload.into(),
            None => self.id(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::psrp::fragments::tests::whole;

    fn create(shell: Uuid) -> String {
        let open = whole(0x0001_0002, shell, Uuid::nil(), "<S/>");
        format!(
            "<s:Envelope xmlns:s='{}'><s:Body><r:Shell xmlns:r='{}' ShellId='{shell}'>\
             <creationXml xmlns='http://schemas.microsoft.com/powershell'>{}</creationXml></r:Shell></s:Body></s:Envelope>",
            uri::SOAP,
            uri::SHELL,
            BASE64.encode(open)
        )
    }

    #[test]
    fn what_a_client_proposes_stands_for_what_was_recorded_from_then_on() {
        let [ours, theirs] = [1, 2].map(|low| Uuid::from_u128((0xAB << 100) | low));
        let mut ids = ProposedIds::default();
        let sent = create(theirs);
        ids.learn(Document::parse(&sent).unwrap().root(), &create(ours));
        let back = ids.recorded(&sent).unwrap();
        let again = Document::parse(&back).unwrap();
        assert_eq!(proposals(again.root()), [ours, ours]);
        let answer = format!("<a><b>uuid:{ours}</b><c X='{ours}'/><d>{}</d></a>", Uuid::from_u128(9));
        let answered = String::from_utf8(ids.client(answer.into_bytes())).unwrap();
        let upper = theirs.to_string().to_uppercase();
        assert_eq!(
            answered,
            format!("<a><b>uuid:{upper}</b><c X=\"{upper}\"/><d>{}</d></a>", Uuid::from_u128(9))
        );
        assert_eq!(ids.client(b"no XML".to_vec()), b"no XML");
    }
}
