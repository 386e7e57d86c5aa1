//! The service's answers as HTTP writes them.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::ext::ReasonPhrase;
use hyper::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, SERVER, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};

use super::fault_injection::Delivery;
use super::profile::Dialect;
use super::service::Outgoing;

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the simulator closes the connection")]
pub(super) struct Closed;

/// The answer with the headers of that kind of server.
pub(super) fn into_http(outgoing: Outgoing, dialect: Dialect) -> Result<Response<Payload>, Closed> {
    if outgoing.delivery == Delivery::Closed {
        return Err(Closed);
    }
    let length = outgoing.body.len();
    let mut body = Bytes::from(outgoing.body);
    let breaks = outgoing.delivery == Delivery::Truncated;
    if breaks {
        body.truncate(length / 2);
    }
    let mut response = Response::new(Payload { length, body: Some(body), breaks });
    *response.status_mut() = StatusCode::from_u16(outgoing.status).map_err(|_| Closed)?;
    let headers = response.headers_mut();
    match dialect {
        Dialect::Windows => headers.insert(SERVER, HeaderValue::from_static("Microsoft-HTTPAPI/2.0")),
        Dialect::Omi => headers.insert(CONNECTION, HeaderValue::from_static("Keep-Alive")),
    };
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    if let Some(value) = outgoing.content_type.and_then(|value| HeaderValue::from_str(&value).ok()) {
        headers.insert(CONTENT_TYPE, value);
    }
    for value in outgoing.authenticate.iter().filter_map(|value| HeaderValue::from_str(value).ok()) {
        headers.append(WWW_AUTHENTICATE, value);
    }
    if dialect == Dialect::Omi && outgoing.status == 200 {
        response.extensions_mut().insert(ReasonPhrase::from_static(b"Success"));
    }
    Ok(response)
}

/// A body that may break off before its announced end.
pub(super) struct Payload {
    length: usize,
    body: Option<Bytes>,
    breaks: bool,
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Closed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Closed>>> {
        Poll::Ready(match self.body.take().filter(|body| !body.is_empty()) {
            Some(body) => Some(Ok(Frame::data(body))),
            None if self.breaks => Some(Err(Closed)),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.length == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.length).unwrap_or(u64::MAX))
    }
}
