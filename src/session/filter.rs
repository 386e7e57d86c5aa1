//! Filters that narrow a selection. A filter on a property that the server did not report never matches.

use std::time::Duration;

use ipnet::IpNet;

use super::account::Comparison;
use super::descriptor::SessionDescriptor;
use super::parse::QueryError;
use super::state::SessionState;
use super::wildcard::WildcardPattern;
use crate::wsman::uri;

/// One filter; its values are alternatives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Filter {
    /// `Owner`, with wildcards.
    Owner(Vec<WildcardPattern>),
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
}

impl Filter {
    /// Whether the session stays in the selection.
    #[must_use]
    pub fn admits(&self, session: &SessionDescriptor) -> bool {
        match self {
            Self::Owner(patterns) => any_matches(patterns, session.shell.owner.as_deref()),
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

/// What kind of shell.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionType {
    /// A PowerShell session, of any configuration.
    PowerShell,
    /// A cmd (WinRS) shell.
    Cmd,
    /// Any other resource URI, compared ignoring case.
    Uri(String),
}

impl SessionType {
    /// Reads `ps`, `cmd` or a resource URI.
    ///
    /// # Errors
    /// [`QueryError::Value`] if it is none of them.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let trimmed = text.trim();
        if trimmed.eq_ignore_ascii_case("ps") {
            Ok(Self::PowerShell)
        } else if trimmed.eq_ignore_ascii_case("cmd") {
            Ok(Self::Cmd)
        } else if trimmed.split_once(':').is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty())
        {
            Ok(Self::Uri(trimmed.to_owned()))
        } else {
            Err(QueryError::value(text, "a session type", "write ps, cmd or a full resource URI"))
        }
    }

    /// The kind of a shell with this `ResourceUri`.
    #[must_use]
    pub fn of(resource_uri: &str) -> Self {
        if Self::configuration_of(resource_uri).is_some() {
            Self::PowerShell
        } else if resource_uri.eq_ignore_ascii_case(uri::CMD_RESOURCE) {
            Self::Cmd
        } else {
            Self::Uri(resource_uri.to_owned())
        }
    }

    /// Whether a shell with this `ResourceUri` is of this kind.
    #[must_use]
    pub fn covers(&self, resource_uri: &str) -> bool {
        match self {
            Self::PowerShell => Self::configuration_of(resource_uri).is_some(),
            Self::Cmd => resource_uri.eq_ignore_ascii_case(uri::CMD_RESOURCE),
            Self::Uri(wanted) => resource_uri.eq_ignore_ascii_case(wanted),
        }
    }

    /// What follows PowerShell's prefix, which is compared ignoring case.
    pub(super) fn configuration_of(resource_uri: &str) -> Option<&str> {
        let (prefix, configuration) = resource_uri.split_at_checked(uri::POWERSHELL_PREFIX.len())?;
        prefix.eq_ignore_ascii_case(uri::POWERSHELL_PREFIX).then_some(configuration)
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
    use crate::wsman::{CommandId, Shell};

    fn patterns(texts: &[&str]) -> Vec<WildcardPattern> {
        texts.iter().map(|text| WildcardPattern::new(text).unwrap()).collect()
    }

    fn idle_for(seconds: u64) -> SessionDescriptor {
        session(|shell| shell.shell_inactivity = Some(Duration::from_secs(seconds)))
    }

    #[test]
    fn a_filter_on_a_property_that_was_not_reported_never_matches() {
        let silent = session(|shell| shell.resource_uri = uri::CMD_RESOURCE.to_owned());
        let all = || patterns(&["*"]);
        for filter in [
            Filter::Owner(all()),
            Filter::Mine,
            Filter::NotMine,
            Filter::ClientIp(vec![parse_client_network("0.0.0.0/0").unwrap()]),
            Filter::ConfigurationName(all()),
            Filter::Idle(parse_bound("0s").unwrap()),
            Filter::Idle(parse_bound("<9d").unwrap()),
            Filter::Age(parse_bound("0s").unwrap()),
            Filter::SkipRunning,
        ] {
            assert!(!filter.admits(&silent), "{filter:?}");
        }
    }

    #[test]
    fn the_values_of_a_filter_are_alternatives() {
        let bob = session(|shell| shell.owner = Some(r"LAB\bob".to_owned()));
        assert!(Filter::Owner(patterns(&["ada", r"lab\b*"])).admits(&bob));
        assert!(!Filter::Owner(patterns(&["ada", "bob"])).admits(&bob));
        assert!(Filter::State(vec![SessionState::Disconnected, SessionState::Opened]).admits(&bob));
        assert!(Filter::Port(vec![5986, 5985]).admits(&bob));
        assert!(!Filter::Port(vec![5986]).admits(&bob));
        assert!(Filter::ConfigurationName(patterns(&["microsoft.powershell"])).admits(&bob));
        assert!(!Filter::Owner(Vec::new()).admits(&bob));
    }

    #[test]
    fn a_session_is_mine_or_somebody_elses_only_where_the_accounts_are_comparable() {
        let judged = |owner: Option<&str>, seen_by: &str| {
            let mut session = session(|shell| shell.owner = owner.map(str::to_owned));
            session.seen_by = seen_by.to_owned();
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
        let from = |ip: &str| session(|shell| shell.client_ip = Some(ip.to_owned()));
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
        assert!(!filter.admits(&session(|shell| shell.name = Some(String::new()))));
        assert!(filter.admits(&session(|shell| {
            shell.name = None;
            shell.resource_uri = uri::CMD_RESOURCE.to_owned();
        })));
    }

    #[test]
    fn excluded_names_are_left_out_ignoring_case() {
        let named = |name: &str| session(|shell| shell.name = Some(name.to_owned()));
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
        assert!(!Filter::SkipRunning.admits(&session));
        session.commands = Some(Vec::new());
        assert!(Filter::SkipRunning.admits(&session));
    }

    #[test]
    fn a_type_is_ps_cmd_or_a_uri() {
        let of = |uri: &str| session(|shell: &mut Shell| shell.resource_uri = uri.to_owned());
        let admits =
            |text: &str, uri: &str| Filter::Type(vec![SessionType::parse(text).unwrap()]).admits(&of(uri));
        assert!(admits("ps", "HTTP://Schemas.Microsoft.com/powershell/Microsoft.Exchange"));
        assert!(!admits("PS", uri::CMD_RESOURCE));
        assert!(admits("CMD", &uri::CMD_RESOURCE.to_ascii_uppercase()));
        assert!(admits("http://example.com/Shell", "http://example.com/shell"));
        for text in ["", "pwsh", ":", "http:"] {
            assert!(SessionType::parse(text).is_err(), "{text:?}");
        }
    }
}
