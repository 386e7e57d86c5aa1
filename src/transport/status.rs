//! Answers that are not SOAP: what to tell of them without trusting a byte.

use super::TransportError;
use super::answer::Answer;
use crate::auth::sealing;
use crate::wsman::one_line;

impl Answer {
    /// Whether the body is a SOAP envelope in clear, going by its content type.
    pub(super) fn is_soap(&self) -> bool {
        let media = self.content_type.split(';').next().unwrap_or_default().trim();
        media.eq_ignore_ascii_case("application/soap+xml") && !self.body.is_empty()
    }

    /// Whether the body is sealed (MS-WSMV 2.2.9.1, Encrypted Message Types).
    pub(super) fn is_sealed(&self) -> bool {
        sealing::is_sealed(&self.content_type)
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The error that this answer is, when its body is not one to parse.
    pub(super) fn into_status_error(self, endpoint: &str) -> TransportError {
        TransportError::Status {
            endpoint: endpoint.to_owned(),
            status: self.status,
            excerpt: self.excerpt(),
            retry_after: self.retry_after,
        }
    }

    /// `: ` and where a redirect leads, or the first printable characters of the body.
    pub(super) fn excerpt(&self) -> String {
        let text = match &self.location {
            Some(location) if (300..400).contains(&self.status) => {
                format!("redirect to {}, which is not followed", one_line(location, EXCERPT_CHARS))
            }
            _ => one_line(&String::from_utf8_lossy(&self.body), EXCERPT_CHARS),
        };
        match text.as_str() {
            "" if self.is_success() => ": empty response".to_owned(),
            "" => text,
            _ => format!(": {text}"),
        }
    }
}

/// Enough to recognise whose page it is.
const EXCERPT_CHARS: usize = 200;
