//! Where a WinRM service listens, and how the way there is protected.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// The URL of a WinRM endpoint, parsed from what a person writes as HOST. Two are equal when their URLs are.
#[derive(Clone, Debug)]
pub struct Endpoint {
    url: Url,
    host: String,
}

/// Text that names no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a host, host:port, [IPv6]:port or URL: {problem}")]
pub struct EndpointError {
    /// The text as it was given; what may be a password is left out.
    pub text: String,
    /// What is wrong.
    pub problem: String,
}

/// How bodies and passwords are protected on the way. The dangerous ones must be asked for by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Security {
    /// Allow HTTP Basic over plain HTTP: the password and the bodies travel in clear.
    pub dangerous_basic_over_http: bool,
    /// Send unsealed bodies over plain HTTP.
    pub dangerous_unencrypted: bool,
    /// Do not check the server's certificate.
    pub dangerous_skip_certificate_check: bool,
    /// Never log in with NTLM, not even where a negotiation comes down to it.
    pub forbid_ntlm: bool,
}

impl Endpoint {
    /// Parses `name`, `address`, `[IPv6]`, any of them with `:port`, or a URL. The default is http, 5985, `/wsman`;
    /// `tls`, or port 5986 or 443, means https (5986 by default); a URL without a port means 80 or 443, and without
    /// a path `/wsman`. An IPv6 address alone needs no brackets.
    ///
    /// # Errors
    /// [`EndpointError`] quotes the text. A URL with a user or password is refused (arguments are seen by everybody
    /// on the machine), and so is one that says http where `tls` is asked for.
    pub fn parse(text: &str, tls: bool) -> Result<Self, EndpointError> {
        let fail = |problem: String| EndpointError { text: without_secrets(text), problem };
        if text.is_empty() {
            return Err(fail("it is empty".into()));
        }
        // Anywhere: a password may hold a slash, so that what follows the host may be the rest of it.
        if text.contains('@') {
            return Err(fail("it contains a user name, which belongs in a credential".into()));
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(fail("it contains white space, a backslash or a control character".into()));
        }
        let parts = match text.split_once("://") {
            Some((scheme, rest)) => Parts::of_url(scheme, rest, tls),
            None => Parts::of_host(text, tls),
        };
        parts.and_then(Parts::into_endpoint).map_err(fail)
    }

    /// The URL to post to.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The computer as it was named: the host as given, with brackets around an IPv6 address.
    #[must_use]
    pub fn computer_name(&self) -> &str {
        &self.host
    }

    /// The effective port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or_default()
    }

    /// Whether the way there is HTTPS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The service principal name that a login names as its target: `HTTP/host`.
    #[must_use]
    pub fn spn(&self) -> String {
        format!("HTTP/{}", self.host)
    }

    /// The host as the resolver and TLS know it: lower case, IDNA applied.
    pub(crate) fn resolved_host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    pub(crate) fn parsed_url(&self) -> &Url {
        &self.url
    }
}

impl PartialEq for Endpoint {
    fn eq(&self, other: &Self) -> bool {
        self.url == other.url
    }
}

impl Eq for Endpoint {}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.url.as_str())
    }
}

/// The pieces of either spelling, before the url crate has its say.
struct Parts<'a> {
    https: bool,
    host: String,
    port: Option<u16>,
    path: &'a str,
}

impl<'a> Parts<'a> {
    fn of_url(scheme: &str, rest: &'a str, tls: bool) -> Result<Self, String> {
        let https = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(format!("the scheme {scheme:?} is neither http nor https")),
        };
        if rest.contains('#') {
            return Err("a fragment (#) is not allowed".into());
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let (host, port) = host_and_port(authority)?;
        if tls && !https {
            return Err("the scheme of the URL is http, but TLS is requested".into());
        }
        Ok(Self { https, host, port, path: if matches!(path, "" | "/") { DEFAULT_PATH } else { path } })
    }

