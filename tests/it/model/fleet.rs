//! Hosts, each with shells and a way to answer.

use std::fmt;
use std::time::Duration;

use fastrand::Rng;
use pssession::simulator::{Account, InjectedFault, OperationKind, SimulatedShell, Simulator, World};
use tokio::net::TcpListener;

use super::super::command::NOBODY;

pub(super) const PASSWORD: &str = "correct horse";

/// The hosts of one run, and who logs in.
pub(super) struct Fleet {
    pub(super) hosts: Vec<Host>,
    /// The account as it is typed.
    pub(super) user: String,
    /// Whether it sees and may close everybody's shells.
    pub(super) administrator: bool,
}

pub(super) struct Host {
    pub(super) answers: Answers,
    /// The shells, in the server's order.
    pub(super) shells: Vec<Shell>,
    address: String,
    /// Keeps the host alive.
    _server: Server,
    simulator: Option<Simulator>,
}

enum Server {
    Simulated,
    Silent { _listener: TcpListener },
    Nobody,
}

/// How a host answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answers {
    Well,
    /// It accepts the login and denies the listing.
    DeniesListing,
    /// It does not admit this account, with a 401 as a wrong password gets.
    RefusesLogin,
    /// It accepts the connection and never answers.
    Never,
    /// Nobody listens there.
    NotAtAll,
}

/// What the model knows of a shell.
#[derive(Clone, Debug)]
pub(super) struct Shell {
    pub(super) id: String,
    pub(super) name: Option<&'static str>,
    pub(super) owner: &'static str,
    pub(super) is_cmd: bool,
    pub(super) runs: bool,
    /// Its commands cannot be listed.
    pub(super) unlisted_commands: bool,
    pub(super) idle_hours: u64,
}

/// The login that is always the same person.
pub(super) const ME: &str = r"CORP\me";
const OWNERS: [&str; 5] = [ME, ME, r"CORP\alice", r"CORP\ci-runner", r"WEB01\me"];
const NAMES: [Option<&str>; 5] = [Some("build-1"), Some("build-2"), Some("deploy"), Some("it"), None];

impl Fleet {
    pub(super) async fn draw(dice: &mut Rng) -> Self {
        let administrator = dice.u8(..4) > 0;
        let count = dice.usize(1..=4);
        let mut hosts = Vec::new();
        for number in 0..count {
            hosts.push(Host::draw(dice, number, administrator).await);
        }
        Self { hosts, user: ME.to_owned(), administrator }
    }

    pub(super) fn addresses(&self) -> Vec<&str> {
        self.hosts.iter().map(|host| host.address.as_str()).collect()
    }

    /// The ids of the shells that are there now.
    pub(super) fn shells(&self) -> Vec<String> {
        let simulators = self.hosts.iter().filter_map(|host| host.simulator.as_ref());
        simulators
            .flat_map(|simulator| {
                let world = simulator.world();
                let world = world.lock().unwrap();
                world.shells().iter().map(|shell| shell.shell_id.clone()).collect::<Vec<_>>()
            })
            .collect()
    }
}

impl Host {
    async fn draw(dice: &mut Rng, number: usize, administrator: bool) -> Self {
        let answers = match dice.u8(..20) {
            0 => Answers::DeniesListing,
            1..=2 => Answers::RefusesLogin,
            3 => Answers::Never,
            4 => Answers::NotAtAll,
            _ => Answers::Well,
        };
        let shells: Vec<Shell> = (0..dice.usize(..5)).map(|_| Shell::draw(dice)).collect();
        match answers {
            Answers::Never => {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = listener.local_addr().unwrap().to_string();
                Self {
                    answers,
                    shells,
                    address,
                    _server: Server::Silent { _listener: listener },
                    simulator: None,
                }
            }
            Answers::NotAtAll => {
                let address = NOBODY.to_owned();
                Self { answers, shells, address, _server: Server::Nobody, simulator: None }
            }
            _ => {
                let simulator = simulate(&shells, answers, number, administrator).await;
                let address = simulator.address().to_string();
                Self { answers, shells, address, _server: Server::Simulated, simulator: Some(simulator) }
            }
        }
    }

    /// Those that the login sees there.
    pub(super) fn visible(&self, administrator: bool) -> impl Iterator<Item = &Shell> {
        self.shells.iter().filter(move |shell| administrator || shell.owner == ME)
    }
}

async fn simulate(shells: &[Shell], answers: Answers, number: usize, administrator: bool) -> Simulator {
    let mut world = World::new(&format!("web0{number}"));
    for shell in shells {
        world.add(shell.simulated());
        if shell.unlisted_commands {
            world.inject_for(OperationKind::EnumerateCommands, &shell.id, 99, InjectedFault::Fault(5));
        }
    }
    if answers == Answers::DeniesListing {
        world.inject(OperationKind::Enumerate, 99, InjectedFault::Fault(5));
    }
    let account = if administrator { Account::administrator(ME) } else { Account::user(ME) };
    let password = if answers == Answers::RefusesLogin { "another one" } else { PASSWORD };
    Simulator::builder().world(world).account(account, password.to_owned().into()).start().await.unwrap()
}

impl Shell {
    fn draw(dice: &mut Rng) -> Self {
        let id = uuid::Uuid::from_u128(dice.u128(..)).to_string().to_uppercase();
        let is_cmd = dice.u8(..4) == 0;
        Self {
            id,
            name: if is_cmd { None } else { dice.choice(NAMES).unwrap() },
            owner: dice.choice(OWNERS).unwrap(),
            is_cmd,
            runs: dice.u8(..4) == 0,
            unlisted_commands: dice.u8(..12) == 0,
            idle_hours: dice.u64(..6),
        }
    }

    fn simulated(&self) -> SimulatedShell {
        let mut shell = match self.is_cmd {
            true => SimulatedShell::cmd(&self.id, self.owner),
            false => SimulatedShell::powershell(
                &self.id,
                self.name.unwrap_or_default(),
                self.owner,
                "Microsoft.PowerShell",
            ),
        };
        if self.runs {
            shell = shell.running("CF84C20A-0A35-43FA-AF78-0B4711DA5F30", "msbuild.exe");
        }
        shell.aged(Duration::from_secs(86_400), Duration::from_secs(self.idle_hours * 3_600 + 1_800))
    }
}

impl fmt::Display for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for host in &self.hosts {
            writeln!(f, "  {} answers {:?}", host.address, host.answers)?;
            for shell in &host.shells {
                writeln!(f, "    {shell:?}")?;
            }
        }
        Ok(())
    }
}
