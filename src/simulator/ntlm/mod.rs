//! The server's half of NTLMv2 (MS-NLMP), with sums of its own: it shares no key code with the client, so that each
//! judges the other.

mod acceptor;
mod crypto;
mod description;
mod refusal;
mod session;
mod token;

pub(super) use acceptor::{Accepted, Acceptor, Demands, Entropy};
pub(super) use crypto::channel_binding_hash;
pub(super) use description::describe;
pub(super) use refusal::{LoginRefused, reason};

/// How strictly a login over TLS is bound to the TLS channel (the service's CbtHardeningLevel).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChannelBinding {
    /// Not looked at.
    None,
    /// A wrong one is refused, a missing one allowed: Windows' default.
    #[default]
    Relaxed,
    /// A missing one is refused, too.
    Strict,
}

/// The bytes that a published value spells.
#[cfg(test)]
pub(super) fn hex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks_exact(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
