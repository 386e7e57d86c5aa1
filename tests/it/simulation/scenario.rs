//! One seed's world: hosts with shells, an account, a policy, what is remembered, and the weather.

use std::time::{Duration, SystemTime};

use fastrand::Rng;
use pssession::auth::ServerNames;
use pssession::session::{SeenOn, SessionDescriptor, Transport};
use pssession::simulator::{Account, InjectedFault, OperationKind, SimulatedShell, World};
use pssession::teardown::{Policy, SignalMode};
use pssession::wsman::{Shell, uri};
use pssession::{Endpoint, ShellId};

use super::fault::{self, Fault};

/// The account that closes sessions.
pub(super) const ME: &str = r"CONTOSO\me";
/// A local account of the same name.
const LOCAL_ME: &str = r"HOST\me";
/// Whose shells there are.
pub(super) const OWNERS: &[&str] = &[ME, ME, r"CONTOSO\alice", r"CONTOSO\bob", LOCAL_ME];
/// How the two accounts may log in.
const LOGINS: &[(&str, &str)] = &[
    (ME, ME),
    (ME, ME),
    (ME, r"contoso.example\ME"),
    (ME, "me@contoso.example"),
    (ME, "me"),
    (LOCAL_ME, LOCAL_ME),
    (LOCAL_ME, r".\me"),
    (LOCAL_ME, "me"),
    (LOCAL_ME, r"UNKNOWN\me"),
];

/// What one seed makes.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) account: Account,
    /// What is typed to log in with it.
    pub(super) login: &'static str,
    /// What the hosts say of themselves in a login, if they do.
    pub(super) server_names: Option<ServerNames>,
    pub(super) hosts: Vec<Host>,
    pub(super) policy: Policy,
    pub(super) session_deadline: Duration,
    pub(super) run_deadline: Option<Duration>,
    pub(super) stop_on_error: bool,
    pub(super) interrupted_after: Option<Duration>,
    /// Whether the hosts are listed before sessions are chosen.
    pub(super) surveyed: bool,
    /// Whether hosts that deny their listing are asked for the remembered sessions before.
    pub(super) gets_first: bool,
    /// Whether the guard wants to know what runs.
    pub(super) guarded: bool,
    /// How long a person thinks between the listing and the run.
    pub(super) prompt: Duration,
    /// Sessions that come from a table or a file.
    pub(super) remembered: Vec<SessionDescriptor>,
}

/// One host as it begins.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) endpoint: Endpoint,
    pub(super) world: World,
    pub(super) weather: Weather,
    /// It is not Windows: it describes its shells in CIM's schema, and names no stack.
    pub(super) omi: bool,
}

/// How much goes wrong on one host.
#[derive(Clone, Debug, Default)]
pub(super) struct Weather {
    /// Of a hundred exchanges, so many go wrong.
    pub(super) fault_kind: u8,
    /// Only requests about this shell do.
    pub(super) victim: Option<String>,
    /// What becomes of each of its Deletes.
    pub(super) vice: Option<Vice>,
    /// Before a hundred exchanges, so many times somebody else acts.
    pub(super) people: u8,
    /// Whether a login may be refused.
    pub(super) refuses: bool,
    /// After so many requests the host takes everything and answers nothing; 0: it does not even complete a login.
    pub(super) hangs_after: Option<usize>,
}

/// What is wrong with each Delete of one session.
#[derive(Clone, Debug)]
pub(super) enum Vice {
    /// It is answered 200 and ignored.
    Stubborn,
    /// It is carried out and answered otherwise.
    Belying(Fault),
}

impl Scenario {
    pub(super) fn draw(dice: &mut Rng) -> Self {
        let administrator = dice.u8(..10) < 6;
        let (name, login) = dice.choice(LOGINS).copied().unwrap_or((ME, ME));
        let account = match administrator {
            true => Account::administrator(name),
            false if dice.u8(..10) < 4 => Account::user(name).without_listing(),
            false => Account::user(name),
        };
        let server_names = (dice.u8(..4) > 0).then(|| ServerNames {
            netbios_domain: "CONTOSO".to_owned(),
            netbios_computer: "HOST".to_owned(),
            dns_domain: "contoso.example".to_owned(),
            realm: String::new(),
        });
        let refuses = dice.u8(..10) == 0;
        let hosts = dice.choice([1, 1, 1, 2, 2, 3]).unwrap_or(1);
        let mut hosts: Vec<_> = (1..=hosts).map(|number| Host::draw(dice, number, refuses)).collect();
        if hosts.len() > 1
            && dice.u8(..3) == 0
            && let Some(host) = dice.choice(&mut hosts)
        {
            host.weather.hangs_after = Some(dice.choice([0, 0, 1, 2, 3, 5]).unwrap_or_default());
        }
        let surveyed = dice.u8(..10) < 7;
        let most = if surveyed { 1 } else { 4 };
        let count = dice.usize(usize::from(!surveyed)..=most);
        let remembered = (0..count).filter_map(|_| remember(dice, &hosts, &account, login)).collect();
        let seconds = |choices: &[u64], dice: &mut Rng| {
            Duration::from_secs(dice.choice(choices).copied().unwrap_or_default())
        };
        let session_deadline = seconds(&[20, 60, 120, 120], dice);
        let run_deadline = (dice.u8(..10) < 2).then(|| seconds(&[1, 5, 15, 60], dice));
        let stop_on_error = dice.u8(..10) == 0;
        let signal = if dice.bool() { SignalMode::Auto } else { SignalMode::Never };
        let mut policy = Policy::default()
            .with_signal(signal)
            .with_session_deadline(session_deadline)
            .with_run_deadline(run_deadline)
            .with_stop_on_error(stop_on_error)
            .with_parallel_hosts(dice.choice([1, 2, 32]).unwrap_or(1));
        if dice.bool() {
            policy = policy.with_connections_per_host(dice.usize(1..4));
        }
        let interrupted_after = (dice.u8(..10) < 2).then(|| Duration::from_millis(dice.u64(..30_000)));
        let prompt = if dice.u8(..10) < 3 { seconds(&[3, 9, 11, 60], dice) } else { Duration::ZERO };
        Self {
            account,
            login,
            server_names,
            hosts,
            policy,
            session_deadline,
            run_deadline,
            stop_on_error,
            interrupted_after,
            surveyed,
            gets_first: dice.bool(),
            guarded: dice.u8(..10) < 3,
            prompt,
            remembered,
        }
    }
}

