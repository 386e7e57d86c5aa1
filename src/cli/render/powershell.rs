//! Sessions as PowerShell shows them: the default table of `Get-PSSession`, and its list.

use pssession::SessionDescriptor;
use serde_json::{Map, Value};
use unicode_width::UnicodeWidthStr as _;

use super::cell::shortened_at_the_end;
use super::list;
use super::text::printable;

/// A column of fixed width.
#[derive(Clone, Copy)]
struct Column {
    label: &'static str,
    width: usize,
    is_right: bool,
    cell: fn(&SessionDescriptor) -> String,
}

const fn left(label: &'static str, width: usize, cell: fn(&SessionDescriptor) -> String) -> Column {
    Column { label, width, is_right: false, cell }
}

const fn right(label: &'static str, width: usize, cell: fn(&SessionDescriptor) -> String) -> Column {
    Column { label, width, is_right: true, cell }
}

/// PowerShell's view of a session.
const COLUMNS: &[Column] = &[
    right("Id", 3, |s| s.id.map(|id| id.0.to_string()).unwrap_or_default()),
    left("Name", 15, |s| name(s).unwrap_or_default()),
    left("Transport", 9, |s| s.transport().to_owned()),
    left("ComputerName", 15, |s| s.computer_name.to_string()),
    left("ComputerType", 15, |s| s.computer_type.as_str().to_owned()),
    left("State", 13, |s| s.state().as_str().to_owned()),
    left("ConfigurationName", 20, |s| s.configuration_name().unwrap_or_default().to_owned()),
    right("Availability", 13, |s| s.availability().as_str().to_owned()),
];

/// The properties that a session has in PowerShell, which its list shows with or without a value.
const OWN: &[&str] = &[
    "Id",
    "Name",
    "InstanceId",
    "ComputerName",
    "ComputerType",
    "VMId",
    "VMName",
    "ContainerId",
    "ConfigurationName",
    "State",
    "Availability",
    "Transport",
    "IdleTimeout",
];

/// What PowerShell calls a session: one that was given no name is called by its Id.
pub(super) fn name(session: &SessionDescriptor) -> Option<String> {
    let given = session.name().map(str::to_owned);
    given.or_else(|| Some(format!("Runspace{}", session.id?.0)))
}

/// The table, between empty lines. Where a terminal is too narrow for all of it, columns are left out from the right.
/// Ids that are longer than PowerShell's column get one that holds them: a number that is cut is another number.
pub(super) fn table(sessions: &[SessionDescriptor], room: Option<usize>) -> String {
    let digits = sessions.iter().filter_map(|session| Some(session.id?.0.to_string().len())).max();
    let widened = |column: &Column| match column.label {
        "Id" => Column { width: column.width.max(digits.unwrap_or_default()), ..*column },
        _ => *column,
    };
    let mut columns: Vec<Column> = COLUMNS.iter().map(widened).collect();
    columns.truncate(fitting(&columns, room));
    let labels = line(&columns, |column| column.label.to_owned());
    let dashes = line(&columns, |column| "-".repeat(column.label.len()));
    let rows = sessions.iter().map(|session| line(&columns, |column| printable(&(column.cell)(session))));
    let lines = [String::new(), labels, dashes].into_iter().chain(rows).chain([String::new()]);
    lines.map(|line| format!("{}\n", line.trim_end())).collect()
}

/// How many of the columns there is room for, the first in any case.
fn fitting(columns: &[Column], room: Option<usize>) -> usize {
    let Some(room) = room else { return columns.len() };
    let mut used = 0_usize;
    let fits = columns.iter().take_while(|column| {
        used += column.width + usize::from(used > 0);
        used <= room
    });
    fits.count().max(1)
}

fn line(columns: &[Column], text: impl Fn(&Column) -> String) -> String {
    columns.iter().map(|column| cell(&text(column), column)).collect::<Vec<_>>().join(" ")
}

/// The text in its column; cut text ends with an ellipsis.
fn cell(text: &str, column: &Column) -> String {
    let text = shortened_at_the_end(text, column.width);
    let blanks = " ".repeat(column.width.saturating_sub(text.width()));
    if column.is_right { blanks + &text } else { text.into_owned() + &blanks }
}

/// One session of the list: all that a session has in PowerShell, and what is known beyond it.
pub(super) fn block(session: &SessionDescriptor, mut record: Map<String, Value>) -> String {
    if let Some(property) = record.get_mut("Name") {
        *property = name(session).map_or(Value::Null, Value::String);
    }
    list::block(&record, OWN)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use pssession::ShellId;
    use pssession::session::{LocalId, SeenOn, SessionDescriptor};
    use pssession::wsman::Shell;
    use serde_json::json;

    use super::*;

    fn session(id: i64, name: &str, resource_uri: &str) -> SessionDescriptor {
        let mut shell = Shell::new(ShellId::from_server("A"), resource_uri);
        shell.name = Some(name.into());
        let seen_on = SeenOn { host: "web01.contoso.example", url: "http://web01:5985/wsman", port: 5985 };
        let mut session = SessionDescriptor::from_shell(shell, seen_on, "", SystemTime::UNIX_EPOCH);
        session.id = Some(LocalId(id));
        session
    }

    fn sessions() -> [SessionDescriptor; 3] {
        let powershell = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell";
        [
            session(1, "a name with blanks", powershell),
            session(12, "", "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"),
            session(3, "夜間ビルド夜間ビルド", powershell),
        ]
    }

    #[test]
    fn columns_have_powershells_widths_and_what_is_cut_says_so() {
        let expected = "
 Id Name            Transport ComputerName    ComputerType    State         ConfigurationName     Availability
 -- ----            --------- ------------    ------------    -----         -----------------     ------------
  1 a name with bl… WSMan     web01.contoso.… RemoteMachine   Opened        Microsoft.PowerShell          Busy
 12 Runspace12      WSMan     web01.contoso.… RemoteMachine   Opened                                      Busy
  3 夜間ビルド夜間… WSMan     web01.contoso.… RemoteMachine   Opened        Microsoft.PowerShell          Busy

";
        assert_eq!(table(&sessions(), None), expected);
        assert_eq!(table(&sessions(), Some(110)), expected);
    }

    #[test]
    fn an_id_is_never_cut() {
        let shown = table(&[session(12_345, "x", "")], Some(112));
        let lines: Vec<_> = shown.lines().skip(1).collect();
        assert!(lines[0].starts_with("   Id Name ") && lines[0].ends_with(" Availability"), "{shown}");
        assert!(lines[2].starts_with("12345 x  "), "{shown}");
    }

    #[test]
    fn a_narrow_terminal_leaves_columns_out_from_the_right() {
        let header = |width| table(&sessions(), Some(width)).lines().nth(1).unwrap().to_owned();
        assert!(header(109).ends_with("ConfigurationName"), "{}", header(109));
        assert!(header(80).ends_with("State"), "{}", header(80));
        assert_eq!(header(1), " Id");
    }

    #[test]
    fn a_list_shows_what_powershell_has_with_or_without_a_value_and_else_what_is_known() {
        let [_, unnamed, _] = sessions();
        let Value::Object(record) = json!({
            "Schema": "x/1", "Id": 12, "Name": null, "VMName": null, "IdleTimeout": 7200, "Owner": null, "Port": 5985
        }) else {
            unreachable!()
        };
        let expected = "\
Id          : 12
Name        : Runspace12
VMName      :
IdleTimeout : 2h
Port        : 5985
";
        assert_eq!(block(&unnamed, record), expected);
    }
}
