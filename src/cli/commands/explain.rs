//! `pssession explain CODE`: what a WSMan fault code means, and which faults have words in their texts, offline.

use std::io::Write as _;

use clap::Args;
use pssession::wsman::{Explanation, FaultCode, explain, search_faults};
use serde_json::{Value, json};

use crate::cli::args::PlainFormat;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;

/// What help shows below the options.
pub(crate) const EXAMPLES: &str = "\
Examples:
  pssession explain 2150859173
  pssession explain -2144108123
  pssession explain 0x803381A5
  pssession explain quota        the faults about quotas";

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A code in decimal, signed decimal or 0x hexadecimal, or words of the fault's text or symbol
    #[arg(required = true, allow_negative_numbers = true, value_name = "CODE|WORD")]
    pub(crate) words: Vec<String>,
    /// Output format [default: table]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<PlainFormat>,
}

pub(crate) fn run(args: &ExplainArgs) -> Result<Exit, Diagnostic> {
    let words: Vec<&str> = args.words.iter().map(String::as_str).collect();
    let code = match words.as_slice() {
        [one] => FaultCode::parse(one),
        _ => None,
    };
    let (rows, is_search) = match code {
        Some(code) => (Vec::from_iter(explain(code)), false),
        None => (search_faults(&words), true),
    };
    let Some(first) = rows.first() else { return Err(nothing(code, &words)) };
    let mut out = std::io::stdout().lock();
    let written = match (args.output.unwrap_or(PlainFormat::Table), is_search) {
        (PlainFormat::Json, false) => writeln!(out, "{}", object(first)),
        (PlainFormat::Json, true) => {
            let found: Vec<Value> = rows.into_iter().map(object).collect();
            let object = json!({ "Schema": "pssession.explanations/1", "Explanations": found });
            writeln!(out, "{object}")
        }
        (PlainFormat::Table, false) => writeln!(out, "{}", text(first)),
        (PlainFormat::Table, true) => {
            let texts: Vec<String> = rows.into_iter().map(text).collect();
            writeln!(out, "{}", texts.join("\n\n"))
        }
    };
    written.map_err(Diagnostic::from)?;
    Ok(Exit::SUCCESS)
}

fn nothing(code: Option<FaultCode>, words: &[&str]) -> Diagnostic {
    let unknown = |message, hint: &'static str| {
        Diagnostic::new("UnknownFaultCode", "ObjectNotFound", message, Exit::COULD_NOT_BEGIN).with_hint(hint)
    };
    match code {
        Some(code) => unknown(
            format!("no explanation of fault code {code}"),
            "on Windows, run `winrm helpmsg CODE` (or `net helpmsg CODE` below 65536)",
        ),
        None => unknown(
            format!("{:?} is not a fault code, and no explanation contains it", words.join(" ")),
            "write a code as 2150858843, -2144108453 or 0x8033805B, or fewer words, such as quota",
        ),
    }
}

fn object(row: &Explanation) -> Value {
    json!({
        "Schema": "pssession.explanation/1",
        "Code": row.code.0,
        "Hex": row.code.hex(),
        "Signed": row.code.signed(),
        "Symbol": row.symbol,
        "Group": row.group.as_str(),
        "Meaning": row.meaning,
        "Advice": row.advice,
    })
}

fn text(row: &Explanation) -> String {
    format!(
        "{symbol}\n{code} = {hex}{signed} ({group})\n\n{meaning}\nhint: {advice}",
        symbol = row.symbol,
        code = row.code.0,
        hex = row.code.hex(),
        // A small code is the same number in both readings.
        signed = if row.code.signed() < 0 { format!(" = {}", row.code.signed()) } else { String::new() },
        group = row.group.as_str(),
        meaning = row.meaning,
        advice = row.advice,
    )
}
