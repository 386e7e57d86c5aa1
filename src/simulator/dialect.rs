//! Envelopes as OMI writes them: other prefixes, and texts padded with white space, but for what is in a stream: its own
//! client cannot read white space there.

/// Windows' prefix and OMI's for the same namespace.
const PREFIXES: &[(&str, &str)] = &[
    ("s", "SOAP-ENV"),
    ("a", "wsa"),
    ("x", "wxf"),
    ("n", "wsen"),
    ("w", "wsman"),
    ("rsp", "p"),
    ("p", "wsmv"),
    ("f", "flt"),
    ("wsmid", "wsmid"),
];

/// The tag whose text is base64.
const STREAM: &str = "rsp:Stream";

/// Rewrites one of our own envelopes; what it is given is well-formed and has no `>` inside a tag.
pub(super) fn as_omi_writes(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 5 / 4);
    let mut rest = text;
    let mut in_stream = false;
    while let Some((before, tail)) = rest.split_once('<') {
        if in_stream {
            out.push_str(before)
        } else {
            push_text(&mut out, before)
        }
        let Some((tag, after)) = tail.split_once('>') else {
            return out;
        };
        out.push('<');
        push_tag(&mut out, tag);
        out.push('>');
        in_stream = tag.split(' ').next() == Some(STREAM);
        rest = after;
    }
    push_text(&mut out, rest);
    out
}

fn push_tag(out: &mut String, tag: &str) {
    let (tag, slash) = tag.strip_prefix('/').map_or((tag, ""), |tag| (tag, "/"));
    out.push_str(slash);
    let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
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
    if text.is_empty() {
        return;
    }
    out.push_str("\n  ");
    match text.split_once(':').filter(|(_, local)| local.bytes().all(|byte| byte.is_ascii_alphabetic())) {
        // A fault's code is a name with a prefix.
        Some((prefix, local)) if PREFIXES.iter().any(|(ours, _)| *ours == prefix) => {
            out.push_str(theirs(prefix));
            out.push(':');
            out.push_str(local);
        }
        _ => out.push_str(text),
    }
    out.push('\n');
}

fn theirs(prefix: &str) -> &str {
    PREFIXES.iter().find(|(ours, _)| *ours == prefix).map_or(prefix, |(_, theirs)| theirs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wsman::xml::Document;

    #[test]
    fn prefixes_change_texts_are_padded_and_the_meaning_stays() {
        let ours = concat!(
            r#"<s:Envelope xml:lang="en-US" xmlns:s="urn:s" xmlns:rsp="urn:r"><s:Value>s:Sender</s:Value>"#,
            r#"<rsp:Shell Name="a"/><rsp:Stream Name="o">AA==</rsp:Stream><rsp:Id>urn:x</rsp:Id></s:Envelope>"#,
        );
        let theirs = as_omi_writes(ours);
        assert_eq!(
            theirs,
            concat!(
                r#"<SOAP-ENV:Envelope xml:lang="en-US" xmlns:SOAP-ENV="urn:s" xmlns:p="urn:r">"#,
                "<SOAP-ENV:Value>\n  SOAP-ENV:Sender\n</SOAP-ENV:Value>",
                "<p:Shell Name=\"a\"/><p:Stream Name=\"o\">AA==</p:Stream><p:Id>\n  urn:x\n</p:Id></SOAP-ENV:Envelope>",
            )
        );
        let document = Document::parse(&theirs).unwrap();
        assert_eq!(document.root().child("urn:r", "Id").unwrap().text(), "urn:x");
    }
}
