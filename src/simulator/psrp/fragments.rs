//! The fragments in which PowerShell's messages travel within a shell's streams (MS-PSRP 2.2.4, Packet Fragment, and
//! 2.2.1, PowerShell Remoting Protocol Message).

use uuid::Uuid;

/// One fragment: its header as it was, and the part of a message in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fragment<'p> {
    head: [u8; HEAD],
    pub(crate) blob: &'p [u8],
}

/// The start of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message<'p> {
    pub(crate) destination: u32,
    pub(crate) kind: u32,
    pub(crate) pool: Uuid,
    pub(crate) pipeline: Uuid,
    /// The data, or the part of it that is there.
    pub(crate) data: &'p [u8],
}

/// ObjectId and FragmentId, eight bytes each, and the flags.
const HEAD: usize = 17;
/// The head and the length of the blob, in bytes.
pub(super) const FRAGMENT_HEADER: usize = HEAD + 4;
/// Destination, type, pool, pipeline.
const MESSAGE_HEAD: usize = 40;
/// The bits of the flags: the fragment begins, or ends, a message.
const STARTS: u8 = 1;
const ENDS: u8 = 2;
/// The other bits of the flags, which are reserved.
const RESERVED: u8 = !(STARTS | ENDS);

/// Cuts a payload into its fragments; `None` where one breaks off.
pub(crate) fn read(mut payload: &[u8]) -> Option<Vec<Fragment<'_>>> {
    let mut fragments = Vec::new();
    while !payload.is_empty() {
        let (head, rest) = payload.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (blob, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        fragments.push(Fragment { head: *head, blob });
        payload = rest;
    }
    Some(fragments)
}

impl<'p> Fragment<'p> {
    /// Fragment `number` of the message `object`, which the fragment begins or ends.
    pub(super) fn new(object: u64, number: u64, starts: bool, ends: bool, blob: &'p [u8]) -> Self {
        let mut head = [0; HEAD];
        let flags = if starts { STARTS } else { 0 } | if ends { ENDS } else { 0 };
        let bytes = object.to_be_bytes().into_iter().chain(number.to_be_bytes()).chain([flags]);
        head.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
        Self { head, blob }
    }

    fn flags(self) -> u8 {
        let [.., flags] = self.head;
        flags
    }

    /// Whether a message begins with it.
    pub(crate) fn starts(self) -> bool {
        self.flags() & STARTS != 0
    }

    /// Whether a message ends with it.
    pub(super) fn ends(self) -> bool {
        self.flags() & ENDS != 0
    }

    /// Whether a reserved bit is set.
    pub(crate) fn has_reserved_flags(self) -> bool {
        self.flags() & RESERVED != 0
    }

    /// Whether a message is all in it.
    pub(crate) fn is_whole(self) -> bool {
        self.flags() == STARTS | ENDS
    }

    /// The message that begins with it.
    pub(crate) fn message(self) -> Option<Message<'p>> {
        if self.starts() { Message::read(self.blob) } else { None }
    }

    /// Appends the fragment with another blob.
    pub(crate) fn write(self, blob: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&self.head);
        out.extend_from_slice(&u32::try_from(blob.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(blob);
    }
}

impl<'p> Message<'p> {
    /// The message that `blob` begins with; `None` where its header breaks off.
    pub(super) fn read(blob: &'p [u8]) -> Option<Self> {
        let (head, data) = blob.split_at_checked(MESSAGE_HEAD)?;
        let number = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
        let id = |at: usize| Some(Uuid::from_bytes_le(head.get(at..at + 16)?.try_into().ok()?));
        Some(Self { destination: number(0)?, kind: number(4)?, pool: id(8)?, pipeline: id(24)?, data })
    }

    /// The message with other ids and data.
    pub(crate) fn write(&self, ids: [Uuid; 2], data: &[u8]) -> Vec<u8> {
        let mut blob = Vec::with_capacity(MESSAGE_HEAD + data.len());
        blob.extend_from_slice(&self.destination.to_le_bytes());
        blob.extend_from_slice(&self.kind.to_le_bytes());
        for id in ids {
            blob.extend_from_slice(&id.to_bytes_le());
        }
        blob.extend_from_slice(data);
        blob
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A message in one fragment.
    pub(crate) fn whole(kind: u32, pool: Uuid, pipeline: Uuid, data: &str) -> Vec<u8> {
        let message = Message { destination: 2, kind, pool, pipeline, data: b"" };
        let mut out = Vec::new();
        let blob = message.write([pool, pipeline], data.as_bytes());
        Fragment::new(1, 0, true, true, &[]).write(&blob, &mut out);
        out
    }

    #[test]
    fn what_is_written_is_read_again() {
        let (pool, pipeline) = (Uuid::from_u128(1 << 100), Uuid::from_u128(7));
        let payload = [whole(5, pool, pipeline, "<S/>"), whole(6, pool, Uuid::nil(), "")].concat();
        let fragments = read(&payload).unwrap();
        let messages: Vec<_> = fragments.iter().map(|fragment| fragment.message().unwrap()).collect();
        assert_eq!((messages[0].kind, messages[0].pool, messages[0].pipeline), (5, pool, pipeline));
        assert_eq!((messages[0].data, messages[1].data), (&b"<S/>"[..], &b""[..]));
        let mut again = Vec::new();
        for (fragment, message) in fragments.iter().zip(&messages) {
            fragment.write(&message.write([message.pool, message.pipeline], message.data), &mut again);
        }
        assert_eq!(again, payload);
    }
}
