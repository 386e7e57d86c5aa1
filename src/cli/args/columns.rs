//! The columns of a table, and what is sorted and counted by: one list of names for options, help and completion.

use clap::ValueEnum;
use clap::builder::PossibleValue;

/// A column of a table of sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub(crate) enum Column {
    /// The number in the local table
    Id,
    /// The host, with its port where that is not the default
    Host,
    /// The account that opened it
    Owner,
    /// The name that its client gave it
    Name,
    /// ps, cmd or the configuration's name
    Type,
    /// Opened, Disconnected, Closed or Broken
    State,
    /// Time since anything happened in it
    Idle,
    /// Whether a command runs; costs a request for each session
    Running,
    /// The id on the server
    InstanceId,
    /// The address of its client
    ClientIp,
    /// Time since it was opened
    Age,
    /// The server closes it after this much idle time
    IdleTimeout,
    /// The URL of the endpoint
    Endpoint,
    /// The process on the server
    ProcessId,
    /// What became of it (remove)
    Outcome,
    /// Why it was not closed (remove)
    Reason,
    /// The Id that it came with (import)
    #[value(skip)]
    GivenId,
}

impl Column {
    /// Those that can be sorted by.
    const SORTABLE: [Self; 15] = [
        Self::Id,
        Self::Host,
        Self::Owner,
        Self::Name,
        Self::Type,
        Self::State,
        Self::Idle,
        Self::Running,
        Self::InstanceId,
        Self::ClientIp,
        Self::Age,
        Self::IdleTimeout,
        Self::Endpoint,
        Self::ProcessId,
        Self::Outcome,
    ];

    /// What stands above it.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::Id => "Id",
            Self::Host => "Host",
            Self::Owner => "Owner",
            Self::Name => "Name",
            Self::Type => "Type",
            Self::State => "State",
            Self::Idle => "Idle",
            Self::Running => "Running",
            Self::InstanceId => "InstanceId",
            Self::ClientIp => "ClientIP",
            Self::Age => "Age",
            Self::IdleTimeout => "IdleTimeout",
            Self::Endpoint => "Endpoint",
            Self::ProcessId => "ProcessId",
            Self::Outcome => "Outcome",
            Self::Reason => "Reason",
            Self::GivenId => "GivenId",
        }
    }

    /// Whether only sessions that were to be closed have it.
    pub(crate) fn is_of_removals(self) -> bool {
        matches!(self, Self::Outcome | Self::Reason)
    }

    fn word(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// A column to sort by, and in which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SortKey {
    pub(crate) column: Column,
    pub(crate) descending: bool,
}

/// Ascending first: the others are offered only where a minus was typed.
#[expect(clippy::indexing_slicing, reason = "the compiler evaluates it")]
const SORT_KEYS: [SortKey; 2 * Column::SORTABLE.len()] = {
    let mut keys = [SortKey { column: Column::Id, descending: false }; 2 * Column::SORTABLE.len()];
    let mut at = 0;
    while at < keys.len() {
        let column = Column::SORTABLE[at % Column::SORTABLE.len()];
        keys[at] = SortKey { column, descending: at >= Column::SORTABLE.len() };
        at += 1;
    }
    keys
};

impl ValueEnum for SortKey {
    fn value_variants<'a>() -> &'a [Self] {
        &SORT_KEYS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let word = self.column.word();
        let help = self.column.to_possible_value().and_then(|value| value.get_help().cloned());
        let value = match self.descending {
            false => PossibleValue::new(word),
            true => PossibleValue::new(format!("-{word}")).hide(true),
        };
        Some(match help {
            Some(help) => value.help(help),
            None => value,
        })
    }
}

/// What sessions are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub(crate) enum CountKey {
    /// The account that opened them
    Owner,
    /// The endpoint
    Host,
    /// ps, cmd or the configuration's name
    Type,
    /// Opened, Disconnected, Closed or Broken
    State,
    /// The name that their clients gave them
    Name,
    /// The address of their client
    ClientIp,
}

impl CountKey {
    /// The column that shows it.
    pub(crate) fn column(self) -> Column {
        match self {
            Self::Owner => Column::Owner,
            Self::Host => Column::Host,
            Self::Type => Column::Type,
            Self::State => Column::State,
            Self::Name => Column::Name,
            Self::ClientIp => Column::ClientIp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_column_can_be_sorted_by_in_both_directions_but_reasons() {
        let words = |keys: &[SortKey]| -> Vec<String> {
            let values = keys.iter().filter_map(ValueEnum::to_possible_value);
            values.map(|value| value.get_name().to_owned()).collect()
        };
        let sorted = words(SortKey::value_variants());
        for column in Column::value_variants().iter().filter(|column| **column != Column::Reason) {
            assert!(sorted.contains(&column.word()), "{column:?}");
            assert!(sorted.contains(&format!("-{}", column.word())), "{column:?}");
        }
        let key = SortKey::from_str("-client-ip", false).unwrap();
        assert_eq!((key.column, key.descending), (Column::ClientIp, true));
    }
}
