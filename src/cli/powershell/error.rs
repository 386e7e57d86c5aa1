//! What cannot be bound, with PowerShell's ids and categories, and what to do about it.

use std::fmt::{self, Write as _};

use pssession::session::PatternError;

use super::cmdlet::Cmdlet;
use super::declaration::{Refusal, Tier};
use super::parameters::PARAMETERS;

/// A binding error: it ends the command before anything is read or sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub(crate) struct BindingError {
    pub(crate) cmdlet: Cmdlet,
    pub(crate) problem: Problem,
}

/// What is the matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// These parameters have no set in common (a conflict), or do not tell which set is meant.
    AmbiguousParameterSet { parameters: Vec<&'static str>, conflict: bool },
    /// The abbreviation fits several; `losers` fit as well, but do not count where the candidates are declared.
    AmbiguousParameter { typed: String, candidates: Vec<&'static str>, losers: Vec<&'static str> },
    /// There is no such parameter.
    NamedParameterNotFound { typed: String, tip: Option<String> },
    /// No value stands behind it.
    MissingArgument { parameter: &'static str },
    /// A colon, and nothing behind it: what a shell leaves of `$false`.
    MissingAfterColon { parameter: &'static str, switch: bool },
    /// A comma, and no value before or behind it.
    MissingAtComma { parameter: Option<&'static str> },
    /// It was given twice.
    ParameterAlreadyBound { parameter: &'static str },
    /// A value, and no parameter that takes it.
    PositionalParameterNotFound { value: String },
    /// The text is not of the parameter's type.
    CannotConvert { parameter: &'static str, value: String, type_name: &'static str, advice: String },
    /// A validator refuses the value.
    Refused { parameter: &'static str, why: &'static str, by: Validator },
    /// A number beyond the limits of its parameter.
    OutOfRange { parameter: &'static str, value: i32, range: &'static str, advice: &'static str },
    /// The mandatory parameters of the set are not there.
    MissingMandatory { missing: Vec<&'static str> },
    /// PowerShell has it; it is not to be had here. The value is there where only that is refused.
    NotSupported { parameter: &'static str, value: Option<&'static str>, refusal: Refusal },
    /// PowerShell refuses the value, too, when it sets the preference.
    Failed { parameter: &'static str, refusal: Refusal },
    /// A word of the command line is not UTF-8.
    NotText { shown: String },
    /// A wildcard pattern is not valid.
    BadPattern { parameter: &'static str, error: PatternError },
}

/// Which of PowerShell's checks refused, for the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validator {
    /// A declared validator.
    Declared,
    /// Null for a mandatory parameter.
    Null,
    /// An empty array for a mandatory parameter.
    EmptyArray,
}

impl BindingError {
    pub(super) fn new(cmdlet: Cmdlet, problem: Problem) -> Self {
        Self { cmdlet, problem }
    }

    /// PowerShell's error id.
    pub(crate) fn id(&self) -> &'static str {
        match &self.problem {
            Problem::AmbiguousParameterSet { .. } => "AmbiguousParameterSet",
            Problem::AmbiguousParameter { .. } => "AmbiguousParameter",
            Problem::NamedParameterNotFound { .. } => "NamedParameterNotFound",
            Problem::MissingArgument { .. }
            | Problem::MissingAfterColon { .. }
            | Problem::MissingAtComma { .. } => "MissingArgument",
            Problem::ParameterAlreadyBound { .. } => "ParameterAlreadyBound",
            Problem::PositionalParameterNotFound { .. } => "PositionalParameterNotFound",
            Problem::CannotConvert { .. } => "CannotConvertArgumentNoMessage",
            Problem::Refused { by: Validator::Declared, .. } | Problem::OutOfRange { .. } => {
                "ParameterArgumentValidationError"
            }
            Problem::Refused { by: Validator::Null, .. } => "ParameterArgumentValidationErrorNullNotAllowed",
            Problem::Refused { by: Validator::EmptyArray, .. } => {
                "ParameterArgumentValidationErrorEmptyArrayNotAllowed"
            }
            Problem::MissingMandatory { .. } => "MissingMandatoryParameter",
            Problem::NotSupported { .. } => "ParameterNotSupported",
            Problem::Failed { .. } => "ParameterBindingFailed",
            Problem::NotText { .. } => "ArgumentNotText",
            Problem::BadPattern { .. } => "RuntimeException",
        }
    }

    /// Whether no selector for the sessions to remove, and nothing else is the matter.
    pub(crate) fn lacks_sessions(&self) -> bool {
        self.cmdlet == Cmdlet::RemovePSSession && matches!(self.problem, Problem::MissingMandatory { .. })
    }

    /// PowerShell's error category.
    pub(crate) fn category(&self) -> &'static str {
        match &self.problem {
            Problem::Refused { .. } | Problem::OutOfRange { .. } => "InvalidData",
            Problem::NotSupported { .. } => "NotImplemented",
            Problem::Failed { .. } => "WriteError",
            Problem::BadPattern { .. } => "NotSpecified",
            _ => "InvalidArgument",
        }
    }

    /// The parameter that it is about, without its dash; what was typed, where there is no such parameter.
    pub(crate) fn target(&self) -> Option<&str> {
        match &self.problem {
            Problem::AmbiguousParameterSet { .. } | Problem::NotText { .. } => None,
            Problem::AmbiguousParameter { typed, .. } | Problem::NamedParameterNotFound { typed, .. } => {
                Some(typed)
            }
            Problem::MissingArgument { parameter }
            | Problem::MissingAfterColon { parameter, .. }
            | Problem::ParameterAlreadyBound { parameter }
            | Problem::CannotConvert { parameter, .. }
            | Problem::Refused { parameter, .. }
            | Problem::OutOfRange { parameter, .. }
            | Problem::NotSupported { parameter, .. }
            | Problem::Failed { parameter, .. }
            | Problem::BadPattern { parameter, .. } => Some(parameter),
            Problem::MissingAtComma { parameter } => *parameter,
            Problem::PositionalParameterNotFound { value } => Some(value),
            Problem::MissingMandatory { missing } => missing.first().copied(),
        }
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> String {
        let name = self.cmdlet.name();
        match &self.problem {
            Problem::AmbiguousParameterSet { conflict: false, .. } => {
                "add -ComputerName or -ConnectionUri for servers, or a parameter for a container or virtual machine"
                    .to_owned()
            }
            Problem::AmbiguousParameterSet { .. } if self.cmdlet == Cmdlet::GetPSSession => {
                "use `pssession get`, where options can be combined".to_owned()
            }
            Problem::AmbiguousParameterSet { .. } => {
                "run it once for each parameter, or use `pssession remove`, where selectors can be \
                 combined".to_owned()
            }
            Problem::AmbiguousParameter { losers, .. } if losers.is_empty() => {
                "use a longer prefix of the parameter".to_owned()
            }
            Problem::AmbiguousParameter { losers, .. } => {
                format!("use a longer prefix of the parameter, or of {}", either(losers))
            }
            Problem::NamedParameterNotFound { tip: Some(tip), .. } => tip.clone(),
            Problem::NamedParameterNotFound { tip: None, .. } => {
                format!("use one of {name}'s parameters: {}; list all with `{name} -?`", dashed(&own(self.cmdlet)).join(", "))
            }
            Problem::MissingArgument { parameter } => {
                format!("use -{parameter} VALUE; write a value that begins with a dash after a colon")
            }
            Problem::MissingAfterColon { parameter, switch: true } => {
                let (value, otherwise) = match *parameter {
                    "Confirm" => ("$false", String::new()),
                    _ => ("$true", format!(", or use -{parameter} alone")),
                };
                format!(
                    "quote the argument, as in '-{parameter}:{value}'{otherwise}; the shell expanded $true or $false"
                )
            }
            Problem::MissingAfterColon { parameter, switch: false } => {
                format!("use -{parameter}:VALUE or -{parameter} VALUE; a shell variable may be empty")
            }
            Problem::MissingAtComma { .. } => "write a comma only between two values, as in 1,2 or 1, 2".to_owned(),
            Problem::ParameterAlreadyBound { parameter } => {
                format!("use the parameter once, with commas: -{parameter} A,B")
            }
            Problem::PositionalParameterNotFound { .. } => {
                "separate values with commas, as in -Id 1,4..7, also in PowerShell, which splits (1..3) and \
                 @(1,2); quote wildcards, as in -ComputerName 'Serv*', or the shell expands them to file names"
                    .to_owned()
            }
            Problem::CannotConvert { advice, .. } => advice.clone(),
            Problem::Refused { parameter, .. } => {
                format!("give -{parameter} a value; a shell variable may be empty")
            }
            Problem::OutOfRange { advice, .. } => (*advice).to_owned(),
            Problem::MissingMandatory { .. } if self.cmdlet == Cmdlet::RemovePSSession => format!(
                "select the sessions with {}; `-Session -` reads objects from stdin",
                either(&own(self.cmdlet))
            ),
            Problem::MissingMandatory { missing } => format!("add {}", dashed(missing).join(" and ")),
            Problem::NotSupported { refusal, .. } | Problem::Failed { refusal, .. } => {
                refusal.instead.to_owned()
            }
            Problem::NotText { .. } => "write it in UTF-8, or use wildcards".to_owned(),
            Problem::BadPattern { .. } => {
                "check that each set has its closing bracket and an ascending range; a backtick makes the next \
                 character literal"
                    .to_owned()
            }
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AmbiguousParameterSet { parameters, conflict } => {
                let names = dashed(parameters).join(" and ");
                match conflict {
                    true => write!(f, "{names} cannot be used together"),
                    false => write!(f, "no parameter set matches {names} alone"),
                }
            }
            Self::AmbiguousParameter { typed, candidates, .. } => {
                write!(f, "the parameter name {typed:?} is ambiguous; matches: {}", either(candidates))
            }
            Self::NamedParameterNotFound { typed, .. } => write!(f, "unknown parameter {typed:?}"),
            Self::MissingArgument { parameter } => write!(f, "-{parameter} requires a value"),
            Self::MissingAfterColon { parameter, .. } => {
                write!(f, "-{parameter}: the value after the colon is missing")
            }
            Self::MissingAtComma { parameter } => {
                f.write_str("a value is missing beside a comma")?;
                parameter.map_or(Ok(()), |parameter| write!(f, " of -{parameter}"))
            }
            Self::ParameterAlreadyBound { parameter } => write!(f, "-{parameter} is given more than once"),
            Self::PositionalParameterNotFound { value } => {
                write!(f, "no positional parameter takes {value:?}")
            }
            Self::CannotConvert { parameter, value, type_name, .. } => {
                write!(f, "-{parameter}: {value:?} cannot be converted to {type_name}")
            }
            Self::Refused { parameter, why, .. } => write!(f, "-{parameter}: {why}"),
            Self::OutOfRange { parameter, value, range, .. } => {
                write!(f, "-{parameter}: {value} is not in the range {range}")
            }
            Self::MissingMandatory { missing } => {
                let s = if missing.len() == 1 { "" } else { "s" };
                write!(f, "the mandatory parameter{s} {} missing", is_or_are(missing))
            }
            Self::NotSupported { parameter, value, refusal } => {
                write!(f, "-{parameter}")?;
                value.map_or(Ok(()), |value| write!(f, " {value}"))?;
                write!(f, " is not supported: {}", refusal.why)
            }
            Self::Failed { parameter, refusal } => {
                write!(f, "-{parameter} Suspend is not supported: {}", refusal.why)
            }
            Self::NotText { shown } => write!(f, "the argument {shown:?} is not valid UTF-8"),
            Self::BadPattern { parameter, error } => write!(f, "-{parameter}: {error}"),
        }
    }
}

/// The parameters that the cmdlet itself declares.
fn own(cmdlet: Cmdlet) -> Vec<&'static str> {
    let declared =
        PARAMETERS.iter().filter(|row| row.place(cmdlet).is_some_and(|place| place.tier == Tier::Declared));
    declared.map(|row| row.name).collect()
}

fn dashed(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("-{name}")).collect()
}

/// `-A`, `-A or -B`, `-A, -B or -C`.
fn either(names: &[&str]) -> String {
    let mut text = String::new();
    for (index, name) in names.iter().enumerate() {
        let last = index.saturating_add(1) == names.len();
        let link = if index == 0 {
            ""
        } else if last {
            " or "
        } else {
            ", "
        };
        // Writing into a String cannot fail.
        let _ = write!(text, "{link}-{name}");
    }
    text
}

fn is_or_are(names: &[&str]) -> String {
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", dashed(names).join(" and "))
}
