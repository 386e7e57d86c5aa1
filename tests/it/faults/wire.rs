//! Troubles of the wire and of HTTP.

use std::net::TcpListener;
use std::sync::OnceLock;
use std::time::Duration;

use pssession::auth::sealing;

use super::auth_mode::Keys;
use super::fault::{Deed, Fault, Reach, Strike};
use crate::support::raw::{Act, Pieces, Response};

pub(super) const FAULTS: &[Fault] = &[
    http("no answer, and nothing done", Deed::Instead(|_| Act::Hang)),
    http("no answer, although it was done", Deed::After(|_| Act::Hang)),
    http("connection refused from then on", Deed::Refused),
    http("reset before it was done", Deed::Instead(|_| Act::Close)),
    http("reset after it was done", Deed::After(|_| Act::Close)),
    http("half an answer", Deed::Delivery(|bytes| Act::Raw(bytes[..bytes.len() / 2].to_vec()))),
    http("a byte a second", Deed::Delivery(drip)),
    http("an answer that never ends", Deed::After(|_| endless())),
    http("an empty 200", Deed::After(|_| Act::Answer(Response::new(200)))),
    Fault { once: true, ..UNAUTHORIZED },
    Fault { name: "401 for ever", ..UNAUTHORIZED },
    http("403", Deed::Instead(|_| Act::Answer(Response::new(403)))),
    http("404", Deed::Instead(|_| Act::Answer(Response::new(404)))),
    http(
        "407 of a proxy",
        Deed::Instead(|_| Act::Answer(Response::new(407).header("Proxy-Authenticate", "Basic realm=\"x\""))),
    ),
    Fault::new("404, although it was done", Reach::Acts, Deed::After(|_| Act::Answer(Response::new(404)))),
    http("500 without a body", Deed::Instead(|_| Act::Answer(Response::new(500)))),
    http("504 of a gateway, although it was done", Deed::After(|_| Act::Answer(Response::new(504)))),
    http(
        "503 with Retry-After: 3",
        Deed::Instead(|_| Act::Answer(Response::new(503).header("Retry-After", "3"))),
    ),
    Fault::new("503, although it was done", Reach::Acts, Deed::After(|_| Act::Answer(Response::new(503)))),
    http(
        "a redirect to another host",
        Deed::Instead(|_| {
            let target = format!("http://{}/wsman", elsewhere().local_addr().unwrap());
            Act::Answer(Response::new(302).header("Location", target))
        }),
    ),
    http(
        "a web page with status 200",
        Deed::Instead(|_| Act::Answer(Response::new(200).body("text/html", "<html>Log in here</html>"))),
    ),
    Fault::new("a wrong signature on a sealed answer", Reach::Sealed, Deed::Sealed(wrong_mac)),
    Fault::new("a sealed answer replayed", Reach::SealedBefore, Deed::Sealed(replayed)),
    Fault::new("a sealed answer out of order", Reach::Sealed, Deed::Sealed(reordered)),
    Fault::new("a clear answer to a sealed request", Reach::Sealed, Deed::After(in_clear)),
    Fault::new("a challenge that drops sealing", Reach::SealedLogin, Deed::Challenge(0x20)),
    Fault::new("only Basic is offered", Reach::SealedLogin, Deed::Offer("Basic realm=\"WSMAN\"")),
];

const UNAUTHORIZED: Fault = Fault {
    forgets: true,
    ..http("401 once", Deed::Instead(|strike| Act::Answer(strike.way.unauthorized())))
};

const fn http(name: &'static str, deed: Deed) -> Fault {
    Fault::new(name, Reach::Http, deed)
}

/// Where a redirect leads. Nobody may come.
pub(super) fn elsewhere() -> &'static TcpListener {
    static ELSEWHERE: OnceLock<TcpListener> = OnceLock::new();
    ELSEWHERE.get_or_init(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        listener
    })
}

fn drip(bytes: Vec<u8>) -> Act {
    let pieces: Pieces = Box::new(bytes.into_iter().map(|byte| (Duration::from_secs(1), vec![byte])));
    Act::Pieces(pieces)
}

fn endless() -> Act {
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = [&b"4000\r\n"[..], &[b' '; 0x4000], b"\r\n"].concat();
    let pieces = std::iter::once(head.to_vec()).chain(std::iter::repeat(chunk));
    Act::Pieces(Box::new(pieces.map(|piece| (Duration::ZERO, piece))))
}

fn wrong_mac(keys: &mut Keys, envelope: &[u8]) -> (String, Vec<u8>) {
    let (content_type, body) = sealing::seal_body(&mut keys.seal, envelope).unwrap();
    let mut frames = sealing::read_frames(&body).unwrap();
    frames[0].signature[4] ^= 1;
    let protocol = "application/HTTP-SPNEGO-session-encrypted";
    (
        content_type,
        sealing::write_frame(
            sealing::FrameLayout::Windows,
            protocol,
            &frames[0].signature,
            &frames[0].ciphertext,
            envelope.len(),
        ),
    )
}

fn replayed(keys: &mut Keys, envelope: &[u8]) -> (String, Vec<u8>) {
    // On a new connection nothing went before, and there the answer is given again for the next request.
    keys.last.clone().unwrap_or_else(|| {
        let sealed = sealing::seal_body(&mut keys.seal, envelope).unwrap();
        keys.last = Some(sealed.clone());
        sealed
    })
}

fn reordered(keys: &mut Keys, envelope: &[u8]) -> (String, Vec<u8>) {
    sealing::seal_body(&mut keys.seal, b"<later/>").unwrap();
    sealing::seal_body(&mut keys.seal, envelope).unwrap()
}

fn in_clear(strike: &Strike<'_>) -> Act {
    Act::Answer(Response::soap(200, strike.envelope))
}
