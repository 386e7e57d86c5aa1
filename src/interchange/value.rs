//! Values of properties, in every spelling in which PowerShell or this program writes them.

use std::time::{Duration, SystemTime};

use uuid::Uuid;

use super::property::{Field, MAX_LIST, Properties, Property, short};
use crate::session::parse_guid;
use crate::transport::EndpointError;
use crate::wsman::{CommandId, MAX_COMMAND_ID_BYTES, MAX_DURATION, read_duration};

/// .NET counts time in pieces of 100 ns.
const TICKS_PER_MILLISECOND: i64 = 10_000;

/// What a bare number of a duration counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Milliseconds,
}

/// What is wrong with an endpoint; its error leaves out what may be a password.
pub(super) fn wrong_endpoint(property: Property, error: &EndpointError) -> String {
    let (text, problem) = (short(&error.text), short(&error.problem));
    format!("{} {text:?} is invalid: {problem}", property.name())
}

fn bad(property: Property, field: &Field<'_>, wanted: &str) -> String {
    let found = match field {
        Field::Nothing => "null".to_owned(),
        Field::Flag(flag) => flag.to_string(),
        Field::Whole(number) => number.to_string(),
        Field::Real(number) => number.to_string(),
        Field::Text(text) => format!("{:?}", short(text)),
        Field::List(_) => "a list".to_owned(),
        Field::Parts(_) => "an object".to_owned(),
        Field::TooLong => "a long text".to_owned(),
    };
    format!("{} is {found}, but must be {wanted}", property.name())
}

impl Properties<'_> {
    /// A text, as it stands.
    pub(super) fn text(&self, property: Property) -> Result<Option<String>, String> {
        match self.get(property)? {
            None => Ok(None),
            Some(Field::Text(text)) if text.contains('\0') => {
                Err(format!("{} contains a NUL character", property.name()))
            }
            Some(Field::Text(text)) => Ok(Some(text.clone().into_owned())),
            Some(Field::Whole(number)) => Ok(Some(number.to_string())),
            // What it is may be shown; what stands in a text is not, for it may be a password.
            Some(field) => Err(bad(property, field, "a text")),
        }
    }

    /// A text that names something and travels or is shown as it is: one line, without control characters.
    pub(super) fn name(&self, property: Property) -> Result<Option<String>, String> {
        let text = self.text(property)?;
        if text.as_ref().is_some_and(|text| text.chars().any(char::is_control)) {
            return Err(format!("{} contains a line break or another control character", property.name()));
        }
        Ok(text)
    }

    /// A whole number, also as text.
    pub(super) fn number<N: TryFrom<i64>>(
        &self,
        property: Property,
        wanted: &str,
    ) -> Result<Option<N>, String> {
        let Some(field) = self.get(property)? else { return Ok(None) };
        let number = match field {
            Field::Whole(number) => Some(*number),
            Field::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        let number = number.and_then(|number| N::try_from(number).ok());
        number.map(Some).ok_or_else(|| bad(property, field, wanted))
    }

    /// A value of an enumeration of .NET, by its word in any case or its number.
    pub(super) fn word<T: Copy>(&self, property: Property, words: &[(&str, T)]) -> Result<Option<T>, String> {
        word_of(property, self.get(property)?, words)
    }

    /// A GUID as text, or as the object that a careless serializer makes of one.
    pub(super) fn guid(&self, property: Property) -> Result<Option<Uuid>, String> {
        let Some(field) = self.get(property)? else { return Ok(None) };
        let guid = match field.part("guid").unwrap_or(field) {
            Field::Text(text) => parse_guid(text).ok(),
            _ => None,
        };
        guid.map(Some).ok_or_else(|| bad(property, field, "a GUID"))
    }

    /// A duration: a number of `unit`, an `xs:duration`, or a time span of .NET as text or as an object. A negative one
    /// is how PowerShell says that there is none, and one that cannot be read, such as in a culture's format, is unknown:
    /// no session is chosen by it alone. To the millisecond, and at most [`MAX_DURATION`].
    pub(super) fn duration(&self, property: Property, unit: Unit) -> Option<Duration> {
        let field = self.get(property).ok()??;
        let seconds = |number: f64| match unit {
            Unit::Seconds => number,
            Unit::Milliseconds => number / 1_000.0,
        };
        let read = match field {
            Field::Real(number) if *number < 0.0 => None,
            Field::Whole(number) if *number < 0 => None,
            Field::Whole(number) => {
                let number = number.unsigned_abs();
                Some(match unit {
                    Unit::Seconds => Duration::from_secs(number),
                    Unit::Milliseconds => Duration::from_millis(number),
                })
            }
            Field::Real(number) => of_seconds(seconds(*number)),
            Field::Text(text) => match text.trim().parse::<f64>() {
                Ok(number) if number < 0.0 => None,
                Ok(number) => of_seconds(seconds(number)),
                Err(_) => read_duration(text).or_else(|| time_span(text.trim())),
            },
            Field::Parts(_) => match field.part("ticks") {
                Some(Field::Whole(ticks)) => {
                    u64::try_from(ticks / TICKS_PER_MILLISECOND).ok().map(Duration::from_millis)
                }
                _ => None,
            },
            _ => None,
        };
        read.map(|duration| duration.min(MAX_DURATION))
    }

    /// A moment: RFC 3339, without an offset in UTC, or the `/Date(milliseconds)/` of Windows PowerShell. In a culture's
    /// format it is unknown.
    pub(super) fn time(&self, property: Property) -> Option<SystemTime> {
        let Field::Text(text) = self.get(property).ok()?? else { return None };
        SystemTime::try_from(time_of(text.trim())?).ok()
    }

    /// Ids of commands: a list, or one text with blanks between them.
    pub(super) fn commands(&self, property: Property) -> Result<Option<Vec<CommandId>>, String> {
        let Some(field) = self.get(property)? else { return Ok(None) };
        let ids = match field {
            Field::List(list) => list
                .iter()
                .map(|item| match item {
                    Field::Text(text) => command_id(text),
                    _ => None,
                })
                .collect::<Option<Vec<_>>>(),
            Field::Text(text) => text.split_whitespace().map(command_id).collect(),
            _ => None,
        };
        ids.filter(|ids| ids.len() <= MAX_LIST).map(Some).ok_or_else(|| bad(property, field, "a list of ids"))
    }
}

