//! A recording in YAML: `messages`, a list of requests and responses. The only module that uses `yaml-rust2`.
//!
//! It is read event by event, and what it refers to elsewhere (anchors and aliases) is refused: a short file of those
//! unfolds to any size.

use std::str::Chars;

use yaml_rust2::parser::{Event, Parser};
use yaml_rust2::scanner::{ScanError, TScalarStyle};

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

/// What is wrong, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RecordingError {
    pub(crate) line: usize,
    pub(crate) reason: String,
}

struct Reader<'t> {
    parser: Parser<Chars<'t>>,
    line: usize,
}

/// Reads the text of a recording.
pub(crate) fn read(text: &str) -> Result<Vec<Message>, RecordingError> {
    let mut reader = Reader { parser: Parser::new_from_str(text), line: 1 };
    while matches!(reader.peek()?, Event::StreamStart | Event::DocumentStart) {
        reader.next()?;
    }
    let mut messages = None;
    reader.mapping("a recording", |reader, key| match key {
        "messages" => {
            messages = Some(reader.messages()?);
            Ok(())
        }
        _ => reader.skip(),
    })?;
    messages.filter(|messages| !messages.is_empty()).ok_or_else(|| reader.flaw("it has no messages"))
}

impl Reader<'_> {
    fn next(&mut self) -> Result<Event, RecordingError> {
        let (event, mark) = self.parser.next_token().map_err(broken)?;
        self.line = mark.line();
        match event {
            Event::Alias(_) => Err(self.flaw("an alias, which is not supported")),
            event => Ok(event),
        }
    }

    fn peek(&mut self) -> Result<&Event, RecordingError> {
        self.parser.peek().map(|(event, _)| event).map_err(broken)
    }

    fn flaw(&self, reason: impl Into<String>) -> RecordingError {
        RecordingError { line: self.line, reason: reason.into() }
    }

    /// Reads a mapping whose values `value` reads, by their keys.
    fn mapping(
        &mut self,
        what: &str,
        mut value: impl FnMut(&mut Self, &str) -> Result<(), RecordingError>,
    ) -> Result<(), RecordingError> {
        if !matches!(self.next()?, Event::MappingStart(..)) {
            return Err(self.flaw(format!("{what} is not a mapping")));
        }
        loop {
            match self.next()? {
                Event::MappingEnd => return Ok(()),
                Event::Scalar(key, ..) => value(self, &key)?,
                _ => return Err(self.flaw(format!("{what} has a key that is not a string"))),
            }
        }
    }

    fn messages(&mut self) -> Result<Vec<Message>, RecordingError> {
        if !matches!(self.next()?, Event::SequenceStart(..)) {
            return Err(self.flaw("messages is not a list"));
        }
        let mut messages = Vec::new();
        while !matches!(self.peek()?, Event::SequenceEnd) {
            messages.push(self.message()?);
        }
        self.next()?;
        Ok(messages)
    }

    fn message(&mut self) -> Result<Message, RecordingError> {
        let (mut line, mut request, mut response, mut status) = (None, None, None, None);
        self.mapping("a message", |reader, key| {
            line.get_or_insert(reader.line);
            match key {
                "request" => request = reader.text(key)?,
                "response" => response = reader.text(key)?,
                "transport_error" => reader.mapping(key, |reader, key| match key {
                    "code" => {
                        let code = reader.text(key)?.and_then(|code| code.parse().ok());
                        let code = code.filter(|code| (200..600).contains(code));
                        status =
                            Some(code.ok_or_else(|| reader.flaw("the code is an HTTP status, 200 to 599"))?);
                        Ok(())
                    }
                    _ => reader.skip(),
                })?,
                _ => reader.skip()?,
            }
            Ok(())
        })?;
        let request = request.ok_or_else(|| self.flaw("the message has no request"))?;
        Ok(Message { line: line.unwrap_or(self.line), request, response, status })
    }

    /// A text; nothing where YAML says `null`.
    fn text(&mut self, key: &str) -> Result<Option<String>, RecordingError> {
        match self.next()? {
            Event::Scalar(text, TScalarStyle::Plain, ..) if matches!(text.as_str(), "" | "~" | "null") => {
                Ok(None)
            }
            Event::Scalar(text, ..) => Ok(Some(text)),
            _ => Err(self.flaw(format!("{key} is not a string"))),
        }
    }

    /// Passes over one value, whatever is in it.
    fn skip(&mut self) -> Result<(), RecordingError> {
        let mut depth = 0_usize;
        loop {
            match self.next()? {
                Event::MappingStart(..) | Event::SequenceStart(..) => depth += 1,
                Event::MappingEnd | Event::SequenceEnd => depth = depth.saturating_sub(1),
                Event::StreamEnd => return Err(self.flaw("the recording ends within a value")),
                _ => {}
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }
}

fn broken(error: ScanError) -> RecordingError {
    RecordingError { line: error.marker().line(), reason: format!("not YAML: {}", error.info()) }
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
