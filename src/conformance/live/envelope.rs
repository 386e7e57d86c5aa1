//! Request envelopes as text, header by header, so that a check can leave one out, add one, or write one wrong.

use super::ask::{Ask, Facts};
use super::target::{Target, upper};
use crate::wsman::uri;
use crate::wsman::xml::escape_into;

/// A request in the making.
#[derive(Clone, Debug)]
pub(super) struct Envelope {
    soap: &'static str,
    /// Each header by its local name.
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Envelope {
    /// A request with the headers that clients send.
    pub(super) fn new(facts: &Facts, action: &str, resource_uri: &str) -> Self {
        let url = escaped(&facts.url);
        let headers = vec![
            ("To", format!("<a:To>{url}</a:To>")),
            ("ResourceURI", demanded("w:ResourceURI", &escaped(resource_uri))),
            ("ReplyTo", reply_to(uri::ANONYMOUS)),
            ("Action", demanded("a:Action", &escaped(action))),
            ("MaxEnvelopeSize", demanded("w:MaxEnvelopeSize", ENVELOPE_SIZE)),
            ("MessageID", format!("<a:MessageID>{}</a:MessageID>", message_id(facts))),
            ("Locale", r#"<w:Locale xml:lang="en-US" s:mustUnderstand="false"/>"#.to_owned()),
            ("DataLocale", r#"<p:DataLocale xml:lang="en-US" s:mustUnderstand="false"/>"#.to_owned()),
            (
                "SessionId",
                format!(
                    r#"<p:SessionId s:mustUnderstand="false">uuid:{}</p:SessionId>"#,
                    upper(facts.session_id)
                ),
            ),
            ("OperationTimeout", operation_timeout("PT20S")),
        ];
        Self { soap: uri::SOAP, headers, body: String::new() }
    }

    /// A Get of the shell that is not there: what it is answered with depends on its headers alone.
    pub(super) fn get_absent(facts: &Facts) -> Self {
        Self::get(facts, &Target::absent(facts))
    }

    pub(super) fn get(facts: &Facts, target: &Target) -> Self {
        Self::new(facts, uri::GET.request, uri::SHELL_RESOURCE).selector("ShellId", target.shell_id())
    }

    /// An operation on a shell, through its resource.
    pub(super) fn on(facts: &Facts, action: uri::Action, target: &Target) -> Self {
        Self::new(facts, action.request, target.resource_uri()).selector("ShellId", target.shell_id())
    }

    /// An Enumerate of shells.
    pub(super) fn enumerate(facts: &Facts, children: &str) -> Self {
        Self::enumerate_of(facts, uri::SHELL_RESOURCE, children)
    }

    pub(super) fn enumerate_of(facts: &Facts, resource_uri: &str, children: &str) -> Self {
        let body = format!("<n:Enumerate>{children}</n:Enumerate>");
        Self::new(facts, uri::ENUMERATE.request, resource_uri).body(body)
    }

    /// A Pull of shells.
    pub(super) fn pull(facts: &Facts, context: &str, max_elements: &str) -> Self {
        let context = escaped(context);
        let body = format!(
            "<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext><n:MaxElements>{max_elements}\
             </n:MaxElements></n:Pull>"
        );
        Self::new(facts, uri::PULL.request, uri::SHELL_RESOURCE).body(body)
    }

    pub(super) fn release(facts: &Facts, context: &str) -> Self {
        let context = escaped(context);
        let body = format!("<n:Release><n:EnumerationContext>{context}</n:EnumerationContext></n:Release>");
        Self::new(facts, uri::RELEASE.request, uri::SHELL_RESOURCE).body(body)
    }

    /// Without this header.
    pub(super) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(found, _)| *found != name);
        self
    }

    /// With this header instead of the one of that name, or in addition.
    pub(super) fn with(mut self, name: &'static str, header: impl Into<String>) -> Self {
        let header = header.into();
        match self.headers.iter_mut().find(|(found, _)| *found == name) {
            Some((_, text)) => *text = header,
            None => self.headers.push((name, header)),
        }
        self
    }

    pub(super) fn selector(self, name: &str, value: &str) -> Self {
        let (name, value) = (escaped(name), escaped(value));
        self.with(
            "SelectorSet",
            format!(r#"<w:SelectorSet><w:Selector Name="{name}">{value}</w:Selector></w:SelectorSet>"#),
        )
    }

    /// The headers in the opposite order.
    pub(super) fn reversed(mut self) -> Self {
        self.headers.reverse();
        self
    }

    pub(super) fn body(self, body: impl Into<String>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// In another version of SOAP.
    pub(super) fn soap(self, namespace: &'static str) -> Self {
        Self { soap: namespace, ..self }
    }

    pub(super) fn text(&self) -> String {
        let mut out = format!(r#"<s:Envelope xmlns:s="{}""#, self.soap);
        for (prefix, namespace) in PREFIXES {
            out.push_str(&format!(r#" xmlns:{prefix}="{namespace}""#));
        }
        out.push_str("><s:Header>");
        for (_, header) in &self.headers {
            out.push_str(header);
        }
        out.push_str("</s:Header><s:Body>");
        out.push_str(&self.body);
        out.push_str("</s:Body></s:Envelope>");
        out
    }

    /// The request, over a login.
    pub(super) fn ask(&self) -> Ask {
        Ask::new(self.text())
    }
}

/// The Identify request, which has no headers.
pub(super) fn identify() -> String {
    let mut text = String::new();
    crate::wsman::op::identify::request(&mut text);
    text
}

pub(super) fn message_id(facts: &Facts) -> String {
    format!("uuid:{}", upper(facts.message_id))
}

pub(super) fn reply_to(address: &str) -> String {
    format!(r#"<a:ReplyTo><a:Address s:mustUnderstand="true">{address}</a:Address></a:ReplyTo>"#)
}

pub(super) fn operation_timeout(duration: &str) -> String {
    format!("<w:OperationTimeout>{duration}</w:OperationTimeout>")
}

/// A filter on the items of one shell.
pub(super) fn shell_filter(shell_id: &str) -> String {
    format!(
        r#"<w:Filter Dialect="{}"><w:SelectorSet><w:Selector Name="ShellId">{}</w:Selector></w:SelectorSet></w:Filter>"#,
        uri::SELECTOR_FILTER,
        escaped(shell_id)
    )
}

/// The resource of a session configuration that no server has.
pub(super) fn unknown_configuration() -> String {
    format!("{}PssessionNoSuchConfiguration", uri::POWERSHELL_PREFIX)
}

/// A header that must be understood.
pub(super) fn demanded(name: &str, text: &str) -> String {
    format!(r#"<{name} s:mustUnderstand="true">{text}</{name}>"#)
}

pub(super) fn escaped(text: &str) -> String {
    let mut out = String::new();
    escape_into(&mut out, text);
    out
}

/// What an optimised Enumerate holds.
pub(super) const OPTIMIZED: &str = "<w:OptimizeEnumeration/><w:MaxElements>32000</w:MaxElements>";

/// The largest answer that the usual request takes, in bytes: what every Windows with PowerShell 2 and later allows.
const ENVELOPE_SIZE: &str = "153600";

/// The prefixes of requests, but for SOAP's own.
const PREFIXES: &[(&str, &str)] = &[
    ("a", uri::ADDRESSING),
    ("w", uri::WSMAN),
    ("p", uri::WSMV),
    ("x", uri::TRANSFER),
    ("n", uri::ENUMERATION),
    ("rsp", uri::SHELL),
];
