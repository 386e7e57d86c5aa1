//! Messages of a client, put together from their fragments, and messages of the server, cut into them.

use uuid::Uuid;

use super::fragments::{self, FRAGMENT_HEADER, Fragment, Message};

/// A whole message of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::simulator) struct ReceivedMessage {
    pub(in crate::simulator) kind: u32,
    pub(in crate::simulator) pool: Uuid,
    pub(in crate::simulator) pipeline: Uuid,
    /// Its data, as CLIXML without a byte order mark; empty where it was no UTF-8.
    pub(in crate::simulator) data: String,
}

/// Reads the messages of a client. Each command, and the pool itself, has its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::simulator) struct MessageReader {
    /// The start of a message that is not complete yet.
    begun: Vec<u8>,
}

/// Writes the messages of the server, which are numbered in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MessageWriter {
    next_object: u64,
}

/// The most messages in one payload: more than any client sends.
const MAX_MESSAGES: usize = 1_024;
/// The largest message, in bytes: what a command may hold that nobody has received.
const MAX_MESSAGE: usize = 4 * 1024 * 1024;
/// The largest fragment that is sent. Each travels in a stream of its own, so that a client finds whole fragments.
const MAX_FRAGMENT: usize = 32 * 1024 - FRAGMENT_HEADER;
/// The server's messages are for the client.
const TO_CLIENT: u32 = 1;
const BOM: &str = "\u{feff}";

impl MessageReader {
    /// Takes a payload of whole fragments, and gives the messages that end in it; `None` if the fragments are no good.
    pub(in crate::simulator) fn take(&mut self, payload: &[u8]) -> Option<Vec<ReceivedMessage>> {
        let mut found = Vec::new();
        for fragment in fragments::read(payload)? {
            if fragment.starts() {
                self.begun.clear();
            }
            if self.begun.len() + fragment.blob.len() > MAX_MESSAGE {
                return None;
            }
            self.begun.extend(fragment.blob);
            if fragment.ends() {
                found.push(ReceivedMessage::read(&std::mem::take(&mut self.begun))?);
            }
            if found.len() > MAX_MESSAGES {
                return None;
            }
        }
        Some(found)
    }
}

impl ReceivedMessage {
    fn read(blob: &[u8]) -> Option<Self> {
        let Message { kind, pool, pipeline, data, .. } = Message::read(blob)?;
        let data = std::str::from_utf8(data).unwrap_or_default();
        Some(Self { kind, pool, pipeline, data: data.trim_start_matches(BOM).to_owned() })
    }
}

impl Default for MessageWriter {
    fn default() -> Self {
        Self { next_object: 1 }
    }
}

impl MessageWriter {
    /// One message, as its fragments.
    pub(super) fn write(&mut self, kind: u32, pool: Uuid, pipeline: Uuid, text: &str) -> Vec<Vec<u8>> {
        let head = Message { destination: TO_CLIENT, kind, pool, pipeline, data: b"" };
        let message = head.write([pool, pipeline], &[BOM, text].concat().into_bytes());
        let object = self.next_object;
        self.next_object += 1;
        let last = message.len().div_ceil(MAX_FRAGMENT) - 1;
        let fragment = |(number, blob): (usize, &[u8])| {
            let at = u64::try_from(number).unwrap_or(u64::MAX);
            let mut out = Vec::with_capacity(FRAGMENT_HEADER + blob.len());
            Fragment::new(object, at, number == 0, number == last, blob).write(blob, &mut out);
            out
        };
        message.chunks(MAX_FRAGMENT).enumerate().map(fragment).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POOL: Uuid = Uuid::from_bytes([1; 16]);
    const PIPELINE: Uuid = Uuid::from_bytes([2; 16]);

    #[test]
    fn a_message_is_read_again_whole_and_in_fragments() {
        for size in [0, MAX_FRAGMENT, 3 * MAX_FRAGMENT] {
            let text = "x".repeat(size);
            let fragments = MessageWriter::default().write(7, POOL, PIPELINE, &text);
            let mut reader = MessageReader::default();
            let mut found = Vec::new();
            for fragment in &fragments {
                assert!(found.is_empty(), "the message ends with its last fragment");
                found.extend(reader.take(fragment).unwrap());
            }
            assert_eq!(found, [ReceivedMessage { kind: 7, pool: POOL, pipeline: PIPELINE, data: text }]);
        }
    }

    #[test]
    fn fragments_that_break_off_or_lie_about_their_length_are_refused() {
        let good = MessageWriter::default().write(7, POOL, Uuid::nil(), "<S>x</S>").concat();
        for end in 1..good.len() {
            assert_eq!(MessageReader::default().take(&good[..end]), None, "{end} bytes");
        }
        let mut long = good;
        long[17] = 0xFF;
        assert_eq!(MessageReader::default().take(&long), None);
        assert_eq!(MessageReader::default().take(&[]), Some(Vec::new()));
    }

    #[test]
    fn a_message_without_end_is_refused_before_it_fills_the_memory() {
        let mut fragment = MessageWriter::default().write(7, POOL, Uuid::nil(), &"x".repeat(30_000)).concat();
        fragment[16] = 0;
        let mut reader = MessageReader::default();
        let refused = (0..1_000).position(|_| reader.take(&fragment).is_none());
        assert!(refused.is_some_and(|count| count * 30_000 <= MAX_MESSAGE), "{refused:?}");
    }
}
