//! Bytes as text: UTF-8 or UTF-16 of either order, with a byte order mark or without. Windows PowerShell's `>` writes
//! UTF-16, its `Set-Content -Encoding UTF8` UTF-8 with a mark, PowerShell 7 UTF-8 without. A mark is never part of the text.

use std::borrow::Cow;

/// Bytes that are neither UTF-8 nor UTF-16.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct DecodeError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, for a person.
    pub problem: &'static str,
}

/// The text of these bytes, in UTF-8 or UTF-16 of either byte order, without the byte order mark. No other copy of it is
/// left in memory: it may be a secret.
///
/// # Errors
/// They are in neither encoding; the error has the line.
pub fn decode_text(bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        // Every form begins with a character of ASCII, of which one half is zero.
        [first, 0, ..] if *first != 0 => utf16(bytes, u16::from_le_bytes),
        [0, second, ..] if *second != 0 => utf16(bytes, u16::from_be_bytes),
        _ => utf8(bytes),
    }
}

/// Whether the text that begins so is in UTF-16.
pub(super) fn is_utf16(bytes: &[u8]) -> bool {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => true,
        [first, second, ..] => (*first == 0) != (*second == 0),
        _ => false,
    }
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
        DecodeError { line, problem: "neither UTF-8 nor UTF-16; save it as UTF-8" }
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'_, str>, DecodeError> {
    let (pairs, half) = bytes.as_chunks::<2>();
    let characters = || char::decode_utf16(pairs.iter().map(|pair| unit(*pair)));
    let (mut length, mut line) = (0, 1);
    for character in characters() {
        let Ok(character) = character else {
            return Err(DecodeError { line, problem: "half a character of UTF-16 (a lone surrogate)" });
        };
        length += character.len_utf8();
        line += usize::from(character == '\n');
    }
    if !half.is_empty() {
        return Err(DecodeError { line, problem: "the text ends within a UTF-16 character" });
    }
    // Of the right size from the start: a text that grows leaves a copy behind.
    let mut text = String::with_capacity(length);
    text.extend(characters().flatten());
    Ok(Cow::Owned(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn each_encoding_is_known_with_and_without_its_mark() {
        let plain = "{\"Name\": \"Büro 🖥\"}\r\n";
        let marked = format!("\u{feff}{plain}");
        for text_of in [plain, &marked] {
            for bytes in [
                text_of.as_bytes().to_vec(),
                encoded(text_of, u16::to_le_bytes),
                encoded(text_of, u16::to_be_bytes),
            ] {
                assert_eq!(decode_text(&bytes).unwrap(), plain, "{bytes:?}");
            }
        }
        assert_eq!(decode_text(b"").unwrap(), "");
        assert_eq!(decode_text(b"\xff\xfe").unwrap(), "");
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_line() {
        let mut lone = encoded("{\n", u16::to_le_bytes);
        lone.extend([0x00, 0xd8, b'}', 0]);
        for (bytes, line, reason) in [
            (&b"{\n\xff}"[..], 2, "save it as UTF-8"),
            (b"\x80", 1, "save it as UTF-8"),
            (&lone, 2, "lone surrogate"),
            (b"\xff\xfe{\0\n\0}", 2, "ends within"),
        ] {
            let error = decode_text(bytes).unwrap_err();
            assert_eq!(error.line, line);
            assert!(error.problem.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_text_of_utf_16_is_made_in_one_piece() {
        let bytes = encoded("\u{feff}p\u{e4}ss \u{20ac} \u{1f5a5}", u16::to_le_bytes);
        let Cow::Owned(text) = decode_text(&bytes).unwrap() else { panic!("borrowed") };
        assert_eq!(text.capacity(), text.len());
    }
}
