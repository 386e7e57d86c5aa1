//! What stands instead of a value: the same for the same value.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use uuid::Uuid;

use crate::wsman::one_line;

/// One value that was replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replaced {
    /// What kind of value it is.
    pub kind: ReplacedKind,
    /// The value, on one line and shortened. It was taken out: show it to whoever recorded it, and to nobody else.
    pub original: String,
    /// What stands in its place.
    pub placeholder: String,
}

/// What kind of value was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ReplacedKind {
    /// A host or a machine.
    Host,
    /// The domain of an account.
    Domain,
    /// The name of an account.
    User,
    /// A security identifier.
    Sid,
    /// A network address.
    Address,
    /// An id of a shell, a command, a message, a session, an enumeration.
    Id,
    /// The name of a session or of something like it.
    Name,
    /// A session configuration.
    Configuration,
    /// A command, its arguments, or a working directory.
    CommandLine,
    /// A variable of an environment: its name or its value.
    Environment,
    /// The input or output of a command or a pipeline.
    Stream,
    /// The text of a fault.
    Message,
    /// An element, an attribute, a prefix or a namespace that is not of the protocol.
    Vocabulary,
    /// Anything else.
    Other,
}

impl ReplacedKind {
    /// What placeholders of this kind begin with.
    const fn stem(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Domain => "DOMAIN",
            Self::User => "user",
            Self::Sid => "sid",
            Self::Address => "address",
            Self::Id => "id",
            Self::Name => "name",
            Self::Configuration => "configuration",
            Self::CommandLine => "command",
            Self::Environment => "variable",
            Self::Stream => "stream",
            Self::Message => "message",
            Self::Vocabulary => "element",
            Self::Other => "text",
        }
    }

    /// The kind, for a list: `hosts`.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Host => "hosts",
            Self::Domain => "domains",
            Self::User => "users",
            Self::Sid => "SIDs",
            Self::Address => "addresses",
            Self::Id => "ids",
            Self::Name => "names",
            Self::Configuration => "configurations",
            Self::CommandLine => "command lines",
            Self::Environment => "environment variables",
            Self::Stream => "streams",
            Self::Message => "fault texts",
            Self::Vocabulary => "unknown elements",
            Self::Other => "other values",
        }
    }

    /// Whether case makes no difference to what the value names.
    const fn ignores_case(self) -> bool {
        matches!(self, Self::Host | Self::Domain | Self::User | Self::Sid | Self::Address | Self::Id)
    }
}

/// All placeholders of one recording.
#[derive(Debug, Default)]
pub(super) struct Placeholders {
    known: HashMap<(ReplacedKind, String), String>,
    counts: HashMap<ReplacedKind, u32>,
    replaced: Vec<Replaced>,
    /// Whether values of one kind have one placeholder, and GUIDs stay.
    is_neutral: bool,
}

/// A longer value is remembered by its hash.
const MAX_KEY: usize = 256;
/// How much of a value the list shows, in characters.
const MAX_SHOWN: usize = 60;
/// How many addresses a block for documentation has (RFC 5737).
const BLOCK: u32 = 254;

impl Placeholders {
    /// With these, values of one kind are the same, and ids stay.
    pub(super) fn neutral() -> Self {
        Self { is_neutral: true, ..Self::default() }
    }

    pub(super) fn replaced(&self) -> &[Replaced] {
        &self.replaced
    }

    /// The placeholder of a value: its kind and a number.
    pub(super) fn of(&mut self, kind: ReplacedKind, value: &str) -> String {
        self.with(kind, value, |number| format!("{}-{number}", kind.stem()))
    }

    /// The placeholder of a GUID, which is one. The nil GUID names nothing and stays.
    pub(super) fn guid(&mut self, id: Uuid) -> Uuid {
        if id.is_nil() || self.is_neutral {
            return id;
        }
        let placeholder = self.with(ReplacedKind::Id, &id.to_string(), |number| {
            Uuid::from_u128(GUIDS | u128::from(number)).to_string()
        });
        Uuid::try_parse(&placeholder).unwrap_or_default()
    }

    /// The placeholder of an address: one that is reserved for documentation (RFC 5737, RFC 3849). Loopback stays.
    pub(super) fn address(&mut self, address: IpAddr) -> IpAddr {
        if address.is_loopback() || address.is_unspecified() {
            return address;
        }
        let placeholder = self.with(ReplacedKind::Address, &address.to_string(), |number| match address {
            IpAddr::V4(_) => {
                let [high, low] = [(number - 1) / BLOCK, (number - 1) % BLOCK + 1];
                let last = u8::try_from(low).unwrap_or(1);
                match high {
                    0 => Ipv4Addr::new(192, 0, 2, last).to_string(),
                    1 => Ipv4Addr::new(198, 51, 100, last).to_string(),
                    2 => Ipv4Addr::new(203, 0, 113, last).to_string(),
                    // More than anybody records: RFC 6890's block for benchmarks.
                    high => Ipv4Addr::new(198, 18, u8::try_from(high).unwrap_or(u8::MAX), last).to_string(),
                }
            }
            IpAddr::V6(_) => Ipv6Addr::from((0x2001_0db8_u128 << 96) | u128::from(number)).to_string(),
        });
        placeholder.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }

    /// Whether a value of that kind has a placeholder.
    pub(super) fn get(&self, kind: ReplacedKind, value: &str) -> Option<&str> {
        self.known.get(&(kind, key(kind, value))).map(String::as_str)
    }

    fn with(&mut self, kind: ReplacedKind, value: &str, make: impl FnOnce(u32) -> String) -> String {
        if self.is_neutral {
            return make(1);
        }
        let key = (kind, key(kind, value));
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        let placeholder = make(*count);
        let original = one_line(value, MAX_SHOWN);
        self.replaced.push(Replaced { kind, original, placeholder: placeholder.clone() });
        self.known.insert(key, placeholder.clone());
        placeholder
    }
}

/// What placeholders for GUIDs have in common: version 4 and the variant of RFC 9562, so that they are taken for GUIDs.
const GUIDS: u128 = 0x0000_0000_0000_4000_8000_0000_0000_0000;

fn key(kind: ReplacedKind, value: &str) -> String {
    let value = if kind.ignores_case() { value.to_lowercase() } else { value.to_owned() };
    if value.len() <= MAX_KEY {
        return value;
    }
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    format!("{}:{:x}", value.len(), hasher.finish())
}
