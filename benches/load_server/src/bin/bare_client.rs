//! The floor of what a client can cost: it closes the shells of a file by prebuilt Deletes with Basic, from one thread,
//! and looks at nothing but the status and the length of each answer.
//!
//! Usage: bare_client TARGETS USER CONNECTIONS-PER-HOST PARALLEL-HOSTS, the password in LOAD_PASSWORD. It prints one
//! object of JSON.

use std::collections::VecDeque;
use std::error::Error;
use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;

use base64::Engine as _;
use memchr::memmem;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

/// The request around the id of the shell.
struct Texts {
    before: Vec<u8>,
    after: Vec<u8>,
}

/// The shells of one host that are still to be closed.
struct Host {
    address: SocketAddr,
    ids: VecDeque<String>,
    open: usize,
}

struct Connection {
    stream: TcpStream,
    host: usize,
    has_sent: bool,
    input: Vec<u8>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, targets, user, per_host, parallel] = arguments.as_slice() else {
        return Err("usage: bare_client TARGETS USER CONNECTIONS-PER-HOST PARALLEL-HOSTS".into());
    };
    let mut client = Client {
        poll: Poll::new()?,
        texts: texts(user, &std::env::var("LOAD_PASSWORD")?),
        hosts: read_hosts(&std::fs::read_to_string(targets)?)?,
        connections: Vec::new(),
        request: Vec::new(),
        closed: 0,
        failed: 0,
    };
    client.run(per_host.parse()?, parallel.parse()?)?;
    println!("{{\"closed\":{},\"failed\":{}}}", client.closed, client.failed);
    Ok(())
}

struct Client {
    poll: Poll,
    texts: Texts,
    hosts: Vec<Host>,
    connections: Vec<Connection>,
    request: Vec<u8>,
    closed: u64,
    failed: u64,
}

impl Client {
    fn run(&mut self, per_host: usize, parallel: usize) -> io::Result<()> {
        let mut next = 0;
        let mut open = 0;
        let mut events = Events::with_capacity(1_024);
        let mut scratch = vec![0; 65_536];
        loop {
            while open < parallel && next < self.hosts.len() {
                self.connect(next, per_host)?;
                next += 1;
                open += 1;
            }
            if open == 0 {
                return Ok(());
            }
            self.poll.poll(&mut events, None)?;
            for event in &events {
                let Token(place) = event.token();
                if self.advance(place, &mut scratch)? {
                    let host = self.connections[place].host;
                    self.hosts[host].open -= 1;
                    open -= usize::from(self.hosts[host].open == 0);
                }
            }
        }
    }

    fn connect(&mut self, host: usize, per_host: usize) -> io::Result<()> {
        let count = per_host.min(self.hosts[host].ids.len());
        for _ in 0..count {
            let mut stream = TcpStream::connect(self.hosts[host].address)?;
            let token = Token(self.connections.len());
            self.poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
            self.connections.push(Connection { stream, host, has_sent: false, input: Vec::new() });
        }
        self.hosts[host].open = count;
        Ok(())
    }

    /// Goes on with one connection; whether it has ended.
    fn advance(&mut self, place: usize, scratch: &mut [u8]) -> io::Result<bool> {
        let connection = &mut self.connections[place];
        if !connection.has_sent {
            connection.stream.set_nodelay(true)?;
            return self.send(place);
        }
        let count = match connection.stream.read(scratch) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        };
        if count == 0 {
            return Ok(false);
        }
        let status = if connection.input.is_empty() {
            status(&scratch[..count])
        } else {
            connection.input.extend_from_slice(&scratch[..count]);
            status(&connection.input)
        };
        match status {
            None => {
                if connection.input.is_empty() {
                    connection.input.extend_from_slice(&scratch[..count]);
                }
                return Ok(false);
            }
            Some(true) => self.closed += 1,
            Some(false) => self.failed += 1,
        }
        connection.input.clear();
        self.send(place)
    }

    /// Sends the host's next Delete, which is small enough for any socket; at the end it closes its half.
    fn send(&mut self, place: usize) -> io::Result<bool> {
        let connection = &mut self.connections[place];
        let Some(id) = self.hosts[connection.host].ids.pop_front() else {
            self.poll.registry().deregister(&mut connection.stream)?;
            connection.stream.shutdown(std::net::Shutdown::Both)?;
            return Ok(true);
        };
        self.request.clear();
        self.request.extend_from_slice(&self.texts.before);
        self.request.extend_from_slice(id.as_bytes());
        self.request.extend_from_slice(&self.texts.after);
        connection.stream.write_all(&self.request)?;
        connection.has_sent = true;
        Ok(false)
    }
}

/// Whether a whole answer is 200; `None` if more is to come.
fn status(answer: &[u8]) -> Option<bool> {
    let head = memmem::find(answer, b"\r\n\r\n")?;
    let length = memmem::find(&answer[..head], b"Content-Length: ")? + 16;
    let digits = answer[length..].iter().take_while(|byte| byte.is_ascii_digit());
    let length = digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
    (answer.len() >= head + 4 + length).then(|| answer.starts_with(b"HTTP/1.1 200"))
}

fn read_hosts(text: &str) -> Result<Vec<Host>, Box<dyn Error>> {
    let mut hosts: Vec<Host> = Vec::new();
    for line in text.lines() {
        let (address, id) = line.split_once(' ').ok_or("a target is host:port and a ShellId")?;
        let address: SocketAddr = address.parse()?;
        match hosts.last_mut().filter(|host| host.address == address) {
            Some(host) => host.ids.push_back(id.to_owned()),
            None => hosts.push(Host { address, ids: [id.to_owned()].into(), open: 0 }),
        }
    }
    Ok(hosts)
}

fn texts(user: &str, password: &str) -> Texts {
    let body = DELETE.replace('\n', "");
    let (before, after) = body.split_once("SHELL").unwrap_or_default();
    let credentials = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    let length = body.len() - "SHELL".len() + 36;
    let head = format!(
        "POST /wsman HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {credentials}\r\n\
         Content-Type: application/soap+xml;charset=UTF-8\r\nContent-Length: {length}\r\n\r\n"
    );
    Texts { before: (head + before).into_bytes(), after: after.as_bytes().to_vec() }
}

const DELETE: &str = r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
 xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
 xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"><s:Header><a:To>http://127.0.0.1/wsman</a:To>
<w:ResourceURI s:mustUnderstand="true">http://schemas.microsoft.com/wbem/wsman/1/windows/shell</w:ResourceURI>
<a:ReplyTo><a:Address s:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>
<a:Action s:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2004/09/transfer/Delete</a:Action>
<w:MaxEnvelopeSize s:mustUnderstand="true">512000</w:MaxEnvelopeSize>
<a:MessageID>uuid:6B0E4C0A-0B62-4E0C-9C4E-0D8D4A7C1F11</a:MessageID>
<w:Locale xml:lang="en-US" s:mustUnderstand="false"/><p:DataLocale xml:lang="en-US" s:mustUnderstand="false"/>
<w:OperationTimeout>PT60S</w:OperationTimeout>
<w:SelectorSet><w:Selector Name="ShellId">SHELL</w:Selector></w:SelectorSet></s:Header><s:Body/></s:Envelope>"#;
