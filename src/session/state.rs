//! PowerShell's words for how a session stands.

use super::error::QueryError;

/// PowerShell's session state. A listed session is `Disconnected` only if the server says so: PowerShell says it of
/// every listed session, so that removing the disconnected ones would cut live users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionState {
    /// Connected to some client, maybe not us.
    Opened,
    /// The server says `Disconnected`.
    Disconnected,
    /// It was closed.
    Closed,
    /// A complete listing no longer shows it.
    Broken,
    /// Nobody has said it. PowerShell has no word for it.
    Unknown,
}

/// PowerShell's availability of a session to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Availability {
    /// Nobody is connected: it can be connected to.
    None,
    /// Free for a command.
    Available,
    /// Another client is connected.
    Busy,
    /// Nobody has said it. PowerShell has no word for it.
    Unknown,
}

/// A state and an availability that somebody gave as a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stated {
    /// `State`.
    pub state: SessionState,
    /// `Availability`.
    pub availability: Availability,
}

impl Stated {
    /// What an object leaves open that says nothing of it.
    pub const UNKNOWN: Self = Self { state: SessionState::Unknown, availability: Availability::Unknown };

    /// What the local table says of a session that a complete listing no longer shows.
    pub const BROKEN: Self = Self { state: SessionState::Broken, availability: Availability::None };
}

impl SessionState {
    /// Reads a state as a person writes it, in any case; `connected` is a synonym of `opened`.
    ///
    /// # Errors
    /// [`QueryError::Value`] lists the states.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        match text.trim().to_ascii_lowercase().as_str() {
            "opened" | "connected" => Ok(Self::Opened),
            "disconnected" => Ok(Self::Disconnected),
            "closed" => Ok(Self::Closed),
            "broken" => Ok(Self::Broken),
            "unknown" => Ok(Self::Unknown),
            _ => Err(QueryError::value(
                text,
                "a session state",
                "write opened (or connected), disconnected, closed, broken or unknown",
            )),
        }
    }

    /// The state of a shell of which the server says `text`.
    pub(super) fn of_server(text: Option<&str>) -> Self {
        match text {
            Some(text) if text.trim().eq_ignore_ascii_case("disconnected") => Self::Disconnected,
            _ => Self::Opened,
        }
    }

    /// PowerShell's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "Opened",
            Self::Disconnected => "Disconnected",
            Self::Closed => "Closed",
            Self::Broken => "Broken",
            Self::Unknown => "Unknown",
        }
    }
}

impl Availability {
    /// Reads PowerShell's word, in any case; `None` for any other.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::None, Self::Available, Self::Busy, Self::Unknown]
            .into_iter()
            .find(|availability| availability.as_str().eq_ignore_ascii_case(word.trim()))
    }

    /// PowerShell's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Available => "Available",
            Self::Busy => "Busy",
            Self::Unknown => "Unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connected_is_a_synonym_of_opened() {
        assert_eq!(SessionState::parse(" Connected "), Ok(SessionState::Opened));
        assert_eq!(SessionState::parse("OPENED"), Ok(SessionState::Opened));
        assert_eq!(SessionState::parse("disconnected"), Ok(SessionState::Disconnected));
    }

    #[test]
    fn every_state_is_read_back_from_its_own_word() {
        for state in [
            SessionState::Opened,
            SessionState::Disconnected,
            SessionState::Closed,
            SessionState::Broken,
            SessionState::Unknown,
        ] {
            assert_eq!(SessionState::parse(state.as_str()), Ok(state));
        }
    }

    #[test]
    fn every_availability_is_read_back_from_its_own_word() {
        for availability in
            [Availability::None, Availability::Available, Availability::Busy, Availability::Unknown]
        {
            assert_eq!(Availability::from_word(&availability.as_str().to_lowercase()), Some(availability));
        }
        assert_eq!(Availability::from_word("RemoteDebug"), None);
    }

    #[test]
    fn an_unknown_state_is_answered_with_the_known_ones() {
        let error = SessionState::parse("busy").unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"busy\" is not a session state: write opened (or connected), disconnected, closed, broken or unknown"
        );
    }
}
