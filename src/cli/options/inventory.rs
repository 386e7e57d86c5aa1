//! The inventory of a run: a file, stdin or what a command prints, with the files of variables beside it.

use std::path::Path;

use pssession::permissions;
use pssession::request::{
    Inventory, InventoryErrors, InventoryOverrides, InventoryProblem, InventoryProblemKind as Kind,
    SelectedHosts, VariableOwner,
};
use zeroize::Zeroizing;

use crate::cli::args::ReachArgs;
use crate::cli::config::Config;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::ui::Ui;
use crate::cli::{process, source};

use super::CmdletConnection;

/// The largest inventory that is read, in bytes; the same for all files of variables together.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// An inventory, and what it is called.
pub(super) struct NamedInventory {
    name: String,
    /// The same at the beginning of a sentence.
    title: String,
    inventory: Inventory,
    exposed: Option<String>,
}

/// What a person should know of the inventory of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct InventoryNotes {
    name: String,
    skipped: usize,
    has_passwords: bool,
    /// Through what others may change it.
    exposed: Option<String>,
}

impl InventoryNotes {
    /// Writes them, each once.
    pub(crate) fn write(&self, ui: &Ui) {
        let name = &self.name;
        if let Some(exposed) = &self.exposed {
            ui.note(
                "InventoryExposed",
                &format!("other users can change the inventory {name}: {exposed}"),
                "it says where your password goes; keep it where only you can write",
            );
        }
        if self.skipped > 0 {
            let hosts = if self.skipped == 1 { "host" } else { "hosts" };
            ui.note(
                "InventoryHostsSkipped",
                &format!("{} {hosts} of {name} left out: not reached over WinRM in Ansible", self.skipped),
                "a host with ansible_connection winrm or psrp, or without one, is taken",
            );
        }
        if self.has_passwords {
            ui.note(
                "InventoryPasswordsIgnored",
                &format!("the passwords in {name} are not used"),
                "use --password-file, --password-command or PSSESSION_PASSWORD",
            );
        }
    }
}

impl NamedInventory {
    /// Reads the inventory of the options, if there is one.
    pub(super) fn read(args: &ReachArgs) -> Result<Option<Self>, Diagnostic> {
        if let Some(command) = &args.inventory_command {
            return Self::printed_by(command).map(Some);
        }
        args.inventory.as_deref().map(Self::of_file).transpose()
    }

    fn printed_by(command: &str) -> Result<Self, Diagnostic> {
        let name = "the inventory command";
        let failed = |problem: String| {
            Diagnostic::usage(format!("{name} {problem}")).about("--inventory-command").with_hint(
                "run the command yourself; it must print an inventory and exit with 0; nothing was sent",
            )
        };
        let bytes = process::printed_by(command, MAX_BYTES).map_err(failed)?;
        let text =
            source::decoded(&bytes).map_err(|error| failed(format!("printed unreadable output: {error}")))?;
        let inventory = Inventory::read(name, &text);
        Ok(Self { name: name.to_owned(), title: name.to_owned(), inventory, exposed: None })
    }

    fn of_file(path: &Path) -> Result<Self, Diagnostic> {
        let name = source::shown(path);
        let unreadable = |error: &std::io::Error, of: &str| {
            Diagnostic::usage(format!("cannot read {of}")).caused_by(error).with_hint(FORMS)
        };
        let text: Zeroizing<String> = source::text(path, MAX_BYTES)
            .map_err(|error| unreadable(&error, &format!("the inventory {name}")))?;
        let mut inventory = Inventory::read(&name, &text);
        if path != Path::new("-") {
            let mut left = MAX_BYTES;
            let folder = path.parent().unwrap_or_else(|| Path::new(""));
            for (owner, kind) in [(VariableOwner::Group, "group_vars"), (VariableOwner::Host, "host_vars")] {
                let folder = folder.join(kind);
                let files = source::variable_files(&folder, &|name| inventory.has(owner, name))
                    .map_err(|error| unreadable(&error, &source::shown(&folder)))?;
                for (of, path) in files {
                    let shown = source::shown(&path);
                    let text = source::text(&path, left).map_err(|error| unreadable(&error, &shown))?;
                    left = left.saturating_sub(u64::try_from(text.len()).unwrap_or(u64::MAX));
                    inventory.add_variables(owner, &of, &shown, &text);
                }
            }
        }
        // Where the question cannot be answered, the file could not be read either.
        let exposed = permissions::exposed(path, permissions::Kind::Alone).ok().flatten();
        let exposed = exposed.filter(|_| path != Path::new("-")).map(|exposed| exposed.to_string());
        Ok(Self { title: format!("the inventory {name}"), name, inventory, exposed })
    }

