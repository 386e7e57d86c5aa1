//! All operations in one list of plain rows, each with an example of its request and a reader of its answer. A new
//! operation gets its row here; the tests then name the fixtures that it needs.

use std::time::Duration;

use uuid::Uuid;

use super::{Delete, EnumerateCommands, EnumerateShells, Get, Pull, Release, Signal, SignalCode, identify};
use crate::wsman::envelope::{
    AnswerError, DEFAULT_MAX_ENVELOPE_SIZE, Header, Operation, read_answer, write_request,
};
use crate::wsman::ids::{CommandId, EnumerationContext, MessageId, SessionId, ShellId};
use crate::wsman::shell::Shell;
use crate::wsman::uri::{self, Action};

/// One operation in one of its variants.
#[derive(Clone, Copy, Debug)]
pub struct CatalogueRow {
    /// What it is called in `fixtures/envelopes`.
    pub name: &'static str,
    /// Its actions; Identify has none.
    pub action: Option<Action>,
    /// The resource that the example is for; Identify has none.
    pub resource_uri: Option<&'static str>,
    /// Appends the example's envelope: fixed ids, fixed addresses.
    pub write_example: fn(&mut String),
    /// Reads an answer to the example, and tells whether it is one.
    pub check_answer: fn(&[u8]) -> Result<(), AnswerError>,
}

/// Every operation, in the order in which a teardown meets them.
pub const OPERATIONS: &[CatalogueRow] = &[
    CatalogueRow {
        name: "identify",
        action: None,
        resource_uri: None,
        write_example: identify::request,
        check_answer: |answer| identify::read(answer).map(drop),
    },
    row!("enumerate-shells", uri::ENUMERATE, uri::SHELL_RESOURCE, _ids => EnumerateShells {
        optimize: true,
        max_elements: MAX_ELEMENTS,
    }),
    row!("enumerate-shells-unoptimized", uri::ENUMERATE, uri::SHELL_RESOURCE, _ids => EnumerateShells {
        optimize: false,
        max_elements: MAX_ELEMENTS,
    }),
    row!("pull-shells", uri::PULL, uri::SHELL_RESOURCE, ids => {
        Pull::<Shell>::new(&ids.context, MAX_ELEMENTS, uri::SHELL_RESOURCE)
    }),
    row!("release", uri::RELEASE, uri::SHELL_RESOURCE, ids => Release {
        context: &ids.context,
        resource_uri: uri::SHELL_RESOURCE,
    }),
    row!("enumerate-commands", uri::ENUMERATE, uri::COMMAND_RESOURCE, ids => EnumerateCommands {
        shell_id: &ids.shell_id,
        max_elements: MAX_ELEMENTS,
    }),
    row!("get", uri::GET, uri::SHELL_RESOURCE, ids => Get { shell_id: &ids.shell_id }),
    row!("signal-terminate", uri::SIGNAL, uri::POWERSHELL_RESOURCE, ids => {
        ids.signal(uri::POWERSHELL_RESOURCE, SignalCode::Terminate)
    }),
    row!("signal-ctrl-c", uri::SIGNAL, uri::CMD_RESOURCE, ids => {
        ids.signal(uri::CMD_RESOURCE, SignalCode::CtrlC)
    }),
    row!("signal-powershell-crtl-c", uri::SIGNAL, uri::POWERSHELL_RESOURCE, ids => {
        ids.signal(uri::POWERSHELL_RESOURCE, SignalCode::PowerShellCrtlC)
    }),
    row!("delete", uri::DELETE, uri::POWERSHELL_RESOURCE, ids => Delete {
        shell_id: &ids.shell_id,
        resource_uri: uri::POWERSHELL_RESOURCE,
    }),
];

/// The `a:MessageID` of every example.
pub const EXAMPLE_MESSAGE_ID: MessageId =
    MessageId::new(Uuid::from_u128(0x6B0E_4C0A_0B62_4E0C_9C4E_0D8D_4A7C_1F11));

const EXAMPLE_SESSION_ID: SessionId =
    SessionId::new(Uuid::from_u128(0x0C2C_5D0E_4B17_4B3C_8E0E_5C7A_1D0B_9A22));
const MAX_ELEMENTS: u32 = super::DEFAULT_MAX_ELEMENTS;

/// What the examples name.
struct Ids {
    shell_id: ShellId,
    command_id: CommandId,
    context: EnumerationContext,
}

impl Ids {
    fn fixed() -> Self {
        Self {
            shell_id: ShellId::from_server("B6631D8E-65A0-49F2-9053-A1B156C95777"),
            command_id: CommandId::from_server("2F0C1A5B-9D3E-4C57-8A16-6E3B7C90D412"),
            context: EnumerationContext::from_server("uuid:5A1D33C8-70B4-4A2E-B6C9-0F1E2D3C4B5A"),
        }
    }

    fn signal<'a>(&'a self, resource_uri: &'a str, code: SignalCode) -> Signal<'a> {
        Signal { shell_id: &self.shell_id, resource_uri, command_id: &self.command_id, code }
    }
}

fn write_example<O: Operation>(operation: &O, out: &mut String) {
    let header = Header {
        to: "http://win01.example.com:5985/wsman",
        message_id: EXAMPLE_MESSAGE_ID,
        session_id: EXAMPLE_SESSION_ID,
        operation_timeout: Duration::from_secs(60),
        max_envelope_size: DEFAULT_MAX_ENVELOPE_SIZE,
    };
    write_request(operation, &header, out);
}

/// A row whose operation borrows from the fixed ids.
macro_rules! row {
    ($name:literal, $action:expr, $resource_uri:expr, $ids:ident => $operation:expr) => {
        CatalogueRow {
            name: $name,
            action: Some($action),
            resource_uri: Some($resource_uri),
            write_example: |out| {
                let $ids = Ids::fixed();
                write_example(&$operation, out);
            },
            check_answer: |answer| {
                let $ids = Ids::fixed();
                read_answer(&$operation, EXAMPLE_MESSAGE_ID, answer).map(drop)
            },
        }
    };
}
use row;
