//! Filters that narrow a selection. A filter on a property that the server did not report never matches.

use std::time::Duration;

use ipnet::IpNet;

use super::account::Comparison;
use super::descriptor::SessionDescriptor;
use super::owner_pattern::{OwnerMatch, OwnerPattern};
use super::session_type::SessionType;
use super::state::SessionState;
use super::wildcard::WildcardPattern;

/// One filter; its values are alternatives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Filter {
    /// `Owner`, with wildcards.
    Owner(Vec<OwnerPattern>),
    /// Owners to leave out, with wildcards. A session stays out as long as its owner may be one of them: an owner that is
    /// missing, bare where the pattern has an authority, or not comparable, and every owner where the pattern is a UPN.
    NotOwner(Vec<OwnerPattern>),
    /// Owned by the account that saw it, see [`SessionDescriptor::ownership`].
    Mine,
    /// Owned by another account than the one that saw it. What is not comparable is neither.
    NotMine,
    /// `ClientIP` by address or network.
    ClientIp(Vec<IpNet>),
    /// The session's state.
    State(Vec<SessionState>),
    /// What kind of shell.
    Type(Vec<SessionType>),
    /// `ConfigurationName`, with wildcards.
    ConfigurationName(Vec<WildcardPattern>),
    /// How long nothing has happened in it.
    Idle(Bound),
    /// How long it has existed.
    Age(Bound),
    /// The effective port of its endpoint.
    Port(Vec<u16>),
    /// Names to leave out, with wildcards. A session whose name the server does not report is left out as well: it might
    /// be one of them. A cmd shell without a name has none.
    Exclude(Vec<WildcardPattern>),
    /// Leave out sessions in which a command runs (or might: its commands were not listed).
    SkipRunning,
    /// Only sessions in which a command is known to run.
    Running,
    /// Leave out sessions that are, or may be, owned by the account that saw them and in which something happened within
    /// this time. A session stays out as long as its owner is not comparable or its idle time is not reported.
    SkipRecentMine(Duration),
}

impl Filter {
    /// Whether the session stays in the selection.
    #[must_use]
    pub fn admits(&self, session: &SessionDescriptor) -> bool {
        match self {
            Self::Owner(patterns) => {
                let owner = session.shell.owner.as_deref();
                owner.is_some_and(|owner| patterns.iter().any(|pattern| pattern.matches(owner)))
            }
            Self::NotOwner(patterns) => {
                let owner = session.shell.owner.as_deref();
                patterns.iter().all(|pattern| pattern.relate(owner) == OwnerMatch::Differs)
            }
            Self::Mine => session.ownership() == Comparison::Same,
            Self::NotMine => session.ownership() == Comparison::Different,
            Self::ClientIp(networks) => session
                .client_address()
                .is_some_and(|address| networks.iter().any(|network| network.contains(&address))),
            Self::State(states) => states.contains(&session.state()),
            Self::Type(types) => types.iter().any(|wanted| wanted.covers(&session.shell.resource_uri)),
            Self::ConfigurationName(patterns) => any_matches(patterns, session.configuration_name()),
            Self::Idle(bound) => session.idle().is_some_and(|idle| bound.admits(idle)),
            Self::Age(bound) => session.age().is_some_and(|age| bound.admits(age)),
            Self::Port(ports) => ports.contains(&session.port),
            Self::Exclude(patterns) => {
                let is_excluded = |name| patterns.iter().any(|pattern| pattern.matches(name));
                session.has_known_name() && !session.name().is_some_and(is_excluded)
            }
            Self::SkipRunning => session.is_running() == Some(false),
            Self::Running => session.is_running() == Some(true),
            Self::SkipRecentMine(limit) => {
                session.ownership() == Comparison::Different
                    || session.idle().is_some_and(|idle| idle >= *limit)
            }
        }
    }
}

/// A limit on a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// At least this long.
    AtLeast(Duration),
    /// Less than this.
    Below(Duration),
}

impl Bound {
    /// Whether a duration keeps the limit.
    #[must_use]
    pub fn admits(self, duration: Duration) -> bool {
        match self {
            Self::AtLeast(least) => duration >= least,
            Self::Below(limit) => duration < limit,
        }
    }
}

fn any_matches(patterns: &[WildcardPattern], property: Option<&str>) -> bool {
    property.is_some_and(|text| patterns.iter().any(|pattern| pattern.matches(text)))
}

