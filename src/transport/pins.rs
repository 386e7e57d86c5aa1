//! At which hosts a pin counts.

use super::endpoint::host_and_port;
use super::{CertificatePin, Endpoint, EndpointError};

/// The hosts at which a pin counts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PinScope {
    /// No host was named: the pin counts only where exactly one host is reached.
    Unnamed,
    /// `*`: every host.
    Every,
    /// One host.
    Host(PinHost),
}

/// A host that has pins of its own, at one port or at each. A name in lower case, as TLS and the resolver know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinHost {
    name: String,
    port: Option<u16>,
}

impl PinHost {
    /// The host and the port of this endpoint.
    #[must_use]
    pub fn of(endpoint: &Endpoint) -> Self {
        Self { name: endpoint.resolved_host().to_owned(), port: Some(endpoint.port()) }
    }

    fn is(&self, endpoint: &Endpoint) -> bool {
        self.name == endpoint.resolved_host() && self.port.is_none_or(|port| port == endpoint.port())
    }
}

impl PinScope {
    /// Splits `HOST=sha256/BASE64` at its first `=`. A text that begins with `sha256/`, in any case, names no host, and
    /// no host has a slash.
    #[must_use]
    pub fn split(text: &str) -> (Option<&str>, &str) {
        match text.split_once('=') {
            Some((host, pin)) if !host.contains('/') => (Some(host), pin),
            _ => (None, text),
        }
    }

    /// Reads `*`, `name`, `address`, `[IPv6]`, and any of the last three with `:port`. Without a port each one of the host
    /// is meant.
    ///
    /// # Errors
    /// [`EndpointError`] quotes the text.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        if text == "*" {
            return Ok(Self::Every);
        }
        let fail = |problem: String| EndpointError { text: text.to_owned(), problem };
        if text.contains("://") {
            return Err(fail("a pin belongs to a host, or to host:port".to_owned()));
        }
        let endpoint = Endpoint::parse(text, true)?;
        let (_, port) = host_and_port(text).map_err(fail)?;
        Ok(Self::Host(PinHost { port, ..PinHost::of(&endpoint) }))
    }
}

/// The pins of one run, each at the hosts that it is for: a pin of one host never counts at another.
///
/// ```
/// use pssession::Endpoint;
/// use pssession::transport::{CertificatePin, CertificatePins, PinScope};
///
/// let endpoints = [Endpoint::parse("web01", true)?, Endpoint::parse("web02", true)?];
/// let pin = CertificatePin::of(b"the certificate of web01");
/// let pins = CertificatePins::new([(PinScope::parse("web01")?, pin)], &endpoints)?;
/// assert_eq!(pins.for_endpoint(&endpoints[0]), [pin]);
/// assert_eq!(pins.for_endpoint(&endpoints[1]), []);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificatePins {
    /// Without [`PinScope::Unnamed`], unless at most one host is reached.
    pins: Vec<(PinScope, CertificatePin)>,
}

/// A pin that names no host, where several are reached: it would count at each of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pin {pin} names no host, but there is more than one host: {first} and {second}")]
pub struct PinWithoutHost {
    /// The pin.
    pub pin: CertificatePin,
    /// One of the hosts, as it was named, with its port.
    pub first: String,
    /// Another.
    pub second: String,
}

impl CertificatePins {
    /// Pins for a run that reaches `endpoints`. The same host and port count once, and so does one host over HTTP and
    /// over HTTPS; two ports with TLS are two hosts, for a tunnel may lead from each to another machine.
    ///
    /// # Errors
    /// [`PinWithoutHost`] if a pin has no host and several are reached.
    pub fn new<'e>(
        pins: impl IntoIterator<Item = (PinScope, CertificatePin)>,
        endpoints: impl IntoIterator<Item = &'e Endpoint>,
    ) -> Result<Self, PinWithoutHost> {
        let pins: Vec<_> = pins.into_iter().collect();
        if let Some((_, pin)) = pins.iter().find(|(scope, _)| *scope == PinScope::Unnamed)
            && let Some((first, second)) = two_hosts(endpoints)
        {
            let named = |endpoint: &Endpoint| format!("{}:{}", endpoint.computer_name(), endpoint.port());
            return Err(PinWithoutHost { pin: *pin, first: named(first), second: named(second) });
        }
        Ok(Self { pins })
    }

    /// The pins that count at this endpoint, in the order in which they were given. If there are none, its certificate is
    /// checked in the usual way.
    #[must_use]
    pub fn for_endpoint(&self, endpoint: &Endpoint) -> Vec<CertificatePin> {
        let counts = |scope: &PinScope| match scope {
            PinScope::Unnamed | PinScope::Every => true,
            PinScope::Host(host) => host.is(endpoint),
        };
        self.pins.iter().filter(|(scope, _)| counts(scope)).map(|(_, pin)| *pin).collect()
    }

    /// Whether there is no pin at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pins.is_empty()
    }
}

