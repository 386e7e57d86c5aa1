//! How the service can be told to misbehave.

use std::time::Duration;

use super::request::OperationKind;

/// One way to answer wrongly, late or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InjectedFault {
    /// Does nothing and answers this fault.
    Fault(u32),
    /// Does what was asked and answers this fault all the same, as an operation timeout (2150858793) may.
    FaultAfter(u32),
    /// Does nothing and answers this HTTP status and body, in clear, as whatever stands before the service would.
    Status(u16, Vec<u8>),
    /// Does nothing and closes the connection.
    Drop,
    /// Does what was asked and closes the connection instead of answering.
    DropAfter,
    /// Does what was asked and answers this much later.
    Delay(Duration),
    /// Answers success and does nothing.
    Pretend,
    /// Answers with the `RelatesTo` of another message.
    WrongRelatesTo,
    /// Answers a sealed request in clear.
    Clear,
    /// Sends the first half of the answer and closes the connection.
    Truncate,
    /// Replaces every occurrence of the first text in the answer by the second.
    Replace(String, String),
    /// Does nothing, forgets the connection's login and answers 401.
    ForgetLogin,
}

/// How an answer travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// As the connection's protection prescribes.
    #[default]
    Whole,
    /// In clear, whatever the protection.
    InClear,
    /// Half of it, then the connection closes.
    Truncated,
    /// Not at all: the connection closes.
    Closed,
    /// As a 401, and the connection's login is forgotten.
    LoginForgotten,
}

/// The injected faults that are pending, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct InjectedFaults {
    pending: Vec<Pending>,
}

#[derive(Clone, Debug)]
struct Pending {
    kind: OperationKind,
    shell_id: Option<String>,
    left: usize,
    injected_fault: InjectedFault,
}

/// A delay that is longer than any client waits.
pub(super) const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl InjectedFaults {
    pub(super) fn add(
        &mut self,
        kind: OperationKind,
        shell_id: Option<&str>,
        times: usize,
        injected_fault: InjectedFault,
    ) {
        let shell_id = shell_id.map(str::to_owned);
        self.pending.push(Pending { kind, shell_id, left: times, injected_fault });
    }

    /// Takes the oldest injected fault for this operation, if any is left.
    pub(super) fn take(&mut self, kind: OperationKind, shell_id: Option<&str>) -> Option<InjectedFault> {
        let found = self.pending.iter_mut().find(|pending| {
            pending.left > 0
                && pending.kind == kind
                && pending.shell_id.as_deref().is_none_or(|wanted| {
                    shell_id.is_some_and(|shell_id| shell_id.eq_ignore_ascii_case(wanted))
                })
        })?;
        found.left -= 1;
        let injected_fault = found.injected_fault.clone();
        self.pending.retain(|pending| pending.left > 0);
        Some(injected_fault)
    }

    /// How many have not been done, however often each is to be.
    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    pub(super) fn clear(&mut self) {
        self.pending.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_injected_fault_is_done_as_often_as_was_asked_and_only_to_that_operation() {
        let mut injected_faults = InjectedFaults::default();
        injected_faults.add(OperationKind::Delete, None, 2, InjectedFault::Drop);
        assert_eq!(injected_faults.take(OperationKind::Signal, None), None);
        assert_eq!(injected_faults.take(OperationKind::Delete, Some("A")), Some(InjectedFault::Drop));
        assert_eq!(injected_faults.take(OperationKind::Delete, None), Some(InjectedFault::Drop));
        assert_eq!(injected_faults.take(OperationKind::Delete, None), None);
    }

    #[test]
    fn a_fault_for_one_shell_leaves_the_others_alone() {
        let mut injected_faults = InjectedFaults::default();
        injected_faults.add(OperationKind::Delete, Some("b"), 1, InjectedFault::Drop);
        assert_eq!(injected_faults.take(OperationKind::Delete, Some("A")), None);
        assert_eq!(injected_faults.take(OperationKind::Delete, None), None);
        assert_eq!(injected_faults.take(OperationKind::Delete, Some("B")), Some(InjectedFault::Drop));
    }
}
