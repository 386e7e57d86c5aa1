//! The faults that Windows answers, each with its subcode, detail and nesting (MS-WSMV 2.2.4.43, WSManFault).

use std::fmt::Write as _;

use crate::wsman::uri;
use crate::wsman::xml::escape_into;

/// A refusal on its way to the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: u32,
    /// What `f:Message` says; the reason of the code's row where there is nothing more exact.
    message: Option<&'static str>,
    provider: Option<Provider>,
    /// The answer has no body.
    pub(super) has_no_body: bool,
}

/// The provider that a fault is attributed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provider {
    /// The shell provider, which nests a second fault of the same code.
    Shell,
    /// The cmd plugin, which says its message as text.
    Cmd,
    /// The PowerShell plugin, which does so, too.
    PowerShell,
}

pub(super) const OPERATION_TIMED_OUT: u32 = 2_150_858_793;
pub(super) const INVALID_PARAMETER: u32 = 87;
/// What has no code of its own: ERROR_INTERNAL_ERROR.
pub(super) const INTERNAL: u32 = 1_359;
pub(super) const UNEXPECTED_SELECTORS: u32 = 2_150_858_843;
pub(super) const INSUFFICIENT_SELECTORS: u32 = 2_150_858_842;
pub(super) const INVALID_RESOURCE_URI: u32 = 2_150_858_811;
pub(super) const ACTION_NOT_SUPPORTED: u32 = 2_150_858_771;
pub(super) const ACTION_MISMATCH: u32 = 2_150_858_801;
pub(super) const MUST_UNDERSTAND: u32 = 2_150_858_768;
pub(super) const HEADER_REQUIRED: u32 = 2_150_858_769;
pub(super) const INVALID_HEADER: u32 = 2_150_858_767;
pub(super) const UNSUPPORTED_ADDRESSING_MODE: u32 = 2_150_858_870;
pub(super) const UNSUPPORTED_LOCALE: u32 = 2_150_858_887;
pub(super) const SCHEMA_VALIDATION: u32 = 2_150_858_817;
pub(super) const INVALID_CONTEXT: u32 = 2_150_858_779;
pub(super) const FILTERING_NOT_SUPPORTED: u32 = 2_150_858_776;
pub(super) const FILTER_EXPECTED: u32 = 2_150_859_200;
pub(super) const EPRS_NOT_SUPPORTED: u32 = 2_150_859_201;
pub(super) const PULL_DIFFERS: u32 = 2_150_859_181;
pub(super) const ENVELOPE_SIZE_EXCEEDED: u32 = 2_150_858_824;
/// Inferred from its neighbours in Windows' header; DSP0226 prescribes the subcode and the detail.
pub(super) const MINIMUM_ENVELOPE: u32 = 2_150_858_822;
/// ERROR_BROKEN_PIPE, which users of Ansible report as the fault of input to a process that has ended.
pub(super) const BROKEN_PIPE: u32 = 109;
pub(super) const QUOTA_MAX_SHELLS: u32 = 2_150_859_173;
pub(super) const SHELL_DISCONNECTED: u32 = 2_150_859_204;
pub(super) const ACCESS_DENIED: u32 = 5;
/// The operation was cut off: what it was about is gone.
pub(super) const ABORTED: u32 = 995;
pub(super) const SERVICE_BUSY: u32 = 2_150_858_815;
pub(super) const QUOTA_MAX_COMMANDS: u32 = 2_150_859_241;
pub(super) const IDLE_TIMEOUT_OUT_OF_BOUNDS: u32 = 2_150_859_250;
pub(super) const ID_NOT_VALID: u32 = 2_150_859_221;
pub(super) const ID_CONFLICT: u32 = 2_150_859_223;
pub(super) const DISCONNECT_NOT_SUPPORTED: u32 = 2_150_859_205;
pub(super) const SESSION_ID_MISMATCH: u32 = 2_150_859_206;
pub(super) const CONNECTED_ELSEWHERE: u32 = 2_150_859_213;
pub(super) const ALREADY_DISCONNECTED: u32 = 2_150_859_215;
pub(super) const STREAM_DISCONNECTED: u32 = 2_150_859_230;
pub(super) const PROTOCOL_VERSION: u32 = 2_152_991_685;
pub(super) const NO_NEGOTIATION_DATA: u32 = 2_152_992_674;

impl Refusal {
    pub(super) fn new(code: u32) -> Self {
        Self { code, message: None, provider: None, has_no_body: false }
    }

