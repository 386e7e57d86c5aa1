//! One TCP connection: what was read of a request, and what is to be written.

use std::io::{self, Read as _, Write as _};

use mio::net::TcpStream;

use crate::hosts::Behaviour;
use crate::http::{self, Read};
use crate::service::Service;
use crate::simulator::Login;

#[derive(Debug)]
pub struct Connection {
    pub stream: TcpStream,
    host: usize,
    login: Login,
    /// The part of a request that has come.
    input: Vec<u8>,
    output: Vec<u8>,
    written: usize,
    closes: bool,
}

/// What is to be done with the connection next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Wait,
    /// An answer stands in its output.
    Answer,
    Close,
}

impl Connection {
    pub fn new(stream: TcpStream, host: usize) -> Self {
        Self {
            stream,
            host,
            login: Login::default(),
            input: Vec::new(),
            output: Vec::new(),
            written: 0,
            closes: false,
        }
    }

    /// Reads what has come. With `is_ending`, the other side has closed its half, and everything is read.
    pub fn read(&mut self, service: &mut Service, scratch: &mut [u8], is_ending: bool) -> io::Result<Next> {
        let mut next = Next::Wait;
        loop {
            let count = match self.stream.read(scratch) {
                Ok(0) => return Ok(Next::Close),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(next),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let behaviour = service.hosts.get(self.host).map(|host| host.behaviour);
            if behaviour != Some(Behaviour::Hanging) {
                match self.take(service, &scratch[..count], behaviour == Some(Behaviour::Unavailable)) {
                    Next::Wait => {}
                    other => next = other,
                }
            }
            // Fewer bytes than there was room for: nothing more is there, and the next ones are told of again.
            if count < scratch.len() && !is_ending {
                return Ok(next);
            }
        }
    }

    fn take(&mut self, service: &mut Service, bytes: &[u8], is_unavailable: bool) -> Next {
        let kept = std::mem::take(&mut self.input);
        let whole;
        let mut buffer = bytes;
        if !kept.is_empty() {
            whole = [kept.as_slice(), bytes].concat();
            buffer = &whole;
        }
        let mut next = Next::Wait;
        loop {
            match http::read(buffer) {
                Read::Whole(request, used) => {
                    self.closes |= request.closes;
                    if is_unavailable {
                        service.be_unavailable(&mut self.output);
                    } else {
                        service.respond(self.host, &mut self.login, &request, &mut self.output);
                    }
                    next = Next::Answer;
                    buffer = &buffer[used..];
                    if buffer.is_empty() {
                        return next;
                    }
                }
                Read::Partial => {
                    self.input = buffer.to_vec();
                    return next;
                }
                Read::Malformed => {
                    service.counters.malformed += 1;
                    return Next::Close;
                }
            }
        }
    }

    /// Writes what stands in the output, or as much as goes.
    pub fn write(&mut self) -> io::Result<Next> {
        while self.written < self.output.len() {
            match self.stream.write(&self.output[self.written..]) {
                Ok(0) => return Ok(Next::Close),
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Next::Wait),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.output.clear();
        self.written = 0;
        // A page of a listing is large; a connection that has read it needs no such room again.
        self.output.shrink_to(4_096);
        Ok(if self.closes { Next::Close } else { Next::Wait })
    }

    /// Whether a write began and did not end.
    pub fn is_writing(&self) -> bool {
        self.written > 0
    }
}
