//! Why a login does not stand.

use std::fmt;

use super::token;

/// Why a login does not stand. The client gets none of this: Windows answers 401 without a reason. The log has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum LoginRefused {
    /// The message is not what it has to be here, or cannot be read.
    Malformed(&'static str),
    /// No user, and no proof.
    Anonymous,
    /// A response of NTLM version 1.
    Version1,
    /// No account of that name.
    NoAccount,
    /// The proof does not fit the account's password.
    WrongPassword,
    /// KEY_EXCH was agreed on, and no key came.
    NoSessionKey,
    /// AV_FLAGS announce a MIC that is not there.
    NoMic,
    /// The MIC does not fit the three messages.
    WrongMic,
    /// The channel binding is missing.
    NoBinding,
    /// The channel binding is another channel's.
    WrongBinding,
    /// Both sides have not agreed on these flags, which sealed bodies need.
    MissingFlags(u32),
    /// The negotiation around NTLM lacks the client's signature.
    NoListMic,
    /// That signature is wrong.
    WrongListMic,
}

/// All that is wrong with a login, in one line.
pub(in crate::simulator) fn reason(refused: &[LoginRefused]) -> String {
    refused.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// The names of these flags.
pub(super) fn flag_names(flags: u32) -> String {
    let names = token::NAMES.iter().filter(|(flag, _)| flag & flags != 0);
    names.map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for LoginRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Malformed(wanted) => {
                return write!(f, "{wanted} message of NTLM expected, something else sent");
            }
            Self::MissingFlags(missing) => {
                return write!(f, "flags missing: {}", flag_names(*missing));
            }
            Self::Anonymous => "NTLMv2 response expected, none sent: the login is anonymous",
            Self::Version1 => "NTLMv2 response expected, NTLMv1 response sent",
            Self::NoAccount => "no account has this name",
            Self::WrongPassword => "the NTLMv2 response does not fit the password",
            Self::NoSessionKey => "session key expected because of KEY_EXCH, none sent",
            Self::NoMic => "MIC expected because AV_FLAGS announce one, none sent",
            Self::WrongMic => "the MIC does not fit the three messages",
            Self::NoBinding => "channel binding expected, none sent",
            Self::WrongBinding => "the channel binding is not that of this server's certificate",
            Self::NoListMic => "mechListMIC expected, none sent",
            Self::WrongListMic => "the mechListMIC does not fit the list of mechanisms",
        };
        f.write_str(text)
    }
}
