//! The few PowerShell remoting messages that open a runspace pool, and answer a pipeline (MS-PSRP 2.2, Message Syntax).

use std::fmt::Write as _;

/// What the simulator keeps of a runspace pool that a client has opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pool {
    /// RunspacePoolId, in the byte order in which the client sent it.
    id: Id,
    /// The next ObjectId: the server numbers its messages through.
    next_object: u64,
}

type Id = [u8; 16];

/// One message, as far as its header tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) kind: u32,
    pub(super) pool: Id,
    pub(super) pipeline: Id,
}

pub(super) const SESSION_CAPABILITY: u32 = 0x0001_0002;
pub(super) const INIT_RUNSPACEPOOL: u32 = 0x0001_0004;
pub(super) const CONNECT_RUNSPACEPOOL: u32 = 0x0001_0008;
pub(super) const CREATE_PIPELINE: u32 = 0x0002_1006;
const RUNSPACEPOOL_INIT_DATA: u32 = 0x0002_100B;
const APPLICATION_PRIVATE_DATA: u32 = 0x0002_1009;
const RUNSPACEPOOL_STATE: u32 = 0x0002_1005;
const PIPELINE_OUTPUT: u32 = 0x0004_1004;
const PIPELINE_STATE: u32 = 0x0004_1006;

/// Nobody's id: of the pool's own messages, and of the pool in the first of them.
const NOBODY: Id = [0; 16];
/// ObjectId, FragmentId, flags, length.
const FRAGMENT_HEADER: usize = 21;
/// Destination, type, pool, pipeline.
const MESSAGE_HEADER: usize = 40;
/// More messages than this in one payload are nobody's handshake.
const MAX_MESSAGES: usize = 64;
/// Both ends of a message in one fragment.
const WHOLE: u8 = 3;
/// The server's messages are for the client.
const TO_CLIENT: u32 = 1;
/// `RunspaceState` Opened.
const OPENED: u8 = 2;
/// `PipelineState` Stopped.
const STOPPED: u8 = 3;
/// `PipelineState` Completed.
const COMPLETED: u8 = 4;

/// What the server says of itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Versions {
    /// PowerShell's own, such as `5.1.20348.1`.
    pub(super) powershell: &'static str,
    /// The remoting protocol's: `2.1`, `2.2` or `2.3`.
    pub(super) protocol: &'static str,
    /// The management stack's: `2.0` or `3.0`.
    pub(super) stack: &'static str,
}

