//! Inventories that are trees: Ansible's YAML, and the JSON of its dynamic inventories.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value as Json;

use super::groups::{Groups, MAX_INVENTORY_HOSTS};
use super::lines::{PRIORITY, shown, split_port};
use super::problem::{InventoryPlace, InventoryProblemKind, Problems};
use super::range::expand_host_range;
use super::variables::{Setting, Variables};
use crate::yaml::{self, Node, Value};

/// Which of the two it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Yaml,
    Json,
}

/// The tree of a text, in which all lines are 0 where it is JSON.
///
/// # Errors
/// The line and the reason.
pub(super) fn parse(text: &str, form: Form) -> Result<Node, (Option<usize>, String)> {
    match form {
        Form::Yaml => yaml::read(text).map_err(|error| (Some(error.line), error.reason)),
        Form::Json => match serde_json::from_str(text) {
            Ok(json) => Ok(of_json(json)),
            // Its own words may quote a value.
            Err(error) => Err((Some(error.line()), format!("not JSON, at column {}", error.column()))),
        },
    }
}

fn of_json(json: Json) -> Node {
    let text = |text: String| Node { line: 0, tag: None, value: Value::Text(text) };
    let value = match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Text(truth.to_string()),
        Json::Number(number) => Value::Text(number.to_string()),
        Json::String(text) => Value::Text(text),
        Json::Array(items) => Value::Sequence(items.into_iter().map(of_json).collect()),
        Json::Object(entries) => {
            Value::Mapping(entries.into_iter().map(|(key, value)| (text(key), of_json(value))).collect())
        }
    };
    Node { line: 0, tag: None, value }
}

pub(super) fn read(source: &Arc<str>, text: &str, form: Form, groups: &mut Groups, problems: &mut Problems) {
    let source = Arc::clone(source);
    let root = match parse(text, form) {
        Ok(root) => root,
        Err((line, reason)) => return problems.malformed(InventoryPlace { source, line }, reason),
    };
    let mut reader = Reader { form, groups, problems, source };
    let entries = reader.entries(&root, "the inventory");
    if entries.iter().any(|(key, value)| *key == "plugin" && value.text().is_some()) {
        let place = reader.place(&root);
        return reader.problems.add(
            place,
            InventoryProblemKind::Plugin,
            "it is the configuration of an inventory plugin, which only Ansible runs",
        );
    }
    for (name, node) in &entries {
        if !(form == Form::Json && *name == META) {
            reader.group(name, node);
        }
    }
    if let Some((_, meta)) = entries.iter().find(|(key, _)| form == Form::Json && *key == META) {
        reader.host_variables(meta);
    }
}

/// Where the variables of hosts are.
const META: &str = "_meta";

/// Reads the variables of a file beside an inventory.
pub(super) fn read_variables(
    source: &Arc<str>,
    text: &str,
    form: Form,
    variables: &mut Variables,
    problems: &mut Problems,
) {
    let place = |line: Option<usize>| InventoryPlace { source: Arc::clone(source), line };
    if text.starts_with("$ANSIBLE_VAULT") {
        return variables.set_encrypted(place(None));
    }
    match parse(text, form) {
        Ok(root) if root.value == Value::Null => {}
        Ok(root) => match mapping(&root) {
            Ok(entries) => entries.iter().for_each(|(name, node)| {
                let place = place(Some(node.line).filter(|line| *line > 0));
                variables.set(name, &place, || setting(node));
            }),
            Err((line, reason)) => {
                problems.malformed(place(Some(line).filter(|line| *line > 0)), format!("the file {reason}"));
            }
        },
        Err((line, reason)) => problems.malformed(place(line), reason),
    }
}

struct Reader<'r> {
    form: Form,
    groups: &'r mut Groups,
    problems: &'r mut Problems,
    source: Arc<str>,
}