/// Two of these that may show different certificates.
fn two_hosts<'e>(endpoints: impl IntoIterator<Item = &'e Endpoint>) -> Option<(&'e Endpoint, &'e Endpoint)> {
    let mut endpoints = endpoints.into_iter();
    let mut first = endpoints.next()?;
    for next in endpoints {
        let same_port = first.port() == next.port() || !first.is_tls() || !next.is_tls();
        if first.resolved_host() != next.resolved_host() || !same_port {
            return Some((first, next));
        }
        // What is compared is the endpoint that shows a certificate, if one has come.
        if !first.is_tls() {
            first = next;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(texts: &[&str]) -> Vec<Endpoint> {
        texts.iter().map(|text| Endpoint::parse(text, !text.contains("://")).unwrap()).collect()
    }

    fn pin(number: u8) -> CertificatePin {
        CertificatePin::of(&[number])
    }

    #[test]
    fn what_stands_before_the_first_equals_sign_is_a_host_unless_it_begins_a_pin() {
        let digest = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        for kind in ["sha256", "SHA256", "Sha256", "sha1"] {
            let alone = format!("{kind}/{digest}");
            assert_eq!(PinScope::split(&alone), (None, alone.as_str()));
            for host in ["web01", "web01:5986", "[::1]:5986", "*", "@web", ""] {
                let text = format!("{host}={alone}");
                assert_eq!(PinScope::split(&text), (Some(host), alone.as_str()), "{text}");
            }
        }
    }

    #[test]
    fn a_pin_counts_at_its_host_and_port_and_nowhere_else() {
        let all =
            endpoints(&["web01", "WEB01.", "web01:15986", "web02", "web01.lab", "[::1]", "bücher.example"]);
        for (scope, at) in [
            ("web01", vec![0, 2]),
            ("WEB01", vec![0, 2]),
            ("web01:5986", vec![0]),
            ("web01:15986", vec![2]),
            ("web0", vec![]),
            ("::1", vec![5]),
            ("[0:0::1]:5986", vec![5]),
            ("xn--bcher-kva.example", vec![6]),
            ("*", vec![0, 1, 2, 3, 4, 5, 6]),
        ] {
            let pins = CertificatePins::new([(PinScope::parse(scope).unwrap(), pin(1))], &all).unwrap();
            let counts: Vec<usize> =
                (0..all.len()).filter(|one| !pins.for_endpoint(&all[*one]).is_empty()).collect();
            assert_eq!(counts, at, "{scope}");
        }
        let whole = PinScope::Host(PinHost::of(&all[3]));
        let pins = [(whole, pin(1)), (PinScope::Every, pin(2)), (PinScope::parse("web02").unwrap(), pin(3))];
        let pins = CertificatePins::new(pins, &all).unwrap();
        assert_eq!(pins.for_endpoint(&all[3]), [pin(1), pin(2), pin(3)]);
        assert_eq!(pins.for_endpoint(&all[0]), [pin(2)]);
    }

    #[test]
    fn a_pin_without_a_host_counts_only_where_one_host_is_reached() {
        let alone = || [(PinScope::Every, pin(1)), (PinScope::Unnamed, pin(2))];
        for one in [
            &[][..],
            &["web01"],
            &["web01", "WEB01"],
            &["http://web01:5985/wsman", "web01"],
            &["web01", "http://web01:5985/wsman", "https://web01:5986/other"],
        ] {
            let all = endpoints(one);
            let pins = CertificatePins::new(alone(), &all).unwrap();
            assert!(all.iter().all(|one| pins.for_endpoint(one) == [pin(1), pin(2)]), "{one:?}");
        }
        for several in [
            &["web01", "web02"][..],
            &["web01", "web01", "web02"],
            &["web01", "http://web02:5985/wsman"],
            &["http://web01:5985/wsman", "web01", "http://web01:5985/wsman", "web01:15986"],
            &["127.0.0.1:15986", "127.0.0.1:25986"],
        ] {
            let all = endpoints(several);
            let refused = CertificatePins::new(alone(), &all).unwrap_err();
            assert_eq!(refused.pin, pin(2), "{several:?}");
            assert!(CertificatePins::new([(PinScope::Every, pin(1))], &all).is_ok());
        }
        let refused = CertificatePins::new(alone(), &endpoints(&["web01", "web02:15986"])).unwrap_err();
        assert_eq!((refused.first.as_str(), refused.second.as_str()), ("web01:5986", "web02:15986"));
    }

    #[test]
    fn what_names_no_host_is_refused() {
        for (text, problem) in [
            ("", "empty"),
            ("https://web01", "host:port"),
            ("web01:x", "port"),
            ("a b", "white space"),
            ("@web", "user name"),
        ] {
            let error = PinScope::parse(text).unwrap_err();
            assert!(error.problem.contains(problem), "{text:?}: {error}");
        }
    }
}
