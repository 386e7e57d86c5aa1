//! Values without an option: Ids and instance ids for `remove` and `forget`, hosts for `get`; and what else such a value may
//! be, so that the error names the option for it.

use pssession::Endpoint;
use pssession::request::SessionTable;
use pssession::session::{QueryError, Selector, parse_session_values};

use super::args::SelectArgs;
use super::config::Config;
use super::diagnostic::Diagnostic;
use super::hints::place;
use super::render::printable;
use super::shell_quote::shell_quoted;
use super::source;

/// A command that takes such values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Remove,
    Forget,
}

/// The sessions that these values name; `None` if there is no value.
///
/// # Errors
/// One of them is neither an Id nor an instance id. The hint says what it seems to be.
pub(crate) async fn sessions(
    values: &[String],
    verb: Verb,
    table: Option<SessionTable>,
    config: &Config,
) -> Result<Option<Selector>, Diagnostic> {
    if values.is_empty() {
        return Ok(None);
    }
    match parse_session_values(values) {
        Ok(selector) => Ok(Some(selector)),
        Err(QueryError::Value { text, wanted, .. }) => {
            let hint = hint(&text, verb, table, config).await;
            let message = format!("{text:?} is not {wanted}");
            Err(Diagnostic::usage(message).about(text).with_hint(format!("{hint}; nothing was sent")))
        }
        Err(other) => Err(Diagnostic::usage(other.to_string())),
    }
}

/// What to write for a value that names no single session.
async fn hint(text: &str, verb: Verb, table: Option<SessionTable>, config: &Config) -> String {
    let shown = printable(text);
    let quoted = shell_quoted(&shown);
    if source::is_file(text) {
        return unquoted_wildcard(&shown);
    }
    let is = |name: &str| name.eq_ignore_ascii_case(text);
    let rows = match table {
        Some(table) => table.all().await.unwrap_or_default(),
        None => pssession::store::Rows::default(),
    };
    let sessions = rows.sessions();
    let endpoint = |url: &str| Endpoint::parse(url, false).ok().map(|endpoint| place(&endpoint));
    let is_host = config.names().any(is)
        || text.starts_with('@')
        || sessions.iter().any(|session| {
            is(&session.computer_name) || endpoint(&session.endpoint_url).is_some_and(|place| is(&place))
        });
    let name_part = |owner: &str| owner.rsplit('\\').next().is_some_and(is) || is(owner);
    if is_host {
        return match verb {
            Verb::Remove => format!(
                "use --on {quoted} --all for every session on that server, or filters such as --owner instead of \
                 --all; --what-if prints the plan"
            ),
            Verb::Forget => format!("use --computer-name {quoted} --cached for the sessions of that server"),
        };
    }
    if sessions.iter().any(|session| session.name().is_some_and(is)) {
        return format!("use --name {quoted} for the sessions with this name");
    }
    if sessions.iter().any(|session| session.shell.owner.as_deref().is_some_and(name_part)) {
        return format!("use --owner {quoted} for the sessions of this account");
    }
    match verb {
        Verb::Remove => format!(
            "use --name {quoted} for sessions with this name, or --on {quoted} --all for those of a server; \
             separate several values of one option with commas"
        ),
        Verb::Forget => format!(
            "use --name {quoted} for sessions with this name, or --computer-name {quoted} for those of a server; \
             separate several values of one option with commas"
        ),
    }
}

/// The hosts that `get` was given without an option.
///
/// # Errors
/// One of them names a session, or the shell seems to have put the names of files here.
pub(crate) fn hosts(hosts: &[String], select: &SelectArgs) -> Result<(), Diagnostic> {
    let refused = |text: &str, problem: &str, hint: String| {
        let message = format!("{text:?} is {problem}");
        Err(Diagnostic::usage(message).about(text).with_hint(format!("{hint}; nothing was sent")))
    };
    for host in hosts {
        match parse_session_values(&[host]) {
            Ok(Selector::InstanceId(_)) => {
                return refused(host, "not a host", format!("use --instance-id {host}"));
            }
            Ok(_) => return refused(host, "not a host", format!("use --id {host}; --on takes such a host")),
            Err(_) => {}
        }
    }
    if let Some(file) = hosts.iter().find(|host| source::is_file(host))
        && (follows_a_file(select) || source::is_whole_directory(hosts))
    {
        let problem = "a file in the working directory, and other values are, too";
        return refused(file, problem, unquoted_wildcard(&printable(file)));
    }
    Ok(())
}

/// Whether the value of a pattern is a file: the shell has put the first match there, and the others behind it.
fn follows_a_file(select: &SelectArgs) -> bool {
    let SelectArgs { name, computer_name, vm_name, owner, not_owner, configuration_name, exclude, .. } =
        select;
    [name, computer_name, vm_name, owner, not_owner, configuration_name, exclude]
        .into_iter()
        .flatten()
        .any(|pattern| source::is_file(pattern))
}

/// What to do where the shell has put a file's name in place of a wildcard.
pub(crate) fn unquoted_wildcard(file: &str) -> String {
    format!(
        "quote wildcards, as in --name 'build-*': {file} is a file in the working directory, and the shell replaces \
         an unquoted wildcard with such names"
    )
}
