//! A word of PowerShell's command line: what of it is replaced, and what to insert so that PowerShell hands a value to
//! the command as it is.

/// PowerShell's quotes: it takes typographic ones for the plain ones.
const SINGLE: [char; 5] = ['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'];
const DOUBLE: [char; 4] = ['"', '\u{201c}', '\u{201d}', '\u{201e}'];

/// The word at the cursor as it was typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Typed<'t> {
    /// What stands before the part that PowerShell replaces, as the command would get it.
    kept: String,
    /// That part, as it was typed.
    replaced: &'t str,
}

impl<'t> Typed<'t> {
    /// PowerShell replaces what stands behind the last comma, else what stands behind the colon of a parameter, else the
    /// whole word.
    pub(super) fn new(word: &'t str) -> Self {
        let is_parameter = word.starts_with('-') && !word.starts_with("--");
        let mut start = 0;
        let mut quote = None;
        let mut characters = word.char_indices();
        while let Some((position, character)) = characters.next() {
            match quote {
                None if character == '`' => drop(characters.next()),
                None if SINGLE.contains(&character) => quote = Some(&SINGLE[..]),
                None if DOUBLE.contains(&character) => quote = Some(&DOUBLE[..]),
                None if character == ',' || (character == ':' && is_parameter && start == 0) => {
                    start = position + 1;
                }
                Some(quotes) if quotes.contains(&character) => quote = None,
                _ => {}
            }
        }
        let (kept, replaced) = word.split_at_checked(start).unwrap_or_default();
        let blanks = replaced.len() - replaced.trim_start().len();
        Self { kept: value(kept, true), replaced: replaced.get(blanks..).unwrap_or_default() }
    }

    /// The whole word as the command would get it.
    pub(super) fn value(&self) -> String {
        format!("{}{}", self.kept, value(self.replaced, false))
    }

    /// What to put in place of the replaced part so that the word becomes `value`; `None` where it cannot.
    pub(super) fn insertion(&self, value: &str) -> Option<String> {
        let (start, rest) = value.split_at_checked(self.kept.len())?;
        start.eq_ignore_ascii_case(&self.kept).then_some(())?;
        // A list reaches a program as it was typed, taken apart at its blanks, and the program takes off the quotes.
        let is_list = self.kept.ends_with(',');
        let breaks = |character: char| {
            character.is_whitespace() || SINGLE.contains(&character) || DOUBLE.contains(&character)
        };
        (!is_list || !rest.contains(breaks)).then(|| quoted(rest))
    }

    /// What leaves the word as it is: without an answer PowerShell would offer the names of files.
    pub(super) fn unchanged(&self) -> &str {
        // An answer cannot be empty.
        if self.replaced.is_empty() { " " } else { self.replaced }
    }
}

/// What PowerShell makes of a text with quotes and backticks; blanks beside the commas of a list are none of it.
fn value(text: &str, without_blanks: bool) -> String {
    let mut value = String::with_capacity(text.len());
    let mut quote: Option<&[char]> = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match quote {
            None if SINGLE.contains(&character) => quote = Some(&SINGLE),
            None if DOUBLE.contains(&character) => quote = Some(&DOUBLE),
            None if without_blanks && character.is_whitespace() => {}
            Some(quotes) if quotes.contains(&character) => {
                match characters.next_if(|next| quotes.contains(next)) {
                    Some(next) => value.push(next),
                    None => quote = None,
                }
            }
            Some(quotes) if quotes == SINGLE => value.push(character),
            _ if character == '`' => value.extend(characters.next()),
            _ => value.push(character),
        }
    }
    value
}

/// A value as PowerShell reads it: its single quotes are five characters, each of which is written twice.
fn quoted(value: &str) -> String {
    if value.chars().all(|character| character.is_ascii_alphanumeric() || "-_./:=\\".contains(character)) {
        return value.to_owned();
    }
    let mut quoted = String::from("'");
    for character in value.chars() {
        quoted.extend(SINGLE.contains(&character).then_some(character));
        quoted.push(character);
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_is_replaced_and_the_whole_is_the_value() {
        for (word, value, kept, replaced) in [
            ("b", "b", "", "b"),
            ("", "", "", ""),
            ("-Name:b", "-Name:b", "-Name:", "b"),
            ("-Id:", "-Id:", "-Id:", ""),
            ("-Name:a,b", "-Name:a,b", "-Name:a,", "b"),
            ("build-1,b", "build-1,b", "build-1,", "b"),
            ("build-1, b", "build-1,b", "build-1,", "b"),
            ("3,", "3,", "3,", ""),
            ("'a, b','c", "a, b,c", "a, b,", "'c"),
            ("'it''s", "it's", "", "'it''s"),
            ("\"say \"\"x", "say \"x", "", "\"say \"\"x"),
            ("it`'s", "it's", "", "it`'s"),
            ("a`,b", "a,b", "", "a`,b"),
            ("--name=b", "--name=b", "", "--name=b"),
            ("--name=a,b", "--name=a,b", "--name=a,", "b"),
            ("--on=http://web", "--on=http://web", "", "--on=http://web"),
            ("\u{2018}na m", "na m", "", "\u{2018}na m"),
        ] {
            let typed = Typed::new(word);
            assert_eq!(
                (typed.value().as_str(), typed.kept.as_str(), typed.replaced),
                (value, kept, replaced),
                "{word}"
            );
        }
    }

    #[test]
    fn only_the_last_part_is_inserted_in_quotes_where_it_needs_them() {
        for (word, value, inserted) in [
            ("-Name:n", "-Name:name with blank", Some("'name with blank'")),
            ("-name:n", "-Name:next", Some("next")),
            ("a,n", "a,next", Some("next")),
            ("a,n", "a,$next", Some("'$next'")),
            ("a,n", "a,name with blank", None),
            ("a,i", "a,it's", None),
            ("i", "it's", Some("'it''s'")),
            ("x", "b \u{2019} $(c)", Some("'b \u{2019}\u{2019} $(c)'")),
            ("a,n", "other", None),
        ] {
            assert_eq!(Typed::new(word).insertion(value).as_deref(), inserted, "{word} {value}");
        }
        assert_eq!(Typed::new("-Name:'x").unchanged(), "'x");
        assert_eq!(Typed::new("3,").unchanged(), " ");
    }
}
