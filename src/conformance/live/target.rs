//! The shells that a check may name: one that it has created, or one that cannot exist. There is no other way to name one.

use uuid::Uuid;

use super::ask::Facts;
use super::seen::Seen;
use crate::wsman::uri;

/// A shell that a check may act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    shell_id: String,
    resource_uri: String,
}

impl Target {
    /// A random id, drawn for this run, which no shell has.
    pub(super) fn absent(facts: &Facts) -> Self {
        Self { shell_id: upper(facts.absent), resource_uri: uri::SHELL_RESOURCE.to_owned() }
    }

    /// The shell that this check's Create proposes; it may never come about.
    pub(super) fn proposed(facts: &Facts) -> Self {
        Self { shell_id: upper(facts.proposed), resource_uri: uri::CMD_RESOURCE.to_owned() }
    }

    /// The shell that the answer to this check's Create names.
    pub(super) fn created(answer: &Seen) -> Option<Self> {
        answer.created_shell().map(|(shell_id, resource_uri)| Self { shell_id, resource_uri })
    }

    pub(super) fn shell_id(&self) -> &str {
        &self.shell_id
    }

    pub(super) fn resource_uri(&self) -> &str {
        &self.resource_uri
    }

    /// The same shell, addressed through another resource.
    pub(super) fn through(self, resource_uri: &str) -> Self {
        Self { resource_uri: resource_uri.to_owned(), ..self }
    }
}

/// A GUID as Windows writes it.
pub(super) fn upper(id: Uuid) -> String {
    id.to_string().to_ascii_uppercase()
}
