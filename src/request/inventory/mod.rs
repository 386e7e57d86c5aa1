//! Lists of hosts: one host a line, Ansible's INI and YAML, and the JSON of its dynamic inventories.
//!
//! A list is text, and so are the files beside it; whoever reads them gives them here. Of Ansible's variables those count
//! that say where a host is: `ansible_connection`, `ansible_host`, `ansible_port`, `ansible_user`, `ansible_winrm_scheme`,
//! and the same of the plugins `winrm` and `psrp`, with Ansible's precedence of groups, hosts and files. Passwords are not
//! kept. What would weaken a login (Basic, no check of a certificate) never takes effect: such a host is refused, and so is
//! one whose variables only Ansible can evaluate (templates, Ansible Vault).
//!
//! Sources: Ansible's documentation, "How to build your inventory", "Developing dynamic inventory", and its plugins
//! `ansible.builtin.ini`, `yaml`, `winrm` and `psrp`.

mod groups;
mod host;
mod lines;
mod problem;
mod range;
mod tree;
mod variables;
mod words;

use std::sync::Arc;

use groups::Groups;
use host::Resolved;
use problem::Problems;
use tree::Form;

pub use groups::MAX_INVENTORY_HOSTS;
pub use host::{InventoryHost, InventoryOverrides};
pub use problem::{InventoryErrors, InventoryPlace, InventoryProblem, InventoryProblemKind};
pub use range::expand_host_range;

/// A list of hosts with its groups, and all that is wrong with it.
///
/// ```
/// use pssession::request::{Inventory, InventoryOverrides};
///
/// let text = "[web]\nweb[01:03].lab ansible_user=ops\n[web:vars]\nansible_connection=winrm\n";
/// let inventory = Inventory::read("hosts.ini", text);
/// let selected = inventory.select(&["web"], InventoryOverrides::default())?;
/// assert_eq!(selected.hosts[2].address, "web03.lab");
/// # Ok::<(), pssession::request::InventoryErrors>(())
/// ```
#[derive(Clone, Debug)]
pub struct Inventory {
    source: Arc<str>,
    groups: Groups,
    problems: Problems,
}

/// Whose variables a file beside an inventory has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VariableOwner {
    /// A group: a file of `group_vars`.
    Group,
    /// A host: a file of `host_vars`.
    Host,
}

/// The hosts of an inventory that are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SelectedHosts {
    /// In the order of the inventory.
    pub hosts: Vec<InventoryHost>,
    /// How many hosts were left out, because their connection is neither WinRM nor PSRP.
    pub skipped: usize,
    /// Whether the inventory has passwords for these hosts, which are never used.
    pub has_passwords: bool,
}

impl Inventory {
    /// Reads the text of an inventory; `source` names it in problems. The form is recognised by the text.
    #[must_use]
    pub fn read(source: &str, text: &str) -> Self {
        let source: Arc<str> = source.into();
        let mut inventory =
            Self { groups: Groups::new(&source), problems: Problems::default(), source: Arc::clone(&source) };
        let Self { groups, problems, .. } = &mut inventory;
        match form(text) {
            Some(form) => tree::read(&source, text, form, groups, problems),
            None => lines::read(&source, text, groups, problems),
        }
        groups.arrange(problems);
        inventory
    }

    /// Whether there is such a host or group, so that a file with its variables counts.
    #[must_use]
    pub fn has(&self, owner: VariableOwner, name: &str) -> bool {
        match owner {
            VariableOwner::Group => self.groups.group_named(name).is_some(),
            VariableOwner::Host => self.groups.host_named(name).is_some(),
        }
    }

    /// Reads variables that stand in a file of `group_vars` or `host_vars`, in YAML or JSON. They are above those in the
    /// inventory itself; of several files for one name the last one counts.
    pub fn add_variables(&mut self, owner: VariableOwner, name: &str, source: &str, text: &str) {
        let Self { groups, problems, .. } = self;
        let layers = match owner {
            VariableOwner::Group => groups
                .group_named(name)
                .and_then(|index| groups.group_mut(index))
                .map(|one| &mut one.variables),
            VariableOwner::Host => groups
                .host_named(name)
                .and_then(|index| groups.hosts.get_mut(index))
                .map(|one| &mut one.variables),
        };
        if let Some(layers) = layers {
            let form = if text.trim_start().starts_with('{') { Form::Json } else { Form::Yaml };
            tree::read_variables(&source.into(), text, form, &mut layers.beside, problems);
        }
    }

    /// The hosts of these groups, or of all if there are none, whose connection is WinRM, PSRP or not set.
    ///
    /// # Errors
    /// All problems of the inventory, and of the hosts that are meant.
    pub fn select(
        &self,
        groups: &[&str],
        overrides: InventoryOverrides,
    ) -> Result<SelectedHosts, InventoryErrors> {
        let mut problems = self.problems.clone();
        let mut wanted = Vec::new();
        for name in groups {
            match self.groups.group_named(name) {
                Some(index) => wanted.push(index),
                None => {
                    let place = InventoryPlace { source: Arc::clone(&self.source), line: None };
                    problems.malformed(place, format!("there is no group {name:?}"));
                }
            }
        }
        let mut selected = SelectedHosts::default();
        let mut merged: Option<(Vec<usize>, variables::Variables)> = None;
        for host in &self.groups.hosts {
            let of = self.groups.of_host(host);
            if !groups.is_empty() && !wanted.iter().any(|group| of.contains(group)) {
                continue;
            }
            // Neighbours are mostly of the same groups.
            let (_, shared) = match merged.take().filter(|(last, _)| *last == of) {
                Some(same) => merged.insert(same),
                None => {
                    let variables = self.groups.variables_of(&of);
                    merged.insert((of, variables))
                }
            };
            let mut variables = shared.clone();
            variables.overlay(&host.variables.inline);
            variables.overlay(&host.variables.beside);
            match host::resolve(&host.name, &host.place, &variables, overrides, &mut problems) {
                Resolved::Host(host) => {
                    selected.hosts.push(*host);
                    selected.has_passwords |= variables.has_password();
                }
                Resolved::Skipped => selected.skipped += 1,
                Resolved::Refused => {}
            }
        }
        problems.into_result().map(|()| selected)
    }
}

/// The form of a text that is a tree; `None` where it is read line by line.
fn form(text: &str) -> Option<Form> {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    if first.starts_with('{') {
        return Some(Form::Json);
    }
    let is_key = |key: &str| !key.is_empty() && !key.contains(char::is_whitespace);
    let line = first.split(" #").next().unwrap_or_default().trim_end();
    let key = line.strip_suffix(':').or_else(|| line.split_once(": ").map(|(key, _)| key));
    let is_yaml = line == "---" || line.starts_with("--- ") || line.starts_with("%YAML");
    (is_yaml || (!line.starts_with('[') && key.is_some_and(is_key))).then_some(Form::Yaml)
}

#[cfg(test)]
mod tests;
