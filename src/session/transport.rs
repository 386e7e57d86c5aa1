//! What carries a session: WS-Management, or something that this crate cannot speak.

use std::fmt;

/// PowerShell's `Transport`. Only what travels over WS-Management can be listed and closed here; the others come by
/// import, are shown, and fail clearly.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// WS-Management.
    #[default]
    WsMan,
    /// Another one, in PowerShell's word: `SSH`, `NamedPipe`, `Container`, `Process`, `VMBus` or a custom name.
    Other(String),
}

impl Transport {
    /// Reads PowerShell's word: `WSMan` in any case, or nothing at all, is WS-Management.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word.trim() {
            word if word.is_empty() || word.eq_ignore_ascii_case(WSMAN) => Self::WsMan,
            word => Self::Other(word.to_owned()),
        }
    }

    /// PowerShell's word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::WsMan => WSMAN,
            Self::Other(word) => word,
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

const WSMAN: &str = "WSMan";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ws_management_is_read_in_any_case_and_other_words_are_kept() {
        for word in ["WSMan", " wsman ", "WSMAN", ""] {
            assert_eq!(Transport::from_word(word), Transport::WsMan, "{word:?}");
        }
        for word in ["SSH", "VMBus", "MyCustom"] {
            assert_eq!(Transport::from_word(word).as_str(), word);
        }
    }
}
