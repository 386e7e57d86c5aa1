//! Which sessions are meant: selectors that pick, filters that narrow, misses that are reported.

use std::collections::HashSet;

use uuid::Uuid;

use super::account::Comparison;
use super::descriptor::SessionDescriptor;
use super::filter::Filter;
use super::keep_newest::KeepNewest;
use super::owner_pattern::{OwnerMatch, OwnerPattern};
use super::selector::{Miss, Picked, Selector};
use super::selector_fields::SelectorFields;

/// Selectors and filters: different options must all agree, values of one option are alternatives.
///
/// Two entries of the same kind are different options: put all values of one option into one entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionQuery {
    selectors: Vec<Selector>,
    filters: Vec<Filter>,
    keep_newest: Option<KeepNewest>,
}

/// What a query found among the sessions that it was shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Indexes of the chosen sessions, each once, at its first position.
    pub chosen: Vec<usize>,
    /// Selector values that found nothing, in the order in which they were given.
    pub misses: Vec<Miss>,
    /// How many more there were that passed all selectors and filters, and are left out because the newest are kept.
    pub kept: usize,
    /// How many selector values were given that are no patterns.
    pub literals: usize,
    /// Indexes of those that only [`Filter::Mine`] or [`Filter::NotMine`] leaves out, because whether the account that
    /// saw them owns them cannot be told.
    pub not_comparable: Vec<usize>,
    /// Indexes of those that only [`Filter::Exclude`] leaves out, because the server reports no name for them: it might
    /// be one of the excluded ones.
    pub unnamed: Vec<usize>,
    /// Indexes of those that only [`Filter::NotOwner`] leaves out, because their owner may be one of those to leave out.
    pub owner_in_doubt: Vec<usize>,
    /// The values of [`Filter::Owner`] that match no session at all, whatever else was asked for.
    pub owners: OwnersSeen,
}

/// Owners that were asked for and are not there, beside those that are. Nothing where every value of [`Filter::Owner`]
/// matches some session, or there is no session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnersSeen {
    /// The patterns that match no owner, in the order in which they were given.
    pub unmatched: Vec<String>,
    /// Each owner of a session once, ignoring case, in the order of the sessions.
    pub seen: Vec<String>,
}

impl OwnersSeen {
    fn of<'a>(patterns: &[&OwnerPattern], sessions: &'a [SessionDescriptor]) -> Self {
        if patterns.is_empty() || sessions.is_empty() {
            return Self::default();
        }
        let (mut known, mut seen) = (HashSet::new(), Vec::new());
        for owner in
            sessions.iter().filter_map(|session: &'a SessionDescriptor| session.shell.owner.as_deref())
        {
            if !owner.trim().is_empty() && known.insert(owner.to_lowercase()) {
                seen.push(owner.to_owned());
            }
        }
        let is_unmatched = |pattern: &&&OwnerPattern| !seen.iter().any(|owner| pattern.matches(owner));
        let unmatched: Vec<_> =
            patterns.iter().filter(is_unmatched).map(|pattern| pattern.as_str().to_owned()).collect();
        Self { unmatched, seen }
    }

    /// The same of two sources together: a pattern is unmatched only where neither has such an owner.
    #[cfg(feature = "request")]
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.unmatched.retain(|pattern| other.unmatched.contains(pattern));
        let known: HashSet<_> = self.seen.iter().map(|owner| owner.to_lowercase()).collect();
        self.seen.extend(other.seen.into_iter().filter(|owner| !known.contains(&owner.to_lowercase())));
        self
    }
}

impl Selection {
    /// How many values that are no patterns found nothing.
    #[must_use]
    pub fn literal_misses(&self) -> usize {
        self.misses.iter().filter(|miss| miss.literal).count()
    }

    /// Whether anything was found, also what filters then left out: a session, or one for a value that is no pattern.
    #[must_use]
    pub fn found_any(&self) -> bool {
        self.chosen.len() + self.kept > 0 || self.literal_misses() < self.literals
    }
}

impl SessionQuery {
    /// Combines selectors and filters.
    #[must_use]
    pub fn new(selectors: Vec<Selector>, filters: Vec<Filter>) -> Self {
        Self { selectors, filters, keep_newest: None }
    }

    /// Leaves the newest sessions out of what the selectors and filters have chosen: the last thing that is done.
    #[must_use]
    pub fn keeping_newest(mut self, keep: KeepNewest) -> Self {
        self.keep_newest = Some(keep);
        self
    }

