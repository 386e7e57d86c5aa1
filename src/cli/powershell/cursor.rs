//! What is being typed at the end of an unfinished command line, so that a shell can complete it.

use super::cmdlet::Cmdlet;
use super::convert::is_number_or_range;
use super::declaration::{Kind, Parameter, Place, Tier};
use super::names::find;
use super::options::Arity;
use super::parameters::PARAMETERS;
use super::words::{DASHES, Word, classify};

/// What could stand at the end.
#[derive(Debug)]
pub(crate) enum Cursor {
    /// The name of one of these parameters.
    Name(Vec<&'static Parameter>),
    /// A value of one of these parameters, which begins with `typed`; `kept` is what stands before it in its word.
    Value { of: Vec<&'static Parameter>, kept: String, typed: String },
    /// An option of our own, or the value of one; the words are those of the line that are our own.
    Ours(Vec<String>),
}

/// Reads the words `before` the `last` one, which is being typed, as [`super::words::read`] does, and forgives whatever
/// is wrong with them.
pub(crate) fn cursor(
    cmdlet: Cmdlet,
    before: impl IntoIterator<Item = String>,
    last: &str,
    arity: &dyn Fn(&str) -> Option<Arity>,
) -> Cursor {
    let mut line = Line { cmdlet, given: Vec::new(), recent: None, open: false, ours: Ours::default() };
    for word in before {
        line.take(word, arity);
    }
    line.at(last)
}

/// The part of a line that was read.
struct Line {
    cmdlet: Cmdlet,
    given: Vec<(&'static Parameter, Place)>,
    /// The parameter that was named or filled last.
    recent: Option<&'static Parameter>,
    /// Whether it waits for a value.
    open: bool,
    ours: Ours,
}

#[derive(Default)]
struct Ours {
    words: Vec<String>,
    /// Whether the last of them waits for its value.
    open: bool,
    /// Whether `--` has put an end to names.
    ended: bool,
}

impl Line {
    fn take(&mut self, word: String, arity: &dyn Fn(&str) -> Option<Arity>) {
        if self.ours.ended {
            return self.fill(&word);
        }
        if word == "--" {
            self.ours.ended = true;
        } else if word.starts_with("--") {
            self.ours.open = !word.contains('=') && arity(&word) == Some(Arity::Value);
            self.ours.words.push(word);
        } else {
            let awaited = std::mem::take(&mut self.ours.open);
            match classify(&word) {
                Word::Help => {}
                Word::Parameter { name, value, .. } => self.name(&name, value.as_deref()),
                Word::Value(value) if awaited => self.ours.words.push(value),
                Word::Value(value) => self.fill(&value),
            }
        }
    }

    fn name(&mut self, name: &str, value: Option<&str>) {
        let Ok((row, place)) = find(self.cmdlet, name) else {
            (self.recent, self.open) = (None, false);
            return;
        };
        self.given.push((row, place));
        self.recent = Some(row);
        self.open = match value {
            None => !row.kind.is_switch(),
            Some(value) => value.is_empty() || goes_on(row, value),
        };
    }

    fn fill(&mut self, value: &str) {
        if !self.continues(value) {
            let numbers = value.split(',').next().is_some_and(is_number_or_range);
            let first = self.first().into_iter().find(|row| matches!(row.kind, Kind::Ids(_)) == numbers);
            let Some((row, place)) = first.and_then(|row| Some((row, row.place(self.cmdlet)?))) else {
                return;
            };
            self.given.push((row, place));
            self.recent = Some(row);
        }
        self.open = self.recent.is_some_and(|row| goes_on(row, value));
    }

    /// Whether a value belongs to the parameter that was there last.
    fn continues(&self, value: &str) -> bool {
        self.recent.is_some_and(|row| self.open || (row.kind.is_list() && value.starts_with(',')))
    }

    fn at(self, last: &str) -> Cursor {
        if !self.ours.ended {
            if last.starts_with("--") || (self.ours.open && !last.starts_with(DASHES)) {
                return Cursor::Ours(self.ours.words);
            }
            match classify(last) {
                Word::Parameter { name, value: Some(typed), .. } => {
                    let kept = last.strip_suffix(typed.as_str()).unwrap_or_default().to_owned();
                    let of = find(self.cmdlet, &name).map(|(row, _)| row).into_iter().collect();
                    return Cursor::Value { of, kept, typed };
                }
                Word::Value(value) if !value.starts_with(DASHES) => {}
                _ => return Cursor::Name(self.allowed()),
            }
        }
        let typed = last.trim_start_matches(',');
        let kept = last.strip_suffix(typed).unwrap_or_default().to_owned();
        let of = if self.continues(last) { self.recent.into_iter().collect() } else { self.first() };
        if of.is_empty() && last.is_empty() && !self.ours.ended {
            return Cursor::Name(self.allowed());
        }
        Cursor::Value { of, kept, typed: typed.to_owned() }
    }

    /// The parameters that a value without a name may belong to. A file of objects is named.
    fn first(&self) -> Vec<&'static Parameter> {
        if self.given.iter().any(|(_, place)| place.position.is_some()) {
            return Vec::new();
        }
        let first = |row: &&'static Parameter| {
            row.place(self.cmdlet).is_some_and(|place| place.position.is_some())
                && matches!(row.kind, Kind::Ids(_) | Kind::Texts(_))
        };
        self.allowed().into_iter().filter(first).collect()
    }

    /// The parameters that go with those that were given, and were not.
    fn allowed(&self) -> Vec<&'static Parameter> {
        let sets = self.cmdlet.sets().iter().filter(|set| {
            self.given.iter().all(|(_, place)| place.tier != Tier::Declared || place.sets.contains(set))
        });
        let fits =
            |place: Place| place.tier != Tier::Declared || sets.clone().any(|set| place.sets.contains(set));
        let is_given = |row: &Parameter| self.given.iter().any(|(given, _)| given.name == row.name);
        let rows = PARAMETERS.iter().filter(|row| row.place(self.cmdlet).is_some_and(fits));
        rows.filter(|row| !row.kind.is_refused() && !is_given(row)).collect()
    }
}

