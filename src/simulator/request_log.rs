//! What the service was asked, kept for tests to read.

use std::collections::VecDeque;
use std::time::Duration;

use super::request::OperationKind;

/// The most entries that are kept; the oldest go first. A long-running simulator must not grow without bound.
const MAX_ENTRIES: usize = 100_000;

/// One request that reached the service, or one that its login kept away from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// What was asked.
    pub kind: OperationKind,
    /// The `ShellId` selector, or for a listing of commands the one in its filter, as it was sent.
    pub shell_id: Option<String>,
    /// The `CommandId` that the body names.
    pub command_id: Option<String>,
    /// What the operation has started, decoded: the command line, script or pipeline, or Ansible's module with its
    /// arguments. Input that completes it starts it.
    pub command_line: Option<String>,
    /// `w:ResourceURI`; empty for Identify.
    pub resource_uri: String,
    /// The account, as `DOMAIN\name`; `None` if nobody was logged in.
    pub user: Option<String>,
    /// The connection's number, counted from 1.
    pub connection: u64,
    /// Whether the body was sealed.
    pub sealed: bool,
    /// `a:MessageID`, as it was sent.
    pub message_id: Option<String>,
    /// When, since the world began.
    pub at: Duration,
    /// The HTTP status of the answer; 0 if the connection was closed instead, or the answer is still to come.
    pub status: u16,
    /// The fault's code, if the answer was one.
    pub fault: Option<u32>,
    /// Why the service turned the request away before it was read: then `kind` is [`OperationKind::Login`].
    pub reason: Option<String>,
}

/// The bounded list of entries.
#[derive(Clone, Debug, Default)]
pub(super) struct RequestLog {
    entries: VecDeque<LogEntry>,
    /// How many entries have gone.
    gone: u64,
}

impl RequestLog {
    /// Adds an entry, and gives its number.
    pub(super) fn push(&mut self, entry: LogEntry) -> u64 {
        if self.entries.len() >= MAX_ENTRIES {
            self.entries.pop_front();
            self.gone += 1;
        }
        self.entries.push_back(entry);
        self.gone + u64::try_from(self.entries.len()).unwrap_or(u64::MAX)
    }

    /// Says how a request ended that had to wait.
    pub(super) fn complete(&mut self, number: u64, status: u16, fault: Option<u32>) {
        let index = number.checked_sub(self.gone + 1).and_then(|index| usize::try_from(index).ok());
        if let Some(entry) = index.and_then(|index| self.entries.get_mut(index)) {
            (entry.status, entry.fault) = (status, fault);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &LogEntry> {
        self.entries.iter()
    }

    pub(super) fn clear(&mut self) {
        self.gone += u64::try_from(self.entries.len()).unwrap_or(u64::MAX);
        self.entries.clear();
    }
}
