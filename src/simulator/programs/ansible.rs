//! Ansible's modules. Its wrapper is always the same script; what it is to run comes as its input: one JSON object for the
//! wrapper itself, four NULs, and a manifest that names the module.

use serde_json::{Value, json};

use super::Output;

/// A module with its arguments, as a rule may match it: `ansible.windows.win_ping {"data": "pong"}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::simulator) struct Module {
    name: String,
    arguments: Value,
}

/// Between the wrapper's own input and the manifest, a line of its own.
const SEPARATOR: &str = "\0\0\0\0";
/// What no module of a user is written without: the wrapper splits its input there.
const MARKS: [&str; 2] = ["`0`0`0`0", "ConvertFrom-Json"];

impl Module {
    /// Whether the script is the wrapper.
    pub(in crate::simulator) fn is_wrapped_by(script: &str) -> bool {
        MARKS.iter().all(|mark| script.contains(mark))
    }

    /// Reads the wrapper's input. A script of Ansible's own, which has no manifest, is a module without arguments.
    pub(in crate::simulator) fn read(input: &str) -> Option<Self> {
        let mut parts = input.split(SEPARATOR);
        let wrapped: Value = serde_json::from_str(parts.next()?.trim()).ok()?;
        let manifest = parts.next().and_then(|text| serde_json::from_str::<Value>(text.trim()).ok());
        let name = |value: &Value| value.as_str().map(|name| qualified(name.trim_end_matches(".ps1")));
        let actions = manifest.as_ref().and_then(|manifest| manifest.get("actions")?.as_array());
        let run =
            actions.and_then(|actions| actions.iter().find_map(|action| action.get("params")?.get("Script")));
        let (Some(script), Some(actions)) = (run.and_then(name), actions) else {
            return Some(Self { name: name(wrapped.get("name")?)?, arguments: json!({}) });
        };
        let variables =
            actions.iter().filter_map(|action| action.get("params")?.get("Variables")?.as_array());
        let arguments =
            variables.flatten().find(|variable| variable.get("Name") == Some(&json!("complex_args")));
        let mut arguments =
            arguments.and_then(|variable| variable.get("Value")).cloned().unwrap_or(json!({}));
        if let Some(fields) = arguments.as_object_mut() {
            // What Ansible adds to every module's arguments.
            fields.retain(|name, _| !name.starts_with("_ansible_"));
        }
        Some(Self { name: script, arguments })
    }

    /// The module as a line.
    pub(in crate::simulator) fn text(&self) -> String {
        format!("{} {}", self.name, self.arguments)
    }

    /// What the module answers to Ansible, where no rule has another answer: only `win_ping` is known.
    pub(in crate::simulator) fn run(&self) -> Output {
        let result = if self.name.rsplit('.').next() == Some("win_ping") {
            let pong = self.arguments.get("data").cloned().unwrap_or(json!("pong"));
            json!({ "changed": false, "ping": pong })
        } else {
            let text = format!("the simulator has no rule for the module {}", self.name);
            json!({ "failed": true, "msg": text })
        };
        let exit_code = i64::from(result.get("failed").is_some());
        Output { exit_code, ..Output::said(format!("{result}\r\n")) }
    }
}

/// The name as a playbook has it, of the Python module that holds it.
fn qualified(name: &str) -> String {
    let collection =
        name.strip_prefix("ansible_collections.").and_then(|rest| rest.split_once(".plugins.modules."));
    match (collection, name.strip_prefix("ansible.modules.")) {
        (Some((collection, module)), _) => format!("{collection}.{module}"),
        (None, Some(module)) => format!("ansible.builtin.{module}"),
        (None, None) => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "ansible_collections.ansible.windows.plugins.modules.win_ping.ps1";

    fn input(manifest: &Value) -> String {
        format!("{}\n{SEPARATOR}\n{manifest}\n", json!({ "name": "exec_wrapper", "script": "..." }))
    }

    #[test]
    fn the_module_and_its_arguments_are_read_from_the_manifest() {
        let variables =
            json!([{ "Name": "complex_args", "Value": { "_ansible_debug": true, "data": "hi" } }]);
        let manifest = json!({
            "scripts": {},
            "actions": [
                { "name": "async_wrapper.ps1", "params": { "AsyncDir": "x" } },
                {
                    "name": "module_wrapper.ps1",
                    "params": { "Script": SCRIPT, "Variables": variables },
                },
            ],
        });
        let module = Module::read(&input(&manifest)).unwrap();
        assert_eq!(module.text(), r#"ansible.windows.win_ping {"data":"hi"}"#);
        assert_eq!(module.run().stdout, "{\"changed\":false,\"ping\":\"hi\"}\r\n");
    }

    #[test]
    fn a_script_of_ansibles_own_is_named_and_fails() {
        let module = Module::read(r#"{"name": "powershell_mkdtemp", "script": "..."}"#).unwrap();
        assert_eq!(module.text(), "powershell_mkdtemp {}");
        let output = module.run();
        assert!(output.stdout.contains("no rule for the module powershell_mkdtemp"), "{output:?}");
        assert_eq!(output.exit_code, 1);
        assert_eq!(Module::read("not JSON"), None);
    }
}
