//! The words of a line of an INI inventory: as Python's `shlex` splits them, and what their values mean.

/// A word, and whether a backslash outside quotes was taken out of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) has_escape: bool,
}

/// Splits a line at white space up to a comment; quotes may be anywhere in a word.
///
/// # Errors
/// A quote is not closed, or the line ends with a backslash.
pub(super) fn split(line: &str) -> Result<Vec<Word>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        if letter == '#' {
            break;
        }
        if letter.is_whitespace() {
            words.extend(word.take());
            continue;
        }
        let word = word.get_or_insert(Word { text: String::new(), has_escape: false });
        match letter {
            '\'' => loop {
                match letters.next().ok_or(OPEN)? {
                    '\'' => break,
                    other => word.text.push(other),
                }
            },
            '"' => loop {
                match letters.next().ok_or(OPEN)? {
                    '"' => break,
                    '\\' => match letters.next().ok_or(OPEN)? {
                        quoted @ ('"' | '\\') => word.text.push(quoted),
                        other => word.text.extend(['\\', other]),
                    },
                    other => word.text.push(other),
                }
            },
            '\\' => {
                word.text.push(letters.next().ok_or("it ends with a backslash")?);
                word.has_escape = true;
            }
            other => word.text.push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

const OPEN: &str = "a quote is not closed";

/// What a value is: Ansible reads it as a Python literal if it is one, and else as it stands. `None` is Python's `None`.
///
/// # Errors
/// It is a quoted string with an escape.
pub(super) fn value(text: &str) -> Result<Option<String>, &'static str> {
    let (literal, comment) = match text.find(['"', '\'']) {
        // Python's comment ends a literal; anything else keeps it.
        Some(0) => return quoted(text).map(Some),
        _ => text.split_once('#').unwrap_or((text, "")),
    };
    let literal = literal.trim_end();
    let is_number = !literal.is_empty() && literal.bytes().all(|byte| byte.is_ascii_digit());
    match literal {
        "None" => Ok(None),
        _ if is_number && (!comment.is_empty() || text.trim_end() == literal) => Ok(Some(literal.to_owned())),
        _ => Ok(Some(text.to_owned())),
    }
}

/// The inside of a quoted string, or the text if it is not one as a whole.
fn quoted(text: &str) -> Result<String, &'static str> {
    let mut letters = text.chars();
    let quote = letters.next();
    let mut inside = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some(escaped @ ('\\' | '\'' | '"')) => inside.push(escaped),
                _ => {
                    return Err(
                        "an escape in a quoted value; write it without quotes, or the backslash twice",
                    );
                }
            },
            _ if Some(letter) == quote => {
                let rest = letters.as_str().trim_start();
                return Ok(if rest.is_empty() || rest.starts_with('#') { inside } else { text.to_owned() });
            }
            _ => inside.push(letter),
        }
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `shlex.split(line, comments=True)` of Python 3.11.
    #[test]
    fn words_are_those_of_shlex() {
        for (line, words) in [
            ("web01  a=b # c", &["web01", "a=b"][..]),
            ("web01#x y", &["web01"]),
            (r#"w a="b c"d 'e f'"#, &["w", "a=b cd", "e f"]),
            (r#"w a="x\y\"\\" b='\z'"#, &["w", r#"a=x\y"\"#, r"b=\z"]),
            (r"w a=CORP\admin", &["w", "a=CORPadmin"]),
            ("w a=''", &["w", "a="]),
            ("# all", &[]),
        ] {
            let split: Vec<_> = split(line).unwrap().into_iter().map(|word| word.text).collect();
            assert_eq!(split, words, "{line}");
        }
        assert!(split(r"w a=CORP\admin").unwrap()[1].has_escape);
        assert_eq!(split("w 'a"), Err("a quote is not closed"));
        assert_eq!(split("w a\\"), Err("it ends with a backslash"));
    }

    #[test]
    fn a_value_is_a_literal_or_what_stands_there() {
        for (text, read) in [
            ("5986", Some("5986")),
            ("5986 # https", Some("5986")),
            ("winrm # c", Some("winrm # c")),
            (r"CORP\admin", Some(r"CORP\admin")),
            (r"'CORP\\admin'", Some(r"CORP\admin")),
            (r#""it's" # c"#, Some("it's")),
            ("'a' b", Some("'a' b")),
            ("'a", Some("'a")),
            ("None", None),
            ("", Some("")),
            ("a'b'", Some("a'b'")),
        ] {
            assert_eq!(value(text), Ok(read.map(str::to_owned)), "{text}");
        }
        assert!(value(r"'CORP\admin'").unwrap_err().contains("an escape"));
    }
}
