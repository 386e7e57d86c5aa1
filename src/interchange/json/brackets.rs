//! Where values begin and end in a JSON text that comes in pieces. Only brackets, commas and quotes are looked at: whether
//! it is JSON, the parser decides.

/// How far a text has been looked at, and within what that place is.
#[derive(Debug, Default)]
pub(super) struct Brackets {
    at: usize,
    depth: usize,
    in_text: bool,
    is_escaped: bool,
}

/// A place between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// An array begins at the top.
    ArrayBegins,
    /// A comma within one bracket.
    Comma,
    /// This bracket ends an object or array at the top.
    End(&'static str),
}

impl Brackets {
    /// The next place, as an offset in the text. Of a text that has grown, what is new is looked at.
    pub(super) fn next(&mut self, text: &[u8]) -> Option<(usize, Mark)> {
        while let Some(byte) = text.get(self.at) {
            let at = self.at;
            if self.in_text {
                self.pass_text(text);
                continue;
            }
            self.at += 1;
            match byte {
                b'"' => self.in_text = true,
                b'[' | b'{' => {
                    self.depth += 1;
                    if self.depth == 1 && *byte == b'[' {
                        return Some((at, Mark::ArrayBegins));
                    }
                }
                b']' | b'}' if self.depth > 0 => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Some((at, Mark::End(if *byte == b']' { "]" } else { "}" })));
                    }
                }
                b',' if self.depth == 1 => return Some((at, Mark::Comma)),
                _ => {}
            }
        }
        None
    }

    /// So much of the begin of the text has been taken away.
    pub(super) fn forget(&mut self, length: usize) {
        self.at = self.at.saturating_sub(length);
    }

    fn pass_text(&mut self, text: &[u8]) {
        if std::mem::take(&mut self.is_escaped) {
            self.at += 1;
            return;
        }
        let rest = text.get(self.at..).unwrap_or_default();
        match memchr::memchr2(b'"', b'\\', rest) {
            None => self.at = text.len(),
            Some(length) => {
                (self.in_text, self.is_escaped) =
                    if rest.get(length) == Some(&b'"') { (false, false) } else { (true, true) };
                self.at += length + 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_within_texts_are_none_however_the_text_is_cut() {
        let text = br#"{"a":"}\\\"]"}[1,{"b":[2,3]}] ,[] "#;
        let whole: Vec<_> = {
            let mut brackets = Brackets::default();
            std::iter::from_fn(|| brackets.next(text)).collect()
        };
        let expected = [
            (13, Mark::End("}")),
            (14, Mark::ArrayBegins),
            (16, Mark::Comma),
            (28, Mark::End("]")),
            (31, Mark::ArrayBegins),
            (32, Mark::End("]")),
        ];
        assert_eq!(whole, expected);
        let mut brackets = Brackets::default();
        let mut by_bytes = Vec::new();
        for end in 0..=text.len() {
            by_bytes.extend(std::iter::from_fn(|| brackets.next(&text[..end])));
        }
        assert_eq!(by_bytes, expected);
    }
}
