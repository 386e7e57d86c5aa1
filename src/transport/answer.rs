//! One whole answer of a server.

use std::sync::Arc;
use std::time::Duration;

use hyper::Response;
use hyper::header::{
    CONNECTION, CONTENT_TYPE, DATE, HeaderName, LOCATION, RETRY_AFTER, SERVER, WWW_AUTHENTICATE,
};

use super::redaction::Redactor;
use crate::auth::Challenges;

/// One whole answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: String,
    pub(super) challenges: Challenges,
    pub(super) retry_after: Option<Duration>,
    pub(super) location: Option<String>,
    pub(super) server: Option<String>,
    pub(super) date: Option<String>,
    pub(super) certificate: Option<Arc<[u8]>>,
    /// Whether the server said that it closes the connection after this answer.
    pub(super) closes: bool,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// The head, without a body yet, of a server with this certificate.
    pub(super) fn from_head<B>(response: &Response<B>, certificate: Option<Arc<[u8]>>) -> Self {
        let headers = response.headers();
        let text = |name: HeaderName| headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let challenges = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|v| v.to_str().ok());
        let closes = headers
            .get_all(CONNECTION)
            .iter()
            .filter_map(|v| v.to_str().ok())
            .flat_map(|v| v.split(','))
            .any(|v| v.trim().eq_ignore_ascii_case("close"));
        Self {
            status: response.status().as_u16(),
            content_type: text(CONTENT_TYPE).unwrap_or_default(),
            challenges: Challenges::parse(challenges),
            retry_after: text(RETRY_AFTER).and_then(|v| v.trim().parse().ok()).map(Duration::from_secs),
            location: text(LOCATION),
            server: text(SERVER),
            date: text(DATE),
            certificate,
            closes,
            body: Vec::new(),
        }
    }

    /// Masks what may be quoted of the head.
    pub(super) fn redact_headers(&mut self, redactor: &Redactor) {
        for header in [&mut self.location, &mut self.server].into_iter().flatten() {
            *header = redactor.text(header).into_owned();
        }
    }
}
