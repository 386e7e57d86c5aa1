//! What must hold of the library's readers, whatever they read: called by the fuzz targets of `tests/fuzz`, and by
//! `fuzz_regressions` with their seeds and past findings. A function that returns has found nothing wrong.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use pssession::Endpoint;
use pssession::auth::sealing::{self, Frame, FrameLayout};
use pssession::auth::{
    Answer, AuthScheme, Challenges, Credential, LoginPolicy, NtlmOptions, Step, handshake,
};
use pssession::client::{IdSource, MAX_PAGES, WsmanClient};
use pssession::conformance::{HEADER_FILE, Scenario, ScenarioHeader, Scrubber, Validation, judge};
use pssession::session::{
    self, IdRange, WildcardPattern, parse_bound, parse_client_network, parse_duration_text, parse_guid,
    parse_ids,
};
use pssession::transport::{BoxFuture, CertificatePin, Connection, Reply, TransportError};
use pssession::wsman::op::OPERATIONS;
use pssession::wsman::xml::{Document, Element, MAX_DEPTH, MAX_ELEMENTS};
use pssession::wsman::{
    AnswerError, CommandId, Fault, MAX_DURATION, MAX_FIELD_BYTES, MAX_REASON, Malformed, SessionId, ShellId,
    explain, one_line, read_duration, uri, write_duration,
};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use super::wildcards;

/// Takes an input, and panics where something does not hold.
pub(crate) type Target = fn(&[u8]);

/// Each target by its name, which is also the name of its folder of inputs.
pub(crate) const TARGETS: &[(&str, Target)] = &[
    ("answer", answer),
    ("client_login", client_login),
    ("duration", duration),
    ("fault", fault),
    ("frame", frame),
    ("listing", listing),
    ("offers", challenges),
    ("scenario", scenario),
    ("scrub", scrub),
    ("selector", selector),
    ("wildcard", wildcard),
    ("xml", xml),
];

/// Parts of an input are separated by a byte that is in no UTF-8 text.
const SEPARATOR: u8 = 0xFF;

/// A document: its tree is within the limits, and each element has a path and a text.
fn xml(data: &[u8]) {
    match Document::parse_bytes(data) {
        Ok(document) => {
            let mut elements = 0;
            walk(document.root(), 1, &mut elements);
        }
        Err(malformed) => check_malformed(&malformed, data),
    }
}

/// An envelope to scrub: what comes of it is a document, in which the marker is nowhere, and scrubbing it again changes
/// nothing in its form.
fn scrub(data: &[u8]) {
    const MARKER: &str = "zq7hidden";
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(scrubbed) = Scrubber::default().envelope(text) else {
        assert!(Document::parse(text).is_err());
        return;
    };
    let document = Document::parse(&scrubbed).expect("a document");
    assert!(!scrubbed.to_lowercase().contains(MARKER), "{scrubbed}");
    check_payloads(document.root(), MARKER);
    let again = Scrubber::default().envelope(&scrubbed).expect("a document");
    let count = |text: &str| Document::parse(text).map(|document| depth_first(document.root()));
    assert_eq!(count(&again), count(&scrubbed));
}

fn check_payloads(element: Element<'_>, marker: &str) {
    if let Ok(payload) = BASE64.decode(element.text()) {
        assert!(!String::from_utf8_lossy(&payload).to_lowercase().contains(marker), "{}", element.path());
    }
    element.children().for_each(|child| check_payloads(child, marker));
}

/// How many children each element has.
fn depth_first(element: Element<'_>) -> Vec<usize> {
    let below = element.children().flat_map(depth_first);
    std::iter::once(element.children().count()).chain(below).collect()
}

fn walk(element: Element<'_>, depth: usize, elements: &mut usize) {
    *elements += 1;
    assert!(depth <= MAX_DEPTH && *elements <= MAX_ELEMENTS, "{}", element.path());
    assert!(!element.local().is_empty() && !element.local().contains(':'), "{}", element.path());
    for (_, local, _) in element.attributes() {
        assert!(!local.is_empty(), "{}", element.path());
    }
    let _ = element.text();
    for child in element.children() {
        walk(child, depth + 1, elements);
    }
}

