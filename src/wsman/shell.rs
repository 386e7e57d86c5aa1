//! A shell as the server describes it (MS-WSMV 2.2.4.37, Shell).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::duration::read_duration;
use super::ids::{CommandId, ShellId};
use super::interner::Interner;
use super::uri;
use super::xml::{Element, Malformed};

/// The longest text of one field, in bytes. Ids, URIs and names are far shorter.
pub const MAX_FIELD_BYTES: usize = 64 * 1024;
/// The longest id of a command, in bytes: a GUID, with room for what another server may call it.
pub const MAX_COMMAND_ID_BYTES: usize = 255;
/// The longest duration that is kept: the longest `TimeSpan` of .NET in whole milliseconds, 10,675,199 days. As a number
/// of seconds in a 64-bit float, all up to it are exact to the millisecond.
pub const MAX_DURATION: Duration = Duration::from_millis(922_337_203_685_477);

/// One shell of a listing or a Get. Everything but the id may be absent; Windows names the resource, too. What many shells of
/// a listing say in the same words, they share.
#[derive(Clone, Debug, PartialEq)]
pub struct Shell {
    /// In whose schema the server describes it.
    pub schema: ShellSchema,
    /// `ShellId`, echoed byte for byte.
    pub shell_id: ShellId,
    /// `ResourceUri`: what the shell is. Empty where nobody says.
    pub resource_uri: Arc<str>,
    /// `Name`, as the client that opened the shell chose it.
    pub name: Option<Arc<str>>,
    /// `Owner`, with or without a domain.
    pub owner: Option<Arc<str>>,
    /// `ClientIP`, verbatim.
    pub client_ip: Option<Arc<str>>,
    /// `ProcessId` of the shell's host process.
    pub process_id: Option<u32>,
    /// `State`, verbatim: `Connected`, `Disconnected` or something newer. Absent on cmd shells.
    pub state: Option<Arc<str>>,
    /// `IdleTimeOut`.
    pub idle_timeout: Option<Duration>,
    /// `MaxIdleTimeOut`.
    pub max_idle_timeout: Option<Duration>,
    /// `ShellRunTime`: how long the shell has existed.
    pub shell_run_time: Option<Duration>,
    /// `ShellInactivity`: how long nothing has happened in it.
    pub shell_inactivity: Option<Duration>,
}

/// In whose schema a server describes a shell: servers that use another one than Windows behave otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ShellSchema {
    /// `rsp:Shell` (MS-WSMV 2.2.4.37, Shell). A shell that no server has described counts as one of these.
    #[default]
    Windows,
    /// `p:Shell` of the CIM schema, as OMI's PowerShell provider has it (DSP0230, WS-CIM Mapping). It has neither an
    /// owner nor a resource URI.
    Cim,
}

/// One `rsp:Command` of a shell (MS-WSMV 2.2.4, Command enumeration).
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// `CommandId`.
    pub command_id: CommandId,
    /// `CommandLine`; empty for PowerShell pipelines.
    pub command_line: String,
    /// `CommandState`, verbatim; `Running` in a listing.
    pub state: Option<String>,
}

impl Shell {
    /// A shell of which no more is known than it must bear.
    #[must_use]
    pub fn new(shell_id: ShellId, resource_uri: impl Into<Arc<str>>) -> Self {
        Self {
            schema: ShellSchema::Windows,
            shell_id,
            resource_uri: resource_uri.into(),
            name: None,
            owner: None,
            client_ip: None,
            process_id: None,
            state: None,
            idle_timeout: None,
            max_idle_timeout: None,
            shell_run_time: None,
            shell_inactivity: None,
        }
    }

    /// Whether an element is a shell, in Windows' schema or in CIM's.
    pub(super) fn is_element(element: Element<'_>) -> bool {
        element.is(uri::SHELL, "Shell") || element.is(uri::CIM_SHELL, "Shell")
    }

    /// Reads one `rsp:Shell`, or one `p:Shell` of the CIM schema; unknown children are ignored. Optional ones that are
    /// unreadable, `xsi:nil`, blank or longer than [`MAX_FIELD_BYTES`] count as absent, and so does a `ClientIP` with a
    /// control character in it. Durations end at [`MAX_DURATION`].
    ///
    /// # Errors
    /// [`Malformed`] when `ShellId` is missing or blank, or in Windows' schema `ResourceUri`; when one of them is longer
    /// than [`MAX_FIELD_BYTES`] or has a control character in it, or when `ResourceUri` has user information in it
    /// ([`uri::has_user_info`]).
    pub fn read(element: Element<'_>) -> Result<Self, Malformed> {
        Self::read_with(element, &mut Interner::default())
    }

