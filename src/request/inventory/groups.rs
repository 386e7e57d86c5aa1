//! Hosts and groups of an inventory, and which variables a host has, as Ansible decides it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::problem::{InventoryPlace, Problems};
use super::variables::{Assigned, Setting, Variables};

/// The most hosts of one inventory.
pub const MAX_INVENTORY_HOSTS: usize = 100_000;

/// The most groups of one inventory. Deciding the variables of a host looks at each of its groups.
pub(super) const MAX_GROUPS: usize = 10_000;

/// The group of every host.
pub(super) const ALL: &str = "all";
/// The group of hosts that are in no other.
pub(super) const UNGROUPED: &str = "ungrouped";
const ALL_INDEX: usize = 0;
const UNGROUPED_INDEX: usize = 1;

/// Variables that stand in the inventory, and those that stand in files beside it.
#[derive(Clone, Debug, Default)]
pub(super) struct Layers {
    pub(super) inline: Variables,
    pub(super) beside: Variables,
}

#[derive(Clone, Debug)]
pub(super) struct HostEntry {
    pub(super) name: String,
    pub(super) place: InventoryPlace,
    pub(super) variables: Layers,
    groups: BTreeSet<usize>,
}

#[derive(Clone, Debug)]
pub(super) struct GroupEntry {
    pub(super) name: String,
    place: InventoryPlace,
    pub(super) variables: Layers,
    pub(super) priority: i64,
    parents: BTreeSet<usize>,
    depth: usize,
}

/// Hosts in the order of the inventory, and groups.
#[derive(Clone, Debug)]
pub(super) struct Groups {
    pub(super) hosts: Vec<HostEntry>,
    by_host: HashMap<String, usize>,
    groups: Vec<GroupEntry>,
    by_group: HashMap<String, usize>,
}

/// Why a host or a group cannot be added.
pub(super) type Refused = String;

impl Groups {
    pub(super) fn new(source: &Arc<str>) -> Self {
        let mut groups =
            Self { hosts: Vec::new(), by_host: HashMap::new(), groups: Vec::new(), by_group: HashMap::new() };
        let place = InventoryPlace { source: Arc::clone(source), line: None };
        for name in [ALL, UNGROUPED] {
            groups.insert_group(name, place.clone());
        }
        groups
    }

    fn insert_group(&mut self, name: &str, place: InventoryPlace) -> usize {
        let index = self.groups.len();
        self.groups.push(GroupEntry {
            name: name.to_owned(),
            place,
            variables: Layers::default(),
            priority: 1,
            parents: BTreeSet::new(),
            depth: 0,
        });
        self.by_group.insert(name.to_owned(), index);
        index
    }

    /// The group of this name, which is made if there is none.
    pub(super) fn group(&mut self, name: &str, place: &InventoryPlace) -> Result<usize, Refused> {
        match self.by_group.get(name) {
            Some(index) => Ok(*index),
            None if name.is_empty() => Err("a group without a name".to_owned()),
            None if self.groups.len() >= MAX_GROUPS => Err(format!("more than {MAX_GROUPS} groups")),
            None => Ok(self.insert_group(name, place.clone())),
        }
    }

    pub(super) fn group_mut(&mut self, index: usize) -> Option<&mut GroupEntry> {
        self.groups.get_mut(index)
    }

    pub(super) fn group_named(&self, name: &str) -> Option<usize> {
        self.by_group.get(name).copied()
    }

    pub(super) fn host_named(&self, name: &str) -> Option<usize> {
        self.by_host.get(name).copied()
    }

