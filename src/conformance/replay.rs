//! A scenario as a strict server: each of its answers once, to the request that asks for it.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use super::canonical_request::CanonicalRequest;
use super::fault;
use super::mismatch::Mismatch;
use super::proposed_ids::ProposedIds;
use super::scenario::{Exchange, FixtureError, Scenario, message_id};
use super::scrub::Scrubber;
use crate::simulator::{Caller, Delivery, Handler, Response};
use crate::wsman::xml::{Document, Malformed};

/// Answers requests as a scenario's server did. Behind a [`Simulator`](crate::simulator::Simulator) it is a server on a
/// port; [`Replay::answer`] needs none.
#[derive(Debug)]
pub struct Replay {
    scenario: Scenario,
    order: Order,
    /// By fingerprint, the exchanges still to come, the earliest first. Essences themselves stay in the files.
    by_fingerprint: HashMap<u64, VecDeque<u32>>,
    waiting: BTreeSet<u32>,
    requests: u64,
    unexpected: Vec<Mismatch>,
    unexpected_count: u64,
    broken: Option<FixtureError>,
    ids: ProposedIds,
}

/// Whether requests must come in the order of the scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// Any order; equal requests get their answers in the order of the scenario.
    #[default]
    Any,
    /// That of the scenario.
    AsRecorded,
}

/// What came of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// The directory of the scenario's answer, related to this request.
    Recorded {
        /// The exchange.
        number: u32,
        /// The HTTP status.
        status: u16,
        /// The body.
        body: Vec<u8>,
    },
    /// The directory of the scenario loses the connection here.
    Lost {
        /// The exchange.
        number: u32,
    },
    /// The directory of the scenario does not expect it: a fault to send, with status 500. [`Replay::unexpected`]
    /// tells more.
    Mismatch {
        /// The fault's envelope.
        body: Vec<u8>,
    },
}

/// How many unexpected requests are told in full; more of them only repeat what is wrong.
const MAX_REPORTED: usize = 20;
/// Among how many of the exchanges to come the nearest is looked for: each costs reading a file.
const MAX_LOOKED_AT: usize = 256;

impl Replay {
    /// Reads all requests of a scenario once, and keeps a number of each.
    ///
    /// # Errors
    /// [`FixtureError`] when an exchange cannot be read, or its request is no envelope.
    pub fn new(scenario: Scenario, order: Order) -> Result<Self, FixtureError> {
        let mut by_fingerprint: HashMap<u64, VecDeque<u32>> = HashMap::new();
        for number in 1..=scenario.count() {
            let fingerprint = recorded(&scenario, number)?.1.fingerprint();
            by_fingerprint.entry(fingerprint).or_default().push_back(number);
        }
        let waiting = (1..=scenario.count()).collect();
        Ok(Self {
            scenario,
            order,
            by_fingerprint,
            waiting,
            requests: 0,
            unexpected: Vec::new(),
            unexpected_count: 0,
            broken: None,
            ids: ProposedIds::default(),
        })
    }

    /// Answers one request.
    ///
    /// # Errors
    /// [`FixtureError`] when the exchange can no longer be read.
    pub fn answer(&mut self, request: &[u8]) -> Result<Answer, FixtureError> {
        self.requests += 1;
        let read = std::str::from_utf8(request).map_err(|error| error.to_string());
        let read =
            read.and_then(|text| Ok((text, Document::parse(text).map_err(|error| error.to_string())?)));
        let (text, document) = match read {
            Ok(read) => read,
            Err(problem) => return Ok(self.refuse(None, Mismatch::unreadable(self.requests, &problem))),
        };
        let message_id = message_id(document.root());
        let came =
            self.ids.recorded(text).and_then(|text| comparable(&text, self.scenario.header().scrubbed));
        let came = match came {
            Ok(came) => came,
            Err(malformed) => {
                let reported = Mismatch::unreadable(self.requests, &malformed.to_string());
                return Ok(self.refuse(message_id, reported));
            }
        };
        let Some(exchange) = self.expected(&came)? else {
            let nearest = self.nearest(&came)?;
            let nearest = nearest.as_ref().map(|(number, canonical)| (*number, canonical));
            return Ok(self.refuse(message_id, Mismatch::new(self.requests, &came, nearest)));
        };
        let number = exchange.number;
        self.waiting.remove(&number);
        self.ids.learn(document.root(), &exchange.request);
        let Some(response) = exchange.response else { return Ok(Answer::Lost { number }) };
        let body = match (&exchange.message_id, message_id) {
            (Some(recorded), Some(sent)) if recorded != sent => replaced(&response, recorded, sent),
            _ => response,
        };
        Ok(Answer::Recorded { number, status: exchange.status, body: self.ids.client(body) })
    }

    /// The requests that were not expected, the first twenty of them.
    #[must_use]
    pub fn unexpected(&self) -> &[Mismatch] {
        &self.unexpected
    }

