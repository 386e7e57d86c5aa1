//! The words of the protocol, which name nobody: URIs, elements, attributes, prefixes, and values of lists.

use crate::wsman::uri;

/// URIs beside those that we write ourselves.
const URIS: &[&str] = &[
    "http://schemas.microsoft.com/powershell/2004/04",
    "http://schemas.microsoft.com/powershell/Microsoft.PowerShell32",
    "http://schemas.microsoft.com/powershell/Microsoft.PowerShell.Workflow",
    "http://schemas.microsoft.com/powershell/Microsoft.Exchange",
    "http://schemas.microsoft.com/powershell/PowerShell.7",
    "http://schemas.microsoft.com/wbem/wsman/1/config",
    "http://schemas.microsoft.com/wbem/wsman/1/config/service",
    "http://schemas.microsoft.com/wbem/wsman/1/config/winrs",
    "http://schemas.microsoft.com/wbem/wsman/1/config/listener",
    "http://schemas.microsoft.com/wbem/wsman/1/config/plugin",
    "http://schemas.microsoft.com/wbem/wsman/1/config/PluginConfiguration",
    "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState",
    "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/Done",
    "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/Pending",
    "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/Running",
    "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault",
    "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd",
    "http://schemas.dmtf.org/wbem/wscim/1/common",
    "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/OMI_Error",
    "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_Error",
    "http://schemas.xmlsoap.org/soap/envelope/",
    "http://schemas.xmlsoap.org/ws/2004/08/addressing/fault",
    "http://schemas.xmlsoap.org/ws/2004/08/eventing",
    "http://schemas.xmlsoap.org/ws/2004/09/enumeration/fault",
    "http://schemas.xmlsoap.org/ws/2004/09/transfer/fault",
    "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous",
    "http://www.w3.org/2001/XMLSchema",
    "http://www.w3.org/2003/05/soap-envelope/role/next",
];

/// The URIs that we write or look for.
const OURS: &[&str] = &[
    uri::SOAP,
    uri::ADDRESSING,
    uri::WSMAN,
    uri::WSMV,
    uri::SHELL,
    uri::TRANSFER,
    uri::ENUMERATION,
    uri::WSMAN_FAULT,
    uri::POWERSHELL,
    uri::IDENTITY,
    uri::WMI_ERROR,
    uri::CIM_SHELL,
    uri::SCHEMA_INSTANCE,
    uri::XML,
    uri::ANONYMOUS,
    uri::COMMAND_RESOURCE,
    uri::CMD_RESOURCE,
    uri::POWERSHELL_PREFIX,
    uri::POWERSHELL_RESOURCE,
    uri::SELECTOR_FILTER,
    uri::SIGNAL_TERMINATE,
    uri::SIGNAL_CTRL_C,
    uri::SIGNAL_POWERSHELL_CRTL_C,
    "powershell/signal/ctrl_c",
    "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/terminate",
];

/// What a fault detail of DSP0226 (annex, Fault details) begins with, and how it may end.
const FAULT_DETAIL: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/";
const FAULT_DETAILS: &str = " ActionMismatch Ack AddressingMode AmbiguousSelectors AsynchronousRequest \
    AuthorizationMode CharacterSet DuplicateSelectors EncodingType EnumerationMode ExpirationTime Expired \
    FilteringRequired FragmentLevelAccess InsecureAddress InsufficientSelectors Invalid InvalidFragment InvalidName \
    InvalidNamespace InvalidResourceURI InvalidTimeout InvalidValue InvalidValues Locale MaxElements MaxEnvelopeSize \
    MaxEnvelopeSizeExceeded MinimumEnvelopeLimit MissingValues NotSupported OperationTimeout OptionLimit OptionSet \
    SelectorLimit ServiceEnvelopeLimit TypeMismatch UnexpectedSelectors UnreportableSuccess UnusableAddress \
    URILimitExceeded Whitespace ";

/// Whether a URI is of the protocol.
pub(super) fn is_uri(text: &str) -> bool {
    let actions = uri::ACTIONS.iter().any(|action| text == action.request || text == action.response);
    let detail = text.strip_prefix(FAULT_DETAIL).is_some_and(|end| holds(FAULT_DETAILS, end));
    actions || detail || OURS.contains(&text) || URIS.contains(&text)
}

/// Prefixes that clients and servers use.
const PREFIXES: &str = " a b c cfg cim cimerr d e env f h i m n ns p r rsp s soap soapenv t w wsa wsen wse wsm wsman \
    wsmanfault wsmid wsmv wst wxf x xs xsd xsi SOAP-ENV ";

pub(super) fn is_prefix(text: &str) -> bool {
    holds(PREFIXES, text)
}

