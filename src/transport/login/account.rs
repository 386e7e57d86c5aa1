//! What is known of one account name and its credentials: who may send a proof now, and what its outcome means. Pure:
//! time is an argument.

use std::collections::HashSet;

use tokio::time::{Duration, Instant};

use crate::auth::CredentialIdentity;

/// One account name: counts hold for the name, since a server counts failed logons by it, and verdicts for each
/// credential.
#[derive(Debug)]
pub(super) struct Account<H> {
    entries: Vec<Entry<H>>,
    /// The proofs of unaccepted credentials that are out and have no verdict.
    pending: Vec<Proof>,
    /// Those that ended without one.
    silent: Vec<Proof>,
    /// A credential was refused that nobody had accepted.
    refused: bool,
    next: u64,
}

/// One credential. `H` leads back to a host that has accepted it.
#[derive(Debug)]
struct Entry<H> {
    identity: CredentialIdentity,
    verdict: Verdict,
    /// When the first login with it began.
    began: Option<Instant>,
    /// The connectors to hosts that are known to have accepted this account, and have not had their turn.
    preferred: usize,
    accepted_by: HashSet<String>,
    /// The last of them, the latest last.
    acceptors: Vec<(String, H)>,
    /// The hosts that refused it since a host last accepted it.
    refused_by: Vec<String>,
    /// A login with a host that has accepted it is on its way, to see whether it still does.
    rechecking: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Unproven,
    Accepted,
    Refused,
}

#[derive(Debug)]
struct Proof {
    number: u64,
    identity: CredentialIdentity,
    host: String,
    sent: Instant,
}

/// A proof of an unaccepted credential, from when it may be sent to its verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ProofNumber(u64);

/// A login that is ready to send its proof.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub(super) identity: &'a CredentialIdentity,
    pub(super) host: &'a str,
    /// How many proofs without a verdict this login accepts, its own included.
    pub(super) attempts: u32,
    /// This host is known to have accepted the account before.
    pub(super) preferred: bool,
}

/// Whether a proof may be sent.
#[derive(Debug)]
pub(super) enum Admission<H> {
    /// Send it. `None`: the credential is accepted, and nothing is counted.
    Send(Option<ProofNumber>),
    /// Not before something changes, or this moment.
    Wait(Option<Instant>),
    /// Not before one of these hosts, asked in this order, has accepted the credential again: report with
    /// [`Account::end_recheck`].
    Recheck(Vec<H>),
    /// The credential was refused.
    Refused,
    /// So many hosts gave no verdict that no further one is asked: these.
    Withheld(Vec<String>),
}

/// What a refusal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transport) enum Refusal {
    /// The credential is of no further use.
    EndsUse,
    /// This host does not admit an account that others accept.
    ThisHostOnly,
}

impl<H> Default for Account<H> {
    fn default() -> Self {
        Self { entries: Vec::new(), pending: Vec::new(), silent: Vec::new(), refused: false, next: 0 }
    }
}

impl<H: Clone> Account<H> {
    /// A connector to a host that has accepted this account before is there, and will log in soon.
    pub(super) fn expect(&mut self, identity: &CredentialIdentity) {
        self.entry(identity).preferred += 1;
    }

    /// It has had its turn, or will not take it.
    pub(super) fn expect_no_more(&mut self, identity: &CredentialIdentity) {
        let entry = self.entry(identity);
        entry.preferred = entry.preferred.saturating_sub(1);
    }

    /// A login begins.
    pub(super) fn begin(&mut self, identity: &CredentialIdentity, now: Instant) {
        self.entry(identity).began.get_or_insert(now);
    }

    /// Whether a login may begin at all.
    pub(super) fn check(&mut self, identity: &CredentialIdentity, attempts: u32) -> Option<Admission<H>> {
        let verdict = self.entry(identity).verdict;
        match verdict {
            Verdict::Accepted => None,
            Verdict::Refused => Some(Admission::Refused),
            Verdict::Unproven if self.refused => Some(Admission::Refused),
            Verdict::Unproven if self.silent.len() >= as_count(attempts) => {
                Some(Admission::Withheld(self.silent.iter().map(|proof| proof.host.clone()).collect()))
            }
            Verdict::Unproven => None,
        }
    }

    /// A login is ready to send its proof.
    pub(super) fn admit(&mut self, request: Request<'_>, now: Instant) -> Admission<H> {
        let Request { identity, host, attempts, preferred } = request;
        if let Some(no) = self.check(identity, attempts) {
            return no;
        }
        let entry = self.entry(identity);
        if entry.verdict == Verdict::Accepted {
            return match entry.refused_by.len() < MAX_REFUSALS_IN_A_ROW {
                true => Admission::Send(None),
                false if entry.rechecking => Admission::Wait(None),
                false => {
                    entry.rechecking = true;
                    Admission::Recheck(
                        entry.acceptors.iter().rev().map(|(_, acceptor)| acceptor.clone()).collect(),
                    )
                }
            };
        }
        let head_start = entry.began.map(|began| began + HEAD_START);
        if entry.preferred > 0
            && !preferred
            && let Some(until) = head_start.filter(|until| *until > now)
        {
            return Admission::Wait(Some(until));
        }
        let youngest = self.pending.iter().map(|proof| proof.sent + TURN).max();
        if self.silent.len() + self.pending.len() >= as_count(attempts) {
            return Admission::Wait(None);
        }
        if let Some(until) = youngest.filter(|until| *until > now) {
            return Admission::Wait(Some(until));
        }
        let number = self.next;
        self.next += 1;
        self.pending.push(Proof { number, identity: identity.clone(), host: host.to_owned(), sent: now });
        Admission::Send(Some(ProofNumber(number)))
    }

