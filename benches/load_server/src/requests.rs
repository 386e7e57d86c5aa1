//! What a request's envelope asks, found by its markers: the clients that are measured write XML that needs no parser.

use memchr::memmem;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Identify,
    Enumerate,
    EnumerateCommands,
    Pull,
    Release,
    Get,
    Signal,
    Delete,
    Other,
}

impl Operation {
    /// All, in the order of their numbers.
    pub const ALL: [(Self, &str); 9] = [
        (Self::Identify, "identify"),
        (Self::Enumerate, "enumerate"),
        (Self::EnumerateCommands, "enumerate_commands"),
        (Self::Pull, "pull"),
        (Self::Release, "release"),
        (Self::Get, "get"),
        (Self::Signal, "signal"),
        (Self::Delete, "delete"),
        (Self::Other, "other"),
    ];
}

/// An envelope's parts that matter, as they lie in it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'b> {
    pub operation: Operation,
    pub message_id: &'b [u8],
    body: &'b [u8],
}

impl<'b> Asked<'b> {
    pub fn read(body: &'b [u8]) -> Self {
        let Some(action) = text_after(body, b"Action") else {
            let is_identify = memmem::find(body, b"Identify").is_some();
            let operation = if is_identify { Operation::Identify } else { Operation::Other };
            return Self { operation, message_id: &[], body };
        };
        let last = memchr::memrchr(b'/', action).map_or(action, |slash| &action[slash + 1..]);
        let operation = match last {
            b"Delete" => Operation::Delete,
            b"Get" => Operation::Get,
            b"Enumerate" if memmem::find(body, b"windows/shell/Command<").is_some() => {
                Operation::EnumerateCommands
            }
            b"Enumerate" => Operation::Enumerate,
            b"Pull" => Operation::Pull,
            b"Release" => Operation::Release,
            b"Signal" => Operation::Signal,
            _ => Operation::Other,
        };
        Self { operation, message_id: text_after(body, b"MessageID").unwrap_or_default(), body }
    }

    /// The selector `ShellId`, in the header or in a filter.
    pub fn shell_id(&self) -> Option<&'b [u8]> {
        text_after(self.body, b"\"ShellId\"")
    }

    pub fn context(&self) -> Option<&'b [u8]> {
        text_after(self.body, b":EnumerationContext")
    }

    pub fn is_optimized(&self) -> bool {
        memmem::find(self.body, b":OptimizeEnumeration").is_some()
    }

    pub fn max_elements(&self) -> Option<usize> {
        number(text_after(self.body, b":MaxElements")?)
    }

    pub fn max_envelope_size(&self) -> Option<usize> {
        number(text_after(self.body, b":MaxEnvelopeSize")?)
    }
}

fn number(text: &[u8]) -> Option<usize> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The text of the first element whose opening tag has the marker.
fn text_after<'b>(body: &'b [u8], marker: &[u8]) -> Option<&'b [u8]> {
    let rest = &body[memmem::find(body, marker)? + marker.len()..];
    let rest = &rest[memchr::memchr(b'>', rest)? + 1..];
    Some(rest[..memchr::memchr(b'<', rest)?].trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_says_what_it_asks_whatever_its_prefixes() {
        let text = br#"<e:Envelope><e:Header><wsa:MessageID>uuid:A</wsa:MessageID>
            <wsa:Action e:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2004/09/transfer/Delete</wsa:Action>
            <x:SelectorSet><x:Selector Name="ShellId">B66</x:Selector></x:SelectorSet></e:Header></e:Envelope>"#;
        let asked = Asked::read(text);
        assert_eq!((asked.operation, asked.message_id), (Operation::Delete, &b"uuid:A"[..]));
        assert_eq!(asked.shell_id(), Some(&b"B66"[..]));
        assert_eq!(asked.max_elements(), None);
    }

    #[test]
    fn commands_and_shells_are_listed_by_the_same_action() {
        let text = |uri| {
            format!(
                "<a:Action>http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate</a:Action><w:ResourceURI>{uri}</w:ResourceURI><w:MaxElements>7</w:MaxElements>"
            )
        };
        let shells = text("http://schemas.microsoft.com/wbem/wsman/1/windows/shell");
        let commands = text("http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Command");
        assert_eq!(Asked::read(shells.as_bytes()).operation, Operation::Enumerate);
        assert_eq!(Asked::read(shells.as_bytes()).max_elements(), Some(7));
        assert_eq!(Asked::read(commands.as_bytes()).operation, Operation::EnumerateCommands);
    }

    #[test]
    fn every_operation_stands_at_its_number() {
        for (number, (operation, _)) in Operation::ALL.iter().enumerate() {
            assert_eq!(*operation as usize, number);
        }
    }
}
