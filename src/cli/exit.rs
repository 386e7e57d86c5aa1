//! How the command ends, in one number.

use std::process::ExitCode;

use pssession::teardown;

/// An exit code; `README.md` lists their meanings.
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

    /// The number that the process ends with.
    pub(crate) const fn code(self) -> u8 {
        self.0
    }
}

/// The codes that the outcome of a run decides.
impl From<teardown::ExitCode> for Exit {
    fn from(code: teardown::ExitCode) -> Self {
        Self(code.code())
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.0)
    }
}
