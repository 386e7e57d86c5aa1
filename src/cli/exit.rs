//! How the command ends, in one number.

use std::process::ExitCode;

use pssession::teardown::RunStatus;

/// What each exit code means, for the help, the manual pages and `docs/outcomes.md`.
pub(crate) const MEANINGS: &[(&str, &str)] = &[
    ("0", "done"),
    (
        "1",
        "cannot start: no host reached, the local table unreadable, or no match for a name or id under \
         `--error-action stop`; or evidence cannot be kept, or the report cannot be written at the end",
    ),
    ("2", "invalid command line, config or input file; nothing was sent"),
    (
        "3",
        "`remove` or `forget` selected nothing, or no session that `get` was to show by name or id exists \
         (`--ignore-not-found` makes both 0); or `get --fail-if-any` or `--fail-if-none` failed",
    ),
    (
        "4",
        "partial: a failure, a name or id that matched nothing while others did (`--ignore-not-found` makes that 0), or a host that was not reached or denied its listing",
    ),
    (
        "5",
        "every host that responded refused the credential, or the run stopped to avoid locking the account",
    ),
    (
        "6",
        "confirmation is required, but no terminal is available; or the plan exceeds `--max-close` or `--max-close-percent`",
    ),
    ("7", "a deadline passed"),
    ("8", "it is unknown whether some sessions are gone"),
    ("9", "a mismatch: `conformance` found one, or the requests to `replay` differ from its scenario"),
    ("130, 143", "interrupted, terminated or hung up"),
];

/// The lines of the table for the help, below `examples`.
pub(crate) fn below(examples: &str) -> String {
    let lines: Vec<String> = MEANINGS.iter().map(|(code, meaning)| format!("  {code:<9}{meaning}")).collect();
    format!("{examples}\n\nExit codes:\n{}", lines.join("\n"))
}

/// An exit code; [`MEANINGS`] says what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exit(u8);

impl Exit {
    /// All went well.
    pub(crate) const SUCCESS: Self = Self(0);
    /// Ctrl-C.
    pub(crate) const INTERRUPTED: Self = Self(130);
    /// SIGTERM.
    pub(crate) const TERMINATED: Self = Self(143);
    /// It could not begin: no host reached, nothing known, a port taken.
    pub(crate) const COULD_NOT_BEGIN: Self = Self(1);
    /// What was typed cannot be meant; nothing was sent.
    pub(crate) const USAGE: Self = Self(2);
    /// The guard needs an answer, and there is no terminal to ask on.
    pub(crate) const UNCONFIRMED: Self = Self(6);

    /// A recorded exchange is not matched.
    pub(crate) const MISMATCH: Self = Self(9);

    /// The number that the process ends with.
    pub(crate) const fn code(self) -> u8 {
        self.0
    }
}

/// The codes that the status of a run decides. One that a later version of the library has counts as partial.
impl From<RunStatus> for Exit {
    fn from(status: RunStatus) -> Self {
        Self(match status {
            RunStatus::Success => 0,
            RunStatus::CouldNotBegin => 1,
            RunStatus::NotAsRequired => 3,
            RunStatus::CredentialRefused => 5,
            RunStatus::LimitExceeded => 6,
            RunStatus::Deadline => 7,
            RunStatus::Unknown => 8,
            RunStatus::Interrupted => 130,
            RunStatus::Terminated => 143,
            _ => 4,
        })
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.0)
    }
}
