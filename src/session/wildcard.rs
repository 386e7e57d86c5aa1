//! PowerShell's wildcards: `* ? [a-z]`, backtick escapes, ignoring case, in linear time.

/// A compiled pattern, over UTF-16 code units as in PowerShell.
///
/// - `*` is any run of units, `?` exactly one (a character outside the BMP needs two), `[a-z_]` one of a set.
/// - There is no negation: `!` and `^` are ordinary members of a set. A `]` first in a set is a member.
/// - A backtick takes the meaning from the unit behind it. At the end of the text it stands for itself, except that
///   the pattern of one lone backtick is the empty pattern.
/// - A match covers the whole input.
///
/// Case is ignored by simple, one-to-one lower-casing of single units: no culture, and no case pair that changes
/// length. A range compares its bounds as they are written, so `[A-z]` holds `_` and `[a-Z]` is an error; a unit is in
/// it if the unit itself, its lower case or its upper case is. PowerShell compares patterns without a set or `?`
/// by culture, so that precomposed and combining accents are equal there; here they are different.
///
/// ```
/// # use pssession::session::WildcardPattern;
/// let pattern = WildcardPattern::new("web0[1-3].*")?;
/// assert!(pattern.matches("WEB02.lab"));
/// assert!(!pattern.matches("web04.lab"));
/// # Ok::<(), pssession::session::PatternError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WildcardPattern {
    text: String,
    tokens: Vec<Token>,
}

/// A pattern that PowerShell refuses: an unclosed set, or a range whose lower bound is above its upper bound.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the wildcard pattern {pattern:?} is not valid: {problem}")]
pub struct PatternError {
    /// The whole pattern.
    pub pattern: String,
    /// What is wrong, and what to write instead.
    pub problem: &'static str,
}

impl WildcardPattern {
    /// Compiles a pattern. PowerShell finds a broken one only when it first compares it; we find it here.
    ///
    /// # Errors
    /// [`PatternError`] quotes the pattern.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        match compile(text) {
            Ok(tokens) => Ok(Self { text: text.to_owned(), tokens }),
            Err(problem) => Err(PatternError { pattern: text.to_owned(), problem }),
        }
    }

    /// The pattern as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it holds an unescaped `*`, `?`, `[` or `]`, so that PowerShell stays silent when a name misses.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        let mut units = self.text.chars();
        while let Some(unit) = units.next() {
            match unit {
                '*' | '?' | '[' | ']' => return true,
                '`' => drop(units.next()),
                _ => {}
            }
        }
        false
    }

    /// Whether the pattern covers the whole input, ignoring case. Takes at most twice pattern times input
    /// steps and allocates nothing.
    #[must_use]
    pub fn matches(&self, input: &str) -> bool {
        if input.is_ascii() {
            covers(&self.tokens, input.bytes().map(u16::from), || ())
        } else {
            covers(&self.tokens, input.encode_utf16(), || ())
        }
    }

    /// Puts a backtick before everything that has a meaning in a pattern, so that it matches only itself.
    #[must_use]
    pub fn escape(text: &str) -> String {
        let mut escaped = String::with_capacity(text.len());
        for character in text.chars() {
            if matches!(character, '*' | '?' | '[' | ']' | '`') {
                escaped.push('`');
            }
            escaped.push(character);
        }
        escaped
    }
}

/// One step of a pattern; all but the star take exactly one unit.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// Any run of units, also none.
    Star,
    /// Any one unit.
    Any,
    /// This unit, lower-cased.
    Unit(u16),
    /// One of these.
    Set(Vec<Member>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    /// This unit, lower-cased.
    Unit(u16),
    /// From the first to the second unit, as written.
    Range(u16, u16),
}

impl Token {
    fn accepts(&self, unit: u16) -> bool {
        match self {
            Self::Star | Self::Any => true,
            Self::Unit(wanted) => *wanted == lower(unit),
            Self::Set(members) => members.iter().any(|member| member.accepts(unit)),
        }
    }
}

impl Member {
    fn accepts(self, unit: u16) -> bool {
        match self {
            Self::Unit(wanted) => wanted == lower(unit),
            Self::Range(first, last) => {
                [unit, lower(unit), upper(unit)].iter().any(|unit| (first..=last).contains(unit))
            }
        }
    }
}

fn compile(text: &str) -> Result<Vec<Token>, &'static str> {
    let mut tokens = Vec::new();
    if text == "`" {
        return Ok(tokens);
    }
    let mut units = text.encode_utf16();
    while let Some(unit) = units.next() {
        tokens.push(match unit {
            STAR => Token::Star,
            QUESTION => Token::Any,
            OPEN => Token::Set(compile_set(&mut units)?),
            BACKTICK => Token::Unit(lower(units.next().unwrap_or(BACKTICK))),
            _ => Token::Unit(lower(unit)),
        });
    }
    tokens.dedup_by(|next, previous| *next == Token::Star && *previous == Token::Star);
    Ok(tokens)
}

