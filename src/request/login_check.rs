//! Whether hosts accept a credential, and what they show it: the check before work on many hosts.

use super::caller::Caller;
use super::hosts::Hosts;
use super::{connectors, listing};
use crate::error::Error;
use crate::teardown::{
    Cancellation, Engine, Interruption, ListingResult, Policy, Report, RunStatus, RunSummary, Survey,
};
use crate::transport::Endpoint;

/// The wish to log in to hosts and list their sessions once; nothing is remembered, nothing is closed.
#[derive(Clone, Debug, Default)]
pub struct LoginCheckRequest {
    /// The hosts.
    pub hosts: Hosts,
    /// How many at the same time, and for how long.
    pub policy: Policy,
}

/// What became of a [`LoginCheckRequest`].
#[derive(Debug)]
pub struct LoginChecks {
    survey: Survey,
    was_cancelled: bool,
    /// The signal that ended the run, if one did; whoever handles signals sets it.
    pub interruption: Option<Interruption>,
}

/// What one host answered.
#[derive(Clone, Copy, Debug)]
pub struct LoginCheck<'a> {
    /// The host.
    pub endpoint: &'a Endpoint,
    /// The user who logged in, as it was typed.
    pub user: &'a str,
    /// Whether it accepted the login and listed its sessions.
    pub result: ListingResult,
    /// Why it did not.
    pub error: Option<&'a Error>,
    /// What its listing shows, if there is one.
    pub seen: Option<SeenShells>,
}

/// What a listing shows an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenShells {
    /// How many shells.
    pub shells: usize,
    /// Of how many owners.
    pub owners: usize,
    /// Whether shells of other people are among them: only then is a shell gone that is not listed. Where this is false,
    /// the account may see its own shells only.
    pub others: bool,
}

impl LoginCheckRequest {
    /// Asks the hosts.
    ///
    /// # Errors
    /// [`RequestError`](super::RequestError), or an error of the caller's own. Nothing is sent then.
    pub async fn run<C: Caller>(
        self,
        caller: &C,
        cancellation: &Cancellation,
    ) -> Result<LoginChecks, C::Error> {
        let connectors = connectors::to_named(&self.hosts, caller, None).await?;
        let engine = Engine::new(self.policy);
        let survey = listing::survey(&engine, connectors, |_| Vec::new(), caller, cancellation).await;
        Ok(LoginChecks { survey, was_cancelled: cancellation.is_cancelled(), interruption: None })
    }
}

impl LoginChecks {
    /// One for each host, in the order in which they were named.
    pub fn hosts(&self) -> impl Iterator<Item = LoginCheck<'_>> {
        self.survey.hosts().iter().zip(self.survey.host_results()).map(|(host, result)| {
            let listing = host.listing();
            let shells = listing.and_then(Result::ok).map(|listing| listing.shells.as_slice());
            let seen = shells.map(|shells| {
                let owners = || shells.iter().filter_map(|shell| shell.owner.as_deref());
                let distinct: std::collections::HashSet<String> = owners().map(str::to_lowercase).collect();
                let others = host.account().is_some_and(|account| account.sees_others_in(owners()));
                SeenShells { shells: shells.len(), owners: distinct.len(), others }
            });
            LoginCheck {
                endpoint: host.connector().endpoint(),
                user: host.connector().user(),
                result: result.listing,
                error: listing.and_then(Result::err),
                seen,
            }
        })
    }

    /// The status of the run.
    #[must_use]
    pub fn status(&self) -> RunStatus {
        let unasked = self.survey.hosts().iter().any(|host| host.listing().is_none());
        let deadline = unasked && !self.was_cancelled;
        let summary = RunSummary { deadline, interruption: self.interruption, ..RunSummary::default() };
        Report::default().status(&summary.with_hosts(self.survey.tally()))
    }
}
