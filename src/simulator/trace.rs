//! What a trace shows of one exchange: opened, and scrubbed of what a client may have sent that is its own. Pure.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::ntlm;

/// One exchange, for people to read; [`fmt::Display`] is the form that the command writes. It holds no password, no
/// token, and none of the texts that a client brings: command lines, variables, streams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TracedExchange {
    /// The exchange's number, counted from 1.
    pub number: u64,
    /// The connection's number, counted from 1.
    pub connection: u64,
    /// The method and path of the request.
    pub request_line: String,
    /// The scheme of the request's login, and what its token says, if it has one.
    pub login: Option<String>,
    /// The envelope that came, opened and scrubbed; empty where there is none.
    pub request: String,
    /// Whether the body of the request was sealed.
    pub sealed: bool,
    /// The HTTP status; 0 if the connection was closed instead.
    pub status: u16,
    /// What the answer says of logins: schemes, and what its token says.
    pub offered: Vec<String>,
    /// What was expected and what came, where the request was turned away before it was read.
    pub reason: Option<String>,
    /// The envelope that was sent, scrubbed; empty where there is none.
    pub response: String,
}

/// Whoever is told of exchanges.
#[derive(Clone)]
pub(super) struct Trace(Arc<dyn Fn(&TracedExchange) + Send + Sync>);

/// The elements whose text is the client's own, or base64: MS-WSMV 2.2.4, and creationXml and its kin of MS-PSRP.
const SCRUBBED: &[&str] = &[
    "Stream",
    "Command",
    "CommandLine",
    "Arguments",
    "Variable",
    "WorkingDirectory",
    "creationXml",
    "connectXml",
    "connectResponseXml",
];
/// The most bytes of an envelope that are shown.
const MAX_SHOWN: usize = 8_192;

impl Trace {
    pub(super) fn new(report: impl Fn(&TracedExchange) + Send + Sync + 'static) -> Self {
        Self(Arc::new(report))
    }

    pub(super) fn report(&self, exchange: &TracedExchange) {
        (self.0)(exchange);
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trace")
    }
}

/// What a header of a login says, without what it proves: `Basic`, `Negotiate NTLM NEGOTIATE with flags ...`.
pub(super) fn login(header: &str) -> String {
    let (scheme, value) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
    let token = BASE64.decode(value.trim()).unwrap_or_default();
    match ntlm::describe(&token) {
        Some(described) => format!("{scheme} with NTLM {described}"),
        None if token.is_empty() || scheme.eq_ignore_ascii_case("Basic") => scheme.to_owned(),
        None => format!("{scheme} with a token of {} bytes", token.len()),
    }
}

/// An envelope without the texts that are the client's own.
pub(super) fn scrub(body: &[u8]) -> String {
    let text = match std::str::from_utf8(body) {
        // What has no markup that this knows could hide a text from it.
        Ok(text) if !text.contains("<!") => text,
        _ => return format!("[{} bytes]", body.len()),
    };
    let mut out = String::new();
    let mut is_scrubbed = false;
    for part in text.split_inclusive('>') {
        let (content, tag) = part.split_once('<').map_or((part, None), |(content, tag)| (content, Some(tag)));
        match content.trim() {
            "" => {}
            content if is_scrubbed => out.push_str(&format!("[{} characters]", content.chars().count())),
            content => out.push_str(content),
        }
        let Some(tag) = tag else { continue };
        out.push('<');
        out.push_str(tag);
        let name = tag.split([' ', '\t', '\r', '\n', '>', '/']).next().unwrap_or_default();
        let local = name.rsplit(':').next().unwrap_or_default();
        is_scrubbed = SCRUBBED.contains(&local) && !tag.ends_with("/>");
    }
    let shown = out.floor_char_boundary(MAX_SHOWN);
    if shown < out.len() {
        let more = out.len() - shown;
        out.truncate(shown);
        out.push_str(&format!("[{more} more bytes]"));
    }
    out
}

impl fmt::Display for TracedExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sealed = if self.sealed { ", sealed" } else { "" };
        write!(f, "[{}] connection {}: {}{sealed}", self.number, self.connection, self.request_line)?;
        if let Some(login) = &self.login {
            write!(f, "\n    Authorization: {login}")?;
        }
        if !self.request.is_empty() {
            write!(f, "\n    {}", self.request)?;
        }
        match self.status {
            0 => write!(f, "\n[{}] connection closed without an answer", self.number)?,
            status => write!(f, "\n[{}] answered {status}", self.number)?,
        }
        if let Some(reason) = &self.reason {
            write!(f, ": {reason}")?;
        }
        for offered in &self.offered {
            write!(f, "\n    WWW-Authenticate: {offered}")?;
        }
        if !self.response.is_empty() {
            write!(f, "\n    {}", self.response)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_the_client_and_tokens_are_not_shown() {
        let envelope = concat!(
            r#"<s:Body><rsp:Shell><rsp:Environment><rsp:Variable Name="A">secret</rsp:Variable></rsp:Environment>"#,
            "<rsp:WorkingDirectory>secret</rsp:WorkingDirectory></rsp:Shell>",
            "<rsp:CommandLine><rsp:Command>\n  secret\n</rsp:Command><rsp:Arguments>secret</rsp:Arguments></rsp:CommandLine>",
            r#"<creationXml xmlns="x">secret</creationXml><Stream>secret</Stream><rsp:Code>terminate</rsp:Code></s:Body>"#,
        );
        let shown = scrub(envelope.as_bytes());
        assert!(!shown.contains("secret"), "{shown}");
        assert!(shown.contains(r#"<rsp:Variable Name="A">[6 characters]</rsp:Variable>"#), "{shown}");
        assert!(shown.contains("<rsp:Code>terminate</rsp:Code>"), "{shown}");
        assert_eq!(scrub(b"<rsp:Command><![CDATA[secret]]></rsp:Command>"), "[45 bytes]");
        assert_eq!(scrub(b"\xffsecret"), "[7 bytes]");
        assert_eq!(login("Basic dXNlcjpzZWNyZXQ="), "Basic");
        assert_eq!(login("Kerberos YWJj"), "Kerberos with a token of 3 bytes");
        let long = "x".repeat(MAX_SHOWN) + "yz";
        assert!(scrub(long.as_bytes()).ends_with("x[2 more bytes]"));
    }
}
