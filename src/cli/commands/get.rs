//! `pssession get`: what the named servers have.

use std::io::{IsTerminal as _, Write as _};

use pssession::teardown::{Cancellation, Report};
use pssession::{Engine, SessionDescriptor};

use super::{Context, listing};
use crate::cli::args::{Format, GetArgs};
use crate::cli::diagnostic::{Diagnostic, DiagnosticFormat};
use crate::cli::exit::Exit;
use crate::cli::intent::{Reach, session_query};
use crate::cli::{interrupt, render};

pub(crate) async fn run(args: &GetArgs, context: &Context) -> Result<Exit, Diagnostic> {
    let query = session_query(&args.select)?;
    let reach = Reach::read(&args.reach)?;
    let engine = Engine::new(listing::policy(&args.reach.limits)?);
    let cancellation = Cancellation::new();
    let watch = interrupt::watch(&cancellation);
    let connectors = listing::connectors(&reach, &args.reach.login, context, &watch)?;
    let format = context.format(args.output.output);
    let errors = DiagnosticFormat::beside(args.output.output);

    let mut survey = listing::survey(&engine, connectors, &cancellation, errors).await;
    let table = context.table(&args.table);
    let by_id = !args.select.id.is_empty();
    let mut sessions = listing::sessions(&survey, table.as_ref(), &reach, by_id, errors).await?;
    if args.select.skip_running || shows_commands(format) {
        engine.list_commands(&mut survey, &mut sessions).await;
    }
    let selection = query.select(&sessions);
    let misses = selection.misses.iter().filter(|miss| !miss.silent);
    let told = misses.map(|miss| listing::missed(miss).emit(errors)).count();
    let mut circumstances = listing::circumstances(&survey, &selection, &cancellation);
    circumstances.interruption = watch.stop();
    let chosen: Vec<SessionDescriptor> =
        selection.chosen.iter().filter_map(|&index| sessions.get(index).cloned()).collect();
    if chosen.is_empty()
        && told == 0
        && is_for_a_person(format)
        && let Some(nothing) = listing::nothing(&survey, sessions.len())
    {
        writeln!(std::io::stderr().lock(), "{nothing}")?;
    }
    render::sessions(format, &chosen)?;
    Ok(Report::default().exit_code(&circumstances).into())
}

/// The quick look asks each host once; the others also ask what runs in each session.
fn shows_commands(format: Format) -> bool {
    !matches!(format, Format::Table | Format::Name)
}

/// A program sees by itself that there is no record; a person would wonder.
fn is_for_a_person(format: Format) -> bool {
    matches!(format, Format::Table | Format::Wide | Format::List) || std::io::stderr().is_terminal()
}