/// Names of elements and attributes (DSP0226, MS-WSMV, WS-Addressing, WS-Transfer, WS-Enumeration, DSP0230).
const NAMES: &str = " Envelope Header Body Fault Code Subcode Value Reason Text Detail Node Role mustUnderstand role \
    encodingStyle relay lang nil type schemaLocation id \
    To From ReplyTo FaultTo Action MessageID RelatesTo Address ReferenceParameters ReferenceProperties \
    EndpointReference RelationshipType \
    ResourceURI ResourceUri SelectorSet Selector Name OptionSet Option MustComply Type OperationTimeout \
    MaxEnvelopeSize Policy Locale DataLocale RequestEPR RequestedEPR FragmentTransfer RequestTotalItemsCountEstimate \
    TotalItemsCountEstimate OptimizeEnumeration MaxElements EnumerationMode Filter Dialect Items Item EndOfSequence \
    MaxTime MaxCharacters Enumerate EnumerateResponse Pull PullResponse Release ReleaseResponse EnumerationContext \
    Expires XmlFragment FaultDetail SessionId OperationID SequenceId ActivityId CompressionType NoFrame Signal \
    ResourceCreated Identify IdentifyResponse ProtocolVersion ProductVendor ProductVersion SecurityProfiles \
    SecurityProfileName \
    Shell ShellId ShellID Owner ClientIP ProcessId ProcessID IdleTimeOut InputStreams OutputStreams MaxIdleTimeOut \
    CompressionMode ProfileLoaded Encoding BufferMode State ShellRunTime ShellInactivity MemoryUsed ChildProcesses \
    Lifetime WorkingDirectory Environment Variable CommandLine Command CommandId CommandResponse CommandState \
    ExitCode Arguments Send SendResponse Stream End Unit EndUnit SequenceID Receive ReceiveResponse DesiredStream \
    SignalResponse Disconnect DisconnectResponse Reconnect ReconnectResponse Connect ConnectResponse \
    creationXml connectXml connectResponseXml connectResponse \
    WSManFault Machine Message ProviderFault provider path providerId ExtendedError FQDN \
    MSFT_WmiError OMI_Error CIM_Error IsCIM_Error ErrorType OtherErrorType OwningEntity MessageArguments \
    PerceivedSeverity ProbableCause ProbableCauseDescription RecommendedActions ErrorSource ErrorSourceFormat \
    OtherErrorSourceFormat CIMStatusCode CIMStatusCodeDescription error_Category error_Code error_Type \
    error_WindowsErrorMessage OMI_Type OMI_Code OMI_Category \
    Config Client Service Winrs Listener MaxEnvelopeSizekb MaxTimeoutms MaxBatchItems MaxProviderRequests \
    NetworkDelayms URLPrefix AllowUnencrypted Auth Basic Digest Kerberos Negotiate Certificate CredSSP DefaultPorts \
    HTTP HTTPS TrustedHosts RootSDDL MaxConcurrentOperations MaxConcurrentOperationsPerUser \
    EnumerationTimeoutms MaxConnections MaxPacketRetrievalTimeSeconds CbtHardeningLevel IPv4Filter IPv6Filter \
    EnableCompatibilityHttpListener EnableCompatibilityHttpsListener CertificateThumbprint AllowRemoteAccess \
    IdleTimeout MaxConcurrentUsers MaxShellRunTime MaxProcessesPerShell MaxMemoryPerShellMB MaxShellsPerUser \
    AllowRemoteShellAccess Port Hostname Enabled ListeningOn Transport PlugInConfiguration Quotas Capability Resources \
    Resource SupportsOptions Security Sddl Uri ExactMatch Param InitializationParameters Filename SDKVersion \
    XmlRenderingType Architecture UseSharedProcess RunAsUser RunAsPassword AutoRestart ProcessIdleTimeoutSec \
    OutputBufferingMode MaxIdleTimeoutms IdleTimeoutms MaxMemoryPerShell MaxShells MaxProcessesPerShell Exact \
    xmlns ";

/// Whether an element or an attribute has a name of the protocol.
pub(super) fn is_name(text: &str) -> bool {
    holds(NAMES, text)
}

/// Options and selectors.
const KEYS: &str = " WINRS_NOPROFILE WINRS_CODEPAGE WINRS_CONSOLEMODE_STDIN WINRS_SKIP_CMD_SHELL protocolversion \
    WSMAN_CMDSHELL_OPTION_KEEPALIVE ShellId ShellID CommandId Name Address Transport SessionId ";

/// Whether an option or a selector has a name of the protocol.
pub(super) fn is_key(text: &str) -> bool {
    holds(KEYS, text)
}

/// Values of lists, each word of a value by itself.
const WORDS: &str = " stdin stdout stderr pr Connected Disconnected Running Done Pending Block Drop UTF8 UTF16 \
    NoCompression XpressCompression Yes No Microsoft Corporation Open Management Infrastructure WinRM HRESULT Win32 \
    x:string xs:string EnumerateEPR EnumerateObjectAndEPR none relaxed strict ";

