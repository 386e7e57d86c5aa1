//! A page of shells in the spelling of Windows, read without a tree.

use super::Interner;
use super::ids::{EnumerationContext, MessageId};
use super::op::Page;
use super::plain::{PlainReader, Tag};
use super::shell::Shell;
use super::uri;
use super::xml::{MAX_BYTES, is_space};

/// Windows writes 20.
const MOST_FIELDS: usize = 32;

/// The page that this answer is, if it is one in the usual spelling: its action, the local name of its response, and the
/// message that it answers must be these. Every item must be a shell of Windows without a flaw.
pub(super) fn read(answer: &[u8], action: &str, message_id: MessageId, local: &str) -> Option<Page<Shell>> {
    // Without a branch, so that the compiler can look at many at once. U+FFFE and U+FFFF begin with 0xEF.
    let is_usual = |byte: u8| {
        (byte >= b' ') & (byte != b'&') & (byte != 0xEF) | (byte == b'\t') | (byte == b'\n') | (byte == b'\r')
    };
    if answer.len() > MAX_BYTES || !answer.iter().fold(true, |usual, byte| usual & is_usual(*byte)) {
        return None;
    }
    let text = std::str::from_utf8(answer).ok().filter(|text| !text.contains("]]>"))?;
    let body = |reader: &mut PlainReader<'_>| page(reader, local);
    PlainReader::new(text).envelope(action, message_id, body, None)
}

fn page(reader: &mut PlainReader<'_>, local: &str) -> Option<Page<Shell>> {
    let response = reader.start().filter(|tag| tag.namespace == uri::ENUMERATION && tag.local == local)?;
    if response.is_empty {
        return None;
    }
    let mut page = Page { items: Vec::new(), undecodable: Vec::new(), next: None };
    let (mut ended, mut texts) = (false, Interner::default());
    loop {
        reader.space();
        if reader.end(&response).is_some() {
            break;
        }
        let part = reader.start()?;
        match (part.namespace, part.local) {
            (uri::WSMAN | uri::ENUMERATION, "Items") if part.is_empty => drop(reader.content(&part)?),
            (uri::WSMAN | uri::ENUMERATION, "Items") => loop {
                reader.space();
                if reader.end(&part).is_some() {
                    break;
                }
                let item =
                    reader.start().filter(|tag| tag.namespace == uri::SHELL && tag.local == "Shell")?;
                page.items.push(shell(reader, &item, &mut texts)?);
            },
            (uri::WSMAN | uri::ENUMERATION, "EndOfSequence") => {
                ended = true;
                reader.content(&part).filter(|text| text.trim_matches(is_space).is_empty())?;
            }
            (uri::ENUMERATION, "EnumerationContext") => {
                let context = text_of(reader, &part)?;
                if !context.is_empty() {
                    page.next = Some(EnumerationContext::from_server(context));
                }
            }
            (uri::ENUMERATION, "Expires") => drop(reader.content(&part)?),
            _ => return None,
        }
    }
    if ended {
        page.next = None;
    } else if page.next.is_none() {
        return None;
    }
    Some(page)
}

fn shell<'a>(reader: &mut PlainReader<'a>, item: &Tag<'a>, texts: &mut Interner) -> Option<Shell> {
    if item.is_empty {
        return None;
    }
    let mut fields = [("", ""); MOST_FIELDS];
    let mut free = fields.iter_mut();
    loop {
        reader.space();
        if reader.end(item).is_some() {
            break;
        }
        let field = reader.start()?;
        let text = text_of(reader, &field)?;
        if field.namespace == uri::SHELL {
            // It may say that there is no value.
            if field.has_attribute {
                return None;
            }
            *free.next()? = (field.local, text);
        }
    }
    let used = MOST_FIELDS - free.len();
    Shell::of_fields(fields.get(..used)?, texts)
}

/// The text of an element that holds nothing else.
fn text_of<'a>(reader: &mut PlainReader<'a>, tag: &Tag<'a>) -> Option<&'a str> {
    // A line end within it would be folded.
    reader.content(tag).map(|text| text.trim_matches(is_space)).filter(|text| !text.contains('\r'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::envelope::read_whole;
    use super::super::op::{EXAMPLE_MESSAGE_ID, EnumerateShells};
    use super::*;

    const LISTING: &str = include_str!("../../fixtures/envelopes/enumerate-shells.response.xml");
    const ENUMERATE: EnumerateShells = EnumerateShells { optimize: true, max_elements: 100 };

    fn plain(answer: &str) -> Option<Page<Shell>> {
        read(answer.as_bytes(), uri::ENUMERATE.response, EXAMPLE_MESSAGE_ID, "EnumerateResponse")
    }

    #[test]
    fn a_page_of_windows_is_read_as_the_tree_reads_it() {
        let page = plain(LISTING).unwrap();
        assert!(!page.items.is_empty());
        assert_eq!(Ok(page), read_whole(&ENUMERATE, EXAMPLE_MESSAGE_ID, LISTING.as_bytes()));
    }

    #[test]
    fn what_is_not_quite_usual_is_left_to_the_tree() {
        for (from, to) in [
            ("<rsp:Owner>", "<!-- --><rsp:Owner>"),
            ("<rsp:Owner>", "<rsp:Owner>&amp;"),
            ("<rsp:Owner>", "<rsp:Owner><![CDATA[x]]>"),
            ("<rsp:Owner>", "<rsp:Owner>a\r\nb"),
            ("<rsp:Owner>", "<rsp:Owner>]]>"),
            ("<rsp:Owner>", "<rsp:Owner>\u{ffff}"),
            ("<rsp:Owner>", "<rsp:Owner xml:lang='en'>"),
            ("<rsp:ShellId>", "<rsp:ShellId> </rsp:ShellId><rsp:ShellId>"),
            ("<rsp:ShellId>", "<rsp:NoShellId/><rsp:ShellId>\u{85}"),
            ("<rsp:ResourceUri>", "<rsp:ResourceUri>http://u:p@x/"),
            ("</rsp:Shell>", "</rsp:Shell>text"),
            ("</rsp:Shell>", "</rsp:Shell><rsp:Other/>"),
        ] {
            let changed = LISTING.replacen(from, to, 1);
            assert_ne!(changed, LISTING, "{from}");
            assert_eq!(plain(&changed), None, "{to}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        /// However an answer is mangled, what is read here is what the tree reads.
        #[test]
        fn whatever_is_read_is_what_the_tree_reads(
            at in any::<prop::sample::Index>(),
            length in 0_usize..12,
            text in prop_oneof![
                "[ -~]{0,4}", "<rsp:[A-Z][a-z]{1,4}/>", Just(String::from("<rsp:Shell/>")),
                Just(String::from(" xmlns:rsp='urn:x'")), Just(String::from("<rsp:Name>b</rsp:Name>")),
                Just(String::from("<rsp:ShellId>b</rsp:ShellId>")), Just(String::from("\u{a0}")),
                Just(String::from("<w:EndOfSequence/>")), Just(String::from("\r\n")),
            ],
        ) {
            let mut characters: Vec<char> = LISTING.chars().collect();
            let at = at.index(characters.len());
            let end = (at + length).min(characters.len());
            characters.splice(at..end, text.chars());
            let mangled: String = characters.into_iter().collect();
            if let Some(page) = plain(&mangled) {
                prop_assert_eq!(Ok(page), read_whole(&ENUMERATE, EXAMPLE_MESSAGE_ID, mangled.as_bytes()));
            }
        }
    }
}
