#![expect(clippy::disallowed_methods, reason = "draws passwords and binds the port")]
//! I/O module: how a simulator is set up and begins to listen.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use secrecy::SecretString;
use tokio::net::TcpListener;

use super::account::Account;
use super::handler::Handler;
use super::kerberos;
use super::limits::Limits;
use super::listener::Simulator;
use super::names;
use super::ntlm::ChannelBinding;
use super::service::{Counters, Policy, Service};
use super::tls::Identity;
use super::trace::{Trace, TracedExchange};
use super::world::World;
use crate::auth::ServerNames;

/// How a [`Simulator`] is set up. By default: 127.0.0.1, a free port, one administrator with a random
/// password, Negotiate with NTLM only, sealed bodies only, no TLS; and what the handler's profile has otherwise.
#[derive(Debug)]
pub struct SimulatorBuilder<H = World> {
    handler: H,
    setup: Setup,
}

/// All but the handler.
#[derive(Debug)]
struct Setup {
    address: SocketAddr,
    accounts: Vec<(Account, SecretString)>,
    /// The administrator of a simulator that was given no account.
    administrator: String,
    policy: Policy,
    /// `None` is what the handler's server has.
    ntlm: Option<bool>,
    channel_binding: Option<ChannelBinding>,
    keytab: Option<PathBuf>,
    tls: Option<bool>,
    names: Option<ServerNames>,
    limits: Limits,
    trace: Option<Trace>,
}

/// The account of a simulator that was given none.
const DEFAULT_ACCOUNT: &str = "CONTOSO\\admin";
/// Length of a drawn password: 26 characters out of 32 are 130 bits.
const PASSWORD_LENGTH: usize = 26;
/// The characters of a drawn password: 32, without those that are easily confused.
const PASSWORD_CHARACTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

impl Default for SimulatorBuilder {
    fn default() -> Self {
        Self { handler: World::new("simulator"), setup: Setup::default() }
    }
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            accounts: Vec::new(),
            administrator: DEFAULT_ACCOUNT.to_owned(),
            policy: Policy::default(),
            ntlm: None,
            channel_binding: None,
            keytab: None,
            tls: None,
            names: None,
            limits: Limits::default(),
            trace: None,
        }
    }
}

impl SimulatorBuilder {
    /// The world to serve, instead of one without shells.
    #[must_use]
    pub fn world(mut self, world: World) -> Self {
        self.handler = world;
        self
    }
}

impl<H: Handler> SimulatorBuilder<H> {
    /// Another handler instead of a world, behind the same logins.
    #[must_use]
    pub fn handler<O: Handler>(self, handler: O) -> SimulatorBuilder<O> {
        SimulatorBuilder { handler, setup: self.setup }
    }

