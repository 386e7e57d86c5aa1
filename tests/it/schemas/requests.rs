//! Requests of other clients: the operations of shells that this project does not send.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub(super) const SHELL: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell";
pub(super) const CMD: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd";
pub(super) const POWERSHELL: &str = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell";
pub(super) const TRANSFER: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer";
pub(super) const ENUMERATION: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration";
pub(super) const COMMAND_ID: &str = "2F0C1A5B-9D3E-4C57-8A16-6E3B7C90D412";
pub(super) const SESSION_ID: &str = "uuid:0C2C5D0E-4B17-4B3C-8E0E-5C7A1D0B9A22";

/// An envelope of another client: other prefixes, another order of headers, and headers that we do not send.
pub(super) fn request(
    action: &str,
    resource: &str,
    shell_id: Option<&str>,
    options: &str,
    body: &str,
) -> String {
    let selectors = shell_id.map_or(String::new(), |id| {
        format!(
            r#"<wsman:SelectorSet><wsman:Selector Name="ShellId">{id}</wsman:Selector></wsman:SelectorSet>"#
        )
    });
    let options = if options.is_empty() {
        String::new()
    } else {
        format!(r#"<wsman:OptionSet env:mustUnderstand="1">{options}</wsman:OptionSet>"#)
    };
    format!(
        concat!(
            r#"<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope""#,
            r#" xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing""#,
            r#" xmlns:wsen="http://schemas.xmlsoap.org/ws/2004/09/enumeration""#,
            r#" xmlns:wsman="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd""#,
            r#" xmlns:wsmv="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd""#,
            r#" xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"><env:Header>"#,
            r#"<wsa:Action mustUnderstand="true">{action}</wsa:Action>"#,
            r#"<wsmv:DataLocale env:mustUnderstand="false" xml:lang="en-US"/>"#,
            r#"<wsman:Locale env:mustUnderstand="false" xml:lang="en-US"/>"#,
            r#"<wsman:MaxEnvelopeSize env:mustUnderstand="true">153600</wsman:MaxEnvelopeSize>"#,
            r#"<wsa:MessageID>uuid:6b0e4c0a-0b62-4e0c-9c4e-0d8d4a7c1f11</wsa:MessageID>"#,
            r#"<wsman:OperationTimeout>PT20S</wsman:OperationTimeout>"#,
            r#"<wsa:ReplyTo><wsa:Address env:mustUnderstand="true">"#,
            r#"http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</wsa:Address></wsa:ReplyTo>"#,
            r#"<wsman:ResourceURI env:mustUnderstand="true">{resource}</wsman:ResourceURI>"#,
            r#"<wsmv:SessionId env:mustUnderstand="false">{session}</wsmv:SessionId>"#,
            r#"<x:Trace xmlns:x="urn:example:trace">7</x:Trace>"#,
            r#"<wsa:To>http://win01.example.com:5985/wsman?PSVersion=7.4.10</wsa:To>"#,
            r#"{options}{selectors}</env:Header><env:Body>{body}</env:Body></env:Envelope>"#,
        ),
        action = action,
        resource = resource,
        session = SESSION_ID,
        options = options,
        selectors = selectors,
        body = body,
    )
}

pub(super) fn create_cmd() -> String {
    let options = r#"<wsman:Option Name="WINRS_NOPROFILE">FALSE</wsman:Option><wsman:Option Name="WINRS_CODEPAGE">65001</wsman:Option>"#;
    let body = concat!(
        r#"<rsp:Shell Name="builder"><rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr"#,
        r#"</rsp:OutputStreams><rsp:IdleTimeOut>PT1800S</rsp:IdleTimeOut><rsp:Environment><rsp:Variable "#,
        r#"Name="PATH">C:\bin</rsp:Variable></rsp:Environment><rsp:WorkingDirectory>C:\Windows"#,
        r#"</rsp:WorkingDirectory></rsp:Shell>"#,
    );
    request(&format!("{TRANSFER}/Create"), CMD, None, options, body)
}

pub(super) fn create_powershell(shell_id: &str) -> String {
    let options = r#"<wsman:Option Name="protocolversion" MustComply="true">2.3</wsman:Option>"#;
    let body = format!(
        concat!(
            r#"<rsp:Shell ShellId="{}" Name="Runspace1"><rsp:InputStreams>stdin pr</rsp:InputStreams>"#,
            r#"<rsp:OutputStreams>stdout</rsp:OutputStreams><creationXml "#,
            r#"xmlns="http://schemas.microsoft.com/powershell">{}</creationXml></rsp:Shell>"#,
        ),
        shell_id,
        // SESSION_CAPABILITY and INIT_RUNSPACEPOOL.
        fragments(shell_id, [0x0001_0002, 0x0001_0004]),
    );
    request(&format!("{TRANSFER}/Create"), POWERSHELL, None, options, &body)
}

pub(super) fn connect(shell_id: &str) -> String {
    let options = r#"<wsman:Option Name="protocolversion" MustComply="true">2.3</wsman:Option>"#;
    let body = format!(
        r#"<rsp:Connect><connectXml xmlns="http://schemas.microsoft.com/powershell">{}</connectXml></rsp:Connect>"#,
        // SESSION_CAPABILITY and CONNECT_RUNSPACEPOOL.
        fragments(shell_id, [0x0001_0002, 0x0001_0008]),
    );
    request(&format!("{SHELL}/Connect"), POWERSHELL, Some(shell_id), options, &body)
}

pub(super) fn command(shell_id: &str, resource: &str) -> String {
    let options = r#"<wsman:Option Name="WINRS_SKIP_CMD_SHELL">FALSE</wsman:Option>"#;
    let body = format!(
        concat!(
            r#"<rsp:CommandLine CommandId="{}"><rsp:Command>cmd.exe</rsp:Command><rsp:Arguments>/c"#,
            r#"</rsp:Arguments><rsp:Arguments>echo hi</rsp:Arguments></rsp:CommandLine>"#,
        ),
        COMMAND_ID
    );
    request(&format!("{SHELL}/Command"), resource, Some(shell_id), options, &body)
}

pub(super) fn send(shell_id: &str, resource: &str) -> String {
    let body = format!(
        r#"<rsp:Send><rsp:Stream Name="stdin" CommandId="{COMMAND_ID}" End="true">ZWNobyBoaQ0K</rsp:Stream></rsp:Send>"#
    );
    request(&format!("{SHELL}/Send"), resource, Some(shell_id), "", &body)
}

pub(super) fn receive(shell_id: &str, resource: &str) -> String {
    let options = r#"<wsman:Option Name="WSMAN_CMDSHELL_OPTION_KEEPALIVE">TRUE</wsman:Option>"#;
    let body = format!(
        r#"<rsp:Receive><rsp:DesiredStream CommandId="{COMMAND_ID}">stdout stderr</rsp:DesiredStream></rsp:Receive>"#
    );
    request(&format!("{SHELL}/Receive"), resource, Some(shell_id), options, &body)
}

pub(super) fn signal(shell_id: &str, resource: &str, code: &str) -> String {
    let body = format!(r#"<rsp:Signal CommandId="{COMMAND_ID}"><rsp:Code>{code}</rsp:Code></rsp:Signal>"#);
    request(&format!("{SHELL}/Signal"), resource, Some(shell_id), "", &body)
}

pub(super) fn disconnect(shell_id: &str) -> String {
    let body = "<rsp:Disconnect><rsp:IdleTimeOut>PT3600.000S</rsp:IdleTimeOut><rsp:BufferMode>Block</rsp:BufferMode></rsp:Disconnect>";
    request(&format!("{SHELL}/Disconnect"), POWERSHELL, Some(shell_id), "", body)
}

pub(super) fn reconnect(shell_id: &str) -> String {
    request(&format!("{SHELL}/Reconnect"), POWERSHELL, Some(shell_id), "", "")
}

pub(super) fn get(shell_id: &str) -> String {
    request(&format!("{TRANSFER}/Get"), SHELL, Some(shell_id), "", "")
}

pub(super) fn delete(shell_id: &str, resource: &str) -> String {
    request(&format!("{TRANSFER}/Delete"), resource, Some(shell_id), "", "")
}

pub(super) fn enumerate(max_elements: usize) -> String {
    let body = format!(
        "<wsen:Enumerate><wsman:OptimizeEnumeration/><wsman:MaxElements>{max_elements}</wsman:MaxElements></wsen:Enumerate>"
    );
    request(&format!("{ENUMERATION}/Enumerate"), SHELL, None, "", &body)
}

pub(super) fn enumerate_commands(shell_id: &str) -> String {
    let body = format!(
        concat!(
            r#"<wsen:Enumerate><wsman:OptimizeEnumeration/><wsman:Filter "#,
            r#"Dialect="http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter"><wsman:SelectorSet>"#,
            r#"<wsman:Selector Name="ShellId">{}</wsman:Selector></wsman:SelectorSet></wsman:Filter></wsen:Enumerate>"#,
        ),
        shell_id
    );
    request(&format!("{ENUMERATION}/Enumerate"), &format!("{SHELL}/Command"), None, "", &body)
}

pub(super) fn pull(context: &str) -> String {
    let body = format!(
        "<wsen:Pull><wsen:EnumerationContext>{context}</wsen:EnumerationContext><wsen:MaxElements>2</wsen:MaxElements></wsen:Pull>"
    );
    request(&format!("{ENUMERATION}/Pull"), SHELL, None, "", &body)
}

pub(super) fn release(context: &str) -> String {
    let body =
        format!("<wsen:Release><wsen:EnumerationContext>{context}</wsen:EnumerationContext></wsen:Release>");
    request(&format!("{ENUMERATION}/Release"), SHELL, None, "", &body)
}

/// One fragment per message of PowerShell's own protocol, in base64 (MS-PSRP, 2.2.4 Packet Fragment, and 2.2.1
/// PowerShell Remoting Protocol Message).
fn fragments(shell_id: &str, types: [u32; 2]) -> String {
    let pool = uuid::Uuid::parse_str(shell_id).unwrap().to_bytes_le();
    let mut bytes = Vec::new();
    for (number, kind) in (1_u64..).zip(types) {
        let text = match kind {
            0x0001_0002 => concat!(
                r#"<Obj RefId="0"><MS><Version N="protocolversion">2.3</Version><Version N="PSVersion">2.0"#,
                r#"</Version><Version N="SerializationVersion">1.1.0.1</Version></MS></Obj>"#,
            ),
            _ => {
                r#"<Obj RefId="0"><MS><I32 N="MinRunspaces">1</I32><I32 N="MaxRunspaces">1</I32></MS></Obj>"#
            }
        };
        let mut message = [2_u32.to_le_bytes(), kind.to_le_bytes()].concat();
        message.extend([pool, [0; 16]].concat());
        message.extend(text.as_bytes());
        bytes.extend([number.to_be_bytes(), 0_u64.to_be_bytes()].concat());
        bytes.push(3);
        bytes.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
        bytes.extend(message);
    }
    STANDARD.encode(bytes)
}
