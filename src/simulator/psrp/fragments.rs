//! Messages in fragments (MS-PSRP 2.2.4, Packet Fragment).

use super::Id;

/// One message of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::simulator) struct Message {
    pub(in crate::simulator) kind: u32,
    pub(in crate::simulator) pool: Id,
    pub(in crate::simulator) pipeline: Id,
    /// Its data, as CLIXML without a byte order mark; empty where it was no UTF-8.
    pub(in crate::simulator) data: String,
}

/// The fragments of a message that is not complete yet. Each command, and the pool itself, has its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::simulator) struct Fragments {
    begun: Vec<u8>,
}

/// The server's messages, numbered through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Numbering {
    next_object: u64,
}

/// ObjectId, FragmentId, flags, length.
const FRAGMENT_HEADER: usize = 21;
/// Destination, type, pool, pipeline.
const MESSAGE_HEADER: usize = 40;
/// More messages than this in one payload are no client's.
const MAX_MESSAGES: usize = 1_024;
/// The largest message, in bytes: what a command may hold that nobody has received.
const MAX_MESSAGE: usize = 4 * 1024 * 1024;
/// The largest fragment that is sent. Each travels in a stream of its own, so that a client finds whole fragments.
const MAX_FRAGMENT: usize = 32 * 1024 - FRAGMENT_HEADER;
/// The first and the last fragment of a message.
const START: u8 = 1;
const END: u8 = 2;
/// The server's messages are for the client.
const TO_CLIENT: u32 = 1;
const BOM: &str = "\u{feff}";

impl Fragments {
    /// Takes a payload of whole fragments, and gives the messages that end in it; `None` if the fragments are no good.
    pub(in crate::simulator) fn take(&mut self, mut payload: &[u8]) -> Option<Vec<Message>> {
        let mut found = Vec::new();
        while !payload.is_empty() {
            let (header, rest) = payload.split_at_checked(FRAGMENT_HEADER)?;
            let flags = *header.get(16)?;
            let length = u32::from_be_bytes(header.get(17..21)?.try_into().ok()?);
            let (blob, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            if flags & START != 0 {
                self.begun.clear();
            }
            if self.begun.len() + blob.len() > MAX_MESSAGE {
                return None;
            }
            self.begun.extend(blob);
            if flags & END != 0 {
                found.push(Message::read(&std::mem::take(&mut self.begun))?);
            }
            if found.len() > MAX_MESSAGES {
                return None;
            }
            payload = rest;
        }
        Some(found)
    }
}

impl Message {
    fn read(blob: &[u8]) -> Option<Self> {
        let (header, data) = blob.split_at_checked(MESSAGE_HEADER)?;
        let data = std::str::from_utf8(data).unwrap_or_default();
        Some(Self {
            kind: u32::from_le_bytes(header.get(4..8)?.try_into().ok()?),
            pool: header.get(8..24)?.try_into().ok()?,
            pipeline: header.get(24..40)?.try_into().ok()?,
            data: data.trim_start_matches(BOM).to_owned(),
        })
    }
}

impl Default for Numbering {
    fn default() -> Self {
        Self { next_object: 1 }
    }
}

impl Numbering {
    /// One message, as its fragments.
    pub(super) fn write(&mut self, kind: u32, pool: Id, pipeline: Id, text: &str) -> Vec<Vec<u8>> {
        let mut message = TO_CLIENT.to_le_bytes().to_vec();
        message.extend(kind.to_le_bytes());
        message.extend(pool);
        message.extend(pipeline);
        message.extend(BOM.as_bytes());
        message.extend(text.as_bytes());
        let object = self.next_object;
        self.next_object += 1;
        let last = message.len().div_ceil(MAX_FRAGMENT) - 1;
        let fragment = |(number, blob): (usize, &[u8])| {
            let mut out = object.to_be_bytes().to_vec();
            out.extend(u64::try_from(number).unwrap_or(u64::MAX).to_be_bytes());
            out.push(if number == 0 { START } else { 0 } | if number == last { END } else { 0 });
            out.extend(u32::try_from(blob.len()).unwrap_or(u32::MAX).to_be_bytes());
            out.extend(blob);
            out
        };
        message.chunks(MAX_FRAGMENT).enumerate().map(fragment).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_again_whole_and_in_fragments() {
        for size in [0, MAX_FRAGMENT, 3 * MAX_FRAGMENT] {
            let text = "x".repeat(size);
            let fragments = Numbering::default().write(7, [1; 16], [2; 16], &text);
            let mut reader = Fragments::default();
            let mut found = Vec::new();
            for fragment in &fragments {
                assert!(found.is_empty(), "the message ends with its last fragment");
                found.extend(reader.take(fragment).unwrap());
            }
            assert_eq!(found, [Message { kind: 7, pool: [1; 16], pipeline: [2; 16], data: text }]);
        }
    }

    #[test]
    fn fragments_that_break_off_or_lie_about_their_length_are_refused() {
        let good = Numbering::default().write(7, [1; 16], [0; 16], "<S>x</S>").concat();
        for end in 1..good.len() {
            assert_eq!(Fragments::default().take(&good[..end]), None, "{end} bytes");
        }
        let mut long = good;
        long[17] = 0xFF;
        assert_eq!(Fragments::default().take(&long), None);
        assert_eq!(Fragments::default().take(&[]), Some(Vec::new()));
    }

    #[test]
    fn a_message_without_end_is_refused_before_it_fills_the_memory() {
        let mut fragment = Numbering::default().write(7, [1; 16], [0; 16], &"x".repeat(30_000)).concat();
        fragment[16] = 0;
        let mut reader = Fragments::default();
        let refused = (0..1_000).position(|_| reader.take(&fragment).is_none());
        assert!(refused.is_some_and(|count| count * 30_000 <= MAX_MESSAGE), "{refused:?}");
    }
}
