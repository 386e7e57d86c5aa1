//! Answers that say nothing but that the operation is done, recognised without a tree.
//!
//! What is recognised here is a small part of XML: printable ASCII, no reference, no comment, no more than one attribute
//! beside an element's declarations. All else is left to the reader of whole documents, which decides; whatever passes
//! here passes there.

use super::ids::MessageId;
use super::uri;
use super::xml::is_space;

/// Whether `answer` is an envelope in the usual spelling with this action, which answers `message_id`, and whose body
/// holds no more than one empty element that is not a fault.
pub(super) fn is_acknowledgement(answer: &[u8], action: &str, message_id: MessageId) -> bool {
    // Without a branch, so that the compiler can look at many at once.
    let is_usual = |byte: u8| {
        (b' '..=b'~').contains(&byte) & (byte != b'&') & (byte != b']')
            | (byte == b'\t')
            | (byte == b'\n')
            | (byte == b'\r')
    };
    if answer.len() > LONGEST || !answer.iter().fold(true, |usual, byte| usual & is_usual(*byte)) {
        return false;
    }
    let Ok(text) = std::str::from_utf8(answer) else { return false };
    let mut related = String::with_capacity(MESSAGE_ID_BYTES);
    message_id.write_into(&mut related);
    let reader = Reader { rest: text, declared: Vec::with_capacity(MOST_DECLARATIONS) };
    reader.acknowledges(action, &related).is_some()
}

/// Reads from the front. Each method is `None` where it does not find what it is named after.
struct Reader<'a> {
    rest: &'a str,
    /// The prefixes, with their namespaces, that are declared here.
    declared: Vec<(&'a str, &'a str)>,
}

/// A start tag.
struct Tag<'a> {
    name: &'a str,
    namespace: &'a str,
    local: &'a str,
    /// It is its own end tag.
    is_empty: bool,
    /// How many declarations were in force before it.
    outside: usize,
}

impl<'a> Reader<'a> {
    fn acknowledges(mut self, action: &str, message_id: &str) -> Option<()> {
        let envelope = self.part("Envelope")?;
        self.space();
        let header = self.part("Header")?;
        let (mut relates, mut acts) = (0, 0);
        loop {
            self.space();
            if self.end(&header).is_some() {
                break;
            }
            let field = self.start()?;
            let content = self.content(&field)?.trim_matches(is_space);
            match (field.namespace, field.local) {
                (uri::ADDRESSING, "RelatesTo") if content.eq_ignore_ascii_case(message_id) => relates += 1,
                (uri::ADDRESSING, "Action") if content == action => acts += 1,
                (uri::ADDRESSING, "RelatesTo" | "Action") => return None,
                _ => {}
            }
        }
        self.space();
        let body = self.start().filter(|tag| tag.namespace == uri::SOAP && tag.local == "Body")?;
        if body.is_empty {
            self.declared.truncate(body.outside);
        } else {
            self.space();
            if self.end(&body).is_none() {
                let reply = self.start().filter(|tag| tag.local != "Fault")?;
                self.content(&reply).filter(|text| text.trim_matches(is_space).is_empty())?;
                self.space();
                self.end(&body)?;
            }
        }
        self.space();
        self.end(&envelope)?;
        self.space();
        (self.rest.is_empty() && relates == 1 && acts == 1).then_some(())
    }

