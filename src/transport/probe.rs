//! Is it WinRM? One Identify without a login, what authentication is offered, and what TLS shows.

use std::sync::Arc;

use super::answer::Answer;
use super::channel::SOAP;
use super::http::{ClientFactory, Http, Request};
use super::tls_observer::TlsObserver;
use super::{Endpoint, HttpOptions, SetupError, TlsFound, TransportError, challenges};
use crate::auth::Challenges;
use crate::wsman::op::identify;

/// What an endpoint says of itself to a stranger.
#[derive(Clone, Debug)]
pub struct Probe {
    /// The SOAP body of the answer to Identify, if there was one.
    pub identity_body: Option<Vec<u8>>,
    /// The HTTP status of the answer to Identify.
    pub status: u16,
    /// The authentication schemes that are offered to a request without a login.
    pub challenges: Challenges,
    /// The `Server` header; text of the server's, to be shown with escapes neutralised.
    pub server: Option<String>,
    /// The `Date` header: the server's clock, in whole seconds.
    pub date: Option<String>,
    /// What TLS has shown; `None` over plain HTTP.
    pub tls: Option<TlsFound>,
    /// The first printable characters of an answer that is not SOAP, or where a redirect leads, as `: ...`.
    pub excerpt: String,
}

/// Posts Identify with `WSMANIDENTIFY: unauthenticated` (DSP0226 11, Metadata and discovery), and an empty request to
/// learn which authentication is offered. No credential is involved, so that a certificate that is not trusted ends
/// nothing: [`Probe::tls`] says what is wrong with it, and nothing that such a server said is vouched for.
///
/// # Errors
/// [`TransportError::Connect`], [`TransportError::Lost`], [`TransportError::Timeout`] or
/// [`TransportError::TooLarge`]; any HTTP status is an answer.
pub async fn probe(endpoint: &Endpoint, options: &HttpOptions) -> Result<Probe, TransportError> {
    let connect = |source| TransportError::Connect { endpoint: endpoint.url().to_owned(), source };
    let observer = Arc::new(TlsObserver::lenient());
    let factory = ClientFactory::with_observer(endpoint, options, Arc::clone(&observer))
        .map_err(|e: SetupError| connect(e.into()))?;
    let prober = Prober { endpoint, options, factory };
    let http = prober.factory.open();
    let request = Request {
        body: identify_envelope(),
        content_type: Some(SOAP),
        unauthenticated_identify: true,
        ..Request::default()
    };
    let (http, answer) = prober.ask(http, request).await;
    let answer = answer?;
    let mut probe = Probe {
        excerpt: if answer.is_soap() { String::new() } else { answer.excerpt() },
        identity_body: None,
        status: answer.status,
        challenges: answer.challenges.clone(),
        server: answer.server.clone(),
        date: answer.date.clone(),
        tls: observer.found(),
    };
    if answer.is_soap() {
        let http = if answer.closes { prober.factory.open() } else { http };
        probe.challenges = prober.ask(http, Request::default()).await.1?.challenges;
        probe.identity_body = Some(answer.body);
    }
    Ok(probe)
}

struct Prober<'a> {
    endpoint: &'a Endpoint,
    options: &'a HttpOptions,
    factory: ClientFactory,
}

impl Prober<'_> {
    async fn ask(&self, http: Http, request: Request<'_>) -> (Http, Result<Answer, TransportError>) {
        let (http, answer) = challenges::ask(&self.factory, http, request, self.options.login_timeout).await;
        let answer = answer.map_err(|error| error.at(self.endpoint));
        (http, answer)
    }
}

/// The Identify request, which also proves a login that has no tokens of its own.
pub(super) fn identify_envelope() -> Vec<u8> {
    let mut envelope = String::new();
    identify::request(&mut envelope);
    envelope.into_bytes()
}
