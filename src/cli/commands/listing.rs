//! Asking the named servers what they have: the first half of `get` and of `remove`.

use std::io::Write as _;
use std::sync::Arc;

use pssession::listing::Gap;
use pssession::session::{Selection, SelectorProperty, SessionQuery};
use pssession::store::{Origin, Row, RowMetadata, Rows};
use pssession::teardown::{Cancellation, RunSummary, Survey, SurveyedHost, UnlistedCommands};
use pssession::transport::TransportError;
use pssession::wsman::ShellId;
use pssession::{Connector, Endpoint, Engine, Error, Policy};

use crate::cli::args::LimitArgs;
use crate::cli::diagnostic::{Diagnostic, DiagnosticFormat};
use crate::cli::exit::Exit;
use crate::cli::hints::{hint, kind, place};
use crate::cli::progress::Progress;
use crate::cli::render::plural;
use crate::cli::resolve_options::{ConnectionOptions, parse_duration};
use crate::cli::table::Table;

/// How many hosts are named in one sentence.
const MAX_NAMES: usize = 5;

/// The limits that the options name, the library's defaults elsewhere.
pub(super) fn policy(args: &LimitArgs) -> Result<Policy, Diagnostic> {
    let mut policy = Policy::default();
    if let Some(limit) = parse_duration("--operation-timeout", args.operation_timeout.as_deref())? {
        policy = policy.with_operation_timeout(limit);
    }
    if let Some(limit) = parse_duration("--list-timeout", args.list_timeout.as_deref())? {
        policy = policy.with_list_timeout(limit);
    }
    if let Some(limit) = parse_duration("--session-deadline", args.session_deadline.as_deref())? {
        policy = policy.with_session_deadline(limit);
    }
    if let Some(connections) = args.connections_per_host {
        policy = policy.with_connections_per_host(usize::from(connections));
    }
    if let Some(hosts) = args.parallel_hosts {
        policy = policy.with_parallel_hosts(usize::from(hosts));
    }
    Ok(policy.with_run_deadline(parse_duration("--deadline", args.deadline.as_deref())?))
}

/// Lists every server. One that denies that is asked for the shells that are `wanted` there. Those that fail are reported:
/// first why, then those on which nothing was tried any more.
pub(super) async fn survey(
    engine: &Engine,
    connectors: Vec<Arc<dyn Connector>>,
    wanted: impl Fn(&str) -> Vec<ShellId>,
    cancellation: &Cancellation,
    format: DiagnosticFormat,
) -> Survey {
    let progress = Progress::listing(connectors.len());
    let tell = |host: &SurveyedHost| progress.one_more(host.listing().is_some_and(|listing| listing.is_ok()));
    let mut survey = engine.survey_with(connectors, cancellation, tell).await;
    engine.get_shells(&mut survey, wanted, cancellation).await;
    drop(progress);
    let mut untried = Vec::new();
    for host in survey.hosts() {
        let endpoint = host.connector().endpoint();
        match host.listing() {
            Some(Ok(listing)) => {
                tracing::info!(host = place(endpoint), sessions = listing.shells.len(), "listed");
                for gap in &listing.gaps {
                    incomplete(endpoint, gap).emit(format);
                }
            }
            Some(Err(Error::Transport(
                error
                @ (TransportError::CredentialRefused { .. } | TransportError::CredentialWithheld { .. }),
            ))) => {
                untried.push((endpoint, error));
            }
            Some(Err(error)) if host.was_asked_singly() => {
                asked_singly(endpoint, error, format);
                for (shell_id, error) in host.unanswered() {
                    not_shown(endpoint, shell_id, error).emit(format);
                }
            }
            Some(Err(error)) => not_listed(endpoint, error).emit(format),
            None if cancellation.is_cancelled() => {}
            None => out_of_time(endpoint).emit(format),
        }
    }
    for diagnostic in not_tried(&untried, format) {
        diagnostic.emit(format);
    }
    survey
}

/// The shells by whose ids alone a query chooses.
pub(super) fn wanted_by(query: &SessionQuery) -> Vec<ShellId> {
    query.instance_ids().unwrap_or_default().iter().copied().map(ShellId::from_guid).collect()
}