    /// What it is called.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether `@name` is a group of the inventory. An error if it is one of the config as well.
    pub(super) fn has_group(&self, name: &str, config: &Config) -> Result<bool, Diagnostic> {
        match self.inventory.has(VariableOwner::Group, name) {
            true if config.group(name).is_ok() => Err(Diagnostic::usage(format!(
                "@{name} is a group of the config and a group of {}",
                self.name
            ))
            .about(format!("@{name}"))
            .with_hint("rename one of them; nothing was sent")),
            is_group => Ok(is_group),
        }
    }

    /// The hosts of these groups, or all if there are none, and what to say of the others.
    pub(super) fn select(
        &self,
        groups: &[&str],
        overrides: InventoryOverrides,
    ) -> Result<(SelectedHosts, InventoryNotes), Diagnostic> {
        let selected = self.inventory.select(groups, overrides).map_err(|errors| self.refused(&errors))?;
        if selected.hosts.is_empty() {
            let why = match selected.skipped {
                0 => "contains no server".to_owned(),
                skipped => format!("has {skipped} hosts, none of them reached over WinRM"),
            };
            return Err(Diagnostic::usage(format!("{} {why}", self.title)).with_hint(FORMS));
        }
        let SelectedHosts { skipped, has_passwords, .. } = selected;
        let exposed = self.exposed.clone();
        let notes = InventoryNotes { name: self.name.clone(), skipped, has_passwords, exposed };
        Ok((selected, notes))
    }

    fn refused(&self, errors: &InventoryErrors) -> Diagnostic {
        let lines = errors.problems.iter().map(InventoryProblem::to_string).collect();
        let mut kinds: Vec<Kind> = Vec::new();
        for problem in &errors.problems {
            if !kinds.contains(&problem.kind) {
                kinds.push(problem.kind);
            }
        }
        let advice: Vec<&str> = kinds.into_iter().map(advice).collect();
        all_of(lines, errors.more, &self.name, &advice.join("; "))
    }
}

/// One error for all lines that are refused.
pub(super) fn all_of(mut lines: Vec<String>, more: usize, name: &str, advice: &str) -> Diagnostic {
    let count = lines.len() + more;
    lines.truncate(MAX_LINES);
    if count > lines.len() {
        lines.push(format!("and {} more", count - lines.len()));
    }
    let message = match lines.len() {
        1 => lines.remove(0),
        _ => format!("{count} errors in {name}"),
    };
    let advice = advice.trim_end_matches(NOTHING);
    let mut diagnostic = Diagnostic::usage(message).about(name).with_hint(format!("{advice}{NOTHING}"));
    diagnostic.causes = lines;
    diagnostic
}

/// The most lines that are written of one inventory.
const MAX_LINES: usize = 50;

const NOTHING: &str = "; nothing was sent";

/// What an inventory may be.
const FORMS: &str = "the inventory must be UTF-8 or UTF-16, with one host a line, and # for comments, or Ansible's INI, \
                     YAML or JSON; nothing was sent";

/// How a host is written.
pub(super) const HOST_FORMS: &str =
    "use a form such as web01, web01:5986, web[01-40].lab, [2001:db8::1]:5985 or https://web01/wsman";

fn advice(kind: Kind) -> &'static str {
    match kind {
        Kind::Plugin => "use --inventory-command 'ansible-inventory -i FILE --list'",
        Kind::User => "use --user USER for all hosts",
        Kind::Evaluated => "write the value itself there, or choose other hosts with --on @GROUP",
        Kind::Basic => "use --auth basic to log in with Basic, or --auth negotiate",
        Kind::Authentication => "use --auth negotiate",
        Kind::Certificate => {
            "use --certificate-pin HOST=PIN or --ca-file FILE, or --dangerous-skip-certificate-check to trust any"
        }
        _ => HOST_FORMS,
    }
}