    /// Whether neither a selector nor a filter was given; keeping the newest counts as a filter. Such a query chooses
    /// everything, so whoever removes asks this first.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.selectors.is_empty() && self.filters.is_empty() && self.keep_newest.is_none()
    }

    /// Whether it chooses every session that there is, as it does where [`Selector::All`] alone was given.
    #[must_use]
    pub fn chooses_everything(&self) -> bool {
        let narrows = self.selectors.iter().any(|selector| !matches!(selector, Selector::All));
        !narrows && self.filters.is_empty() && self.keep_newest.is_none()
    }

    /// The instance ids to which the selectors confine it; `None` if they do not. Where a server does not list its
    /// sessions it can be asked for these.
    #[must_use]
    pub fn instance_ids(&self) -> Option<&[Uuid]> {
        self.selectors.iter().find_map(|selector| match selector {
            Selector::InstanceId(guids) => Some(guids.as_slice()),
            _ => None,
        })
    }

    /// Whether a selector names sessions by their Id, which only a local table gives.
    #[must_use]
    pub fn has_ids(&self) -> bool {
        self.selectors.iter().any(Selector::has_ids)
    }

    /// Whether a filter asks if commands run in a session, so that its commands must be listed.
    #[must_use]
    pub fn needs_commands(&self) -> bool {
        self.filters.iter().any(Self::is_on_commands)
    }

    fn is_on_commands(filter: &Filter) -> bool {
        matches!(filter, Filter::SkipRunning | Filter::Running)
    }

    /// The accounts that [`Filter::NotOwner`] leaves out.
    pub fn excluded_owners(&self) -> impl Iterator<Item = &OwnerPattern> {
        self.filters.iter().flat_map(|filter| match filter {
            Filter::NotOwner(patterns) => patterns.as_slice(),
            _ => &[],
        })
    }

    /// Whether it only asks for sessions of the account that sees them.
    #[must_use]
    pub fn is_only_mine(&self) -> bool {
        self.filters.contains(&Filter::Mine)
    }

    /// Whether it keeps the newest sessions.
    #[must_use]
    pub fn keeps_newest(&self) -> bool {
        self.keep_newest.is_some()
    }

    /// The same for remembered sessions: whether a command runs in them, and which of them are the newest that are left,
    /// is not known before their hosts are asked.
    #[must_use]
    pub fn for_remembered(&self) -> Self {
        let filters = self.filters.iter().filter(|filter| !Self::is_on_commands(filter));
        Self::new(self.selectors.clone(), filters.cloned().collect())
    }

    /// Whether all filters let this session pass: what was chosen before and has changed since is judged again by them.
    #[must_use]
    pub fn admits(&self, session: &SessionDescriptor) -> bool {
        self.filters.iter().all(|filter| filter.admits(session))
    }

    /// Indexes of those sessions that are not among the newest to keep: the last step of a selection alone, for what was
    /// chosen before and has changed since.
    #[must_use]
    pub fn without_newest(&self, sessions: &[SessionDescriptor]) -> Vec<usize> {
        let mut chosen = (0..sessions.len()).collect();
        if let Some(keep) = &self.keep_newest {
            keep.narrow(&mut chosen, sessions);
        }
        chosen
    }

    /// Picks among `sessions`, which are in table order.
    ///
    /// The order is PowerShell's: the values of the first selector one after another, for each its sessions in table
    /// order, and each session once, at its first position; without a selector it is the table's. Misses are judged
    /// before filters, for each selector on its own and for each value: one that is given twice misses twice.
    #[must_use]
    pub fn select(&self, sessions: &[SessionDescriptor]) -> Selection {
        let mut misses = Vec::new();
        let picks = self.pick(sessions, &mut misses);
        let (first, others) = match picks.split_first() {
            Some((first, others)) => (first.clone(), others),
            None => (Picked::all(sessions), [].as_slice()),
        };
        let mut chosen = first.into_order();
        chosen.retain(|&index| others.iter().all(|picked| picked.contains(index)));
        let is = |judge: fn(&Self, &SessionDescriptor) -> bool, index: &usize| {
            sessions.get(*index).is_some_and(|session| judge(self, session))
        };
        let those = |judge| chosen.iter().copied().filter(|index| is(judge, index)).collect();
        let not_comparable = those(Self::cannot_compare);
        let unnamed = those(Self::cannot_exclude);
        let owner_in_doubt = those(Self::may_be_excluded_owner);
        chosen.retain(|index| is(Self::admits, index));
        let all = chosen.len();
        if let Some(keep) = &self.keep_newest {
            keep.narrow(&mut chosen, sessions);
        }
        let kept = all.saturating_sub(chosen.len());
        let literals = self.selectors.iter().map(Selector::literals).sum();
        let owners = OwnersSeen::of(&self.owners(), sessions);
        Selection { chosen, misses, kept, literals, not_comparable, unnamed, owner_in_doubt, owners }
    }

    /// The values of [`Filter::Owner`].
    fn owners(&self) -> Vec<&OwnerPattern> {
        let values = self.filters.iter().filter_map(|filter| match filter {
            Filter::Owner(patterns) => Some(patterns),
            _ => None,
        });
        values.flatten().collect()
    }

    /// Whether all filters would let this session pass if its owner were certainly none of those to leave out.
    fn may_be_excluded_owner(&self, session: &SessionDescriptor) -> bool {
        let owner = session.shell.owner.as_deref();
        let (mut in_doubt, mut matches) = (false, false);
        for pattern in self.excluded_owners() {
            match pattern.relate(owner) {
                OwnerMatch::Matches => matches = true,
                OwnerMatch::InDoubt => in_doubt = true,
                OwnerMatch::Differs => {}
            }
        }
        in_doubt && !matches && self.leaves_out_alone(|filter| matches!(filter, Filter::NotOwner(_)), session)
    }

    /// Whether all filters would let this session pass if its owner could be compared with the account that saw it.
    fn cannot_compare(&self, session: &SessionDescriptor) -> bool {
        session.ownership() == Comparison::NotComparable
            && self.leaves_out_alone(|filter| matches!(filter, Filter::Mine | Filter::NotMine), session)
    }

    /// Whether all filters would let this session pass if its name were known and none of the excluded ones.
    fn cannot_exclude(&self, session: &SessionDescriptor) -> bool {
        !session.has_known_name()
            && self.leaves_out_alone(|filter| matches!(filter, Filter::Exclude(_)), session)
    }

    /// Whether there are filters of this kind, and all others let the session pass.
    fn leaves_out_alone(&self, kind: impl Fn(&Filter) -> bool, session: &SessionDescriptor) -> bool {
        let (these, others): (Vec<_>, Vec<_>) = self.filters.iter().partition(|filter| kind(filter));
        !these.is_empty() && others.iter().all(|filter| filter.admits(session))
    }

    /// Which of these sessions [`select`](Self::select) has to be shown, in table order, to choose and miss what it
    /// would among them all: those that every selector picks, and one for each value that is no miss.
    #[cfg(feature = "store")]
    pub(crate) fn needed(&self, fields: &[impl SelectorFields]) -> Vec<usize> {
        let picks = self.pick(fields, &mut Vec::new());
        let everywhere = |index: &usize| picks.iter().all(|picked| picked.contains(*index));
        let mut needed: Vec<_> = (0..fields.len()).filter(everywhere).collect();
        needed.extend(picks.iter().flat_map(Picked::first_matches));
        needed.sort_unstable();
        needed.dedup();
        needed
    }

    /// What the table has to show of each session for [`needed`](Self::needed).
    #[cfg(feature = "store")]
    pub(crate) fn selectors(&self) -> &[Selector] {
        &self.selectors
    }

    fn pick(&self, sessions: &[impl SelectorFields], misses: &mut Vec<Miss>) -> Vec<Picked> {
        self.selectors.iter().map(|selector| selector.pick(sessions, misses)).collect()
    }
}

