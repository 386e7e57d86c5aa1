//! What kind of shell a session is: PowerShell's, cmd's or another one.

use super::error::QueryError;
use crate::wsman::uri;

/// What kind of shell.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionType {
    /// A PowerShell session, of any configuration.
    PowerShell,
    /// A cmd (WinRS) shell.
    Cmd,
    /// Any other resource URI, compared ignoring case.
    Uri(String),
}

impl SessionType {
    /// Reads `ps` (or `powershell`), `cmd` or a resource URI.
    ///
    /// # Errors
    /// [`QueryError::Value`] if it is none of them.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let trimmed = text.trim();
        if ["ps", "powershell"].iter().any(|word| trimmed.eq_ignore_ascii_case(word)) {
            Ok(Self::PowerShell)
        } else if trimmed.eq_ignore_ascii_case("cmd") {
            Ok(Self::Cmd)
        } else if trimmed.split_once(':').is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty())
        {
            Ok(Self::Uri(trimmed.to_owned()))
        } else {
            Err(QueryError::value(text, "a session type", "write ps, cmd or a full resource URI"))
        }
    }

    /// The kind of a shell with this `ResourceUri`.
    #[must_use]
    pub fn of(resource_uri: &str) -> Self {
        if Self::configuration_of(resource_uri).is_some() {
            Self::PowerShell
        } else if resource_uri.eq_ignore_ascii_case(uri::CMD_RESOURCE) {
            Self::Cmd
        } else {
            Self::Uri(resource_uri.to_owned())
        }
    }

    /// Whether a shell with this `ResourceUri` is of this kind.
    #[must_use]
    pub fn covers(&self, resource_uri: &str) -> bool {
        match self {
            Self::PowerShell => Self::configuration_of(resource_uri).is_some(),
            Self::Cmd => resource_uri.eq_ignore_ascii_case(uri::CMD_RESOURCE),
            Self::Uri(wanted) => resource_uri.eq_ignore_ascii_case(wanted),
        }
    }

    /// What follows PowerShell's prefix, which is compared ignoring case.
    pub(super) fn configuration_of(resource_uri: &str) -> Option<&str> {
        let (prefix, configuration) = resource_uri.split_at_checked(uri::POWERSHELL_PREFIX.len())?;
        prefix.eq_ignore_ascii_case(uri::POWERSHELL_PREFIX).then_some(configuration)
    }
}
