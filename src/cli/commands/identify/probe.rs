#![expect(clippy::disallowed_methods, reason = "compares a server's clock with the clock of this machine")]
//! I/O module: one look at one endpoint of a host, without a login.

use std::time::{Duration, SystemTime};

use pssession::Endpoint;
use pssession::transport::{HttpOptions, Probe, TlsError, TransportError, probe};
use pssession::wsman::AnswerError;
use pssession::wsman::op::identify::{self, Identity};

/// What one endpoint has shown.
pub(super) struct Look {
    pub(super) endpoint: Endpoint,
    pub(super) told: Result<Probe, TransportError>,
    pub(super) identity: Option<Result<Identity, AnswerError>>,
    pub(super) clock: Option<Clock>,
}

/// A server's clock beside ours, as far as a `Date` in whole seconds can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// No difference that could be seen; if there is one, it is smaller than this.
    Same(Duration),
    /// The server's is ahead of ours.
    Ahead(Duration),
    /// The server's is behind ours.
    Behind(Duration),
}

impl Look {
    pub(super) async fn at(endpoint: Endpoint, options: HttpOptions) -> Self {
        let before = SystemTime::now();
        let told = probe(&endpoint, &options).await;
        let after = SystemTime::now();
        let probe = told.as_ref().ok();
        let identity = probe.and_then(|probe| probe.identity_body.as_deref()).map(identify::read);
        let date = probe.and_then(|probe| probe.date.as_deref()).and_then(date);
        let clock = date.map(|date| Clock::of(date, before, after));
        Self { endpoint, told, identity, clock }
    }

    /// Whether this is WinRM. A service that identifies itself to nobody still shows by its offer that it is one.
    pub(super) fn is_winrm(&self) -> bool {
        match (&self.identity, &self.told) {
            (Some(identity), _) => identity.is_ok(),
            (None, Ok(probe)) => probe.status == 401 && !probe.challenges.is_empty(),
            (None, Err(_)) => false,
        }
    }

    pub(super) fn is_winrm_and_trusted(&self) -> bool {
        self.is_winrm() && self.distrust().is_none()
    }

    pub(super) fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()?.as_ref().ok()
    }

    /// Why its certificate is not trusted, if it showed one that is not.
    pub(super) fn distrust(&self) -> Option<&TlsError> {
        self.told.as_ref().ok()?.tls.as_ref()?.distrust.as_ref()
    }
}

/// This machine's clock.
pub(super) fn now() -> SystemTime {
    SystemTime::now()
}

impl Clock {
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
        let of = |date, before, after| Clock::of(at(date), at(before), at(after));
        let millis = Duration::from_millis;
        assert_eq!(of(5_000, 5_900, 5_950), Clock::Same(millis(950)));
        assert_eq!(of(5_000, 4_900, 5_100), Clock::Same(millis(1_100)));
        assert_eq!(of(5_000, 6_000, 6_000), Clock::Same(millis(1_000)));
        assert_eq!(of(65_000, 5_000, 5_000), Clock::Ahead(millis(60_000)));
        assert_eq!(of(5_000, 66_500, 66_600), Clock::Behind(millis(60_500)));
    }

    #[test]
    fn a_date_is_read_as_http_writes_it() {
        let time = date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        assert_eq!(time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs(), 784_111_777);
        assert_eq!(date("yesterday"), None);
    }
}
