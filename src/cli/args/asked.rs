//! What was asked for, as it was typed, for the report: the options of some headings, and never one of a login.

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, Error, FromArgMatches};
use serde_json::{Map, Value, json};

use crate::cli::commands::remove::RemoveArgs;

/// Which options are kept, by the heading that help shows above them, and under which property.
const KEPT: [(&str, &str); 3] =
    [("Which sessions", "Selection"), ("Limits", "Limits"), ("Incident response", "IncidentResponse")];

/// The options of `remove` that were typed. It takes none of its own, and stands before those that it looks at: each is
/// taken away when it is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked(Map<String, Value>);

impl Asked {
    /// The object of the report: by property of [`KEPT`] the options, each with its values as texts, or true for one
    /// without values.
    pub(crate) fn to_json(&self) -> Map<String, Value> {
        self.0.clone()
    }

    /// Adds values of the selection that were typed in another spelling.
    pub(crate) fn select(&mut self, option: &str, values: Vec<String>) {
        if let Some(Value::Object(selection)) = self.0.get_mut("Selection") {
            selection.insert(option.to_owned(), json!(values));
        }
    }
}

impl FromArgMatches for Asked {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let command = RemoveArgs::augment_args(Command::new("remove"));
        let mut asked: Map<String, Value> =
            KEPT.iter().map(|(_, property)| ((*property).to_owned(), json!({}))).collect();
        for argument in command.get_arguments() {
            let id = argument.get_id().as_str();
            let heading = argument.get_help_heading().unwrap_or_default();
            let kept = KEPT.iter().find(|(kept, _)| *kept == heading);
            // Values without an option are sessions.
            let kept = if argument.is_positional() { KEPT.first() } else { kept };
            let Some((_, property)) = kept else { continue };
            if !matches!(matches.try_contains_id(id), Ok(true))
                || matches.value_source(id) != Some(ValueSource::CommandLine)
            {
                continue;
            }
            let values: Vec<String> = matches
                .get_raw(id)
                .map(|values| values.map(|value| value.to_string_lossy().into_owned()).collect())
                .unwrap_or_default();
            let value = if argument.get_action().takes_values() { json!(values) } else { json!(true) };
            let name = argument.get_long().map_or_else(|| pascal(&id.replace('_', "-")), pascal);
            if let Some(Value::Object(options)) = asked.get_mut(*property) {
                options.insert(name, value);
            }
        }
        Ok(Self(asked))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Asked {
    fn augment_args(command: Command) -> Command {
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        command
    }
}

/// `max-close` as `MaxClose`.
fn pascal(option: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    option.split('-').map(word).collect()
}