/// Reads what follows a `[`, up to and with its `]`.
fn compile_set(units: &mut impl Iterator<Item = u16>) -> Result<Vec<Member>, &'static str> {
    // Each unit, and whether it is a dash that may make a range.
    let mut content = Vec::new();
    loop {
        match units.next().ok_or(UNCLOSED)? {
            CLOSE if !content.is_empty() => break,
            BACKTICK => content.push((units.next().ok_or(UNCLOSED)?, false)),
            unit => content.push((unit, unit == DASH)),
        }
    }
    let mut members = Vec::with_capacity(content.len());
    let mut rest = content.as_slice();
    loop {
        rest = match rest {
            [] => return Ok(members),
            [(first, _), (_, true), (last, _), rest @ ..] => {
                if first > last {
                    return Err(BACKWARDS);
                }
                members.push(Member::Range(*first, *last));
                rest
            }
            [(unit, _), rest @ ..] => {
                members.push(Member::Unit(lower(*unit)));
                rest
            }
        }
    }
}

/// Matches greedily and, on a mismatch, goes back to the last star only: between two stars every token takes
/// exactly one unit, so an earlier star has nothing better to offer. `on_step` is called once per comparison.
fn covers<I>(tokens: &[Token], mut units: I, mut on_step: impl FnMut()) -> bool
where
    I: Iterator<Item = u16> + Clone,
{
    let mut rest = tokens;
    let mut last_star: Option<(&[Token], I)> = None;
    loop {
        on_step();
        if let [Token::Star, behind @ ..] = rest {
            if behind.is_empty() {
                return true;
            }
            last_star = Some((behind, units.clone()));
            rest = behind;
            continue;
        }
        let mut ahead = units.clone();
        match (rest, ahead.next()) {
            ([], None) => return true,
            // What is left takes at least one unit; a later start would leave even fewer.
            (_, None) => return false,
            ([token, behind @ ..], Some(unit)) if token.accepts(unit) => {
                rest = behind;
                units = ahead;
            }
            (_, Some(_)) => match &mut last_star {
                None => return false,
                Some((behind, from)) => {
                    from.next();
                    if let [Token::Unit(wanted), ..] = behind {
                        skip_to(*wanted, from, &mut on_step);
                    }
                    rest = behind;
                    units = from.clone();
                }
            },
        }
    }
}

/// Moves to where the unit occurs next. This only hurries: a start elsewhere would fail at its first comparison.
fn skip_to<I>(wanted: u16, units: &mut I, mut on_step: impl FnMut())
where
    I: Iterator<Item = u16> + Clone,
{
    let mut ahead = units.clone();
    while ahead.next().is_some_and(|unit| lower(unit) != wanted) {
        on_step();
        units.clone_from(&ahead);
    }
}

#[inline]
fn lower(unit: u16) -> u16 {
    match unit {
        0x41..=0x5A => unit + ASCII_CASE_BIT,
        0x00..=0x7F => unit,
        _ => character(unit).and_then(|c| single(c.to_lowercase())).unwrap_or(unit),
    }
}

fn upper(unit: u16) -> u16 {
    match unit {
        0x61..=0x7A => unit - ASCII_CASE_BIT,
        0x00..=0x7F => unit,
        _ => character(unit).and_then(|c| single(c.to_uppercase())).unwrap_or(unit),
    }
}

/// The character of one unit; a half of a surrogate pair has none, and no case.
fn character(unit: u16) -> Option<char> {
    char::from_u32(u32::from(unit))
}

/// The one unit that a case mapping gives, if it is one.
fn single(mut mapping: impl Iterator<Item = char>) -> Option<u16> {
    let unit = mapping.next()?;
    if mapping.next().is_some() { None } else { u16::try_from(u32::from(unit)).ok() }
}

const STAR: u16 = 0x2A;
const DASH: u16 = 0x2D;
const QUESTION: u16 = 0x3F;
const OPEN: u16 = 0x5B;
const CLOSE: u16 = 0x5D;
const BACKTICK: u16 = 0x60;
const ASCII_CASE_BIT: u16 = 0x20;