impl Reader<'_> {
    fn place(&self, node: &Node) -> InventoryPlace {
        InventoryPlace { source: Arc::clone(&self.source), line: Some(node.line).filter(|line| *line > 0) }
    }

    fn malformed(&mut self, node: &Node, reason: impl Into<String>) {
        let place = self.place(node);
        self.problems.malformed(place, reason);
    }

    /// The entries of a mapping; none where there is nothing, or something else, which is a problem.
    fn entries<'n>(&mut self, node: &'n Node, what: &str) -> Vec<(&'n str, &'n Node)> {
        if node.value == Value::Null {
            return Vec::new();
        }
        mapping(node).unwrap_or_else(|(line, reason)| {
            let place = InventoryPlace {
                source: Arc::clone(&self.source),
                line: Some(line).filter(|line| *line > 0),
            };
            self.problems.malformed(place, format!("{what} {reason}"));
            Vec::new()
        })
    }

    /// Reads a group; returns its number.
    fn group(&mut self, name: &str, node: &Node) -> Option<usize> {
        let place = self.place(node);
        let index = match self.groups.group(name, &place) {
            Ok(index) => index,
            Err(problem) => {
                self.malformed(node, problem);
                return None;
            }
        };
        if let (Form::Json, Value::Sequence(_)) = (self.form, &node.value) {
            self.hosts(name, index, node);
            return Some(index);
        }
        for (key, value) in self.entries(node, &format!("the group {name:?}")) {
            match key {
                "hosts" => self.hosts(name, index, value),
                "children" => self.children(name, index, value),
                "vars" => self.variables(name, index, value),
                _ if self.form == Form::Json => {}
                _ => self.malformed(
                    value,
                    format!("the group {name:?} has a key that is not hosts, children or vars: {key:?}"),
                ),
            }
        }
        Some(index)
    }

    fn hosts(&mut self, group: &str, index: usize, node: &Node) {
        match &node.value {
            Value::Text(name) => self.host(index, name, node, None),
            Value::Sequence(items) if self.form == Form::Json => {
                for item in items {
                    match item.text() {
                        Some(name) => self.host(index, name, item, None),
                        None => {
                            self.malformed(item, format!("a host of the group {group:?} is not a string"))
                        }
                    }
                }
            }
            _ => {
                for (name, value) in self.entries(node, &format!("`hosts` of the group {group:?}")) {
                    self.host(index, name, value, Some(value));
                }
            }
        }
    }

    /// One host, or a range of them, with its variables.
    fn host(&mut self, group: usize, text: &str, node: &Node, variables: Option<&Node>) {
        let place = self.place(node);
        // The names that a program lists are names as they stand.
        let is_pattern = variables.is_some() || self.form == Form::Yaml;
        let named = match is_pattern {
            true => split_port(text).map_err(str::to_owned).and_then(|(pattern, port)| {
                expand_host_range(pattern, MAX_INVENTORY_HOSTS).map(|names| (names, port))
            }),
            false => Ok((vec![text.to_owned()], None)),
        };
        let what = format!("the host {:?}", shown(text));
        let (names, port) = match named {
            Ok(named) => named,
            Err(problem) => return self.malformed(node, format!("{what}: {problem}")),
        };
        let entries = variables.map(|node| self.entries(node, &what)).unwrap_or_default();
        for name in names {
            match self.groups.host(&name, port, group, &place) {
                Ok(host) => set_all(&mut host.variables.inline, &entries, &self.source),
                Err(problem) => return self.malformed(node, problem),
            }
        }
    }

    fn children(&mut self, group: &str, index: usize, node: &Node) {
        let children: Vec<Option<usize>> = match &node.value {
            Value::Text(name) => vec![self.child(name, node)],
            Value::Sequence(items) if self.form == Form::Json => {
                let name = |item: &Node| item.text().map(str::to_owned);
                let mut children = Vec::new();
                for item in items {
                    match name(item) {
                        Some(name) => children.push(self.child(&name, item)),
                        None => {
                            self.malformed(item, format!("a child of the group {group:?} is not a string"))
                        }
                    }
                }
                children
            }
            _ => {
                let entries = self.entries(node, &format!("`children` of the group {group:?}"));
                entries.into_iter().map(|(name, value)| self.group(name, value)).collect()
            }
        };
        children.into_iter().flatten().for_each(|child| self.groups.add_child(index, child));
    }

    fn child(&mut self, name: &str, node: &Node) -> Option<usize> {
        let place = self.place(node);
        self.groups.group(name, &place).map_err(|problem| self.malformed(node, problem)).ok()
    }

    fn variables(&mut self, group: &str, index: usize, node: &Node) {
        let entries = self.entries(node, &format!("`vars` of the group {group:?}"));
        let priority = entries.iter().find(|(key, _)| *key == PRIORITY);
        if let Some((_, value)) = priority {
            match (value.text().and_then(|text| text.parse().ok()), self.groups.group_mut(index)) {
                (Some(priority), Some(group)) => group.priority = priority,
                _ => self.malformed(value, format!("{PRIORITY} is not a number")),
            }
        }
        if let Some(group) = self.groups.group_mut(index) {
            set_all(&mut group.variables.inline, &entries, &self.source);
        }
    }

    fn host_variables(&mut self, meta: &Node) {
        let hosts = self.entries(meta, META).into_iter().find(|(key, _)| *key == "hostvars");
        let Some((_, hosts)) = hosts else { return };
        for (name, node) in self.entries(hosts, "`hostvars`") {
            let entries = self.entries(node, &format!("the host {:?}", shown(name)));
            // As in Ansible, a host is what is in a group.
            let Some(index) = self.groups.host_named(name) else { continue };
            if let Some(host) = self.groups.hosts.get_mut(index) {
                set_all(&mut host.variables.inline, &entries, &self.source);
            }
        }
    }
}

