//! Selectors and filters, from text to values; any text that cannot be meant ends the command before it begins.

use std::path::PathBuf;

use pssession::SessionQuery;
use pssession::session::{
    Filter, GroupKey, KeepNewest, QueryError, Selector, SessionState, SessionType, WildcardPattern,
    parse_bound, parse_client_network, parse_guid, parse_ids,
};

use crate::cli::args::SelectArgs;
use crate::cli::diagnostic::Diagnostic;

use super::{CmdletOptions, bad_value};

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
    /// Reads the options, and adds what a cmdlet's parameters say.
    pub(crate) fn read(args: &SelectArgs, cmdlet: &CmdletOptions) -> Result<Self, Diagnostic> {
        let mut filters = filters(args)?;
        filters.extend(args.skip_running.then_some(Filter::SkipRunning));
        filters.extend(cmdlet.filters.iter().cloned());
        let mut selectors = selectors(args)?;
        selectors.extend(cmdlet.selectors.iter().cloned());
        let query = SessionQuery::new(selectors, filters);
        let query = match keep_newest(args)? {
            Some(keep) => query.keeping_newest(keep),
            None => query,
        };
        let session = cmdlet.session.clone().or_else(|| args.session.clone());
        Ok(Self { query, session, cached: args.cached })
    }

    /// Whether sessions are selected by what is unique: an Id or an instance id.
    pub(super) fn names_one(&self) -> bool {
        self.query.has_ids() || self.query.instance_ids().is_some()
    }
}

fn selectors(args: &SelectArgs) -> Result<Vec<Selector>, Diagnostic> {
    let mut selectors = Vec::new();
    selectors.extend(values("--id", &args.id, parse_ids)?.map(|ids| Selector::Id(ids.concat())));
    selectors.extend(patterns("--name", &args.name)?.map(Selector::Name));
    selectors.extend(patterns("--computer-name", &args.computer_name)?.map(Selector::ComputerName));
    selectors.extend(values("--instance-id", &args.instance_id, parse_guid)?.map(Selector::InstanceId));
    if !args.container_id.is_empty() {
        selectors.push(Selector::ContainerId(args.container_id.clone()));
    }
    selectors.extend(values("--vm-id", &args.vm_id, parse_guid)?.map(Selector::VmId));
    selectors.extend(patterns("--vm-name", &args.vm_name)?.map(Selector::VmName));
    selectors.extend(args.all.then_some(Selector::All));
    Ok(selectors)
}

fn filters(args: &SelectArgs) -> Result<Vec<Filter>, Diagnostic> {
    let mut filters = Vec::new();
    filters.extend(patterns("--owner", &args.owner)?.map(Filter::Owner));
    filters.extend(args.mine.then_some(Filter::Mine));
    filters.extend(args.not_mine.then_some(Filter::NotMine));
    filters.extend(values("--client-ip", &args.client_ip, parse_client_network)?.map(Filter::ClientIp));
    filters.extend(values("--state", &args.state, SessionState::parse)?.map(Filter::State));
    filters.extend(values("--type", &args.kind, SessionType::parse)?.map(Filter::Type));
    filters
        .extend(patterns("--configuration-name", &args.configuration_name)?.map(Filter::ConfigurationName));
    if let Some(idle) = &args.idle {
        filters.push(Filter::Idle(parse_bound(idle).map_err(|error| bad_value("--idle", &error))?));
    }
    if let Some(age) = &args.age {
        filters.push(Filter::Age(parse_bound(age).map_err(|error| bad_value("--age", &error))?));
    }
    if !args.port.is_empty() {
        filters.push(Filter::Port(args.port.clone()));
    }
    filters.extend(patterns("--exclude", &args.exclude)?.map(Filter::Exclude));
    Ok(filters)
}

fn keep_newest(args: &SelectArgs) -> Result<Option<KeepNewest>, Diagnostic> {
    let Some(count) = args.keep_newest else { return Ok(None) };
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let keys = values("--per", &args.per, GroupKey::parse)?.unwrap_or_default();
    Ok(Some(KeepNewest::new(count).per(keys)))
}

fn patterns(option: &'static str, texts: &[String]) -> Result<Option<Vec<WildcardPattern>>, Diagnostic> {
    values(option, texts, |text| WildcardPattern::new(text).map_err(QueryError::from))
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
