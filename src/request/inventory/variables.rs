//! The variables of Ansible that say how a host is reached. All others are not kept.

use std::collections::BTreeMap;

use super::problem::InventoryPlace;

/// Each variable that counts.
const KNOWN: [&str; 18] = [
    "ansible_connection",
    "ansible_host",
    "ansible_port",
    "ansible_user",
    "ansible_psrp_auth",
    "ansible_psrp_cert_validation",
    "ansible_psrp_host",
    "ansible_psrp_path",
    "ansible_psrp_port",
    "ansible_psrp_protocol",
    "ansible_psrp_user",
    "ansible_winrm_host",
    "ansible_winrm_path",
    "ansible_winrm_port",
    "ansible_winrm_scheme",
    "ansible_winrm_server_cert_validation",
    "ansible_winrm_transport",
    "ansible_winrm_user",
];

/// Passwords, under each name that Ansible and its older versions have for them.
fn is_password(name: &str) -> bool {
    name.starts_with("ansible_") && (name.ends_with("_password") || name.ends_with("_pass"))
}

/// What a variable is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    /// `null`: as if it were not set, whatever a group says.
    Unset,
    /// A text; a list of texts with commas between.
    Text(String),
    /// Encrypted with Ansible Vault.
    Encrypted,
    /// It cannot be understood; the reason.
    Wrong(&'static str),
}

/// A setting, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assigned {
    pub(super) setting: Setting,
    pub(super) place: InventoryPlace,
}

/// The variables of a host or a group.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables {
    known: BTreeMap<&'static str, Assigned>,
    /// The variables as a whole are encrypted.
    encrypted: Option<InventoryPlace>,
    has_password: bool,
}

impl Variables {
    /// Sets a variable; what does not count is not even read.
    pub(super) fn set(&mut self, name: &str, place: &InventoryPlace, setting: impl FnOnce() -> Setting) {
        if is_password(name) {
            self.has_password = true;
        } else if let Some(known) = KNOWN.iter().find(|known| **known == name) {
            self.known.insert(known, Assigned { setting: setting(), place: place.clone() });
        }
    }

    /// All of them are encrypted in this file.
    pub(super) fn set_encrypted(&mut self, place: InventoryPlace) {
        self.encrypted = Some(place);
    }

    /// What `others` sets, over what is set here.
    pub(super) fn overlay(&mut self, others: &Self) {
        for (name, assigned) in &others.known {
            self.known.insert(name, assigned.clone());
        }
        if others.encrypted.is_some() {
            self.encrypted.clone_from(&others.encrypted);
        }
        self.has_password |= others.has_password;
    }

    /// The last of these names that is set.
    pub(super) fn last_of(&self, names: &[&'static str]) -> Option<(&'static str, &Assigned)> {
        let set = |name: &&'static str| self.known.get(*name).map(|assigned| (*name, assigned));
        names.iter().rev().filter_map(set).find(|(_, assigned)| assigned.setting != Setting::Unset)
    }

    pub(super) fn encrypted(&self) -> Option<&InventoryPlace> {
        self.encrypted.as_ref()
    }

    pub(super) fn has_password(&self) -> bool {
        self.has_password
    }
}
