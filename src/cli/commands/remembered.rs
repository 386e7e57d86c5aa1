//! Sessions that are remembered: those of the local table, and objects from a file or a pipe.

use pssession::SessionQuery;
use pssession::store::{Origin, Rows};

use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::intent::Scope;
use crate::cli::render::plural;
use crate::cli::table::Table;

/// The sessions of the scope that the query may choose.
pub(super) async fn rows(
    scope: &Scope,
    query: &SessionQuery,
    table: Option<&Table>,
) -> Result<Rows, Diagnostic> {
    match scope {
        Scope::Table(origins) => known(table)?.rows(query, origins).await,
        Scope::Servers | Scope::Objects(_) => Ok(Rows::default()),
    }
}

/// The local table, which a command without servers cannot do without.
pub(super) fn known(table: Option<&Table>) -> Result<&Table, Diagnostic> {
    table.ok_or_else(|| {
        Diagnostic::new("StoreUnusable", "OpenError", "there is no local table here", Exit::COULD_NOT_BEGIN)
            .with_hint("--store FILE names one; --on HOST asks a server instead")
    })
}

/// What to say where no session was chosen: what the scope leaves out may be what was meant.
pub(super) async fn nothing(scope: &Scope, table: Option<&Table>) -> Result<String, Diagnostic> {
    let Scope::Table(origins) = scope else { return Ok("no session among the objects matches".to_owned()) };
    let listed = match table {
        Some(table) if !origins.contains(&Origin::Listed) => table.count(&[Origin::Listed]).await?,
        _ => 0,
    };
    let advice = match listed {
        0 => "--on HOST asks a server".to_owned(),
        listed => format!(
            "{} that {} only listed on a server: --cached looks at them, too, and --on HOST asks the server",
            plural(listed, "session"),
            if listed == 1 { "was" } else { "were" }
        ),
    };
    Ok(format!("no session in the local table matches; {advice}"))
}
