//! The schemas themselves, and the documents that they state.

/// A schema of `wsman-schemas/` by its name.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../wsman-schemas/", $name)))),*]
    };
}

/// Every schema: its name and its text.
pub(crate) const FILES: &[(&str, &str)] = files![
    "addressing.xsd",
    "cim-common.xsd",
    "config.xsd",
    "enumeration.xsd",
    "envelope.rng",
    "identity.xsd",
    "powershell.xsd",
    "request-actions.rng",
    "request.rng",
    "request.xsd",
    "response-actions.rng",
    "response.rng",
    "response.xsd",
    "shell-request.xsd",
    "shell-response.xsd",
    "shell-types.xsd",
    "soap-envelope.xsd",
    "transfer.xsd",
    "wmi-error.xsd",
    "wsman-fault.xsd",
    "wsman.xsd",
    "wsmv.xsd",
    "xml.xsd",
];

/// Which document a namespace is of.
pub(super) const SECTIONS: &[(&str, &str)] = &[
    (
        "http://schemas.microsoft.com/wbem/wsman/1/windows/shell",
        "MS-WSMV, 2.2.4.37 Shell, and its neighbours in 2.2.4",
    ),
    ("http://schemas.microsoft.com/wbem/wsman/1/wsmanfault", "MS-WSMV, 2.2.4.43 WSManFaultType"),
    (
        "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
        "MS-WSMV, 3.1.4.1.9 wsmv:DataLocale, and its neighbours",
    ),
    ("http://schemas.microsoft.com/wbem/wsman/1/config", "MS-WSMV, 2.2.4 Message Syntax"),
    ("http://schemas.microsoft.com/powershell", "MS-PSRP, 3.1.5.3.1 Rules for the wxf:Create Message"),
    (
        "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
        "DSP0226, 6 WS-Management control headers, and 8 Enumeration",
    ),
    ("http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd", "DSP0226, 11 Metadata and discovery"),
    ("http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError", "DSP0230, WS-CIM Mapping"),
    ("http://schemas.xmlsoap.org/ws/2004/09/enumeration", "WS-Enumeration (September 2004), 3"),
    ("http://schemas.xmlsoap.org/ws/2004/09/transfer", "WS-Transfer (September 2004), 3"),
    (
        "http://schemas.xmlsoap.org/ws/2004/08/addressing",
        "WS-Addressing (August 2004), 3 Message Addressing Properties",
    ),
    ("http://www.w3.org/2003/05/soap-envelope", "SOAP 1.2 Part 1, 5 SOAP Message Construct"),
];