    /// The start tag of a part of the envelope that holds others.
    fn part(&mut self, local: &str) -> Option<Tag<'a>> {
        self.start().filter(|tag| tag.namespace == uri::SOAP && tag.local == local && !tag.is_empty)
    }

    fn start(&mut self) -> Option<Tag<'a>> {
        self.rest = self.rest.strip_prefix('<')?;
        let outside = self.declared.len();
        let name = self.name()?;
        let mut other: Option<&str> = None;
        let is_empty = loop {
            let before = self.rest.len();
            self.space();
            if let Some(rest) = self.rest.strip_prefix('>') {
                self.rest = rest;
                break false;
            }
            if let Some(rest) = self.rest.strip_prefix("/>") {
                self.rest = rest;
                break true;
            }
            if self.rest.len() == before {
                return None;
            }
            let attribute = self.name()?;
            let value = self.value()?;
            match attribute.split_once(':') {
                Some(("xmlns", prefix)) => self.declare(prefix, value, outside)?,
                None if attribute == "xmlns" => self.declare("", value, outside)?,
                _ if other.replace(attribute).is_some() => return None,
                _ => {}
            }
        };
        if let Some((prefix, _)) = other.and_then(|attribute| attribute.split_once(':'))
            && prefix != "xml"
        {
            self.namespace(prefix)?;
        }
        let (namespace, local) = match name.split_once(':') {
            Some((prefix, local)) => (self.namespace(prefix)?, local),
            None => (self.namespace("").unwrap_or_default(), name),
        };
        Some(Tag { name, namespace, local, is_empty, outside })
    }

    /// The text up to the end of an element that holds nothing else.
    fn content(&mut self, tag: &Tag<'a>) -> Option<&'a str> {
        if tag.is_empty {
            self.declared.truncate(tag.outside);
            return Some("");
        }
        let text = self.up_to(b'<')?;
        self.end(tag).map(|()| text)
    }

    fn end(&mut self, tag: &Tag<'a>) -> Option<()> {
        self.rest = self.rest.strip_prefix("</")?.strip_prefix(tag.name)?.strip_prefix('>')?;
        self.declared.truncate(tag.outside);
        Some(())
    }

    /// A name with at most one prefix.
    fn name(&mut self) -> Option<&'a str> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
        let length = self.rest.bytes().position(|byte| !is_name(byte))?;
        let (name, rest) = self.rest.split_at_checked(length)?;
        let begins = |part: &str| part.starts_with(|first: char| first.is_ascii_alphabetic());
        let is_valid = match name.split_once(':') {
            Some((prefix, local)) => begins(prefix) && begins(local) && !local.contains(':'),
            None => begins(name),
        };
        self.rest = rest;
        Some(name).filter(|_| is_valid)
    }

    fn value(&mut self) -> Option<&'a str> {
        let rest = self.rest.strip_prefix('=')?;
        let quote = rest.bytes().next().filter(|quote| matches!(quote, b'"' | b'\''))?;
        self.rest = rest.get(1..)?;
        // White space and `<` end the search, too: neither is usual in a value.
        let is_end = |byte: u8| byte == quote || matches!(byte, b'<' | b'\t' | b'\n' | b'\r');
        let length = self.rest.bytes().position(is_end)?;
        let (value, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest.strip_prefix(char::from(quote))?;
        Some(value)
    }

    fn declare(&mut self, prefix: &'a str, namespace: &'a str, outside: usize) -> Option<()> {
        let own = self.declared.get(outside..)?;
        let is_new = own.iter().all(|(known, _)| *known != prefix);
        let is_free = !prefix.starts_with("xml") && !matches!(namespace, "" | uri::XML | uri::XMLNS);
        (is_new && is_free && self.declared.len() < MOST_DECLARATIONS)
            .then(|| self.declared.push((prefix, namespace)))
    }

    fn namespace(&self, prefix: &str) -> Option<&'a str> {
        self.declared.iter().rev().find(|(known, _)| *known == prefix).map(|(_, namespace)| *namespace)
    }

    fn space(&mut self) {
        if self.rest.starts_with(is_space) {
            self.rest = self.rest.trim_start_matches(is_space);
        }
    }

    /// What stands before this byte, which is ASCII and must come.
    fn up_to(&mut self, byte: u8) -> Option<&'a str> {
        let length = self.rest.bytes().position(|other| other == byte)?;
        let (text, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(text)
    }
}

/// The length of a `MessageID`, with its `uuid:`.
const MESSAGE_ID_BYTES: usize = 41;

/// Servers need about 1 kB.
const LONGEST: usize = 4 * 1024;

