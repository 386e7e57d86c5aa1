//! Every URI that we write or look for: namespaces, actions, resources, signal codes. `wsman-schemas/uris.tsv`
//! lists the same, and a test holds one against the other both ways.

/// SOAP 1.2 envelope.
pub const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
/// WS-Addressing 2004/08.
pub const ADDRESSING: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
/// WS-Management (DSP0226).
pub const WSMAN: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd";
/// Microsoft's extensions to WS-Management: `DataLocale`, `SessionId`.
pub const WSMV: &str = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd";
/// Windows remote shell bodies; also the generic shell resource, without a slash behind it.
pub const SHELL: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell";
/// WS-Transfer.
pub const TRANSFER: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer";
/// WS-Enumeration.
pub const ENUMERATION: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration";
/// WSManFault and ProviderFault.
pub const WSMAN_FAULT: &str = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault";
/// What PowerShell adds to Create and Connect, without a slash behind it.
pub const POWERSHELL: &str = "http://schemas.microsoft.com/powershell";
/// Identify.
pub const IDENTITY: &str = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd";
/// The WMI error that can stand in for a WSManFault.
pub const WMI_ERROR: &str = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError";
/// The CIM schema's class `Shell`, in which OMI describes its shells.
pub const CIM_SHELL: &str = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/Shell";
/// `nil` and `type`.
pub const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// The `xml:` prefix.
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// The namespace of `xmlns` itself, which nothing may be bound to.
pub(super) const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// The anonymous reply address.
pub const ANONYMOUS: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous";

/// All shells of a server, whatever made them: for Enumerate and Get, and the fallback for Signal and Delete.
pub const SHELL_RESOURCE: &str = SHELL;
/// The commands of a shell.
pub const COMMAND_RESOURCE: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Command";
/// A cmd (WinRS) shell.
pub const CMD_RESOURCE: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd";
/// What every PowerShell endpoint's resource begins with; the configuration name follows.
pub const POWERSHELL_PREFIX: &str = "http://schemas.microsoft.com/powershell/";
/// The default PowerShell endpoint.
pub const POWERSHELL_RESOURCE: &str = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell";

/// The dialect of a filter by selectors.
pub const SELECTOR_FILTER: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter";

/// Signal code: release the command, killing it if it runs.
pub const SIGNAL_TERMINATE: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/Terminate";
/// Signal code: Ctrl+C to the console process.
pub const SIGNAL_CTRL_C: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/ctrl_c";
/// Signal code: stop a PowerShell pipeline. The transposed letters are the real constant (MS-PSRP 3.1.5.4.11).
pub const SIGNAL_POWERSHELL_CRTL_C: &str = "powershell/signal/crtl_c";

/// The request and the response action of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    /// What the request's `a:Action` says.
    pub request: &'static str,
    /// What the answer's `a:Action` must say.
    pub response: &'static str,
}

/// The actions of all operations.
pub const ACTIONS: &[Action] = &[
    ENUMERATE, PULL, RELEASE, GET, DELETE, SIGNAL, CREATE, COMMAND, SEND, RECEIVE, DISCONNECT, RECONNECT,
    CONNECT,
];

/// WS-Enumeration Enumerate.
pub const ENUMERATE: Action = Action {
    request: "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate",
    response: "http://schemas.xmlsoap.org/ws/2004/09/enumeration/EnumerateResponse",
};
/// WS-Enumeration Pull.
pub const PULL: Action = Action {
    request: "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Pull",
    response: "http://schemas.xmlsoap.org/ws/2004/09/enumeration/PullResponse",
};
/// WS-Enumeration Release.
pub const RELEASE: Action = Action {
    request: "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Release",
    response: "http://schemas.xmlsoap.org/ws/2004/09/enumeration/ReleaseResponse",
};
/// WS-Transfer Get.
pub const GET: Action = Action {
    request: "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get",
    response: "http://schemas.xmlsoap.org/ws/2004/09/transfer/GetResponse",
};
/// WS-Transfer Delete.
pub const DELETE: Action = Action {
    request: "http://schemas.xmlsoap.org/ws/2004/09/transfer/Delete",
    response: "http://schemas.xmlsoap.org/ws/2004/09/transfer/DeleteResponse",
};
/// Windows shell Signal.
pub const SIGNAL: Action = Action {
    request: "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Signal",
    response: "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/SignalResponse",
};
/// WS-Transfer Create.
pub const CREATE: Action = Action {
    request: "http://schemas.xmlsoap.org/ws/2004/09/transfer/Create",
    response: "http://schemas.xmlsoap.org/ws/2004/09/transfer/CreateResponse",
};
/// Windows shell Command.
pub const COMMAND: Action = Action {
    request: "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Command",
    response: "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandResponse",
};
/// Windows shell Send.
pub const SEND: Action = Action {
    request: "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Send",
    response: "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/SendResponse",
};
/// Windows shell Receive.
pub const RECEIVE: Action = Action {
    request: "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Receive",
    response: "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/ReceiveResponse",
};
/// Windows shell Disconnect.
pub const DISCONNECT: Action = Action {
    request: "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Disconnect",
    response: "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/DisconnectResponse",
};
/// Windows shell Reconnect.
pub const RECONNECT: Action = Action {
    request: "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Reconnect",
    response: "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/ReconnectResponse",
};
/// Windows shell Connect.
pub const CONNECT: Action = Action {
    request: "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Connect",
    response: "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/ConnectResponse",
};

/// Whether a URI names a user before its host (RFC 3986 3.2.1, User Information), where a password could stand; also one
/// with a slash in it that nobody escaped.
#[must_use]
pub fn has_user_info(uri: &str) -> bool {
    let behind_scheme = uri.split_once("//").map(|(_, behind)| behind);
    let before_at = behind_scheme.and_then(|behind| behind.rsplit_once('@')).map(|(before, _)| before);
    before_at.is_some_and(|before| !before.contains(['/', '?', '#']) || before.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_information_stands_before_the_host_and_nowhere_else() {
        for (uri, expected) in [
            ("http://ci:secret@win01/x", true),
            ("http://ci@win01", true),
            ("http://ci:sec/ret@win01", true),
            ("http://win01/ops@night", false),
            ("http://win01?a@b", false),
            ("urn:ops@night", false),
        ] {
            assert_eq!(has_user_info(uri), expected, "{uri}");
        }
    }
}
