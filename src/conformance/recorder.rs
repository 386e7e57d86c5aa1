//! Exchanges become scenarios, scrubbed before anything of them is written.

use super::header::{ExchangeHeader, Malformation, Origin, ScenarioHeader};
use super::scenario::{FAULT, MAX_EXCHANGES, MAX_FILE, OK, ResponseKind, file_names, kind_of};
use super::scrub::{Replaced, ScrubOptions, Scrubber};
use super::{CanonicalRequest, HEADER_FILE};
use crate::wsman::uri;
use crate::wsman::xml::Document;

/// Makes scenarios of what was exchanged with servers: one for each server. It holds no exchange: each is handed back,
/// scrubbed, to be written.
#[derive(Debug)]
pub struct Recorder {
    scrubber: Scrubber,
    title: String,
    scenarios: Vec<RecordedScenario>,
    left_out: usize,
}

/// One request and its answer, as they came.
#[derive(Clone, Copy, Debug)]
pub struct RawExchange<'a> {
    /// The order of requests: they are numbered by it in the end.
    pub sequence: u64,
    /// The host or address of the server, and its port: one scenario is of one server.
    pub server: (&'a str, u16),
    /// The envelope, in clear.
    pub request: &'a [u8],
    /// HTTP status and body of the answer; `None` where the connection was lost.
    pub response: Option<(u16, &'a [u8])>,
}

/// A file of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedFile {
    /// The folder of the scenario: the placeholder of its server.
    pub folder: String,
    /// Its name in there.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// A scenario in the making.
#[derive(Debug)]
pub struct RecordedScenario {
    server: (String, u16),
    folder: String,
    product: Option<String>,
    exchanges: Vec<(u64, ExchangeHeader)>,
}

/// Why an exchange is not in the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotRecorded {
    /// The request is not an envelope, so that nothing of it is known.
    #[error("the request is not a SOAP envelope")]
    NoEnvelope,
    /// The request or the answer is too large for a scenario.
    #[error("the exchange is larger than {MAX_FILE} bytes")]
    TooLarge,
    /// The scenario is full.
    #[error("the scenario has {MAX_EXCHANGES} exchanges already")]
    TooMany,
}

impl Recorder {
    /// Begins a recording. The title is kept as it is.
    #[must_use]
    pub fn new(title: impl Into<String>, keeps: ScrubOptions) -> Self {
        Self { scrubber: Scrubber::new(keeps), title: title.into(), scenarios: Vec::new(), left_out: 0 }
    }

    /// Scrubs one exchange: the files to write, numbered in the order in which exchanges ended.
    ///
    /// # Errors
    /// [`NotRecorded`]: the exchange is left out, and [`Self::left_out`] counts it.
    pub fn record(&mut self, exchange: &RawExchange<'_>) -> Result<Vec<RecordedFile>, NotRecorded> {
        let recorded = self.scrub(exchange);
        self.left_out += usize::from(recorded.is_err());
        recorded
    }

    fn scrub(&mut self, exchange: &RawExchange<'_>) -> Result<Vec<RecordedFile>, NotRecorded> {
        let request = std::str::from_utf8(exchange.request).map_err(|_| NotRecorded::NoEnvelope)?;
        CanonicalRequest::of(exchange.request).map_err(|_| NotRecorded::NoEnvelope)?;
        let request = self.scrubber.envelope(request).map_err(|_| NotRecorded::NoEnvelope)?.into_bytes();
        let mut header = ExchangeHeader::default();
        let response = match exchange.response {
            None => {
                header.lost = true;
                None
            }
            Some((status, body)) => Some(self.response(status, body, &mut header)),
        };
        if request.len().max(response.as_ref().map_or(0, Vec::len)) > MAX_FILE {
            return Err(NotRecorded::TooLarge);
        }
        let place = self.place_of(exchange.server);
        let Some(scenario) = self.scenarios.get_mut(place) else { return Err(NotRecorded::TooMany) };
        if scenario.exchanges.len() >= usize::try_from(MAX_EXCHANGES).unwrap_or(usize::MAX) {
            return Err(NotRecorded::TooMany);
        }
        if let Some(product) = response.as_deref().and_then(product_of) {
            scenario.product = Some(product);
        }
        scenario.exchanges.push((exchange.sequence, header));
        let number = u32::try_from(scenario.exchanges.len()).unwrap_or(u32::MAX);
        let [request_name, response_name] = file_names(number);
        let file = |name, bytes| RecordedFile { folder: scenario.folder.clone(), name, bytes };
        let response = response.map(|bytes| file(response_name, bytes));
        Ok(std::iter::once(file(request_name, request)).chain(response).collect())
    }

