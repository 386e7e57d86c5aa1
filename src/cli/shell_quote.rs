//! A value in a command line that a hint gives to paste.

/// The value as the shells of this system read it back.
pub(crate) fn shell_quoted(text: &str) -> String {
    if cfg!(windows) { for_windows(text) } else { for_posix(text) }
}

fn for_posix(text: &str) -> String {
    if is_plain(text, "@%+=:,./_-") { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// `cmd` knows double quotes alone. PowerShell reads `@` and commas in its own way.
fn for_windows(text: &str) -> String {
    if is_plain(text, r"+=:./\_-") { text.to_owned() } else { format!("\"{}\"", text.replace('"', r#"\""#)) }
}

fn is_plain(text: &str, marks: &str) -> bool {
    let plain = |character: char| character.is_ascii_alphanumeric() || marks.contains(character);
    !text.is_empty() && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_in_a_hint_can_be_pasted() {
        for (text, posix, windows) in [
            ("web01:5986", "web01:5986", "web01:5986"),
            (r"CORP\ada", r"'CORP\ada'", r"CORP\ada"),
            ("it's", r"'it'\''s'", r#""it's""#),
            ("two words", "'two words'", r#""two words""#),
            ("a,b@c%d", "a,b@c%d", r#""a,b@c%d""#),
            ("", "''", r#""""#),
        ] {
            assert_eq!((for_posix(text), for_windows(text)), (posix.to_owned(), windows.to_owned()));
        }
    }
}
