//! The loop: one thread, edge-triggered events, and answers that wait for their time.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd as _;
use std::time::{Duration, Instant};

use mio::net::TcpListener;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, bind, listen, setsockopt, socket, sockopt,
};

use crate::connection::{Connection, Next};
use crate::hosts;
use crate::options::Options;
use crate::service::Service;

pub struct Server {
    poll: Poll,
    service: Service,
    /// One for all hosts: a fleet of 10,000 would need as many descriptors, which its connections need.
    listener: TcpListener,
    connections: Vec<Option<Connection>>,
    /// How often each place was taken, so that an answer does not go to a later connection.
    generations: Vec<u32>,
    free: Vec<usize>,
    /// Answers that wait, in the order of their time: the latency is the same for all.
    due: VecDeque<Due>,
    latency: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Due {
    at: Instant,
    place: usize,
    generation: u32,
}

const STDIN: Token = Token(usize::MAX - 1);
const STOP: Token = Token(usize::MAX - 2);
const LISTENER: Token = Token(usize::MAX - 3);
/// The password has so many characters of so many.
const PASSWORD_LENGTH: usize = 24;
const PASSWORD_CHARACTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// The most bytes that one read takes.
const SCRATCH: usize = 65_536;

impl Server {
    pub fn start(options: &Options) -> io::Result<Self> {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
        if soft < hard {
            setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
        }
        let poll = Poll::new()?;
        let mut listener = listener(options.port)?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let port = listener.local_addr()?.port();
        // Nobody listens on it, and it is drawn from the same ports, so that hardly anybody will.
        let refusing = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let hosts = hosts::build(options, port, refusing);
        if let Some(path) = &options.inventory {
            std::fs::write(path, hosts::inventory(&hosts))?;
        }
        if let Some(path) = &options.targets {
            std::fs::write(path, hosts::targets(&hosts))?;
        }
        Ok(Self {
            poll,
            service: Service::new(options, hosts, password()?),
            listener,
            connections: Vec::new(),
            generations: Vec::new(),
            free: Vec::new(),
            due: VecDeque::new(),
            latency: options.latency,
        })
    }

    /// Where it listens and who may log in, as one object of JSON.
    pub fn announcement(&self) -> String {
        let account = &self.service.account;
        let hosts: Vec<String> =
            self.service.hosts.iter().map(|host| format!("\"{}\"", host.address)).collect();
        format!(
            "{{\"user\":\"{}\\\\{}\",\"password\":\"{}\",\"shells\":{},\"hosts\":[{}]}}",
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
                    LISTENER => self.accept()?,
                    Token(place) => {
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

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                Err(error) => return Err(error),
            };
            // Which host was meant, the connection's own address tells.
            let host = match stream.local_addr() {
                Ok(SocketAddr::V4(address)) => hosts::number(*address.ip()),
                _ => None,
            };
            let Some(host) = host.filter(|host| *host < self.service.hosts.len()) else { continue };
            let place = self.free.pop().unwrap_or_else(|| {
                self.connections.push(None);
                self.generations.push(0);
                self.connections.len() - 1
            });
            self.poll.registry().register(
                &mut stream,
                Token(place),
                Interest::READABLE | Interest::WRITABLE,
            )?;
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

/// Listens on every address, but on the loopback interface alone, so that nobody else reaches it.
fn listener(port: u16) -> io::Result<TcpListener> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let socket = socket(AddressFamily::Inet, SockType::Stream, flags, None)?;
    setsockopt(&socket, sockopt::BindToDevice, &"lo".into())?;
    setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    bind(socket.as_raw_fd(), &SockaddrIn::new(0, 0, 0, 0, port))?;
    listen(&socket, Backlog::MAXALLOWABLE)?;
    Ok(TcpListener::from_std(socket.into()))
}

fn password() -> io::Result<String> {
    let mut bytes = [0; PASSWORD_LENGTH];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes.iter().map(|byte| char::from(PASSWORD_CHARACTERS[usize::from(byte % 32)])).collect())
}