fn set_all(variables: &mut Variables, entries: &[(&str, &Node)], source: &Arc<str>) {
    for (name, node) in entries {
        let place =
            InventoryPlace { source: Arc::clone(source), line: Some(node.line).filter(|line| *line > 0) };
        variables.set(name, &place, || setting(node));
    }
}

/// The entries of a mapping, whose keys are texts and there once.
fn mapping<'n>(node: &'n Node) -> Result<Vec<(&'n str, &'n Node)>, (usize, String)> {
    let Value::Mapping(entries) = &node.value else {
        return Err((node.line, "is not a mapping".to_owned()));
    };
    let mut seen = HashSet::new();
    let entry = |(key, value): &'n (Node, Node)| match key.text() {
        None => Err((key.line, "has a key that is not a string".to_owned())),
        Some("<<") => Err((key.line, "has a merge key (<<), which is not supported".to_owned())),
        Some(text) if !seen.insert(text) => Err((key.line, "has the same key twice".to_owned())),
        Some(text) => Ok((text, value)),
    };
    entries.iter().map(entry).collect()
}

/// What a node sets a variable to.
fn setting(node: &Node) -> Setting {
    if node.tag.as_deref().is_some_and(|tag| tag.starts_with("!vault")) {
        return Setting::Encrypted;
    }
    match &node.value {
        Value::Null => Setting::Unset,
        Value::Text(text) if text.starts_with("$ANSIBLE_VAULT") => Setting::Encrypted,
        Value::Text(text) => Setting::Text(text.clone()),
        Value::Sequence(items) => match items.iter().map(Node::text).collect::<Option<Vec<_>>>() {
            Some(texts) => Setting::Text(texts.join(",")),
            None => Setting::Wrong("is a list of something else than texts"),
        },
        // The two ways of Ansible to write more than a string in JSON.
        Value::Mapping(entries) => match &entries[..] {
            [(key, _)] if key.text() == Some("__ansible_vault") => Setting::Encrypted,
            [(key, value)] if key.text() == Some("__ansible_unsafe") => setting(value),
            _ => Setting::Wrong("is a mapping"),
        },
    }
}
