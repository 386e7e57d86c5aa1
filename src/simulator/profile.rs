//! What differs between the servers that a world can be: one row each.

use super::configuration::{self, Configuration};
use super::faults;
use super::ntlm::ChannelBinding;
use super::psrp::Versions;
use crate::auth::sealing;

/// A generation of servers. What is not in its row is as on Windows Server 2022.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// Windows Server 2008 R2 with WinRM 2.0.
    Windows2008R2,
    /// Windows Server 2012 R2.
    Windows2012R2,
    /// Windows Server 2016.
    Windows2016,
    /// Windows Server 2019.
    Windows2019,
    /// Windows Server 2022.
    #[default]
    Windows2022,
    /// Windows Server 2025.
    Windows2025,
    /// Windows Server 2025 as a baseline for security sets it: NTLM is off, TLS alone, and a login must be bound to it.
    Windows2025Hardened,
    /// Exchange: an endpoint of IIS that lets nobody list.
    Exchange,
    /// OMI with the PowerShell provider, on Linux.
    Omi,
}

/// How one generation differs.
#[derive(Debug)]
pub(super) struct Traits {
    /// Its short name.
    pub(super) name: &'static str,
    /// Where requests are posted to.
    pub(super) path: &'static str,
    /// What Identify tells a caller who has logged in, and `ver` everybody.
    pub(super) os: &'static str,
    pub(super) versions: Versions,
    /// What `winrm/config` tells, where it can be read.
    pub(super) configuration: Option<&'static Configuration>,
    /// MaxEnvelopeSizekb, in bytes.
    pub(super) envelope_size: usize,
    /// MaxShellsPerUser.
    pub(super) max_shells_per_user: usize,
    /// How much a shell is told of itself.
    pub(super) fields: Fields,
    /// Whether Disconnect, Reconnect and Connect exist.
    pub(super) disconnects: bool,
    /// Whether a client may choose a ShellId or CommandId.
    pub(super) keeps_proposed_ids: bool,
    /// Which CreateResponses have an `rsp:Shell`.
    pub(super) describes_created: Described,
    /// Whether the shells can be listed, or the code that refuses it.
    pub(super) lists_shells: Result<(), u32>,
    /// The same of the commands of a shell.
    pub(super) lists_commands: Result<(), u32>,
    /// Whether answers bear `p:ActivityId`.
    pub(super) activity_id: bool,
    /// Whether Create must name the shell.
    pub(super) demands_name: bool,
    /// The one PowerShell configuration, where there is only one.
    pub(super) only_configuration: Option<&'static str>,
    /// How envelopes are written.
    pub(super) dialect: Dialect,
    /// How sealed answers are framed.
    pub(super) frames: sealing::FrameLayout,
    /// Whether it takes neither NTLM nor plain HTTP, and demands channel bindings.
    pub(super) is_hardened: bool,
}

impl Traits {
    /// How strictly it binds logins to TLS by default.
    pub(super) fn channel_binding(&self) -> ChannelBinding {
        if self.is_hardened { ChannelBinding::Strict } else { ChannelBinding::default() }
    }
}

/// The elements of `rsp:Shell`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fields {
    /// All.
    Full,
    /// Those of stack 2.0: no Name, State, BufferMode, MemoryUsed, ChildProcesses.
    Stack2,
    /// Those that OMI fills, in the schema of CIM; the others are nil.
    Cim,
}

/// Which shells are described when they are created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Described {
    Every,
    Cmd,
    None,
}

/// How envelopes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Windows' prefixes, no white space, coded faults.
    Windows,
    /// OMI's prefixes and order of headers, faults without a code, and its HTTP.
    Omi,
}

/// The default, which every other row changes.
const WINDOWS_2022: Traits = Traits {
    name: "2022",
    path: "/wsman",
    os: "10.0.20348",
    versions: Versions { powershell: "5.1.20348.1", protocol: "2.3", stack: "3.0" },
    configuration: Some(&configuration::WINDOWS_2016),
    envelope_size: 512_000,
    max_shells_per_user: 30,
    fields: Fields::Full,
    disconnects: true,
    keeps_proposed_ids: true,
    describes_created: Described::Every,
    lists_shells: Ok(()),
    lists_commands: Ok(()),
    activity_id: false,
    demands_name: false,
    only_configuration: None,
    dialect: Dialect::Windows,
    frames: sealing::FrameLayout::Windows,
    is_hardened: false,
};

