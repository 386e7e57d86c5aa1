//! Where in an envelope PowerShell's messages stand, and what is one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::simulator::psrp::fragments::{self, Fragment};
use crate::wsman::uri;
use crate::wsman::xml::Element;

/// What an element holds, if it is one that may hold messages and is base64.
pub(super) fn payload(element: Element<'_>) -> Option<Vec<u8>> {
    let holds = matches!(
        (element.namespace(), element.local()),
        (uri::SHELL, "Stream" | "Arguments")
            | (uri::POWERSHELL, "creationXml" | "connectXml" | "connectResponseXml")
    );
    if holds { BASE64.decode(element.text()).ok() } else { None }
}

/// Reads a payload that is nothing but whole fragments; `None` where it is anything else, such as the output of a command,
/// or empty.
pub(super) fn read(payload: &[u8]) -> Option<Vec<Fragment<'_>>> {
    let fragments = fragments::read(payload).filter(|fragments| !fragments.is_empty())?;
    let is_other = |fragment: &Fragment<'_>| {
        fragment.has_reserved_flags() || (fragment.starts() && fragment.message().is_none())
    };
    (!fragments.iter().any(is_other)).then_some(fragments)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::simulator::psrp::fragments::tests::whole;

    #[test]
    fn what_is_no_fragment_is_not_read() {
        let whole = whole(5, Uuid::nil(), Uuid::nil(), "");
        for length in 0..whole.len() {
            assert_eq!(read(&whole[..length]), None, "{length}");
        }
        assert_eq!(read(b"echo hello world, this is long enough"), None);
    }
}
