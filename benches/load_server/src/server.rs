//! The loop: one thread, edge-triggered events, and answers that wait for their time.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd as _;
use std::time::{Duration, Instant};

use mio::net::TcpListener;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal};

use crate::connection::{Connection, Next};
use crate::hosts::{self, Behaviour, Host};
use crate::options::Options;
use crate::service::Service;

pub struct Server {
    poll: Poll,
    service: Service,
    /// By host; a host that refuses has none.
    listeners: Vec<Option<TcpListener>>,
    connections: Vec<Option<Connection>>,
    /// How often each place was taken, so that an answer does not go to a later connection.
    generations: Vec<u32>,
    free: Vec<usize>,
    /// Answers that wait, in the order of their time: the latency is the same for all.
    due: VecDeque<Due>,
    latency: Duration,
    port: u16,
}

#[derive(Clone, Copy, Debug)]
struct Due {
    at: Instant,
    place: usize,
    generation: u32,
}

const STDIN: Token = Token(usize::MAX - 1);
const STOP: Token = Token(usize::MAX - 2);
/// The password has so many characters of so many.
const PASSWORD_LENGTH: usize = 24;
const PASSWORD_CHARACTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// The most bytes that one read takes.
const SCRATCH: usize = 65_536;
/// How often a free port is looked for that is free on the address of every host.
const PORT_ATTEMPTS: usize = 20;

impl Server {
    pub fn start(options: &Options) -> io::Result<Self> {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
        if soft < hard {
            setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
        }
        let poll = Poll::new()?;
        let (hosts, mut listeners, port) = listen(options)?;
        for (number, listener) in listeners.iter_mut().enumerate() {
            if let Some(listener) = listener {
                poll.registry().register(listener, Token(number), Interest::READABLE)?;
            }
        }
        if let Some(path) = &options.inventory {
            std::fs::write(path, hosts::inventory(&hosts))?;
        }
        if let Some(path) = &options.targets {
            std::fs::write(path, hosts::targets(&hosts))?;
        }
        Ok(Self {
            poll,
            service: Service::new(options, hosts, password()?),
            listeners,
            connections: Vec::new(),
            generations: Vec::new(),
            free: Vec::new(),
            due: VecDeque::new(),
            latency: options.latency,
            port,
        })
    }

    /// Where it listens and who may log in, as one object of JSON.
    pub fn announcement(&self) -> String {
        let account = &self.service.account;
        let hosts: Vec<String> =
            self.service.hosts.iter().map(|host| format!("\"{}\"", host.address)).collect();
        format!(
            "{{\"port\":{},\"user\":\"{}\\\\{}\",\"password\":\"{}\",\"shells\":{},\"hosts\":[{}]}}",
            self.port,
            account.domain,
            account.name,
            account.password,
            self.left(),
            hosts.join(",")
        )
    }

    /// What it was asked and what that cost, as one object of JSON.
    pub fn report(&self) -> String {
        self.service.counters.report(self.left())
    }

    fn left(&self) -> usize {
        self.service.hosts.iter().map(|host| host.shells.left()).sum()
    }

    /// Serves until stdin closes or a signal asks for the end.
    pub fn run(&mut self) -> io::Result<()> {
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGTERM);
        signals.add(Signal::SIGINT);
        signals.thread_block()?;
        let stop = nix::sys::signalfd::SignalFd::new(&signals)?;
        self.poll.registry().register(&mut SourceFd(&stop.as_raw_fd()), STOP, Interest::READABLE)?;
        let stdin = io::stdin().as_raw_fd();
        // A file or /dev/null as stdin cannot be watched, and does not close.
        let _ = self.poll.registry().register(&mut SourceFd(&stdin), STDIN, Interest::READABLE);