/// Windows makes seven.
const MOST_DECLARATIONS: usize = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::envelope::read_whole;
    use super::super::op::{Delete, EXAMPLE_MESSAGE_ID, Signal, SignalCode};
    use super::super::{CommandId, ShellId};
    use super::*;

    const DELETED: &str = include_str!("../../fixtures/envelopes/delete.response.xml");
    const SIGNALLED: &str = include_str!("../../fixtures/envelopes/signal-terminate.response.xml");

    fn recognises(answer: &str, action: uri::Action) -> bool {
        is_acknowledgement(answer.as_bytes(), action.response, EXAMPLE_MESSAGE_ID)
    }

    #[test]
    fn the_answers_of_windows_are_recognised() {
        assert!(recognises(DELETED, uri::DELETE) && recognises(SIGNALLED, uri::SIGNAL));
        assert!(recognises(&DELETED.replace("><", ">\r\n  <"), uri::DELETE));
        assert!(recognises(&DELETED.replace("<s:Body></s:Body>", "<s:Body/>"), uri::DELETE));
        assert!(!recognises(DELETED, uri::SIGNAL) && !recognises(SIGNALLED, uri::DELETE));
    }

    #[test]
    fn what_is_not_quite_one_is_left_to_the_reader_of_documents() {
        for (from, to) in [
            ("<s:Body></s:Body>", "<s:Body><s:Fault/></s:Body>"),
            ("<s:Body></s:Body>", "<s:Body><s:Fault></s:Fault></s:Body>"),
            ("<s:Body></s:Body>", "<s:Body><a><b/></a></s:Body>"),
            ("<s:Body></s:Body>", "<s:Body></s:Body><s:Body></s:Body>"),
            ("<s:Body></s:Body>", "<s:Body>&lt;</s:Body>"),
            ("<s:Body></s:Body>", "<s:Body><!-- --></s:Body>"),
            ("</s:Envelope>", "</s:Envelope><b/>"),
            ("</s:Envelope>", ""),
            ("6B0E4C0A", "6B0E4C0B"),
            ("transfer/DeleteResponse", "transfer/GetResponse"),
            ("<a:RelatesTo>", "<x:RelatesTo>"),
            ("</s:Header>", "<a:Action>b</a:Action></s:Header>"),
            ("xmlns:x=", "xmlns:s="),
            ("xmlns:x=", "xmlns:xml="),
            ("xml:lang=", "q:lang="),
            ("xml:lang=\"en-US\"", "xml:lang=\"en-US\" b='' c=''"),
            ("2003/05/soap-envelope", "2003/05/other-envelope"),
            ("uuid:A0", "uuid:\u{e9}"),
        ] {
            let answer = DELETED.replacen(from, to, 1);
            assert_ne!(answer, DELETED);
            assert!(!recognises(&answer, uri::DELETE), "{to}");
        }
    }

    /// What servers, proxies and attackers may write into an answer.
    const PIECES: &[&str] = &[
        "<",
        ">",
        "/",
        "\"",
        "'",
        "=",
        " ",
        "\n",
        "&",
        "&amp;",
        "]]>",
        "<!--x-->",
        "<?x?>",
        "<![CDATA[x]]>",
        "xmlns:s=\"u\"",
        " xmlns=\"u\"",
        " xmlns:a=''",
        " a:b='c'",
        " b='c'",
        "<b/>",
        "<s:Fault/>",
        "</s:Body>",
        "<s:Body>",
        "s:",
        ":",
        "xml",
        "a",
        "<a:Action>x</a:Action>",
        "<x:y xmlns:x='z'/>",
        "<w:z s:mustUnderstand='1'>t</w:z>",
        "\u{feff}",
        "\0",
        "\u{e9}",
        "-",
        "1",
    ];

    fn spoilt(answer: &str, changes: &[(prop::sample::Index, usize, prop::sample::Index)]) -> String {
        let mut text = answer.to_owned();
        for (place, removed, piece) in changes {
            let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let from = place.index(ends.len());
            let to = (from + removed).min(ends.len() - 1);
            text.replace_range(ends[from]..ends[to], PIECES[piece.index(PIECES.len())]);
        }
        text
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn whatever_is_recognised_is_an_answer_to_the_reader_of_documents(
            changes in prop::collection::vec((any::<prop::sample::Index>(), 0..4_usize, any::<prop::sample::Index>()), 0..4),
        ) {
            let shell_id = ShellId::from_server("A");
            let command_id = CommandId::from_server("B");
            let resource_uri = "u";
            let delete = Delete { shell_id: &shell_id, resource_uri };
            let code = SignalCode::Terminate;
            let signal = Signal { shell_id: &shell_id, resource_uri, command_id: &command_id, code };
            let deleted = spoilt(DELETED, &changes);
            if recognises(&deleted, uri::DELETE) {
                let whole = read_whole(&delete, EXAMPLE_MESSAGE_ID, deleted.as_bytes());
                prop_assert!(whole.is_ok(), "{whole:?} {deleted}");
            }
            let signalled = spoilt(SIGNALLED, &changes);
            if recognises(&signalled, uri::SIGNAL) {
                let whole = read_whole(&signal, EXAMPLE_MESSAGE_ID, signalled.as_bytes());
                prop_assert!(whole.is_ok(), "{whole:?} {signalled}");
            }
        }
    }
}