/// Whether a value is of words of the protocol.
pub(super) fn are_words(text: &str) -> bool {
    text.split_whitespace().all(|word| holds(WORDS, word))
}

/// Codes of faults (SOAP 1.2, DSP0226, WS-Addressing, WS-Enumeration, WS-Transfer) and types of XML Schema and CIM.
const CODES: &str = " Sender Receiver MustUnderstand VersionMismatch DataEncodingUnknown AccessDenied AlreadyExists \
    CannotProcessFilter Concurrency DeliveryRefused EncodingLimit InternalError InvalidOptions InvalidParameter \
    InvalidSelectors QuotaLimit SchemaValidationError TimedOut UnsupportedFeature ActionNotSupported \
    DestinationUnreachable EndpointUnavailable InvalidMessageInformationHeader MessageInformationHeaderRequired \
    FilterDialectRequestedUnavailable FilteringNotSupported InvalidEnumerationContext InvalidExpirationTime \
    InvalidRepresentation NoAck string cimString cimUnsignedInt cimUnsignedShort cimInt cimBoolean cimDateTime \
    MSFT_WmiError_Type OMI_Error_Type CIM_Error_Type ";

/// Whether the local part of a qualified name is of the protocol.
pub(super) fn is_code(text: &str) -> bool {
    holds(CODES, text)
}

/// Elements and attributes of serialized objects (MS-PSRP 2.2.5, Serialization).
const CLIXML: &str = " Objs Obj Ref TN TNRef T ToString MS Props LST STK QUE IE DCT En Nil S C B DT TS By SB U16 I16 \
    U32 I32 U64 I64 Sg Db D BA G URI Version XD SBK SS PR AV PI PC SR SD N RefId xmlns ";

pub(super) fn is_clixml(text: &str) -> bool {
    holds(CLIXML, text)
}

/// Properties of PowerShell's own messages (MS-PSRP 2.2.2, Messages, and 2.2.3, Other object types).
const PROPERTIES: &str = " protocolversion PSVersion SerializationVersion TimeZone MinRunspaces MaxRunspaces \
    PSThreadOptions ApartmentState HostInfo _isHostNull _isHostUINull _isHostRawUINull _useRunspaceHost \
    _hostDefaultData data ApplicationArguments ApplicationPrivateData RunspaceState PipelineState \
    ExceptionAsErrorRecord PSVersionTable BuildVersion CLRVersion WSManStackVersion PSRemotingProtocolVersion \
    PSCompatibleVersions PSEdition GitCommitId OS Platform BashPrivateData DebugMode DebugStop \
    DebugBreakpointCount BreakAll UnhandledBreakpointMode \
    NoInput AddToHistory RemoteStreamOptions IsNested PowerShell Cmds Cmd IsScript UseLocalScope MergeMyResult \
    MergeToResult MergePreviousResults MergeError MergeWarning MergeVerbose MergeDebug MergeInformation Args N V \
    History RedirectShellErrorOutputPipe ExtraCmds ci mi mp me CallId SetMinMaxRunspacesResponse PublicKey \
    EncryptedSessionKey Key Value A ";

pub(super) fn is_property(text: &str) -> bool {
    holds(PROPERTIES, text)
}

/// Types of these properties.
const TYPES: &[&str] = &[
    "System.Object",
    "System.Enum",
    "System.ValueType",
    "System.Array",
    "System.Object[]",
    "System.Collections.ArrayList",
    "System.Collections.Hashtable",
    "System.Management.Automation.PSCustomObject",
    "System.Management.Automation.PSPrimitiveDictionary",
    "System.Management.Automation.PSObject[]",
    "System.Management.Automation.RemoteStreamOptions",
    "System.Management.Automation.Runspaces.PSThreadOptions",
    "System.Management.Automation.Runspaces.ApartmentState",
    "System.Management.Automation.Runspaces.PipelineResultTypes",
    "System.Threading.ApartmentState",
    "System.Management.Automation.Remoting.RemoteHostMethodId",
    "System.Version[]",
];

pub(super) fn is_type(text: &str) -> bool {
    TYPES.contains(&text)
}

/// Values of the enumerations among them.
const MEMBERS: &str = " Default UNKNOWN STA MTA ReuseThread UseCurrentThread UseNewThread None Output Error Warning \
    Verbose Debug Information All Null AddInvocationInfo ";

pub(super) fn are_members(text: &str) -> bool {
    text.split(", ").all(|member| holds(MEMBERS, member))
}

/// Whether a list of words, each between blanks, holds this one.
fn holds(list: &str, word: &str) -> bool {
    !word.is_empty() && list.split_ascii_whitespace().any(|known| known == word)
}