#[cfg(test)]
mod tests {
    use super::super::parse::{parse_bound, parse_client_network};
    use super::super::sample::session;
    use super::*;
    use crate::wsman::{CommandId, Shell, uri};

    fn patterns(texts: &[&str]) -> Vec<WildcardPattern> {
        texts.iter().map(|text| WildcardPattern::new(text).unwrap()).collect()
    }

    fn owners(texts: &[&str]) -> Vec<OwnerPattern> {
        texts.iter().map(|text| OwnerPattern::new(text).unwrap()).collect()
    }

    fn idle_for(seconds: u64) -> SessionDescriptor {
        session(|shell| shell.shell_inactivity = Some(Duration::from_secs(seconds)))
    }

    #[test]
    fn a_filter_on_a_property_that_was_not_reported_never_matches() {
        let silent = session(|shell| shell.resource_uri = uri::CMD_RESOURCE.into());
        let all = || patterns(&["*"]);
        for filter in [
            Filter::Owner(owners(&["*"])),
            Filter::NotOwner(owners(&["ada"])),
            Filter::Mine,
            Filter::NotMine,
            Filter::ClientIp(vec![parse_client_network("0.0.0.0/0").unwrap()]),
            Filter::ConfigurationName(all()),
            Filter::Idle(parse_bound("0s").unwrap()),
            Filter::Idle(parse_bound("<9d").unwrap()),
            Filter::Age(parse_bound("0s").unwrap()),
            Filter::SkipRunning,
            Filter::Running,
            Filter::SkipRecentMine(Duration::ZERO),
        ] {
            assert!(!filter.admits(&silent), "{filter:?}");
        }
    }

    #[test]
    fn the_values_of_a_filter_are_alternatives() {
        let bob = session(|shell| shell.owner = Some(r"LAB\bob".into()));
        assert!(Filter::Owner(owners(&["ada", r"lab\b*"])).admits(&bob));
        assert!(Filter::Owner(owners(&["ada", "bob"])).admits(&bob));
        assert!(!Filter::Owner(owners(&["ada", r"far\bob"])).admits(&bob));
        assert!(!Filter::NotOwner(owners(&["ada", "bob"])).admits(&bob));
        assert!(Filter::NotOwner(owners(&["ada", r"far\bob"])).admits(&bob));
        assert!(Filter::State(vec![SessionState::Disconnected, SessionState::Opened]).admits(&bob));
        assert!(Filter::Port(vec![5986, 5985]).admits(&bob));
        assert!(!Filter::Port(vec![5986]).admits(&bob));
        assert!(Filter::ConfigurationName(patterns(&["microsoft.powershell"])).admits(&bob));
        assert!(!Filter::Owner(Vec::new()).admits(&bob));
    }

    #[test]
    fn a_session_is_mine_or_somebody_elses_only_where_the_accounts_are_comparable() {
        let judged = |owner: Option<&str>, seen_by: &str| {
            let mut session = session(|shell| shell.owner = owner.map(Into::into));
            session.seen_by = seen_by.into();
            (Filter::Mine.admits(&session), Filter::NotMine.admits(&session))
        };
        assert_eq!(judged(Some(r"LAB\Ada"), r"lab\ada"), (true, false));
        assert_eq!(judged(Some(r"LAB\bob"), r"LAB\ada"), (false, true));
        for (owner, seen_by) in [
            (None, r"LAB\ada"),
            (Some(" "), r"LAB\ada"),
            (Some(r"LAB\ada"), ""),
            (Some(r"LAB\ada"), "ada"),
            (Some(r"LAB\ada"), "ada@lab"),
            (Some("ada"), r"LAB\ada"),
            (Some(r"WEB01\ada"), r"LAB\ada"),
        ] {
            assert_eq!(judged(owner, seen_by), (false, false), "{owner:?}, {seen_by:?}");
        }
    }

    #[test]
    fn a_bound_is_at_least_or_below() {
        let at_least = Filter::Idle(parse_bound("10m").unwrap());
        let below = Filter::Idle(parse_bound("<10m").unwrap());
        for (seconds, long, short) in [(599, false, true), (600, true, false), (601, true, false)] {
            assert_eq!(at_least.admits(&idle_for(seconds)), long, "{seconds} s");
            assert_eq!(below.admits(&idle_for(seconds)), short, "{seconds} s");
        }
        let old = session(|shell| shell.shell_run_time = Some(Duration::from_secs(86_400)));
        assert!(Filter::Age(parse_bound("1d").unwrap()).admits(&old));
        assert!(!Filter::Idle(parse_bound("1d").unwrap()).admits(&old));
    }