    /// The server has accepted the credential.
    pub(super) fn accepted(&mut self, identity: &CredentialIdentity, host: &str, acceptor: H) {
        let entry = self.entry(identity);
        if entry.verdict == Verdict::Refused {
            return;
        }
        entry.verdict = Verdict::Accepted;
        entry.refused_by.clear();
        entry.accepted_by.insert(host.to_owned());
        entry.acceptors.retain(|(known, _)| known != host);
        if entry.acceptors.len() >= MAX_ACCEPTORS {
            entry.acceptors.remove(0);
        }
        entry.acceptors.push((host.to_owned(), acceptor));
        // The password is right, so that no proof of it was a failed logon.
        self.pending.retain(|proof| proof.identity != *identity);
        self.silent.retain(|proof| proof.identity != *identity);
    }

    /// The server has refused the credential.
    pub(super) fn refused(
        &mut self,
        identity: &CredentialIdentity,
        host: &str,
        proof: Option<ProofNumber>,
    ) -> Refusal {
        self.take(proof);
        let entry = self.entry(identity);
        match entry.verdict {
            Verdict::Accepted if !entry.accepted_by.contains(host) => {
                if !entry.refused_by.iter().any(|other| other == host) {
                    entry.refused_by.push(host.to_owned());
                }
                Refusal::ThisHostOnly
            }
            Verdict::Accepted => {
                entry.verdict = Verdict::Refused;
                Refusal::EndsUse
            }
            Verdict::Unproven => {
                entry.verdict = Verdict::Refused;
                self.refused = true;
                Refusal::EndsUse
            }
            Verdict::Refused => Refusal::EndsUse,
        }
    }

    /// The proof was sent, and there will be no verdict on it.
    pub(super) fn unanswered(&mut self, proof: Option<ProofNumber>) {
        let proof = self.take(proof);
        self.silent.extend(proof);
    }

    /// The proof was not sent.
    pub(super) fn withdrawn(&mut self, proof: Option<ProofNumber>) {
        self.take(proof);
    }

    /// No further host is asked whether it still accepts the credential. If none has given a verdict, the credential
    /// counts as unproven again.
    pub(super) fn end_recheck(&mut self, identity: &CredentialIdentity) {
        let is_open = self.needs_recheck(identity);
        let entry = self.entry(identity);
        entry.rechecking = false;
        if is_open {
            entry.verdict = Verdict::Unproven;
            entry.refused_by.clear();
        }
    }

    /// Whether a host that has accepted the credential has still to be asked.
    pub(super) fn needs_recheck(&mut self, identity: &CredentialIdentity) -> bool {
        let entry = self.entry(identity);
        entry.verdict == Verdict::Accepted && entry.refused_by.len() >= MAX_REFUSALS_IN_A_ROW
    }

    /// Whether no server has accepted or refused the credential.
    pub(super) fn is_unproven(&mut self, identity: &CredentialIdentity) -> bool {
        self.entry(identity).verdict == Verdict::Unproven
    }

    fn take(&mut self, proof: Option<ProofNumber>) -> Option<Proof> {
        let index = self.pending.iter().position(|pending| Some(ProofNumber(pending.number)) == proof)?;
        Some(self.pending.remove(index))
    }

    fn entry(&mut self, identity: &CredentialIdentity) -> &mut Entry<H> {
        let is_it = |entry: &Entry<H>| entry.identity == *identity;
        if !self.entries.iter().any(is_it) {
            self.entries.retain(|entry| entry.identity.is_alive());
            self.entries.push(Entry::new(identity.clone()));
        }
        let mut entries = self.entries.iter_mut();
        #[expect(clippy::expect_used, reason = "it was found, or has just been put there")]
        entries.find(|entry| is_it(entry)).expect("an entry of its own")
    }
}

impl<H> Entry<H> {
    fn new(identity: CredentialIdentity) -> Self {
        Self {
            identity,
            verdict: Verdict::Unproven,
            began: None,
            preferred: 0,
            accepted_by: HashSet::new(),
            acceptors: Vec::new(),
            refused_by: Vec::new(),
            rechecking: false,
        }
    }
}

fn as_count(attempts: u32) -> usize {
    usize::try_from(attempts).unwrap_or(usize::MAX)
}

/// How long one proof keeps the others from being sent: a server that has to ask a domain controller takes a second or
/// two, and one that hangs must not hold up a fleet for the time of a whole login.
const TURN: Duration = Duration::from_secs(5);

/// How long the hosts that accepted the account before are waited for: a connection and a challenge take three round trips,
/// also around the world.
const HEAD_START: Duration = Duration::from_secs(1);

/// One host refuses an account for reasons of its own, and so may a second. Three in a row, none of which has accepted it,
/// look like a password that was changed; policies lock an account after three failed logons at the earliest.
const MAX_REFUSALS_IN_A_ROW: usize = 3;

/// How many hosts are remembered that could be asked whether they still accept a credential.
const MAX_ACCEPTORS: usize = 3;

#[cfg(test)]
mod tests;