/// The sessions that were listed, each with the Id that the local table gives it. Without a usable table they come
/// without Ids, which stops nobody but who chooses by them.
pub(super) async fn sessions(
    survey: &Survey,
    table: Option<&Table>,
    reach: &ConnectionOptions,
    by_id: bool,
    format: DiagnosticFormat,
) -> Result<Rows, Diagnostic> {
    let scheme = |endpoint: &Endpoint| reach.settings(endpoint).auth.unwrap_or_default();
    let unusable = match table {
        Some(table) => match table.merge(survey, |endpoint| Some(scheme(endpoint))).await {
            Ok(rows) => return Ok(rows),
            Err(diagnostic) => Some(diagnostic),
        },
        None => None,
    };
    match unusable {
        Some(diagnostic) if by_id => return Err(diagnostic),
        Some(diagnostic) => diagnostic.emit(format),
        None => {}
    }
    let rows = survey.hosts().iter().flat_map(|host| {
        let auth = scheme(host.connector().endpoint()).name();
        host.sessions().into_iter().map(move |session| {
            let user = Some(session.seen_by.clone());
            let note = RowMetadata { user, auth: Some(auth.to_owned()), ..RowMetadata::new(Origin::Listed) };
            Row { note, session }
        })
    });
    Ok(rows.collect())
}

/// One sentence for a person however many hosts there are, one object for each for a program.
fn not_tried(untried: &[(&Endpoint, &TransportError)], format: DiagnosticFormat) -> Vec<Diagnostic> {
    let about = |message: String, cause: &TransportError| {
        Diagnostic::new("LogonFailure", "AuthenticationError", message, Exit::COULD_NOT_BEGIN)
            .caused_by(cause)
    };
    match untried {
        [(_, cause), _, ..] if format.is_for_a_person() => {
            let names: Vec<String> =
                untried.iter().take(MAX_NAMES).map(|(endpoint, _)| place(endpoint)).collect();
            let more = if untried.len() > MAX_NAMES { ", ..." } else { "" };
            let hosts = format!("{} more hosts were skipped: {}{more}", untried.len(), names.join(", "));
            vec![about(hosts, cause)]
        }
        _ => untried
            .iter()
            .map(|(endpoint, cause)| {
                about(format!("{} was skipped", place(endpoint)), cause).about(endpoint.url())
            })
            .collect(),
    }
}

/// What to say where no session was chosen; nothing if no host was listed, or there may be some that could not be read, for
/// then that has been said.
pub(super) fn nothing(survey: &Survey, sessions: usize) -> Option<String> {
    let is_incomplete = |host: &SurveyedHost| {
        matches!(host.listing(), Some(Ok(listing)) if !listing.complete()) || !host.unanswered().is_empty()
    };
    if answered_hosts(survey) == 0 || (sessions == 0 && survey.hosts().iter().any(is_incomplete)) {
        return None;
    }
    let listed = survey.hosts().iter().filter(|host| host.listing().is_some_and(|listing| listing.is_ok()));
    let hosts = match listed.count() {
        0 => return Some("no session matches".to_owned()),
        count => plural(count, "host"),
    };
    Some(match sessions {
        0 => format!("no session on {hosts}"),
        1 => format!("no session matches; there is 1 on {hosts}"),
        more => format!("no session matches; there are {more} on {hosts}"),
    })
}

/// How many hosts have said what they have, all or what was asked for.
fn answered_hosts(survey: &Survey) -> usize {
    let answered = |host: &&SurveyedHost| {
        host.was_asked_singly() || host.listing().is_some_and(|listing| listing.is_ok())
    };
    survey.hosts().iter().filter(answered).count()
}

/// Where no host was listed nothing is missed: that they were not has been told, and of their sessions nobody knows. Nor
/// is a single session that a host did not answer for.
pub(super) fn forgive(survey: &Survey, selection: &mut Selection) {
    if answered_hosts(survey) == 0 {
        selection.misses.clear();
    }
    let unanswered = survey.hosts().iter().flat_map(SurveyedHost::unanswered);
    let unanswered: Vec<_> = unanswered.filter_map(|(shell_id, _)| shell_id.guid()).collect();
    selection.misses.retain(|miss| {
        miss.property != SelectorProperty::InstanceId
            || miss.value.parse().map_or(true, |guid| !unanswered.contains(&guid))
    });
}

