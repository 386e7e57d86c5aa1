//! What was given to a parameter: checked, converted, and put into its place.

use std::path::PathBuf;

use pssession::Endpoint;
use pssession::session::parse_guid;
use uuid::Uuid;

use super::bound::Bound;
use super::convert;
use super::declaration::{Check, Kind, Parameter, Refusal, Shape};
use super::error::{Problem, Validator};
use super::preferences::{ACTIONS, AUTHENTICATIONS, ActionPreference, NO_SUSPEND, STATES, Word as Choice};

/// What was given to a parameter.
#[derive(Debug)]
pub(super) enum Argument {
    Switch(Option<String>),
    Values(Vec<String>),
}

/// Checks and converts what was given to `parameter`, and puts it where the table says.
pub(super) fn fill(
    bound: &mut Bound,
    parameter: &'static Parameter,
    argument: Argument,
) -> Result<(), Problem> {
    let values = match argument {
        Argument::Switch(text) => return switch(bound, parameter, text.as_deref()),
        Argument::Values(values) => check(parameter, values)?,
    };
    let one = || single(parameter, &values);
    match parameter.kind {
        Kind::Ids(slot) => {
            let advice = "write whole numbers and ranges, as in 1,4..7";
            *slot(bound) = each(parameter, &values, advice, convert::id_range)?;
        }
        Kind::Guids(slot) => {
            let advice = "write 32 hexadecimal digits, as in fc4e9dfa-f246-452d-9fa3-1adbdd64ae85";
            *slot(bound) = each(parameter, &values, advice, |text| parse_guid(text).ok())?;
        }
        Kind::Uris(slot) => *slot(bound) = uris(parameter, values)?,
        Kind::Objects(slot) => *slot(bound) = Some(file(parameter, one()?)?),
        Kind::Text(slot) => *slot(bound) = Some(one()?.to_owned()),
        Kind::Int(slot) => *slot(bound) = Some(int(parameter, one()?)?),
        Kind::Port(slot) => *slot(bound) = Some(port(parameter, one()?)?),
        Kind::Action(slot) => {
            let text = one()?;
            if let Ok(ActionPreference::Suspend) = convert::choose(text, ACTIONS) {
                return Err(Problem::Failed { parameter: parameter.name, refusal: NO_SUSPEND });
            }
            *slot(bound) = Some(word(parameter, text, ACTIONS, |action| action.ours().err())?);
        }
        Kind::Authentication(slot) => {
            *slot(bound) = Some(word(parameter, one()?, AUTHENTICATIONS, Result::err)?);
        }
        Kind::State(slot) => *slot(bound) = Some(word(parameter, one()?, STATES, |_| None)?),
        Kind::Ignored(shape) => {
            let text = one()?;
            match shape {
                Shape::Text => {}
                Shape::Int => count(parameter, text)?,
                Shape::Action => {
                    let action = word(parameter, text, ACTIONS, |_| None)?;
                    if action == ActionPreference::Suspend {
                        return Err(Problem::Failed { parameter: parameter.name, refusal: NO_SUSPEND });
                    }
                }
            }
            bound.ignored.push(parameter.name);
        }
        Kind::Texts(slot) => *slot(bound) = values,
        // A switch has been filled above, and what is refused was refused with its name.
        Kind::Switch(_) | Kind::Refused(..) => {}
    }
    Ok(())
}

fn switch(bound: &mut Bound, parameter: &'static Parameter, text: Option<&str>) -> Result<(), Problem> {
    let Kind::Switch(slot) = parameter.kind else { return Ok(()) };
    let value = match text {
        None => Some(true),
        Some(text) => convert::switch(text),
    };
    let advice = format!("write '-{0}:$true' or '-{0}:$false', in quotes", parameter.name);
    let fail = || cannot_convert(parameter, text.unwrap_or_default(), advice);
    *slot(bound) = Some(value.ok_or_else(fail)?);
    Ok(())
}