fn check_malformed(malformed: &Malformed, data: &[u8]) {
    assert!(malformed.offset <= data.len(), "{malformed}");
    assert!(!malformed.to_string().contains(char::is_control), "{malformed}");
}

/// An answer to each operation of the catalogue: a reply, a fault, or one clear error.
fn answer(data: &[u8]) {
    for operation in OPERATIONS {
        match (operation.check_answer)(data) {
            Ok(()) => {}
            Err(AnswerError::Malformed(malformed)) => check_malformed(&malformed, data),
            Err(AnswerError::Fault(fault)) => check_fault(&fault),
            Err(_) => {}
        }
    }
}

/// A fault, wherever it stands in the document.
fn fault(data: &[u8]) {
    let Ok(document) = Document::parse_bytes(data) else { return };
    let body = document.root().child(uri::SOAP, "Body");
    let found = body.and_then(|body| body.child(uri::SOAP, "Fault")).unwrap_or(document.root());
    check_fault(&Fault::read(found));
}

fn check_fault(fault: &Fault) {
    let shown = fault.to_string();
    assert!(!shown.contains(char::is_control) && !shown.is_empty(), "{shown:?}");
    assert!(one_line(&fault.reason, MAX_REASON).chars().count() <= MAX_REASON + 1);
    if let Some(code) = fault.code {
        let _ = explain(code);
    }
}

/// The pages of a listing, separated by 0xFF: the first answers an Enumerate, the others Pulls.
fn listing(data: &[u8]) {
    let pages: Vec<Vec<u8>> = data.split(|byte| *byte == SEPARATOR).map(<[u8]>::to_vec).collect();
    let asked = Arc::new(Mutex::new(0));
    let connection = Pages { pages: pages.into_iter(), asked: Arc::clone(&asked) };
    let session = SessionId::new(Uuid::nil());
    let mut client =
        WsmanClient::new(Box::new(connection), "http://web01:5985/wsman", session, Arc::new(FixedIds));
    let listed = now(client.list_shells());
    let asked = *asked.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(asked <= 2 * MAX_PAGES, "{asked} requests");
    let Ok(listing) = listed else { return };
    let ids: HashSet<_> = listing.shells.iter().map(|shell| shell.shell_id.clone()).collect();
    assert_eq!(ids.len(), listing.shells.len(), "a shell is listed twice");
    for shell in &listing.shells {
        let texts = [&shell.name, &shell.owner, &shell.client_ip, &shell.state];
        let required = [shell.shell_id.as_str(), &*shell.resource_uri];
        for text in texts.into_iter().flatten().map(|text| &**text).chain(required) {
            assert!(!text.trim().is_empty() && text.len() <= MAX_FIELD_BYTES, "{shell:?}");
        }
        let times =
            [shell.idle_timeout, shell.max_idle_timeout, shell.shell_run_time, shell.shell_inactivity];
        assert!(times.into_iter().flatten().all(|time| time <= MAX_DURATION), "{shell:?}");
    }
    if listing.complete() {
        let text = String::from_utf8_lossy(data);
        assert!(text.contains("EndOfSequence"), "complete, although no page is the last");
    }
}

/// Gives back one page after the other; the last request is lost.
struct Pages {
    pages: std::vec::IntoIter<Vec<u8>>,
    asked: Arc<Mutex<usize>>,
}

impl Connection for Pages {
    fn exchange<'a>(
        &'a mut self,
        _envelope: &'a str,
        after: Duration,
    ) -> BoxFuture<'a, Result<Reply, TransportError>> {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        let page = self.pages.next().map(|body| Reply { status: 200, body });
        let lost = TransportError::Timeout { endpoint: "http://web01:5985/wsman".to_owned(), after };
        Box::pin(std::future::ready(page.ok_or(lost)))
    }
}

/// The message id to which the answers of the fixtures relate.
struct FixedIds;

impl IdSource for FixedIds {
    fn draw(&self) -> Uuid {
        Uuid::from_u128(1)
    }
}

/// What a future gives that sets time limits and never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: Runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    }
    RUNTIME.with(|runtime| {
        let _entered = runtime.enter();
        let mut future = std::pin::pin!(future);
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("it waits"),
        }
    })
}

