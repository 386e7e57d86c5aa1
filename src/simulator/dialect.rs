//! Envelopes as OMI 1.9.1 writes them: other prefixes, and no language on the envelope.

/// Windows' prefix and OMI's for the same namespace.
const PREFIXES: &[(&str, &str)] = &[
    ("s", "SOAP-ENV"),
    ("a", "wsa"),
    ("x", "wxf"),
    ("n", "wsen"),
    ("w", "wsman"),
    ("rsp", "p"),
    ("p", "msftwinrm"),
    ("wsmid", "wsmid"),
];

/// What Windows' envelopes begin with and OMI's do not.
const LANGUAGE: &str = r#"xml:lang="en-US" "#;

/// Rewrites one of our own envelopes; what it is given is well-formed and has no `>` inside a tag.
pub(super) fn as_omi_writes(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 5 / 4);
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once('<') {
        push_text(&mut out, before);
        let Some((tag, after)) = tail.split_once('>') else {
            return out;
        };
        out.push('<');
        push_tag(&mut out, tag);
        out.push('>');
        rest = after;
    }
    push_text(&mut out, rest);
    out
}

fn push_tag(out: &mut String, tag: &str) {
    let (tag, slash) = tag.strip_prefix('/').map_or((tag, ""), |tag| (tag, "/"));
    out.push_str(slash);
    let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
    let attributes = match name {
        "s:Envelope" => attributes.strip_prefix(LANGUAGE).unwrap_or(attributes),
        _ => attributes,
    };
    match name.split_once(':') {
        Some((prefix, local)) => {
            out.push_str(theirs(prefix));
            out.push(':');
            out.push_str(local);
        }
        None => out.push_str(name),
    }
    if !attributes.is_empty() {
        let mut parts = attributes.split("xmlns:");
        out.push(' ');
        out.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let (prefix, value) = part.split_once('=').unwrap_or((part, ""));
            out.push_str("xmlns:");
            out.push_str(theirs(prefix));
            out.push('=');
            out.push_str(value);
        }
    }
}

fn push_text(out: &mut String, text: &str) {
    match text.split_once(':').filter(|(_, local)| local.bytes().all(|byte| byte.is_ascii_alphabetic())) {
        // A fault's code is a name with a prefix.
        Some((prefix, local)) if PREFIXES.iter().any(|(ours, _)| *ours == prefix) => {
            out.push_str(theirs(prefix));
            out.push(':');
            out.push_str(local);
        }
        _ => out.push_str(text),
    }
}

fn theirs(prefix: &str) -> &str {
    PREFIXES.iter().find(|(ours, _)| *ours == prefix).map_or(prefix, |(_, theirs)| theirs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wsman::xml::Document;

    #[test]
    fn prefixes_change_and_the_meaning_stays() {
        let ours = concat!(
            r#"<s:Envelope xml:lang="en-US" xmlns:s="urn:s" xmlns:rsp="urn:r"><s:Value>s:Sender</s:Value>"#,
            r#"<s:Text xml:lang="en-US">x: y</s:Text>"#,
            r#"<rsp:Shell Name="a"/><rsp:Stream Name="o">AA==</rsp:Stream><rsp:Id>urn:x</rsp:Id></s:Envelope>"#,
        );
        let theirs = as_omi_writes(ours);
        assert_eq!(
            theirs,
            concat!(
                r#"<SOAP-ENV:Envelope xmlns:SOAP-ENV="urn:s" xmlns:p="urn:r">"#,
                "<SOAP-ENV:Value>SOAP-ENV:Sender</SOAP-ENV:Value>",
                r#"<SOAP-ENV:Text xml:lang="en-US">x: y</SOAP-ENV:Text>"#,
                "<p:Shell Name=\"a\"/><p:Stream Name=\"o\">AA==</p:Stream><p:Id>urn:x</p:Id></SOAP-ENV:Envelope>",
            )
        );
        let document = Document::parse(&theirs).unwrap();
        assert_eq!(document.root().child("urn:r", "Id").unwrap().text(), "urn:x");
    }
}
