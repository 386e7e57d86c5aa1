//! Selectors: ways of picking sessions, and what counts as a miss in each.

use std::fmt;
use std::net::Ipv6Addr;

use uuid::Uuid;

use super::descriptor::ComputerType;
use super::selector_fields::SelectorFields;
use super::wildcard::WildcardPattern;

/// One way of picking sessions; its values are alternatives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Selector {
    /// By local number; ranges are inclusive, ascending or descending. A range misses once, as a whole, when none of
    /// its numbers is there.
    Id(Vec<IdRange>),
    /// By name, with wildcards. A session without a name is not even found by `*`.
    Name(Vec<WildcardPattern>),
    /// By computer name, with wildcards. `.` also means `localhost`, where no computer has that name. An IPv6 address,
    /// with or without brackets, is an address and never a pattern.
    ComputerName(Vec<WildcardPattern>),
    /// By instance id, which is the shell's id as a GUID.
    InstanceId(Vec<Uuid>),
    /// By container id: exact, case-sensitive, and only containers.
    ContainerId(Vec<String>),
    /// By virtual machine id, and only virtual machines.
    VmId(Vec<Uuid>),
    /// By virtual machine name, with wildcards, and only virtual machines.
    VmName(Vec<WildcardPattern>),
    /// Every session.
    All,
    /// What any of these selectors picks, one after another.
    AnyOf(Vec<Selector>),
}

/// An inclusive range of local numbers, in the order in which it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdRange {
    /// The first number.
    pub first: i64,
    /// The last number, which may be below the first.
    pub last: i64,
}

impl IdRange {
    /// One number.
    #[must_use]
    pub const fn single(number: i64) -> Self {
        Self { first: number, last: number }
    }
}

impl fmt::Display for IdRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}..{}", self.first, self.last)
        }
    }
}

/// The property of a session that a selector compares with its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SelectorProperty {
    /// PowerShell's Id, a small number of one table.
    Id,
    /// The instance id, a GUID.
    InstanceId,
    /// The id of a virtual machine.
    VmId,
    /// The id of a container.
    ContainerId,
    /// The session's name.
    Name,
    /// The name of a virtual machine.
    VmName,
    /// The computer's name.
    ComputerName,
}

/// In lower case and with blanks, such as `instance id`.
impl fmt::Display for SelectorProperty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Id => "id",
            Self::InstanceId => "instance id",
            Self::VmId => "vm id",
            Self::ContainerId => "container id",
            Self::Name => "name",
            Self::VmName => "vm name",
            Self::ComputerName => "computer name",
        })
    }
}

/// A selector value that found nothing, judged before filters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// What the value was compared with.
    pub property: SelectorProperty,
    /// The value as it was given; a GUID dashed and lower-case.
    pub value: String,
    /// Whether PowerShell stays silent about it (a name with wildcards, a VM, a container).
    pub silent: bool,
    /// Whether the value is no pattern: it names one thing, and that is not there.
    pub literal: bool,
}

impl Selector {
    /// How many of its values are no patterns.
    pub(super) fn literals(&self) -> usize {
        let of =
            |patterns: &[WildcardPattern]| patterns.iter().filter(|pattern| !pattern.is_wildcard()).count();
        let computers = |patterns: &[WildcardPattern]| {
            patterns.iter().filter(|pattern| names_a_computer(pattern)).count()
        };
        match self {
            Self::Id(ranges) => ranges.len(),
            Self::InstanceId(guids) | Self::VmId(guids) => guids.len(),
            Self::ContainerId(texts) => texts.len(),
            Self::Name(patterns) | Self::VmName(patterns) => of(patterns),
            Self::ComputerName(patterns) => computers(patterns),
            Self::All => 0,
            Self::AnyOf(selectors) => selectors.iter().map(Self::literals).sum(),
        }
    }

    /// Whether it names sessions by their Id.
    pub(super) fn has_ids(&self) -> bool {
        match self {
            Self::Id(_) => true,
            Self::AnyOf(selectors) => selectors.iter().any(Self::has_ids),
            _ => false,
        }
    }

    /// Picks sessions value by value, each in table order, and notes the values that found none.
    pub(super) fn pick(&self, sessions: &[impl SelectorFields], misses: &mut Vec<Miss>) -> Picked {
        let mut picked = Picked::none(sessions);
        let mut note = |hit: bool, property, value: &dyn fmt::Display, silent, literal| {
            if !hit {
                misses.push(Miss { property, value: value.to_string(), silent, literal });
            }
        };
        match self {
            Self::All => return Picked::all(sessions),
            Self::AnyOf(selectors) => {
                for selector in selectors {
                    picked.append(selector.pick(sessions, misses));
                }
            }
            Self::Id(ranges) => {
                let ids = Index::new(sessions, |session| Some(session.id()?.0));
                for range in ranges {
                    note(
                        picked.add(ids.walk(range.first, range.last)),
                        SelectorProperty::Id,
                        range,
                        false,
                        true,
                    );
                }
            }
            Self::InstanceId(guids) => {
                let ids = Index::new(sessions, SelectorFields::instance_id);
                for guid in guids {
                    note(picked.add(ids.walk(*guid, *guid)), SelectorProperty::InstanceId, guid, false, true);
                }
            }
            Self::VmId(guids) => {
                let ids =
                    Index::new(sessions, |session| of_type(session, ComputerType::VirtualMachine)?.vm_id());
                for guid in guids {
                    note(picked.add(ids.walk(*guid, *guid)), SelectorProperty::VmId, guid, true, true);
                }
            }
            Self::ContainerId(texts) => {
                let ids = Index::new(sessions, |session| {
                    Some(of_type(session, ComputerType::Container)?.container_id())
                });
                for text in texts {
                    note(picked.add(ids.walk(text, text)), SelectorProperty::ContainerId, text, true, true);
                }
            }
            Self::Name(patterns) => {
                for pattern in patterns {
                    let hit = picked.add(scan(sessions, |session| pattern.matches(session.name()?).into()));
                    let is_pattern = pattern.is_wildcard();
                    note(hit, SelectorProperty::Name, &pattern.as_str(), is_pattern, !is_pattern);
                }
            }
            Self::VmName(patterns) => {
                for pattern in patterns {
                    let hit = picked.add(scan(sessions, |session| {
                        Some(pattern.matches(of_type(session, ComputerType::VirtualMachine)?.vm_name()))
                    }));
                    note(hit, SelectorProperty::VmName, &pattern.as_str(), true, !pattern.is_wildcard());
                }
            }
            Self::ComputerName(patterns) => {
                for pattern in patterns {
                    let hit = pick_computer(pattern, sessions, &mut picked);
                    note(
                        hit,
                        SelectorProperty::ComputerName,
                        &pattern.as_str(),
                        false,
                        names_a_computer(pattern),
                    );
                }
            }
        }
        picked
    }
}

