//! Who may send a proof, step by step.

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
