//! What a trace shows of one exchange: opened, and scrubbed of what a client may have sent that is its own. Pure.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::login::token_of;
use super::ntlm;
use crate::wsman::xml::{Element, Rewrite, rewrite};

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

/// What is called with each exchange.
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

/// What a header of a login says, without what it proves: `Basic`, `Negotiate with NTLM NEGOTIATE with flags ...`.
pub(super) fn login(header: &str) -> String {
    let (scheme, token) = token_of(header);
    match ntlm::describe(&token) {
        Some(described) => format!("{scheme} with NTLM {described}"),
        None if token.is_empty() || scheme.eq_ignore_ascii_case("Basic") => scheme.to_owned(),
        None => format!("{scheme} with a token of {} bytes", token.len()),
    }
}

/// An envelope without the texts that are the client's own; of what is no XML, the size alone.
pub(super) fn scrub(body: &[u8]) -> String {
    if body.is_empty() {
        return String::new();
    }
    let rewritten = std::str::from_utf8(body).ok().and_then(|text| rewrite(text, &mut HideTexts).ok());
    let Some(mut out) = rewritten else { return format!("[{} bytes]", body.len()) };
    let shown = out.floor_char_boundary(MAX_SHOWN);
    if shown < out.len() {
        let more = out.len() - shown;
        out.truncate(shown);
        out.push_str(&format!("[{more} more bytes]"));
    }
    out
}

/// Puts lengths in the place of texts that are the client's own.
struct HideTexts;

impl Rewrite for HideTexts {
    fn text<'v>(&mut self, element: Element<'_>, text: &'v str) -> Cow<'v, str> {
        let mut around = std::iter::successors(Some(element), |element| element.parent());
        match around.any(|element| SCRUBBED.contains(&element.local())) {
            true => format!("[{} characters]", text.trim().chars().count()).into(),
            false => Cow::Borrowed(text),
        }
    }
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
            r#"<s:Body xmlns:s="s" xmlns:rsp="r"><rsp:Shell><rsp:Environment>"#,
            r#"<rsp:Variable Name="A">secret</rsp:Variable></rsp:Environment>"#,
            "<rsp:WorkingDirectory>secret</rsp:WorkingDirectory></rsp:Shell>",
            "<rsp:CommandLine><rsp:Command>\n  secret\n</rsp:Command><rsp:Arguments>secret</rsp:Arguments></rsp:CommandLine>",
            "<rsp:Command>a<b/>secret</rsp:Command><rsp:Command><b>secret</b>secret</rsp:Command>",
            "<rsp:Command><![CDATA[secret]]></rsp:Command>",
            r#"<creationXml xmlns="x">secret</creationXml><Stream>secret</Stream><rsp:Code>terminate</rsp:Code></s:Body>"#,
        );
        let shown = scrub(envelope.as_bytes());
        assert!(!shown.contains("secret"), "{shown}");
        assert!(shown.contains(r#"<rsp:Variable Name="A">[6 characters]</rsp:Variable>"#), "{shown}");
        assert!(shown.contains("<rsp:Code>terminate</rsp:Code>"), "{shown}");
        assert_eq!(
            scrub(b"<rsp:Command><![CDATA[secret]]></rsp:Command>"),
            "[45 bytes]",
            "an unbound prefix"
        );
        assert_eq!(scrub(b"<Command><?x ?>secret</Command>"), "[31 bytes]");
        assert_eq!(scrub(b"<Command><![CDATA[secret]]>"), "[27 bytes]", "no end");
        assert_eq!(scrub(b"\xffsecret"), "[7 bytes]");
        assert_eq!(scrub(b""), "");
        assert_eq!(login("Basic dXNlcjpzZWNyZXQ="), "Basic");
        assert_eq!(login("Kerberos YWJj"), "Kerberos with a token of 3 bytes");
        let long = format!("<a>{}</a>", "x".repeat(MAX_SHOWN));
        assert!(scrub(long.as_bytes()).ends_with("x[7 more bytes]"));
    }
}
