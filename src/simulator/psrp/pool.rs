//! A runspace pool: what it says when it opens or a client connects to it, and what it answers to the messages that
//! are for the pool itself (MS-PSRP 3.2.5, Message Processing Events and Sequencing Rules).

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use uuid::Uuid;

use super::messages::{MessageReader, MessageWriter, ReceivedMessage};
use super::session_key::{self, KEY_LENGTH};
use super::{clixml, kind};
use crate::wsman::xml::Document;

/// What the simulator keeps of a runspace pool that a client has opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::simulator) struct Pool {
    /// RunspacePoolId.
    pub(super) id: Uuid,
    pub(super) writer: MessageWriter,
    min_runspaces: i64,
    max_runspaces: i64,
    /// Reads what is sent to the pool itself.
    reader: MessageReader,
}

/// The pipeline of the pool's own messages, and the pool of the first of them.
const NO_ID: Uuid = Uuid::nil();
/// `RunspaceState` Opened.
const OPENED: u8 = 2;

/// What the server says of itself.
#[derive(Clone, Copy, Debug)]
pub(in crate::simulator) struct Versions {
    /// PowerShell's own, such as `5.1.20348.1`.
    pub(in crate::simulator) powershell: &'static str,
    /// The remoting protocol's: `2.1`, `2.2` or `2.3`.
    pub(in crate::simulator) protocol: &'static str,
    /// The management stack's: `2.0` or `3.0`.
    pub(in crate::simulator) stack: &'static str,
}

impl Pool {
    /// The pool that a message opens, or connects to.
    pub(in crate::simulator) fn new(opening: &ReceivedMessage) -> Self {
        let runspaces = |name| clixml::number(&opening.data, name).filter(|count| *count > 0).unwrap_or(1);
        Self {
            min_runspaces: runspaces("MinRunspaces"),
            max_runspaces: runspaces("MaxRunspaces"),
            ..Self::of(opening.pool)
        }
    }

    /// The pool of that id, of which nothing more is known.
    pub(super) fn of(id: Uuid) -> Self {
        Self {
            id,
            writer: MessageWriter::default(),
            min_runspaces: 1,
            max_runspaces: 1,
            reader: MessageReader::default(),
        }
    }

    /// What a pool that opens says: capability, private data, state.
    pub(in crate::simulator) fn opened(&mut self, versions: Versions) -> Vec<Vec<u8>> {
        // Windows knows the pool's id only after this message.
        let mut said = self.writer.write(kind::SESSION_CAPABILITY, NO_ID, NO_ID, &capability(versions));
        said.extend(self.say(kind::APPLICATION_PRIVATE_DATA, &private_data(versions)));
        said.extend(self.say(kind::RUNSPACEPOOL_STATE, &clixml::state("RunspaceState", OPENED)));
        said
    }

    /// What a pool answers to a client that connects to it, as one payload, and what it says next.
    pub(in crate::simulator) fn connected(&mut self, versions: Versions) -> (Vec<u8>, Vec<Vec<u8>>) {
        let mut payload = self.say(kind::SESSION_CAPABILITY, &capability(versions));
        let limits = format!(
            r#"<Obj RefId="0"><MS><I32 N="MinRunspaces">{}</I32><I32 N="MaxRunspaces">{}</I32></MS></Obj>"#,
            self.min_runspaces, self.max_runspaces
        );
        payload.extend(self.say(kind::RUNSPACEPOOL_INIT_DATA, &limits));
        (payload.concat(), self.say(kind::APPLICATION_PRIVATE_DATA, &private_data(versions)))
    }

    /// What the pool answers to what was sent to it while `busy` of its runspaces run a pipeline; `None` if the payload
    /// is no good.
    pub(in crate::simulator) fn answers(&mut self, payload: &[u8], busy: usize) -> Option<Vec<Vec<u8>>> {
        let messages = self.reader.take(payload)?;
        Some(messages.iter().flat_map(|message| self.answer(message, busy)).collect())
    }

    fn answer(&mut self, message: &ReceivedMessage, busy: usize) -> Vec<Vec<u8>> {
        let call = || clixml::number(&message.data, "ci").unwrap_or_default();
        let (kind, name, response) = match message.kind {
            kind::GET_AVAILABLE_RUNSPACES => {
                let busy = i64::try_from(busy).unwrap_or(i64::MAX);
                (kind::RUNSPACE_AVAILABILITY, "I64", (self.max_runspaces - busy).max(0).to_string())
            }
            kind::SET_MAX_RUNSPACES => {
                let wanted = clixml::number(&message.data, "MaxRunspaces").unwrap_or_default();
                let is_set = wanted >= self.min_runspaces;
                self.max_runspaces = if is_set { wanted } else { self.max_runspaces };
                (kind::RUNSPACE_AVAILABILITY, "B", is_set.to_string())
            }
            kind::SET_MIN_RUNSPACES => {
                let wanted = clixml::number(&message.data, "MinRunspaces").unwrap_or_default();
                let is_set = (1..=self.max_runspaces).contains(&wanted);
                self.min_runspaces = if is_set { wanted } else { self.min_runspaces };
                (kind::RUNSPACE_AVAILABILITY, "B", is_set.to_string())
            }
            kind::RESET_RUNSPACE_STATE => (kind::RUNSPACE_AVAILABILITY, "B", "true".to_owned()),
            kind::PUBLIC_KEY => {
                let Some(key) = self.session_key(&message.data) else { return Vec::new() };
                return self.say(kind::ENCRYPTED_SESSION_KEY, &clixml::session_key(&BASE64.encode(key)));
            }
            // Events and answers of the client's host, which change nothing here.
            _ => return Vec::new(),
        };
        self.say(kind, &clixml::availability(call(), name, &response))
    }

