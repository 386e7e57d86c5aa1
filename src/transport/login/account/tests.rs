//! Who may send a proof, step by step.

use super::*;
use crate::auth::Credential;

/// An account as these tests see it: hosts lead back to themselves.
struct Fixture {
    account: Account<&'static str>,
    credential: Credential,
    now: Instant,
}

impl Fixture {
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
    let mut fixture = Fixture::new();
    let proof = fixture.send("a");
    assert!(proof.is_some());
    assert!(matches!(fixture.admit("b"), Admission::Wait(Some(until)) if until == fixture.now + TURN));
    fixture.accepted("a");
    assert_eq!(fixture.send("b"), None);
    assert_eq!(fixture.send("c"), None);
}

#[test]
fn a_turn_is_given_on_after_five_seconds_and_no_third_proof_is_sent_without_a_verdict() {
    let mut fixture = Fixture::new();
    let first = fixture.send("a");
    fixture.after(4);
    assert!(matches!(fixture.admit("b"), Admission::Wait(Some(_))));
    fixture.after(1);
    fixture.send("b");
    fixture.after(60);
    assert!(matches!(fixture.admit("c"), Admission::Wait(None)));
    // The verdict comes late, and counts.
    assert_eq!(fixture.refused("a", first), Refusal::EndsUse);
    assert!(matches!(fixture.admit("c"), Admission::Refused));
}

#[test]
fn a_late_acceptance_counts_too() {
    let mut fixture = Fixture::new();
    fixture.send("a");
    fixture.after(5);
    let second = fixture.send("b");
    fixture.accepted("a");
    assert_eq!(fixture.refused("b", second), Refusal::ThisHostOnly);
    assert_eq!(fixture.send("c"), None);
}

#[test]
fn when_as_many_hosts_gave_no_verdict_the_credential_is_withheld_and_they_are_named() {
    for attempts in [1, 2, 4] {
        let mut fixture = Fixture::new();
        for number in 0..attempts {
            let Admission::Send(proof) = fixture.request(&format!("h{number}"), attempts, false) else {
                panic!()
            };
            fixture.account.unanswered(proof);
        }
        let Admission::Withheld(hosts) = fixture.request("z", attempts, false) else { panic!() };
        assert_eq!(hosts.len(), as_count(attempts));
        assert_eq!(hosts[0], "h0");
        // Whoever allows one more may send one more.
        assert!(matches!(fixture.request("z", attempts + 1, false), Admission::Send(Some(_))));
    }
}

#[test]
fn a_proof_that_was_not_sent_is_not_counted() {
    let mut fixture = Fixture::new();
    for _ in 0..5 {
        let proof = fixture.send("a");
        fixture.account.withdrawn(proof);
    }
}

#[test]
fn an_acceptance_forgives_the_silences_of_the_same_password() {
    let mut fixture = Fixture::new();
    let silent = fixture.send("a");
    fixture.account.unanswered(silent);
    fixture.send("b");
    fixture.accepted("b");
    let another = fixture.another_password().identity();
    let request = |host| Request { identity: &another, host, attempts: 2, preferred: false };
    let Admission::Send(Some(first)) = fixture.account.admit(request("a"), fixture.now) else { panic!() };
    fixture.account.unanswered(Some(first));
    assert!(matches!(fixture.account.admit(request("b"), fixture.now), Admission::Send(Some(_))));
}

#[test]
fn a_second_password_under_the_name_inherits_no_acceptance_and_every_refusal() {
    let mut fixture = Fixture::new();
    fixture.send("a");
    fixture.accepted("a");
    let another = fixture.another_password();
    let identity = &another.identity();
    let request = |host| Request { identity, host, attempts: 2, preferred: false };
    let Admission::Send(proof @ Some(_)) = fixture.account.admit(request("b"), fixture.now) else { panic!() };
    assert_eq!(fixture.account.refused(identity, "b", proof), Refusal::EndsUse);
    assert!(matches!(fixture.account.admit(request("c"), fixture.now), Admission::Refused));
    assert_eq!(fixture.send("c"), None, "the accepted one goes on");
    let third = Credential::new("ann", "a third".into());
    let identity = &third.identity();
    let request = Request { identity, host: "d", attempts: 2, preferred: false };
    assert!(matches!(fixture.account.admit(request, fixture.now), Admission::Refused));
}