#[cfg(test)]
#[cfg(feature = "store")]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::super::sample;
    use super::*;
    use crate::session::{ComputerType, GroupKey, IdRange, LocalId, SelectorProperty, WildcardPattern};
    use crate::wsman::ShellId;

    const NAMES: [&str; 4] = ["", "a", "ab", "b"];
    const COMPUTERS: [&str; 5] = [".", "localhost", "[::1]", "0::1", "a"];
    const PATTERNS: [&str; 7] = ["*", "a*", "b", ".", "::1", "localhost", "c*"];

    prop_compose! {
        fn session()(
            id in prop::option::of(0_i64..5),
            name in prop::option::of(select(&NAMES[..])),
            computer in select(&COMPUTERS[..]),
            kind in select(vec![ComputerType::RemoteMachine, ComputerType::VirtualMachine, ComputerType::Container]),
            guids in (0_u128..3, prop::option::of(0_u128..3)),
            texts in (select(&NAMES[..]), select(&NAMES[..])),
            port in 1_u16..3,
        ) -> SessionDescriptor {
            let mut session = sample::session(|shell| {
                shell.name = name.map(Into::into);
                shell.shell_id = ShellId::from_guid(Uuid::from_u128(guids.0));
            });
            session.id = id.map(LocalId);
            session.computer_name = computer.into();
            session.computer_type = kind;
            session.vm_id = guids.1.map(Uuid::from_u128);
            session.vm_name = texts.0.to_owned();
            session.container_id = texts.1.to_owned();
            session.port = port;
            session
        }
    }

    fn selector() -> impl Strategy<Value = Selector> {
        let pattern =
            || select(&PATTERNS[..]).prop_filter_map("not a pattern", |text| WildcardPattern::new(text).ok());
        let patterns = || vec(pattern(), 0..3);
        let guids = || vec((0_u128..4).prop_map(Uuid::from_u128), 0..3);
        let range = (-1_i64..7, -1_i64..7).prop_map(|(first, last)| IdRange { first, last });
        let alternatives = prop_oneof![
            vec(range.clone(), 0..3).prop_map(Selector::Id),
            guids().prop_map(Selector::InstanceId),
        ];
        prop_oneof![
            Just(Selector::All),
            vec(alternatives, 0..3).prop_map(Selector::AnyOf),
            vec(range, 0..3).prop_map(Selector::Id),
            patterns().prop_map(Selector::Name),
            patterns().prop_map(Selector::ComputerName),
            patterns().prop_map(Selector::VmName),
            guids().prop_map(Selector::InstanceId),
            guids().prop_map(Selector::VmId),
            vec(select(&NAMES[..]).prop_map(str::to_owned), 0..3).prop_map(Selector::ContainerId),
        ]
    }

    #[test]
    fn what_only_a_comparison_of_accounts_leaves_out_is_told() {
        let owned = |owner: &str, port: u16| {
            let mut session = sample::session(|shell| shell.owner = Some(owner.into()));
            session.port = port;
            session
        };
        let sessions = [owned(r"LAB\ada", 1), owned("ada", 1), owned("ada", 2), owned(r"LAB\bob", 1)];
        let select = |filters: Vec<Filter>| {
            let selection = SessionQuery::new(Vec::new(), filters).select(&sessions);
            (selection.chosen, selection.not_comparable)
        };
        let port = || Filter::Port(vec![1]);
        assert_eq!(select(vec![Filter::Mine, port()]), (vec![0], vec![1]));
        assert_eq!(select(vec![port(), Filter::NotMine]), (vec![3], vec![1]));
        assert_eq!(select(vec![Filter::NotMine]), (vec![3], vec![1, 2]));
        assert_eq!(select(vec![port()]), (vec![0, 1, 3], vec![]));
    }

    #[test]
    fn an_owner_that_is_not_there_is_told_beside_those_that_are() {
        let owned = |owner: &str| sample::session(|shell| shell.owner = Some(owner.into()));
        let sessions = [owned(r"LAB\ada"), owned(r"lab\ADA"), owned(r"LAB\bob"), owned("")];
        let owners = |texts: &[&str]| {
            let patterns = texts.iter().map(|text| OwnerPattern::new(text).unwrap()).collect();
            vec![Filter::Owner(patterns), Filter::Port(vec![1])]
        };
        let select = |texts: &[&str], sessions: &[SessionDescriptor]| {
            SessionQuery::new(Vec::new(), owners(texts)).select(sessions).owners
        };
        let found = select(&["ada", "nobody", r"FAR\bob"], &sessions);
        assert_eq!(found.unmatched, ["nobody", r"FAR\bob"]);
        assert_eq!(found.seen, [r"LAB\ada", r"LAB\bob"]);
        assert_eq!(select(&["ada", "b*"], &sessions).unmatched, [""; 0]);
        assert_eq!(select(&["nobody"], &[]), OwnersSeen::default());
    }

    #[test]
    fn what_only_a_doubt_about_the_owner_leaves_out_is_told() {
        let owned = |owner: Option<&str>| sample::session(|shell| shell.owner = owner.map(Into::into));
        let sessions = [owned(Some(r"LAB\ada")), owned(Some("ada")), owned(None), owned(Some(r"LAB\bob"))];
        let select = |texts: &[&str]| {
            let patterns = texts.iter().map(|text| OwnerPattern::new(text).unwrap()).collect();
            let selection = SessionQuery::new(Vec::new(), vec![Filter::NotOwner(patterns)]).select(&sessions);
            (selection.chosen, selection.owner_in_doubt)
        };
        assert_eq!(select(&[r"LAB\ada"]), (vec![3], vec![1, 2]));
        assert_eq!(select(&["ada"]), (vec![3], vec![2]));
        assert_eq!(select(&["ada@lab.example"]), (vec![], vec![0, 1, 2, 3]));
    }

    #[test]
    fn one_of_several_selectors_is_enough_and_the_order_is_theirs() {
        let numbered = |number: u128| {
            let mut session =
                sample::session(|shell| shell.shell_id = ShellId::from_guid(Uuid::from_u128(number)));
            session.id = Some(LocalId(i64::try_from(number).unwrap()));
            session
        };
        let sessions = [numbered(1), numbered(2), numbered(3)];
        let guid = |number| Selector::InstanceId(vec![Uuid::from_u128(number)]);
        let id = |number| Selector::Id(vec![IdRange::single(number)]);
        let query =
            SessionQuery::new(vec![Selector::AnyOf(vec![id(3), guid(1), guid(9), id(7)])], Vec::new());
        let selection = query.select(&sessions);
        assert_eq!((selection.chosen, selection.literals), (vec![2, 0], 4));
        let missed: Vec<_> = selection.misses.iter().map(|miss| miss.property).collect();
        assert_eq!(missed, [SelectorProperty::InstanceId, SelectorProperty::Id]);
        assert_eq!(query.needed(&sessions), [0, 2]);
        assert!(query.has_ids() && query.instance_ids().is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]

        #[test]
        fn the_needed_sessions_are_chosen_and_missed_as_all_are(
            sessions in vec(session(), 0..12),
            selectors in vec(selector(), 0..4),
            ports in prop::option::of(vec(1_u16..3, 1..2)),
            kept in prop::option::of(0_usize..3),
        ) {
            let mut query = SessionQuery::new(selectors, ports.into_iter().map(Filter::Port).collect());
            if let Some(count) = kept {
                query = query.keeping_newest(KeepNewest::new(count).per(vec![GroupKey::Name]));
            }
            let needed = query.needed(&sessions);
            let shown: Vec<_> = needed.iter().map(|index| sessions[*index].clone()).collect();
            let mut selection = query.select(&shown);
            for index in &mut selection.chosen {
                *index = needed[*index];
            }
            prop_assert_eq!(selection, query.select(&sessions));
        }
    }

    #[test]
    fn one_session_vouches_for_each_value_that_finds_some() {
        let named = |name: &str| sample::session(|shell| shell.name = Some(name.into()));
        let mut sessions = ["a", "a", "b", "b", "c"].map(named);
        sessions[3].computer_name = "db01".into();
        let patterns =
            |texts: &[&str]| texts.iter().map(|text| WildcardPattern::new(text).unwrap()).collect();
        let selectors =
            vec![Selector::Name(patterns(&["a", "b"])), Selector::ComputerName(patterns(&["db*", "mail*"]))];
        // The fourth is chosen; the first and the third keep "a" and "b" from being misses.
        assert_eq!(SessionQuery::new(selectors, Vec::new()).needed(&sessions), [0, 2, 3]);
    }

    #[test]
    fn only_a_query_without_a_condition_chooses_everything() {
        let sessions: Vec<_> = (0..3).map(|_| sample::session(|_| ())).collect();
        for selectors in [vec![], vec![Selector::All], vec![Selector::All, Selector::All]] {
            let query = SessionQuery::new(selectors, Vec::new());
            assert!(query.chooses_everything());
            assert_eq!(query.select(&sessions).chosen, [0, 1, 2]);
        }
        let name = Selector::Name(vec![WildcardPattern::new("*").unwrap()]);
        assert!(!SessionQuery::new(vec![Selector::All, name], Vec::new()).chooses_everything());
        assert!(!SessionQuery::new(vec![Selector::All], vec![Filter::Mine]).chooses_everything());
    }
}
