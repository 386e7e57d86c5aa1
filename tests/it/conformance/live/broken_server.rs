//! A server that does one thing wrong: the simulator with its requests or answers changed, in clear or on the wire.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use pssession::simulator::{Caller, Delivery, Handler, Held, InjectedFault, Profile, Response, World};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// What is changed between the server and its client, where messages are in clear.
#[derive(Clone, Copy)]
pub(super) enum Change {
    /// In each request.
    Request(&'static str, &'static str),
    /// In each answer.
    Answer(&'static str, &'static str),
    /// In each answer but the first.
    Later(&'static str, &'static str),
    /// The status of each answer.
    Status(u16),
    /// Requests in which this stands are not done, and answered so.
    Instead(&'static str, u16, &'static str),
    /// Each answer to a sealed request is in clear.
    InClear,
}

/// The world with one change.
pub(super) struct Changed {
    pub(super) world: World,
    pub(super) change: Change,
    pub(super) answers: usize,
}

impl Changed {
    fn answered(&mut self, mut response: Response) -> Response {
        if response.held.is_some() {
            return response;
        }
        self.answers += 1;
        let mut replace = |from: &str, to: &str| {
            let text = String::from_utf8(std::mem::take(&mut response.body)).unwrap();
            response.body = text.replace(from, to).into_bytes();
        };
        match self.change {
            Change::Answer(from, to) => replace(from, to),
            Change::Later(from, to) if self.answers > 1 => replace(from, to),
            Change::Status(status) => response.status = status,
            Change::InClear => response.delivery = Delivery::InClear,
            _ => {}
        }
        response
    }
}

impl Handler for Changed {
    fn handle(&mut self, caller: &Caller, request: &[u8], now: Duration) -> Response {
        let text = String::from_utf8_lossy(request).into_owned();
        let response = match self.change {
            Change::Instead(part, status, body) if text.contains(part) => {
                Response::soap(status, body.to_owned())
            }
            Change::Request(from, to) => self.world.handle(caller, text.replace(from, to).as_bytes(), now),
            _ => self.world.handle(caller, request, now),
        };
        self.answered(response)
    }

    fn resume(&mut self, held: &Held, now: Duration) -> Response {
        let response = self.world.resume(held, now);
        self.answered(response)
    }

    fn path(&self) -> &str {
        self.world.profile().path()
    }

    fn profile(&self) -> Profile {
        self.world.profile()
    }

    fn machine(&self) -> &str {
        self.world.machine()
    }

    fn login_fault(&mut self) -> Option<InjectedFault> {
        self.world.take_login_fault()
    }
}

/// One message on the wire.
#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    /// The request line, or the status line.
    pub(super) first: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Message {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn set(&mut self, name: &str, value: Option<&str>) {
        self.headers.retain(|(found, _)| !found.eq_ignore_ascii_case(name));
        self.headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }

    pub(super) fn status(&self) -> u16 {
        self.first.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub(super) fn set_status(&mut self, status: u16) {
        self.first = format!("HTTP/1.1 {status} X");
    }

    async fn read(stream: &mut BufReader<TcpStream>) -> Option<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.lines();
        let first = lines.next()?.to_owned();
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        let by_name: HashMap<String, &str> =
            headers.iter().map(|(name, value)| (name.to_lowercase(), value.as_str())).collect();
        let length = by_name.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        Some(Self { first, headers, body })
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{}\r\n", self.first);
        for (name, value) in
            self.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("content-length"))
        {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", self.body.len()));
        [head.as_bytes(), &self.body].concat()
    }
}

/// Changes the answer to a request.
pub(super) type OnTheWire = fn(&Message, &mut Message);

/// A proxy before the server that changes its answers.
pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Proxy {
    pub(super) async fn start(server: SocketAddr, change: OnTheWire) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(async move {
                    let mut client = BufReader::new(client);
                    let mut server = BufReader::new(TcpStream::connect(server).await.unwrap());
                    while let Some(request) = Message::read(&mut client).await {
                        if server.write_all(&request.bytes()).await.is_err() {
                            return;
                        }
                        let Some(mut answer) = Message::read(&mut server).await else { return };
                        change(&request, &mut answer);
                        if client.write_all(&answer.bytes()).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { address, task }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}
