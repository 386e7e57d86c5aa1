//! A pipeline: what a client wants to run, what it feeds to it, and what comes back (MS-PSRP 2.2.2.10, CREATE_PIPELINE).

use uuid::Uuid;

use super::messages::MessageReader;
use super::pool::Pool;
use super::{clixml, kind};
use crate::simulator::programs::Output;
use crate::wsman::xml::{Document, Element};

/// A pipeline of a client, from its first fragment on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::simulator) struct Pipeline {
    reader: MessageReader,
    created: Option<Created>,
    /// What was fed to it: a line for each object that is a text.
    input: String,
    has_begun: bool,
}

/// What CREATE_PIPELINE says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Created {
    id: Uuid,
    pool: Uuid,
    text: String,
    takes_input: bool,
    has_host: bool,
}

/// What came of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Step {
    /// There is more to come.
    Waits,
    /// The pipeline is complete, and so is its input. Its text is as PowerShell would write it.
    Runs { text: String, input: String },
}

/// The most input of one pipeline, in bytes: what a command may hold that nobody has received.
const MAX_INPUT: usize = 4 * 1024 * 1024;
/// `PipelineState` Stopped.
const STOPPED: u8 = 3;
/// `PipelineState` Completed.
const COMPLETED: u8 = 4;
/// `PipelineState` Failed.
const FAILED: u8 = 5;

impl Pipeline {
    /// Takes what was sent; `None` if that is no good.
    pub(in crate::simulator) fn take(&mut self, payload: &[u8]) -> Option<Step> {
        let mut has_ended = false;
        for message in self.reader.take(payload)? {
            match (message.kind, &self.created) {
                (kind::CREATE_PIPELINE, None) => {
                    self.created = Some(Created::read(message.pipeline, message.pool, &message.data));
                }
                // Anything else, such as GET_COMMAND_METADATA, makes no pipeline.
                (_, None) => return None,
                (kind::PIPELINE_INPUT, Some(_)) => self.feed(&message.data)?,
                (kind::END_OF_PIPELINE_INPUT, Some(_)) => has_ended = true,
                // Answers of the client's host, which change nothing here.
                _ => {}
            }
        }
        let Some(created) =
            self.created.as_ref().filter(|created| !self.has_begun && (has_ended || !created.takes_input))
        else {
            return Some(Step::Waits);
        };
        self.has_begun = true;
        Some(Step::Runs { text: created.text.clone(), input: std::mem::take(&mut self.input) })
    }

    fn feed(&mut self, data: &str) -> Option<()> {
        if self.input.len() + data.len() > MAX_INPUT {
            return None;
        }
        if let Ok(document) = Document::parse(data) {
            self.input.push_str(&clixml::text(document.root()));
            self.input.push('\n');
        }
        Some(())
    }

    /// The pool that the pipeline names, for a shell that has none yet.
    pub(in crate::simulator) fn pool(&self) -> Option<Pool> {
        Some(Pool::of(self.created.as_ref()?.pool))
    }

    /// What the client hears when the pipeline has run.
    pub(in crate::simulator) fn completed(&self, pool: &mut Pool, output: &Output) -> Vec<Vec<u8>> {
        let Some(created) = &self.created else { return Vec::new() };
        let mut said = Vec::new();
        let mut say = |kind, text: &str| said.extend(pool.writer.write(kind, pool.id, created.id, text));
        for line in output.stdout.lines() {
            say(kind::PIPELINE_OUTPUT, &clixml::string(line));
        }
        let mut errors: Vec<_> = output.stderr.lines().collect();
        // Who ends with an error fails with the last one; who goes on has said them all.
        let last = errors.pop_if(|_| output.exit_code != 0);
        for line in errors {
            say(kind::ERROR_RECORD, &clixml::error_record(line));
        }
        if output.exit_code != 0 && created.has_host {
            say(kind::PIPELINE_HOST_CALL, &clixml::should_exit(output.exit_code));
        }
        match last {
            Some(error) => say(kind::PIPELINE_STATE, &clixml::failed_state(FAILED, error)),
            None => say(kind::PIPELINE_STATE, &clixml::state("PipelineState", COMPLETED)),
        }
        said
    }

    /// What the client hears when it has stopped the pipeline.
    pub(in crate::simulator) fn stopped(&self, pool: &mut Pool) -> Vec<Vec<u8>> {
        let Some(created) = &self.created else { return Vec::new() };
        let state = clixml::state("PipelineState", STOPPED);
        pool.writer.write(kind::PIPELINE_STATE, pool.id, created.id, &state)
    }
}

impl Created {
    /// Reads what is there; who sends nothing wants to run nothing.
    fn read(id: Uuid, pool: Uuid, data: &str) -> Self {
        let mut created = Self { id, pool, text: String::new(), takes_input: false, has_host: false };
        let Ok(document) = Document::parse(data) else { return created };
        let root = document.root();
        let is = |object: Element<'_>, name: &str, value: &str| {
            clixml::property(object, name).is_some_and(|found| found.text().eq_ignore_ascii_case(value))
        };
        created.takes_input = is(root, "NoInput", "false");
        // A pipeline without a host of its own has that of its pool; who has none at all ignores a call to it.
        created.has_host = clixml::property(root, "HostInfo")
            .is_some_and(|host| is(host, "_isHostNull", "false") || is(host, "_useRunspaceHost", "true"));
        let commands = clixml::property(root, "PowerShell")
            .and_then(|powershell| clixml::property(powershell, "Cmds"))
            .map(|commands| items(commands).map(command).collect::<Vec<_>>());
        created.text = commands.unwrap_or_default().join(" | ");
        created
    }
}

