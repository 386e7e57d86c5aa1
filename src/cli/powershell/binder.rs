//! Words to one bound command, in PowerShell's order: names that lack a value or are ambiguous, the values of names, the
//! sets, positions, names that are unknown, what the set needs.

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::iter::Peekable;
use std::vec::IntoIter;

use super::assign::{self, Argument};
use super::bound::Bound;
use super::cmdlet::Cmdlet;
use super::convert;
use super::declaration::{Kind, Parameter};
use super::error::{BindingError, Problem};
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
    let Paired { named, unnamed } = pair(cmdlet, line.words)?;
    let mut binder =
        Binder { bound: Bound::new(cmdlet), given: Vec::new(), candidates: cmdlet.sets().to_vec() };
    for (parameter, argument) in named {
        binder.take(parameter, argument)?;
    }
    if binder.candidates.is_empty() {
        return Err(sets::ambiguous(cmdlet, &binder.given, true));
    }
    let mut left = None;
    for one in unnamed {
        let problem = match one {
            Unnamed::Values { values, is_text } => binder.place(values, is_text)?,
            Unnamed::Unknown(problem) => Some(with_our_option(problem, arity)),
        };
        left = left.or(problem);
    }
    if let Some(problem) = left {
        return Err(problem);
    }
    binder.bound.set = sets::resolve(cmdlet, &binder.candidates, &binder.given)?;
    binder.bound.ours = line.ours;
    Ok(Binding::Command(Box::new(binder.bound)))
}

/// A parameter, and what was given to it.
type Named = (&'static Parameter, Argument);

/// What stands behind no name that is known, in its order.
enum Unnamed {
    Values {
        values: Vec<String>,
        is_text: bool,
    },
    /// A name that no parameter has. It is told last, and its value is one that no name stands before.
    Unknown(Problem),
}

/// The words of a command line, each value with its parameter.
#[derive(Default)]
struct Paired {
    named: Vec<Named>,
    unnamed: Vec<Unnamed>,
}

/// Gives each parameter its value, and leaves the values that no name stands before.
fn pair(cmdlet: Cmdlet, words: Vec<Word>) -> Result<Paired, Problem> {
    let mut words = Words { cmdlet, words: words.into_iter().peekable() };
    let mut paired = Paired::default();
    while let Some(word) = words.words.next() {
        let (name, value) = match word {
            Word::Help => continue,
            Word::Parameter { name, value, .. } => (name, value),
            Word::Value(first) => {
                let missing = |NoValue| Problem::MissingAtComma { parameter: None };
                let list = words.list(&first, false).map_err(missing)?;
                let is_text = list.is_text();
                let values = list.end().map_err(missing)?;
                paired.unnamed.push(Unnamed::Values { values, is_text });
                continue;
            }
        };
        let parameter = match names::find(cmdlet, &name) {
            Ok((parameter, _)) => parameter,
            Err(problem @ Problem::NamedParameterNotFound { .. }) => {
                paired.unnamed.push(Unnamed::Unknown(problem));
                continue;
            }
            Err(problem) => return Err(problem),
        };
        if let Kind::Refused(_, refusal) = parameter.kind {
            return Err(Problem::NotSupported { parameter: parameter.name, value: None, refusal });
        }
        paired.named.push((parameter, words.argument(parameter, value)?));
    }
    Ok(paired)
}

/// The words that are still to be read.
struct Words {
    cmdlet: Cmdlet,
    words: Peekable<IntoIter<Word>>,
}

impl Words {
    fn argument(
        &mut self,
        parameter: &'static Parameter,
        colon: Option<String>,
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
            None => self.next_value()?.ok_or(Problem::MissingArgument { parameter: name })?,
        };
        if matches!(parameter.kind, Kind::Objects(_)) {
            return Ok(Argument::Values(vec![first]));
        }
        let missing = |NoValue| Problem::MissingAtComma { parameter: Some(name) };
        let keeps_braces = matches!(parameter.kind, Kind::Guids(_));
        self.list(&first, keeps_braces).and_then(List::end).map(Argument::Values).map_err(missing)
    }

    /// The next word as the value of a parameter. One with a dash that is no parameter's name is a value, too.
    fn next_value(&mut self) -> Result<Option<String>, Problem> {
        let value = match self.words.peek() {
            Some(Word::Value(value)) => value.clone(),
            Some(Word::Parameter { dash, name, value: None }) if !name.contains(',') => {
                match names::find(self.cmdlet, name) {
                    Err(Problem::NamedParameterNotFound { .. }) => format!("{dash}{name}"),
                    Err(problem) => return Err(problem),
                    Ok(_) => return Ok(None),
                }
            }
            _ => return Ok(None),
        };
        self.words.next();
        Ok(Some(value))
    }

    /// The list that begins with `first`, and takes what a shell has split off.
    fn list(&mut self, first: &str, keeps_braces: bool) -> Result<List, NoValue> {
        let mut list = List::begin(first, keeps_braces)?;
        while let Some(Word::Value(more)) =
            self.words.next_if(|next| matches!(next, Word::Value(word) if list.goes_on_with(word)))
        {
            list.push(&more)?;
        }
        Ok(list)
    }
}

/// A name that is none of PowerShell's may be an option of ours that lost a dash.
fn with_our_option(problem: Problem, arity: &dyn Fn(&str) -> Option<Arity>) -> Problem {
    match problem {
        Problem::NamedParameterNotFound { typed, tip: None } => {
            let option = format!("--{}", typed.to_ascii_lowercase());
            let tip = arity(&option).map(|_| format!("use two dashes for options of pssession: {option}"));
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
        if self.given.iter().any(|other| other.name == parameter.name) {
            return Err(Problem::ParameterAlreadyBound { parameter: parameter.name });
        }
        assign::fill(&mut self.bound, parameter, argument)?;
        self.given.push(parameter);
        if let Some(place) = parameter.place(self.bound.cmdlet) {
            self.candidates.retain(|set| place.sets.contains(set));
        }
        Ok(())
    }

    /// Binds values at position 0: digits and ranges are Ids, everything else is a ComputerName. What no parameter takes
    /// comes back as a problem.
    fn place(&mut self, values: Vec<String>, is_text: bool) -> Result<Option<Problem>, Problem> {
        let numbers = !is_text && values.iter().all(|value| convert::is_number_or_range(value));
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
            Some(row) => self.take(row, Argument::Values(values)).map(|()| None),
            None => {
                let value = values.into_iter().next().unwrap_or_default();
                Ok(Some(Problem::PositionalParameterNotFound { value }))
            }
        }
    }
}