    /// A session key, encrypted for the client; the simulator never reads what the key protects.
    fn session_key(&self, data: &str) -> Option<Vec<u8>> {
        let document = Document::parse(data).ok()?;
        let public_key = BASE64.decode(clixml::property(document.root(), "PublicKey")?.text()).ok()?;
        let mut key = [0; KEY_LENGTH];
        for (place, byte) in key.iter_mut().zip(self.id.to_bytes_le().iter().cycle()) {
            *place = *byte;
        }
        session_key::encrypted(&key, &public_key)
    }

    fn say(&mut self, kind: u32, text: &str) -> Vec<Vec<u8>> {
        self.writer.write(kind, self.id, NO_ID, text)
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

    fn message(kind: u32, data: &str) -> ReceivedMessage {
        ReceivedMessage { kind, pool: Uuid::from_bytes([7; 16]), pipeline: NO_ID, data: data.to_owned() }
    }

    fn read(said: &[Vec<u8>]) -> Vec<ReceivedMessage> {
        MessageReader::default().take(&said.concat()).unwrap()
    }

    fn pool(min: u8, max: u8) -> Pool {
        let data = format!(
            r#"<Obj RefId="0"><MS><I32 N="MinRunspaces">{min}</I32><I32 N="MaxRunspaces">{max}</I32></MS></Obj>"#
        );
        Pool::new(&message(kind::INIT_RUNSPACEPOOL, &data))
    }

    /// The answer to a call, which must be the only one.
    fn answered(pool: &mut Pool, kind: u32, property: &str, busy: usize) -> String {
        let data = format!(r#"<Obj RefId="0"><MS>{property}<I64 N="CI">42</I64></MS></Obj>"#);
        let answers = read(&pool.answer(&message(kind, &data), busy));
        assert_eq!((answers.len(), answers[0].kind), (1, kind::RUNSPACE_AVAILABILITY));
        assert_eq!(clixml::number(&answers[0].data, "ci"), Some(42));
        let document = Document::parse(&answers[0].data).unwrap();
        let response = clixml::property(document.root(), "SetMinMaxRunspacesResponse").unwrap();
        format!("{} {}", response.local(), response.text())
    }

    #[test]
    fn a_pool_says_capability_private_data_and_opened_and_numbers_them_through() {
        let said = pool(1, 1).opened(VERSIONS);
        let kinds = [kind::SESSION_CAPABILITY, kind::APPLICATION_PRIVATE_DATA, kind::RUNSPACEPOOL_STATE];
        for (number, (payload, kind)) in said.iter().zip(kinds).enumerate() {
            let object = u64::from_be_bytes(payload[..8].try_into().unwrap());
            assert_eq!(object, u64::try_from(number + 1).unwrap());
            let read = read(std::slice::from_ref(payload));
            assert_eq!((read.len(), read[0].kind), (1, kind));
            assert_eq!(read[0].pool == NO_ID, kind == kind::SESSION_CAPABILITY);
        }
        assert_eq!(read(&said).len(), 3);
    }

    #[test]
    fn a_pool_counts_its_runspaces_and_keeps_their_limits_in_order() {
        let mut pool = pool(2, 5);
        let wanted = |name: &str, count: i64| format!(r#"<I32 N="{name}">{count}</I32>"#);
        assert_eq!(answered(&mut pool, kind::GET_AVAILABLE_RUNSPACES, "", 3), "I64 2");
        assert_eq!(answered(&mut pool, kind::GET_AVAILABLE_RUNSPACES, "", 9), "I64 0");
        for (count, answer) in [(1, "B false"), (2, "B true"), (8, "B true")] {
            let property = wanted("MaxRunspaces", count);
            assert_eq!(answered(&mut pool, kind::SET_MAX_RUNSPACES, &property, 0), answer, "{count}");
        }
        assert_eq!(answered(&mut pool, kind::GET_AVAILABLE_RUNSPACES, "", 0), "I64 8");
        for (count, answer) in [(0, "B false"), (9, "B false"), (8, "B true")] {
            let property = wanted("MinRunspaces", count);
            assert_eq!(answered(&mut pool, kind::SET_MIN_RUNSPACES, &property, 0), answer, "{count}");
        }
        assert_eq!(answered(&mut pool, kind::RESET_RUNSPACE_STATE, "", 0), "B true");
    }

    #[test]
    fn what_is_no_call_is_not_answered() {
        let mut pool = pool(1, 1);
        for data in ["", "<S />", r#"<Obj RefId="0"><MS><S N="PublicKey">AAAA</S></MS></Obj>"#] {
            assert_eq!(pool.answer(&message(kind::PUBLIC_KEY, data), 0), Vec::<Vec<u8>>::new(), "{data}");
        }
        assert_eq!(pool.answer(&message(0x0002_1101, "<S />"), 0), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn what_is_said_is_well_formed() {
        for text in [capability(VERSIONS), private_data(VERSIONS)] {
            assert!(Document::parse(&text).is_ok(), "{text}");
        }
    }
}
