//! One request at one host: who asks, what is done, and the bytes of the answer.

use std::collections::HashMap;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::answers::{self, Answer, Answers, Status};
use crate::auth::ServerNames;
use crate::hosts::Host;
use crate::http::Request;
use crate::options::Options;
use crate::requests::{Asked, Operation};
use crate::shells::{ShellTexts, shell_number};
use crate::simulator::{Account, Login, SEALED_TYPE, Step};
use crate::usage::Counters;

/// What all connections share.
#[derive(Debug)]
pub struct Service {
    pub hosts: Vec<Host>,
    pub account: Account,
    pub counters: Counters,
    /// The values of `Authorization` that stand for the account with Basic.
    basic: [Vec<u8>; 2],
    names: ServerNames,
    texts: ShellTexts,
    answers: Answers,
    /// The open listings: their host, and the number of the shell that comes next.
    listings: HashMap<u64, (usize, usize)>,
    next_listing: u64,
    /// The envelope of the answer, kept so that no request allocates one.
    envelope: Vec<u8>,
}

/// What every envelope of a page costs besides its items; as much as the simulator reserves.
const ENVELOPE_OVERHEAD: usize = 1_400;
/// MaxBatchItems.
const MAX_BATCH_ITEMS: usize = 32_000;
/// A request's MaxEnvelopeSize where it has none.
const DEFAULT_ENVELOPE_SIZE: usize = 153_600;

const SOAP_TYPE: &[u8] = b"Content-Type: application/soap+xml;charset=UTF-8\r\n";
const OFFERS: &[u8] = b"WWW-Authenticate: Negotiate\r\nWWW-Authenticate: Basic realm=\"WSMAN\"\r\n";

impl Service {
    pub fn new(options: &Options, hosts: Vec<Host>, password: String) -> Self {
        let account = Account { domain: "LAB".to_owned(), name: "admin".to_owned(), password };
        let basic = |user: &str| {
            format!("Basic {}", BASE64.encode(format!("{user}:{}", account.password))).into_bytes()
        };
        Self {
            basic: [basic("LAB\\admin"), basic("admin")],
            hosts,
            account,
            counters: Counters::default(),
            names: ServerNames {
                netbios_domain: "LAB".to_owned(),
                netbios_computer: answers::MACHINE.to_uppercase(),
                dns_domain: "lab.example".to_owned(),
            },
            texts: ShellTexts::new(options),
            answers: Answers::new(),
            listings: HashMap::new(),
            next_listing: 0,
            envelope: Vec::new(),
        }
    }

    /// Answers 503.
    pub fn be_unavailable(&mut self, out: &mut Vec<u8>) {
        self.counters.unavailable += 1;
        answers::head(out, Status::Unavailable, b"", 0);
    }

    pub fn respond(&mut self, host: usize, login: &mut Login, request: &Request<'_>, out: &mut Vec<u8>) {
        if !request.is_at_wsman {
            return answers::head(out, Status::NotFound, b"", 0);
        }
        let Some(authorization) = request.authorization else {
            return match (request.is_anonymous, login.stands()) {
                (true, _) => self.answer_anonymous(request.body, out),
                (false, true) => self.answer(host, login, request, b"", out),
                (false, false) => self.refuse(out),
            };
        };
        if self.basic.iter().any(|known| known == authorization) {
            let status = self.perform(host, request.body);
            return self.send_clear(status, out);
        }
        let negotiate = authorization.len() > 10 && authorization[..10].eq_ignore_ascii_case(b"Negotiate ");
        if !negotiate {
            return self.refuse(out);
        }
        match login.step(authorization[10..].trim_ascii(), &self.account, &self.names) {
            Step::Continue(token) => {
                self.counters.challenges += 1;
                answers::head(out, Status::Unauthorized, &token, 0);
            }
            Step::Accepted(token) => {
                self.counters.logins += 1;
                if request.body.is_empty() {
                    answers::head(out, Status::Ok, &token, 0);
                } else {
                    self.answer(host, login, request, &token, out);
                }
            }
            Step::Refused => self.refuse(out),
        }
    }