/// A sealed body: what is read of it lies in it, and is read again when it is written.
fn frame(data: &[u8]) {
    let Ok(frames) = sealing::read_frames(data) else { return };
    let bytes: usize = frames.iter().map(|frame| frame.signature.len() + frame.ciphertext.len()).sum();
    assert!(!frames.is_empty() && bytes <= data.len());
    for Frame { signature, ciphertext, plaintext_len } in frames {
        let written = sealing::write_frame(
            FrameLayout::Client,
            sealing::SPNEGO,
            &signature,
            &ciphertext,
            plaintext_len,
        );
        let again = sealing::read_frames(&written);
        let [again] = again.as_deref().unwrap_or_default() else { panic!("it is not read again") };
        assert!(again.signature == signature && again.ciphertext == ciphertext);
        assert_eq!(again.plaintext_len, plaintext_len);
    }
}

/// What a server answers a login: a byte that chooses the scheme, then for each answer a byte that chooses its form and
/// a token behind its length in two bytes. The password never leaves in clear, and the login ends.
fn client_login(data: &[u8]) {
    let Some((choice, mut rest)) = data.split_first() else { return };
    let schemes = [AuthScheme::Auto, AuthScheme::Negotiate, AuthScheme::Ntlm];
    let scheme = schemes[usize::from(choice % 3)];
    let policy = LoginPolicy { tls: choice & 0x10 != 0, ..LoginPolicy::default() };
    let options = NtlmOptions {
        spn: Some("HTTP/web01".to_owned()),
        seal: true,
        now: SystemTime::UNIX_EPOCH,
        client_challenge: [0xAA; 8],
        session_key: [0x55; 16],
        workstation: String::new(),
    };
    let credential = Credential::new("LAB\\ada", "opensesame-7".into());
    let Ok(mut login) = handshake(scheme, &credential, policy, &options) else { return };
    let mut challenges: Option<(u16, Challenges)> = None;
    for _ in 0..MAX_LEGS {
        let answer = challenges.as_ref().map(|(status, challenges)| Answer {
            status: *status,
            challenges,
            server_certificate: None,
        });
        match login.step(answer.as_ref()) {
            Err(error) => {
                assert!(!error.to_string().contains("opensesame"), "{error}");
                return;
            }
            Ok(Step::Established(_)) => return,
            Ok(Step::Send(leg)) => {
                use secrecy::ExposeSecret as _;
                let header = leg.authorization.as_ref().map(|header| header.expose_secret().to_owned());
                check_header(header.as_deref().unwrap_or_default());
            }
        }
        let Some((form, token)) = take_token(&mut rest) else { return };
        let token = BASE64.encode(token);
        let value = match form % 4 {
            0 => format!("Negotiate {token}"),
            1 => format!("NTLM {token}"),
            2 => format!("Kerberos, Negotiate {token}, Basic realm=\"x\""),
            _ => "Negotiate".to_owned(),
        };
        challenges = Some((if form & 0x80 == 0 { 401 } else { 200 }, Challenges::parse([value.as_str()])));
    }
    panic!("the login does not end");
}

/// More answers than any login needs.
const MAX_LEGS: usize = 32;

fn take_token<'d>(rest: &mut &'d [u8]) -> Option<(u8, &'d [u8])> {
    let (head, behind) = rest.split_first_chunk::<3>()?;
    let length = usize::from(u16::from_le_bytes([head[1], head[2]])).min(behind.len());
    let (token, behind) = behind.split_at(length);
    *rest = behind;
    Some((head[0], token))
}

/// No header of NTLM or SPNEGO has the password in it.
fn check_header(header: &str) {
    let token = header.split_once(' ').and_then(|(_, token)| BASE64.decode(token).ok()).unwrap_or_default();
    let wide: Vec<u8> = "opensesame".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(!token.windows(wide.len()).any(|window| window == wide), "{header}");
    assert!(!token.windows(10).any(|window| window == b"opensesame"), "{header}");
}

/// Values of `WWW-Authenticate`, one a line.
fn challenges(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let challenges = Challenges::parse(text.lines());
    let schemes = challenges.schemes();
    assert_eq!(schemes.is_empty(), challenges.is_empty());
    let names: HashSet<_> = schemes.iter().map(|scheme| scheme.to_ascii_lowercase()).collect();
    assert_eq!(names.len(), schemes.len(), "{schemes:?}");
    for scheme in schemes {
        assert!(challenges.has(scheme) && challenges.has(&scheme.to_ascii_uppercase()));
        let token = challenges.token(scheme).unwrap_or_default();
        let is_token68 = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        assert!(token.bytes().all(is_token68), "{token:?}");
    }
    assert!(!format!("{challenges} {challenges:?}").contains(char::is_control));
}

