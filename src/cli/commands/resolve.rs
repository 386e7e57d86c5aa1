//! Sessions that are remembered: those of the local table, and objects from a file or a pipe.

#[cfg(test)]
mod answers;

use std::collections::{HashMap, HashSet};

use pssession::interchange::{
    NameProperty as Named, ObjectError, ReadErrors as Refused, SessionObject as Object,
    SessionReference as Subject,
};
use pssession::session::{LocalId, Miss, Selection, Selector, SelectorProperty, Transport, WildcardPattern};
use pssession::store::{Origin, Row, RowMetadata, Rows};
use pssession::wsman::ShellId;
use pssession::{SessionDescriptor, SessionQuery};
use uuid::Uuid;

use super::objects;
use crate::cli::config::Naming;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::output_style::OutputStyle;
use crate::cli::render::plural;
use crate::cli::resolve_options::Scope;
use crate::cli::table::Table;

/// What has not happened where an object is bad.
const UNDONE: &str = "nothing was sent";

/// The most objects of one source that choose by a name or the like: each is held against the whole table.
const MAX_CHOOSING: usize = 10_000;

/// How many objects that cannot be bound are told one by one.
const MAX_UNBOUND: usize = 20;

/// What a scope remembers.
#[derive(Debug, Default)]
pub(super) struct Recalled {
    pub(super) rows: Rows,
    /// Objects that name rows which are not there.
    misses: Vec<Miss>,
    /// Objects that cannot be bound: before which of the misses they stand, and what is told of them.
    pub(super) unbound: Vec<(usize, Diagnostic)>,
    /// How many objects there were, each of which means something that should be there.
    literals: usize,
    /// No object came in at all.
    pub(super) nothing_asked: bool,
}

impl Recalled {
    /// Leaves out the objects that are no rows of the local table.
    pub(super) fn without_strangers(self) -> Self {
        let known = self.rows.into_iter().filter(|row| row.session.id.is_some());
        Self { rows: known.collect(), ..self }
    }

    /// Selects among them.
    pub(super) fn select(&self, query: &SessionQuery) -> Selection {
        let mut selection = query.select(self.rows.sessions());
        selection.literals += self.literals;
        selection.misses.splice(..0, self.misses.iter().cloned());
        selection
    }
}

/// The sessions of the scope that the query may choose. `naming` is for objects that name no more than a computer.
pub(super) async fn recall(
    scope: &Scope,
    query: &SessionQuery,
    table: Option<&Table>,
    naming: &Naming,
    style: OutputStyle,
) -> Result<Recalled, Diagnostic> {
    match scope {
        Scope::Servers => Ok(Recalled::default()),
        Scope::Table(origins) => {
            Ok(Recalled { rows: known(table)?.rows(query, origins).await?, ..Recalled::default() })
        }
        Scope::Objects(path, extent) => {
            let found = objects::read(path, *extent, naming, UNDONE, style)?;
            let nothing_asked = found.is_empty();
            let known = Known::of(&found, table).await?;
            let cmdlet =
                style.powershell_style().map_or("this command", |powershell_style| powershell_style.cmdlet);
            let bound =
                bind(found, &known, cmdlet).map_err(|errors| objects::refused(path, &errors, UNDONE))?;
            Ok(Recalled { nothing_asked, ..bound })
        }
    }
}

/// What the local table knows of some objects.
#[derive(Debug, Default)]
struct Known {
    /// By endpoint and ShellId, in the order in which the placed sessions stand among the objects.
    placed: Vec<Option<Row>>,
    by_instance_id: HashMap<Uuid, Vec<Row>>,
    by_id: HashMap<LocalId, Row>,
    /// Among which objects choose by a name or the like, as the options do: those of the current session...
    current: Rows,
    /// ... and all of them, where an Id is given, too.
    all: Rows,
}

