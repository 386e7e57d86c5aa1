//! `get --watch`: the listing again and again, on a screen of its own or as a stream of records.

use std::io::IsTerminal as _;
use std::rc::Rc;
use std::time::Duration;

use pssession::interchange::timestamp;
use pssession::request::{Event, ListRequest, ListedSessions};
use pssession::store::Rows;
use pssession::teardown::{Interruption, RunStatus};

use super::{GetArgs, show, summary};
use crate::cli::args::Format;
use crate::cli::caller::CommandCaller;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::options::parse_duration;
use crate::cli::screen::Screen;
use crate::cli::terminal::takes_escapes;
use crate::cli::ui::Ui;
use crate::cli::{render, source, unmatched};

/// A server is not asked more often.
const LEAST_INTERVAL: Duration = Duration::from_secs(1);

/// How often to list, if `--watch` is there and stdout can show it.
pub(super) fn interval(args: &GetArgs, ui: &Ui) -> Result<Option<Duration>, Diagnostic> {
    let refused = |message: &str, hint: &str| {
        Err(Diagnostic::usage(message).about("--watch").with_hint(format!("{hint}; nothing was sent")))
    };
    let Some(interval) = parse_duration("--watch", args.watch.as_deref())? else { return Ok(None) };
    if interval < LEAST_INTERVAL {
        return refused("--watch lists at most once a second", "use 1s or more, such as --watch 5s");
    }
    if args.select.session.is_some() {
        return refused("--watch cannot read session objects again", "name the hosts with --on");
    }
    match ui.format() {
        _ if ui.is_quiet() => refused("--watch shows nothing with --quiet", "remove one of them"),
        Format::Ndjson if args.output.output.is_some() => Ok(Some(interval)),
        Format::Table | Format::Wide if std::io::stdout().is_terminal() && takes_escapes() => {
            Ok(Some(interval))
        }
        Format::Table | Format::Wide | Format::Ndjson => refused(
            "--watch redraws a terminal, and stdout is not one",
            "use -o ndjson for a stream of records, or list once without --watch",
        ),
        _ => refused("--watch shows a table or streams NDJSON", "use -o table, wide or ndjson"),
    }
}

/// Lists until Ctrl-C, the run's deadline, or a refusal of the credential. The last table stays on the usual screen.
pub(super) async fn run<F: Fn(&Event<'_>)>(
    interval: Duration,
    request: ListRequest,
    caller: CommandCaller<'_, F>,
    args: &GetArgs,
) -> Result<Exit, Diagnostic> {
    let (ui, interrupts, cancellation) = (caller.ui, caller.watch, caller.cancellation);
    let is_stream = ui.format() == Format::Ndjson;
    let screen = Rc::new(Screen::default());
    let give_back = screen.last_act();
    interrupts.before_leaving(move |_| give_back());
    let caller = caller.on_screen((!is_stream).then(|| Rc::clone(&screen)));
    let mut listing = request.repeated(&caller).await?;
    let mut last: Option<ListedSessions> = None;
    loop {
        let mut listed = listing.list(&caller, cancellation).await?;
        if cancellation.is_cancelled() {
            break;
        }
        listed.rows = render::sorted(std::mem::take(&mut listed.rows), &args.output.sort);
        if is_stream {
            show(args, &listed.rows, ui)?;
        } else {
            screen.draw(&frame(args, &listed, interval, ui))?;
        }
        let status = listed.status();
        let is_over = listed.stopped || matches!(status, RunStatus::CredentialRefused | RunStatus::Deadline);
        last = Some(listed);
        if is_over {
            break;
        }
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            () = cancellation.cancelled() => break,
        }
    }
    caller.end_progress();
    screen.leave();
    let interruption = interrupts.stop();
    let Some(mut listed) = last else {
        return Ok(if interruption == Some(Interruption::Term) {
            Exit::TERMINATED
        } else {
            Exit::INTERRUPTED
        });
    };
    if !is_stream {
        show(args, &listed.rows, ui)?;
    }
    // Ctrl-C is how a watch ends.
    listed.summary.interruption = interruption.filter(|interruption| *interruption == Interruption::Term);
    Ok(listed.status().into())
}

/// The table, and when it was drawn.
fn frame(args: &GetArgs, listed: &ListedSessions, interval: Duration, ui: &Ui) -> String {
    let rows: &Rows = &listed.rows;
    let table = match args.count {
        true => render::counts_text(ui, rows.sessions(), &args.by, &args.output),
        false => render::sessions_text(ui, rows.sessions(), &args.output),
    };
    let nothing = || listed.nothing.map(|why| unmatched::nothing(why, &listed.owners, true));
    let summary = match rows.is_empty() {
        true => nothing().unwrap_or_else(|| "no sessions".to_owned()),
        false => summary(args, rows),
    };
    let now = timestamp(source::now());
    let time = now.as_str().and_then(|now| now.get(11..19)).unwrap_or_default();
    let below = format!("{summary}\n{time} UTC, every {}; Ctrl-C ends", render::duration(interval));
    render::frame(&table, &below, Screen::height())
}