/// What was said for this run, and is not asked of an inventory.
pub(super) fn overrides(args: &ReachArgs, cmdlet: &CmdletConnection) -> InventoryOverrides {
    let trust = &args.trust;
    InventoryOverrides {
        user: cmdlet.user.as_ref().or(args.login.user.as_ref()).is_some_and(|user| !user.is_empty()),
        tls: args.tls || cmdlet.tls,
        authentication: cmdlet.auth.is_some() || args.login.auth.is_some(),
        certificate: !trust.certificate_pin.is_empty()
            || trust.ca_file.is_some()
            || args.dangerous.dangerous_skip_certificate_check,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use serde_json::{Map, Value};

    use super::*;

    fn fixture(path: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/inventory").join(path)
    }

    /// Each host with its address, user and port, and what is left out.
    fn ours(inventory: &NamedInventory, groups: &[&str]) -> (BTreeMap<String, [String; 3]>, usize) {
        // What is refused is no question here.
        let overrides =
            InventoryOverrides { authentication: true, certificate: true, ..InventoryOverrides::default() };
        let selected = inventory.inventory.select(groups, overrides).unwrap();
        let hosts = selected.hosts.into_iter().map(|host| {
            let port = host.settings.port.map(|port| port.to_string()).unwrap_or_default();
            (host.name, [host.address, host.settings.user.unwrap_or_default(), port])
        });
        (hosts.collect(), selected.skipped)
    }

    fn text(value: Option<&Value>) -> Option<String> {
        match value? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// The names of all hosts of a group and of those below it.
    fn members(answer: &Map<String, Value>, group: &str, found: &mut Vec<String>) {
        let texts = |key: &str| {
            let list = answer.get(group).and_then(|group| group[key].as_array()).into_iter().flatten();
            list.map(|name| name.as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        found.extend(texts("hosts"));
        texts("children").iter().for_each(|child| members(answer, child, found));
    }

    #[test]
    fn hosts_variables_and_groups_are_those_that_ansible_finds() {
        for (folder, file) in
            [("ini", "hosts"), ("yaml", "hosts.yml"), ("program", "hosts.json"), ("files", "hosts")]
        {
            let inventory = NamedInventory::of_file(&fixture(&format!("{folder}/{file}"))).unwrap();
            let path = fixture(&format!("{folder}/answer.json"));
            let answer: Map<String, Value> =
                serde_json::from_str(&source::text(&path, MAX_BYTES).unwrap()).unwrap();
            let variables = answer["_meta"]["hostvars"].as_object().unwrap();
            let of = |host: &str, name: &str| text(variables.get(host).and_then(|host| host.get(name)));
            let (hosts, skipped) = ours(&inventory, &[]);
            let mut names = Vec::new();
            members(&answer, "all", &mut names);
            names.sort();
            names.dedup();
            let is_ours = |host: &&String| {
                of(host, "ansible_connection")
                    .is_none_or(|plugin| plugin.ends_with("rm") || plugin.ends_with("psrp"))
            };
            let expected: BTreeMap<String, [String; 3]> = names
                .iter()
                .filter(is_ours)
                .map(|host| {
                    let [user, port] =
                        ["ansible_user", "ansible_port"].map(|name| of(host, name).unwrap_or_default());
                    (host.clone(), [of(host, "ansible_host").unwrap_or_else(|| host.clone()), user, port])
                })
                .collect();
            assert!(expected.len() > 2, "{folder}");
            assert_eq!(hosts, expected, "{folder}");
            assert_eq!(skipped, names.len() - expected.len(), "{folder}");
            for group in answer.keys().filter(|name| *name != "_meta") {
                let (mut of_group, mut names) = (Vec::new(), expected.keys().collect::<Vec<_>>());
                members(&answer, group, &mut of_group);
                names.retain(|name| of_group.contains(name));
                assert_eq!(
                    ours(&inventory, &[group]).0.keys().collect::<Vec<_>>(),
                    names,
                    "{folder}: {group}"
                );
            }
            // What Ansible prints is an inventory, too.
            assert_eq!(ours(&NamedInventory::of_file(&path).unwrap(), &[]), (hosts, skipped), "{folder}");
        }
    }
}