    fn refuse(&mut self, out: &mut Vec<u8>) {
        self.counters.unauthorized += 1;
        answers::head(out, Status::Unauthorized, OFFERS, 0);
    }

    fn answer_anonymous(&mut self, body: &[u8], out: &mut Vec<u8>) {
        if Asked::read(body).operation != Operation::Identify {
            return self.refuse(out);
        }
        self.counters.operations[Operation::Identify as usize] += 1;
        self.envelope.clear();
        answers::identity(&mut self.envelope, false);
        self.send_clear(Status::Ok, out);
    }

    /// A request on a connection whose login stands: sealed, or refused.
    fn answer(
        &mut self,
        host: usize,
        login: &mut Login,
        request: &Request<'_>,
        token: &[u8],
        out: &mut Vec<u8>,
    ) {
        if !request.is_sealed {
            return answers::head(out, Status::Fault, token, 0);
        }
        let Some(body) = login.open(request.body) else {
            self.counters.malformed += 1;
            *login = Login::default();
            return answers::head(out, Status::Fault, token, 0);
        };
        self.counters.sealed += 1;
        let status = self.perform(host, &body);
        let mut frame = Vec::with_capacity(self.envelope.len() + 300);
        login.seal(&mut frame, &self.envelope);
        let more = [token, SEALED_TYPE].concat();
        answers::head(out, status, &more, frame.len());
        out.extend_from_slice(&frame);
    }

    fn send_clear(&mut self, status: Status, out: &mut Vec<u8>) {
        answers::head(out, status, SOAP_TYPE, self.envelope.len());
        out.extend_from_slice(&self.envelope);
    }

    /// Does what is asked and leaves the answer in `self.envelope`.
    fn perform(&mut self, host: usize, body: &[u8]) -> Status {
        let asked = Asked::read(body);
        self.counters.operations[asked.operation as usize] += 1;
        self.envelope.clear();
        let Some(shells) = self.hosts.get_mut(host).map(|host| &mut host.shells) else {
            return Status::BadRequest;
        };
        let number = || asked.shell_id().and_then(|id| shell_number(host, id));
        let there = |shells: &crate::shells::Shells| number().filter(|number| shells.is_there(*number));
        let (texts, id, out) = (&self.texts, asked.message_id, &mut self.envelope);
        match asked.operation {
            Operation::Delete => {
                if number().is_some_and(|number| shells.delete(number)) {
                    self.counters.deleted += 1;
                    self.counters.last_delete = Some(Instant::now());
                    self.answers.write(out, Answer::Delete, id, |_| {})
                } else {
                    self.answers.write(out, Answer::NoSuchShell, id, |_| {})
                }
            }
            Operation::Get => match there(shells) {
                Some(number) => {
                    self.answers.write(out, Answer::Get, id, |out| texts.write(out, host, number))
                }
                None => self.answers.write(out, Answer::NoSuchShell, id, |_| {}),
            },
            Operation::Signal => match there(shells) {
                None => self.answers.write(out, Answer::NoSuchShell, id, |_| {}),
                Some(number) if shells.end_command(number) => {
                    self.answers
                        .write(out, Answer::Signal, id, |out| out.extend_from_slice(b"<rsp:SignalResponse/>"))
                }
                Some(_) => self.answers.write(out, Answer::NoSuchCommand, id, |_| {}),
            },
            Operation::EnumerateCommands => match there(shells) {
                None => self.answers.write(out, Answer::NoSuchShell, id, |_| {}),
                Some(number) => self.answers.write(out, Answer::Enumerate, id, |out| {
                    out.extend_from_slice(
                        b"<n:EnumerateResponse><n:EnumerationContext></n:EnumerationContext>",
                    );
                    if shells.has_command(number) {
                        out.extend_from_slice(b"<w:Items>");
                        texts.write_command(out, host, number);
                        out.extend_from_slice(b"</w:Items>");
                    }
                    out.extend_from_slice(b"<w:EndOfSequence/></n:EnumerateResponse>");
                }),
            },
            Operation::Identify => {
                answers::identity(out, true);
                Status::Ok
            }
            Operation::Enumerate => self.enumerate(host, &asked),
            Operation::Pull => self.pull(host, &asked),
            Operation::Release => {
                match asked
                    .context()
                    .and_then(listing_number)
                    .and_then(|number| self.listings.remove(&number))
                {
                    Some(_) => self.answers.write(out, Answer::Release, id, |_| {}),
                    None => self.answers.write(out, Answer::NoSuchContext, id, |_| {}),
                }
            }
            Operation::Other => self.answers.write(out, Answer::NotSupported, id, |_| {}),
        }
    }