    /// The same as one of many.
    pub(super) fn read_with(element: Element<'_>, texts: &mut Interner) -> Result<Self, Malformed> {
        let namespace = element.namespace();
        let schema = if namespace == uri::CIM_SHELL { ShellSchema::Cim } else { ShellSchema::Windows };
        let resource_uri = match element.child(namespace, "ResourceUri") {
            field if schema == ShellSchema::Cim && field.and_then(value).is_none() => "",
            _ => required(element, namespace, "ResourceUri")?,
        };
        if uri::has_user_info(resource_uri) {
            return Err(element.malformed("a ResourceUri with user information in it"));
        }
        let shell_id = ShellId::from_server(required(element, namespace, "ShellId")?);
        let mut shell = Self { schema, ..Self::new(shell_id, texts.intern(resource_uri)) };
        for child in element.children().filter(|child| child.namespace() == namespace) {
            let Some(text) = value(child).filter(|text| text.len() <= MAX_FIELD_BYTES) else { continue };
            shell.set_field(child.local(), text, texts);
        }
        Ok(shell)
    }

    /// The shell of Windows with these fields, each with its trimmed text; `None` if it lacks what identifies it, or that is
    /// not what it must be. It is what [`read`](Self::read) makes of them.
    pub(super) fn of_fields(fields: &[(&str, &str)], texts: &mut Interner) -> Option<Self> {
        let required = |name: &str| {
            let (_, text) = fields.iter().find(|(local, _)| *local == name)?;
            let is_valid =
                !text.trim().is_empty() && text.len() <= MAX_FIELD_BYTES && !text.contains(char::is_control);
            is_valid.then_some(*text)
        };
        let resource_uri = required("ResourceUri").filter(|resource| !uri::has_user_info(resource))?;
        let shell_id = ShellId::from_server(required("ShellId")?);
        let mut shell = Self::new(shell_id, texts.intern(resource_uri));
        for (local, text) in fields {
            if !text.trim().is_empty() && text.len() <= MAX_FIELD_BYTES {
                shell.set_field(local, text, texts);
            }
        }
        Some(shell)
    }

    /// Keeps the text of an optional field, if it is the first one.
    fn set_field(&mut self, local: &str, text: &str, texts: &mut Interner) {
        match local {
            "Name" => set_text(&mut self.name, text, texts),
            "Owner" => set_text(&mut self.owner, text, texts),
            "ClientIP" if !text.contains(char::is_control) => {
                set_text(&mut self.client_ip, text, texts);
            }
            "State" => set_text(&mut self.state, text, texts),
            "ProcessId" => self.process_id = self.process_id.or_else(|| text.parse().ok()),
            "IdleTimeOut" => set_duration(&mut self.idle_timeout, text),
            "MaxIdleTimeOut" => set_duration(&mut self.max_idle_timeout, text),
            "ShellRunTime" => set_duration(&mut self.shell_run_time, text),
            "ShellInactivity" => set_duration(&mut self.shell_inactivity, text),
            _ => {}
        }
    }

    /// The resource that its Signal and Delete go to: its own on Windows, else the generic one, for OMI refuses its own.
    #[must_use]
    pub fn resource(&self) -> &str {
        match self.schema {
            ShellSchema::Windows if !self.resource_uri.is_empty() => &self.resource_uri,
            _ => uri::SHELL_RESOURCE,
        }
    }

    /// `ClientIP` as an address, if it is one.
    #[must_use]
    pub fn client_address(&self) -> Option<IpAddr> {
        self.client_ip.as_deref()?.trim().parse().ok()
    }
}

impl Command {
    /// Reads one `rsp:Command` of a listing; unknown children are ignored.
    ///
    /// # Errors
    /// [`Malformed`] when `CommandId` is missing, empty, longer than [`MAX_COMMAND_ID_BYTES`], or has white space or a
    /// control character in it.
    pub fn read(element: Element<'_>) -> Result<Self, Malformed> {
        let command_id = required(element, uri::SHELL, "CommandId")?;
        let child = element.require(uri::SHELL, "CommandId")?;
        if command_id.len() > MAX_COMMAND_ID_BYTES {
            return Err(child.malformed(format!("longer than {MAX_COMMAND_ID_BYTES} bytes")));
        }
        if command_id.contains(char::is_whitespace) {
            return Err(child.malformed("white space in an id"));
        }
        let command_id = CommandId::from_server(command_id);
        let text_of =
            |local| element.child(uri::SHELL, local).map(Element::text).filter(|text| !text.is_empty());
        Ok(Self {
            command_id,
            command_line: text_of("CommandLine").unwrap_or_default().to_owned(),
            state: text_of("CommandState").map(str::to_owned),
        })
    }
}

