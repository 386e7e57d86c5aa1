//! A command line of bash: its words, and what to insert so that bash reads a value back as it is.

/// The words before the cursor as bash will pass them, and the one at the cursor as it was typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) before: Vec<String>,
    pub(super) last: String,
}

/// What a character stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quote {
    Single,
    Double,
}

/// Takes a line apart at its blanks.
pub(super) fn split(line: &str) -> Line {
    let mut before = Vec::new();
    let mut last = String::new();
    for character in line.chars() {
        // The state of a word is read from its beginning; lines are short.
        if character.is_ascii_whitespace() && !is_open(&last) {
            if !last.is_empty() {
                before.push(unquoted(&last).0);
            }
            last.clear();
        } else {
            last.push(character);
        }
    }
    Line { before, last }
}

/// Whether a blank would still belong to this word.
fn is_open(word: &str) -> bool {
    let backslashes = word.chars().rev().take_while(|character| *character == '\\').count();
    match unquoted(word).1 {
        Some(_) => true,
        None => backslashes % 2 == 1,
    }
}

/// What bash makes of a word, and the quote that is open at its end.
pub(super) fn unquoted(word: &str) -> (String, Option<Quote>) {
    let mut value = String::with_capacity(word.len());
    let mut quote = None;
    let mut characters = word.chars().peekable();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (None, '\'') => quote = Some(Quote::Single),
            (None, '"') => quote = Some(Quote::Double),
            (Some(Quote::Single), '\'') | (Some(Quote::Double), '"') => quote = None,
            (None, '\\') => value.extend(characters.next()),
            (Some(Quote::Double), '\\') => match characters.next_if(|next| "$`\"\\".contains(*next)) {
                Some(next) => value.push(next),
                None => value.push('\\'),
            },
            _ => value.push(character),
        }
    }
    (value, quote)
}

/// What bash is to put in place of `wanted`, the part of the typed `word` that it wants completed; `None` where it
/// cannot.
pub(super) fn insertion(value: &str, word: &str, wanted: &str) -> Option<String> {
    let (kept, quote) = unquoted(word.strip_suffix(wanted)?);
    let (start, rest) = value.split_at_checked(kept.len())?;
    start.eq_ignore_ascii_case(&kept).then_some(())?;
    match quote {
        // A home that was typed as `~` stays one.
        None if wanted.starts_with("~/") => Some(format!("~{}", insertion(value.get(1..)?, "", "")?)),
        None => Some(rest.chars().flat_map(escaped).collect()),
        Some(Quote::Single) => Some(rest.replace('\'', r"'\''")),
        // There is no way to write it there that every shell option leaves alone.
        Some(Quote::Double) if rest.contains('!') => None,
        Some(Quote::Double) => Some(rest.chars().flat_map(escaped_in_quotes).collect()),
    }
}

fn escaped(character: char) -> impl Iterator<Item = char> {
    let plain = character.is_alphanumeric() || "-_./:=@%+,".contains(character);
    (!plain).then_some('\\').into_iter().chain([character])
}

fn escaped_in_quotes(character: char) -> impl Iterator<Item = char> {
    "$`\"\\".contains(character).then_some('\\').into_iter().chain([character])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart_as_bash_does() {
        let rows = [
            ("pssession ", vec!["pssession"], ""),
            ("pssession ge", vec!["pssession"], "ge"),
            (r"pssession --name a\ b 'c  d' ", vec!["pssession", "--name", "a b", "c  d"], ""),
            (r#"pssession --name "a b"#, vec!["pssession", "--name"], "\"a b"),
            (r"x a\\ b", vec!["x", r"a\"], "b"),
            (r#"x "a\"b \c" "#, vec!["x", r#"a"b \c"#], ""),
        ];
        for (line, before, last) in rows {
            let before = before.into_iter().map(str::to_owned).collect();
            assert_eq!(split(line), Line { before, last: last.to_owned() }, "{line}");
        }
    }

    #[test]
    fn an_insertion_continues_what_was_typed_and_means_the_value() {
        let rows = [
            ("name with blank", "na", "na", Some(r"name\ with\ blank")),
            ("name with blank", r"name\ w", r"name\ w", Some(r"name\ with\ blank")),
            ("name with blank", "\"name w", "name w", Some("name with blank")),
            ("--name=it's", "--name='i", "i", Some(r"it'\''s")),
            ("WEB01:5986", "web01:59", "59", Some("5986")),
            ("$(reboot)`*", "", "", Some(r"\$\(reboot\)\`\*")),
            ("$(reboot)", "\"", "", Some(r"\$(reboot)")),
            ("!!", "\"", "", None),
            ("other", "name:x", "x", None),
            ("~/my files/", "~/m", "~/m", Some(r"~/my\ files/")),
            ("~x", "", "", Some(r"\~x")),
            ("夜間 ビルド", "夜", "夜", Some(r"夜間\ ビルド")),
        ];
        for (value, word, wanted, expected) in rows {
            assert_eq!(insertion(value, word, wanted).as_deref(), expected, "{value} after {word}");
        }
    }
}
