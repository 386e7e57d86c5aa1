//! Inventories that are read line by line: one host a line, and Ansible's INI.

use std::collections::HashMap;
use std::net::Ipv6Addr;
use std::sync::Arc;

use super::groups::{ALL, Groups, MAX_INVENTORY_HOSTS, UNGROUPED};
use super::problem::{InventoryPlace, Problems};
use super::range::expand_host_range;
use super::variables::{Setting, Variables};
use super::words::{self, Word};

/// What the lines of a section are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Hosts,
    Children,
    Variables,
}

/// A section's header: the group, and what follows the colon.
fn header(line: &str) -> Option<(&str, Option<&str>)> {
    let (inside, behind) = line.strip_prefix('[')?.split_once(']')?;
    let behind = behind.trim_start();
    let (name, kind) = match inside.split_once(':') {
        Some((name, kind)) => (name, Some(kind)),
        None => (inside, None),
    };
    let is_word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_');
    let fits = !name.is_empty() && !name.contains(char::is_whitespace) && kind.is_none_or(is_word);
    (fits && (behind.is_empty() || behind.starts_with('#'))).then_some((name, kind))
}

/// The lines that count, each with its number.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = (1..).zip(text.lines().map(str::trim));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with(['#', ';']))
}

/// Whether something is there that a list of hosts does not have: a section or a variable.
fn is_ini(text: &str) -> bool {
    lines(text).any(|(_, line)| {
        let line = line.split('#').next().unwrap_or_default();
        header(line.trim_end()).is_some() || line.split_whitespace().skip(1).any(|word| word.contains('='))
    })
}

pub(super) fn read(source: &Arc<str>, text: &str, groups: &mut Groups, problems: &mut Problems) {
    let mut reader = Reader {
        is_ini: is_ini(text),
        groups,
        problems,
        place: InventoryPlace { source: Arc::clone(source), line: None },
        group: UNGROUPED.to_owned(),
        section: Some(Section::Hosts),
        declared: HashMap::from([(ALL.to_owned(), true), (UNGROUPED.to_owned(), true)]),
        referred: Vec::new(),
    };
    for (number, line) in lines(text) {
        reader.place.line = Some(number);
        if let Err(problem) = reader.line(line) {
            let place = reader.place.clone();
            reader.problems.malformed(place, problem);
        }
    }
    reader.finish();
}

struct Reader<'r> {
    /// Whether a host is known by its name alone; else the same name with another port is another host.
    is_ini: bool,
    groups: &'r mut Groups,
    problems: &'r mut Problems,
    place: InventoryPlace,
    group: String,
    /// `None` below a header that is not understood.
    section: Option<Section>,
    /// The groups that have a section of hosts or of groups.
    declared: HashMap<String, bool>,
    /// The groups that are spoken of elsewhere, which must be declared.
    referred: Vec<(InventoryPlace, String)>,
}

impl Reader<'_> {
    fn line(&mut self, line: &str) -> Result<(), String> {
        if let Some((name, kind)) = header(line) {
            return self.begin(name, kind);
        }
        let is_address = || line.trim_matches(['[', ']']).parse::<Ipv6Addr>().is_ok() || !line.ends_with(']');
        if line.starts_with('[') && !is_address() {
            return Err("it is not a section such as [web], [web:children] or [web:vars]".to_owned());
        }
        match self.section {
            None => Ok(()),
            Some(Section::Hosts) => self.hosts(line),
            Some(Section::Children) => self.child(line),
            Some(Section::Variables) => self.variable(line),
        }
    }

    fn begin(&mut self, name: &str, kind: Option<&str>) -> Result<(), String> {
        name.clone_into(&mut self.group);
        self.section = None;
        let section = match kind {
            None | Some("hosts") => Section::Hosts,
            Some("children") => Section::Children,
            Some("vars") => Section::Variables,
            Some(_) => return Err(format!("the section of {name:?} is not one of hosts, children and vars")),
        };
        self.groups.group(name, &self.place)?;
        if section == Section::Variables {
            self.referred.push((self.place.clone(), name.to_owned()));
        } else {
            self.declared.insert(name.to_owned(), true);
        }
        self.section = Some(section);
        Ok(())
    }

    fn hosts(&mut self, line: &str) -> Result<(), String> {
        let raw = line.split(|c: char| c.is_whitespace() || c == '#').next().unwrap_or_default();
        let more = if raw.len() == line.len() { "" } else { " ..." };
        let shown = format!("{:?}", format!("{}{more}", shown(raw)));
        if raw.contains(['\\', '"', '\'']) {
            return Err(format!("{shown} is not a host: it contains a quote or a backslash"));
        }
        let words = words::split(line)?;
        let Some((host, rest)) = words.split_first() else { return Ok(()) };
        if rest.iter().any(|word| !word.text.contains('=')) {
            return Err(format!("{shown} is not a host: only KEY=VALUE may follow the name"));
        }
        let (pattern, port) = match self.is_ini {
            true => split_port(&host.text).map_err(|problem| format!("{shown}: {problem}"))?,
            false => (host.text.as_str(), None),
        };
        let names = expand_host_range(pattern, MAX_INVENTORY_HOSTS)
            .map_err(|problem| format!("{shown}: {problem}"))?;
        let group = self.groups.group(&self.group, &self.place)?;
        for name in names {
            let place = &self.place;
            let host = self.groups.host(&name, port, group, place)?;
            for word in rest {
                assign(&mut host.variables.inline, word, place);
            }
        }
        Ok(())
    }

    fn child(&mut self, line: &str) -> Result<(), String> {
        let name = line.split('#').next().unwrap_or_default().trim_end();
        if name.is_empty() || name.contains([':', ']']) || name.contains(char::is_whitespace) {
            return Err("it is not the name of a group".to_owned());
        }
        let parent = self.groups.group(&self.group, &self.place)?;
        let child = self.groups.group(name, &self.place)?;
        self.groups.add_child(parent, child);
        self.referred.push((self.place.clone(), name.to_owned()));
        Ok(())
    }

    fn variable(&mut self, line: &str) -> Result<(), String> {
        let (name, value) = line.split_once('=').ok_or("it is not KEY=VALUE")?;
        let (name, value) = (name.trim(), value.trim());
        let group = self.groups.group(&self.group, &self.place)?;
        let Some(group) = self.groups.group_mut(group) else { return Ok(()) };
        if name == PRIORITY {
            group.priority = value.parse().map_err(|_| format!("{PRIORITY} is not a number"))?;
        }
        group.variables.inline.set(name, &self.place, || setting(value));
        Ok(())
    }

    fn finish(self) {
        for (place, name) in self.referred {
            if !self.declared.contains_key(&name) {
                self.problems.malformed(place, format!("there is no section [{name}]"));
            }
        }
    }
}

