//! Shells asked for one by one, where listing is denied.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use super::connection::ConnectionFactory;
use super::now;
use super::survey::SurveyedHost;
use crate::client::WsmanClient;
use crate::error::Error;
use crate::wsman::{Shell, ShellId};

/// What one host answered.
#[derive(Default)]
pub(super) struct Answers {
    client: Option<WsmanClient>,
    got: Vec<(Arc<Shell>, Instant)>,
    unanswered: Vec<(ShellId, Error)>,
    refused: bool,
}

/// Asks one host for each of these shells. After a credential was refused there is no further login.
pub(super) async fn get(
    factory: &ConnectionFactory,
    client: Option<WsmanClient>,
    ids: &[ShellId],
) -> Answers {
    let mut answers = Answers { client, ..Answers::default() };
    let mut asked = HashSet::new();
    for shell_id in ids.iter().filter(|shell_id| asked.insert(*shell_id)) {
        let since = now();
        let (client, shell) = factory.get_patiently(answers.client.take(), shell_id).await;
        answers.client = client;
        match shell {
            Ok(shell) => answers.got.push((shell.into(), since)),
            Err(Error::Fault(fault)) if fault.is_no_such_shell() => {}
            Err(error) => {
                answers.refused = error.is_credential_refused();
                answers.unanswered.push((shell_id.clone(), error));
                if answers.refused {
                    break;
                }
            }
        }
    }
    answers
}

impl Answers {
    /// The work has panicked: none of these is known to be there or not.
    pub(super) fn none(ids: Vec<ShellId>, endpoint_url: &str) -> Self {
        let unanswered = |shell_id| (shell_id, Error::Panicked { endpoint: endpoint_url.to_owned() });
        Self { unanswered: ids.into_iter().map(unanswered).collect(), ..Self::default() }
    }

    pub(super) fn tell(self, host: &mut SurveyedHost) {
        host.client = self.client;
        host.got = self.got;
        host.unanswered = self.unanswered;
        host.refused |= self.refused;
        host.asked_singly = true;
    }
}
