//! What a request needs of the program that runs it.

use std::path::Path;

use secrecy::SecretString;

use super::error::RequestError;
use super::event::Event;
use super::evidence::SessionEvidence;
use super::settings::{HostSettings, PasswordSource};
use crate::auth::{AuthScheme, Credential};
use crate::teardown::{ConfirmReason, Plan};
use crate::transport::Endpoint;

/// Answers the questions of a request and hears its events. A question that is not implemented is refused, so that
/// nothing is closed and no credential is sent without somebody's word.
pub trait Caller {
    /// The error of its own methods and of the requests that it runs.
    type Error: From<RequestError>;

    /// The credential of `user` for a login with `scheme`. It is asked once for each host, before any is contacted.
    ///
    /// # Errors
    /// There is none.
    fn credential(
        &self,
        user: Option<&str>,
        scheme: AuthScheme,
        source: Option<&PasswordSource>,
    ) -> Result<Credential, Self::Error>;

    /// The passwords of accounts of single machines, in the order in which they are asked for: those whose source asks for
    /// the host ([`PasswordSource::is_per_host`]). Asked once, before any host is contacted. Where one is missing, that host
    /// alone fails, with these words. Default: none is there.
    fn machine_passwords(&self, wanted: &[MachinePassword<'_>]) -> Vec<Result<SecretString, String>> {
        wanted.iter().map(|_| Err("this program knows no password for each host".to_owned())).collect()
    }

    /// The settings of a host. Default: none.
    fn settings(&self, _endpoint: &Endpoint) -> HostSettings {
        HostSettings::default()
    }

    /// Checks the settings of a host that is about to be reached, before any credential is asked for.
    ///
    /// # Errors
    /// They contradict each other. Nothing is sent then.
    fn check(&self, _endpoint: &Endpoint) -> Result<(), Self::Error> {
        Ok(())
    }

    /// The PEM text of a [`HostSettings::ca_file`]. Default: the file's bytes.
    ///
    /// # Errors
    /// It cannot be read.
    fn read_ca_file(&self, path: &Path) -> Result<Vec<u8>, Self::Error> {
        let unreadable = |source| RequestError::CaFile { path: path.to_owned(), source };
        Ok(super::table::read_file(path).map_err(unreadable)?)
    }

    /// Hears of what has happened.
    fn event(&self, _event: Event<'_>) {}

    /// Whether sessions can be confirmed one by one: it is asked before any host is contacted.
    ///
    /// # Errors
    /// There is nobody to ask.
    fn can_confirm(&self) -> Result<(), Self::Error> {
        Ok(())
    }

    /// Whether a credential may be sent to these endpoints, which no person named and no earlier login went to.
    ///
    /// # Errors
    /// There is nobody to ask.
    fn confirm_hosts(&self, urls: &[String]) -> Result<bool, Self::Error> {
        Err(RequestError::UntrustedHosts { urls: urls.to_vec() }.into())
    }

    /// Whether to go on with the `found` sessions although a selector value found nothing.
    ///
    /// # Errors
    /// The question fails.
    fn confirm_rest(&self, _found: usize) -> Result<bool, Self::Error> {
        Ok(false)
    }

    /// Whether to carry out a plan for which there are these reasons to ask.
    ///
    /// # Errors
    /// There is nobody to ask.
    fn confirm_plan(&self, _plan: &Plan, reasons: &[ConfirmReason]) -> Result<bool, Self::Error> {
        let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
        Err(RequestError::ConfirmationRequired { reasons: reasons.join("; ") }.into())
    }

    /// Declines those sessions of the plan that are not to be closed ([`Plan::decline`]).
    ///
    /// # Errors
    /// There is nobody to ask.
    fn confirm_each(&self, _plan: &mut Plan) -> Result<(), Self::Error> {
        Err(RequestError::ConfirmationRequired { reasons: "each session is to be confirmed".into() }.into())
    }

    /// Keeps what is known of the sessions that are about to be closed, where the request asks for it
    /// ([`RemoveRequest::evidence`](super::RemoveRequest::evidence)). It is called after the plan was confirmed, and none of
    /// these sessions is closed before it returns.
    ///
    /// # Errors
    /// It cannot be kept. Nothing of this plan is closed then.
    fn keep_evidence(&self, _evidence: &[SessionEvidence]) -> Result<(), Self::Error> {
        Err(RequestError::EvidenceNotKept.into())
    }
}

/// The password of an account that one machine has for itself.
#[derive(Clone, Copy, Debug)]
pub struct MachinePassword<'a> {
    /// The machine.
    pub endpoint: &'a Endpoint,
    /// The account, as it is typed.
    pub user: &'a str,
    /// Where its password is.
    pub source: &'a PasswordSource,
}

/// A caller without a person: one credential for every host, and no to every question.
#[derive(Clone, Debug)]
pub struct Unattended {
    /// The credential of every login.
    pub credential: Credential,
}

impl Caller for Unattended {
    type Error = RequestError;

    fn credential(
        &self,
        _user: Option<&str>,
        _scheme: AuthScheme,
        _source: Option<&PasswordSource>,
    ) -> Result<Credential, RequestError> {
        Ok(self.credential.clone())
    }
}
