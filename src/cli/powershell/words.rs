//! The words of the command line: parameters, values, and options of our own.

use std::ffi::OsString;

use super::error::Problem;
use super::options::Arity;

/// What PowerShell reads as the dash before a parameter: hyphen-minus, en dash, em dash, horizontal bar.
pub(super) const DASHES: [char; 4] = ['-', '\u{2013}', '\u{2014}', '\u{2015}'];

/// One word, or what stands before its colon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// `-?`, and `--help`.
    Help,
    /// `-Name`, or `-Name:value`; the value is empty where nothing follows the colon.
    Parameter { dash: char, name: String, value: Option<String> },
    /// A value, or a part of one.
    Value(String),
}

/// A command line that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) words: Vec<Word>,
    /// Our own options and their values, as they were typed.
    pub(super) ours: Vec<String>,
}

/// Tells our own options from PowerShell's words. `arity` says of `--option` whether a value follows it. Everything
/// behind `--` is a value.
pub(super) fn read(
    words: impl IntoIterator<Item = OsString>,
    arity: &dyn Fn(&str) -> Option<Arity>,
) -> Result<Line, Problem> {
    let mut line = Line::default();
    let mut words = words.into_iter().map(text).peekable();
    while let Some(word) = words.next() {
        let word = word?;
        if word == "--" {
            for word in words.by_ref() {
                line.words.push(Word::Value(word?));
            }
        } else if word == "--help" {
            line.words.push(Word::Help);
        } else if is_ours(&word) {
            let takes_value = !word.contains('=') && arity(&word) == Some(Arity::Value);
            line.ours.push(word);
            // A parameter is no value: the option then stands there without one, and our own parser says so.
            let follows = |next: &Result<String, Problem>| {
                next.as_ref().is_ok_and(|next| !is_ours(next) && matches!(classify(next), Word::Value(_)))
            };
            if takes_value && let Some(value) = words.next_if(follows) {
                line.ours.push(value?);
            }
        } else {
            line.words.push(classify(&word));
        }
    }
    Ok(line)
}

fn text(word: OsString) -> Result<String, Problem> {
    word.into_string().map_err(|word| Problem::NotText { shown: word.to_string_lossy().into_owned() })
}

/// Two ASCII dashes.
fn is_ours(word: &str) -> bool {
    word.starts_with("--")
}

/// A dash and a letter begin a parameter; a dash and a digit are a number, and a lone dash is stdin.
pub(super) fn classify(word: &str) -> Word {
    let mut characters = word.chars();
    let Some(dash) = characters.next().filter(|first| DASHES.contains(first)) else {
        return Word::Value(word.to_owned());
    };
    let behind = characters.as_str();
    if behind == "?" {
        return Word::Help;
    }
    if !behind.starts_with(|first: char| first.is_alphabetic() || first == '_') {
        return Word::Value(word.to_owned());
    }
    match behind.split_once(':') {
        Some((name, value)) => Word::Parameter { dash, name: name.to_owned(), value: Some(value.to_owned()) },
        None => Word::Parameter { dash, name: behind.to_owned(), value: None },
    }
}

/// A list of values, which a shell may have split around its commas: `1,2`, `1, 2`, `1 ,2` and `1 , 2` are one list.
/// A comma behind a backtick belongs to its value. An empty word is an empty value; nothing beside a comma is not.
///
/// PowerShell itself hands a list on with its quotes, as `'a','b'` or `'a',` and `'b'`: of each value in quotes of a list
/// with commas one pair is taken off, and a comma within the quotes belongs to the value.
#[derive(Debug)]
pub(super) struct List {
    items: Vec<Item>,
    /// A comma, or the beginning, waits for a value.
    open: bool,
    /// There was a comma between two values.
    has_commas: bool,
    /// A comma within braces belongs to its value, as in a GUID's `{0x..,{0x..}}`.
    keeps_braces: bool,
}

#[derive(Debug)]
struct Item {
    text: String,
    /// What stands within its quotes.
    quoted: Option<String>,
}

/// A comma without a value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoValue;

impl List {
    pub(super) fn begin(word: &str, keeps_braces: bool) -> Result<Self, NoValue> {
        let mut list = Self { items: Vec::new(), open: true, has_commas: false, keeps_braces };
        list.push(word)?;
        Ok(list)
    }

    /// Whether `word` goes on with the list.
    pub(super) fn goes_on_with(&self, word: &str) -> bool {
        self.open || word.starts_with(',')
    }

