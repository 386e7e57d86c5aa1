//! Asking a server what it offers, without a login.

use std::time::Duration;

use secrecy::SecretString;

use super::answer::Answer;
use super::http::{ClientFactory, Http, PostError, Request};
use crate::wsman::xml::MAX_BYTES;

/// Posts a request without `Authorization`. Where that stays unanswered for a while, `Authorization: Negotiate` alone goes
/// out on a second connection, which takes the place of the first if it is answered: OMI answers no other way.
pub(super) async fn ask(
    factory: &ClientFactory,
    mut http: Http,
    request: Request<'_>,
    timeout: Duration,
) -> (Http, Result<Answer, PostError>) {
    // Silence counts from when the connection stands.
    if let Err(error) = http.connect().await {
        return (http, Err(error));
    }
    let mut second: Option<Http> = None;
    let (takes_place, answer) = {
        let first = http.post(request, MAX_BYTES, timeout);
        tokio::pin!(first);
        let early = tokio::select! {
            biased;
            answer = &mut first => Some(answer),
            () = tokio::time::sleep(UNANSWERED) => None,
        };
        match early {
            Some(answer) => (false, answer),
            None => {
                let other = second.insert(factory.open());
                let word = SecretString::from(NEGOTIATE);
                let request = Request { authorization: Some(&word), ..Request::default() };
                let other = other.post(request, MAX_BYTES, timeout.saturating_sub(UNANSWERED));
                tokio::pin!(other);
                tokio::select! {
                    answer = &mut first => match answer {
                        Ok(answer) => (false, Ok(answer)),
                        Err(_) => (true, other.await),
                    },
                    answer = &mut other => match answer {
                        Ok(answer) => (true, Ok(answer)),
                        Err(_) => (false, first.await),
                    },
                }
            }
        }
    };
    match second {
        Some(other) if takes_place => (other, answer),
        _ => (http, answer),
    }
}

/// The word without a token, to which a server that negotiates answers with all that it offers.
const NEGOTIATE: &str = "Negotiate";

/// A server that answers at all answers a request without a body at once; this leaves time for a slow line.
const UNANSWERED: Duration = Duration::from_secs(2);
