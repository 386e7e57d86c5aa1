//! The identifiers that travel: each keeps the text that it was given and sends it back unchanged.

use std::fmt;
use std::hash::{Hash, Hasher};

use uuid::Uuid;

/// The longest spelling of a GUID: with its dashes, in braces.
const MAX_GUID: usize = 38;

/// How many bytes of an identifier are hashed at once: those of a GUID with its dashes, and some more.
const HASHED_AT_ONCE: usize = 40;

/// Defines an identifier that is echoed byte for byte and compared ignoring ASCII case.
macro_rules! echoed_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(String);

        impl $name {
            /// Keeps a server's own text, to be sent back byte for byte.
            pub fn from_server(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// Spells an id that came from a person or from PowerShell: dashed and upper-case.
            #[must_use]
            pub fn from_guid(guid: Uuid) -> Self {
                Self(upper(guid))
            }

            /// The text as it was given.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The GUID inside, if it is one; the `uuid:` that WinRM 1.1 puts in front is accepted.
            #[must_use]
            pub fn guid(&self) -> Option<Uuid> {
                let text = self.0.trim();
                let bare = match text.get(..5) {
                    Some(prefix) if prefix.eq_ignore_ascii_case("uuid:") => text.get(5..)?,
                    _ => text,
                };
                // Longer is only `urn:uuid:`, which no server writes, and which is not read in any case.
                Uuid::try_parse(bare).ok().filter(|_| bare.len() <= MAX_GUID)
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.eq_ignore_ascii_case(&other.0)
            }
        }

        impl Eq for $name {}

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                // Piece by piece: a byte at a time costs many times as much.
                let mut lower = [0; HASHED_AT_ONCE];
                for piece in self.0.as_bytes().chunks(HASHED_AT_ONCE) {
                    if let Some(lower) = lower.get_mut(..piece.len()) {
                        lower.copy_from_slice(piece);
                        lower.make_ascii_lowercase();
                        state.write(lower);
                    }
                }
                state.write_u8(u8::MAX);
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

echoed_id! {
    /// Names one shell on one server (MS-WSMV 2.2.4.37, Shell). For a PowerShell session it is also the
    /// session's `InstanceId`.
    ShellId
}

echoed_id! {
    /// Names one command of a shell (MS-WSMV 2.2.4.38, SignalType, attribute `CommandId`).
    CommandId
}

/// Defines an identifier of ours that travels as `uuid:` and capitals.
macro_rules! uuid_header {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a GUID that the caller has drawn; this module invents none.
            #[must_use]
            pub const fn new(guid: Uuid) -> Self {
                Self(guid)
            }

            /// The GUID itself.
            #[must_use]
            pub const fn guid(self) -> Uuid {
                self.0
            }

            /// Appends what `Display` shows, without the cost of formatting.
            pub(super) fn write_into(self, out: &mut String) {
                let mut buffer = Uuid::encode_buffer();
                out.push_str("uuid:");
                out.push_str(self.0.hyphenated().encode_upper(&mut buffer));
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut buffer = Uuid::encode_buffer();
                f.write_str("uuid:")?;
                f.write_str(self.0.hyphenated().encode_upper(&mut buffer))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

uuid_header! {
    /// The `a:MessageID` of one request; a fresh one for every request, also for a retry.
    MessageId
}

uuid_header! {
    /// The `p:SessionId` header: this client's own tag, constant for one run (not a PSSession's id).
    SessionId
}

/// The server's handle to an enumeration in progress (DSP0226 8.2, Enumerate); opaque and echoed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EnumerationContext(String);

impl EnumerationContext {
    /// Keeps the server's own text.
    pub fn from_server(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn upper(guid: Uuid) -> String {
    let mut buffer = Uuid::encode_buffer();
    guid.hyphenated().encode_upper(&mut buffer).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_shell_id_is_echoed_byte_for_byte_and_compared_ignoring_case() {
        let lower = ShellId::from_server("uuid:b6631d8e-65a0-49f2-9053-a1b156c95777");
        let upper = ShellId::from_server("UUID:B6631D8E-65A0-49F2-9053-A1B156C95777");
        assert_eq!(lower, upper);
        assert_eq!(lower.as_str(), "uuid:b6631d8e-65a0-49f2-9053-a1b156c95777");
        assert_eq!(lower.guid(), upper.guid());
    }

    #[test]
    fn a_guid_from_a_person_is_sent_dashed_and_upper_case() {
        let guid = Uuid::try_parse("{b6631d8e65a049f29053a1b156c95777}").ok();
        let guid = guid.or_else(|| Uuid::try_parse("b6631d8e65a049f29053a1b156c95777").ok());
        let id = ShellId::from_guid(guid.unwrap());
        assert_eq!(id.as_str(), "B6631D8E-65A0-49F2-9053-A1B156C95777");
    }

    #[test]
    fn a_message_id_is_uuid_colon_and_capitals() {
        let id = MessageId::new(Uuid::from_u128(0xab));
        assert_eq!(id.to_string(), "uuid:00000000-0000-0000-0000-0000000000AB");
    }

    #[test]
    fn ids_that_are_equal_have_the_same_guid() {
        for id in ["urn:uuid:b6631d8e-65a0-49f2-9053-a1b156c95777", "{b6631d8e-65a0-49f2-9053-a1b156c95777}"]
        {
            let (lower, upper) = (ShellId::from_server(id), ShellId::from_server(id.to_ascii_uppercase()));
            assert_eq!((&lower, lower.guid()), (&upper, upper.guid()));
        }
    }

    #[test]
    fn text_that_is_no_guid_is_still_an_id() {
        let id = ShellId::from_server("shell-é-1");
        assert_eq!(id.guid(), None);
        assert_eq!(id.as_str(), "shell-é-1");
    }
}