    pub(super) fn push(&mut self, word: &str) -> Result<(), NoValue> {
        if word.is_empty() {
            self.add(String::new(), None);
        }
        let mut rest = word;
        while !rest.is_empty() {
            if let Some(behind) = rest.strip_prefix(',') {
                self.has_commas = true;
                if std::mem::replace(&mut self.open, true) {
                    return Err(NoValue);
                }
                rest = behind;
                continue;
            }
            let quoted = in_quotes(rest);
            let length = match &quoted {
                Some((length, _)) => *length,
                None => self.length(rest),
            };
            let (item, behind) = rest.split_at(length);
            self.add(item.to_owned(), quoted.map(|(_, content)| content));
            rest = behind;
        }
        Ok(())
    }

    /// How long the value is with which the text begins, up to the comma that ends it.
    fn length(&self, text: &str) -> usize {
        let (mut escaped, mut depth) = (false, 0_usize);
        for (at, character) in text.char_indices() {
            match character {
                '{' if self.keeps_braces => depth += 1,
                '}' if self.keeps_braces => depth = depth.saturating_sub(1),
                ',' if !escaped && depth == 0 => return at,
                _ => {}
            }
            escaped = character == '`' && !escaped;
        }
        text.len()
    }

    fn add(&mut self, text: String, quoted: Option<String>) {
        self.items.push(Item { text, quoted });
        self.open = false;
    }

    /// Whether all its values have quotes that are taken off: to PowerShell they are texts, even if they are all digits.
    pub(super) fn is_text(&self) -> bool {
        self.has_commas && self.items.iter().all(|item| item.quoted.is_some())
    }

    pub(super) fn end(self) -> Result<Vec<String>, NoValue> {
        if self.open {
            return Err(NoValue);
        }
        let has_commas = self.has_commas;
        let text = |item: Item| item.quoted.filter(|_| has_commas).unwrap_or(item.text);
        Ok(self.items.into_iter().map(text).collect())
    }
}

