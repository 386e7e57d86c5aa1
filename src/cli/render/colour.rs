//! Whether colours are shown.

use crate::cli::args::ColorWhen;

/// What surrounds a stream.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Surroundings<'a> {
    pub(crate) is_terminal: bool,
    /// `NO_COLOR`: any text but an empty one forbids colours.
    pub(crate) no_color: Option<&'a str>,
    /// `TERM`.
    pub(crate) term: Option<&'a str>,
}

/// Whether a stream gets colours. What the command line asks for counts more than the environment.
pub(crate) fn is_coloured(when: ColorWhen, surroundings: Surroundings<'_>) -> bool {
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto => {
            surroundings.is_terminal
                && surroundings.no_color.is_none_or(str::is_empty)
                && surroundings.term != Some("dumb")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_unless_somebody_decides_otherwise() {
        let rows = [
            (ColorWhen::Auto, true, None, Some("xterm"), true),
            (ColorWhen::Auto, true, None, None, true),
            (ColorWhen::Auto, true, Some(""), Some("xterm"), true),
            (ColorWhen::Auto, true, Some("1"), Some("xterm"), false),
            (ColorWhen::Auto, true, None, Some("dumb"), false),
            (ColorWhen::Auto, false, None, Some("xterm"), false),
            (ColorWhen::Always, false, Some("1"), Some("dumb"), true),
            (ColorWhen::Never, true, None, Some("xterm"), false),
        ];
        for (when, is_terminal, no_color, term, expected) in rows {
            let surroundings = Surroundings { is_terminal, no_color, term };
            assert_eq!(is_coloured(when, surroundings), expected, "{when:?} {surroundings:?}");
        }
    }
}
