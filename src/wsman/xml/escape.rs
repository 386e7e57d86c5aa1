//! The escaper for text and attribute values.

use super::is_xml_char;

/// Appends `text` with `& < > " '` and line ends escaped, and drops the characters that XML 1.0 cannot carry. Allocates
/// nothing itself, and copies clean text whole.
pub fn escape_into(out: &mut String, text: &str) {
    // Without a branch in the loop the compiler looks at many bytes at once.
    if text.bytes().fold(false, |found, byte| found | needs_a_look(byte)) {
        escape_slowly(out, text);
    } else {
        out.push_str(text);
    }
}

fn escape_slowly(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some((clean, tail)) =
        rest.bytes().position(needs_a_look).and_then(|at| rest.split_at_checked(at))
    {
        out.push_str(clean);
        let mut characters = tail.chars();
        match characters.next() {
            Some('&') => out.push_str("&amp;"),
            Some('<') => out.push_str("&lt;"),
            Some('>') => out.push_str("&gt;"),
            Some('"') => out.push_str("&quot;"),
            Some('\'') => out.push_str("&apos;"),
            // Escaped so that attribute normalisation and line-end folding leave them alone.
            Some('\t') => out.push_str("&#9;"),
            Some('\n') => out.push_str("&#10;"),
            Some('\r') => out.push_str("&#13;"),
            Some(other) if is_xml_char(other) => out.push(other),
            _ => {}
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
}

/// Whether a byte begins a character that may not be copied as it is. U+FFFE and U+FFFF begin with 0xEF; no byte
/// within a character is below 0x80 or equal to 0xEF, so that the cut is always between characters.
fn needs_a_look(byte: u8) -> bool {
    (byte < b' ')
        | (byte == b'&')
        | (byte == b'<')
        | (byte == b'>')
        | (byte == b'"')
        | (byte == b'\'')
        | (byte == 0xEF)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Document;
    use super::*;

    fn escaped(text: &str) -> String {
        let mut out = String::new();
        escape_into(&mut out, text);
        out
    }

    #[test]
    fn clean_text_is_copied() {
        assert_eq!(escaped("http://win01:5985/wsman?PSVersion=7.4"), "http://win01:5985/wsman?PSVersion=7.4");
        assert_eq!(escaped("é 漢 \u{1f600} \u{feff}"), "é 漢 \u{1f600} \u{feff}");
    }

    #[test]
    fn markup_and_line_ends_are_escaped() {
        assert_eq!(escaped("a&b<c>\"'"), "a&amp;b&lt;c&gt;&quot;&apos;");
        assert_eq!(escaped("a\r\n\tb"), "a&#13;&#10;&#9;b");
    }

    #[test]
    fn what_xml_cannot_carry_is_dropped() {
        assert_eq!(escaped("a\0b\u{1b}c\u{ffff}d\u{fffe}"), "abcd");
        assert_eq!(escaped("\u{7f}\u{85}"), "\u{7f}\u{85}");
    }

    proptest! {
        #[test]
        fn what_is_escaped_is_read_back(text in any::<String>()) {
            let document = format!(r#"<a b="{0}">.{0}.</a>"#, escaped(&text));
            let document = Document::parse(&document).unwrap();
            let carried: String = text.chars().filter(|c| is_xml_char(*c)).collect();
            prop_assert_eq!(document.root().attribute("b"), Some(carried.as_str()));
            let text = document.root().text();
            prop_assert_eq!(text, format!(".{carried}."));
        }
    }
}