    fn of_host(text: &'a str, tls: bool) -> Result<Self, String> {
        if text.contains(['/', '?', '#']) {
            return Err("a path requires a full URL, with http:// or https:// in front".into());
        }
        let (host, port) = host_and_port(text)?;
        let https = tls || matches!(port, Some(WINRM_HTTPS_PORT | HTTPS_PORT));
        let default = if https { WINRM_HTTPS_PORT } else { WINRM_HTTP_PORT };
        Ok(Self { https, host, port: Some(port.unwrap_or(default)), path: DEFAULT_PATH })
    }

    fn into_endpoint(self) -> Result<Endpoint, String> {
        let Self { https, host, port, path } = self;
        let scheme = if https { "https" } else { "http" };
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let url = Url::parse(&format!("{scheme}://{host}{port}{path}")).map_err(|e| e.to_string())?;
        // The url crate reads 5985 or 0x7f.1 as an IPv4 address, as browsers do; nobody means that here.
        if let Some(Host::Ipv4(address)) = url.host()
            && host.parse::<Ipv4Addr>() != Ok(address)
        {
            return Err(format!("{host:?} is a number, not a host"));
        }
        Ok(Endpoint { url, host })
    }
}

/// Splits `host`, `host:port`, `[IPv6]`, `[IPv6]:port` or a bare IPv6 address, which gets its brackets.
pub(super) fn host_and_port(text: &str) -> Result<(String, Option<u16>), String> {
    if text.parse::<Ipv6Addr>().is_ok() {
        return Ok((format!("[{text}]"), None));
    }
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (address, after) = rest.split_once(']').ok_or("the bracket is not closed")?;
        if address.parse::<Ipv6Addr>().is_err() {
            return Err(format!("{address:?} is not an IPv6 address"));
        }
        let port = match after.strip_prefix(':') {
            Some(port) => Some(port),
            None if after.is_empty() => None,
            None => return Err("only :port may follow the bracket".into()),
        };
        (format!("[{address}]"), port)
    } else {
        match text.split_once(':') {
            Some((_, port)) if port.contains(':') => return Err("it is not an IPv6 address".into()),
            Some((host, port)) => (host.to_owned(), Some(port)),
            None => (text.to_owned(), None),
        }
    };
    if host.is_empty() {
        return Err("the host is empty".into());
    }
    let port = port.map(read_port).transpose()?;
    Ok((host, port))
}

fn read_port(text: &str) -> Result<u16, String> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse::<u16>() {
        Ok(port) if digits && port != 0 => Ok(port),
        _ => Err(format!("{text:?} is not a port (1 to 65535)")),
    }
}

/// The text without what may be a password: `user:password@`, and what follows white space, such as the variables of an
/// inventory of another tool.
fn without_secrets(text: &str) -> String {
    match text.trim().split_once(char::is_whitespace) {
        None => without_user(text),
        Some(_) if text.contains('@') => "...".to_owned(),
        Some((host, _)) => format!("{host} ..."),
    }
}

/// The text with whatever may be `user:password@` left out. A password may hold `/` or `#`, so everything up to the
/// last `@` goes.
fn without_user(text: &str) -> String {
    let Some((before, after)) = text.rsplit_once('@') else {
        return text.to_owned();
    };
    match before.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://...@{after}"),
        None => format!("...@{after}"),
    }
}

