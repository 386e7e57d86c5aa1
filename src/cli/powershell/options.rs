//! Whether an option of our own, in native spelling, is followed by a value.

/// How many words an option of our own has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arity {
    /// It stands alone.
    Flag,
    /// A value follows it, or stands behind `=`.
    Value,
}

/// What `command` says of `--option` or `--option=value`; `None` if it has no such option. A command that was built
/// (`clap::Command::build`) knows the options of its parents, too.
pub(crate) fn arity(command: &clap::Command, option: &str) -> Option<Arity> {
    let name = option.strip_prefix("--")?;
    let name = name.split_once('=').map_or(name, |(name, _)| name);
    let argument = command.get_arguments().find(|argument| {
        argument.get_long() == Some(name)
            || argument.get_all_aliases().is_some_and(|aliases| aliases.contains(&name))
    })?;
    Some(if argument.get_action().takes_values() { Arity::Value } else { Arity::Flag })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::commands::Cli;

    #[test]
    fn the_real_commands_say_which_options_take_a_value() {
        let mut command = Cli::command();
        command.build();
        let remove = command.find_subcommand("remove").unwrap();
        for (option, expected) in [
            ("--output", Some(Arity::Value)),
            ("--output=json", Some(Arity::Value)),
            ("--user", Some(Arity::Value)),
            ("--yes", Some(Arity::Flag)),
            ("--tls", Some(Arity::Flag)),
            ("--verbose", Some(Arity::Flag)),
            ("--log-format", Some(Arity::Value)),
            ("--nonsense", None),
            ("-o", None),
            ("--", None),
        ] {
            assert_eq!(arity(remove, option), expected, "{option}");
        }
    }
}