    pub(super) fn saying(mut self, message: &'static str) -> Self {
        self.message = Some(message);
        self
    }

    /// The same, answered with a status alone.
    pub(super) fn without_body(mut self) -> Self {
        self.has_no_body = true;
        self
    }

    pub(super) fn by(mut self, provider: Provider) -> Self {
        self.provider = Some(provider);
        self
    }

    /// No shell of that id is visible to the caller, as the shell provider says it.
    pub(super) fn no_such_shell() -> Self {
        Self::new(UNEXPECTED_SELECTORS).by(Provider::Shell)
    }

    /// The shell is there, the command is not.
    pub(super) fn no_such_command() -> Self {
        Self::new(UNEXPECTED_SELECTORS)
            .saying("no command of the shell has that id: it has ended, or never was")
    }

    /// The fault's `a:Action`.
    pub(super) fn action(&self) -> &'static str {
        self.row().action
    }

    /// Writes `s:Fault`.
    pub(super) fn write(&self, out: &mut String, machine: &str) {
        let row = self.row();
        let _ = write!(out, "<s:Fault><s:Code><s:Value>s:{}</s:Value>", row.value);
        if let Some(subcode) = row.subcode {
            let _ = write!(out, "<s:Subcode><s:Value>{subcode}</s:Value></s:Subcode>");
        }
        let _ = write!(
            out,
            r#"</s:Code><s:Reason><s:Text xml:lang="en-US">{}. </s:Text></s:Reason><s:Detail>"#,
            row.reason
        );
        if let Some(detail) = row.detail {
            let _ = write!(out, "<w:FaultDetail>{FAULT_DETAIL}{detail}</w:FaultDetail>");
        }
        self.open(out, machine);
        let message = self.message.unwrap_or(row.reason);
        match self.provider {
            None => {
                let _ = write!(out, "{message}. ");
            }
            Some(Provider::Shell) => {
                out.push_str(
                    r#"<f:ProviderFault provider="Shell provider" path="%systemroot%\system32\WsmSvc.dll">"#,
                );
                self.open(out, machine);
                let _ = write!(out, "{message}. </f:Message></f:WSManFault></f:ProviderFault>");
            }
            Some(Provider::Cmd) => say_as("Shell cmd plugin", "winrscmd.dll", message, out),
            Some(Provider::PowerShell) => say_as("microsoft.powershell", "pwrshplugin.dll", message, out),
        }
        out.push_str("</f:Message></f:WSManFault></s:Detail></s:Fault>");
    }

    /// Writes `s:Fault` as OMI does, which has no codes of Windows: what a request addresses in vain is a
    /// DestinationUnreachable with an `OMI_Error`, and nearly all else an InternalError that says nothing. The numbers in
    /// that error are MI_Result's.
    pub(super) fn write_as_omi(&self, out: &mut String) {
        let Some((status, reason)) = self.omi_error() else {
            out.push_str(concat!(
                "<s:Fault><s:Code><s:Value>s:Receiver</s:Value>",
                "<s:Subcode><s:Value>w:InternalError</s:Value></s:Subcode></s:Code>",
                r#"<s:Reason><s:Text xml:lang="en-US"></s:Text></s:Reason></s:Fault>"#,
            ));
            return;
        };
        let _ = write!(
            out,
            concat!(
                "<s:Fault><s:Code><s:Value>s:Sender</s:Value>",
                "<s:Subcode><s:Value>a:DestinationUnreachable</s:Value></s:Subcode></s:Code>",
                r#"<s:Reason><s:Text xml:lang="en-US">{reason}</s:Text></s:Reason><s:Detail>"#,
                r#"<rsp:OMI_Error xmlns:rsp="{namespace}"><rsp:CIMStatusCode>{status}</rsp:CIMStatusCode>"#,
                "<rsp:OMI_Code>{status}</rsp:OMI_Code></rsp:OMI_Error></s:Detail></s:Fault>",
            ),
            reason = reason,
            namespace = OMI_ERROR,
            status = status,
        );
    }

    /// MI_Result and the reason of what OMI says more of.
    fn omi_error(&self) -> Option<(u32, &'static str)> {
        match self.code {
            INVALID_RESOURCE_URI => Some((5, "the resource is not known here")),
            UNEXPECTED_SELECTORS => Some((6, "the instance was not found")),
            INVALID_CONTEXT => Some((6, "Enumeration context not found")),
            _ => None,
        }
    }

    /// The fault's `a:Action` where OMI writes it.
    pub(super) fn omi_action(&self) -> &'static str {
        if self.omi_error().is_some() { ADDRESSING_ACTION } else { WSMAN_ACTION }
    }

    fn open(&self, out: &mut String, machine: &str) {
        let _ = write!(out, r#"<f:WSManFault xmlns:f="{}" Code="{}" Machine=""#, uri::WSMAN_FAULT, self.code);
        escape_into(out, machine);
        out.push_str(r#""><f:Message>"#);
    }

    fn row(&self) -> &'static Row {
        ROWS.iter().find(|row| row.code == self.code).unwrap_or(&OTHER)
    }
}

