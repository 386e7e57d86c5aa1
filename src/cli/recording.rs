//! A recording in YAML: `messages`, a list of requests and responses.

use pssession::yaml::{self, Node, Value, YamlError};

/// One request, and what came of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// The line at which it begins.
    pub(crate) line: usize,
    pub(crate) request: String,
    /// `None` where the connection failed.
    pub(crate) response: Option<String>,
    /// The HTTP status, where it is told.
    pub(crate) status: Option<u16>,
}

/// Reads the text of a recording.
pub(crate) fn read(text: &str) -> Result<Vec<Message>, YamlError> {
    let document = yaml::read(text)?;
    let mut found = None;
    for (key, value) in entries(&document, "a recording")? {
        if key == "messages" {
            found = Some(messages(value)?);
        }
    }
    found.filter(|messages| !messages.is_empty()).ok_or_else(|| error(document.line, "it has no messages"))
}

fn messages(node: &Node) -> Result<Vec<Message>, YamlError> {
    match &node.value {
        Value::Sequence(messages) => messages.iter().map(message).collect(),
        _ => Err(error(node.line, "messages is not a list")),
    }
}

fn message(node: &Node) -> Result<Message, YamlError> {
    let (mut request, mut response, mut status) = (None, None, None);
    let entries = entries(node, "a message")?;
    for (key, value) in &entries {
        match *key {
            "request" => request = text(key, value)?,
            "response" => response = text(key, value)?,
            "transport_error" => status = status_of(value)?,
            _ => {}
        }
    }
    let request = request.ok_or_else(|| error(node.line, "the message has no request"))?;
    Ok(Message { line: node.line, request, response, status })
}

fn status_of(node: &Node) -> Result<Option<u16>, YamlError> {
    let mut status = None;
    for (key, value) in entries(node, "transport_error")? {
        if key == "code" {
            let code = text(key, value)?.and_then(|code| code.parse().ok());
            let code = code.filter(|code| (200..600).contains(code));
            status = Some(code.ok_or_else(|| error(value.line, "the code is an HTTP status, 200 to 599"))?);
        }
    }
    Ok(status)
}

/// The entries of a mapping.
fn entries<'n>(node: &'n Node, what: &str) -> Result<Vec<(&'n str, &'n Node)>, YamlError> {
    let Value::Mapping(entries) = &node.value else {
        return Err(error(node.line, format!("{what} is not a mapping")));
    };
    let key = |(key, value): &'n (Node, Node)| match &key.value {
        Value::Text(text) => Ok((text.as_str(), value)),
        _ => Err(error(key.line, format!("{what} has a key that is not a string"))),
    };
    entries.iter().map(key).collect()
}

/// A text; nothing where YAML says `null`.
fn text(key: &str, node: &Node) -> Result<Option<String>, YamlError> {
    match &node.value {
        Value::Text(text) => Ok(Some(text.clone())),
        Value::Null => Ok(None),
        _ => Err(error(node.line, format!("{key} is not a string"))),
    }
}

fn error(line: usize, reason: impl Into<String>) -> YamlError {
    YamlError { line, reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaw(text: &str) -> (usize, String) {
        let flaw = read(text).unwrap_err();
        (flaw.line, flaw.reason)
    }

    #[test]
    fn messages_are_read_and_what_is_not_understood_is_passed_over() {
        let text = "first: {a: [1, {b: 2}]}\nmessages:\n- request: <a/>\n  response: null\n  http_error: true\n\
                    - timeout: 5\n  request: '<b/>'\n  response: \"null\"\n  transport_error: {protocol: http, code: 500}\n";
        let message = |line, request: &str, response: Option<&str>, status| Message {
            line,
            request: request.to_owned(),
            response: response.map(str::to_owned),
            status,
        };
        assert_eq!(
            read(text),
            Ok(vec![message(3, "<a/>", None, None), message(6, "<b/>", Some("null"), Some(500))])
        );
    }

    #[test]
    fn what_cannot_be_understood_is_named_with_its_line() {
        assert_eq!(flaw("messages:\n- response: x\n").1, "the message has no request");
        assert_eq!(flaw("messages:\n- request: [x]\n"), (2, "request is not a string".to_owned()));
        assert_eq!(flaw("a: 1\n").1, "it has no messages");
        assert_eq!(flaw("").1, "a recording is not a mapping");
        assert_eq!(flaw("messages: 7\n").1, "messages is not a list");
        let status = "messages:\n- request: x\n  transport_error: {code: 99}\n";
        assert_eq!(flaw(status), (3, "the code is an HTTP status, 200 to 599".to_owned()));
        assert!(flaw("messages:\n- request: \"x\n").1.starts_with("not YAML: "));
    }

    #[test]
    fn a_text_that_refers_to_another_is_refused() {
        let bomb = "a: &a [x,x]\nmessages:\n- request: *a\n";
        assert_eq!(flaw(bomb), (3, "an alias, which is not supported".to_owned()));
    }
}
