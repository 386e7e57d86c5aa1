//! A shell as the server describes it (MS-WSMV 2.2.4.37, Shell).

use std::net::IpAddr;
use std::time::Duration;

use super::duration::read_duration;
use super::ids::{CommandId, ShellId};
use super::uri;
use super::xml::{Element, Malformed};

/// One `rsp:Shell` of a listing or a Get. Everything but the id and the resource may be absent.
#[derive(Clone, Debug, PartialEq)]
pub struct Shell {
    /// `ShellId`, echoed byte for byte.
    pub shell_id: ShellId,
    /// `ResourceUri`: what the shell is; goes into its Signal and Delete.
    pub resource_uri: String,
    /// `Name`, as the client that opened the shell chose it.
    pub name: Option<String>,
    /// `Owner`, with or without a domain.
    pub owner: Option<String>,
    /// `ClientIP`, verbatim.
    pub client_ip: Option<String>,
    /// `ProcessId` of the shell's host process.
    pub process_id: Option<u32>,
    /// `State`, verbatim: `Connected`, `Disconnected` or something newer. Absent on cmd shells.
    pub state: Option<String>,
    /// `IdleTimeOut`.
    pub idle_timeout: Option<Duration>,
    /// `MaxIdleTimeOut`.
    pub max_idle_timeout: Option<Duration>,
    /// `ShellRunTime`: how long the shell has existed.
    pub shell_run_time: Option<Duration>,
    /// `ShellInactivity`: how long nothing has happened in it.
    pub shell_inactivity: Option<Duration>,
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
    pub fn new(shell_id: ShellId, resource_uri: impl Into<String>) -> Self {
        Self {
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

    /// Reads one `rsp:Shell`; unknown children are ignored, unreadable optional ones count as absent.
    ///
    /// # Errors
    /// [`Malformed`] when `ShellId` or `ResourceUri` is missing or empty.
    pub fn read(element: Element<'_>) -> Result<Self, Malformed> {
        let mut shell = Self::new(
            ShellId::from_server(required(element, "ShellId")?),
            required(element, "ResourceUri")?.to_owned(),
        );
        for child in element.children().filter(|child| child.namespace() == uri::SHELL) {
            let text = child.text();
            if text.is_empty() {
                continue;
            }
            match child.local() {
                "Name" => set_text(&mut shell.name, text),
                "Owner" => set_text(&mut shell.owner, text),
                "ClientIP" => set_text(&mut shell.client_ip, text),
                "State" => set_text(&mut shell.state, text),
                "ProcessId" => shell.process_id = shell.process_id.or_else(|| text.parse().ok()),
                "IdleTimeOut" => set_duration(&mut shell.idle_timeout, text),
                "MaxIdleTimeOut" => set_duration(&mut shell.max_idle_timeout, text),
                "ShellRunTime" => set_duration(&mut shell.shell_run_time, text),
                "ShellInactivity" => set_duration(&mut shell.shell_inactivity, text),
                _ => {}
            }
        }
        Ok(shell)
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
    /// [`Malformed`] when `CommandId` is missing or empty.
    pub fn read(element: Element<'_>) -> Result<Self, Malformed> {
        let command_id = CommandId::from_server(required(element, "CommandId")?);
        let text_of =
            |local| element.child(uri::SHELL, local).map(Element::text).filter(|text| !text.is_empty());
        Ok(Self {
            command_id,
            command_line: text_of("CommandLine").unwrap_or_default().to_owned(),
            state: text_of("CommandState").map(str::to_owned),
        })
    }
}

fn required<'d>(element: Element<'d>, local: &str) -> Result<&'d str, Malformed> {
    let child = element.require(uri::SHELL, local)?;
    match child.text() {
        "" => Err(child.malformed("an empty element that must have a text")),
        text => Ok(text),
    }
}

fn set_text(field: &mut Option<String>, text: &str) {
    field.get_or_insert_with(|| text.to_owned());
}

fn set_duration(field: &mut Option<Duration>, text: &str) {
    *field = field.or_else(|| read_duration(text));
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
        assert_eq!(shell.resource_uri, "urn:x");
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
