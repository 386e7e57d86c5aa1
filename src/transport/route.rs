//! The URL that is posted to, and where its host is looked up: an address of one's own, or another name for TLS.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rustls::pki_types::DnsName;

use super::{Endpoint, HttpOptions, SetupError};

/// The way to one endpoint.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Route {
    /// What the HTTP client is given: TLS takes its name from there, and the resolver gives no port.
    pub(super) url: String,
    /// `Host`, where it is not the URL's.
    pub(super) host_header: Option<String>,
    pub(super) lookup: Lookup,
}

/// Where the URL's host is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    /// Where the resolver says.
    Url,
    /// The host of the URL is at this address.
    Fixed(SocketAddr),
    /// Where the resolver says that this host is.
    Instead(Arc<str>),
}

impl Route {
    pub(super) fn to(endpoint: &Endpoint, options: &HttpOptions) -> Result<Self, SetupError> {
        let name = options.tls_server_name.as_deref().filter(|_| endpoint.is_tls());
        let bare = |host: &str| host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let other = options.address.as_deref();
        if other.is_some() && bare(endpoint.resolved_host()).is_ok() {
            return Err(SetupError::Client {
                source: "another address is only for a host given by name".into(),
            });
        }
        let other_address = other.and_then(|host| Some(SocketAddr::new(bare(host).ok()?, endpoint.port())));
        let fixed = options.resolve.or(other_address).or_else(|| {
            // An address needs no resolver, and the name for TLS must not be asked of one.
            let address = name.and_then(|_| bare(endpoint.resolved_host()).ok())?;
            Some(SocketAddr::new(address, endpoint.port()))
        });
        if name.is_none() && fixed.is_none() && other.is_none() {
            return Ok(Self { url: endpoint.url().to_owned(), host_header: None, lookup: Lookup::Url });
        }
        let mut url = endpoint.parsed_url().clone();
        let host_header = match url.port() {
            Some(port) => format!("{}:{port}", endpoint.resolved_host()),
            None => endpoint.resolved_host().to_owned(),
        };
        if let Some(name) = name {
            let bad = || SetupError::TlsServerName { name: name.to_owned() };
            DnsName::try_from(name).map_err(|_| bad())?;
            url.set_host(Some(name)).map_err(|_| bad())?;
        }
        if let Some(address) = fixed {
            url.set_port(Some(address.port()))
                .map_err(|()| SetupError::Client { source: "the URL cannot have a port".into() })?;
        }
        let lookup = match fixed {
            Some(address) => Lookup::Fixed(address),
            None => Lookup::Instead(other.unwrap_or(endpoint.resolved_host()).into()),
        };
        Ok(Self { url: url.into(), host_header: Some(host_header), lookup })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(host: &str, options: HttpOptions) -> (String, Option<String>, Lookup) {
        let route = Route::to(&Endpoint::parse(host, true).unwrap(), &options).unwrap();
        (route.url, route.host_header, route.lookup)
    }

    #[test]
    fn another_address_changes_where_the_connection_goes_and_nothing_else() {
        let at = |address: &str| route("alias.lab", HttpOptions::default().with_address(address));
        let own = ("https://alias.lab:5986/wsman".to_owned(), Some("alias.lab:5986".to_owned()));
        for (address, socket) in [("10.0.0.7", "10.0.0.7:5986"), ("[2001:db8::7]", "[2001:db8::7]:5986")] {
            let (url, header, lookup) = at(address);
            assert_eq!((url, header), own, "{address}");
            assert_eq!(lookup, Lookup::Fixed(socket.parse().unwrap()), "{address}");
        }
        let (url, header, lookup) = at("web01.internal");
        assert_eq!(((url, header), lookup), (own, Lookup::Instead("web01.internal".into())));
        let literal = Endpoint::parse("10.0.0.1", true).unwrap();
        assert!(Route::to(&literal, &HttpOptions::default().with_address("10.0.0.7")).is_err());
    }

    #[test]
    fn without_options_the_url_says_all() {
        let expected = ("https://web01:5986/wsman".to_owned(), None, Lookup::Url);
        assert_eq!(route("web01", HttpOptions::default()), expected);
    }

    #[test]
    fn the_name_for_tls_stands_in_the_url_and_the_host_is_looked_up() {
        let named = || HttpOptions::default().with_tls_server_name("Web01.Lab");
        let url = || "https://web01.lab:5986/wsman".to_owned();
        let host = |text: &str| Some(text.to_owned());
        let expected = (url(), host("alias:5986"), Lookup::Instead("alias".into()));
        assert_eq!(route("alias", named()), expected);
        for (address, socket) in [("10.0.0.7", "10.0.0.7:5986"), ("[::1]", "[::1]:5986")] {
            let lookup = Lookup::Fixed(socket.parse().unwrap());
            assert_eq!(route(address, named()), (url(), host(&format!("{address}:5986")), lookup));
        }
        let socket: SocketAddr = "127.0.0.1:7".parse().unwrap();
        let (url, header, lookup) = route("alias", named().with_resolve(socket));
        assert_eq!((url.as_str(), header), ("https://web01.lab:7/wsman", host("alias:5986")));
        assert_eq!(lookup, Lookup::Fixed(socket));
    }

    #[test]
    fn a_name_for_tls_that_no_certificate_bears_is_refused() {
        for name in ["", "10.0.0.7", "::1", "web 01", "web01.lab:5986", "https://web01"] {
            let options = HttpOptions::default().with_tls_server_name(name);
            let error = Route::to(&Endpoint::parse("web01", true).unwrap(), &options).unwrap_err();
            assert!(matches!(error, SetupError::TlsServerName { .. }), "{name}");
        }
    }

    #[test]
    fn plain_http_needs_no_name_for_tls() {
        let options = HttpOptions::default().with_tls_server_name("web01.lab");
        let route = Route::to(&Endpoint::parse("alias", false).unwrap(), &options).unwrap();
        assert_eq!(route.url, "http://alias:5985/wsman");
    }
}
