//! `pssession import FILE...`: objects into the local table, all of them or none.

use std::path::{Path, PathBuf};

use clap::Args;
use pssession::interchange::{ObjectError, ReadErrors, SessionObject, SessionReference};
use pssession::session::Transport;
use pssession::store::{Imported, Row};

use crate::cli::args::{ConfigArgs, OutputArgs, TableArgs};
use crate::cli::config::Naming;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::options::read_each_object;
use crate::cli::render::{self, plural, printable};
use crate::cli::source;
use crate::cli::ui::Ui;

/// What help shows below the options.
pub(crate) const EXAMPLES: &str = "\
It reads the output of `get`, `remove` and `export` with -o ndjson, json or csv, and of PowerShell's
Get-PSSession | ConvertTo-Json (Export-Csv, Export-Clixml). If any object is invalid, nothing is imported.

Examples:
  pssession import sessions.json
  pssession export --store other.db | pssession import -
  pwsh -Command 'Get-PSSession | ConvertTo-Json' | pssession import --tls -";

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Files of sessions: NDJSON, JSON or CSV of this command or of PowerShell, or CLIXML; - is stdin
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Use HTTPS (default port 5986) for objects without an Endpoint
    #[arg(long)]
    pub(crate) tls: bool,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) table: TableArgs,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// How many changed Ids are told one by one; stdout tells them all.
const MAX_MAPPINGS: usize = 20;

/// What has not happened where something is bad.
const UNDONE: &str = "nothing was imported";

pub(crate) async fn run(args: &ImportArgs, environment: &Environment) -> Exit {
    let ui = environment.ui(&args.output);
    ui.conclude(import(args, environment, &ui).await)
}

async fn import(args: &ImportArgs, environment: &Environment, ui: &Ui) -> Result<Exit, Diagnostic> {
    one_reader_of_stdin(&args.files)?;
    args.output.check()?;
    let naming = Naming { config: environment.config(&args.config)?, tls: args.tls };
    let mut rows = Vec::new();
    for path in &args.files {
        read_rows(path, &naming, &mut rows)?;
    }
    if rows.is_empty() {
        ui.remark("nothing to import");
        render::imports(ui, &[], &[], &args.output)?;
        return Ok(Exit::SUCCESS);
    }
    let imported = environment.needed_table(&args.table)?.import(rows).await;
    let (rows, outcomes) = imported.map_err(|error| Diagnostic::from(&error))?;
    let (rows, outcomes) = render::sorted_imports(rows, outcomes, &args.output.sort);
    let shown = render::imports(ui, &rows, &outcomes, &args.output);
    ui.remark(&summary(&rows, &outcomes));
    shown?;
    Ok(Exit::SUCCESS)
}

/// Adds the sessions of a file. Only those that say where they are can stand in the table.
fn read_rows(path: &Path, naming: &Naming, rows: &mut Vec<Row>) -> Result<(), Diagnostic> {
    let mut refused = ReadErrors::default();
    let take = |SessionObject { position, reference }| {
        let problem = match reference {
            SessionReference::Id { .. } | SessionReference::Rows { .. } => {
                "has no ShellId or InstanceId".to_owned()
            }
            SessionReference::Unbound(unbound) => unbound.problem,
            SessionReference::Session(row)
                if row.session.transport == Transport::WsMan && row.session.endpoint_url.is_empty() =>
            {
                "has neither Endpoint nor ComputerName".to_owned()
            }
            SessionReference::Session(row) => return rows.push(*row),
        };
        refused.add(ObjectError::new(position, problem));
    };
    read_each_object(path, naming, UNDONE, take)?;
    if refused.is_empty() {
        return Ok(());
    }
    Err(Diagnostic::objects(&source::shown(path), &refused, UNDONE))
}

/// What `-` stands for can be read once.
fn one_reader_of_stdin(files: &[PathBuf]) -> Result<(), Diagnostic> {
    if files.iter().filter(|path| path.as_path() == Path::new("-")).count() > 1 {
        return Err(
            Diagnostic::usage("stdin is given more than once").with_hint("stdin can be read only once")
        );
    }
    Ok(())
}

/// How many there are, and which Ids are not those that they came with.
fn summary(rows: &[Row], outcomes: &[Imported]) -> String {
    let new = outcomes.iter().filter(|imported| imported.is_new).count();
    let known = outcomes.len() - new;
    let mut lines = vec![format!(
        "imported {}: {new} new{}",
        plural(outcomes.len(), "session"),
        if known > 0 { format!(", {known} known before") } else { String::new() }
    )];
    let changed = rows.iter().zip(outcomes).filter_map(|(row, imported)| {
        let given = imported.given.filter(|given| *given != imported.id)?;
        let session = &row.session;
        let name = printable(session.name().unwrap_or(session.shell.shell_id.as_str()));
        Some(format!(
            "Id {} is {} here: {name} on {}",
            given.0,
            imported.id.0,
            printable(&session.computer_name)
        ))
    });
    let more = changed.clone().count().saturating_sub(MAX_MAPPINGS);
    lines.extend(changed.take(MAX_MAPPINGS));
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines.join("\n")
}
