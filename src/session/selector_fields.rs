//! What selectors look at: so little of a session that the local table need not build all of it.

use uuid::Uuid;

use super::descriptor::{ComputerType, LocalId, SessionDescriptor};

/// A session, as selectors see it. What no selector of a query looks at may be missing from the glimpses that it is
/// shown.
pub(crate) trait SelectorFields {
    /// The local number.
    fn id(&self) -> Option<LocalId>;
    /// The name; `None` if it is empty.
    fn name(&self) -> Option<&str>;
    /// The computer.
    fn computer_name(&self) -> &str;
    /// What kind of computer.
    fn computer_type(&self) -> ComputerType;
    /// The shell's id as a GUID.
    fn instance_id(&self) -> Option<Uuid>;
    /// The container's id, of whatever kind the computer is.
    fn container_id(&self) -> &str;
    /// The virtual machine's id, of whatever kind the computer is.
    fn vm_id(&self) -> Option<Uuid>;
    /// The virtual machine's name, of whatever kind the computer is.
    fn vm_name(&self) -> &str;
}

impl SelectorFields for SessionDescriptor {
    fn id(&self) -> Option<LocalId> {
        self.id
    }

    fn name(&self) -> Option<&str> {
        Self::name(self)
    }

    fn computer_name(&self) -> &str {
        &self.computer_name
    }

    fn computer_type(&self) -> ComputerType {
        self.computer_type
    }

    fn instance_id(&self) -> Option<Uuid> {
        Self::instance_id(self)
    }

    fn container_id(&self) -> &str {
        &self.container_id
    }

    fn vm_id(&self) -> Option<Uuid> {
        self.vm_id
    }

    fn vm_name(&self) -> &str {
        &self.vm_name
    }
}
