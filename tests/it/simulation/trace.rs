//! What was asked and what was true at that time, as somebody writes it down who sees both sides of the wire.

use std::time::Duration;

use pssession::simulator::{OperationKind, SimulatedShell};

/// One request, from the engine to the world and back.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) host: usize,
    pub(super) kind: OperationKind,
    pub(super) shell_id: Option<String>,
    /// When the engine sent it.
    pub(super) sent: Mark,
    /// When the world took it, and the shells that were there.
    pub(super) handled: Option<(Mark, Vec<SimulatedShell>)>,
    /// When the engine had its good answer, whole and undistorted.
    pub(super) reported: Option<Mark>,
    /// What came back to the engine.
    pub(super) answer: Answer,
}

/// What came back, as far as it matters what a Delete was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nothing: there was no connection to send it on.
    NotSent,
    /// Nothing, or nothing that can be believed.
    Lost,
    /// Success.
    Success,
    /// This fault.
    Fault(u32),
    /// This HTTP status alone.
    Status(u16),
}

/// A place in the order of events, and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    pub(super) number: u64,
    pub(super) at: Duration,
}

/// Whether the story is written down; thousands of them cost time that nobody reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Manner {
    #[default]
    Silent,
    Telling,
}

/// Everything that has happened.
#[derive(Debug, Default)]
pub(super) struct Trace {
    manner: Manner,
    marks: u64,
    pub(super) steps: Vec<Step>,
    /// The story, a line per event, for whoever looks into a seed.
    pub(super) story: Vec<String>,
    /// When which host has refused the credential.
    pub(super) refused: Vec<(Duration, usize)>,
    /// What must never be.
    pub(super) violations: Vec<String>,
}

impl Trace {
    pub(super) fn new(manner: Manner) -> Self {
        Self { manner, ..Self::default() }
    }

    pub(super) fn mark(&mut self, at: Duration) -> Mark {
        self.marks += 1;
        Mark { number: self.marks, at }
    }

    pub(super) fn tell(&mut self, at: Duration, line: impl FnOnce() -> String) {
        if self.manner == Manner::Telling {
            self.story.push(format!("{:>9.3} {}", at.as_secs_f64(), line()));
        }
    }

    pub(super) fn violate(&mut self, line: impl Into<String>) {
        let line = line.into();
        self.story.push(format!("      !!! {line}"));
        self.violations.push(line);
    }
}

impl Step {
    /// Whether it is about this shell.
    pub(super) fn is_about(&self, host: usize, shell_id: &str) -> bool {
        self.host == host && self.shell_id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(shell_id))
    }

    /// The shell as it was when the world took the request.
    pub(super) fn shell(&self, shell_id: &str) -> Option<&SimulatedShell> {
        let (_, shells) = self.handled.as_ref()?;
        shells.iter().find(|shell| shell.shell_id.eq_ignore_ascii_case(shell_id))
    }
}