/// The messages that begin in a payload of whole fragments; `None` if the fragments are no good.
pub(super) fn messages(mut payload: &[u8]) -> Option<Vec<Message>> {
    let mut found = Vec::new();
    while !payload.is_empty() {
        let (header, rest) = payload.split_at_checked(FRAGMENT_HEADER)?;
        let flags = *header.get(16)?;
        let length = u32::from_be_bytes(header.get(17..21)?.try_into().ok()?);
        let (blob, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        if flags & 1 == 1 {
            found.push(Message::read(blob)?);
        }
        if found.len() > MAX_MESSAGES {
            return None;
        }
        payload = rest;
    }
    Some(found)
}

impl Message {
    fn read(blob: &[u8]) -> Option<Self> {
        let header = blob.get(..MESSAGE_HEADER)?;
        Some(Self {
            kind: u32::from_le_bytes(header.get(4..8)?.try_into().ok()?),
            pool: header.get(8..24)?.try_into().ok()?,
            pipeline: header.get(24..40)?.try_into().ok()?,
        })
    }
}

impl Pool {
    pub(super) fn new(id: Id) -> Self {
        Self { id, next_object: 1 }
    }

    /// What a pool that opens says: capability, private data, state.
    pub(super) fn opened(&mut self, versions: Versions) -> [Vec<u8>; 3] {
        let id = self.id;
        [
            // Windows knows the pool's id only after this message.
            self.fragment(SESSION_CAPABILITY, NOBODY, NOBODY, &capability(versions)),
            self.fragment(APPLICATION_PRIVATE_DATA, id, NOBODY, &private_data(versions)),
            self.fragment(RUNSPACEPOOL_STATE, id, NOBODY, &state("RunspaceState", OPENED)),
        ]
    }

    /// What a pool answers to a client that connects to it, as one payload, and what it says next.
    pub(super) fn connected(&mut self, versions: Versions) -> (Vec<u8>, Vec<u8>) {
        let id = self.id;
        let mut payload = self.fragment(SESSION_CAPABILITY, id, NOBODY, &capability(versions));
        let limits =
            r#"<Obj RefId="0"><MS><I32 N="MinRunspaces">1</I32><I32 N="MaxRunspaces">1</I32></MS></Obj>"#;
        payload.extend(self.fragment(RUNSPACEPOOL_INIT_DATA, id, NOBODY, limits));
        (payload, self.fragment(APPLICATION_PRIVATE_DATA, id, NOBODY, &private_data(versions)))
    }

    /// What a pipeline says that gives one text and completes. `text` holds nothing that XML would escape.
    pub(super) fn completed(&mut self, pipeline: Id, text: &str) -> [Vec<u8>; 2] {
        let id = self.id;
        [
            self.fragment(PIPELINE_OUTPUT, id, pipeline, &format!("<S>{text}</S>")),
            self.fragment(PIPELINE_STATE, id, pipeline, &state("PipelineState", COMPLETED)),
        ]
    }

    /// What a pipeline says that was stopped.
    pub(super) fn stopped(&mut self, pipeline: Id) -> Vec<u8> {
        self.fragment(PIPELINE_STATE, self.id, pipeline, &state("PipelineState", STOPPED))
    }

    /// One message in one fragment.
    fn fragment(&mut self, kind: u32, pool: Id, pipeline: Id, text: &str) -> Vec<u8> {
        const BOM: &[u8] = "\u{feff}".as_bytes();
        let length = u32::try_from(MESSAGE_HEADER + BOM.len() + text.len()).unwrap_or(u32::MAX);
        let mut out = self.next_object.to_be_bytes().to_vec();
        self.next_object += 1;
        out.extend(0_u64.to_be_bytes());
        out.push(WHOLE);
        out.extend(length.to_be_bytes());
        out.extend(TO_CLIENT.to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend(pool);
        out.extend(pipeline);
        out.extend(BOM);
        out.extend(text.as_bytes());
        out
    }
}

fn capability(versions: Versions) -> String {
    format!(
        concat!(
            r#"<Obj RefId="0"><MS><Version N="protocolversion">{}</Version><Version N="PSVersion">2.0</Version>"#,
            r#"<Version N="SerializationVersion">1.1.0.1</Version></MS></Obj>"#,
        ),
        versions.protocol
    )
}

fn state(name: &str, number: u8) -> String {
    format!(r#"<Obj RefId="0"><MS><I32 N="{name}">{number}</I32></MS></Obj>"#)
}

/// ApplicationPrivateData: a dictionary that holds PSVersionTable.
fn private_data(versions: Versions) -> String {
    let mut table = String::new();
    for (key, value) in [
        ("PSVersion", versions.powershell),
        ("WSManStackVersion", versions.stack),
        ("PSRemotingProtocolVersion", versions.protocol),
        ("SerializationVersion", "1.1.0.1"),
    ] {
        let _ = write!(table, r#"<En><S N="Key">{key}</S><Version N="Value">{value}</Version></En>"#);
    }
    format!(
        concat!(
            r#"<Obj RefId="0"><MS><Obj N="ApplicationPrivateData" RefId="1"><TN RefId="0">"#,
            "<T>System.Management.Automation.PSPrimitiveDictionary</T><T>System.Collections.Hashtable</T>",
            r#"<T>System.Object</T></TN><DCT><En><S N="Key">PSVersionTable</S><Obj N="Value" RefId="2">"#,
            r#"<TNRef RefId="0" /><DCT>{}</DCT></Obj></En></DCT></Obj></MS></Obj>"#,
        ),
        table
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSIONS: Versions = Versions { powershell: "5.1.20348.1", protocol: "2.3", stack: "3.0" };

    #[test]
    fn a_pool_says_capability_private_data_and_opened_and_numbers_them_through() {
        let mut pool = Pool::new([7; 16]);
        let said = pool.opened(VERSIONS);
        let kinds = [SESSION_CAPABILITY, APPLICATION_PRIVATE_DATA, RUNSPACEPOOL_STATE];
        for (number, (payload, kind)) in said.iter().zip(kinds).enumerate() {
            let object = u64::from_be_bytes(payload[..8].try_into().unwrap());
            assert_eq!(object, u64::try_from(number + 1).unwrap());
            let read = messages(payload).unwrap();
            assert_eq!(read.len(), 1);
            assert_eq!(read[0].kind, kind);
            assert_eq!(read[0].pool == NOBODY, kind == SESSION_CAPABILITY);
        }
        assert_eq!(messages(&said.concat()).unwrap().len(), 3);
    }

    #[test]
    fn fragments_that_break_off_or_lie_about_their_length_are_refused() {
        let good = Pool::new([7; 16]).opened(VERSIONS)[0].clone();
        for end in 1..good.len() {
            assert_eq!(messages(&good[..end]), None, "{end} bytes");
        }
        let mut long = good;
        long[17] = 0xFF;
        assert_eq!(messages(&long), None);
        assert_eq!(messages(&[]), Some(Vec::new()));
    }

    #[test]
    fn what_is_said_is_well_formed() {
        for text in [capability(VERSIONS), private_data(VERSIONS), state("RunspaceState", OPENED)] {
            assert!(crate::wsman::xml::Document::parse(&text).is_ok(), "{text}");
        }
    }
}
