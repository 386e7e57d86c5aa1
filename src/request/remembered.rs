//! Sessions that are remembered: those of the local table, and those that objects name.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::error::{RequestError, TableError};
use super::source::Source;
use super::table::SessionTable;
use crate::interchange::{
    NameProperty, ObjectError, ObjectPosition, ReadErrors, SessionObject, SessionReference, UnboundObject,
};
use crate::session::{
    LocalId, Miss, Selection, Selector, SelectorProperty, SessionDescriptor, SessionQuery, Transport,
    WildcardPattern,
};
use crate::store::{Origin, Row, RowMetadata, Rows};
use crate::wsman::ShellId;

/// The most objects of one source that select by a name or the like: each is compared with the whole table.
const MAX_SELECTING: usize = 10_000;

/// How many objects that cannot be bound are kept; the others are counted.
const MAX_UNBOUND: usize = 20;

/// Objects that name no session, because PowerShell binds them to no parameter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnboundObjects {
    /// The first of them. The number is that of the miss before which each one stands.
    pub objects: Vec<(usize, ObjectPosition, UnboundObject)>,
    /// How many more there are.
    pub more: usize,
}

impl UnboundObjects {
    /// How many errors they are: one each, and one for all that were only counted.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.objects.len() + usize::from(self.more > 0)
    }
}

/// What a source remembers.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    pub(super) rows: Rows,
    /// Objects that name rows which are not there.
    misses: Vec<Miss>,
    pub(super) unbound: UnboundObjects,
    /// How many objects there were, each of which names something that should be there.
    literals: usize,
    /// The source had no object.
    pub(super) is_empty: bool,
}

impl Remembered {
    /// The sessions of the source that the query may choose.
    pub(super) async fn read(
        source: &mut Source,
        query: &SessionQuery,
        table: Option<&SessionTable>,
    ) -> Result<Self, RequestError> {
        match source {
            Source::Hosts => Ok(Self::default()),
            Source::Table(origins) => {
                let table = table.ok_or(TableError::Missing)?;
                Ok(Self { rows: table.rows(query, origins).await?, ..Self::default() })
            }
            Source::Objects { objects, name } => {
                let objects = std::mem::take(objects);
                let (is_empty, known) = (objects.is_empty(), Known::of(&objects, table).await?);
                let refused = |errors| RequestError::Objects { name: name.clone(), errors };
                let bound = bind(objects, &known).map_err(refused)?;
                Ok(Self { is_empty, ..bound })
            }
        }
    }

    /// Leaves out the objects that are no rows of the local table.
    pub(super) fn only_rows_of_the_table(self) -> Self {
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

/// What the local table knows of some objects.
#[derive(Debug, Default)]
struct Known {
    /// By endpoint and ShellId, in the order in which the placed sessions stand among the objects.
    placed: Vec<Option<Row>>,
    by_instance_id: HashMap<Uuid, Vec<Row>>,
    by_id: HashMap<LocalId, Row>,
    /// Among which objects choose by a name or the like, as the options do: those of the current session...
    current: Rows,
    /// ... and all of them, where an Id or an instance id is given.
    all: Rows,
}

impl Known {
    async fn of(objects: &[SessionObject], table: Option<&SessionTable>) -> Result<Self, TableError> {
        let (mut places, mut instance_ids, mut ids) = (Vec::new(), Vec::new(), Vec::new());
        let (mut among_current, mut among_all) = (false, false);
        for object in objects {
            match &object.reference {
                SessionReference::Session(row) if has_place(row) => {
                    places.push((row.session.endpoint_url.clone(), row.session.shell.shell_id.clone()));
                }
                SessionReference::Session(row) => instance_ids.extend(row.session.instance_id()),
                SessionReference::Id { id, .. } => ids.push(*id),
                SessionReference::Rows { selector, id } if among_all_rows(selector, *id) => among_all = true,
                SessionReference::Rows { .. } => among_current = true,
                SessionReference::Unbound(_) => {}
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
        let rows = if among_all_rows(&selector, id) { &self.all } else { &self.current };
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
            true => {
                let sessions = if count == 1 { "session" } else { "sessions" };
                Err(format!("it lists {count} {sessions}, but none with the Id {}", id.0))
            }
        }
    }
}

/// Each object becomes a session once, at its first place. What the table knows of it counts more than what the object
/// says: a pipe cannot testify.
fn bind(objects: Vec<SessionObject>, known: &Known) -> Result<Remembered, ReadErrors> {
    let mut bound = Bound::default();
    let mut errors = ReadErrors::default();
    let mut placed = known.placed.iter();
    let mut selecting =
        objects.iter().filter(|object| matches!(object.reference, SessionReference::Rows { .. }));
    if let Some(object) = selecting.nth(MAX_SELECTING) {
        let problem =
            format!("more than {MAX_SELECTING} objects without ShellId, InstanceId and Id; split the input");
        errors.add(ObjectError::new(object.position, problem));
        return Err(errors);
    }
    for SessionObject { position, reference } in objects {
        let mut refuse = |problem: String| errors.add(ObjectError::new(position, problem));
        match reference {
            SessionReference::Session(row) if has_place(&row) => {
                let known = placed.next().cloned().flatten();
                let known = known.filter(|known| agree(&known.session, &row.session));
                bound.add(known.unwrap_or_else(|| unknown(*row)));
            }
            SessionReference::Session(row) => match placed_by_the_table(&row, known) {
                Ok(row) => bound.add(row),
                Err(problem) => refuse(problem),
            },
            SessionReference::Unbound(object) => {
                let unbound = &mut bound.unbound;
                if unbound.objects.len() < MAX_UNBOUND {
                    unbound.objects.push((bound.misses.len(), position, object));
                } else {
                    unbound.more += 1;
                }
            }
            SessionReference::Id { id, names } => match known.by_id.get(&id) {
                Some(row) => match other_than(row, &names) {
                    None => bound.add(row.clone()),
                    Some(problem) => refuse(problem),
                },
                None => bound.misses.push(Miss {
                    property: SelectorProperty::Id,
                    value: id.0.to_string(),
                    silent: false,
                    literal: true,
                }),
            },
            SessionReference::Rows { selector, id } => match known.choose(selector, id) {
                Ok((rows, misses)) => {
                    rows.into_iter().for_each(|row| bound.add(row));
                    bound.misses.extend(misses);
                }
                Err(problem) => refuse(problem),
            },
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Remembered {
        literals: bound.rows.len() + bound.misses.len(),
        rows: bound.rows.into_iter().collect(),
        misses: bound.misses,
        unbound: bound.unbound,
        is_empty: false,
    })
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
    Some(&*session.shell.resource_uri).filter(|uri| !uri.is_empty())
}

/// Whether an object chooses among all rows of the table, however they came into it: it names one of them.
fn among_all_rows(selector: &Selector, id: Option<LocalId>) -> bool {
    id.is_some() || matches!(selector, Selector::Id(_) | Selector::InstanceId(_) | Selector::AnyOf(_))
}

/// What speaks against it that an object with no more than an Id means this row: PowerShell and other tables count, too.
fn other_than(row: &Row, names: &[NameProperty]) -> Option<String> {
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
    unbound: UnboundObjects,
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
