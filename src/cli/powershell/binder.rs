//! Words to one bound command, in PowerShell's order: names, their values, positions, the set, what it needs.

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::iter::Peekable;
use std::vec::IntoIter;

use super::bound::Bound;
use super::cmdlet::Cmdlet;
use super::convert;
use super::declaration::{Kind, Parameter};
use super::error::{BindingError, Problem};
use super::filling::{self, Argument};
use super::names;
use super::options::Arity;
use super::parameters::PARAMETERS;
use super::sets::{self, Set};
use super::words::{self, List, NoValue, Word};

/// What a command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    /// `-?`: the help page.
    Help(Cmdlet),
    /// The command itself.
    Command(Box<Bound>),
}

/// Binds the words behind the name of the cmdlet. `arity` says of our own `--option` whether a value follows it
/// ([`super::arity`] asks a clap command).
pub(crate) fn bind(
    cmdlet: Cmdlet,
    words: impl IntoIterator<Item = OsString>,
    arity: &dyn Fn(&str) -> Option<Arity>,
) -> Result<Binding, BindingError> {
    bound(cmdlet, words, arity).map_err(|problem| BindingError::new(cmdlet, problem))
}

fn bound(
    cmdlet: Cmdlet,
    words: impl IntoIterator<Item = OsString>,
    arity: &dyn Fn(&str) -> Option<Arity>,
) -> Result<Binding, Problem> {
    let line = words::read(words, arity)?;
    if line.words.contains(&Word::Help) {
        return Ok(Binding::Help(cmdlet));
    }
    let (named, positional) = pair(cmdlet, line.words).map_err(|problem| with_our_option(problem, arity))?;
    let mut binder =
        Binder { bound: Bound::new(cmdlet), given: Vec::new(), candidates: cmdlet.sets().to_vec() };
    for (parameter, argument) in named {
        binder.take(parameter, argument)?;
    }
    for values in positional {
        binder.place(values)?;
    }
    binder.bound.set = sets::resolve(cmdlet, &binder.candidates, &binder.given)?;
    binder.bound.ours = line.ours;
    Ok(Binding::Command(Box::new(binder.bound)))
}

/// A parameter, and what was given to it.
type Named = (&'static Parameter, Argument);

/// Gives each parameter its value, and leaves the values that no name stands before.
fn pair(cmdlet: Cmdlet, words: Vec<Word>) -> Result<(Vec<Named>, Vec<Vec<String>>), Problem> {
    let mut words = words.into_iter().peekable();
    let mut named: Vec<Named> = Vec::new();
    let mut positional = Vec::new();
    while let Some(word) = words.next() {
        let (name, value) = match word {
            Word::Help => continue,
            Word::Parameter { name, value } => (name, value),
            Word::Value(first) => {
                let missing = |NoValue| Problem::MissingAtComma { parameter: None };
                positional.push(list(&first, false, &mut words).map_err(missing)?);
                continue;
            }
        };
        let (parameter, _) = names::find(cmdlet, &name)?;
        if let Kind::Refused(_, refusal) = parameter.kind {
            return Err(Problem::NotSupported { parameter: parameter.name, value: None, refusal });
        }
        if named.iter().any(|(other, _)| other.name == parameter.name) {
            return Err(Problem::ParameterAlreadyBound { parameter: parameter.name });
        }
        named.push((parameter, argument(parameter, value, &mut words)?));
    }
    Ok((named, positional))
}

fn argument(
    parameter: &'static Parameter,
    colon: Option<String>,
    words: &mut Peekable<IntoIter<Word>>,
) -> Result<Argument, Problem> {
    let name = parameter.name;
    let switch = parameter.kind.is_switch();
    if colon.as_ref().is_some_and(String::is_empty) {
        return Err(Problem::MissingAfterColon { parameter: name, switch });
    }
    if switch {
        return Ok(Argument::Switch(colon));
    }
    let first = match colon {
        Some(value) => value,
        None => match words.next_if(|next| matches!(next, Word::Value(_))) {
            Some(Word::Value(value)) => value,
            _ => return Err(Problem::MissingArgument { parameter: name }),
        },
    };
    if matches!(parameter.kind, Kind::Objects(_)) {
        return Ok(Argument::Values(vec![first]));
    }
    let missing = |NoValue| Problem::MissingAtComma { parameter: Some(name) };
    let keeps_braces = matches!(parameter.kind, Kind::Guids(_));
    list(&first, keeps_braces, words).map(Argument::Values).map_err(missing)
}

/// The list that begins with `first`, and takes from `words` what a shell has split off.
fn list(
    first: &str,
    keeps_braces: bool,
    words: &mut Peekable<IntoIter<Word>>,
) -> Result<Vec<String>, NoValue> {
    let mut list = List::begin(first, keeps_braces)?;
    while let Some(Word::Value(more)) =
        words.next_if(|next| matches!(next, Word::Value(word) if list.goes_on_with(word)))
    {
        list.push(&more)?;
    }
    list.end()
}

/// A name that is none of PowerShell's may be an option of ours that lost a dash.
fn with_our_option(problem: Problem, arity: &dyn Fn(&str) -> Option<Arity>) -> Problem {
    match problem {
        Problem::NamedParameterNotFound { typed, tip: None } => {
            let option = format!("--{}", typed.to_ascii_lowercase());
            let tip =
                arity(&option).map(|_| format!("options of pssession itself have two dashes: {option}"));
            Problem::NamedParameterNotFound { typed, tip }
        }
        other => other,
    }
}

struct Binder {
    bound: Bound,
    given: Vec<&'static Parameter>,
    /// The sets that allow everything that was given.
    candidates: Vec<Set>,
}

impl Binder {
    /// Converts a value, puts it where it belongs, and narrows the sets.
    fn take(&mut self, parameter: &'static Parameter, argument: Argument) -> Result<(), Problem> {
        filling::fill(&mut self.bound, parameter, argument)?;
        self.given.push(parameter);
        if let Some(place) = parameter.place(self.bound.cmdlet) {
            self.candidates.retain(|set| place.sets.contains(set));
        }
        if self.candidates.is_empty() {
            return Err(sets::ambiguous(self.bound.cmdlet, &self.given, true));
        }
        Ok(())
    }

    /// Binds values at position 0: digits and ranges are Ids, everything else is a ComputerName.
    fn place(&mut self, values: Vec<String>) -> Result<(), Problem> {
        let numbers = values.iter().all(|value| convert::is_number_or_range(value));
        let fits = |row: &&'static Parameter| {
            let place = row.place(self.bound.cmdlet).filter(|place| place.position == Some(0));
            let allowed =
                place.is_some_and(|place| place.sets.iter().any(|set| self.candidates.contains(set)));
            let of_kind = match row.kind {
                Kind::Ids(_) => numbers,
                Kind::Texts(_) | Kind::Uris(_) => true,
                _ => false,
            };
            allowed && of_kind && self.given.iter().all(|given| given.name != row.name)
        };
        match PARAMETERS.iter().find(fits) {
            Some(row) => self.take(row, Argument::Values(values)),
            None => {
                let value = values.into_iter().next().unwrap_or_default();
                Err(Problem::PositionalParameterNotFound { value })
            }
        }
    }
}