impl Known {
    async fn of(objects: &[Object], table: Option<&Table>) -> Result<Self, Diagnostic> {
        let (mut places, mut instance_ids, mut ids) = (Vec::new(), Vec::new(), Vec::new());
        let (mut among_current, mut among_all) = (false, false);
        for object in objects {
            match &object.reference {
                Subject::Session(row) if has_place(row) => {
                    places.push((row.session.endpoint_url.clone(), row.session.shell.shell_id.clone()));
                }
                Subject::Session(row) => instance_ids.extend(row.session.instance_id()),
                Subject::Id { id, .. } => ids.push(*id),
                Subject::Rows { id: Some(_), .. } => among_all = true,
                Subject::Rows { id: None, .. } => among_current = true,
                Subject::Unbound(_) => {}
            }
        }
        let Some(table) = table else {
            return Ok(Self { placed: vec![None; places.len()], ..Self::default() });
        };
        let mut known = Self { placed: table.known(places).await?, ..Self::default() };
        for row in table.by_instance_id(instance_ids).await? {
            if let Some(instance_id) = row.session.instance_id() {
                known.by_instance_id.entry(instance_id).or_default().push(row);
            }
        }
        let rows = table.by_id(ids).await?.into_iter();
        known.by_id = rows.filter_map(|row| Some((row.session.id?, row))).collect();
        if among_current {
            known.current = table.rows(&SessionQuery::default(), &Origin::CURRENT).await?;
        }
        if among_all {
            known.all = table.rows(&SessionQuery::default(), &Origin::ALL).await?;
        }
        Ok(known)
    }

    /// The rows that are chosen, and of these the one with the Id that the object has beside it. Whoever opens a session
    /// may call it `*`: what some row is called to the letter means that row, and is a pattern only where there is none.
    fn choose(&self, selector: Selector, id: Option<LocalId>) -> Result<(Rows, Vec<Miss>), String> {
        let rows = if id.is_some() { &self.all } else { &self.current };
        let literal = SessionQuery::new(vec![literal(&selector)], Vec::new());
        let mut selection = literal.select(rows.sessions());
        if selection.chosen.is_empty() {
            selection = SessionQuery::new(vec![selector], Vec::new()).select(rows.sessions());
        }
        let chosen = rows.pick(&selection.chosen);
        let Some(id) = id.filter(|_| !chosen.is_empty()) else { return Ok((chosen, selection.misses)) };
        let count = chosen.len();
        let one: Rows = chosen.into_iter().filter(|row| row.session.id == Some(id)).collect();
        match one.is_empty() {
            false => Ok((one, selection.misses)),
            true => Err(format!("it lists {}, but none with the Id {}", plural(count, "session"), id.0)),
        }
    }
}

/// Each object becomes a session once, at its first place. What the table knows of it counts more than what the object
/// says: a pipe cannot testify.
fn bind(objects: Vec<Object>, known: &Known, cmdlet: &str) -> Result<Recalled, Refused> {
    let mut bound = Bound::default();
    let mut refused = Refused::default();
    let mut placed = known.placed.iter();
    let mut choosing = objects.iter().filter(|object| matches!(object.reference, Subject::Rows { .. }));
    if let Some(object) = choosing.nth(MAX_CHOOSING) {
        let problem =
            format!("more than {MAX_CHOOSING} objects without ShellId, InstanceId and Id; split the input");
        refused.add(ObjectError::new(object.position, problem));
        return Err(refused);
    }
    let mut more_unbound = 0;
    for Object { position, reference } in objects {
        match reference {
            Subject::Session(row) if has_place(&row) => {
                let known = placed.next().cloned().flatten();
                let known = known.filter(|known| agree(&known.session, &row.session));
                bound.add(known.unwrap_or_else(|| unknown(*row)));
            }
            Subject::Session(row) => match placed_by_the_table(&row, known) {
                Ok(row) => bound.add(row),
                Err(problem) => refused.add(ObjectError::new(position, problem)),
            },
            Subject::Unbound(unbound) => {
                if bound.unbound.len() < MAX_UNBOUND {
                    bound.unbound.push((bound.misses.len(), objects::unbound(position, &unbound, cmdlet)));
                } else {
                    more_unbound += 1;
                }
            }
            Subject::Id { id, names } => match known.by_id.get(&id) {
                Some(row) => match other_than(row, &names) {
                    None => bound.add(row.clone()),
                    Some(problem) => refused.add(ObjectError::new(position, problem)),
                },
                None => bound.misses.push(Miss {
                    property: SelectorProperty::Id,
                    value: id.0.to_string(),
                    silent: false,
                    literal: true,
                }),
            },
            Subject::Rows { selector, id } => match known.choose(selector, id) {
                Ok((rows, misses)) => {
                    rows.into_iter().for_each(|row| bound.add(row));
                    bound.misses.extend(misses);
                }
                Err(problem) => refused.add(ObjectError::new(position, problem)),
            },
        }
    }
    if more_unbound > 0 {
        bound.unbound.push((usize::MAX, objects::more_unbound(more_unbound)));
    }
    if let Some((_, last)) = bound.unbound.last_mut() {
        last.hint = Some(objects::BINDABLE.to_owned());
    }
    match refused.is_empty() {
        true => Ok(Recalled {
            literals: bound.rows.len() + bound.misses.len(),
            rows: bound.rows.into_iter().collect(),
            misses: bound.misses,
            unbound: bound.unbound,
            nothing_asked: false,
        }),
        false => Err(refused),
    }
}

