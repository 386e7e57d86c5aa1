//! PowerShell's wildcards: `* ? [a-z]`, backtick escapes, ignoring case, in linear time.

mod needle;
#[cfg(test)]
mod tests;
mod unit;

use std::ops::RangeInclusive;

use needle::Needle;
use unit::{Place, add_ignoring_case, lower, merged};

/// The longest pattern, in UTF-16 units. Names of sessions, computers and accounts are far shorter, and it bounds what a
/// pattern costs: some MiB when it is compiled, and 64 steps for each unit of a text.
pub const MAX_PATTERN: usize = 4_096;

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
/// it if any unit with the same lower case is. PowerShell compares patterns without a set or `?`
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
    /// What stands before the first star, or everything.
    head: Vec<Place>,
    /// What follows, if there is a star.
    stars: Option<Stars>,
}

/// What follows the first star.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stars {
    /// What stands between two stars.
    between: Vec<Needle>,
    /// What stands behind the last star.
    tail: Vec<Place>,
}

/// A pattern that PowerShell refuses (an unclosed set, or a range whose lower bound is above its upper bound or whose upper
/// bound is `[`), or one that is longer than [`MAX_PATTERN`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the wildcard pattern {pattern:?} is not valid: {problem}")]
pub struct PatternError {
    /// The whole pattern, or the beginning of one that is too long.
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
        if text.encode_utf16().nth(MAX_PATTERN).is_some() {
            let beginning: String = text.chars().take(MAX_QUOTE).collect();
            return Err(PatternError { pattern: format!("{beginning}…"), problem: TOO_LONG });
        }
        match compile(text) {
            Ok((head, stars)) => Ok(Self { text: text.to_owned(), head, stars }),
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

    /// Whether the pattern covers the whole input, ignoring case. Takes one step for each unit of the input and each 64
    /// places between two stars, and allocates nothing.
    #[must_use]
    pub fn matches(&self, input: &str) -> bool {
        if input.is_ascii() {
            self.covers(input.bytes().map(u16::from), input.len(), || ())
        } else {
            self.covers(input.encode_utf16(), input.encode_utf16().count(), || ())
        }
    }

    /// Compares what stands before the first and behind the last star, and takes the first occurrence of all between: a
    /// later one would leave less to the others. `on_step` is called once per comparison.
    fn covers(&self, mut units: impl Iterator<Item = u16>, length: usize, mut on_step: impl FnMut()) -> bool {
        if !takes(&self.head, &mut units, &mut on_step) {
            return false;
        }
        let behind_head = length.checked_sub(self.head.len());
        let Some(stars) = &self.stars else { return behind_head == Some(0) };
        let Some(mut room) = behind_head.and_then(|units| units.checked_sub(stars.tail.len())) else {
            return false;
        };
        for needle in &stars.between {
            match needle.find(units.by_ref().take(room), &mut on_step) {
                Some(taken) => room -= taken,
                None => return false,
            }
        }
        takes(&stars.tail, &mut units.skip(room), &mut on_step)
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

/// Whether the next units are what the places accept.
fn takes(places: &[Place], units: &mut impl Iterator<Item = u16>, mut on_step: impl FnMut()) -> bool {
    places.iter().all(|place| {
        on_step();
        units.next().is_some_and(|unit| place.accepts(lower(unit)))
    })
}

fn compile(text: &str) -> Result<(Vec<Place>, Option<Stars>), &'static str> {
    let mut runs = vec![Vec::new()];
    let mut units = text.encode_utf16();
    while let Some(unit) = units.next() {
        let place = match unit {
            STAR => {
                runs.push(Vec::new());
                continue;
            }
            QUESTION => Place::Any,
            OPEN => Place::Set(compile_set(&mut units)?),
            BACKTICK => match units.next() {
                Some(unit) => Place::Unit(lower(unit)),
                None if text == "`" => break,
                None => Place::Unit(BACKTICK),
            },
            _ => Place::Unit(lower(unit)),
        };
        if let Some(run) = runs.last_mut() {
            run.push(place);
        }
    }
    let mut runs = runs.into_iter();
    let head = runs.next().unwrap_or_default();
    let stars = runs.next_back().map(|tail| {
        let between = runs.filter(|run| !run.is_empty()).map(|run| Needle::new(&run)).collect();
        Stars { between, tail }
    });
    Ok((head, stars))
}

/// Reads what follows a `[`, up to and with its `]`.
fn compile_set(units: &mut impl Iterator<Item = u16>) -> Result<Vec<RangeInclusive<u16>>, &'static str> {
    // Each unit, and whether it is a dash that may make a range.
    let mut content = Vec::new();
    loop {
        match units.next().ok_or(UNCLOSED)? {
            CLOSE if !content.is_empty() => break,
            BACKTICK => content.push((units.next().ok_or(UNCLOSED)?, false)),
            unit => content.push((unit, unit == DASH)),
        }
    }
    let mut set = Vec::with_capacity(content.len());
    let mut rest = content.as_slice();
    loop {
        rest = match rest {
            [] => return Ok(merged(set)),
            [(first, _), (_, true), (last, _), rest @ ..] => {
                if first > last {
                    return Err(BACKWARDS);
                }
                if *last == OPEN {
                    return Err(TO_A_BRACKET);
                }
                add_ignoring_case(&mut set, *first..=*last);
                rest
            }
            [(unit, _), rest @ ..] => {
                set.push(lower(*unit)..=lower(*unit));
                rest
            }
        }
    }
}

/// The longest piece of a pattern that is too long which an error quotes, in characters.
const MAX_QUOTE: usize = 40;

const STAR: u16 = 0x2A;
const DASH: u16 = 0x2D;
const QUESTION: u16 = 0x3F;
const OPEN: u16 = 0x5B;
const CLOSE: u16 = 0x5D;
const BACKTICK: u16 = 0x60;

const UNCLOSED: &str = "a set begins with [ and does not end; write `[ for a literal bracket";
const BACKWARDS: &str = "a range in a set is reversed (upper case comes before lower case); swap its ends";
/// .NET's regular expressions, which PowerShell makes of a set, take it for a subtraction and refuse it.
const TO_A_BRACKET: &str =
    "a range in a set ends with [, which PowerShell rejects; write the bracket separately";
const TOO_LONG: &str = "it is longer than 4096 characters; replace the rest with *";