/// The variable that orders groups of the same depth.
pub(super) const PRIORITY: &str = "ansible_group_priority";

fn assign(variables: &mut Variables, word: &Word, place: &InventoryPlace) {
    let Some((name, value)) = word.text.split_once('=') else { return };
    variables.set(name, place, || match word.has_escape {
        true => Setting::Wrong("has a backslash, which Ansible removes; put the value in double quotes"),
        false => setting(value),
    });
}

fn setting(value: &str) -> Setting {
    match words::value(value) {
        Ok(None) => Setting::Unset,
        Ok(Some(text)) if text.starts_with("!vault") || text.starts_with("$ANSIBLE_VAULT") => {
            Setting::Encrypted
        }
        Ok(Some(text)) => Setting::Text(text),
        Err(_) => Setting::Wrong("has an escape in quotes; write it without quotes, or the backslash twice"),
    }
}

/// A host and its port, as Ansible separates them: `web01:5986`, `[::1]:5986`, also with ranges. A URL and what may hold a
/// password are left to whoever makes an endpoint of them.
pub(super) fn split_port(text: &str) -> Result<(&str, Option<u16>), &'static str> {
    if text.contains("://") || text.contains('@') || text.parse::<Ipv6Addr>().is_ok() {
        return Ok((text, None));
    }
    let behind_brackets = text.rfind(']').map_or(0, |at| at + 1);
    let (_, tail) = text.split_at_checked(behind_brackets).unwrap_or(("", text));
    let Some((before, port)) = tail.split_once(':') else { return Ok((unbracketed(text), None)) };
    let number = port.parse().ok().filter(|number| *number > 0 && port.bytes().all(|b| b.is_ascii_digit()));
    let number: u16 = number.ok_or("a port is a number from 1 to 65535")?;
    let host = text.split_at_checked(behind_brackets + before.len()).map_or(text, |(host, _)| host);
    Ok((unbracketed(host), Some(number)))
}

/// A host for a message, without what may be a password.
pub(super) fn shown(text: &str) -> &str {
    if text.contains('@') { "..." } else { text }
}

/// An IPv6 address without its brackets.
fn unbracketed(text: &str) -> &str {
    let inside = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    inside.filter(|inside| inside.parse::<Ipv6Addr>().is_ok()).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_separated_from_a_name_and_from_an_address() {
        for (text, host, port) in [
            ("web01", "web01", None),
            ("web01:5986", "web01", Some(5986)),
            ("web[01:03].lab", "web[01:03].lab", None),
            ("web[01:03].lab:5986", "web[01:03].lab", Some(5986)),
            ("::1", "::1", None),
            ("[::1]", "::1", None),
            ("[2001:db8::1]:5986", "2001:db8::1", Some(5986)),
        ] {
            assert_eq!(split_port(text), Ok((host, port)), "{text}");
        }
        for text in ["web01:", "1::2::3", "web01:x", "web01:0", "web01:65536", "web01:+1"] {
            assert!(split_port(text).unwrap_err().contains("1 to 65535"), "{text}");
        }
    }

    #[test]
    fn a_header_is_not_taken_for_an_address_or_a_range() {
        for (line, read) in [
            ("[web]", Some(("web", None))),
            ("[web:vars]  # x", Some(("web", Some("vars")))),
            ("[::1]", None),
            ("[2001:db8::1]:5985", None),
            ("[a-f].lab", None),
            ("[we b]", None),
        ] {
            assert_eq!(header(line), read, "{line}");
        }
    }
}
