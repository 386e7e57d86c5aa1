//! What we know of one session on one computer: the server's shell, and where it was seen.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use super::account::{Comparison, LoginAccount};
use super::session_type::SessionType;
use super::state::{Availability, SessionState, Stated};
use super::transport::Transport;
use crate::wsman::{CommandId, Shell};

/// A small local number for a session, as PowerShell's `Id`; drawn by the local table, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocalId(pub i64);

/// PowerShell's `ComputerType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ComputerType {
    /// A computer reached over WinRM (or SSH, or a local process).
    #[default]
    RemoteMachine,
    /// A Hyper-V virtual machine.
    VirtualMachine,
    /// A Windows container.
    Container,
}

impl ComputerType {
    /// Reads PowerShell's word, in any case; `None` for any other.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::RemoteMachine, Self::VirtualMachine, Self::Container]
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(word.trim()))
    }

    /// PowerShell's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RemoteMachine => "RemoteMachine",
            Self::VirtualMachine => "VirtualMachine",
            Self::Container => "Container",
        }
    }
}

/// One session: PowerShell's properties and the server's own, as one flat record.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionDescriptor {
    /// The local number, once a table has given one.
    pub id: Option<LocalId>,
    /// The computer, as PowerShell names it: the host that the user gave; a bare IPv6 address in brackets. The sessions of
    /// one listing share it, as they do their endpoint's URL and the login.
    pub computer_name: Arc<str>,
    /// What kind of computer.
    pub computer_type: ComputerType,
    /// The virtual machine's id, for sessions into one.
    pub vm_id: Option<Uuid>,
    /// The virtual machine's name; empty elsewhere, as in PowerShell.
    pub vm_name: String,
    /// The container's id; empty elsewhere, as in PowerShell.
    pub container_id: String,
    /// The URL of the WinRM endpoint at which it was seen.
    pub endpoint_url: Arc<str>,
    /// The effective TCP port of that endpoint.
    pub port: u16,
    /// What carries it. Everything that a listing shows is reached over WS-Management.
    pub transport: Transport,
    /// What the server said of the shell; shared by those that came from one listing. [`Self::shell_mut`] changes it.
    pub shell: Arc<Shell>,
    /// How it stands in somebody else's words, where they count more than the server's: an import's, or `Broken` from
    /// the local table. `None` leaves it to the server's `State`.
    pub stated: Option<Stated>,
    /// The commands that ran in it when they were last listed; `None` if they were not.
    pub commands: Option<Vec<CommandId>>,
    /// The login that saw it, as it was typed; empty if nobody has, such as after an import.
    pub seen_by: Arc<str>,
    /// The account that saw it in this run, with what its server says of itself. Without one `seen_by` alone is compared
    /// with owners.
    pub account: Option<Arc<LoginAccount>>,
    /// When it was seen.
    pub seen_at: SystemTime,
}

/// The endpoint at which shells were listed, as far as a descriptor keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenOn<'a> {
    /// The host as the user gave it; a bare IPv6 address gets its brackets here, nothing or `.` is `localhost`.
    pub host: &'a str,
    /// The URL that was posted to.
    pub url: &'a str,
    /// The effective TCP port.
    pub port: u16,
}

impl SessionDescriptor {
    /// Describes a shell that `seen_by` found in a listing. It has no local number yet, and its commands are unknown.
    #[must_use]
    pub fn from_shell(
        shell: impl Into<Arc<Shell>>,
        seen_on: SeenOn<'_>,
        seen_by: impl Into<Arc<str>>,
        seen_at: SystemTime,
    ) -> Self {
        Self {
            id: None,
            computer_name: computer_name(seen_on.host).into(),
            computer_type: ComputerType::RemoteMachine,
            vm_id: None,
            vm_name: String::new(),
            container_id: String::new(),
            endpoint_url: seen_on.url.into(),
            port: seen_on.port,
            transport: Transport::WsMan,
            shell: shell.into(),
            stated: None,
            commands: None,
            seen_by: seen_by.into(),
            account: None,
            seen_at,
        }
    }

    /// The same for the shells of one listing, each when its turn comes; `account` is the login as its server knows it. What
    /// they have in common is kept once.
    pub fn from_shells(
        shells: impl IntoIterator<Item = Arc<Shell>>,
        seen_on: SeenOn<'_>,
        seen_by: &str,
        account: Option<&Arc<LoginAccount>>,
        seen_at: SystemTime,
    ) -> impl Iterator<Item = Self> {
        let seen_by: Arc<str> = seen_by.into();
        let account = account.cloned();
        let mut first: Option<Self> = None;
        shells.into_iter().map(move |shell| match &first {
            Some(first) => Self { shell, ..first.clone() },
            None => {
                let session = Self::from_shell(shell, seen_on, Arc::clone(&seen_by), seen_at);
                first.insert(Self { account: account.clone(), ..session }).clone()
            }
        })
    }