/// Picks by computer name; returns whether there was one.
fn pick_computer(pattern: &WildcardPattern, sessions: &[impl SelectorFields], picked: &mut Picked) -> bool {
    if let Some(wanted) = ipv6_literal(pattern.as_str()) {
        return picked.add(scan(sessions, |session| Some(ipv6_literal(session.computer_name())? == wanted)));
    }
    let by_text = scan(sessions, |session| Some(pattern.matches(session.computer_name())));
    picked.add(by_text)
        || pattern.as_str() == "."
            && picked.add(scan(sessions, |session| {
                Some(session.computer_name().eq_ignore_ascii_case("localhost"))
            }))
}

/// Whether a computer name is no pattern: an IPv6 address in brackets is none, either.
fn names_a_computer(pattern: &WildcardPattern) -> bool {
    !pattern.is_wildcard() || ipv6_literal(pattern.as_str()).is_some()
}

/// An IPv6 address with or without its brackets, and its zone.
fn ipv6_literal(text: &str) -> Option<(Ipv6Addr, &str)> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let (address, zone) = bare.split_once('%').unwrap_or((bare, ""));
    Some((address.parse().ok()?, zone))
}

fn of_type<G: SelectorFields>(session: &G, wanted: ComputerType) -> Option<&G> {
    (session.computer_type() == wanted).then_some(session)
}

/// The positions of the sessions that pass a test; `None` is a property that is not there.
fn scan<G: SelectorFields>(sessions: &[G], test: impl Fn(&G) -> Option<bool>) -> impl Iterator<Item = usize> {
    let passing = move |session: &G| test(session).unwrap_or(false);
    sessions.iter().enumerate().filter_map(move |(index, session)| passing(session).then_some(index))
}

/// Positions, each once, in the order in which they were found.
#[derive(Clone, Debug)]
pub(super) struct Picked {
    order: Vec<usize>,
    present: Vec<bool>,
    /// For each value that found something, the first that it found: without it the value would be a miss.
    first_matches: Vec<usize>,
}

impl Picked {
    fn none(sessions: &[impl SelectorFields]) -> Self {
        Self { order: Vec::new(), present: vec![false; sessions.len()], first_matches: Vec::new() }
    }

    pub(super) fn all(sessions: &[impl SelectorFields]) -> Self {
        Self {
            order: (0..sessions.len()).collect(),
            present: vec![true; sessions.len()],
            first_matches: Vec::new(),
        }
    }

    /// Adds positions and says whether there was any, new or not.
    fn add(&mut self, found: impl Iterator<Item = usize>) -> bool {
        let mut first = None;
        for index in found {
            first = first.or(Some(index));
            if let Some(present @ false) = self.present.get_mut(index) {
                *present = true;
                self.order.push(index);
            }
        }
        self.first_matches.extend(first);
        first.is_some()
    }

    /// Adds what another selector picked.
    fn append(&mut self, other: Self) {
        self.add(other.order.into_iter());
        // Of these `add` has kept the first of all, which is one of them.
        self.first_matches.extend(other.first_matches);
    }

    pub(super) fn contains(&self, index: usize) -> bool {
        self.present.get(index).copied().unwrap_or(false)
    }

    #[cfg(feature = "store")]
    pub(super) fn first_matches(&self) -> &[usize] {
        &self.first_matches
    }

    pub(super) fn into_order(self) -> Vec<usize> {
        self.order
    }
}

/// Sessions by a key, so that many values against many sessions, or a range of two billion numbers, stay cheap.
struct Index<K> {
    entries: Vec<(K, usize)>,
}

impl<K: Ord> Index<K> {
    fn new<'a, G: SelectorFields>(sessions: &'a [G], key: impl Fn(&'a G) -> Option<K>) -> Self {
        let keyed = sessions.iter().enumerate();
        let mut entries: Vec<_> = keyed.filter_map(|(index, session)| Some((key(session)?, index))).collect();
        entries.sort_unstable();
        Self { entries }
    }

    /// Positions by key from `first` to `last`, upwards or downwards; those of one key in table order.
    fn walk(&self, first: K, last: K) -> impl Iterator<Item = usize> {
        let descending = first > last;
        let (low, high) = if descending { (last, first) } else { (first, last) };
        let start = self.entries.partition_point(|(key, _)| *key < low);
        let end = self.entries.partition_point(|(key, _)| *key <= high);
        let mut keys = self.entries.get(start..end).unwrap_or_default().chunk_by(|one, next| one.0 == next.0);
        let turn = move || if descending { keys.next_back() } else { keys.next() };
        std::iter::from_fn(turn).flatten().map(|(_, index)| *index)
    }
}
