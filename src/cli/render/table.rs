//! Sessions in columns: which columns there are, and which of them may be shortened or leave.

use pssession::SessionDescriptor;
use pssession::store::{Imported, Row};
use pssession::teardown::Record;

use super::cell::Cell;
use super::columns::{HostLabels, Shown, cell};
use super::counts::Count;
use super::grid::{FIRST_TO_LEAVE, Fit, Grid, GridColumn, GridStyle, Shorten};
use crate::cli::args::{Column, CountKey};

/// How a table is written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TableView<'a> {
    /// The columns that were chosen; none for the usual ones.
    pub(crate) columns: &'a [Column],
    /// All usual columns, however long the lines get.
    pub(crate) wide: bool,
    /// Whether a command runs, where that is known: it was asked for.
    pub(crate) running: bool,
    /// The width of the terminal, in columns; none where there is no terminal.
    pub(crate) width: Option<usize>,
    /// Whether colours are shown.
    pub(crate) colour: bool,
    /// Whether the header is left out.
    pub(crate) no_headers: bool,
}

/// What a table shows beside the sessions themselves.
#[derive(Clone, Copy, Debug, Default)]
struct Extent {
    ids: bool,
    commands: bool,
    outcomes: bool,
    reasons: bool,
    given_ids: bool,
}

/// What tells sessions apart and says whether they are in use.
const USUAL: &[Column] =
    &[Column::Host, Column::Owner, Column::Name, Column::Type, Column::State, Column::Idle];

/// What `-o wide` adds.
const WIDE: &[Column] =
    &[Column::InstanceId, Column::ClientIp, Column::Age, Column::IdleTimeout, Column::Endpoint];

/// Sessions as a table.
pub(crate) fn session_table(sessions: &[SessionDescriptor], view: TableView<'_>) -> String {
    table(sessions.iter().map(Shown::session), Extent::default(), view)
}

/// What became of sessions, as a table: the outcome first, the reason last.
pub(crate) fn removal_table<'a>(
    removed: impl Iterator<Item = &'a Record> + Clone,
    view: TableView<'_>,
) -> String {
    let reasons = removed.clone().any(|record| record.outcome.reason().is_some());
    table(removed.map(Shown::removal), Extent { outcomes: true, reasons, ..Extent::default() }, view)
}

/// Imported sessions as a table: the Id that each has here, and the one that it came with.
pub(crate) fn import_table(rows: &[Row], outcomes: &[Imported], view: TableView<'_>) -> String {
    let given_ids = outcomes.iter().any(|imported| imported.given.is_some());
    let rows = rows
        .iter()
        .zip(outcomes)
        .map(|(row, imported)| Shown { given_id: imported.given, ..Shown::session(&row.session) });
    table(rows, Extent { given_ids, ..Extent::default() }, view)
}

/// Numbers of sessions as a table.
pub(crate) fn count_table(counts: &[Count], keys: &[CountKey], view: TableView<'_>) -> String {
    let by = keys.iter().map(|key| GridColumn { header: key.column().header(), fit: fit(key.column()) });
    let number = GridColumn { header: "Sessions", fit: Fit { right: true, ..Fit::default() } };
    let row = |count: &Count| {
        let labels = count.labels.iter().map(Cell::new);
        labels.chain([Cell::new(count.sessions.to_string())]).collect()
    };
    Grid::new(by.chain([number]).collect(), counts.iter().map(row)).text(style(view))
}

fn table<'a>(rows: impl Iterator<Item = Shown<'a>> + Clone, extent: Extent, view: TableView<'_>) -> String {
    let columns = columns(rows.clone(), extent, view);
    let hosts = HostLabels::of(rows.clone().map(|row| row.session));
    let cells = rows.map(|row| columns.iter().map(|column| cell(column.0, row, &hosts)).collect());
    let columns = columns.iter().map(|(column, fit)| GridColumn { header: column.header(), fit: *fit });
    Grid::new(columns.collect(), cells).text(style(view))
}

