#![expect(clippy::disallowed_methods, reason = "reads the fixtures")]
//! No secret stays, wherever it stood and however it was written; and what is left is still the exchange.

use base64::engine::general_purpose::STANDARD_NO_PAD as UNPADDED;
use uuid::Uuid;

use super::super::{CanonicalRequest, scenarios};
use super::*;
use crate::conformance::Scenario;
use crate::simulator::psrp::fragments::tests::whole;
use crate::wsman::xml::Document;

/// What nobody may find in a recording: a name, an address, a SID, a password, a hash, a file's content.
const SECRETS: [&str; 9] = [
    "srv-payroll.corp.example",
    "FABRIKAM\\jane.doe",
    "jane.doe@fabrikam.example",
    "10.87.65.43",
    "fe80::dead:beef",
    "S-1-5-21-3623811015-3361044348-30300820-1013",
    "Hunter2! is a pass",
    "8846f7eaee8fb117ad06bdd830b7586c",
    "-----BEGIN PRIVATE KEY----- MIIEvQIBADANBgkq",
];

/// All envelopes of the fixtures.
fn envelopes() -> Vec<String> {
    let mut found = Vec::new();
    for folder in scenarios(std::path::Path::new("fixtures/exchanges")).unwrap() {
        let scenario = Scenario::open(&folder).unwrap();
        for number in 1..=scenario.count() {
            let exchange = scenario.exchange(number).unwrap();
            found.push(exchange.request.clone());
            found.extend(exchange.response.and_then(|response| String::from_utf8(response).ok()));
        }
    }
    for file in std::fs::read_dir("fixtures/powershell-client").unwrap() {
        found.push(std::fs::read_to_string(file.unwrap().path()).unwrap());
    }
    found.retain(|text| Document::parse(text).is_ok());
    assert!(found.len() > 100, "{}", found.len());
    found
}

/// Puts one text where a value of an envelope stands: the `place`th, of any kind.
struct Plant<'s> {
    secret: &'s str,
    place: usize,
    at: usize,
}

impl Plant<'_> {
    fn take<'v>(&mut self, value: &'v str) -> Cow<'v, str> {
        let is_here = self.at == self.place;
        self.at += 1;
        if is_here { self.secret.to_owned().into() } else { Cow::Borrowed(value) }
    }
}

impl Rewrite for Plant<'_> {
    fn attribute<'v>(&mut self, _: Element<'_>, _: &str, _: &str, value: &'v str) -> Cow<'v, str> {
        self.take(value)
    }

    fn text<'v>(&mut self, _: Element<'_>, text: &'v str) -> Cow<'v, str> {
        self.take(text)
    }
}

/// The text, and what is in its parts that may be base64, again and again.
fn unwrapped(text: &str, depth: u8) -> Vec<Vec<u8>> {
    let mut found = vec![text.as_bytes().to_vec()];
    if depth == 0 {
        return found;
    }
    let is_base64 = |one: char| one.is_ascii_alphanumeric() || matches!(one, '+' | '/' | '=');
    for part in text.split(|one: char| !is_base64(one)).filter(|part| part.len() >= 8) {
        if let Ok(bytes) = UNPADDED.decode(part.trim_end_matches('=')) {
            found.extend(unwrapped(&String::from_utf8_lossy(&bytes), depth - 1));
            found.push(bytes);
        }
    }
    found
}