    /// The answer, scrubbed; of what is no XML nothing but its length stays.
    fn response(&mut self, status: u16, body: &[u8], header: &mut ExchangeHeader) -> Vec<u8> {
        let text = std::str::from_utf8(body).ok();
        let scrubbed = match text.map(|text| self.scrubber.envelope(text)) {
            Some(Ok(scrubbed)) => scrubbed.into_bytes(),
            _ => {
                header.malformed = Some(Malformation::Refused);
                format!("not an envelope: {} bytes", body.len()).into_bytes()
            }
        };
        let usual = if kind_of(&scrubbed) == ResponseKind::Fault { FAULT } else { OK };
        header.status = Some(status).filter(|status| *status != usual);
        scrubbed
    }

    /// The place of the scenario of that server, which is made if there is none.
    fn place_of(&mut self, (host, port): (&str, u16)) -> usize {
        if let Some(place) = self.scenarios.iter().position(|scenario| scenario.is_of(host, port)) {
            return place;
        }
        let folder = format!("{}-{port}", self.scrubber.host(host)).replace(':', "_");
        let server = (host.to_owned(), port);
        self.scenarios.push(RecordedScenario { server, folder, product: None, exchanges: Vec::new() });
        self.scenarios.len() - 1
    }

    /// The scenarios so far, in the order in which their servers were first seen.
    #[must_use]
    pub fn scenarios(&self) -> &[RecordedScenario] {
        &self.scenarios
    }

    /// How many exchanges were left out.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// What was replaced.
    #[must_use]
    pub fn replaced(&self) -> &[Replaced] {
        self.scrubber.replaced()
    }

    /// The header of a scenario, to be written when all its exchanges are.
    #[must_use]
    pub fn header(&self, scenario: &RecordedScenario) -> RecordedFile {
        let product = scenario.product.clone().unwrap_or_else(|| "not recorded".to_owned());
        let source = "pssession record".to_owned();
        let mut header = ScenarioHeader::new(self.title.clone(), product, source, Origin::Recorded);
        header.scrubbed = true;
        for (number, (_, said)) in (1_u32..).zip(scenario.in_order()) {
            if *said != ExchangeHeader::default() {
                header.exchanges.insert(format!("{number:02}"), said.clone());
            }
        }
        let text = serde_json::to_string_pretty(&header).unwrap_or_default();
        RecordedFile {
            folder: scenario.folder.clone(),
            name: HEADER_FILE.to_owned(),
            bytes: format!("{text}\n").into_bytes(),
        }
    }
}

impl RecordedScenario {
    fn is_of(&self, host: &str, port: u16) -> bool {
        self.server.1 == port && self.server.0.eq_ignore_ascii_case(host)
    }

    /// Its folder: the placeholder of its server.
    #[must_use]
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// How many exchanges it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.exchanges.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exchanges.is_empty()
    }

    /// The files to rename, from and to, so that exchanges are numbered in the order of their requests. No name is taken
    /// that is still in use, if they are renamed one after the other.
    #[must_use]
    pub fn renamed(&self) -> Vec<(String, String)> {
        let mut order: Vec<(u64, u32)> =
            self.exchanges.iter().map(|(sequence, _)| *sequence).zip(1..).collect();
        order.sort_unstable();
        let moved: Vec<_> = order
            .iter()
            .zip(1_u32..)
            .filter(|((_, from), to)| from != to)
            .map(|((_, from), to)| (*from, to))
            .collect();
        let aside = moved
            .iter()
            .flat_map(|(from, _)| file_names(*from).map(|name| (name.clone(), format!("{name}.moved"))));
        let back = moved.iter().flat_map(|(from, to)| {
            file_names(*from).into_iter().zip(file_names(*to)).map(|(from, to)| (format!("{from}.moved"), to))
        });
        aside.chain(back).collect()
    }

    fn in_order(&self) -> impl Iterator<Item = &(u64, ExchangeHeader)> {
        let mut order: Vec<_> = self.exchanges.iter().collect();
        order.sort_by_key(|(sequence, _)| *sequence);
        order.into_iter()
    }
}