    /// How many requests were not expected.
    #[must_use]
    pub fn unexpected_count(&self) -> u64 {
        self.unexpected_count
    }

    /// The numbers of the exchanges that nobody has asked for yet.
    pub fn waiting(&self) -> impl Iterator<Item = u32> {
        self.waiting.iter().copied()
    }

    /// How many requests have come.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// Why the scenario could not be served to its end, if a file of it could no longer be read.
    #[must_use]
    pub fn broken(&self) -> Option<&FixtureError> {
        self.broken.as_ref()
    }

    /// Whether every exchange was asked for, and nothing else.
    #[must_use]
    pub fn is_fulfilled(&self) -> bool {
        self.waiting.is_empty() && self.unexpected_count == 0 && self.broken.is_none()
    }

    /// The directory of the scenario.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The exchange that `came` asks for; it is no longer to come.
    fn expected(&mut self, came: &CanonicalRequest) -> Result<Option<Exchange>, FixtureError> {
        let Some(queue) = self.by_fingerprint.get_mut(&came.fingerprint()) else { return Ok(None) };
        let Some(number) = queue.front().copied() else { return Ok(None) };
        let is_next = self.order == Order::Any || self.waiting.first() == Some(&number);
        if !is_next {
            return Ok(None);
        }
        let (exchange, canonical) = recorded(&self.scenario, number)?;
        // Two requests may share a fingerprint by chance.
        if canonical != *came {
            return Ok(None);
        }
        queue.pop_front();
        Ok(Some(exchange))
    }

    fn nearest(&self, came: &CanonicalRequest) -> Result<Option<(u32, CanonicalRequest)>, FixtureError> {
        let candidates = match self.order {
            Order::Any => MAX_LOOKED_AT,
            Order::AsRecorded => 1,
        };
        let mut nearest = BTreeMap::new();
        for number in self.waiting.iter().take(candidates) {
            let (_, canonical) = recorded(&self.scenario, *number)?;
            nearest.entry(came.distance(&canonical)).or_insert((*number, canonical));
        }
        Ok(nearest.pop_first().map(|(_, nearest)| nearest))
    }

    fn refuse(&mut self, message_id: Option<&str>, reported: Mismatch) -> Answer {
        self.unexpected_count += 1;
        if self.unexpected.len() < MAX_REPORTED {
            self.unexpected.push(reported);
        }
        Answer::Mismatch { body: fault::unexpected(message_id).into_bytes() }
    }
}

impl Handler for Replay {
    fn handle(&mut self, _caller: &Caller, request: &[u8], _now: Duration) -> Response {
        const FAULT: u16 = 500;
        let soap = |status, body: Vec<u8>| Response { body, ..Response::status(status) };
        match self.answer(request) {
            Ok(Answer::Recorded { status, body, .. }) => soap(status, body),
            Ok(Answer::Mismatch { body }) => soap(FAULT, body),
            Ok(Answer::Lost { .. }) => Response { delivery: Delivery::Closed, ..Response::status(0) },
            Err(error) => {
                self.broken.get_or_insert(error);
                Response::status(FAULT)
            }
        }
    }

    fn machine(&self) -> &str {
        "replay"
    }
}

/// An exchange, and what matters of its request in this scenario.
fn recorded(scenario: &Scenario, number: u32) -> Result<(Exchange, CanonicalRequest), FixtureError> {
    let exchange = scenario.exchange(number)?;
    let canonical = match scenario.header().scrubbed {
        true => comparable(&exchange.request, true).unwrap_or_else(|_| exchange.canonical.clone()),
        false => exchange.canonical.clone(),
    };
    Ok((exchange, canonical))
}

/// What matters of a request: where the recorded ones hold placeholders, no names and no payloads.
fn comparable(request: &str, is_scrubbed: bool) -> Result<CanonicalRequest, Malformed> {
    match is_scrubbed {
        true => CanonicalRequest::of(Scrubber::neutral().envelope(request)?.as_bytes()),
        false => CanonicalRequest::of(request.as_bytes()),
    }
}

/// `response` with each `recorded` in it, in whatever case, replaced by `sent`. The answer may be anything but XML.
fn replaced(response: &[u8], recorded: &str, sent: &str) -> Vec<u8> {
    let mut escaped = String::new();
    crate::wsman::xml::escape_into(&mut escaped, sent);
    let mut out = Vec::with_capacity(response.len());
    let mut rest = response;
    while let Some((first, tail)) = rest.split_first() {
        match rest.split_at_checked(recorded.len()) {
            Some((head, behind)) if head.eq_ignore_ascii_case(recorded.as_bytes()) => {
                out.extend(escaped.as_bytes());
                rest = behind;
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_relates_to_the_request_that_came_whatever_the_case_of_its_letters() {
        assert_eq!(replaced(b"<r>UUID:ab</r>uuid:A", "uuid:AB", "uuid:1"), b"<r>uuid:1</r>uuid:A");
    }
}