/// How a secret may be written.
fn spellings(secret: &str) -> Vec<Vec<u8>> {
    let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut found: Vec<Vec<u8>> = Vec::new();
    for bytes in [secret.as_bytes(), &wide] {
        found.push(bytes.to_vec());
        found.push(hex(bytes).into_bytes());
        // Inside of other text base64 begins at one of three offsets.
        for skipped in 0..3 {
            let whole = &bytes[skipped..];
            let whole = &whole[..whole.len() / 3 * 3];
            found.push(UNPADDED.encode(whole).into_bytes());
        }
    }
    for spelling in &mut found {
        spelling.make_ascii_lowercase();
    }
    found
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where the secret stands, in any spelling, ignoring case.
fn finds(text: &str, secret: &str) -> bool {
    let texts: Vec<Vec<u8>> = unwrapped(text, 3).iter().map(|bytes| bytes.to_ascii_lowercase()).collect();
    spellings(secret).iter().any(|spelling| {
        let finder = memchr::memmem::Finder::new(spelling);
        texts.iter().any(|text| finder.find(text).is_some())
    })
}

fn assert_hidden(scrubbed: &str, secret: &str, from: &str) {
    assert!(!finds(scrubbed, secret), "{secret} in {scrubbed}\nfrom {from}");
}

#[test]
fn a_secret_that_stays_would_be_found() {
    for secret in SECRETS {
        for spelling in spellings(secret) {
            let text = format!("<a>..{}</a>", String::from_utf8_lossy(&spelling));
            assert!(finds(&text, secret), "{text}");
            assert!(finds(&BASE64.encode(&text), secret), "{text}");
            assert!(finds(&BASE64.encode([b"x", &*spelling].concat()), secret), "{text}");
        }
    }
    assert!(!finds("<a>nothing</a>", SECRETS[0]));
}

#[test]
fn a_secret_in_any_value_of_any_envelope_is_gone() {
    let mut planted = 0;
    for (index, envelope) in envelopes().iter().enumerate() {
        let mut count = Plant { secret: "", place: usize::MAX, at: 0 };
        rewrite(envelope, &mut count).unwrap();
        for place in 0..count.at {
            let secret = SECRETS[(index + place) % SECRETS.len()];
            let planter = &mut Plant { secret, place, at: 0 };
            let with_secret = rewrite(envelope, planter).unwrap();
            let scrubbed = Scrubber::default().envelope(&with_secret).unwrap();
            assert_hidden(&scrubbed, secret, &with_secret);
            planted += 1;
        }
    }
    assert!(planted > 2_000, "{planted}");
}

#[test]
fn a_secret_in_a_name_a_prefix_a_namespace_or_a_comment_is_gone() {
    let secret = "FabrikamPayroll";
    for text in [
        "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><FabrikamPayroll/></s:Envelope>",
        "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' FabrikamPayroll='1'/>",
        "<FabrikamPayroll:Envelope xmlns:FabrikamPayroll='http://www.w3.org/2003/05/soap-envelope'/>",
        "<s:Envelope xmlns:s='urn:FabrikamPayroll'/>",
        "<!-- FabrikamPayroll --><s:Envelope xmlns:s='u'><!-- FabrikamPayroll -->\n<a><![CDATA[FabrikamPayroll]]></a></s:Envelope>",
    ] {
        let scrubbed = Scrubber::default().envelope(text).unwrap();
        assert_hidden(&scrubbed, secret, text);
        assert!(Document::parse(&scrubbed).is_ok(), "{scrubbed}");
    }
}

/// A Receive's answer with one stream.
fn with_stream(payload: &[u8]) -> String {
    format!(
        "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' \
         xmlns:rsp='http://schemas.microsoft.com/wbem/wsman/1/windows/shell'><s:Body><rsp:ReceiveResponse>\
         <rsp:Stream Name='stdout'>{}</rsp:Stream></rsp:ReceiveResponse></s:Body></s:Envelope>",
        BASE64.encode(payload)
    )
}

#[test]
fn a_secret_in_a_stream_is_gone_whatever_the_stream_holds() {
    for secret in SECRETS {
        let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut payloads = vec![secret.as_bytes().to_vec(), wide, hex(secret.as_bytes()).into_bytes()];
        for data in [
            format!("<S>{secret}</S>"),
            format!("<Obj RefId=\"0\"><MS><S N=\"{secret}\">x</S><I32 N=\"a\">7</I32></MS></Obj>"),
            format!(
                "<Obj RefId=\"{secret}\"><TN RefId=\"0\"><T>{secret}</T></TN><ToString>{secret}</ToString></Obj>"
            ),
            format!("<BA>{}</BA>", BASE64.encode(secret)),
            format!(
                "<Obj><MS><Version N=\"PSVersion\">{secret}</Version><G>{secret}</G><B>{secret}</B></MS></Obj>"
            ),
            format!("no XML: {secret}"),
            format!(
                "<S>{}</S>",
                secret.chars().map(|one| format!("&#{};", u32::from(one))).collect::<String>()
            ),
        ] {
            let one = whole(0x0004_1004, Uuid::from_u128(7), Uuid::from_u128(8), &data);
            payloads.push(one.clone());
            // The same as the first part of a longer message, and as a part within.
            for flags in [1, 0, 2] {
                let mut part = one.clone();
                part[16] = flags;
                payloads.push(part);
            }
        }
        for payload in payloads {
            let text = with_stream(&payload);
            let scrubbed = Scrubber::default().envelope(&text).unwrap();
            assert_hidden(&scrubbed, secret, &text);
        }
    }
}

#[test]
fn what_is_of_the_protocol_stays() {
    for envelope in envelopes() {
        let scrubbed = Scrubber::new(ScrubOptions { keep_streams: true, keep_messages: true })
            .envelope(&envelope)
            .unwrap();
        let (before, after) = (Document::parse(&envelope).unwrap(), Document::parse(&scrubbed).unwrap());
        let names = |document: &Document<'_>| names_of(document.root());
        if !envelope.contains("urn:example:widgets") {
            assert_eq!(names(&before), names(&after), "{scrubbed}");
        }
        if let (Ok(before), Ok(after)) =
            (CanonicalRequest::of(envelope.as_bytes()), CanonicalRequest::of(scrubbed.as_bytes()))
        {
            assert_eq!(before.lines().len(), after.lines().len());
            let action = |request: &CanonicalRequest| request.lines().first().cloned();
            assert_eq!(action(&before), action(&after));
        }
    }
}

fn names_of(element: Element<'_>) -> Vec<String> {
    let own = format!("{{{}}}{}", element.namespace(), element.local());
    std::iter::once(own).chain(element.children().flat_map(names_of)).collect()
}

#[test]
fn one_value_has_one_placeholder_wherever_it_stands() {
    let shell = "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' \
         xmlns:a='http://schemas.xmlsoap.org/ws/2004/08/addressing' xmlns:w='http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd' \
         xmlns:rsp='http://schemas.microsoft.com/wbem/wsman/1/windows/shell'><s:Header>\
         <a:To>HTTP://Web01.corp.example:5985/wsman?PSVersion=7.6.9</a:To>\
         <w:ResourceURI>http://schemas.microsoft.com/powershell/JEARole</w:ResourceURI>\
         <w:SelectorSet><w:Selector Name='ShellId'>b6631d8e-65a0-49f2-9053-a1b156c95777</w:Selector></w:SelectorSet>\
         </s:Header><s:Body><rsp:Shell><rsp:ShellId> B6631D8E-65A0-49F2-9053-A1B156C95777 </rsp:ShellId>\
         <rsp:Owner>CORP\\Alice</rsp:Owner><rsp:Owner>alice@web01.corp.example</rsp:Owner>\
         <rsp:ClientIP>10.0.0.7</rsp:ClientIP><rsp:ProcessId>4711</rsp:ProcessId>\
         <rsp:IdleTimeOut>PT7200.000S</rsp:IdleTimeOut></rsp:Shell></s:Body></s:Envelope>";
    let mut scrubber = Scrubber::default();
    let scrubbed = scrubber.envelope(shell).unwrap();
    for expected in [
        ">http://host-1:5985/wsman?PSVersion=7.6.9<",
        ">http://schemas.microsoft.com/powershell/configuration-1<",
        "Name=\"ShellId\">00000000-0000-4000-8000-000000000001<",
        "> 00000000-0000-4000-8000-000000000001 <",
        ">DOMAIN-1\\user-1<",
        ">user-1@host-1<",
        ">192.0.2.1<",
        ">4711<",
        ">PT7200.000S<",
    ] {
        assert!(scrubbed.contains(expected), "{expected} in {scrubbed}");
    }
    assert_eq!(scrubber.envelope(shell).unwrap(), scrubbed, "again, and in another order");
    assert_eq!(scrubber.replaced().len(), 6, "{:?}", scrubber.replaced());
    assert_eq!(scrubber.host("web01.CORP.example"), "host-1");
}

#[test]
fn the_ids_in_powershells_messages_are_those_of_the_envelope() {
    let id = Uuid::try_parse("B6631D8E-65A0-49F2-9053-A1B156C95777").unwrap();
    let state = "<Obj RefId=\"0\"><MS><I32 N=\"RunspaceState\">2</I32></MS></Obj>";
    let text = with_stream(&whole(0x0002_1005, id, Uuid::nil(), state));
    let mut scrubber = Scrubber::default();
    let placeholder = scrubber.placeholders.guid(id);
    let scrubbed = scrubber.envelope(&text).unwrap();
    assert!(
        scrubbed.contains(&BASE64.encode(whole(0x0002_1005, placeholder, Uuid::nil(), state))),
        "{scrubbed}"
    );
}
