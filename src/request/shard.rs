//! Parts of a fleet, for several workers that share it without talking to each other.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::transport::Endpoint;

/// One of several parts of a fleet. A host is always in the same part, whatever other hosts there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u64,
    count: u64,
}

/// A text that is no shard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a shard: expected K/N with K from 0 to N-1")]
pub struct InvalidShard {
    text: String,
}

impl Shard {
    /// The part with this index, from 0, of so many; `None` if there is no such part.
    #[must_use]
    pub fn new(index: u64, count: u64) -> Option<Self> {
        (index < count).then_some(Self { index, count })
    }

    /// Whether the endpoint is in this part: the first eight bytes of SHA-256 over `host:port` in lower case, as a big-endian
    /// number, modulo the number of parts.
    #[must_use]
    pub fn contains(self, endpoint: &Endpoint) -> bool {
        let name = format!("{}:{}", endpoint.computer_name().to_lowercase(), endpoint.port());
        let digest = Sha256::digest(name.as_bytes());
        let first = digest.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        first.checked_rem(self.count) == Some(self.index)
    }
}

impl FromStr for Shard {
    type Err = InvalidShard;

    fn from_str(text: &str) -> Result<Self, InvalidShard> {
        let parsed = text
            .split_once('/')
            .and_then(|(index, count)| Self::new(index.trim().parse().ok()?, count.trim().parse().ok()?));
        parsed.ok_or_else(|| InvalidShard { text: text.to_owned() })
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(text: &str) -> Shard {
        text.parse().unwrap()
    }

    /// The numbers are those of Python's hashlib, modulo 4.
    #[test]
    fn a_host_is_in_exactly_one_part_however_it_is_written() {
        for (host, part) in [
            ("web01", 1),
            ("WEB01:5985", 1),
            ("web02:5986", 3),
            ("[2001:DB8::1]:90", 2),
            ("https://db/wsman", 2),
        ] {
            let endpoint = Endpoint::parse(host, false).unwrap();
            let parts: Vec<u64> =
                (0..4).filter(|index| Shard { index: *index, count: 4 }.contains(&endpoint)).collect();
            assert_eq!(parts, [part], "{host}");
        }
    }

    #[test]
    fn a_shard_is_written_as_index_and_count() {
        assert_eq!(shard("0/1").to_string(), "0/1");
        for text in ["", "1", "1/1", "4/4", "-1/2", "a/b", "1/0", "1/2/3"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