    /// The port, instead of any free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.setup.address.set_port(port);
        self
    }

    /// The address to bind, instead of 127.0.0.1. Whoever reaches it can guess at the password.
    #[must_use]
    pub fn bind(mut self, address: IpAddr) -> Self {
        self.setup.address.set_ip(address);
        self
    }

    /// One more account; the first is the one that [`Simulator::user`] names.
    #[must_use]
    pub fn account(mut self, account: Account, password: SecretString) -> Self {
        self.setup.accounts.push((account, password));
        self
    }

    /// The administrator, written `DOMAIN\name` or `name`, with a password that is drawn at the start; it is there if no
    /// [`Self::account`] is. Default: `CONTOSO\admin`.
    #[must_use]
    pub fn administrator(mut self, name: &str) -> Self {
        name.clone_into(&mut self.setup.administrator);
        self
    }

    /// Whether Negotiate is offered. Default: yes.
    #[must_use]
    pub fn negotiate(mut self, offered: bool) -> Self {
        self.setup.policy.negotiate = offered;
        self
    }

    /// Whether a negotiation (SPNEGO) is understood under Negotiate, or NTLM's raw tokens alone. Default: yes.
    #[must_use]
    pub fn spnego(mut self, understood: bool) -> Self {
        self.setup.policy.spnego = understood;
        self
    }

    /// Whether NTLM is taken at all. Default: as the handler's profile has it, which is yes for all but
    /// [`Profile::Windows2025Hardened`](super::Profile::Windows2025Hardened).
    #[must_use]
    pub fn ntlm(mut self, taken: bool) -> Self {
        self.setup.ntlm = Some(taken);
        self
    }

    /// Takes Kerberos tickets for the service whose keys this keytab has, under `Kerberos` and in SPNEGO. A principal is
    /// the account of its domain and user name, else the first one of its user name. The system's library reads the
    /// keytab that an environment variable names, so the process must start with
    /// [`keytab_variable`](super::keytab_variable). Needs feature `kerberos`. Default: no tickets are taken.
    #[must_use]
    pub fn keytab(mut self, file: impl Into<PathBuf>) -> Self {
        self.setup.keytab = Some(file.into());
        self
    }

    /// Whether it speaks TLS, and nothing in clear, with a certificate that is made at the start
    /// ([`Simulator::certificate`]). Default: as the handler's profile has it.
    #[must_use]
    pub fn tls(mut self, spoken: bool) -> Self {
        self.setup.tls = Some(spoken);
        self
    }

    /// How large and how slow a client may be, instead of [`Limits::default`].
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.setup.limits = limits;
        self
    }

    /// Calls `report` with each exchange that ends: opened, scrubbed, and with what was expected and what came.
    #[must_use]
    pub fn trace(mut self, report: impl Fn(&TracedExchange) + Send + Sync + 'static) -> Self {
        self.setup.trace = Some(Trace::new(report));
        self
    }

    /// Offers Basic, too. Over plain HTTP it needs [`Self::allow_unencrypted`] to be of use.
    #[must_use]
    pub fn allow_basic(mut self) -> Self {
        self.setup.policy.allow_basic = true;
        self
    }

    /// Takes bodies in clear over plain HTTP (the service's AllowUnencrypted).
    #[must_use]
    pub fn allow_unencrypted(mut self) -> Self {
        self.setup.policy.allow_unencrypted = true;
        self
    }

    /// How strictly logins over TLS are bound to the channel (Extended Protection). Default: as the handler's profile has
    /// it, which is relaxed for most.
    #[must_use]
    pub fn channel_binding(mut self, level: ChannelBinding) -> Self {
        self.setup.channel_binding = Some(level);
        self
    }

    /// What the service says of itself in its NTLM challenge. Default: it is a member of the first account's domain, or of
    /// a workgroup where that has none, and its name is the handler's machine.
    #[must_use]
    pub fn server_names(mut self, names: ServerNames) -> Self {
        self.setup.names = Some(names);
        self
    }

    /// Binds the port and begins to serve.
    ///
    /// # Errors
    /// The port cannot be bound, the system gives no random bytes, or the certificate cannot be made. `InvalidInput` if the
    /// keytab cannot be used, and `Unsupported` if this build has no Kerberos to use it.
    pub async fn start(self) -> io::Result<Simulator<H>> {
        let Self { handler, mut setup } = self;
        let begin_ticket = setup.keytab.as_deref().map(kerberos::with_keytab).transpose()?;
        if setup.accounts.is_empty() {
            setup.accounts.push((Account::administrator(&setup.administrator), random_password()?));
        }
        let listener = TcpListener::bind(setup.address).await?;
        let address = listener.local_addr()?;
        let traits = handler.profile().traits();
        let policy = Policy {
            ntlm: setup.ntlm.unwrap_or(!traits.is_hardened),
            channel_binding: setup.channel_binding.unwrap_or_else(|| traits.channel_binding()),
            ..setup.policy
        };
        let identity = match setup.tls.unwrap_or(traits.is_hardened) {
            true => Some(Identity::make(handler.machine(), address.ip())?),
            false => None,
        };
        let domain = setup.accounts.first().map_or("", |(account, _)| account.domain.as_str());
        let names = setup.names.unwrap_or_else(|| names::of(handler.machine(), domain));
        let handler = Arc::new(Mutex::new(handler));
        let service = Service {
            handler: Arc::<Mutex<H>>::clone(&handler),
            accounts: setup.accounts,
            policy,
            names,
            counters: Counters::default(),
            begin_ticket,
            traces: setup.trace.is_some(),
        };
        Simulator::begin(listener, handler, service, identity, setup.limits, setup.trace)
    }
}

fn random_password() -> io::Result<SecretString> {
    let mut bytes = [0_u8; PASSWORD_LENGTH];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    let characters = bytes.iter().filter_map(|byte| PASSWORD_CHARACTERS.get(usize::from(byte % 32)).copied());
    Ok(SecretString::from(characters.map(char::from).collect::<String>()))
}