/// The same circumstances with what has become of the servers.
pub(super) fn answered(survey: &Survey, summary: RunSummary, cancellation: &Cancellation) -> RunSummary {
    let unheard = survey.hosts().iter().any(|host| host.listing().is_none());
    let deadline = unheard && !cancellation.is_cancelled();
    RunSummary { deadline, ..summary }.with_hosts(survey.tally())
}

fn not_listed(endpoint: &Endpoint, error: &Error) -> Diagnostic {
    let (id, category) = kind(error);
    let message = format!("cannot list the sessions on {}", place(endpoint));
    Diagnostic::new(id, category, message, Exit::COULD_NOT_BEGIN)
        .about(endpoint.url())
        .caused_by(error)
        .with_hint(hint(error, endpoint))
}

/// Reports the sessions whose commands could not be listed; says how many they are. `consequence` is what follows for
/// them, as a fragment.
pub(super) fn report_unlisted_commands(
    survey: &Survey,
    unlisted: &[UnlistedCommands],
    consequence: &str,
    format: DiagnosticFormat,
) -> usize {
    for failure in unlisted {
        let url = failure.endpoint_url.as_str();
        let mut hosts = survey.hosts().iter().map(|host| host.connector().endpoint());
        let Some(endpoint) = hosts.find(|endpoint| endpoint.url() == url) else { continue };
        let (id, category) = kind(&failure.error);
        let sessions = plural(failure.sessions, "session");
        let message = format!("cannot list the commands of {sessions} on {}: {consequence}", place(endpoint));
        Diagnostic::new(id, category, message, Exit::COULD_NOT_BEGIN)
            .about(url)
            .caused_by(&failure.error)
            .with_hint(hint(&failure.error, endpoint))
            .emit(format);
    }
    unlisted.iter().map(|failure| failure.sessions).sum()
}

/// What is asked for singly does not need the listing, so that this is no error.
fn asked_singly(endpoint: &Endpoint, error: &Error, format: DiagnosticFormat) {
    let label = match format {
        DiagnosticFormat::Text => "warning",
        DiagnosticFormat::Concise(_) => "WARNING",
        DiagnosticFormat::Json | DiagnosticFormat::Silent => return,
    };
    let causes = Diagnostic::usage("").caused_by(error).causes.join(": ");
    let host = place(endpoint);
    let _ = writeln!(
        std::io::stderr().lock(),
        "{label}: cannot list the sessions on {host}, so each selected session was queried separately: {causes}"
    );
}

fn not_shown(endpoint: &Endpoint, shell_id: &ShellId, error: &Error) -> Diagnostic {
    let (id, category) = kind(error);
    let message = format!("cannot query session {shell_id} on {}", place(endpoint));
    Diagnostic::new(id, category, message, Exit::COULD_NOT_BEGIN)
        .about(endpoint.url())
        .caused_by(error)
        .with_hint(hint(error, endpoint))
}

fn out_of_time(endpoint: &Endpoint) -> Diagnostic {
    let message = format!("cannot list the sessions on {}: the deadline passed", place(endpoint));
    Diagnostic::new("Timeout", "OperationTimeout", message, Exit::COULD_NOT_BEGIN)
        .about(endpoint.url())
        .with_hint("increase --deadline, which limits the whole run, or select fewer hosts")
}

fn incomplete(endpoint: &Endpoint, gap: &Gap) -> Diagnostic {
    let message = format!("the listing of {} is incomplete, so nothing is closed there", place(endpoint));
    Diagnostic::new("ListingIncomplete", "InvalidData", message, Exit::COULD_NOT_BEGIN)
        .about(endpoint.url())
        .caused_by(gap)
        .with_hint(match gap {
            Gap::TooLong(_) => "increase --list-timeout; `pssession get` shows the partial listing",
            _ => "try again, and if the error persists, ask the server's administrator; `pssession get` shows the \
                partial listing",
        })
}