/// A pattern and a text, separated by the first line end, held against a matcher that tries everything.
fn wildcard(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (pattern, text) = text.split_once('\n').unwrap_or((&text, ""));
    let expected = wildcards::matches(pattern, text);
    match WildcardPattern::new(pattern) {
        Ok(compiled) => assert_eq!(Some(compiled.matches(text)), expected, "{pattern:?} {text:?}"),
        Err(error) if pattern.encode_utf16().count() > session::MAX_PATTERN => {
            assert!(error.pattern.len() < pattern.len());
        }
        Err(error) => assert_eq!(expected, None, "{error}"),
    }
    if let Ok(literal) = WildcardPattern::new(&WildcardPattern::escape(text)) {
        assert!(literal.matches(text) && !literal.is_wildcard(), "{text:?}");
    }
}

/// Durations of the wire and of the command line.
fn duration(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(read) = read_duration(&text) {
        let mut written = String::new();
        write_duration(&mut written, read);
        assert_eq!(read_duration(&written), Some(read), "{text:?}");
    }
    if let Ok(read) = parse_duration_text(&text) {
        assert_eq!(parse_duration_text(&format!("{}s", read.as_secs())), Ok(read), "{text:?}");
    }
    let _ = parse_bound(&text);
}

/// Ids, GUIDs, networks, endpoints and pins: what is read is read again as it is spelt.
fn selector(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(ranges) = parse_ids(&text) {
        let spelt: Vec<_> = ranges.iter().map(|IdRange { first, last }| format!("{first}..{last}")).collect();
        assert_eq!(parse_ids(&spelt.join(",")).as_deref(), Ok(&*ranges), "{text:?}");
    }
    if let Ok(guid) = parse_guid(&text) {
        for spelt in [guid.to_string(), guid.simple().to_string(), guid.braced().to_string()] {
            assert_eq!(parse_guid(&spelt), Ok(guid), "{text:?}");
        }
        assert_eq!(ShellId::from_guid(guid).guid(), Some(guid));
    }
    if let Ok(network) = parse_client_network(&text) {
        assert_eq!(parse_client_network(&network.to_string()), Ok(network), "{text:?}");
    }
    if let Ok(endpoint) = Endpoint::parse(&text, false) {
        let again = Endpoint::parse(endpoint.url(), false);
        let again = again.unwrap_or_else(|error| panic!("{text:?} became {}: {error}", endpoint.url()));
        assert_eq!((again.url(), again.port()), (endpoint.url(), endpoint.port()), "{text:?}");
    }
    if let Ok(pin) = text.parse::<CertificatePin>() {
        assert_eq!(pin.to_string().parse::<CertificatePin>().ok(), Some(pin), "{text:?}");
    }
    let shell_id = ShellId::from_server(text.as_ref());
    assert_eq!(shell_id, ShellId::from_server(text.to_ascii_uppercase()));
    assert_eq!(shell_id.guid(), CommandId::from_server(text.to_ascii_lowercase()).guid());
}

/// A scenario's header, a request and a response, separated by 0xFF.
fn scenario(data: &[u8]) {
    let mut parts = data.split(|byte| *byte == SEPARATOR);
    let mut part = || parts.next().unwrap_or_default();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &[u8]| std::fs::write(folder.path().join(name), text).expect("a file");
    write(HEADER_FILE, part());
    write("01-request.xml", part());
    write("01-response.xml", part());
    match Scenario::open(folder.path()) {
        Ok(scenario) => {
            let text = serde_json::to_string(scenario.header()).expect("JSON");
            let again: Option<ScenarioHeader> = serde_json::from_str(&text).ok();
            assert_eq!(again.as_ref(), Some(scenario.header()));
            for exchange in scenario.exchanges().flatten() {
                let _ = judge(&exchange, Validation::Valid);
            }
        }
        Err(error) => assert!(!error.reason.is_empty()),
    }
}