    fn enumerate(&mut self, host: usize, asked: &Asked<'_>) -> Status {
        self.next_listing += 1;
        let number = self.next_listing;
        let mut items = Vec::new();
        let next = if asked.is_optimized() { self.page(host, 0, asked, &mut items) } else { Some(0) };
        if let Some(next) = next {
            self.listings.insert(number, (host, next));
        }
        self.answers.write(&mut self.envelope, Answer::Enumerate, asked.message_id, |out| {
            out.extend_from_slice(b"<n:EnumerateResponse><n:EnumerationContext>");
            if next.is_some() {
                out.extend_from_slice(listing_id(number).as_bytes());
            }
            out.extend_from_slice(b"</n:EnumerationContext>");
            if !items.is_empty() {
                out.extend_from_slice(b"<w:Items>");
                out.extend_from_slice(&items);
                out.extend_from_slice(b"</w:Items>");
            }
            if next.is_none() {
                out.extend_from_slice(b"<w:EndOfSequence/>");
            }
            out.extend_from_slice(b"</n:EnumerateResponse>");
        })
    }

    fn pull(&mut self, host: usize, asked: &Asked<'_>) -> Status {
        let number = asked.context().and_then(listing_number);
        let listing = number.and_then(|number| Some((number, self.listings.get(&number)?.1)));
        let Some((number, first)) = listing else {
            return self.answers.write(&mut self.envelope, Answer::NoSuchContext, asked.message_id, |_| {});
        };
        let mut items = Vec::new();
        let next = self.page(host, first, asked, &mut items);
        match next {
            Some(next) => self.listings.insert(number, (host, next)),
            None => self.listings.remove(&number),
        };
        self.answers.write(&mut self.envelope, Answer::Pull, asked.message_id, |out| {
            out.extend_from_slice(b"<n:PullResponse>");
            if next.is_some() {
                out.extend_from_slice(b"<n:EnumerationContext>");
                out.extend_from_slice(listing_id(number).as_bytes());
                out.extend_from_slice(b"</n:EnumerationContext>");
            }
            if !items.is_empty() {
                out.extend_from_slice(b"<n:Items>");
                out.extend_from_slice(&items);
                out.extend_from_slice(b"</n:Items>");
            }
            if next.is_none() {
                out.extend_from_slice(b"<n:EndOfSequence/>");
            }
            out.extend_from_slice(b"</n:PullResponse>");
        })
    }

    /// Writes the shells from `first` on that fit one envelope; the number of the next, or `None` at the end.
    fn page(&self, host: usize, first: usize, asked: &Asked<'_>, items: &mut Vec<u8>) -> Option<usize> {
        let shells = &self.hosts.get(host)?.shells;
        let most = asked.max_elements().unwrap_or(1).min(MAX_BATCH_ITEMS);
        let room =
            asked.max_envelope_size().unwrap_or(DEFAULT_ENVELOPE_SIZE).saturating_sub(ENVELOPE_OVERHEAD);
        let there = (first..shells.len()).filter(|number| shells.is_there(*number));
        for (count, number) in there.enumerate() {
            if count == most {
                return Some(number);
            }
            let before = items.len();
            self.texts.write(items, host, number);
            if items.len() > room {
                items.truncate(before);
                return Some(number);
            }
        }
        None
    }
}

fn listing_id(number: u64) -> String {
    format!("uuid:10AD5E55-C047-4000-8000-{number:012X}")
}

fn listing_number(id: &[u8]) -> Option<u64> {
    let id = std::str::from_utf8(id).ok()?.strip_prefix("uuid:10AD5E55-C047-4000-8000-")?;
    u64::from_str_radix(id, 16).ok()
}