/// The items of a list.
fn items(object: Element<'_>) -> impl Iterator<Item = Element<'_>> {
    object.child_named("LST").into_iter().flat_map(Element::children)
}

/// One command with its arguments, as PowerShell writes it; a script is its own text.
fn command(object: Element<'_>) -> String {
    let mut text = clixml::property(object, "Cmd").map(clixml::text).unwrap_or_default();
    for argument in clixml::property(object, "Args").into_iter().flat_map(items) {
        if let Some(name) = clixml::property(argument, "N").filter(|name| name.local() == "S") {
            text.push_str(" -");
            text.push_str(clixml::text(name).trim_start_matches('-').trim_end_matches(':'));
        }
        let value = clixml::property(argument, "V").filter(|value| value.local() != "Nil");
        match value.map(|value| (value.local(), value)) {
            // A switch that is on needs no value.
            Some(("B", value)) if value.text().eq_ignore_ascii_case("true") => {}
            Some(("B", _)) => text.push_str(":$false"),
            Some((_, value)) => text.push_str(&quoted(&shown(value))),
            None => {}
        }
    }
    text
}

/// A primitive's text, or what an object calls itself.
fn shown(value: Element<'_>) -> String {
    if value.local() != "Obj" {
        return clixml::text(value);
    }
    let values: Vec<_> = items(value).map(shown).collect();
    match value.child_named("ToString") {
        Some(text) if values.is_empty() => clixml::text(text),
        _ => values.join(","),
    }
}

/// A space and the value, in quotes where PowerShell needs them.
fn quoted(value: &str) -> String {
    let is_plain =
        !value.is_empty() && !value.contains(|c: char| c.is_whitespace() || "'\"|;(){}$`".contains(c));
    if is_plain { format!(" {value}") } else { format!(" '{}'", value.replace('\'', "''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::psrp::messages::MessageWriter;

    fn sent(kind: u32, data: &str) -> Vec<u8> {
        MessageWriter::default()
            .write(kind, Uuid::from_bytes([1; 16]), Uuid::from_bytes([2; 16]), data)
            .concat()
    }

    fn create(no_input: bool, commands: &str) -> Vec<u8> {
        let data = format!(
            r#"<Obj RefId="0"><MS><B N="NoInput">{no_input}</B><Obj N="PowerShell" RefId="1"><MS>
            <Obj N="Cmds" RefId="2"><LST>{commands}</LST></Obj></MS></Obj></MS></Obj>"#
        );
        sent(kind::CREATE_PIPELINE, &data)
    }

    fn object(name: &str, arguments: &str) -> String {
        format!(
            r#"<Obj RefId="3"><MS><S N="Cmd">{name}</S><B N="IsScript">false</B>
            <Obj N="Args" RefId="4"><LST>{arguments}</LST></Obj></MS></Obj>"#
        )
    }

    #[test]
    fn commands_and_their_arguments_are_written_as_a_line() {
        let arguments = r#"<Obj RefId="5"><MS><S N="N">-Name</S><S N="V">two words</S></MS></Obj>
            <Obj RefId="6"><MS><S N="N">Force</S><B N="V">true</B></MS></Obj>
            <Obj RefId="7"><MS><Nil N="N" /><I32 N="V">7</I32></MS></Obj>"#;
        let commands = [object("Get-Thing", arguments), object("Out-String", "")].concat();
        let step = Pipeline::default().take(&create(true, &commands));
        let text = "Get-Thing -Name 'two words' -Force 7 | Out-String".to_owned();
        assert_eq!(step, Some(Step::Runs { text, input: String::new() }));
    }

    #[test]
    fn a_pipeline_with_input_runs_once_when_its_input_ends() {
        let mut pipeline = Pipeline::default();
        assert_eq!(pipeline.take(&create(false, &object("more", ""))), Some(Step::Waits));
        assert_eq!(pipeline.take(&sent(kind::PIPELINE_INPUT, "<S>a_x0000_b</S>")), Some(Step::Waits));
        let step = pipeline.take(&sent(kind::END_OF_PIPELINE_INPUT, ""));
        let runs = Step::Runs { text: "more".to_owned(), input: "a\0b\n".to_owned() };
        assert_eq!(step, Some(runs));
        assert_eq!(pipeline.take(&sent(kind::END_OF_PIPELINE_INPUT, "")), Some(Step::Waits));
    }

    #[test]
    fn what_makes_no_pipeline_is_refused() {
        assert_eq!(Pipeline::default().take(&sent(0x0002_100A, "<S />")), None);
        let runs = Step::Runs { text: String::new(), input: String::new() };
        assert_eq!(Pipeline::default().take(&sent(kind::CREATE_PIPELINE, "")), Some(runs));
    }
}