/// What an answer to Identify says of the server, scrubbed like the rest.
fn product_of(response: &[u8]) -> Option<String> {
    let document = Document::parse_bytes(response).ok()?;
    let body = document.root().child(uri::SOAP, "Body")?;
    let identity = body.children().find(|child| child.local() == "IdentifyResponse")?;
    let text = |local| identity.child_named(local).map_or("", |child| child.text());
    Some(format!("{} {}", text("ProductVendor"), text("ProductVersion")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(body: &str) -> Vec<u8> {
        format!("<s:Envelope xmlns:s='{}'><s:Body>{body}</s:Body></s:Envelope>", uri::SOAP).into_bytes()
    }

    fn exchange<'a>(sequence: u64, request: &'a [u8], response: Option<(u16, &'a [u8])>) -> RawExchange<'a> {
        RawExchange { sequence, server: ("Web01", 5985), request, response }
    }

    #[test]
    fn an_exchange_is_numbered_by_its_request_in_the_end() {
        let mut recorder = Recorder::new("a run", ScrubOptions::default());
        let envelope = envelope("");
        for sequence in [7, 3, 5] {
            let files = recorder.record(&exchange(sequence, &envelope, None)).unwrap();
            assert_eq!(files.len(), 1);
            assert_eq!(files[0].folder, "host-1-5985");
        }
        let scenario = &recorder.scenarios()[0];
        // The request 7 ended first and is the third: 1 becomes 3, 2 becomes 1, 3 becomes 2.
        let requests: Vec<_> =
            scenario.renamed().into_iter().filter(|(from, _)| from.contains("request")).collect();
        let name = |text: &str| text.to_owned();
        assert_eq!(
            requests,
            [
                (name("02-request.xml"), name("02-request.xml.moved")),
                (name("03-request.xml"), name("03-request.xml.moved")),
                (name("01-request.xml"), name("01-request.xml.moved")),
                (name("02-request.xml.moved"), name("01-request.xml")),
                (name("03-request.xml.moved"), name("02-request.xml")),
                (name("01-request.xml.moved"), name("03-request.xml")),
            ]
        );
    }

    #[test]
    fn what_is_no_envelope_leaves_its_length_alone() {
        let mut recorder = Recorder::new("a run", ScrubOptions::default());
        let request = envelope("");
        let files = recorder.record(&exchange(1, &request, Some((503, b"<html>secret<br></html>")))).unwrap();
        assert_eq!(files[1].bytes, b"not an envelope: 23 bytes");
        let header = String::from_utf8(recorder.header(&recorder.scenarios()[0]).bytes).unwrap();
        assert!(header.contains("\"Status\": 503") && header.contains("\"refused\""), "{header}");
        assert_eq!(recorder.record(&exchange(2, b"secret", None)), Err(NotRecorded::NoEnvelope));
        assert_eq!(recorder.left_out(), 1);
    }

    #[test]
    fn one_server_is_one_scenario_and_says_what_it_is() {
        let mut recorder = Recorder::new("a run", ScrubOptions::default());
        let request = envelope("");
        let identity = envelope(&format!(
            "<i:IdentifyResponse xmlns:i='{}'><i:ProductVendor>Microsoft Corporation</i:ProductVendor>\
             <i:ProductVersion>OS: 10.0.20348 SP: 0.0 Stack: 3.0</i:ProductVersion></i:IdentifyResponse>",
            uri::IDENTITY
        ));
        for server in [("web01", 5985), ("WEB01", 5985), ("web01", 5986), ("::1", 1)] {
            let raw =
                RawExchange { sequence: 1, server, request: &request, response: Some((200, &identity)) };
            recorder.record(&raw).unwrap();
        }
        let folders: Vec<_> = recorder.scenarios().iter().map(RecordedScenario::folder).collect();
        assert_eq!(folders, ["host-1-5985", "host-1-5986", "__1-1"]);
        assert_eq!(recorder.scenarios()[0].len(), 2);
        let header = String::from_utf8(recorder.header(&recorder.scenarios()[0]).bytes).unwrap();
        assert!(header.contains("Microsoft Corporation OS: 10.0.20348 SP: 0.0 Stack: 3.0"), "{header}");
    }
}