/// Whether what both know of a session's identity is the same: a ShellId can be taken a second time. If it is not, the
/// object means what it says, and its server is to judge.
fn agree(known: &SessionDescriptor, given: &SessionDescriptor) -> bool {
    let agrees = |known: Option<&str>, given: Option<&str>| {
        known.zip(given).is_none_or(|(known, given)| known.eq_ignore_ascii_case(given))
    };
    agrees(known.shell.owner.as_deref(), given.shell.owner.as_deref())
        && agrees(known.shell.client_ip.as_deref(), given.shell.client_ip.as_deref())
        && agrees(uri(known), uri(given))
}

/// Its resource URI, if that is known.
fn uri(session: &SessionDescriptor) -> Option<&str> {
    Some(session.shell.resource_uri.as_str()).filter(|uri| !uri.is_empty())
}

/// What speaks against it that an object with no more than an Id means this row: PowerShell and other tables count, too.
fn other_than(row: &Row, names: &[Named]) -> Option<String> {
    let session = &row.session;
    let other = names.iter().find(|name| !name.matches(session))?;
    let id = session.id.map_or_else(String::new, |id| id.0.to_string());
    let name = session.name().unwrap_or("(no name)");
    let computer_name = &session.computer_name;
    let (property, text) = (other.property(), &other.text);
    Some(format!(
        "in the local table, Id {id} is {name} on {computer_name}, but the object has the {property} \
        {text:?}"
    ))
}

/// The same selector in which no character is a wildcard.
fn literal(selector: &Selector) -> Selector {
    let literal = |patterns: &[WildcardPattern]| {
        let texts = patterns.iter().map(|pattern| WildcardPattern::escape(pattern.as_str()));
        // What is escaped is a pattern.
        texts.filter_map(|text| WildcardPattern::new(&text).ok()).collect()
    };
    match selector {
        Selector::Name(patterns) => Selector::Name(literal(patterns)),
        Selector::ComputerName(patterns) => Selector::ComputerName(literal(patterns)),
        Selector::VmName(patterns) => Selector::VmName(literal(patterns)),
        other => other.clone(),
    }
}

/// What objects have become: sessions, each once.
#[derive(Debug, Default)]
struct Bound {
    rows: Vec<Row>,
    seen: HashSet<(String, ShellId)>,
    misses: Vec<Miss>,
    unbound: Vec<(usize, Diagnostic)>,
}

impl Bound {
    fn add(&mut self, row: Row) {
        let url = row.session.endpoint_url.to_ascii_lowercase();
        if self.seen.insert((url, row.session.shell.shell_id.clone())) {
            self.rows.push(row);
        }
    }
}

