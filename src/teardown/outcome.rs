//! How the removal of one session ended, and why.

use std::fmt;

use crate::wsman::{Fault, FaultCode};

/// How the removal of one session ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// It was only planned.
    WhatIf,
    /// It is proved to be gone, and a Delete of ours may have done that: at least one was answered otherwise than that
    /// there is no such shell, or not at all.
    Closed,
    /// It is proved to be gone, and not by us: no Delete was sent, or each was answered that there is no such shell.
    AlreadyGone,
    /// A person said no.
    Declined,
    /// No Delete was sent for it, or none was taken.
    NotStarted(NotStarted),
    /// It was not closed.
    Failed(Failure),
    /// Whether it is gone could not be proved.
    Unknown(UnknownReason),
}

/// Why no Delete was sent, or sent again after the server had turned it away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotStarted {
    /// The run was interrupted.
    #[error("interrupted")]
    Interrupted,
    /// The run's time was over.
    #[error("deadline")]
    Deadline,
    /// Another session's removal ended badly, and the run was to stop at that.
    #[error("stopped")]
    Stopped,
    /// The credential was refused, here or on another host.
    #[error("credential refused")]
    CredentialRefused,
}

/// Why a session was not closed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// What has this id now is not what the plan showed.
    #[error("identity changed")]
    IdentityChanged,
    /// The selection's listing of its host is incomplete, so nothing on that host is touched.
    #[error("listing incomplete")]
    ListingIncomplete,
    /// The server denies it to this account.
    #[error("{}", denied(.0))]
    AccessDenied(Fault),
    /// The server refuses the Delete.
    #[error("{0}")]
    Refused(Fault),
    /// The Delete was answered (or may have been), and the shell is still there.
    #[error("still there{}", with_fault(.0.as_ref()))]
    StillThere(Option<Fault>),
    /// It is not carried by WS-Management but by this, in PowerShell's word, and can only be closed where it was opened.
    #[error("transport {0} is not WS-Management")]
    NotWsMan(String),
    /// The server cannot be reached, or does not speak WS-Management; the text is the error's chain.
    #[error("{0}")]
    Unreachable(String),
    /// The session's time was over before its Delete could be sent.
    #[error("the Delete was not sent in time")]
    TooLate,
}

/// Why it is not known whether a session is gone.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownReason {
    /// It is not listed, and this account might not see it if it were there.
    #[error("not visible to {user}")]
    NotVisible {
        /// The account.
        user: String,
    },
    /// It is not there, but only Windows' word is a proof of that, and this is another server.
    #[error("this server cannot prove it")]
    CannotProve,
    /// No complete listing could be had.
    #[error("listing incomplete")]
    ListingIncomplete,
    /// The server could not be asked again; the text is the error's chain.
    #[error("cannot verify: {0}")]
    CannotAsk(String),
    /// The run was halted before the proof.
    #[error("{0} before it was verified")]
    Halted(NotStarted),
    /// The session's time was over before an answer or a proof.
    #[error("not verified in time")]
    TooLate,
    /// The work on its host has panicked.
    #[error("internal error: the work on its host panicked")]
    Panicked,
}

impl Outcome {
    /// The outcome's name alone, as it is printed and written to JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::WhatIf => "WhatIf",
            Self::Closed => "Closed",
            Self::AlreadyGone => "AlreadyGone",
            Self::Declined => "Declined",
            Self::NotStarted(_) => "NotStarted",
            Self::Failed(_) => "Failed",
            Self::Unknown(_) => "Unknown",
        }
    }

    /// Why, if the outcome has a reason.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::WhatIf | Self::Closed | Self::AlreadyGone | Self::Declined => None,
            Self::NotStarted(reason) => Some(reason.to_string()),
            Self::Failed(reason) => Some(reason.to_string()),
            Self::Unknown(reason) => Some(reason.to_string()),
        }
    }

    /// The code of the fault that is the reason, if one is.
    #[must_use]
    pub fn fault_code(&self) -> Option<FaultCode> {
        match self {
            Self::Failed(
                Failure::AccessDenied(fault) | Failure::Refused(fault) | Failure::StillThere(Some(fault)),
            ) => fault.code,
            _ => None,
        }
    }

    /// Whether the session is gone for certain: its row may leave the local table.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Closed | Self::AlreadyGone)
    }

    /// Whether it is an error, so that a run that stops at the first error stops at it.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Unknown(_))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self.reason() {
            Some(reason) => write!(f, "({reason})"),
            None => Ok(()),
        }
    }
}

/// Says it once, where the server says no more.
fn denied(fault: &Fault) -> String {
    let text = fault.to_string();
    if text.starts_with("access is denied") { text } else { format!("access denied: {text}") }
}

fn with_fault(fault: Option<&Fault>) -> String {
    fault.map(|fault| format!(": {fault}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_prints_its_name_and_its_reason() {
        let user = r"LAB\ada".to_owned();
        let rows = [
            (Outcome::Closed, "Closed"),
            (Outcome::NotStarted(NotStarted::CredentialRefused), "NotStarted(credential refused)"),
            (Outcome::Failed(Failure::IdentityChanged), "Failed(identity changed)"),
            (Outcome::Failed(Failure::StillThere(None)), "Failed(still there)"),
            (
                Outcome::Failed(Failure::NotWsMan("VMBus".to_owned())),
                "Failed(transport VMBus is not WS-Management)",
            ),
            (Outcome::Unknown(UnknownReason::NotVisible { user }), r"Unknown(not visible to LAB\ada)"),
            (
                Outcome::Unknown(UnknownReason::Halted(NotStarted::Interrupted)),
                "Unknown(interrupted before it was verified)",
            ),
        ];
        for (outcome, text) in rows {
            assert_eq!(outcome.to_string(), text);
        }
    }
}
