//! The shells of one host: which are there, and how a listing describes them.

use std::io::Write as _;

use crate::options::Options;

/// Which shells of a host are left, by number.
#[derive(Debug)]
pub struct Shells {
    is_there: Vec<bool>,
    has_command: Vec<bool>,
    left: usize,
}

/// The texts of `rsp:Shell` and `rsp:Command` without what differs from shell to shell.
#[derive(Debug)]
pub struct ShellTexts {
    is_powershell: bool,
    /// Behind the name, by owner: shells have the owners in turn.
    rest: Vec<String>,
}

/// Where the number of a shell's host ends in its id, and where its own begins.
const ID_LENGTH: usize = 36;

/// A GUID made of two numbers.
pub fn shell_id(host: usize, shell: usize) -> String {
    format!("{host:08X}-5E55-4000-8000-{shell:012X}")
}

/// The shell's number, if the id is of that host.
pub fn shell_number(host: usize, id: &[u8]) -> Option<usize> {
    let id = std::str::from_utf8(id).ok().filter(|id| id.len() == ID_LENGTH)?;
    let (of_host, rest) = id.split_at_checked(8)?;
    let (middle, own) = rest.split_at_checked(16)?;
    let is_ours = middle.eq_ignore_ascii_case("-5E55-4000-8000-")
        && usize::from_str_radix(of_host, 16).is_ok_and(|number| number == host);
    is_ours.then(|| usize::from_str_radix(own, 16).ok())?
}

impl Shells {
    pub fn new(count: usize) -> Self {
        Self { is_there: vec![true; count], has_command: Vec::new(), left: count }
    }

    pub fn with_commands(mut self) -> Self {
        self.has_command = self.is_there.clone();
        self
    }

    pub fn len(&self) -> usize {
        self.is_there.len()
    }

    pub fn left(&self) -> usize {
        self.left
    }

    pub fn is_there(&self, number: usize) -> bool {
        self.is_there.get(number).is_some_and(|is_there| *is_there)
    }

    pub fn has_command(&self, number: usize) -> bool {
        self.has_command.get(number).is_some_and(|has_command| *has_command)
    }

    /// Whether it was there.
    pub fn delete(&mut self, number: usize) -> bool {
        let was_there =
            self.is_there.get_mut(number).is_some_and(|is_there| std::mem::replace(is_there, false));
        self.left -= usize::from(was_there);
        was_there
    }

    /// Whether it had a command.
    pub fn end_command(&mut self, number: usize) -> bool {
        self.has_command.get_mut(number).is_some_and(|has_command| std::mem::replace(has_command, false))
    }
}

impl ShellTexts {
    pub fn new(options: &Options) -> Self {
        let rest = options.owners.iter().map(|owner| rest(owner, options.is_powershell)).collect();
        Self { is_powershell: options.is_powershell, rest }
    }

    /// Writes `rsp:Shell` as the simulator does.
    pub fn write(&self, out: &mut Vec<u8>, host: usize, number: usize) {
        let Some(rest) = self.rest.get(number % self.rest.len().max(1)) else { return };
        let _ = write!(
            out,
            r#"<rsp:Shell xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"><rsp:ShellId>{host:08X}-5E55-4000-8000-{number:012X}</rsp:ShellId>"#
        );
        if self.is_powershell {
            let _ = write!(out, "<rsp:Name>Runspace{}</rsp:Name>", number + 1);
        }
        out.extend_from_slice(rest.as_bytes());
    }

    /// Writes the `rsp:Command` of a shell that runs one.
    pub fn write_command(&self, out: &mut Vec<u8>, host: usize, number: usize) {
        let line = if self.is_powershell { "" } else { "msbuild.exe web.sln" };
        let _ = write!(
            out,
            concat!(
                r#"<rsp:Command xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell">"#,
                "<rsp:CommandId>{:08X}-C033-4000-8000-{:012X}</rsp:CommandId>",
                "<rsp:CommandLine>{}</rsp:CommandLine><rsp:CommandState>Running</rsp:CommandState></rsp:Command>"
            ),
            host, number, line
        );
    }
}

/// The children from `ResourceUri` on. Its durations stand still: an hour old, ten minutes idle.
fn rest(owner: &str, is_powershell: bool) -> String {
    let owner = owner.replace('&', "&amp;").replace('<', "&lt;");
    let uri = if is_powershell { POWERSHELL } else { CMD };
    let mut text = format!(
        "<rsp:ResourceUri>{uri}</rsp:ResourceUri><rsp:Owner>{owner}</rsp:Owner><rsp:ClientIP>10.0.2.2</rsp:ClientIP>"
    );
    text.push_str(if is_powershell { POWERSHELL_FIELDS } else { CMD_FIELDS });
    text
}

const POWERSHELL: &str = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell";
const CMD: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd";

const POWERSHELL_FIELDS: &str = concat!(
    "<rsp:ProcessId>4384</rsp:ProcessId><rsp:IdleTimeOut>PT7200.000S</rsp:IdleTimeOut>",
    "<rsp:InputStreams>stdin pr</rsp:InputStreams><rsp:OutputStreams>stdout</rsp:OutputStreams>",
    "<rsp:MaxIdleTimeOut>PT2147483.647S</rsp:MaxIdleTimeOut><rsp:Locale>en-US</rsp:Locale>",
    "<rsp:DataLocale>en-US</rsp:DataLocale><rsp:CompressionMode>NoCompression</rsp:CompressionMode>",
    "<rsp:ProfileLoaded>Yes</rsp:ProfileLoaded><rsp:Encoding>UTF8</rsp:Encoding>",
    "<rsp:BufferMode>Block</rsp:BufferMode><rsp:State>Connected</rsp:State>",
    "<rsp:ShellRunTime>P0DT1H0M0S</rsp:ShellRunTime><rsp:ShellInactivity>P0DT0H10M0S</rsp:ShellInactivity>",
    "<rsp:MemoryUsed>46MB</rsp:MemoryUsed><rsp:ChildProcesses>0</rsp:ChildProcesses></rsp:Shell>",
);

const CMD_FIELDS: &str = concat!(
    "<rsp:IdleTimeOut>PT7200.000S</rsp:IdleTimeOut><rsp:InputStreams>stdin</rsp:InputStreams>",
    "<rsp:OutputStreams>stdout stderr</rsp:OutputStreams><rsp:ShellRunTime>P0DT1H0M0S</rsp:ShellRunTime>",
    "<rsp:ShellInactivity>P0DT0H10M0S</rsp:ShellInactivity></rsp:Shell>",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_leads_back_to_its_shell_and_to_no_other_host() {
        let id = shell_id(9_999, 31_999);
        assert_eq!(shell_number(9_999, id.as_bytes()), Some(31_999));
        assert_eq!(shell_number(9_999, id.to_lowercase().as_bytes()), Some(31_999));
        assert_eq!(shell_number(1, id.as_bytes()), None);
        assert_eq!(shell_number(9_999, b"B6631D8E-65A0-49F2-9053-A1B156C95777"), None);
        assert_eq!(shell_number(9_999, "é".repeat(18).as_bytes()), None);
    }

    #[test]
    fn a_shell_is_deleted_once() {
        let mut shells = Shells::new(2);
        assert!(shells.delete(1) && !shells.delete(1) && !shells.delete(2));
        assert_eq!((shells.left(), shells.is_there(0), shells.is_there(1)), (1, true, false));
    }
}