        let mut events = Events::with_capacity(1_024);
        let mut scratch = vec![0; SCRATCH];
        loop {
            let wait = self.due.front().map(|due| due.at.saturating_duration_since(Instant::now()));
            match self.poll.poll(&mut events, wait) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            }
            for event in &events {
                match event.token() {
                    STOP => return Ok(()),
                    STDIN if event.is_read_closed() => return Ok(()),
                    STDIN => {}
                    Token(number) if number < self.listeners.len() => self.accept(number)?,
                    Token(number) => {
                        let place = number - self.listeners.len();
                        if event.is_writable() && self.is_writing(place) {
                            self.write(place);
                        }
                        if event.is_readable() {
                            self.read(place, &mut scratch, event.is_read_closed());
                        }
                    }
                }
            }
            self.write_due();
        }
    }

    fn accept(&mut self, host: usize) -> io::Result<()> {
        loop {
            let Some(Some(listener)) = self.listeners.get(host) else { return Ok(()) };
            let mut stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                Err(error) => return Err(error),
            };
            let place = self.free.pop().unwrap_or_else(|| {
                self.connections.push(None);
                self.generations.push(0);
                self.connections.len() - 1
            });
            let token = Token(self.listeners.len() + place);
            self.poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
            let _ = stream.set_nodelay(true);
            self.connections[place] = Some(Connection::new(stream, host));
            let counters = &mut self.service.counters;
            counters.first_connection.get_or_insert_with(Instant::now);
            counters.connections += 1;
            counters.open += 1;
            counters.most_open = counters.most_open.max(counters.open);
        }
    }

    fn read(&mut self, place: usize, scratch: &mut [u8], is_ending: bool) {
        let Some(Some(connection)) = self.connections.get_mut(place) else { return };
        match connection.read(&mut self.service, scratch, is_ending) {
            Ok(Next::Wait) => {}
            Ok(Next::Answer) if self.latency.is_zero() => self.write(place),
            Ok(Next::Answer) => {
                let at = Instant::now() + self.latency;
                self.due.push_back(Due { at, place, generation: self.generations[place] });
            }
            Ok(Next::Close) | Err(_) => self.close(place),
        }
    }

    fn is_writing(&self, place: usize) -> bool {
        self.connections.get(place).and_then(Option::as_ref).is_some_and(Connection::is_writing)
    }

    fn write(&mut self, place: usize) {
        let Some(Some(connection)) = self.connections.get_mut(place) else { return };
        if !matches!(connection.write(), Ok(Next::Wait | Next::Answer)) {
            self.close(place);
        }
    }

    fn write_due(&mut self) {
        if self.due.is_empty() {
            return;
        }
        let now = Instant::now();
        while let Some(due) = self.due.pop_front_if(|due| due.at <= now) {
            if self.generations[due.place] == due.generation {
                self.write(due.place);
            }
        }
    }

    fn close(&mut self, place: usize) {
        if let Some(closed) = self.connections[place].take() {
            // Dropping the stream takes it out of the poll.
            drop(closed);
            self.generations[place] = self.generations[place].wrapping_add(1);
            self.free.push(place);
            self.service.counters.open -= 1;
        }
    }
}

/// The hosts, and a listener on the address of each that has one, all on one port.
fn listen(options: &Options) -> io::Result<(Vec<Host>, Vec<Option<TcpListener>>, u16)> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let port = match options.port {
            // The port of the first address; whether it is free on the others shows.
            0 => std::net::TcpListener::bind((hosts::address(0), 0))?.local_addr()?.port(),
            port => port,
        };
        let hosts = hosts::build(options, port);
        let listeners: io::Result<Vec<_>> = hosts
            .iter()
            .map(|host| match host.behaviour {
                Behaviour::Refusing => Ok(None),
                _ => TcpListener::bind(SocketAddr::V4(host.address)).map(Some),
            })
            .collect();
        match listeners {
            Ok(listeners) => return Ok((hosts, listeners, port)),
            Err(error)
                if error.kind() == io::ErrorKind::AddrInUse
                    && options.port == 0
                    && attempts < PORT_ATTEMPTS => {}
            Err(error) => return Err(error),
        }
    }
}

fn password() -> io::Result<String> {
    let mut bytes = [0; PASSWORD_LENGTH];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes.iter().map(|byte| char::from(PASSWORD_CHARACTERS[usize::from(byte % 32)])).collect())
}