const UNCLOSED: &str = "a set is opened with [ and not closed; write `[ for the bracket itself";
const BACKWARDS: &str = "a range in a set runs backwards (upper case comes before lower case); swap its ends";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, input: &str) -> bool {
        WildcardPattern::new(pattern).unwrap().matches(input)
    }

    /// The rules read straight from the text, by trying everything; exponential.
    fn naive(pattern: &[char], input: &[char]) -> Result<bool, ()> {
        Ok(match pattern {
            [] => input.is_empty(),
            ['*', rest @ ..] => {
                let mut any = false;
                for start in 0..=input.len() {
                    any |= naive(rest, &input[start..])?;
                }
                any
            }
            ['[', set @ ..] => {
                let (members, rest) = naive_set(set)?;
                let behind = naive(rest, input.get(1..).unwrap_or_default())?;
                input.first().is_some_and(|unit| members.iter().any(|m| m.eq_ignore_ascii_case(unit)))
                    && behind
            }
            ['?', rest @ ..] => naive(rest, input.get(1..).unwrap_or_default())? && !input.is_empty(),
            ['`', unit, rest @ ..] | [unit, rest @ ..] => {
                let behind = naive(rest, input.get(1..).unwrap_or_default())?;
                input.first().is_some_and(|first| first.eq_ignore_ascii_case(unit)) && behind
            }
        })
    }

    /// Every member of a set, ranges written out, and what follows its bracket.
    fn naive_set(text: &[char]) -> Result<(Vec<char>, &[char]), ()> {
        let mut content: Vec<(char, bool)> = Vec::new();
        let mut rest = text;
        loop {
            rest = match rest {
                [']', rest @ ..] if !content.is_empty() => {
                    let mut members = Vec::new();
                    while !content.is_empty() {
                        if content.len() >= 3 && content[1] == ('-', true) {
                            let (low, high) = (content[0].0, content[2].0);
                            if low > high {
                                return Err(());
                            }
                            members.extend(low..=high);
                            content.drain(..3);
                        } else {
                            members.push(content.remove(0).0);
                        }
                    }
                    return Ok((members, rest));
                }
                ['`', unit, rest @ ..] => {
                    content.push((*unit, false));
                    rest
                }
                ['`'] | [] => return Err(()),
                [unit, rest @ ..] => {
                    content.push((*unit, true));
                    rest
                }
            };
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn the_matcher_agrees_with_the_naive_one(pattern in "[abBz*?`\\[\\]!^_-]{0,9}", input in "[abBz*`\\]!_-]{0,7}") {
            let as_chars: Vec<char> = if pattern == "`" { Vec::new() } else { pattern.chars().collect() };
            let expected = naive(&as_chars, &input.chars().collect::<Vec<_>>()).ok();
            let found = WildcardPattern::new(&pattern).ok().map(|compiled| compiled.matches(&input));
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn a_match_takes_at_most_twice_pattern_times_input_steps(pattern in "[ab*?]{1,24}", input in "[ab]{1,64}") {
            let compiled = WildcardPattern::new(&pattern).unwrap();
            let mut steps = 0;
            covers(&compiled.tokens, input.bytes().map(u16::from), || steps += 1);
            prop_assert!(steps <= 2 * pattern.len() * input.len(), "{} steps", steps);
        }
    }

    proptest! {
        #[test]
        fn escaped_text_is_no_wildcard_and_matches_itself(text in "\\PC{0,20}|[*?`\\[\\]a]{0,8}") {
            let pattern = WildcardPattern::new(&WildcardPattern::escape(&text)).unwrap();
            prop_assert!(!pattern.is_wildcard());
            prop_assert!(pattern.matches(&text));
        }

        #[test]
        fn no_pattern_and_no_input_panics(pattern in "\\PC*|[\\[\\]`*?a-]{0,40}", input in "\\PC*") {
            if let Ok(pattern) = WildcardPattern::new(&pattern) {
                let _ = pattern.matches(&input);
            }
        }
    }

    #[test]
    fn forty_stars_against_three_thousand_letters_take_few_steps() {
        let pattern = WildcardPattern::new(&format!("{}b", "*a".repeat(40))).unwrap();
        let mut steps = 0;
        assert!(!covers(&pattern.tokens, std::iter::repeat_n(0x61, 3000), || steps += 1));
        assert!(steps < 10_000, "{steps} steps");
    }

    #[test]
    fn units_are_utf16_so_a_character_outside_the_bmp_takes_two_question_marks() {
        assert!(!matches("?", "😀"));
        assert!(matches("??", "😀"));
        assert!(matches("a😀*", "A😀b"));
    }

    #[test]
    fn case_is_ignored_one_unit_at_a_time() {
        assert!(matches("ÉCOLE*", "école-1"));
        assert!(matches("[À-Ý]", "é"));
        assert!(matches("[à-ý]", "É"));
        assert!(!matches("straße", "STRASSE"));
        assert!(!matches("i", "İ"));
    }

    #[test]
    fn accents_are_compared_unit_by_unit() {
        assert!(!matches("caf\u{e9}", "cafe\u{301}"));
    }

    #[test]
    fn a_range_may_end_in_an_opening_bracket() {
        assert!(matches("[A-[]x", "[x"));
        assert!(matches("[A-[]x", "qx"));
    }

    #[test]
    fn an_error_quotes_the_pattern_and_says_what_to_write() {
        let error = WildcardPattern::new("web[01").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the wildcard pattern \"web[01\" is not valid: a set is opened with [ and not closed; \
             write `[ for the bracket itself"
        );
    }

    #[test]
    fn only_an_unescaped_sign_makes_a_wildcard() {
        for wildcard in ["*", "a?", "[a]", "x]", "``*"] {
            assert!(WildcardPattern::new(wildcard).unwrap().is_wildcard(), "{wildcard}");
        }
        for literal in ["", "abc", "x`*", "`[x`]", "a-b", "!", "`"] {
            assert!(!WildcardPattern::new(literal).unwrap().is_wildcard(), "{literal}");
        }
    }
}
