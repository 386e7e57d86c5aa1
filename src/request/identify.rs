//! I/O module: what hosts show without a login: whether they are WinRM, which logins they offer, their certificate.
#![expect(clippy::disallowed_methods, reason = "compares a server's clock with the clock of this machine")]

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::caller::Caller;
use super::connectors::Authorities;
use super::error::RequestError;
use super::hosts::Hosts;
use crate::transport::{CertificatePins, Endpoint, HttpOptions, Probe, TlsError, TransportError, probe};
use crate::wsman::AnswerError;
use crate::wsman::op::identify::{self, Identity};

/// The wish to know what hosts show without a login. No credential is sent.
#[derive(Clone, Debug, Default)]
pub struct IdentifyRequest {
    /// The endpoints; at most [`Self::PARALLEL_ENDPOINTS`] are asked at the same time.
    pub hosts: Hosts,
}

/// What one endpoint has shown.
#[derive(Debug)]
pub struct IdentifiedEndpoint {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Its HTTP response to an Identify request, or why there is none.
    pub response: Result<Probe, TransportError>,
    /// What the response says, if it is an answer.
    pub identity: Option<Result<Identity, AnswerError>>,
    /// Its clock beside ours, if it gave a `Date`.
    pub clock: Option<ClockDifference>,
}

/// A server's clock beside ours, as far as a `Date` in whole seconds can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockDifference {
    /// No difference that could be seen; if there is one, it is smaller than this.
    Same(Duration),
    /// The server's is ahead of ours.
    Ahead(Duration),
    /// The server's is behind ours.
    Behind(Duration),
}

impl IdentifyRequest {
    /// How many endpoints are asked at the same time.
    pub const PARALLEL_ENDPOINTS: usize = 128;

    /// Asks each endpoint: a closed port may take a while. The answers are in the order of the endpoints.
    ///
    /// # Errors
    /// [`RequestError`], or an error of the caller's own. Nothing is sent then.
    pub async fn run<C: Caller>(self, caller: &C) -> Result<Vec<IdentifiedEndpoint>, C::Error> {
        let Self { hosts } = self;
        let mut authorities = Authorities::default();
        let mut settings = Vec::new();
        for endpoint in &hosts.endpoints {
            let of_host = caller.settings(endpoint);
            authorities.read(&of_host, caller)?;
            settings.push(of_host);
        }
        let pins = CertificatePins::new(hosts.pins.iter().cloned(), &hosts.endpoints);
        let pins = pins.map_err(RequestError::from)?;
        let turns = Arc::new(tokio::sync::Semaphore::new(Self::PARALLEL_ENDPOINTS));
        let mut asked = tokio::task::JoinSet::new();
        for (position, (endpoint, settings)) in hosts.endpoints.iter().zip(&settings).enumerate() {
            let mut options = authorities.options(endpoint, settings, &hosts, &pins);
            if let Some(limit) = settings.connect_timeout {
                options = options.with_login_timeout(limit);
            }
            let (endpoint, turns) = (endpoint.clone(), Arc::clone(&turns));
            asked.spawn(async move {
                let _turn = turns.acquire().await;
                (position, IdentifiedEndpoint::ask(endpoint, options).await)
            });
        }
        let mut found = asked.join_all().await;
        found.sort_by_key(|(position, _)| *position);
        Ok(found.into_iter().map(|(_, identified)| identified).collect())
    }
}

impl IdentifiedEndpoint {
    async fn ask(endpoint: Endpoint, options: HttpOptions) -> Self {
        let before = SystemTime::now();
        let response = probe(&endpoint, &options).await;
        let after = SystemTime::now();
        let probe = response.as_ref().ok();
        let identity = probe.and_then(|probe| probe.identity_body.as_deref()).map(identify::read);
        let date = probe.and_then(|probe| probe.date.as_deref()).and_then(date);
        let clock = date.map(|date| ClockDifference::of(date, before, after));
        Self { endpoint, response, identity, clock }
    }

    /// Whether this is WinRM. A service that identifies itself to nobody still shows by its offer that it is one.
    #[must_use]
    pub fn is_winrm(&self) -> bool {
        match (&self.identity, &self.response) {
            (Some(identity), _) => identity.is_ok(),
            (None, Ok(probe)) => probe.status == 401 && !probe.challenges.is_empty(),
            (None, Err(_)) => false,
        }
    }

    /// Whether it is WinRM, and its certificate, if it has one, is trusted.
    #[must_use]
    pub fn is_winrm_and_trusted(&self) -> bool {
        self.is_winrm() && self.distrust().is_none()
    }

    /// What it says of itself.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()?.as_ref().ok()
    }

    /// Why its certificate is not trusted, if it showed one that is not.
    #[must_use]
    pub fn distrust(&self) -> Option<&TlsError> {
        self.response.as_ref().ok()?.tls.as_ref()?.distrust.as_ref()
    }
}

impl ClockDifference {
    /// The server wrote `date` between `before` and `after`, and cut off what is below a second.
    fn of(date: SystemTime, before: SystemTime, after: SystemTime) -> Self {
        let (earliest, latest) = (date, date + GRAIN);
        if let Ok(ahead) = earliest.duration_since(after)
            && !ahead.is_zero()
        {
            return Self::Ahead(ahead);
        }
        if let Ok(behind) = before.duration_since(latest)
            && !behind.is_zero()
        {
            return Self::Behind(behind);
        }
        let ahead = latest.duration_since(before).unwrap_or_default();
        let behind = after.duration_since(earliest).unwrap_or_default();
        Self::Same(ahead.max(behind))
    }
}

/// RFC 9110, section 5.6.7, Date/Time Formats.
fn date(text: &str) -> Option<SystemTime> {
    let parser = jiff::fmt::rfc2822::DateTimeParser::new();
    SystemTime::try_from(parser.parse_timestamp(text).ok()?).ok()
}

/// What a `Date` does not tell.
const GRAIN: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_differs_only_where_its_grain_cannot_explain_it() {
        let at = |millis: u64| SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_000 + millis);
        let of = |date, before, after| ClockDifference::of(at(date), at(before), at(after));
        let millis = Duration::from_millis;
        assert_eq!(of(5_000, 5_900, 5_950), ClockDifference::Same(millis(950)));
        assert_eq!(of(5_000, 4_900, 5_100), ClockDifference::Same(millis(1_100)));
        assert_eq!(of(5_000, 6_000, 6_000), ClockDifference::Same(millis(1_000)));
        assert_eq!(of(65_000, 5_000, 5_000), ClockDifference::Ahead(millis(60_000)));
        assert_eq!(of(5_000, 66_500, 66_600), ClockDifference::Behind(millis(60_500)));
    }

    #[test]
    fn a_date_is_read_as_http_writes_it() {
        let time = date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        assert_eq!(time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs(), 784_111_777);
        assert_eq!(date("yesterday"), None);
    }
}