/// A value in quotes at the beginning of the text, up to a comma or the end: its length, and what stands within. A quote
/// that is there twice is one of the value.
fn in_quotes(text: &str) -> Option<(usize, String)> {
    let quote = text.chars().next().filter(|first| matches!(first, '\'' | '"'))?;
    let mut content = String::new();
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character != quote {
            content.push(character);
        } else if characters.next_if(|(_, next)| *next == quote).is_some() {
            content.push(quote);
        } else {
            let ends = characters.peek().is_none_or(|(_, next)| *next == ',');
            return ends.then_some((at + quote.len_utf8(), content));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[&str]) -> Line {
        let arity = |option: &str| match option {
            "--output" | "--password-file" => Some(Arity::Value),
            "--yes" => Some(Arity::Flag),
            _ => None,
        };
        read(words.iter().map(OsString::from), &arity).unwrap()
    }

    fn parameter(name: &str, value: Option<&str>) -> Word {
        with_dash('-', name, value)
    }

    fn with_dash(dash: char, name: &str, value: Option<&str>) -> Word {
        Word::Parameter { dash, name: name.to_owned(), value: value.map(str::to_owned) }
    }

    fn value(text: &str) -> Word {
        Word::Value(text.to_owned())
    }

    /// Section 1: hyphen-minus, en dash, em dash or horizontal bar; a blank or a colon.
    #[test]
    fn four_dashes_begin_a_parameter_and_a_colon_holds_its_value() {
        for dash in DASHES {
            assert_eq!(classify(&format!("{dash}Name")), with_dash(dash, "Name", None));
            assert_eq!(classify(&format!("{dash}Name:a:b")), with_dash(dash, "Name", Some("a:b")));
            assert_eq!(classify(&format!("{dash}Confirm:")), with_dash(dash, "Confirm", Some("")));
            assert_eq!(classify(&format!("{dash}?")), Word::Help);
        }
        // A minus sign and a figure dash are no dashes of PowerShell's.
        assert_eq!(classify("\u{2212}Name"), value("\u{2212}Name"));
        assert_eq!(classify("\u{2012}Name"), value("\u{2012}Name"));
    }

    #[test]
    fn a_number_a_lone_dash_and_a_wildcard_are_values() {
        for word in ["-3", "-", "-*", "", "web01", "a-b", "\u{2013}3", "-.5", "$null"] {
            assert_eq!(classify(word), value(word));
        }
    }

    #[test]
    fn two_ascii_dashes_are_an_option_of_ours_with_its_value() {
        let line =
            line(&["--output", "json", "-Id", "3", "--yes", "4", "--output=csv", "--password-file", "-"]);
        assert_eq!(line.ours, ["--output", "json", "--yes", "--output=csv", "--password-file", "-"]);
        assert_eq!(line.words, [parameter("Id", None), value("3"), value("4")]);
    }

    #[test]
    fn an_option_of_ours_takes_no_parameter_for_its_value() {
        let line = line(&["--output", "-WhatIf", "--output", "--yes", "--unknown", "x", "--output"]);
        assert_eq!(line.ours, ["--output", "--output", "--yes", "--unknown", "--output"]);
        assert_eq!(line.words, [parameter("WhatIf", None), value("x")]);
    }

    #[test]
    fn behind_two_dashes_alone_everything_is_a_value() {
        assert_eq!(
            line(&["--", "-Name", "--yes", "--"]).words,
            [value("-Name"), value("--yes"), value("--")]
        );
    }

    #[test]
    fn help_is_asked_for_in_powershells_way_and_in_ours() {
        assert_eq!(line(&["-?", "--help"]).words, [Word::Help, Word::Help]);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_not_utf_8_is_an_error() {
        use std::os::unix::ffi::OsStringExt as _;
        let words = [OsString::from("-Name"), OsString::from_vec(b"caf\xe9".to_vec())];
        let error = read(words, &|_| None).unwrap_err();
        assert_eq!(error, Problem::NotText { shown: "caf\u{fffd}".to_owned() });
    }

    fn list(words: &[&str]) -> Result<Vec<String>, NoValue> {
        let (first, rest) = words.split_first().unwrap();
        let mut list = List::begin(first, false)?;
        for word in rest {
            assert!(list.goes_on_with(word), "{word} is not of the list");
            list.push(word)?;
        }
        list.end()
    }

    #[test]
    fn a_list_is_the_same_however_a_shell_has_split_it() {
        for words in [&["1,2"][..], &["1,", "2"], &["1", ",2"], &["1", ",", "2"]] {
            assert_eq!(list(words), Ok(vec!["1".to_owned(), "2".to_owned()]), "{words:?}");
        }
        assert!(!List::begin("1", false).unwrap().goes_on_with("2"));
    }

    #[test]
    fn an_empty_word_is_a_value_and_nothing_beside_a_comma_is_none() {
        assert_eq!(list(&[""]), Ok(vec![String::new()]));
        assert_eq!(list(&["a,", ""]), Ok(vec!["a".to_owned(), String::new()]));
        for words in [&["a,"][..], &[","], &[",a"], &["a,,b"], &["a,", ",b"], &["a", ",", ","]] {
            assert_eq!(list(words), Err(NoValue), "{words:?}");
        }
    }

    #[test]
    fn a_comma_behind_a_backtick_and_blanks_belong_to_the_value() {
        assert_eq!(list(&["a`, b, c"]), Ok(vec!["a`, b".to_owned(), " c".to_owned()]));
        assert_eq!(list(&["a``,b"]), Ok(vec!["a``".to_owned(), "b".to_owned()]));
    }

    /// As PowerShell 7.6.9 hands on what is typed there: `-Name 'build-*', 'it*'`.
    #[test]
    fn a_list_that_was_typed_in_powershell_loses_its_quotes() {
        let owned = |items: &[&str]| Ok(items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>());
        for (words, items) in [
            (&["'build-*',", "'it*'"][..], &["build-*", "it*"][..]),
            (&["'build-*','it*'"], &["build-*", "it*"]),
            (&["'a'", ",", "\"b c\""], &["a", "b c"]),
            (&["'ends,next','it''s'"], &["ends,next", "it's"]),
            (&["'ends`,next',b"], &["ends`,next", "b"]),
            (&["'\"a\"','b'"], &["\"a\"", "b"]),
            (&["a,''"], &["a", ""]),
            // No list, or no whole pair.
            (&["'a'"], &["'a'"]),
            (&["'a,b'"], &["'a,b'"]),
            (&["it's,o'clock"], &["it's", "o'clock"]),
            (&["'a'b,c"], &["'a'b", "c"]),
            (&["'a\",b"], &["'a\"", "b"]),
        ] {
            assert_eq!(list(words), owned(items), "{words:?}");
        }
    }

    #[test]
    fn a_comma_within_the_braces_of_a_guid_belongs_to_it() {
        let items = |word| List::begin(word, true).unwrap().end().unwrap();
        assert_eq!(items("{0x1,{0x2,0x3}},b"), ["{0x1,{0x2,0x3}}", "b"]);
        assert_eq!(items("a,{0x1, 0x2"), ["a", "{0x1, 0x2"]);
        assert_eq!(list(&["{a,b}"]), Ok(vec!["{a".to_owned(), "b}".to_owned()]));
    }
}