/// What PowerShell's validators say of null (`$null`), an empty array (`@()`) and empty text.
fn check(parameter: &'static Parameter, values: Vec<String>) -> Result<Vec<String>, Problem> {
    let refuse = |why, by| Err(Problem::Refused { parameter: parameter.name, why, by });
    let is_null = |value: &str| value.eq_ignore_ascii_case("$null");
    let (null, empty) = match parameter.check {
        Check::NotNull => (Validator::Declared, Validator::EmptyArray),
        Check::NotNullOrEmpty => (Validator::Declared, Validator::Declared),
        Check::Mandatory => (Validator::Null, Validator::EmptyArray),
    };
    match values.as_slice() {
        [only] if only == "@()" => refuse("the value is an empty array", empty),
        [only] if is_null(only) => refuse("the value is null", null),
        // A number or a GUID that is null is zero.
        several if parameter.check == Check::NotNull && several.iter().any(|value| is_null(value)) => {
            let zero = if matches!(parameter.kind, Kind::Guids(_)) {
                Uuid::nil().to_string()
            } else {
                "0".to_owned()
            };
            Ok(values.into_iter().map(|value| if is_null(&value) { zero.clone() } else { value }).collect())
        }
        several if several.iter().any(|value| is_null(value)) => refuse("one of its values is null", null),
        several
            if matches!(
                parameter.kind,
                Kind::Texts(_) | Kind::Text(_) | Kind::Uris(_) | Kind::Ignored(Shape::Text)
            ) && several.iter().any(String::is_empty) =>
        {
            refuse("the value is empty", Validator::Declared)
        }
        _ => Ok(values),
    }
}

/// The one value of a parameter that takes no array.
fn single<'a>(parameter: &'static Parameter, values: &'a [String]) -> Result<&'a str, Problem> {
    match values {
        [only] => Ok(only),
        several => {
            Err(cannot_convert(parameter, &several.join(","), "give one value, without a comma".to_owned()))
        }
    }
}

fn each<T>(
    parameter: &'static Parameter,
    values: &[String],
    advice: &str,
    convert: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, Problem> {
    let one = |text: &String| convert(text).ok_or_else(|| cannot_convert(parameter, text, advice.to_owned()));
    values.iter().map(one).collect()
}

fn int(parameter: &'static Parameter, text: &str) -> Result<i32, Problem> {
    convert::int32(text).ok_or_else(|| cannot_convert(parameter, text, "write a whole number".to_owned()))
}

fn count(parameter: &'static Parameter, text: &str) -> Result<(), Problem> {
    match int(parameter, text)? {
        value @ ..0 => {
            Err(Problem::OutOfRange { parameter: parameter.name, value, range: "from 0", advice: "omit it" })
        }
        _ => Ok(()),
    }
}

fn port(parameter: &'static Parameter, text: &str) -> Result<u16, Problem> {
    let number = int(parameter, text)?;
    u16::try_from(number).ok().filter(|port| *port > 0).ok_or(Problem::OutOfRange {
        parameter: parameter.name,
        value: number,
        range: "from 1 to 65535",
        advice: "omit it for 5985, or for 5986 with -UseSSL",
    })
}

fn file(parameter: &'static Parameter, text: &str) -> Result<PathBuf, Problem> {
    if text.is_empty() {
        let advice = "give a file with objects, or - for stdin".to_owned();
        return Err(cannot_convert(parameter, text, advice));
    }
    Ok(PathBuf::from(text))
}

/// http and https URLs, as they are written. One that carries a user is refused without being shown.
fn uris(parameter: &'static Parameter, values: Vec<String>) -> Result<Vec<String>, Problem> {
    // A comma in a password has split it, so that no part of the list can be shown.
    if values.iter().any(|value| value.contains('@')) {
        let advice = "remove the user from the URL; use -Credential USER, and a password source".to_owned();
        return Err(cannot_convert(parameter, "...", advice));
    }
    for value in &values {
        let scheme = value.split_once("://").map(|(scheme, _)| scheme);
        if !scheme
            .is_some_and(|scheme| ["http", "https"].iter().any(|known| known.eq_ignore_ascii_case(scheme)))
        {
            let advice = "write a full URL, as in https://web01:5986/wsman".to_owned();
            return Err(cannot_convert(parameter, value, advice));
        }
        Endpoint::parse(value, false).map_err(|error| cannot_convert(parameter, value, error.problem))?;
    }
    Ok(values)
}

fn word<T: Copy + PartialEq>(
    parameter: &'static Parameter,
    text: &str,
    choices: &'static [Choice<T>],
    refused: impl Fn(T) -> Option<Refusal>,
) -> Result<T, Problem> {
    let value = convert::choose(text, choices)
        .map_err(|words| cannot_convert(parameter, text, format!("use one of {}", words.join(", "))))?;
    let Some(refusal) = refused(value) else { return Ok(value) };
    let whole = choices.iter().find(|row| row.value == value).map(|row| row.word);
    Err(Problem::NotSupported { parameter: parameter.name, value: whole, refusal })
}

fn cannot_convert(parameter: &'static Parameter, value: &str, advice: String) -> Problem {
    Problem::CannotConvert {
        parameter: parameter.name,
        value: value.to_owned(),
        type_name: parameter.kind.type_name(),
        advice,
    }
}