fn required<'d>(element: Element<'d>, namespace: &str, local: &str) -> Result<&'d str, Malformed> {
    let child = element.require(namespace, local)?;
    match value(child) {
        None => Err(child.malformed("an empty element that must have a text")),
        Some(text) if text.len() > MAX_FIELD_BYTES => {
            Err(child.malformed(format!("longer than {MAX_FIELD_BYTES} bytes")))
        }
        Some(text) if text.contains(char::is_control) => Err(child.malformed("a control character in it")),
        Some(text) => Ok(text),
    }
}

/// The text of a field, unless it is blank or nil.
fn value(field: Element<'_>) -> Option<&str> {
    let is_nil = matches!(field.attribute_in(uri::SCHEMA_INSTANCE, "nil"), Some("true" | "1"));
    Some(field.text()).filter(|text| !is_nil && !text.trim().is_empty())
}

fn set_text(field: &mut Option<Arc<str>>, text: &str, texts: &mut Interner) {
    field.get_or_insert_with(|| texts.intern(text));
}

fn set_duration(field: &mut Option<Duration>, text: &str) {
    *field = field.or_else(|| read_duration(text).map(|duration| duration.min(MAX_DURATION)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wsman::xml::Document;

    fn shell(children: &str) -> Result<Shell, Malformed> {
        let text = format!(r#"<r:Shell xmlns:r="{}">{children}</r:Shell>"#, uri::SHELL);
        Shell::read(Document::parse(&text).unwrap().root())
    }

    #[test]
    fn a_cmd_shell_without_state_and_process_is_a_shell() {
        let shell = shell("<r:ShellId>A</r:ShellId><r:ResourceUri>urn:cmd</r:ResourceUri>").unwrap();
        assert_eq!(shell.shell_id.as_str(), "A");
        assert_eq!((shell.state, shell.process_id, shell.name), (None, None, None));
    }

    #[test]
    fn text_is_trimmed_but_otherwise_verbatim() {
        let shell = shell(concat!(
            "<r:ShellId>\n uuid:a \n</r:ShellId><r:ResourceUri> urn:x </r:ResourceUri>",
            "<r:Owner>\n D\\a &amp; b</r:Owner><r:State>Hibernating</r:State>",
        ))
        .unwrap();
        assert_eq!(shell.shell_id.as_str(), "uuid:a");
        assert_eq!(shell.resource_uri, "urn:x".into());
        assert_eq!(shell.owner.as_deref(), Some("D\\a & b"));
        assert_eq!(shell.state.as_deref(), Some("Hibernating"));
    }

    #[test]
    fn an_unreadable_or_empty_optional_field_counts_as_absent() {
        let shell = shell(concat!(
            "<r:ShellId>A</r:ShellId><r:ResourceUri>urn:x</r:ResourceUri><r:Name/><r:ProcessId>many</r:ProcessId>",
            "<r:IdleTimeOut>P1Y</r:IdleTimeOut><r:ShellRunTime>-PT1S</r:ShellRunTime><r:New>?</r:New>",
        ))
        .unwrap();
        assert_eq!((shell.name, shell.process_id), (None, None));
        assert_eq!((shell.idle_timeout, shell.shell_run_time), (None, None));
    }

    #[test]
    fn a_shell_without_id_or_resource_is_malformed() {
        let error = shell("<r:ResourceUri>urn:x</r:ResourceUri>").unwrap_err();
        assert_eq!(error.problem, "missing element ShellId");
        let error = shell("<r:ShellId> </r:ShellId><r:ResourceUri>urn:x</r:ResourceUri>").unwrap_err();
        assert_eq!(error.path, "/Shell/ShellId");
        let error = shell("<r:ShellId>A</r:ShellId>").unwrap_err();
        assert_eq!(error.problem, "missing element ResourceUri");
    }

    /// An item as OMI writes it.
    fn cim(fields: &str) -> Result<Shell, Malformed> {
        let text = format!(
            r#"<p:Shell xmlns:p="{}" xmlns:xsi="{}">{fields}</p:Shell>"#,
            uri::CIM_SHELL,
            uri::SCHEMA_INSTANCE
        );
        Shell::read(Document::parse(&text).unwrap().root())
    }

    #[test]
    fn a_shell_of_the_cim_schema_is_read_and_its_nil_fields_are_absent() {
        let shell = cim(concat!(
            r#"<p:Name>Runspace1</p:Name><p:ShellId>A</p:ShellId><p:WorkingDirectory xsi:nil="true"/>"#,
            r#"<p:Owner xsi:nil="true">stale</p:Owner><p:InputStreams>stdin pr</p:InputStreams>"#,
        ))
        .unwrap();
        let expected = Shell {
            schema: ShellSchema::Cim,
            name: Some("Runspace1".into()),
            ..Shell::new(ShellId::from_server("A"), "")
        };
        assert_eq!(shell, expected);
        assert_eq!(shell.resource(), uri::SHELL_RESOURCE);
        let nil = cim(r#"<p:Name>n</p:Name><p:ShellId xsi:nil="true"/>"#).unwrap_err();
        assert_eq!(nil.problem, "an empty element that must have a text");
    }

    #[test]
    fn what_identifies_a_shell_is_within_its_limits_or_the_shell_is_malformed() {
        let long = "x".repeat(MAX_FIELD_BYTES + 1);
        for (id, uri, problem) in [
            (&*long, "urn:x", "longer than 65536 bytes"),
            ("A", &*long, "longer than 65536 bytes"),
            ("A\u{85}B", "urn:x", "a control character in it"),
            ("A", "urn:&#10;x", "a control character in it"),
            ("\u{a0}", "urn:x", "an empty element that must have a text"),
            ("A", "http://ci:secret@win01/x", "a ResourceUri with user information in it"),
        ] {
            let fields = format!("<r:ShellId>{id}</r:ShellId><r:ResourceUri>{uri}</r:ResourceUri>");
            assert_eq!(shell(&fields).unwrap_err().problem, problem);
        }
        let shorter: String = long.chars().skip(1).collect();
        let fits = format!("<r:ShellId>{shorter}</r:ShellId><r:ResourceUri>urn:x@y</r:ResourceUri>");
        assert_eq!(shell(&fits).unwrap().shell_id.as_str().len(), MAX_FIELD_BYTES);
    }

    #[test]
    fn an_optional_field_beyond_its_limit_counts_as_absent() {
        let long = "x".repeat(MAX_FIELD_BYTES + 1);
        let shell = shell(&format!(
            "<r:ShellId>A</r:ShellId><r:ResourceUri>urn:x</r:ResourceUri><r:Name>{long}</r:Name>\
             <r:Owner>\u{3000}</r:Owner><r:ClientIP>192.0.2.7\u{7f}</r:ClientIP><r:State>{long}</r:State>"
        ));
        let shell = shell.unwrap();
        assert_eq!((shell.name, shell.owner, shell.client_ip, shell.state), (None, None, None, None));
    }

    #[test]
    fn a_duration_ends_where_dotnet_ends() {
        let shell = shell(concat!(
            "<r:ShellId>A</r:ShellId><r:ResourceUri>urn:x</r:ResourceUri>",
            "<r:IdleTimeOut>PT18446744073709551.615S</r:IdleTimeOut>",
            "<r:ShellRunTime>P10675199DT2H48M5.477S</r:ShellRunTime>",
        ))
        .unwrap();
        assert_eq!((shell.idle_timeout, shell.shell_run_time), (Some(MAX_DURATION), Some(MAX_DURATION)));
    }

    #[test]
    fn the_id_of_a_command_is_one_short_word() {
        let command = |id: &str| {
            let text =
                format!(r#"<r:Command xmlns:r="{}"><r:CommandId>{id}</r:CommandId></r:Command>"#, uri::SHELL);
            Command::read(Document::parse(&text).unwrap().root()).map(|command| command.command_id)
        };
        assert_eq!(command("C").unwrap().as_str(), "C");
        assert_eq!(command("a b").unwrap_err().problem, "white space in an id");
        assert_eq!(command(&"x".repeat(256)).unwrap_err().problem, "longer than 255 bytes");
    }

    #[test]
    fn a_field_of_another_namespace_is_not_ours() {
        let shell = shell(concat!(
            r#"<r:ShellId>A</r:ShellId><r:ResourceUri>urn:x</r:ResourceUri>"#,
            r#"<o:Owner xmlns:o="urn:other">mallory</o:Owner>"#,
        ))
        .unwrap();
        assert_eq!(shell.owner, None);
    }

    #[test]
    fn a_client_address_is_read_where_it_is_one() {
        let with = |ip: &str| {
            let fields = format!(
                "<r:ShellId>A</r:ShellId><r:ResourceUri>urn:x</r:ResourceUri><r:ClientIP>{ip}</r:ClientIP>"
            );
            shell(&fields).unwrap().client_address()
        };
        assert_eq!(with("10.0.2.2"), Some(IpAddr::from([10, 0, 2, 2])));
        assert_eq!(with("2001:db8::1"), "2001:db8::1".parse().ok());
        assert_eq!(with("localhost"), None);
    }
}
