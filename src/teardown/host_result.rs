//! How the hosts of a run answered when they were to be listed.

use super::report::Report;

/// How many hosts answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostCounts {
    /// All of them.
    pub hosts: usize,
    /// Those that were not reached: no connection, no login, no WS-Management.
    pub unreachable: usize,
    /// Those that answered and denied their listing.
    pub denied: usize,
    /// Those whose listing is incomplete.
    pub incomplete: usize,
    /// Those that refused the credential, or on which it was not tried again.
    pub refused: usize,
    /// Of these, those on which it was not tried, to spare the account.
    pub withheld: usize,
}

/// How one host answered when it was to be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostResult {
    /// The endpoint's URL.
    pub endpoint_url: String,
    /// What came of the listing.
    pub listing: ListingResult,
}

/// What came of the listing of one host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListingResult {
    /// It is complete, or was denied and not needed: of each session that was asked for it is known whether it is there.
    Complete,
    /// Sessions may be missing from it, or there was no answer about one that was asked for.
    Incomplete,
    /// The host answered and denied it.
    Denied,
    /// The host refused the credential.
    CredentialRefused,
    /// The credential was not tried there, to spare the account.
    CredentialWithheld,
    /// The host was not reached.
    NotReached,
}

impl HostCounts {
    /// Counts hosts by how they answered.
    #[must_use]
    pub fn of(host_results: &[HostResult]) -> Self {
        let count = |result| host_results.iter().filter(|host| host.listing == result).count();
        Self {
            hosts: host_results.len(),
            unreachable: count(ListingResult::NotReached),
            denied: count(ListingResult::Denied),
            incomplete: count(ListingResult::Incomplete),
            refused: count(ListingResult::CredentialRefused) + count(ListingResult::CredentialWithheld),
            withheld: count(ListingResult::CredentialWithheld),
        }
    }

    /// Counts them after the run: a listing that failed counts only if a session of that host is not proven to be gone.
    #[must_use]
    pub fn after(report: &Report, host_results: &[HostResult]) -> Self {
        let open = |host: &&HostResult| {
            host.listing == ListingResult::Complete || !report.proves_all_on(&host.endpoint_url)
        };
        Self::of(&host_results.iter().filter(open).cloned().collect::<Vec<_>>())
    }
}
