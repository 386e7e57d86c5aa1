//! The fields of an order: each is taken once, and what is left over is nobody's.

use std::time::Duration;

use serde_json::{Map, Value};

use super::routes::Refused;

/// The fields of one JSON object.
pub(super) struct Fields {
    fields: Map<String, Value>,
}

impl Fields {
    /// Reads an order's body; nothing at all is an object without fields.
    pub(super) fn read(body: &[u8]) -> Result<Self, Refused> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self { fields: Map::new() });
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self { fields }),
            Ok(_) => Err(Refused::bad("the body is not a JSON object")),
            Err(error) => Err(Refused::bad(format!("the body is not JSON: {error}"))),
        }
    }

    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Refused> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(name, "a text", &other)),
        }
    }

    pub(super) fn number(&mut self, name: &str, most: u64) -> Result<Option<u64>, Refused> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => match value.as_u64().filter(|number| *number <= most) {
                Some(number) => Ok(Some(number)),
                None => Err(wrong(name, &format!("a whole number from 0 to {most}"), &value)),
            },
        }
    }

    /// A number of seconds, perhaps with a fraction, of at most ten years.
    pub(super) fn seconds(&mut self, name: &str) -> Result<Option<Duration>, Refused> {
        const MOST: f64 = 315_360_000.0;
        match self.take(name) {
            None => Ok(None),
            Some(value) => match value.as_f64().filter(|seconds| (0.0..=MOST).contains(seconds)) {
                Some(seconds) => Ok(Some(Duration::from_secs_f64(seconds))),
                None => Err(wrong(name, "a number of seconds, at most ten years", &value)),
            },
        }
    }

    pub(super) fn texts(&mut self, name: &str) -> Result<Vec<String>, Refused> {
        let texts = match self.take(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(other) => return Err(wrong(name, "a list of texts", &other)),
        };
        let read = |item| match item {
            Value::String(text) => Ok(text),
            other => Err(wrong(name, "a list of texts", &other)),
        };
        texts.into_iter().map(read).collect()
    }

    /// Refuses fields that nobody took.
    pub(super) fn end(&self) -> Result<(), Refused> {
        match self.fields.keys().next() {
            Some(name) => Err(Refused::bad(format!("unknown field {name:?}"))),
            None => Ok(()),
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.fields.shift_remove(name).filter(|value| !value.is_null())
    }
}

fn wrong(name: &str, expected: &str, found: &Value) -> Refused {
    Refused::bad(format!("{name} must be {expected}, but is {found}"))
}
