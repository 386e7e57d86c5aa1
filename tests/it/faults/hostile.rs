//! Troubles that somebody has thought up: answers that want more memory or patience than anybody has.

use std::fmt::Write as _;
use std::sync::OnceLock;
use std::time::Duration;

use pssession::wsman::uri;

use super::Operation;
use super::fault::{Deed, Fault, Reach, Strike};
use crate::support::raw::{Act, Response};

pub(super) const FAULTS: &[Fault] = &[
    http("a gzip bomb", |_| {
        let bomb = Response::new(200).header("Content-Encoding", "gzip");
        Act::Answer(bomb.body("application/soap+xml", gzip_bomb().as_slice()))
    }),
    http("a Content-Length of 1 GB", |_| gigabyte()),
    http("10,000 headers", |_| Act::Raw(many_headers())),
    envelope("a DTD bomb", |_| dtd_bomb()),
    envelope("elements 100,000 deep", |_| inside_body(&"<a>".repeat(100_000))),
    envelope("10,000 attributes", |_| attributes(10_000)),
    envelope("1,000,000 attributes", |_| {
        static MILLION: OnceLock<Vec<u8>> = OnceLock::new();
        MILLION.get_or_init(|| attributes(1_000_000)).clone()
    }),
    envelope("invalid UTF-8", |strike| {
        let at = strike.envelope.find("<a:MessageID>").unwrap() + "<a:MessageID>".len();
        let (before, after) = strike.envelope.as_bytes().split_at(at);
        [before, b"\xff\xfe\xc0", after].concat()
    }),
    envelope("UTF-16", |strike| {
        let units = std::iter::once(0xfeff).chain(strike.envelope.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect()
    }),
    Fault::new("each item twice", Reach::Pages, Deed::Envelope(twice)),
    Fault::new(
        "a page and its context repeated",
        Reach::Pages,
        Deed::Pages(|strike, _| page(strike, &item(strike, 0))),
    ),
    Fault::new("empty pages without an end", Reach::Pages, Deed::Pages(|strike, _| page(strike, ""))),
    Fault::new(
        "pages of 20 new items without an end",
        Reach::Pages,
        Deed::Pages(|strike, number| {
            let items: Vec<_> = (0..ITEMS).map(|n| item(strike, number * ITEMS + n)).collect();
            page(strike, &items.concat())
        }),
    ),
];

/// Items on a page of those that never end.
const ITEMS: usize = 20;

const fn http(name: &'static str, make: fn(&Strike<'_>) -> Act) -> Fault {
    Fault::new(name, Reach::Http, Deed::After(make))
}

const fn envelope(name: &'static str, change: fn(&Strike<'_>) -> Vec<u8>) -> Fault {
    Fault::new(name, Reach::Envelopes, Deed::Envelope(change))
}

/// A megabyte and a half that unpacks to some 250: RFC 1951 (3.2.6, fixed Huffman codes), one literal and then as many
/// matches of 258 bytes as fit.
fn gzip_bomb() -> &'static Vec<u8> {
    static BOMB: OnceLock<Vec<u8>> = OnceLock::new();
    BOMB.get_or_init(pack_bomb)
}

fn pack_bomb() -> Vec<u8> {
    let mut bits: Vec<bool> = Vec::new();
    let mut push = |value: u32, count: u32| bits.extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
    // A last block (1) of type 01, least bit first; the literal 0; then length code 285 and distance code 0.
    push(0b110, 3);
    push(0b0011_0000, 8);
    for _ in 0..1_000_000 {
        push(0b1100_0101, 8);
        push(0, 5);
    }
    push(0, 7);
    let byte = |bits: &[bool]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
    let packed = bits.chunks(8).map(byte);
    [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255].into_iter().chain(packed).collect()
}

fn gigabyte() -> Act {
    const GIGABYTE: usize = 1 << 30;
    const PIECE: usize = 1 << 16;
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nContent-Length: {GIGABYTE}\r\n\r\n"
    );
    let pieces = std::iter::repeat_n(vec![b' '; PIECE], GIGABYTE / PIECE);
    Act::Pieces(Box::new(
        std::iter::once(head.into_bytes()).chain(pieces).map(|piece| (Duration::ZERO, piece)),
    ))
}

fn many_headers() -> Vec<u8> {
    let mut head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n".to_owned();
    for number in 0..10_000 {
        let _ = write!(head, "X-{number}: {number}\r\n");
    }
    head.push_str("\r\n");
    head.into_bytes()
}

fn inside_body(xml: &str) -> Vec<u8> {
    format!("<s:Envelope xmlns:s=\"{}\"><s:Body>{xml}", uri::SOAP).into()
}

fn attributes(count: usize) -> Vec<u8> {
    let mut tag = "<a".to_owned();
    for number in 0..count {
        let _ = write!(tag, " a{number}=\"\"");
    }
    tag.push_str("/></s:Body></s:Envelope>");
    inside_body(&tag)
}

/// Ten entities, each ten times the one before.
fn dtd_bomb() -> Vec<u8> {
    let mut dtd = "<!DOCTYPE bomb [<!ENTITY e0 \"boom\">".to_owned();
    for level in 1..10 {
        let _ = write!(dtd, "<!ENTITY e{level} \"{}\">", format!("&e{};", level - 1).repeat(10));
    }
    [dtd.as_bytes(), b"]>", &inside_body("&e9;</s:Body></s:Envelope>")].concat()
}

fn twice(strike: &Strike<'_>) -> Vec<u8> {
    let tag = if strike.is_pull { "n:Items>" } else { "w:Items>" };
    let (before, rest) = strike.envelope.split_once(&format!("<{tag}")).unwrap();
    let (items, after) = rest.split_once(&format!("</{tag}")).unwrap();
    format!("{before}<{tag}{items}{items}</{tag}{after}").into()
}

fn item(strike: &Strike<'_>, number: usize) -> String {
    let rsp = uri::SHELL;
    if strike.operation == Operation::Commands {
        format!("<rsp:Command xmlns:rsp=\"{rsp}\"><rsp:CommandId>{number}</rsp:CommandId></rsp:Command>")
    } else {
        let (uri, id) = (uri::CMD_RESOURCE, number);
        format!(
            "<rsp:Shell xmlns:rsp=\"{rsp}\"><rsp:ShellId>{id}</rsp:ShellId><rsp:ResourceUri>{uri}</rsp:ResourceUri></rsp:Shell>"
        )
    }
}

/// A page that is never the last; its context is the same for ever, as it may be.
fn page(strike: &Strike<'_>, items: &str) -> String {
    let (action, element, prefix) = if strike.is_pull {
        (uri::PULL.response, "PullResponse", "n")
    } else {
        (uri::ENUMERATE.response, "EnumerateResponse", "w")
    };
    format!(
        "<s:Envelope xmlns:s=\"{}\" xmlns:a=\"{}\" xmlns:n=\"{}\" xmlns:w=\"{}\"><s:Header><a:Action>{action}</a:Action>\
         <a:RelatesTo>{}</a:RelatesTo></s:Header><s:Body><n:{element}><n:EnumerationContext>uuid:again</n:EnumerationContext>\
         <{prefix}:Items>{items}</{prefix}:Items></n:{element}></s:Body></s:Envelope>",
        uri::SOAP,
        uri::ADDRESSING,
        uri::ENUMERATION,
        uri::WSMAN,
        strike.message_id,
    )
}
