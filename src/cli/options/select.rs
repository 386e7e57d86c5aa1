//! Selectors and filters, from text to values; any text that cannot be meant ends the command before it begins.

use std::path::PathBuf;

use pssession::SessionQuery;
use pssession::session::{
    Filter, GroupKey, KeepNewest, OwnerPattern, QueryError, Selector, SessionState, SessionType,
    WildcardPattern, parse_bound, parse_client_network, parse_guid, parse_ids,
};

use crate::cli::args::SelectArgs;
use crate::cli::diagnostic::Diagnostic;

use super::{CmdletOptions, bad_value, parse_duration};

/// Which sessions are meant.
#[derive(Clone, Debug)]
pub(crate) struct SelectOptions {
    pub(crate) query: SessionQuery,
    /// The file that holds objects; `-` is stdin.
    pub(crate) session: Option<PathBuf>,
    /// Whether sessions that were only listed count as well.
    pub(crate) cached: bool,
}

impl SelectOptions {
    /// Reads the options, and adds the sessions that were named without one, and what a cmdlet's parameters say.
    pub(crate) fn read(
        args: &SelectArgs,
        named: Option<Selector>,
        cmdlet: &CmdletOptions,
    ) -> Result<Self, Diagnostic> {
        let query = query(args, named, cmdlet)?;
        let session = cmdlet.session.clone().or_else(|| args.session.clone());
        Ok(Self { query, session, cached: args.cached })
    }

    /// Whether sessions are selected by what is unique: an Id or an instance id.
    pub(super) fn names_one(&self) -> bool {
        self.query.has_ids() || self.query.instance_ids().is_some()
    }
}

/// The query of the options and of a cmdlet. Every option is named here, so that none is forgotten.
fn query(
    args: &SelectArgs,
    named: Option<Selector>,
    cmdlet: &CmdletOptions,
) -> Result<SessionQuery, Diagnostic> {
    let SelectArgs {
        id,
        name,
        computer_name,
        instance_id,
        container_id,
        vm_id,
        vm_name,
        session: _,
        all,
        cached: _,
        owner,
        not_owner,
        mine,
        not_mine,
        client_ip,
        state,
        kind,
        configuration_name,
        idle,
        age,
        port,
        exclude,
        running,
        skip_running,
        skip_recent_mine,
        keep_newest,
        per,
    } = args;
    let mut selectors = Vec::from_iter(named);
    selectors.extend(values("--id", id, parse_ids)?.map(|ids| Selector::Id(ids.concat())));
    selectors.extend(patterns("--name", name)?.map(Selector::Name));
    selectors.extend(patterns("--computer-name", computer_name)?.map(Selector::ComputerName));
    selectors.extend(values("--instance-id", instance_id, parse_guid)?.map(Selector::InstanceId));
    selectors.extend((!container_id.is_empty()).then(|| Selector::ContainerId(container_id.clone())));
    selectors.extend(values("--vm-id", vm_id, parse_guid)?.map(Selector::VmId));
    selectors.extend(patterns("--vm-name", vm_name)?.map(Selector::VmName));
    selectors.extend(all.then_some(Selector::All));
    selectors.extend(cmdlet.selectors.iter().cloned());

    let bound = |option, text: &Option<String>| {
        text.as_deref().map(parse_bound).transpose().map_err(|error| bad_value(option, &error))
    };
    let mut filters = Vec::new();
    filters.extend(owners("--owner", owner)?.map(Filter::Owner));
    filters.extend(owners("--not-owner", not_owner)?.map(Filter::NotOwner));
    filters.extend(mine.then_some(Filter::Mine));
    filters.extend(not_mine.then_some(Filter::NotMine));
    filters.extend(values("--client-ip", client_ip, parse_client_network)?.map(Filter::ClientIp));
    filters.extend(values("--state", state, SessionState::parse)?.map(Filter::State));
    filters.extend(values("--type", kind, SessionType::parse)?.map(Filter::Type));
    filters.extend(patterns("--configuration-name", configuration_name)?.map(Filter::ConfigurationName));
    filters.extend(bound("--idle", idle)?.map(Filter::Idle));
    filters.extend(bound("--age", age)?.map(Filter::Age));
    filters.extend((!port.is_empty()).then(|| Filter::Port(port.clone())));
    filters.extend(patterns("--exclude", exclude)?.map(Filter::Exclude));
    filters.extend(running.then_some(Filter::Running));
    filters.extend(skip_running.then_some(Filter::SkipRunning));
    let recent = parse_duration("--skip-recent-mine", skip_recent_mine.as_deref())?;
    filters.extend(recent.map(Filter::SkipRecentMine));
    filters.extend(cmdlet.filters.iter().cloned());

    let keys = values("--per", per, GroupKey::parse)?.unwrap_or_default();
    let query = SessionQuery::new(selectors, filters);
    Ok(match keep_newest {
        Some(count) => {
            let count = usize::try_from(*count).unwrap_or(usize::MAX);
            query.keeping_newest(KeepNewest::new(count).per(keys))
        }
        None => query,
    })
}

fn patterns(option: &'static str, texts: &[String]) -> Result<Option<Vec<WildcardPattern>>, Diagnostic> {
    values(option, texts, |text| WildcardPattern::new(text).map_err(QueryError::from))
}

fn owners(option: &'static str, texts: &[String]) -> Result<Option<Vec<OwnerPattern>>, Diagnostic> {
    values(option, texts, |text| OwnerPattern::new(text).map_err(QueryError::from))
}

/// Parses every value of an option; `None` if it was not given.
fn values<T>(
    option: &'static str,
    texts: &[String],
    parse: impl Fn(&str) -> Result<T, QueryError>,
) -> Result<Option<Vec<T>>, Diagnostic> {
    if texts.is_empty() {
        return Ok(None);
    }
    let parsed: Result<Vec<T>, QueryError> = texts.iter().map(|text| parse(text)).collect();
    parsed.map(Some).map_err(|error| bad_value(option, &error))
}
