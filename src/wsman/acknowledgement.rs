//! Answers that say nothing but that the operation is done, recognised without a tree. They are in printable ASCII.

use super::ids::MessageId;
use super::plain::PlainReader;
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
    let reply = |reader: &mut PlainReader<'_>| {
        let reply = reader.start().filter(|tag| tag.local != "Fault")?;
        reader.content(&reply).filter(|text| text.trim_matches(is_space).is_empty()).map(drop)
    };
    PlainReader::new(text).envelope(action, message_id, reply, Some(())).is_some()
}

/// Servers need about 1 kB.
const LONGEST: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::envelope::read_whole;
    use super::super::op::{Delete, EXAMPLE_MESSAGE_ID, Signal, SignalCode};
    use super::super::{CommandId, ShellId, uri};
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