    /// What the server said of the shell, to change it for this session alone.
    pub fn shell_mut(&mut self) -> &mut Shell {
        Arc::make_mut(&mut self.shell)
    }

    /// `Name`, as the client that opened the session chose it. PowerShell makes up `Runspace<Id>` for a session
    /// without one; here it stays absent.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.shell.name.as_deref().filter(|name| !name.is_empty())
    }

    /// Whether its name is known, or is known not to exist: Windows reports the name of each shell that has one, but
    /// servers before 2012 report none of a PowerShell session.
    #[must_use]
    pub fn has_known_name(&self) -> bool {
        self.name().is_some() || self.session_type() == SessionType::Cmd
    }

    /// `InstanceId`: the shell's id as a GUID, if it is one.
    #[must_use]
    pub fn instance_id(&self) -> Option<Uuid> {
        self.shell.shell_id.guid()
    }

    /// `ConfigurationName`: what follows PowerShell's prefix in the resource URI; `None` for other shells.
    #[must_use]
    pub fn configuration_name(&self) -> Option<&str> {
        SessionType::configuration_of(&self.shell.resource_uri).filter(|name| !name.is_empty())
    }

    /// What kind of shell it is.
    #[must_use]
    pub fn session_type(&self) -> SessionType {
        SessionType::of(&self.shell.resource_uri)
    }

    /// `State`: what is [stated](Self::stated); else `Disconnected` only if the server says so, in any case, and
    /// `Opened` otherwise, also when it says nothing.
    #[must_use]
    pub fn state(&self) -> SessionState {
        match self.stated {
            Some(stated) => stated.state,
            None => SessionState::of_server(self.shell.state.as_deref()),
        }
    }

    /// `Availability` to us: what is [stated](Self::stated); else a session that is not disconnected is somebody
    /// else's, hence busy.
    #[must_use]
    pub fn availability(&self) -> Availability {
        if let Some(stated) = self.stated {
            return stated.availability;
        }
        match self.state() {
            SessionState::Opened => Availability::Busy,
            _ => Availability::None,
        }
    }

    /// `Transport`, in PowerShell's word.
    #[must_use]
    pub fn transport(&self) -> &str {
        self.transport.as_str()
    }

    /// How long nothing had happened in it when it was seen (`ShellInactivity`).
    #[must_use]
    pub fn idle(&self) -> Option<Duration> {
        self.shell.shell_inactivity
    }

    /// How long it had existed when it was seen (`ShellRunTime`).
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.shell.shell_run_time
    }

    /// Whether a command ran in it when its commands were last listed; `None` if they were not.
    #[must_use]
    pub fn is_running(&self) -> Option<bool> {
        self.commands.as_ref().map(|commands| !commands.is_empty())
    }

    /// `ClientIP` as an address. A zone (`%12`) is left out, and an IPv4 address inside IPv6 is the IPv4 address.
    #[must_use]
    pub fn client_address(&self) -> Option<IpAddr> {
        let text = self.shell.client_ip.as_deref()?.trim();
        let address = text.split_once('%').map_or(text, |(address, _zone)| address);
        address.parse::<IpAddr>().ok().map(|address| address.to_canonical())
    }

    /// Whether the account that saw it owns it. An owner that the server did not report is not comparable.
    #[must_use]
    pub fn ownership(&self) -> Comparison {
        let owner = self.shell.owner.as_deref().unwrap_or_default();
        match &self.account {
            Some(account) => account.compare(owner),
            None => LoginAccount::new(&*self.seen_by).compare(owner),
        }
    }

    /// Whether `shell` is this session: ShellId, Owner, ResourceUri and ClientIP are the same, ignoring ASCII case. What
    /// is not known here (no owner, no address, an empty resource URI) agrees with everything, and so does a resource
    /// URI that a server of another schema does not report.
    #[must_use]
    pub fn is_still(&self, shell: &Shell) -> bool {
        let agrees = |known: Option<&str>, now: Option<&str>| match known {
            Some(known) => now.is_some_and(|now| known.eq_ignore_ascii_case(now)),
            None => true,
        };
        let ours = &self.shell;
        let resource_uri = Some(&*ours.resource_uri).filter(|uri| !uri.is_empty());
        ours.shell_id == shell.shell_id
            && (shell.resource_uri.is_empty() || agrees(resource_uri, Some(&shell.resource_uri)))
            && agrees(ours.owner.as_deref(), shell.owner.as_deref())
            && agrees(ours.client_ip.as_deref(), shell.client_ip.as_deref())
    }

    /// Takes from `shell`, which [is still](Self::is_still) this session, what is not known here: an import often
    /// knows no more than an id. The id itself is from now on spelt as the server spells it, for some compare its case.
    pub fn learn(&mut self, shell: &Shell) {
        let ours = Arc::make_mut(&mut self.shell);
        ours.shell_id.clone_from(&shell.shell_id);
        ours.schema = shell.schema;
        if ours.resource_uri.is_empty() {
            ours.resource_uri.clone_from(&shell.resource_uri);
        }
        for (here, there) in [
            (&mut ours.name, &shell.name),
            (&mut ours.owner, &shell.owner),
            (&mut ours.client_ip, &shell.client_ip),
            (&mut ours.state, &shell.state),
        ] {
            if here.is_none() {
                here.clone_from(there);
            }
        }
        ours.process_id = ours.process_id.or(shell.process_id);
    }
}

