//! The fragments in which PowerShell's messages travel within a shell's streams (MS-PSRP 2.2.4, Packet Fragment, and
//! 2.2.1, PowerShell Remoting Protocol Message).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use uuid::Uuid;

use crate::wsman::uri;
use crate::wsman::xml::Element;

/// One fragment: its header as it was, and the part of a message in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fragment<'p> {
    head: &'p [u8],
    pub(super) blob: &'p [u8],
}

/// The start of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message<'p> {
    pub(super) destination: u32,
    pub(super) kind: u32,
    pub(super) pool: Uuid,
    pub(super) pipeline: Uuid,
    /// The data, or the part of it that the fragment holds.
    pub(super) data: &'p [u8],
}

/// ObjectId and FragmentId, eight bytes each, and the flags.
const HEAD: usize = 17;
/// The length of the blob.
const LENGTH: usize = 4;
/// Destination, type, pool, pipeline.
const MESSAGE_HEAD: usize = 40;
/// The bits of the flags: the fragment begins, or ends, a message.
const STARTS: u8 = 1;
const ENDS: u8 = 2;

/// What an element holds, if it is one that may hold messages and is base64.
pub(super) fn payload(element: Element<'_>) -> Option<Vec<u8>> {
    let holds = matches!(
        (element.namespace(), element.local()),
        (uri::SHELL, "Stream" | "Arguments")
            | (POWERSHELL, "creationXml" | "connectXml" | "connectResponseXml")
    );
    if holds { BASE64.decode(element.text()).ok() } else { None }
}

/// The namespace of what PowerShell adds to Create and Connect.
pub(super) const POWERSHELL: &str = "http://schemas.microsoft.com/powershell";

/// The name of a message's type (MS-PSRP 2.2.1, PowerShell Remoting Protocol Message), or its number.
pub(super) fn name_of(kind: u32) -> String {
    let found = NAMES.iter().find(|(known, _)| *known == kind);
    found.map_or_else(|| format!("0x{kind:08X}"), |(_, name)| (*name).to_owned())
}

const NAMES: &[(u32, &str)] = &[
    (0x0001_0002, "SESSION_CAPABILITY"),
    (0x0001_0004, "INIT_RUNSPACEPOOL"),
    (0x0001_0005, "PUBLIC_KEY"),
    (0x0001_0006, "ENCRYPTED_SESSION_KEY"),
    (0x0001_0007, "PUBLIC_KEY_REQUEST"),
    (0x0001_0008, "CONNECT_RUNSPACEPOOL"),
    (0x0002_1002, "SET_MAX_RUNSPACES"),
    (0x0002_1003, "SET_MIN_RUNSPACES"),
    (0x0002_1004, "RUNSPACE_AVAILABILITY"),
    (0x0002_1005, "RUNSPACEPOOL_STATE"),
    (0x0002_1006, "CREATE_PIPELINE"),
    (0x0002_1007, "GET_AVAILABLE_RUNSPACES"),
    (0x0002_1008, "USER_EVENT"),
    (0x0002_1009, "APPLICATION_PRIVATE_DATA"),
    (0x0002_100A, "GET_COMMAND_METADATA"),
    (0x0002_100B, "RUNSPACEPOOL_INIT_DATA"),
    (0x0002_100C, "RESET_RUNSPACE_STATE"),
    (0x0002_1100, "RUNSPACEPOOL_HOST_CALL"),
    (0x0002_1101, "RUNSPACEPOOL_HOST_RESPONSE"),
    (0x0004_1002, "PIPELINE_INPUT"),
    (0x0004_1003, "END_OF_PIPELINE_INPUT"),
    (0x0004_1004, "PIPELINE_OUTPUT"),
    (0x0004_1005, "ERROR_RECORD"),
    (0x0004_1006, "PIPELINE_STATE"),
    (0x0004_1007, "DEBUG_RECORD"),
    (0x0004_1008, "VERBOSE_RECORD"),
    (0x0004_1009, "WARNING_RECORD"),
    (0x0004_1010, "PROGRESS_RECORD"),
    (0x0004_1011, "INFORMATION_RECORD"),
    (0x0004_1100, "PIPELINE_HOST_CALL"),
    (0x0004_1101, "PIPELINE_HOST_RESPONSE"),
];

/// Reads a payload that is nothing but whole fragments; `None` where it is anything else, or empty.
pub(super) fn read(mut payload: &[u8]) -> Option<Vec<Fragment<'_>>> {
    let mut fragments = Vec::new();
    while !payload.is_empty() {
        let (head, rest) = payload.split_at_checked(HEAD)?;
        let (length, rest) = rest.split_at_checked(LENGTH)?;
        let length = u32::from_be_bytes(length.try_into().ok()?);
        let (blob, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        let fragment = Fragment { head, blob };
        if fragment.flags() & !(STARTS | ENDS) != 0 || (fragment.starts() && fragment.message().is_none()) {
            return None;
        }
        fragments.push(fragment);
        payload = rest;
    }
    (!fragments.is_empty()).then_some(fragments)
}

impl<'p> Fragment<'p> {
    fn flags(self) -> u8 {
        self.head.last().copied().unwrap_or_default()
    }

    /// Whether a message begins with it.
    pub(super) fn starts(self) -> bool {
        self.flags() & STARTS != 0
    }

    /// Whether a message is all in it.
    pub(super) fn is_whole(self) -> bool {
        self.flags() == STARTS | ENDS
    }

    /// The message that begins with it.
    pub(super) fn message(self) -> Option<Message<'p>> {
        if !self.starts() {
            return None;
        }
        let (head, data) = self.blob.split_at_checked(MESSAGE_HEAD)?;
        let number = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
        let id = |at: usize| Some(Uuid::from_bytes_le(head.get(at..at + 16)?.try_into().ok()?));
        Some(Message { destination: number(0)?, kind: number(4)?, pool: id(8)?, pipeline: id(24)?, data })
    }

    /// Appends the fragment with another blob.
    pub(super) fn write(self, blob: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(self.head);
        out.extend_from_slice(&u32::try_from(blob.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(blob);
    }
}

impl Message<'_> {
    /// The message with other ids and data.
    pub(super) fn write(&self, ids: [Uuid; 2], data: &[u8]) -> Vec<u8> {
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
pub(super) mod tests {
    use super::*;

    /// A message in one fragment.
    pub(in crate::conformance) fn whole(kind: u32, pool: Uuid, pipeline: Uuid, data: &str) -> Vec<u8> {
        let message = Message { destination: 2, kind, pool, pipeline, data: b"" };
        let mut head = [0; HEAD];
        head[7] = 1;
        head[16] = STARTS | ENDS;
        let mut out = Vec::new();
        let blob = message.write([pool, pipeline], data.as_bytes());
        Fragment { head: &head, blob: &[] }.write(&blob, &mut out);
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

    #[test]
    fn what_is_no_fragment_is_not_read() {
        let whole = whole(5, Uuid::nil(), Uuid::nil(), "");
        for length in 0..whole.len() {
            assert_eq!(read(&whole[..length]), None, "{length}");
        }
        assert_eq!(read(b"echo hello world, this is long enough"), None);
    }
}