/// A value of an enumeration of .NET, by its word in any case or its number. Our own `Unknown` says nothing.
pub(super) fn word_of<T: Copy>(
    property: Property,
    field: Option<&Field<'_>>,
    words: &[(&str, T)],
) -> Result<Option<T>, String> {
    let Some(field) = field.filter(|field| !is_unknown(field)) else { return Ok(None) };
    let at = |number: i64| usize::try_from(number).ok().and_then(|at| words.get(at));
    let found = match field {
        Field::Whole(number) => at(*number),
        Field::Text(text) => words
            .iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(text.trim()))
            .or_else(|| text.trim().parse().ok().and_then(at)),
        _ => None,
    };
    found.map(|(_, value)| Some(*value)).ok_or_else(|| {
        let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        bad(property, field, &format!("one of {}", words.join(", ")))
    })
}

fn is_unknown(field: &Field<'_>) -> bool {
    match field {
        Field::Nothing => true,
        Field::Text(text) => text.trim().is_empty() || text.trim().eq_ignore_ascii_case("Unknown"),
        _ => false,
    }
}

/// An id as a listing has it: one short word.
fn command_id(text: &str) -> Option<CommandId> {
    let is_word = !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control());
    (is_word && text.len() <= MAX_COMMAND_ID_BYTES).then(|| CommandId::from_server(text))
}

fn of_seconds(seconds: f64) -> Option<Duration> {
    let rounded = Duration::try_from_secs_f64(seconds).ok()?.checked_add(Duration::from_micros(500))?;
    Some(Duration::new(rounded.as_secs(), rounded.subsec_millis() * 1_000_000))
}

/// `[d.]hh:mm:ss[.fffffff]`
fn time_span(text: &str) -> Option<Duration> {
    let (days, clock) = match text.split_once(':')?.0.split_once('.') {
        Some((days, _)) => (days.parse::<u64>().ok()?, text.split_once('.')?.1),
        None => (0, text),
    };
    let mut parts = clock.splitn(3, ':');
    let mut part = || parts.next().filter(|part| part.starts_with(|first: char| first.is_ascii_digit()));
    let (hours, minutes) = (part()?.parse::<u64>().ok()?, part()?.parse::<u64>().ok()?);
    let seconds = of_seconds(part()?.parse().ok()?)?;
    let whole = days.checked_mul(24)?.checked_add(hours)?.checked_mul(60)?.checked_add(minutes)?;
    Duration::from_secs(whole.checked_mul(60)?).checked_add(seconds)
}

fn time_of(text: &str) -> Option<jiff::Timestamp> {
    if let Some(inside) = text.strip_prefix("/Date(") {
        let inside = inside.strip_suffix(")/")?;
        // An offset says how it was shown; the number is in UTC whatever it is.
        let digits = inside.strip_prefix('-').unwrap_or(inside);
        let end = digits.find(['+', '-']).map_or(inside.len(), |end| end + inside.len() - digits.len());
        return jiff::Timestamp::from_millisecond(inside.get(..end)?.parse().ok()?).ok();
    }
    text.parse().ok().or_else(|| {
        let local: jiff::civil::DateTime = text.parse().ok()?;
        jiff::tz::TimeZone::UTC.to_timestamp(local).ok()
    })
}
