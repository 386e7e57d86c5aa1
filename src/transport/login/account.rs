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
mod tests {
    use super::*;
    use crate::auth::Credential;

    /// An account as these tests see it: hosts lead back to themselves.
    struct Desk {
        account: Account<&'static str>,
        credential: Credential,
        now: Instant,
    }

    impl Desk {
        fn new() -> Self {
            let credential = Credential::new("ann", "secret".into());
            Self { account: Account::default(), credential, now: Instant::now() }
        }

        fn after(&mut self, seconds: u64) {
            self.now += Duration::from_secs(seconds);
        }

        fn admit(&mut self, host: &str) -> Admission<&'static str> {
            self.request(host, 2, false)
        }

        fn request(&mut self, host: &str, attempts: u32, preferred: bool) -> Admission<&'static str> {
            let identity = &self.credential.identity();
            self.account.admit(Request { identity, host, attempts, preferred }, self.now)
        }

        fn send(&mut self, host: &str) -> Option<ProofNumber> {
            match self.admit(host) {
                Admission::Send(proof) => proof,
                other => panic!("{host}: {other:?}"),
            }
        }

        fn accepted(&mut self, host: &'static str) {
            self.account.accepted(&self.credential.identity(), host, host);
        }

        fn refused(&mut self, host: &str, proof: Option<ProofNumber>) -> Refusal {
            self.account.refused(&self.credential.identity(), host, proof)
        }

        fn another_password(&self) -> Credential {
            Credential::new("ann", "another".into())
        }
    }

    #[test]
    fn an_unproven_credential_is_shown_to_one_server_at_a_time() {
        let mut desk = Desk::new();
        let proof = desk.send("a");
        assert!(proof.is_some());
        assert!(matches!(desk.admit("b"), Admission::Wait(Some(until)) if until == desk.now + TURN));
        desk.accepted("a");
        assert_eq!(desk.send("b"), None);
        assert_eq!(desk.send("c"), None);
    }

    #[test]
    fn a_turn_is_given_on_after_five_seconds_and_no_third_proof_is_sent_without_a_verdict() {
        let mut desk = Desk::new();
        let first = desk.send("a");
        desk.after(4);
        assert!(matches!(desk.admit("b"), Admission::Wait(Some(_))));
        desk.after(1);
        desk.send("b");
        desk.after(60);
        assert!(matches!(desk.admit("c"), Admission::Wait(None)));
        // The verdict comes late, and counts.
        assert_eq!(desk.refused("a", first), Refusal::EndsUse);
        assert!(matches!(desk.admit("c"), Admission::Refused));
    }

    #[test]
    fn a_late_acceptance_counts_too() {
        let mut desk = Desk::new();
        desk.send("a");
        desk.after(5);
        let second = desk.send("b");
        desk.accepted("a");
        assert_eq!(desk.refused("b", second), Refusal::ThisHostOnly);
        assert_eq!(desk.send("c"), None);
    }

    #[test]
    fn when_as_many_hosts_gave_no_verdict_the_credential_is_withheld_and_they_are_named() {
        for attempts in [1, 2, 4] {
            let mut desk = Desk::new();
            for number in 0..attempts {
                let Admission::Send(proof) = desk.request(&format!("h{number}"), attempts, false) else {
                    panic!()
                };
                desk.account.unanswered(proof);
            }
            let Admission::Withheld(hosts) = desk.request("z", attempts, false) else { panic!() };
            assert_eq!(hosts.len(), as_count(attempts));
            assert_eq!(hosts[0], "h0");
            // Whoever allows one more may send one more.
            assert!(matches!(desk.request("z", attempts + 1, false), Admission::Send(Some(_))));
        }
    }

    #[test]
    fn a_proof_that_was_not_sent_is_not_counted() {
        let mut desk = Desk::new();
        for _ in 0..5 {
            let proof = desk.send("a");
            desk.account.withdrawn(proof);
        }
    }

    #[test]
    fn an_acceptance_forgives_the_silences_of_the_same_password() {
        let mut desk = Desk::new();
        let silent = desk.send("a");
        desk.account.unanswered(silent);
        desk.send("b");
        desk.accepted("b");
        let another = desk.another_password().identity();
        let request = |host| Request { identity: &another, host, attempts: 2, preferred: false };
        let Admission::Send(Some(first)) = desk.account.admit(request("a"), desk.now) else { panic!() };
        desk.account.unanswered(Some(first));
        assert!(matches!(desk.account.admit(request("b"), desk.now), Admission::Send(Some(_))));
    }

    #[test]
    fn a_second_password_under_the_name_inherits_no_acceptance_and_every_refusal() {
        let mut desk = Desk::new();
        desk.send("a");
        desk.accepted("a");
        let another = desk.another_password();
        let identity = &another.identity();
        let request = |host| Request { identity, host, attempts: 2, preferred: false };
        let Admission::Send(proof @ Some(_)) = desk.account.admit(request("b"), desk.now) else { panic!() };
        assert_eq!(desk.account.refused(identity, "b", proof), Refusal::EndsUse);
        assert!(matches!(desk.account.admit(request("c"), desk.now), Admission::Refused));
        assert_eq!(desk.send("c"), None, "the accepted one goes on");
        let third = Credential::new("ann", "a third".into());
        let identity = &third.identity();
        let request = Request { identity, host: "d", attempts: 2, preferred: false };
        assert!(matches!(desk.account.admit(request, desk.now), Admission::Refused));
    }

    #[test]
    fn silences_of_two_passwords_count_together() {
        let mut desk = Desk::new();
        let proof = desk.send("a");
        desk.account.unanswered(proof);
        desk.credential = desk.another_password();
        let proof = desk.send("b");
        desk.account.unanswered(proof);
        desk.credential = desk.another_password();
        assert!(matches!(desk.admit("c"), Admission::Withheld(hosts) if hosts == ["a", "b"]));
    }

    #[test]
    fn a_refusal_by_a_host_that_accepted_it_ends_its_use() {
        let mut desk = Desk::new();
        desk.send("a");
        desk.accepted("a");
        assert_eq!(desk.refused("b", None), Refusal::ThisHostOnly);
        assert_eq!(desk.refused("a", None), Refusal::EndsUse);
        assert!(matches!(desk.admit("c"), Admission::Refused));
        desk.accepted("c");
        assert!(matches!(desk.admit("d"), Admission::Refused), "a refusal is final");
    }

    #[test]
    fn three_refusals_in_a_row_by_different_hosts_ask_a_host_that_accepted_it() {
        let mut desk = Desk::new();
        desk.send("a");
        desk.accepted("a");
        for host in ["b", "c", "b", "c", "c"] {
            assert_eq!(desk.refused(host, None), Refusal::ThisHostOnly);
        }
        assert_eq!(desk.send("x"), None, "two hosts, however often");
        desk.accepted("x");
        for host in ["d", "e", "f"] {
            assert_eq!(desk.refused(host, None), Refusal::ThisHostOnly);
        }
        assert!(matches!(desk.admit("y"), Admission::Recheck(hosts) if hosts == ["x", "a"]));
        assert!(matches!(desk.admit("z"), Admission::Wait(None)), "one of them asks");
        let identity = desk.credential.identity();
        desk.accepted("x");
        desk.account.end_recheck(&identity);
        assert_eq!(desk.send("y"), None);
    }

    #[test]
    fn if_no_such_host_gives_a_verdict_the_credential_is_unproven_again() {
        let mut desk = Desk::new();
        desk.send("a");
        desk.accepted("a");
        for host in ["b", "c", "d"] {
            desk.refused(host, None);
        }
        let identity = desk.credential.identity();
        assert!(matches!(desk.admit("e"), Admission::Recheck(_)));
        desk.account.end_recheck(&identity);
        let proof = desk.send("e");
        assert!(proof.is_some());
        assert_eq!(desk.refused("e", proof), Refusal::EndsUse);
    }

    #[test]
    fn a_host_that_accepted_the_account_before_is_preferred_for_a_second() {
        let mut desk = Desk::new();
        let identity = desk.credential.identity();
        desk.account.expect(&identity);
        desk.account.begin(&identity, desk.now);
        desk.after(0);
        assert!(matches!(desk.admit("a"), Admission::Wait(Some(until)) if until == desk.now + HEAD_START));
        assert!(matches!(desk.request("known", 2, true), Admission::Send(Some(_))));

        let mut desk = Desk::new();
        let identity = desk.credential.identity();
        desk.account.expect(&identity);
        desk.account.begin(&identity, desk.now);
        desk.after(1);
        assert!(desk.send("a").is_some(), "it was not ready in time");

        let mut desk = Desk::new();
        let identity = desk.credential.identity();
        desk.account.expect(&identity);
        desk.account.begin(&identity, desk.now);
        desk.account.expect_no_more(&identity);
        assert!(desk.send("a").is_some(), "it failed");
    }
}