const DEFAULT_PATH: &str = "/wsman";
const WINRM_HTTP_PORT: u16 = 5985;
const WINRM_HTTPS_PORT: u16 = 5986;
const HTTPS_PORT: u16 = 443;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_host_becomes_the_url_that_it_means() {
        for (text, tls, url, name) in [
            ("web01", false, "http://web01:5985/wsman", "web01"),
            ("WEB01.Lab", false, "http://web01.lab:5985/wsman", "WEB01.Lab"),
            ("web01", true, "https://web01:5986/wsman", "web01"),
            ("web01:5986", false, "https://web01:5986/wsman", "web01"),
            ("web01:443", false, "https://web01/wsman", "web01"),
            ("web01:80", false, "http://web01/wsman", "web01"),
            ("web01:8080", true, "https://web01:8080/wsman", "web01"),
            ("10.0.0.7", false, "http://10.0.0.7:5985/wsman", "10.0.0.7"),
            ("10.0.0.7:15985", false, "http://10.0.0.7:15985/wsman", "10.0.0.7"),
            ("::1", false, "http://[::1]:5985/wsman", "[::1]"),
            ("[::1]", true, "https://[::1]:5986/wsman", "[::1]"),
            ("[fe80::7]:5986", false, "https://[fe80::7]:5986/wsman", "[fe80::7]"),
            ("http://web01", false, "http://web01/wsman", "web01"),
            ("HTTPS://web01/", false, "https://web01/wsman", "web01"),
            ("https://web01", true, "https://web01/wsman", "web01"),
            ("http://web01:5985", false, "http://web01:5985/wsman", "web01"),
            ("http://web01:5986/wsman", false, "http://web01:5986/wsman", "web01"),
            ("https://mail/PowerShell/?a=b", false, "https://mail/PowerShell/?a=b", "mail"),
            ("bücher.example", false, "http://xn--bcher-kva.example:5985/wsman", "bücher.example"),
        ] {
            let endpoint = Endpoint::parse(text, tls).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(endpoint.url(), url, "{text}");
            assert_eq!(endpoint.computer_name(), name, "{text}");
        }
    }

    #[test]
    fn the_port_and_the_principal_follow_from_the_url() {
        let endpoint = Endpoint::parse("https://web01", false).unwrap();
        assert_eq!((endpoint.port(), endpoint.is_tls()), (443, true));
        assert_eq!(endpoint.spn(), "HTTP/web01");
        assert_eq!(endpoint, Endpoint::parse("WEB01:443", false).unwrap());
    }

    #[test]
    fn what_names_no_endpoint_is_refused_with_its_reason() {
        for (text, tls, reason) in [
            ("", false, "empty"),
            (" web01", false, "white space"),
            ("web\u{7}01", false, "control character"),
            ("web01\\x", false, "backslash"),
            (":5985", false, "host is empty"),
            ("http://:5985", false, "host is empty"),
            ("http://", false, "host is empty"),
            ("web01:", false, "not a port"),
            ("web01:0", false, "not a port"),
            ("web01:+80", false, "not a port"),
            ("web01:65536", false, "not a port"),
            ("http://web01:x", false, "not a port"),
            ("ftp://web01", false, "neither http nor https"),
            ("http://web01/wsman#top", false, "fragment"),
            ("http://web01", true, "TLS is requested"),
            ("web01/wsman", false, "full URL"),
            ("[::1", false, "not closed"),
            ("[::1]x", false, ":port"),
            ("[web01]", false, "not an IPv6 address"),
            ("1::2::3", false, "not an IPv6 address"),
            ("5985", false, "is a number"),
            ("http://web<01", false, "invalid"),
        ] {
            let error = Endpoint::parse(text, tls).unwrap_err();
            assert!(error.problem.contains(reason), "{text:?}: {error}");
        }
    }

    #[test]
    fn what_may_be_a_password_is_not_quoted() {
        for (text, quoted) in [
            ("web01 ansible_password=geheim", "web01 ..."),
            ("web01\tansible_password=ge@heim", "..."),
            ("ann:ge heim@web01", "..."),
            ("http://ann:geheim@web01", "http://...@web01"),
            (" web01", " web01"),
        ] {
            assert_eq!(Endpoint::parse(text, false).unwrap_err().text, quoted);
        }
    }

    #[test]
    fn a_password_in_the_text_is_refused_and_never_echoed() {
        for text in [
            "http://root:hunter2@web01/wsman",
            "http://root:hun/ter2@web01",
            "http://root:hun#ter2@web01",
            "root:hunter2@web01",
            "ftp://root:hunter2@web01",
            "http://root:hun ter2@web01",
        ] {
            let error = Endpoint::parse(text, false).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("ter2") && !shown.contains("hun"), "{shown}");
        }
        let error = Endpoint::parse("http://root:hunter2@web01/wsman", false).unwrap_err();
        assert_eq!(error.text, "http://...@web01/wsman");
        assert!(error.problem.contains("user name"));
    }
}
