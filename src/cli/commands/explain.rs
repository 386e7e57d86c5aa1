//! `pssession explain CODE`: what a WSMan fault code means, offline.

use std::io::Write as _;

use clap::Args;
use pssession::wsman::{FaultCode, explain};
use serde_json::json;

use crate::cli::args::PlainFormat;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;

/// What help shows below the options.
pub(crate) const EXAMPLES: &str = "\
Examples:
  pssession explain 2150859173
  pssession explain -2144108123
  pssession explain 0x803381A5";

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Decimal, signed decimal or 0x hexadecimal
    #[arg(allow_hyphen_values = true)]
    pub(crate) code: String,
    /// Output format [default: table]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<PlainFormat>,
}

pub(crate) fn run(args: &ExplainArgs) -> Result<Exit, Diagnostic> {
    let code = FaultCode::parse(&args.code).ok_or_else(|| {
        Diagnostic::usage(format!("{:?} is not a fault code", args.code))
            .with_hint("write the code as 2150858843, -2144108453 or 0x8033805B")
    })?;
    let Some(row) = explain(code) else {
        return Err(Diagnostic::new(
            "UnknownFaultCode",
            "ObjectNotFound",
            format!("no explanation of fault code {code}"),
            Exit::COULD_NOT_BEGIN,
        )
        .with_hint("on Windows, run `winrm helpmsg CODE` (or `net helpmsg CODE` below 65536)"));
    };
    let mut out = std::io::stdout().lock();
    let written = match args.output.unwrap_or(PlainFormat::Table) {
        PlainFormat::Json => writeln!(
            out,
            "{}",
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
        ),
        PlainFormat::Table => writeln!(
            out,
            "{symbol}\n{code} = {hex}{signed} ({group})\n\n{meaning}\nhint: {advice}",
            symbol = row.symbol,
            code = row.code.0,
            hex = row.code.hex(),
            // A small code is the same number in both readings.
            signed = if row.code.signed() < 0 { format!(" = {}", row.code.signed()) } else { String::new() },
            group = row.group.as_str(),
            meaning = row.meaning,
            advice = row.advice,
        ),
    };
    written.map_err(Diagnostic::from)?;
    Ok(Exit::SUCCESS)
}
