//! What is typed, and which sessions it means, in the simplest words.

use fastrand::Rng;

use super::fleet::{ME, Shell};

/// The options of one run.
#[derive(Clone, Debug, Default)]
pub(super) struct Choice {
    names: Option<Vec<&'static str>>,
    owner: Option<&'static str>,
    mine: bool,
    not_mine: bool,
    exclude: Option<&'static str>,
    idle: Option<u64>,
    pub(super) skip_running: bool,
    pub(super) yes: bool,
    pub(super) what_if: bool,
    pub(super) ignore_not_found: bool,
}

/// How a filter takes a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    Chosen,
    LeftOut,
}

impl Choice {
    pub(super) fn draw(dice: &mut Rng) -> Self {
        let one_of = |dice: &mut Rng, n: u8| dice.u8(..n) == 0;
        let lists: [&[&str]; 6] =
            [&["build-1"], &["build-1", "nobody"], &["nobody"], &["build-*"], &["b*", "it"], &["x*"]];
        let mut choice = Self {
            names: one_of(dice, 2).then(|| dice.choice(lists).unwrap().to_vec()),
            owner: one_of(dice, 4).then(|| dice.choice([r"CORP\*", r"*\me", r"CORP\alice"]).unwrap()),
            exclude: one_of(dice, 5).then(|| dice.choice(["build-*", "deploy"]).unwrap()),
            idle: one_of(dice, 5).then(|| dice.u64(1..4)),
            skip_running: one_of(dice, 4),
            yes: !one_of(dice, 4),
            what_if: one_of(dice, 10),
            ignore_not_found: one_of(dice, 6),
            ..Self::default()
        };
        match dice.u8(..8) {
            0 => choice.mine = true,
            1 => choice.not_mine = true,
            _ => {}
        }
        choice
    }

    pub(super) fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        let mut say = |parts: &[&str]| words.extend(parts.iter().map(|part| (*part).to_owned()));
        match &self.names {
            Some(names) => say(&["--name", &names.join(",")]),
            None => say(&["--all"]),
        }
        if let Some(owner) = self.owner {
            say(&["--owner", owner]);
        }
        if let Some(name) = self.exclude {
            say(&["--exclude", name]);
        }
        if let Some(hours) = self.idle {
            say(&["--idle", &format!("{hours}h")]);
        }
        let switches = [
            (self.mine, "--mine"),
            (self.not_mine, "--not-mine"),
            (self.skip_running, "--skip-running"),
            (self.yes, "--yes"),
            (self.what_if, "--what-if"),
            (self.ignore_not_found, "--ignore-not-found"),
        ];
        switches.iter().filter(|(given, _)| *given).for_each(|(_, word)| say(&[word]));
        words
    }

    /// The names that are no patterns.
    pub(super) fn literals(&self) -> Vec<&'static str> {
        let names = self.names.iter().flatten().copied();
        names.filter(|name| !name.contains('*')).collect()
    }

    /// Whether a selector picks the shell, before filters.
    pub(super) fn picks(&self, shell: &Shell) -> bool {
        self.names.as_ref().is_none_or(|names| {
            names.iter().any(|pattern| shell.name.is_some_and(|name| matches(pattern, name)))
        })
    }

    /// What the filters say of a shell that is picked.
    pub(super) fn judge(&self, shell: &Shell) -> Judged {
        // The login's authority is the servers' domain, so that all owners are comparable with it.
        let is_mine = shell.owner == ME;
        let excluded = |pattern: &str| match shell.name {
            Some(name) => matches(pattern, name),
            // A cmd shell has no name; of another shell it is not known.
            None => !shell.is_cmd,
        };
        let passes = self.owner.is_none_or(|pattern| matches(pattern, shell.owner))
            && (!self.mine || is_mine)
            && (!self.not_mine || !is_mine)
            && !self.exclude.is_some_and(excluded)
            && self.idle.is_none_or(|hours| shell.idle_hours >= hours)
            && !(self.skip_running && (shell.runs || shell.unlisted_commands));
        if passes { Judged::Chosen } else { Judged::LeftOut }
    }
}

/// `*` at one end or none, ignoring case.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_lowercase(), text.to_lowercase());
    match (pattern.strip_suffix('*'), pattern.strip_prefix('*')) {
        (Some(start), _) => text.starts_with(start),
        (None, Some(end)) => text.ends_with(end),
        (None, None) => pattern == text,
    }
}
