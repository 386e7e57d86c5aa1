//! Where a secret stands in a text.

use std::ops::Range;

use memchr::memchr_iter;
use zeroize::Zeroizing;

pub(super) struct Secret {
    pub(super) text: Zeroizing<String>,
    pub(super) kind: Kind,
    /// Where in the text its rarest byte is.
    pub(super) rarest: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    /// All the Base64 that follows belongs to it, such as padding, and the rest of a token.
    Base64,
}

/// Whether `secret`, whose rarest byte is at `rarest`, stands in the text. Each answer is searched for all secrets: a
/// searcher that is made anew for each costs more than the search, and one that is kept holds a copy that nobody wipes.
pub(super) fn holds(text: &str, secret: &str, rarest: usize) -> bool {
    let (text, secret) = (text.as_bytes(), secret.as_bytes());
    let Some(byte) = secret.get(rarest) else { return false };
    memchr_iter(*byte, text)
        .filter_map(|at| at.checked_sub(rarest))
        .any(|start| text.get(start..start + secret.len()) == Some(secret))
}

/// Where the byte is that an envelope has least of.
pub(super) fn rarest(secret: &str) -> usize {
    let frequency = |byte: &u8| match byte {
        b'a'..=b'z' | b'/' | b':' | b'.' | b'"' | b'=' | b' ' | b'<' | b'>' => 3,
        b'A'..=b'F' | b'0'..=b'9' | b'-' => 2,
        b'G'..=b'Z' => 1,
        _ => 0,
    };
    let bytes = secret.bytes().enumerate();
    bytes.min_by_key(|(_, byte)| frequency(byte)).map_or(0, |(at, _)| at)
}

/// Adds where `secret` stands in `text`.
pub(super) fn find(text: &str, secret: &str, kind: Kind, spans: &mut Vec<Range<usize>>) {
    let is_short = secret.chars().count() < ANYWHERE;
    let mut masked_to = 0;
    for (start, _) in text.match_indices(secret) {
        // Within what has been found nothing is looked at again: a server may repeat a token as often as it likes.
        if start < masked_to {
            continue;
        }
        let (before, found) = text.split_at_checked(start).unwrap_or_default();
        let mut after = found.get(secret.len()..).unwrap_or_default();
        let touches = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
        if is_short && (touches(before.chars().next_back()) || touches(after.chars().next())) {
            continue;
        }
        if kind == Kind::Base64 {
            after = after
                .trim_start_matches(|letter: char| letter.is_ascii_alphanumeric() || "+/=".contains(letter));
        }
        masked_to = text.len() - after.len();
        spans.push(start..masked_to);
    }
}

/// From this length on, in characters, a secret is masked within other words as well: the shortest password that NIST
/// SP 800-63B allows (section 5.1.1.2, Memorized Secret Verifiers).
pub(super) const ANYWHERE: usize = 8;