#[test]
fn silences_of_two_passwords_count_together() {
    let mut fixture = Fixture::new();
    let proof = fixture.send("a");
    fixture.account.unanswered(proof);
    fixture.credential = fixture.another_password();
    let proof = fixture.send("b");
    fixture.account.unanswered(proof);
    fixture.credential = fixture.another_password();
    assert!(matches!(fixture.admit("c"), Admission::Withheld(hosts) if hosts == ["a", "b"]));
}

#[test]
fn a_refusal_by_a_host_that_accepted_it_ends_its_use() {
    let mut fixture = Fixture::new();
    fixture.send("a");
    fixture.accepted("a");
    assert_eq!(fixture.refused("b", None), Refusal::ThisHostOnly);
    assert_eq!(fixture.refused("a", None), Refusal::EndsUse);
    assert!(matches!(fixture.admit("c"), Admission::Refused));
    fixture.accepted("c");
    assert!(matches!(fixture.admit("d"), Admission::Refused), "a refusal is final");
}

#[test]
fn three_refusals_in_a_row_by_different_hosts_ask_a_host_that_accepted_it() {
    let mut fixture = Fixture::new();
    fixture.send("a");
    fixture.accepted("a");
    for host in ["b", "c", "b", "c", "c"] {
        assert_eq!(fixture.refused(host, None), Refusal::ThisHostOnly);
    }
    assert_eq!(fixture.send("x"), None, "two hosts, however often");
    fixture.accepted("x");
    for host in ["d", "e", "f"] {
        assert_eq!(fixture.refused(host, None), Refusal::ThisHostOnly);
    }
    assert!(matches!(fixture.admit("y"), Admission::Recheck(hosts) if hosts == ["x", "a"]));
    assert!(matches!(fixture.admit("z"), Admission::Wait(None)), "one of them asks");
    let identity = fixture.credential.identity();
    fixture.accepted("x");
    fixture.account.end_recheck(&identity);
    assert_eq!(fixture.send("y"), None);
}

#[test]
fn if_no_such_host_gives_a_verdict_the_credential_is_unproven_again() {
    let mut fixture = Fixture::new();
    fixture.send("a");
    fixture.accepted("a");
    for host in ["b", "c", "d"] {
        fixture.refused(host, None);
    }
    let identity = fixture.credential.identity();
    assert!(matches!(fixture.admit("e"), Admission::Recheck(_)));
    fixture.account.end_recheck(&identity);
    let proof = fixture.send("e");
    assert!(proof.is_some());
    assert_eq!(fixture.refused("e", proof), Refusal::EndsUse);
}

#[test]
fn a_host_that_accepted_the_account_before_is_preferred_for_a_second() {
    let mut fixture = Fixture::new();
    let identity = fixture.credential.identity();
    fixture.account.expect(&identity);
    fixture.account.begin(&identity, fixture.now);
    fixture.after(0);
    assert!(matches!(fixture.admit("a"), Admission::Wait(Some(until)) if until == fixture.now + HEAD_START));
    assert!(matches!(fixture.request("known", 2, true), Admission::Send(Some(_))));

    let mut fixture = Fixture::new();
    let identity = fixture.credential.identity();
    fixture.account.expect(&identity);
    fixture.account.begin(&identity, fixture.now);
    fixture.after(1);
    assert!(fixture.send("a").is_some(), "it was not ready in time");

    let mut fixture = Fixture::new();
    let identity = fixture.credential.identity();
    fixture.account.expect(&identity);
    fixture.account.begin(&identity, fixture.now);
    fixture.account.expect_no_more(&identity);
    assert!(fixture.send("a").is_some(), "it failed");
}