fn style(view: TableView<'_>) -> GridStyle {
    let width = view.width.filter(|_| !view.wide);
    GridStyle { width, colour: view.colour, no_headers: view.no_headers }
}

/// The columns, each with what may happen to it. Those that were chosen stay.
fn columns<'a>(
    mut rows: impl Iterator<Item = Shown<'a>> + Clone,
    extent: Extent,
    view: TableView<'_>,
) -> Vec<(Column, Fit)> {
    if !view.columns.is_empty() {
        return view.columns.iter().map(|column| (*column, Fit { leaves: None, ..fit(*column) })).collect();
    }
    let ids = extent.ids || rows.clone().any(|row| row.session.id.is_some());
    let commands = extent.commands || rows.any(|row| row.session.commands.is_some());
    let some = |wanted: bool, column: Column| wanted.then_some(column);
    let (more, id) = match view.wide {
        true => (WIDE, None),
        // Without Ids nothing else tells two sessions apart.
        false => (&[][..], some(!ids, Column::InstanceId)),
    };
    let columns = [
        some(extent.outcomes, Column::Outcome),
        some(ids, Column::Id),
        some(extent.given_ids, Column::GivenId),
    ];
    let columns = columns.into_iter().flatten().chain(USUAL.iter().copied());
    let columns = columns.chain(some(commands && view.running, Column::Running));
    let columns = columns.chain(more.iter().copied()).chain(id).chain(some(extent.reasons, Column::Reason));
    columns.map(|column| (column, fit(column))).collect()
}

