//! PowerShell's enumerations that the cmdlets take, and what each word means here.

use pssession::AuthScheme;
use pssession::session::SessionState;

use crate::cli::args::ErrorAction;

use super::declaration::Refusal;

/// One word of an enumeration, and PowerShell's number for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word<T> {
    pub(crate) word: &'static str,
    pub(super) number: i32,
    pub(super) value: T,
}

const fn word<T>(word: &'static str, number: i32, value: T) -> Word<T> {
    Word { word, number, value }
}

/// What happens after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ActionPreference {
    SilentlyContinue,
    Stop,
    Continue,
    Inquire,
    Ignore,
    Suspend,
    Break,
}

pub(crate) const ACTIONS: &[Word<ActionPreference>] = &[
    word("SilentlyContinue", 0, ActionPreference::SilentlyContinue),
    word("Stop", 1, ActionPreference::Stop),
    word("Continue", 2, ActionPreference::Continue),
    word("Inquire", 3, ActionPreference::Inquire),
    word("Ignore", 4, ActionPreference::Ignore),
    word("Suspend", 5, ActionPreference::Suspend),
    word("Break", 6, ActionPreference::Break),
];

/// Why `Suspend` is refused, by PowerShell as well.
pub(super) const NO_SUSPEND: Refusal = Refusal {
    why: "it is only for workflows; PowerShell rejects it here, too",
    instead: "use Stop or Inquire",
};

impl ActionPreference {
    /// The value of `--error-action` that means the same.
    pub(crate) fn ours(self) -> Result<ErrorAction, Refusal> {
        match self {
            Self::SilentlyContinue => Ok(ErrorAction::SilentlyContinue),
            Self::Stop => Ok(ErrorAction::Stop),
            Self::Continue => Ok(ErrorAction::Continue),
            Self::Inquire => Ok(ErrorAction::Inquire),
            Self::Ignore => Ok(ErrorAction::Ignore),
            Self::Suspend => Err(NO_SUSPEND),
            Self::Break => {
                Err(Refusal { why: "there is no debugger to start", instead: "use Stop or Inquire" })
            }
        }
    }
}

/// How to log in: the scheme that is meant, or why there is none. Whether this build has it is for `--auth` to say.
pub(crate) type Authentication = Result<AuthScheme, Refusal>;

pub(crate) const AUTHENTICATIONS: &[Word<Authentication>] = &[
    word("Default", 0, Ok(AuthScheme::Auto)),
    word("Basic", 1, Ok(AuthScheme::Basic)),
    word("Negotiate", 2, Ok(AuthScheme::Negotiate)),
    word(
        "NegotiateWithImplicitCredential",
        3,
        Err(Refusal {
            why: "it requires an interactive logon on Windows",
            instead: "use Negotiate with -Credential USER",
        }),
    ),
    word(
        "CredSSP",
        4,
        Err(Refusal {
            why: "it would send the password to the server, which is not needed to close a session",
            instead: "use Negotiate, or omit it",
        }),
    ),
    word(
        "Digest",
        5,
        Err(Refusal { why: "the WinRM service does not offer it", instead: "use Negotiate, or omit it" }),
    ),
    word("Kerberos", 6, Ok(AuthScheme::Kerberos)),
];

/// Which states Get-PSSession lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StateFilter {
    All,
    Opened,
    Disconnected,
    Closed,
    Broken,
}

pub(crate) const STATES: &[Word<StateFilter>] = &[
    word("All", 0, StateFilter::All),
    word("Opened", 1, StateFilter::Opened),
    word("Disconnected", 2, StateFilter::Disconnected),
    word("Closed", 3, StateFilter::Closed),
    word("Broken", 4, StateFilter::Broken),
];

impl StateFilter {
    /// The one state that is meant; `None` for all of them.
    pub(crate) fn state(self) -> Option<SessionState> {
        match self {
            Self::All => None,
            Self::Opened => Some(SessionState::Opened),
            Self::Disconnected => Some(SessionState::Disconnected),
            Self::Closed => Some(SessionState::Closed),
            Self::Broken => Some(SessionState::Broken),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;
    use pssession::auth::SCHEMES;

    use super::*;

    /// Section 7, -ErrorAction, against the values of --error-action.
    #[test]
    fn each_error_action_means_the_one_of_its_name_or_is_refused() {
        for row in ACTIONS {
            match row.value.ours() {
                Ok(ours) => {
                    let name = ours.to_possible_value().unwrap().get_name().to_owned();
                    assert_eq!(name, row.word.to_ascii_lowercase());
                }
                Err(refusal) => {
                    assert!(["Suspend", "Break"].contains(&row.word), "{}: {refusal:?}", row.word);
                }
            }
        }
    }

    #[test]
    fn each_authentication_means_the_scheme_of_its_name_or_is_refused() {
        for row in AUTHENTICATIONS.iter().filter(|row| row.value != Ok(AuthScheme::Auto)) {
            let by_table = SCHEMES.iter().find(|scheme| scheme.powershell == Some(row.word));
            assert_eq!(row.value.ok(), by_table.map(|scheme| scheme.scheme), "{}", row.word);
        }
        for word in SCHEMES.iter().filter_map(|row| row.powershell) {
            assert!(AUTHENTICATIONS.iter().any(|row| row.word == word), "{word}");
        }
    }

    #[test]
    fn each_state_but_all_is_one_of_ours() {
        for row in STATES {
            let ours = SessionState::parse(row.word).ok();
            assert_eq!(row.value.state(), ours, "{}", row.word);
        }
    }
}