impl Host {
    fn draw(dice: &mut Rng, number: usize, refuses: bool) -> Self {
        let name = format!("web{number:02}.lab");
        let endpoint = Endpoint::parse(&name, false).unwrap();
        let mut world = World::seeded(&name, dice.u64(..));
        for _ in 0..dice.usize(..5) {
            world.add(shell(dice));
        }
        let ids: Vec<_> = world.shells().iter().map(|shell| shell.shell_id.clone()).collect();
        let weather = match dice.u8(..10) {
            0 => Weather::default(),
            1..3 => {
                let vice = match dice.u8(..4) {
                    0 => Some(Vice::Stubborn),
                    1 => Some(Vice::Belying(fault::belying(dice))),
                    _ => None,
                };
                Weather { fault_kind: 60, victim: dice.choice(ids), vice, ..Weather::default() }
            }
            3..5 => Weather { people: 30, ..Weather::default() },
            5..7 => Weather { fault_kind: 15, people: 10, refuses, ..Weather::default() },
            _ => Weather { fault_kind: 50, people: 20, refuses, ..Weather::default() },
        };
        if weather.people > 0
            && dice.u8(..10) == 0
            && let Some(shell) = dice.choice(world.shells_mut())
        {
            shell.undecodable = true;
        }
        let omi = dice.u8(..8) == 0;
        if omi {
            speak_as_omi(&mut world);
        }
        Self { endpoint, world, weather, omi }
    }
}

fn speak_as_omi(world: &mut World) {
    let prefix = |namespace: &str| format!(r#"xmlns:rsp="{namespace}""#);
    let in_cim = InjectedFault::Replace(prefix(uri::SHELL), prefix(uri::CIM_SHELL));
    for kind in [OperationKind::Enumerate, OperationKind::Pull, OperationKind::Get] {
        world.inject(kind, usize::MAX, in_cim.clone());
    }
    let no_stack = InjectedFault::Replace("Stack: 3.0".to_owned(), "1.9.1-0".to_owned());
    world.inject(OperationKind::Identify, usize::MAX, no_stack);
}

impl Weather {
    /// Nothing goes wrong but for requests about the victim, and nobody else acts.
    pub(super) fn is_calm(&self) -> bool {
        let is_quiet = self.fault_kind == 0 || self.victim.is_some();
        self.people == 0 && is_quiet && self.hangs_after.is_none()
    }
}

fn shell(dice: &mut Rng) -> SimulatedShell {
    let id = guid(dice);
    let owner = dice.choice(OWNERS).copied().unwrap_or(ME);
    let mut shell = match dice.u8(..4) {
        0 => SimulatedShell::cmd(&id, owner),
        1 => SimulatedShell::powershell(&id, "Runspace1", owner, "JEA"),
        _ => SimulatedShell::powershell(&id, "Runspace2", owner, "Microsoft.PowerShell"),
    };
    for _ in 0..dice.usize(..4).saturating_sub(1) {
        shell = shell.running(&guid(dice), "");
    }
    if dice.u8(..4) == 0 && shell.state.is_some() { shell.disconnected() } else { shell }
}

/// What somebody knows of a session without having asked now: much or little, right or wrong.
fn remember(
    dice: &mut Rng,
    hosts: &[Host],
    account: &Account,
    login: &'static str,
) -> Option<SessionDescriptor> {
    let host = dice.choice(hosts)?;
    let shells = host.world.shells();
    let real = dice.choice(shells).filter(|_| dice.u8(..10) < 9);
    let id = real.map_or_else(|| guid(dice), |shell| shell.shell_id.clone());
    let id = if dice.u8(..4) == 0 { id.to_lowercase() } else { id };
    let mut shell = Shell::new(ShellId::from_server(id), "");
    let mut seen_by = "";
    if let Some(real) = real.filter(|_| dice.u8(..4) != 0) {
        shell.resource_uri = real.resource_uri.as_str().into();
        shell.owner = Some(real.owner.clone().into());
        shell.client_ip = Some(real.client_ip.clone().into());
        let visible = account.administrator || account.is_owner(&real.owner);
        match dice.u8(..6) {
            0 => shell.owner = Some(ME.into()),
            1 => shell.client_ip = Some("192.0.2.1".into()),
            2 => seen_by = r"CONTOSO\root",
            3 if visible => seen_by = login,
            _ => {}
        }
    }
    let url = host.endpoint.url();
    let seen_on = SeenOn { host: host.endpoint.computer_name(), url, port: host.endpoint.port() };
    let seen_at = if dice.u8(..4) == 0 { SystemTime::UNIX_EPOCH } else { SystemTime::now() };
    let mut session = SessionDescriptor::from_shell(shell, seen_on, seen_by, seen_at);
    if dice.u8(..20) == 0 {
        session.transport = Transport::from_word("VMBus");
    }
    Some(session)
}

/// A fresh id, as Windows spells it.
pub(super) fn guid(dice: &mut Rng) -> String {
    uuid::Builder::from_random_bytes(dice.u128(..).to_be_bytes()).into_uuid().to_string().to_uppercase()
}