/// What may happen to a column where there is too little room: a reason, which the errors tell too, leaves first; then
/// owner, name and a long type are shortened, then the type leaves, the state, the name, the owner. Id, Host and Idle stay.
fn fit(column: Column) -> Fit {
    let (shorten, leaves) = match column {
        Column::Reason => (Shorten::End, Some(FIRST_TO_LEAVE)),
        Column::InstanceId => (Shorten::Never, Some(FIRST_TO_LEAVE)),
        // The name of a configuration may be long.
        Column::Type => (Shorten::Middle, Some(1)),
        Column::State => (Shorten::Never, Some(2)),
        Column::Name => (Shorten::Middle, Some(3)),
        Column::Owner => (Shorten::Account, Some(4)),
        _ => (Shorten::Never, None),
    };
    Fit { shorten, leaves, right: false }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use pssession::ShellId;
    use pssession::session::{LocalId, SeenOn};
    use pssession::wsman::Shell;
    use unicode_width::UnicodeWidthStr as _;

    use super::*;

    fn session(id: i64, host: &str, owner: &str, name: &str, state: &str) -> SessionDescriptor {
        let uri = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell";
        let mut shell = Shell::new(ShellId::from_server("910A2DEC-8902-4CC1-BEEB-8DA1658EEC67"), uri);
        shell.owner = Some(owner.into());
        shell.name = Some(name.into());
        shell.state = Some(state.into());
        shell.shell_inactivity = Some(Duration::from_secs(273_600));
        shell.client_ip = Some("10.20.0.15".into());
        let url = format!("http://{host}:5985/wsman");
        let seen_on = SeenOn { host, url: &url, port: 5985 };
        let mut session = SessionDescriptor::from_shell(shell, seen_on, "", SystemTime::UNIX_EPOCH);
        session.id = Some(LocalId(id));
        session
    }

    fn ordinary() -> [SessionDescriptor; 3] {
        [
            session(1, "web01", "CONTOSO\\ci-runner", "build-7", "Connected"),
            session(12, "web02", "CONTOSO\\alice", "Runspace12", "Disconnected"),
            session(113, "sql-prod-01", "CONTOSO\\svc-monitoring", "nightly-check", "Connected"),
        ]
    }

    fn within(sessions: &[SessionDescriptor], width: usize) -> String {
        session_table(sessions, TableView { width: Some(width), ..TableView::default() })
    }

    #[test]
    fn ordinary_sessions_fit_each_terminal_and_keep_id_host_and_idle() {
        for width in [60, 80, 100, 140] {
            let shown = within(&ordinary(), width);
            let header = shown.lines().next().unwrap();
            for column in ["Id", "Host", "Owner", "Name", "Idle"] {
                assert!(header.contains(column), "{width}:\n{shown}");
            }
            assert!(shown.contains("sql-prod-01") && shown.contains("3d 4h"), "{shown}");
            assert!(shown.lines().all(|line| line.width() <= width), "{width}:\n{shown}");
        }
        let expected = "\
Id   Host         Owner              Name           Type  State         Idle
1    web01        CONTOSO\\ci-runner  build-7        ps    Opened        3d 4h
12   web02        CONTOSO\\alice      Runspace12     ps    Disconnected  3d 4h
113  sql-prod-01  C…\\svc-monitoring  nightly-check  ps    Opened        3d 4h";
        assert_eq!(within(&ordinary(), 77), expected);
    }

    #[test]
    fn id_host_and_idle_stay_on_any_terminal() {
        for width in [1, 20, 30, 40, 59] {
            let shown = within(&ordinary(), width);
            for text in ["113", "sql-prod-01", "3d 4h"] {
                assert!(shown.contains(text), "{width}:\n{shown}");
            }
        }
        assert_eq!(
            within(&ordinary()[..1], 30),
            "Id  Host   Owner         Idle\n1   web01  C…\\ci-runner  3d 4h"
        );
    }

    #[test]
    fn without_a_terminal_and_with_wide_nothing_is_shortened() {
        let long =
            session(1, "web01.contoso.example", "CONTOSO\\a-very-long-service-account", "n", "Connected");
        let shown = session_table(std::slice::from_ref(&long), TableView::default());
        assert!(shown.contains("CONTOSO\\a-very-long-service-account  n"), "{shown}");
        let wide = TableView { wide: true, width: Some(60), ..TableView::default() };
        let shown = session_table(&[long], wide);
        let header: Vec<&str> = shown.lines().next().unwrap().split_whitespace().collect();
        let expected = "Id Host Owner Name Type State Idle InstanceId ClientIP Age IdleTimeout Endpoint";
        assert_eq!(header.join(" "), expected);
        assert!(shown.contains("910A2DEC-8902-4CC1-BEEB-8DA1658EEC67  10.20.0.15  -"), "{shown}");
    }

    #[test]
    fn running_is_a_column_only_where_it_was_asked_for_and_is_known() {
        let mut sessions = ordinary();
        let asked = TableView { running: true, ..TableView::default() };
        assert!(!session_table(&sessions, asked).contains("Running"));
        sessions[0].commands = Some(Vec::new());
        assert!(session_table(&sessions, asked).contains("Idle   Running"));
        assert!(!session_table(&sessions, TableView::default()).contains("Running"));
    }

    #[test]
    fn sessions_without_ids_show_their_instance_id_where_it_fits() {
        let sessions = ordinary().map(|session| SessionDescriptor { id: None, ..session });
        let wide = within(&sessions, 140);
        assert!(wide.lines().next().unwrap().starts_with("Host"), "{wide}");
        assert!(wide.lines().all(|line| line.ends_with("InstanceId") || line.ends_with("EEC67")), "{wide}");
        let narrow = within(&sessions, 80);
        assert!(!narrow.contains("InstanceId") && narrow.contains("Type"), "{narrow}");
    }

    #[test]
    fn chosen_columns_stay_in_their_order() {
        let chosen = [Column::Idle, Column::Owner, Column::ClientIp];
        let view = TableView { columns: &chosen, width: Some(20), ..TableView::default() };
        let shown = session_table(&ordinary()[..1], view);
        assert_eq!(shown, "Idle   Owner     ClientIP\n3d 4h  ci-r…ner  10.20.0.15");
    }
}