/// The row of a session that does not say where it is, if there is just one.
fn placed_by_the_table(row: &Row, known: &Known) -> Result<Row, String> {
    let found = row.session.instance_id().and_then(|id| known.by_instance_id.get(&id));
    let problem = match found.map(Vec::as_slice) {
        Some([row]) => return Ok(row.clone()),
        Some([_, _, ..]) => "is on several hosts in the local table, but",
        _ => "is not in the local table, but",
    };
    let shell_id = &row.session.shell.shell_id;
    Err(format!("{shell_id} {problem} the object has neither Endpoint nor ComputerName"))
}

/// Whether an object says by itself which session is meant: on its endpoint, or on none that could be asked.
fn has_place(row: &Row) -> bool {
    !row.session.endpoint_url.is_empty() || row.session.transport != Transport::WsMan
}

/// A session that only an object tells of is nobody's own here, and who logs in, and how, is not for a pipe to say.
fn unknown(row: Row) -> Row {
    let session = SessionDescriptor { id: None, ..row.session };
    Row { note: RowMetadata { session_id: row.note.session_id, ..RowMetadata::new(Origin::Listed) }, session }
}

/// The local table, which a command without servers cannot do without.
pub(super) fn known(table: Option<&Table>) -> Result<&Table, Diagnostic> {
    table.ok_or_else(|| {
        Diagnostic::new("StoreUnusable", "OpenError", "there is no local table", Exit::COULD_NOT_BEGIN)
            .with_hint("use --store FILE to select one, or --on HOST to query a server")
    })
}

/// Where else to look for what is missed.
pub(super) fn advice(scope: &Scope) -> Option<String> {
    match scope {
        Scope::Table(origins) if origins.contains(&Origin::Listed) => Some(
            "list the known sessions with `pssession get --cached`, or use --on HOST to query a \
                server"
                .to_owned(),
        ),
        Scope::Table(_) => {
            Some("use --cached to include listed sessions, or --on HOST to query a server".to_owned())
        }
        Scope::Servers => Some(
            "list the sessions with `pssession get` and the same --on, or use the wildcards * and ?"
                .to_owned(),
        ),
        Scope::Objects(..) => None,
    }
}

/// What to say where no session was chosen: what the scope leaves out may be what was meant.
pub(super) async fn nothing(
    scope: &Scope,
    recalled: &Recalled,
    table: Option<&Table>,
) -> Result<String, Diagnostic> {
    if let Scope::Objects(..) = scope {
        let why = if recalled.nothing_asked {
            "the input contains no objects"
        } else {
            "no session in the input matches"
        };
        return Ok(why.to_owned());
    }
    Ok(match left_out(scope, table).await? {
        None => format!("{NO_MATCH}; use --on HOST to query a server"),
        Some(left_out) => format!("{NO_MATCH}; {left_out}, or --on HOST to query the server"),
    })
}

/// The same where no server can be asked.
pub(super) async fn nothing_known(
    scope: &Scope,
    recalled: &Recalled,
    table: Option<&Table>,
) -> Result<String, Diagnostic> {
    if let Scope::Objects(..) = scope {
        let why = match recalled.nothing_asked {
            true => "the input contains no objects",
            false => "no session in the input is in the local table and matches",
        };
        return Ok(why.to_owned());
    }
    Ok(match left_out(scope, table).await? {
        None => NO_MATCH.to_owned(),
        Some(left_out) => format!("{NO_MATCH}; {left_out}"),
    })
}

const NO_MATCH: &str = "no session in the local table matches";

/// The sessions of the table that the scope does not look at, if there are any.
async fn left_out(scope: &Scope, table: Option<&Table>) -> Result<Option<String>, Diagnostic> {
    let listed = match (scope, table) {
        (Scope::Table(origins), Some(table)) if !origins.contains(&Origin::Listed) => {
            table.count(&[Origin::Listed]).await?
        }
        _ => 0,
    };
    let were = if listed == 1 { "was" } else { "were" };
    let sessions = plural(listed, "session");
    Ok((listed > 0).then(|| format!("for {sessions} that {were} only listed on a server, use --cached")))
}