/// Whether a list waits for its next value.
fn goes_on(row: &Parameter, value: &str) -> bool {
    row.kind.is_list() && value.ends_with(',')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Name: ...` with the first two, `Value(kept)typed: ...`, or `Ours: ...`.
    fn at(cmdlet: Cmdlet, line: &str) -> String {
        let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let last = words.pop().unwrap();
        let arity = |option: &str| Some(if option == "--output" { Arity::Value } else { Arity::Flag });
        let names = |rows: Vec<&Parameter>| rows.iter().map(|row| row.name).collect::<Vec<_>>().join(" ");
        match cursor(cmdlet, words, &last, &arity) {
            Cursor::Name(rows) => format!("Name: {}", names(rows.into_iter().take(2).collect())),
            Cursor::Value { of, kept, typed } => format!("Value({kept}){typed}: {}", names(of)),
            Cursor::Ours(words) => format!("Ours: {}", words.join(" ")),
        }
    }

    #[test]
    fn what_is_typed_is_told_by_the_words_before_it() {
        for (line, expected) in [
            ("-", "Name: Id Session"),
            ("-na", "Name: Id Session"),
            ("-?", "Name: Id Session"),
            ("", "Value(): Id ComputerName"),
            ("1", "Value()1: Id ComputerName"),
            ("1 ", "Name: ConnectionUri Credential"),
            ("1, ", "Value(): Id"),
            ("1 ,2", "Value(,)2: Id"),
            ("web01, ", "Value(): ComputerName"),
            ("-Name ", "Value(): Name"),
            ("-n bui", "Value()bui: Name"),
            ("-Name a, b", "Value()b: Name"),
            ("-Name a b", "Value()b: "),
            ("-Name:a,b", "Value(-Name:)a,b: Name"),
            ("-Name: x", "Value()x: Name"),
            ("-WhatIf ", "Value(): Id ComputerName"),
            ("-Confirm:$f", "Value(-Confirm:)$f: Confirm"),
            ("-ErrorAction s", "Value()s: ErrorAction"),
            ("-nonsense x", "Value()x: Id ComputerName"),
            ("--out", "Ours: "),
            ("--output j", "Ours: --output"),
            ("--yes 1", "Value()1: Id ComputerName"),
            ("-Id --yes 3", "Value()3: Id"),
            ("--output json --ye", "Ours: --output json"),
            ("-Id 1 -- x", "Value()x: "),
            ("-- -x", "Value()-x: Id ComputerName"),
        ] {
            assert_eq!(at(Cmdlet::RemovePSSession, line), expected, "{line:?}");
        }
    }

    #[test]
    fn only_parameters_that_go_with_those_before_are_left() {
        let names =
            |line: &str| match cursor(Cmdlet::GetPSSession, line.split(' ').map(str::to_owned), "-", &|_| {
                None
            }) {
                Cursor::Name(rows) => rows.iter().map(|row| row.name).collect::<Vec<_>>(),
                other => panic!("{other:?}"),
            };
        assert!(names("-Id 1").iter().all(|name| !["Name", "Port", "State", "Id"].contains(name)));
        let beside = names("-ComputerName web01 -Name x");
        assert!(["Port", "State", "UseSSL", "Verbose"].iter().all(|name| beside.contains(name)));
        assert!(!beside.contains(&"ConnectionUri") && !beside.contains(&"SessionOption"));
    }
}