/// A provider's message, as text.
fn say_as(provider: &str, library: &str, message: &str, out: &mut String) {
    let path = format!(r"%systemroot%\system32\{library}");
    let _ =
        write!(out, r#"<f:ProviderFault provider="{provider}" path="{path}">{message}. </f:ProviderFault>"#);
}

/// How one code is dressed.
struct Row {
    code: u32,
    action: &'static str,
    value: &'static str,
    subcode: Option<&'static str>,
    detail: Option<&'static str>,
    reason: &'static str,
}

/// Where every `w:FaultDetail` begins.
const FAULT_DETAIL: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/";
/// The class of OMI's errors.
const OMI_ERROR: &str = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/OMI_Error";
const WSMAN_ACTION: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault";
const ADDRESSING_ACTION: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing/fault";
const ENUMERATION_ACTION: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/fault";

/// A fault of the caller's making, with a subcode and perhaps a detail.
const fn sender(code: u32, subcode: &'static str, detail: Option<&'static str>, reason: &'static str) -> Row {
    Row { code, action: WSMAN_ACTION, value: "Sender", subcode: Some(subcode), detail, reason }
}

/// A fault of the service's making.
const fn receiver(code: u32, subcode: &'static str, reason: &'static str) -> Row {
    Row { code, action: WSMAN_ACTION, value: "Receiver", subcode: Some(subcode), detail: None, reason }
}

/// The dress of a code that has no row.
const OTHER: Row = receiver(0, "w:InternalError", "the service could not complete the operation");

const ROWS: &[Row] = &[
    sender(ACCESS_DENIED, "w:AccessDenied", None, "access is denied"),
    sender(
        INVALID_PARAMETER,
        "w:InvalidParameter",
        Some("InvalidValue"),
        "the request holds a parameter that is not valid",
    ),
    sender(
        UNEXPECTED_SELECTORS,
        "w:InvalidSelectors",
        Some("UnexpectedSelectors"),
        "the selectors of the request fit no instance of the resource",
    ),
    sender(
        INSUFFICIENT_SELECTORS,
        "w:InvalidSelectors",
        Some("InsufficientSelectors"),
        "the request lacks a selector that the resource needs",
    ),
    Row {
        code: INVALID_RESOURCE_URI,
        action: ADDRESSING_ACTION,
        value: "Sender",
        subcode: Some("a:DestinationUnreachable"),
        detail: Some("InvalidResourceURI"),
        reason: "the resource URI is not registered here",
    },
    Row {
        code: ACTION_NOT_SUPPORTED,
        action: ADDRESSING_ACTION,
        value: "Sender",
        subcode: Some("a:ActionNotSupported"),
        detail: None,
        reason: "the service does not support the action",
    },
    Row {
        code: ACTION_MISMATCH,
        action: ADDRESSING_ACTION,
        value: "Sender",
        subcode: Some("a:ActionNotSupported"),
        detail: Some("ActionMismatch"),
        reason: "the action cannot be applied to the resource",
    },
    Row {
        code: MUST_UNDERSTAND,
        action: ADDRESSING_ACTION,
        value: "MustUnderstand",
        subcode: None,
        detail: None,
        reason: "a header of the request must be understood and is not",
    },
    Row {
        code: HEADER_REQUIRED,
        action: ADDRESSING_ACTION,
        value: "Sender",
        subcode: Some("a:MessageInformationHeaderRequired"),
        detail: None,
        reason: "the request lacks a header that every message needs",
    },
    Row {
        code: INVALID_HEADER,
        action: ADDRESSING_ACTION,
        value: "Sender",
        subcode: Some("a:InvalidMessageInformationHeader"),
        detail: None,
        reason: "a header of the request is not valid",
    },
    sender(
        UNSUPPORTED_ADDRESSING_MODE,
        "w:UnsupportedFeature",
        Some("AddressingMode"),
        "responses and faults go to the anonymous address only",
    ),
    sender(
        UNSUPPORTED_LOCALE,
        "w:UnsupportedFeature",
        Some("Locale"),
        "the Locale of a request must not have to be understood",
    ),
    sender(
        SCHEMA_VALIDATION,
        "w:SchemaValidationError",
        None,
        "the body of the request is not what the action needs",
    ),
    Row {
        code: INVALID_CONTEXT,
        action: ENUMERATION_ACTION,
        value: "Receiver",
        subcode: Some("n:InvalidEnumerationContext"),
        detail: None,
        reason: "the enumeration context is not known: it has ended or expired",
    },
    Row {
        code: FILTERING_NOT_SUPPORTED,
        action: ENUMERATION_ACTION,
        value: "Sender",
        subcode: Some("n:FilteringNotSupported"),
        detail: None,
        reason: "the resource cannot be filtered",
    },
    sender(
        FILTER_EXPECTED,
        "w:CannotProcessFilter",
        Some("FilteringRequired"),
        "a listing of commands needs a selector filter that names the shell",
    ),
    sender(
        EPRS_NOT_SUPPORTED,
        "w:UnsupportedFeature",
        Some("EnumerationMode"),
        "commands cannot be listed as endpoint references",
    ),
    sender(
        PULL_DIFFERS,
        "w:InvalidParameter",
        Some("InvalidValue"),
        "a Pull must repeat the MaxElements and MaxEnvelopeSize of its Enumerate",
    ),
    sender(
        ENVELOPE_SIZE_EXCEEDED,
        "w:EncodingLimit",
        Some("MaxEnvelopeSizeExceeded"),
        "the answer would be larger than the caller takes",
    ),
    sender(
        MINIMUM_ENVELOPE,
        "w:EncodingLimit",
        Some("MinimumEnvelopeLimit"),
        "the MaxEnvelopeSize of the request is smaller than 8192",
    ),
    receiver(BROKEN_PIPE, "w:InternalError", "the pipe has been ended: the command has completed"),
    sender(
        SHELL_DISCONNECTED,
        "w:InvalidParameter",
        Some("InvalidValue"),
        "the shell is disconnected and the operation needs a connected one",
    ),
    receiver(OPERATION_TIMED_OUT, "w:TimedOut", "the operation did not end within its OperationTimeout"),
    receiver(
        QUOTA_MAX_SHELLS,
        "w:QuotaLimit",
        "the user has as many concurrent shells as one user may have: close some, or raise the quota",
    ),
    receiver(
        2_150_859_174,
        "w:QuotaLimit",
        "the user has as many concurrent operations as one user may have",
    ),
    receiver(SERVICE_BUSY, "w:QuotaLimit", "the service is busy"),
    receiver(
        QUOTA_MAX_COMMANDS,
        "w:QuotaLimit",
        "the shell has as many concurrent commands as one shell may have",
    ),
    receiver(ABORTED, "w:InternalError", "the operation was aborted: its shell or command was closed"),
    sender(
        IDLE_TIMEOUT_OUT_OF_BOUNDS,
        "w:InvalidParameter",
        Some("InvalidValue"),
        "the IdleTimeOut is shorter or longer than the endpoint allows",
    ),
    sender(ID_NOT_VALID, "w:InvalidParameter", Some("InvalidValue"), "the proposed id is no GUID"),
    receiver(ID_CONFLICT, "w:AlreadyExists", "the proposed id is in use"),
    receiver(DISCONNECT_NOT_SUPPORTED, "w:InternalError", "the shell cannot be disconnected"),
    receiver(SESSION_ID_MISMATCH, "w:InternalError", "the shell belongs to another client session"),
    receiver(CONNECTED_ELSEWHERE, "w:InternalError", "another client is connected to the shell"),
    receiver(ALREADY_DISCONNECTED, "w:InternalError", "the shell is disconnected already"),
    receiver(STREAM_DISCONNECTED, "w:InternalError", "the stream was disconnected"),
    receiver(
        PROTOCOL_VERSION,
        "w:InternalError",
        "the endpoint does not speak the remoting protocol's version",
    ),
    receiver(
        NO_NEGOTIATION_DATA,
        "w:InternalError",
        "the opening XML lacks the capability or the opening message, or cannot be read",
    ),
    receiver(2_150_858_802, "w:Concurrency", "the resource is in use"),
];