    /// The host of this name in a group; it is made if there is none.
    pub(super) fn host(
        &mut self,
        name: &str,
        port: Option<u16>,
        group: usize,
        place: &InventoryPlace,
    ) -> Result<&mut HostEntry, Refused> {
        let index = match self.by_host.get(name) {
            Some(index) => *index,
            None if name.is_empty() => return Err("a host without a name".to_owned()),
            None if self.hosts.len() >= MAX_INVENTORY_HOSTS => {
                return Err(format!("more than {MAX_INVENTORY_HOSTS} hosts"));
            }
            None => {
                self.by_host.insert(name.to_owned(), self.hosts.len());
                self.hosts.push(HostEntry {
                    name: name.to_owned(),
                    place: place.clone(),
                    variables: Layers::default(),
                    groups: BTreeSet::new(),
                });
                self.hosts.len() - 1
            }
        };
        let host = self.hosts.get_mut(index).ok_or_else(|| "no such host".to_owned())?;
        host.groups.insert(group);
        if let Some(port) = port.map(|port| port.to_string()) {
            let set = host.variables.inline.last_of(&["ansible_port"]);
            match set.map(|(_, assigned)| assigned) {
                None => host.variables.inline.set("ansible_port", place, || Setting::Text(port)),
                Some(Assigned { setting: Setting::Text(same), .. }) if *same == port => {}
                // Ansible would keep the first port and say nothing.
                Some(Assigned { place, .. }) => {
                    return Err(format!("{name} has another port at {place}; give one of them another name"));
                }
            }
        }
        Ok(host)
    }

    /// Makes one group part of another.
    pub(super) fn add_child(&mut self, parent: usize, child: usize) {
        if let Some(child) = self.groups.get_mut(child) {
            child.parents.insert(parent);
        }
    }

    /// How deep each group is below `all`: as far as its longest way. A problem where a group is part of itself.
    pub(super) fn arrange(&mut self, problems: &mut Problems) {
        let mut waiting: Vec<usize> = Vec::with_capacity(self.groups.len());
        let mut children = vec![Vec::new(); self.groups.len()];
        for (index, group) in self.groups.iter_mut().enumerate() {
            if index != ALL_INDEX && group.parents.is_empty() {
                group.parents.insert(ALL_INDEX);
            }
            waiting.push(group.parents.len());
            for parent in &group.parents {
                children.get_mut(*parent).into_iter().for_each(|of: &mut Vec<usize>| of.push(index));
            }
        }
        let mut ready: Vec<usize> =
            (0..waiting.len()).filter(|index| waiting.get(*index) == Some(&0)).collect();
        while let Some(index) = ready.pop() {
            let depth = self.groups.get(index).map_or(0, |group| group.depth + 1);
            for child in children.get(index).into_iter().flatten() {
                if let Some(group) = self.groups.get_mut(*child) {
                    group.depth = group.depth.max(depth);
                }
                if let Some(left) = waiting.get_mut(*child) {
                    *left -= 1;
                    if *left == 0 {
                        ready.push(*child);
                    }
                }
            }
        }
        let in_a_circle =
            |(index, _): &(usize, &GroupEntry)| waiting.get(*index).is_some_and(|left| *left > 0);
        if let Some((_, group)) = self.groups.iter().enumerate().find(in_a_circle) {
            problems.malformed(group.place.clone(), format!("the group {} is part of itself", group.name));
        }
    }

    /// All groups of a host, in the order in which their variables are applied.
    pub(super) fn of_host(&self, host: &HostEntry) -> Vec<usize> {
        let mut found = BTreeSet::from([ALL_INDEX]);
        let is_grouped = host.groups.iter().any(|group| ![ALL_INDEX, UNGROUPED_INDEX].contains(group));
        let mut open: Vec<usize> = match is_grouped {
            true => host.groups.iter().copied().filter(|group| *group != UNGROUPED_INDEX).collect(),
            false => vec![UNGROUPED_INDEX],
        };
        while let Some(index) = open.pop() {
            if let Some(group) = self.groups.get(index).filter(|_| found.insert(index)) {
                open.extend(&group.parents);
            }
        }
        let mut ordered: Vec<(usize, &GroupEntry)> =
            found.into_iter().filter_map(|index| Some((index, self.groups.get(index)?))).collect();
        ordered.sort_by(|(_, one), (_, other)| {
            (one.depth, one.priority, &one.name).cmp(&(other.depth, other.priority, &other.name))
        });
        ordered.into_iter().map(|(index, _)| index).collect()
    }

    /// The variables of these groups: what stands in the inventory, below what stands in files beside it.
    pub(super) fn variables_of(&self, groups: &[usize]) -> Variables {
        let mut merged = Variables::default();
        let of = |index: &usize| self.groups.get(*index).map(|group| &group.variables);
        groups.iter().filter_map(of).for_each(|layers| merged.overlay(&layers.inline));
        groups.iter().filter_map(of).for_each(|layers| merged.overlay(&layers.beside));
        merged
    }
}