const WINDOWS_2008_R2: Traits = Traits {
    name: "2008r2",
    os: "6.1.7601",
    versions: Versions { powershell: "2.0", protocol: "2.1", stack: "2.0" },
    configuration: Some(&configuration::STACK_2),
    envelope_size: 153_600,
    max_shells_per_user: 5,
    fields: Fields::Stack2,
    disconnects: false,
    keeps_proposed_ids: false,
    describes_created: Described::Cmd,
    lists_commands: Err(faults::INVALID_RESOURCE_URI),
    ..WINDOWS_2022
};

const WINDOWS_2012_R2: Traits = Traits {
    name: "2012r2",
    os: "6.3.9600",
    versions: Versions { powershell: "4.0", protocol: "2.2", stack: "3.0" },
    configuration: Some(&configuration::WINDOWS_2012),
    activity_id: true,
    ..WINDOWS_2022
};

const WINDOWS_2016: Traits = Traits {
    name: "2016",
    os: "10.0.14393",
    versions: Versions { powershell: "5.1.14393.2248", protocol: "2.3", stack: "3.0" },
    activity_id: true,
    ..WINDOWS_2022
};

const WINDOWS_2019: Traits = Traits {
    name: "2019",
    os: "10.0.17763",
    versions: Versions { powershell: "5.1.17763.1", protocol: "2.3", stack: "3.0" },
    ..WINDOWS_2022
};

const WINDOWS_2025: Traits = Traits {
    name: "2025",
    os: "10.0.26100",
    versions: Versions { powershell: "5.1.26100.1", protocol: "2.3", stack: "3.0" },
    ..WINDOWS_2022
};

const WINDOWS_2025_HARDENED: Traits = Traits { name: "2025-hardened", is_hardened: true, ..WINDOWS_2025 };

const EXCHANGE: Traits = Traits {
    name: "exchange",
    path: "/PowerShell/",
    configuration: None,
    lists_shells: Err(faults::ACCESS_DENIED),
    lists_commands: Err(faults::ACCESS_DENIED),
    only_configuration: Some("Microsoft.Exchange"),
    ..WINDOWS_2022
};

const OMI: Traits = Traits {
    name: "omi",
    os: "Linux",
    versions: Versions { powershell: "7.4", protocol: "2.3", stack: "1.0.8-6" },
    configuration: None,
    fields: Fields::Cim,
    disconnects: false,
    describes_created: Described::None,
    lists_commands: Err(faults::ACTION_NOT_SUPPORTED),
    demands_name: true,
    dialect: Dialect::Omi,
    frames: sealing::FrameLayout::Omi,
    ..WINDOWS_2022
};

impl Profile {
    /// Every profile, the oldest server first.
    pub const ALL: &[Self] = &[
        Self::Windows2008R2,
        Self::Windows2012R2,
        Self::Windows2016,
        Self::Windows2019,
        Self::Windows2022,
        Self::Windows2025,
        Self::Windows2025Hardened,
        Self::Exchange,
        Self::Omi,
    ];

    /// Its short name: `2008r2`, `2022`, `exchange`, `omi`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.traits().name
    }

    /// The path that its clients post to.
    #[must_use]
    pub fn path(self) -> &'static str {
        self.traits().path
    }

    pub(super) fn traits(self) -> &'static Traits {
        match self {
            Self::Windows2008R2 => &WINDOWS_2008_R2,
            Self::Windows2012R2 => &WINDOWS_2012_R2,
            Self::Windows2016 => &WINDOWS_2016,
            Self::Windows2019 => &WINDOWS_2019,
            Self::Windows2022 => &WINDOWS_2022,
            Self::Windows2025 => &WINDOWS_2025,
            Self::Windows2025Hardened => &WINDOWS_2025_HARDENED,
            Self::Exchange => &EXCHANGE,
            Self::Omi => &OMI,
        }
    }
}

impl std::str::FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(text: &str) -> Result<Self, UnknownProfile> {
        let found = Self::ALL.iter().find(|profile| profile.name().eq_ignore_ascii_case(text));
        found.copied().ok_or_else(|| UnknownProfile { name: text.to_owned() })
    }
}

/// A name that no profile has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown profile {name:?}; the profiles are 2008r2, 2012r2, 2016, 2019, 2022, 2025, 2025-hardened, exchange, omi"
)]
pub struct UnknownProfile {
    name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_found_by_its_name_and_its_own() {
        for profile in Profile::ALL {
            assert_eq!(profile.name().parse::<Profile>(), Ok(*profile));
        }
        let error = "2003".parse::<Profile>().unwrap_err().to_string();
        for profile in Profile::ALL {
            assert!(error.contains(profile.name()), "{error} forgets {}", profile.name());
        }
    }
}