    #[test]
    fn a_client_is_found_by_address_and_by_network() {
        let from = |ip: &str| session(|shell| shell.client_ip = Some(ip.into()));
        let admits = |network: &str, ip: &str| {
            Filter::ClientIp(vec![parse_client_network(network).unwrap()]).admits(&from(ip))
        };
        assert!(admits("192.0.2.7", "192.0.2.7"));
        assert!(!admits("192.0.2.7", "192.0.2.8"));
        assert!(admits("192.0.2.99/24", "192.0.2.7"));
        assert!(admits("192.0.2.0/24", "::ffff:192.0.2.7"));
        assert!(admits("::ffff:192.0.2.0/120", "192.0.2.7"));
        assert!(admits("fe80::/10", "fe80::1%12"));
        assert!(!admits("::/0", "192.0.2.7"));
    }

    #[test]
    fn a_name_that_is_not_reported_may_be_excluded_and_a_cmd_shell_has_none() {
        let filter = Filter::Exclude(patterns(&["keep*"]));
        assert!(!filter.admits(&session(|shell| shell.name = None)));
        assert!(!filter.admits(&session(|shell| shell.name = Some("".into()))));
        assert!(filter.admits(&session(|shell| {
            shell.name = None;
            shell.resource_uri = uri::CMD_RESOURCE.into();
        })));
    }

    #[test]
    fn excluded_names_are_left_out_ignoring_case() {
        let named = |name: &str| session(|shell| shell.name = Some(name.into()));
        let filter = Filter::Exclude(patterns(&["keep*", "build-7"]));
        assert!(!filter.admits(&named("KEEP-me")));
        assert!(!filter.admits(&named("Build-7")));
        assert!(filter.admits(&named("build-71")));
    }

    #[test]
    fn skip_running_keeps_only_sessions_that_are_known_to_be_quiet() {
        let mut session = session(|_| ());
        assert!(!Filter::SkipRunning.admits(&session));
        session.commands = Some(vec![CommandId::from_server("C")]);
        assert!(Filter::Running.admits(&session));
        assert!(!Filter::SkipRunning.admits(&session));
        session.commands = Some(Vec::new());
        assert!(Filter::SkipRunning.admits(&session));
        assert!(!Filter::Running.admits(&session));
    }

    #[test]
    fn a_recent_session_is_left_out_unless_it_is_provably_another_accounts() {
        let admits = |owner: Option<&str>, idle: Option<u64>| {
            let mut session = session(|shell| {
                shell.owner = owner.map(Into::into);
                shell.shell_inactivity = idle.map(Duration::from_secs);
            });
            session.seen_by = r"LAB\ada".into();
            Filter::SkipRecentMine(Duration::from_secs(60)).admits(&session)
        };
        for (owner, idle, admitted) in [
            (Some(r"lab\Ada"), Some(59), false),
            (Some(r"lab\Ada"), Some(60), true),
            (Some(r"lab\Ada"), None, false),
            (Some(r"LAB\bob"), Some(0), true),
            (Some(r"LAB\bob"), None, true),
            // It may be the same account.
            (Some(r"WEB01\ada"), Some(59), false),
            (Some("ada"), Some(59), false),
            (None, Some(59), false),
            (None, Some(60), true),
        ] {
            assert_eq!(admits(owner, idle), admitted, "{owner:?}, {idle:?}");
        }
    }

    #[test]
    fn a_type_is_ps_cmd_or_a_uri() {
        let of = |uri: &str| session(|shell: &mut Shell| shell.resource_uri = uri.into());
        let admits =
            |text: &str, uri: &str| Filter::Type(vec![SessionType::parse(text).unwrap()]).admits(&of(uri));
        assert!(admits("ps", "HTTP://Schemas.Microsoft.com/powershell/Microsoft.Exchange"));
        assert!(!admits("PS", uri::CMD_RESOURCE));
        assert!(admits("PowerShell", "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"));
        assert!(admits("CMD", &uri::CMD_RESOURCE.to_ascii_uppercase()));
        assert!(admits("http://example.com/Shell", "http://example.com/shell"));
        for text in ["", "pwsh", ":", "http:"] {
            assert!(SessionType::parse(text).is_err(), "{text:?}");
        }
    }
}