/// PowerShell's `ComputerName` for a host: outer blanks off, case kept.
fn computer_name(host: &str) -> String {
    match host.trim() {
        "" | "." => "localhost".to_owned(),
        bare if bare.split('%').next().is_some_and(|address| address.parse::<Ipv6Addr>().is_ok()) => {
            format!("[{bare}]")
        }
        host => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{bare_shell, session};
    use super::*;
    use crate::auth::ServerNames;
    use crate::wsman::{ShellId, ShellSchema, uri};

    #[test]
    fn the_configuration_is_what_follows_powershells_prefix_in_any_case() {
        let of = |uri: &str| session(|shell| shell.resource_uri = uri.into());
        let jea = of("HTTP://schemas.microsoft.com/PowerShell/JEARole");
        assert_eq!(jea.configuration_name(), Some("JEARole"));
        assert_eq!(jea.session_type(), SessionType::PowerShell);
        let cmd = of(uri::CMD_RESOURCE);
        assert_eq!(cmd.configuration_name(), None);
        assert_eq!(cmd.session_type(), SessionType::Cmd);
        let other = of("http://example.com/é");
        assert_eq!(other.session_type(), SessionType::Uri("http://example.com/é".to_owned()));
    }

    #[test]
    fn a_session_is_disconnected_only_if_the_server_says_so() {
        let of = |state: Option<&str>| session(|shell| shell.state = state.map(Into::into));
        for (word, state, availability) in [
            (Some("Disconnected"), SessionState::Disconnected, Availability::None),
            (Some("dISCONNECTED"), SessionState::Disconnected, Availability::None),
            (Some("Connected"), SessionState::Opened, Availability::Busy),
            (Some("Unheard"), SessionState::Opened, Availability::Busy),
            (None, SessionState::Opened, Availability::Busy),
        ] {
            let session = of(word);
            assert_eq!((session.state(), session.availability()), (state, availability), "{word:?}");
        }
    }

    #[test]
    fn what_is_stated_counts_more_than_the_servers_word() {
        let mut session = session(|shell| shell.state = Some("Connected".into()));
        session.stated = Some(Stated::BROKEN);
        assert_eq!((session.state(), session.availability()), (SessionState::Broken, Availability::None));
        let free = Stated { state: SessionState::Opened, availability: Availability::Available };
        session.stated = Some(free);
        assert_eq!((session.state(), session.availability()), (free.state, free.availability));
    }

    #[test]
    fn a_kind_of_computer_is_read_back_from_its_own_word() {
        for kind in [ComputerType::RemoteMachine, ComputerType::VirtualMachine, ComputerType::Container] {
            assert_eq!(ComputerType::from_word(&kind.as_str().to_uppercase()), Some(kind));
        }
        assert_eq!(ComputerType::from_word("Toaster"), None);
    }

    #[test]
    fn running_is_unknown_until_the_commands_are_listed() {
        let mut session = session(|_| ());
        assert_eq!(session.is_running(), None);
        session.commands = Some(Vec::new());
        assert_eq!(session.is_running(), Some(false));
        session.commands = Some(vec![CommandId::from_server("C")]);
        assert_eq!(session.is_running(), Some(true));
    }

    #[test]
    fn the_owner_is_compared_with_the_account_of_this_run_and_else_with_the_login_alone() {
        let owned = |owner: Option<&str>| session(|shell| shell.owner = owner.map(Into::into));
        assert_eq!(owned(None).ownership(), Comparison::NotComparable);
        assert_eq!(owned(Some(r"LAB\bob")).ownership(), Comparison::Different);
        let mut local = owned(Some(r"WEB01\ada"));
        local.seen_by = r".\ada".into();
        assert_eq!(local.ownership(), Comparison::NotComparable);
        let names = ServerNames { netbios_computer: "WEB01".to_owned(), ..ServerNames::default() };
        local.account = Some(Arc::new(LoginAccount::new(r".\ada").at(names)));
        assert_eq!(local.ownership(), Comparison::Same);
    }

    #[test]
    fn a_client_address_loses_its_zone_and_its_ipv6_coat() {
        let of = |ip: &str| session(|shell| shell.client_ip = Some(ip.into())).client_address();
        assert_eq!(of(" 192.0.2.7 "), "192.0.2.7".parse().ok());
        assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7".parse().ok());
        assert_eq!(of("fe80::1%12"), "fe80::1".parse().ok());
        assert_eq!(of("not an address"), None);
    }

    #[test]
    fn the_computer_is_named_as_powershell_names_it() {
        for (host, name) in [
            (" Web01 ", "Web01"),
            ("", "localhost"),
            (".", "localhost"),
            ("2001:db8::1", "[2001:db8::1]"),
            ("fe80::1%eth0", "[fe80::1%eth0]"),
            ("[2001:db8::1]", "[2001:db8::1]"),
            ("192.0.2.7", "192.0.2.7"),
        ] {
            assert_eq!(computer_name(host), name, "{host:?}");
        }
    }

    #[test]
    fn a_session_is_recognised_in_any_case_of_the_servers_text() {
        let session = session(|shell| shell.owner = Some(r"LAB\bob".into()));
        let mut now = Shell::clone(&session.shell);
        now.shell_id = ShellId::from_server(now.shell_id.as_str().to_ascii_lowercase());
        now.resource_uri = now.resource_uri.to_ascii_uppercase().into();
        now.owner = Some(r"lab\BOB".into());
        assert!(session.is_still(&now));
    }

    #[test]
    fn each_of_the_four_properties_is_part_of_the_identity() {
        let known = session(|shell| {
            shell.owner = Some("ada".into());
            shell.client_ip = Some("192.0.2.1".into());
        });
        let changes: [fn(&mut Shell); 6] = [
            |shell| shell.shell_id = ShellId::from_server("another"),
            |shell| shell.resource_uri = format!("{}x", shell.resource_uri).into(),
            |shell| shell.owner = Some("bob".into()),
            |shell| shell.owner = None,
            |shell| shell.client_ip = Some("192.0.2.7".into()),
            |shell| shell.client_ip = None,
        ];
        for change in changes {
            let mut now = Shell::clone(&known.shell);
            change(&mut now);
            assert!(!known.is_still(&now), "{now:?}");
        }
        assert!(known.is_still(&known.shell));
    }

    #[test]
    fn what_is_not_known_agrees_with_what_the_server_says_and_is_learned() {
        let mut bare = session(|shell| shell.resource_uri = "".into());
        let now = Shell {
            owner: Some("bob".into()),
            client_ip: Some("192.0.2.7".into()),
            process_id: Some(7),
            ..bare_shell()
        };
        assert!(bare.is_still(&now));
        bare.learn(&now);
        assert_eq!(*bare.shell, now);
        assert!(!bare.is_still(&Shell { owner: Some("eve".into()), ..now }));
    }

    #[test]
    fn a_resource_uri_that_the_server_does_not_report_is_not_compared() {
        let mut known = session(|_| ());
        let now = Shell { schema: ShellSchema::Cim, ..Shell::new(bare_shell().shell_id, "") };
        assert!(known.is_still(&now));
        known.learn(&now);
        assert_eq!(known.shell.resource(), uri::SHELL_RESOURCE);
        assert!(!known.is_still(&Shell { shell_id: ShellId::from_server("B"), ..now }));
    }

    #[test]
    fn an_empty_name_is_no_name() {
        assert_eq!(session(|shell| shell.name = Some("".into())).name(), None);
        assert_eq!(session(|shell| shell.name = Some("Runspace1".into())).name(), Some("Runspace1"));
    }

    #[test]
    fn the_instance_id_is_the_shell_id_if_that_is_a_guid() {
        let of = |id: &str| session(|shell| shell.shell_id = ShellId::from_server(id)).instance_id();
        assert_eq!(
            of("uuid:B6631D8E-65A0-49F2-9053-A1B156C95777"),
            of("b6631d8e-65a0-49f2-9053-a1b156c95777")
        );
        assert_eq!(of("shell 1"), None);
    }
}
