//! Hand-written requests, and a client of one TCP connection.

use std::collections::HashMap;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

pub(super) const SHELL: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell";
pub(super) const POWERSHELL: &str = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell";
pub(super) const TRANSFER: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer";
pub(super) const ENUMERATION: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration";
pub(super) const MESSAGE_ID: &str = "uuid:6B0E4C0A-0B62-4E0C-9C4E-0D8D4A7C1F11";

/// A request as a client would write it; tests alter its text.
pub(super) fn request(action: &str, resource: &str, shell_id: Option<&str>, body: &str) -> String {
    let selectors = shell_id.map_or(String::new(), |id| {
        format!(r#"<w:SelectorSet><w:Selector Name="ShellId">{id}</w:Selector></w:SelectorSet>"#)
    });
    format!(
        concat!(
            r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope""#,
            r#" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing""#,
            r#" xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration""#,
            r#" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd""#,
            r#" xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd""#,
            r#" xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"><s:Header>"#,
            r#"<a:To>http://127.0.0.1:5985/wsman</a:To>"#,
            r#"<w:ResourceURI s:mustUnderstand="true">{resource}</w:ResourceURI>"#,
            r#"<a:Action s:mustUnderstand="true">{action}</a:Action>"#,
            r#"<w:MaxEnvelopeSize s:mustUnderstand="true">512000</w:MaxEnvelopeSize>"#,
            r#"<a:ReplyTo><a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>"#,
            r#"<a:MessageID>{id}</a:MessageID><w:OperationTimeout>PT60S</w:OperationTimeout>"#,
            r#"{selectors}</s:Header><s:Body>{body}</s:Body></s:Envelope>"#,
        ),
        resource = resource,
        action = action,
        id = MESSAGE_ID,
        selectors = selectors,
        body = body,
    )
}

pub(super) fn list() -> String {
    let body = "<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>32000</w:MaxElements></n:Enumerate>";
    request(&format!("{ENUMERATION}/Enumerate"), SHELL, None, body)
}

pub(super) fn list_commands(shell_id: &str) -> String {
    let body = format!(
        concat!(
            "<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>32000</w:MaxElements>",
            r#"<w:Filter Dialect="http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter">"#,
            r#"<w:SelectorSet><w:Selector Name="ShellId">{}</w:Selector></w:SelectorSet>"#,
            "</w:Filter></n:Enumerate>",
        ),
        shell_id
    );
    request(&format!("{ENUMERATION}/Enumerate"), &format!("{SHELL}/Command"), None, &body)
}

pub(super) fn pull(context: &str, max_elements: usize) -> String {
    let body = format!(
        "<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext>\
         <n:MaxElements>{max_elements}</n:MaxElements></n:Pull>"
    );
    request(&format!("{ENUMERATION}/Pull"), SHELL, None, &body)
}

pub(super) fn release(context: &str) -> String {
    let body = format!("<n:Release><n:EnumerationContext>{context}</n:EnumerationContext></n:Release>");
    request(&format!("{ENUMERATION}/Release"), SHELL, None, &body)
}

pub(super) fn get(shell_id: &str) -> String {
    request(&format!("{TRANSFER}/Get"), SHELL, Some(shell_id), "")
}

pub(super) fn delete(shell_id: &str, resource: &str) -> String {
    request(&format!("{TRANSFER}/Delete"), resource, Some(shell_id), "")
}

pub(super) fn signal(shell_id: &str, resource: &str, command_id: &str, code: &str) -> String {
    let body = format!(r#"<rsp:Signal CommandId="{command_id}"><rsp:Code>{code}</rsp:Code></rsp:Signal>"#);
    request(&format!("{SHELL}/Signal"), resource, Some(shell_id), &body)
}

pub(super) fn identify() -> &'static str {
    concat!(
        r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope""#,
        r#" xmlns:wsmid="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">"#,
        r#"<s:Header/><s:Body><wsmid:Identify/></s:Body></s:Envelope>"#,
    )
}

/// The text between the first `<tag>` and its end.
pub(super) fn element<'t>(text: &'t str, tag: &str) -> &'t str {
    let (_, rest) = text.split_once(&format!("<{tag}>")).unwrap_or_else(|| panic!("no {tag} in {text}"));
    rest.split_once(&format!("</{tag}>")).unwrap().0
}

/// One TCP (or TLS) connection.
pub(super) struct Wire<S> {
    stream: S,
    /// Where [`Self::post`] posts to.
    pub(super) path: &'static str,
}

/// One HTTP answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, path: "/wsman" }
    }

    /// Posts to the path; `None` if the connection ended before the answer did.
    pub(super) async fn post(&mut self, headers: &[(&str, &str)], body: &[u8]) -> Option<Answer> {
        self.send("POST", self.path, headers, body).await
    }

    pub(super) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Option<Answer> {
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nHost: simulator\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += "\r\n";
        self.stream.write_all(head.as_bytes()).await.ok()?;
        self.stream.write_all(body).await.ok()?;
        self.read().await
    }

    async fn read(&mut self) -> Option<Answer> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let by_name: HashMap<&str, &str> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut body = vec![0; by_name["content-length"].parse().unwrap()];
        self.stream.read_exact(&mut body).await.ok()?;
        Some(Answer { status, headers, body })
    }
}

impl Answer {
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str()).collect()
    }
}
