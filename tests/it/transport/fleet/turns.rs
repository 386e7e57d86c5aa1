//! Whose proof goes out when, and how many of them without a verdict.

use super::Verdict::{Accept, AcceptAfter, Busy, Cut, Refuse, RefuseAfter, Silent};
use super::*;

#[test]
fn the_turn_covers_the_proof_alone_and_all_others_are_ready_for_theirs() {
    clock::run(|steps| async move {
        let fleet = Arc::new(Fleet::of(steps, [AcceptAfter(3), Accept, Accept, Accept]).await);
        let first = tokio::spawn({
            let fleet = Arc::clone(&fleet);
            async move { fleet.connect([0]).await }
        });
        fleet.until(|fleet| fleet.proofs() == [0]).await;
        let others = tokio::spawn({
            let fleet = Arc::clone(&fleet);
            async move { fleet.connect(1..4).await }
        });
        fleet.until(|fleet| fleet.challenged() == 4).await;
        assert!(fleet.began.elapsed() < Duration::from_secs(3), "the challenges came meanwhile");
        assert_eq!(fleet.proofs(), [0]);
        assert_eq!(kinds(&first.await.unwrap()), ["in"]);
        let others = others.await.unwrap();
        assert_eq!(kinds(&others), ["in"; 3]);
        assert!(others.iter().all(|outcome| seconds(outcome) <= 4), "{:?}", others.iter().map(seconds).max());
    });
}

#[test]
fn a_silent_host_gives_its_turn_on_after_five_seconds_and_two_are_the_most() {
    clock::run(|steps| async move {
        let fleet = Arc::new(Fleet::of(steps, [Silent, Silent, Accept, Accept]).await);
        let silent = tokio::spawn({
            let fleet = Arc::clone(&fleet);
            async move { fleet.connect([0]).await }
        });
        fleet.until(|fleet| fleet.proofs() == [0]).await;
        let next = tokio::spawn({
            let fleet = Arc::clone(&fleet);
            async move { fleet.connect([1]).await }
        });
        fleet.until(|fleet| fleet.proofs() == [0, 1]).await;
        assert_eq!(fleet.began.elapsed().as_secs(), 5);
        let others = fleet.connect([2, 3]).await;
        assert_eq!(kinds(&others), ["withheld"; 2]);
        assert_eq!(fleet.proofs(), [0, 1]);
        let [silent, next] = [silent.await.unwrap().remove(0), next.await.unwrap().remove(0)];
        assert_eq!((kind(&silent.2), seconds(&silent)), ("unanswered", 15));
        // The wait for its turn does not count.
        assert_eq!((kind(&next.2), seconds(&next)), ("unanswered", 20));
        let Err(TransportError::CredentialWithheld { hosts, .. }) = &others[0].2 else { panic!() };
        assert_eq!(*hosts, [fleet.hosts[0].server.url(), fleet.hosts[1].server.url()]);
        // From then on nothing is sent at all.
        let before = fleet.hosts[2].server.seen().len();
        let error = pssession::Error::from(fleet.connect_one(2).await.map(|_| ()).unwrap_err());
        assert!(error.is_credential_refused() && !error.is_retryable() && !error.may_have_acted());
        assert_eq!(fleet.hosts[2].server.seen().len(), before);
    });
}

#[test]
fn one_silent_host_holds_up_the_others_for_five_seconds_at_most() {
    clock::run(|steps| async move {
        let mut verdicts = [Accept; 12];
        verdicts[0] = Silent;
        let fleet = Arc::new(Fleet::of(steps, verdicts).await);
        let silent = tokio::spawn({
            let fleet = Arc::clone(&fleet);
            async move { fleet.connect([0]).await }
        });
        fleet.until(|fleet| fleet.proofs() == [0]).await;
        let others = fleet.connect(1..12).await;
        assert_eq!(kinds(&others), ["in"; 11]);
        assert!(others.iter().all(|outcome| seconds(outcome) <= 6));
        // The credential is accepted by now, and what was unproven is not sent again all the same.
        assert_eq!(kinds(&silent.await.unwrap()), ["unanswered"]);
        assert_eq!(fleet.proofs().iter().filter(|host| **host == 0).count(), 1);
    });
}

#[test]
fn a_verdict_that_comes_after_the_turn_counts() {
    for late in [RefuseAfter(7), AcceptAfter(7)] {
        clock::run(|steps| async move {
            let fleet = Arc::new(Fleet::of(steps, [late, Silent, Refuse, Accept]).await);
            let first = tokio::spawn({
                let fleet = Arc::clone(&fleet);
                async move { fleet.connect([0]).await }
            });
            fleet.until(|fleet| fleet.proofs() == [0]).await;
            let outcomes = fleet.connect([1, 2, 3]).await;
            if late == AcceptAfter(7) {
                assert_eq!(kinds(&first.await.unwrap()), ["in"]);
                assert_eq!(kinds(&outcomes)[2], "in");
            } else {
                assert_eq!(kinds(&first.await.unwrap()), ["refused"]);
                let sent = fleet.proofs();
                assert_eq!(
                    sent.len(),
                    2,
                    "one at once, one after five seconds, and none after the refusal: {sent:?}"
                );
            }
        });
    }
}

#[test]
fn a_hang_beside_a_refusal_is_two_proofs_and_the_refusal_ends_the_run() {
    clock::run(|steps| async move {
        let fleet = Arc::new(Fleet::of(steps, [Silent, Refuse, Accept, Accept]).await);
        let hang = tokio::spawn({
            let fleet = Arc::clone(&fleet);
            async move { fleet.connect([0]).await }
        });
        fleet.until(|fleet| fleet.proofs() == [0]).await;
        let refused = tokio::spawn({
            let fleet = Arc::clone(&fleet);
            async move { fleet.connect([1]).await }
        });
        fleet.until(|fleet| fleet.proofs() == [0, 1]).await;
        assert_eq!(kinds(&fleet.connect([2, 3]).await), ["spared"; 2]);
        assert_eq!(kinds(&refused.await.unwrap()), ["refused"]);
        assert_eq!(kinds(&hang.await.unwrap()), ["unanswered"]);
        assert_eq!(fleet.proofs(), [0, 1]);
    });
}

#[test]
fn login_attempts_allow_more_proofs_without_a_verdict_and_never_more_refusals() {
    clock::run(|steps| async move {
        for (attempts, expected) in [(1, 1), (2, 2), (4, 4)] {
            let mut fleet = Fleet::of(Arc::clone(&steps), [Cut; 6]).await;
            fleet.attempts = attempts;
            for host in 0..6 {
                let expected = if host < expected { "unanswered" } else { "withheld" };
                assert_eq!(kind(&fleet.connect_one(host).await), expected, "{host} of {attempts}");
            }
            assert_eq!(fleet.proofs().len(), expected);
        }
        let mut fleet = Fleet::of(steps, [Refuse; 6]).await;
        fleet.attempts = 6;
        fleet.connect(0..6).await;
        assert_eq!(fleet.proofs().len(), 1);
    });
}

#[test]
fn hosts_that_cut_the_connection_are_named_and_stop_the_run_only_if_nobody_accepted_before() {
    clock::run(|steps| async move {
        let fleet = Fleet::of(Arc::clone(&steps), [Cut, Cut, Accept, Accept]).await;
        for host in [2, 0, 1, 3] {
            let expected = if host < 2 { "not connected" } else { "in" };
            assert_eq!(kind(&fleet.connect_one(host).await), expected, "{host}");
        }
        let fleet = Fleet::of(Arc::clone(&steps), [Cut, Cut, Accept, Accept]).await;
        for host in [0, 1, 2, 3] {
            let expected = if host < 2 { "unanswered" } else { "withheld" };
            assert_eq!(kind(&fleet.connect_one(host).await), expected, "{host}");
        }
        assert_eq!(fleet.proofs(), [0, 1]);
        // With one more attempt the next host decides.
        let mut fleet = Fleet::of(steps, [Cut, Cut, Accept, Accept]).await;
        fleet.attempts = 3;
        for host in [0, 1, 2, 3] {
            fleet.connect_one(host).await.map(drop).unwrap_or_default();
        }
        assert_eq!(fleet.proofs(), [0, 1, 2, 3]);
    });
}

#[test]
fn a_host_that_accepted_the_account_before_goes_first_whatever_the_order() {
    clock::run(|steps| async move {
        let fleet = Fleet::of(steps, [Cut, Cut, Refuse, Cut, Accept]).await.known([4]);
        let outcomes = fleet.connect(0..5).await;
        assert_eq!(fleet.proofs()[0], 4);
        assert_eq!(kinds(&outcomes)[2..], ["not authorized", "not connected", "in"]);
        assert!(outcomes.iter().all(|outcome| seconds(outcome) < 1));
    });
}

#[test]
fn a_known_host_that_is_not_ready_in_a_second_is_not_waited_for() {
    clock::run(|steps| async move {
        let mut fleet = Fleet::of(Arc::clone(&steps), [Accept]).await;
        // It takes connections and answers nothing.
        let server = RawServer::begin(None, steps, Arc::new(|_: &Seen| Act::Hang)).await;
        let (verdict, login) = (Arc::new(Mutex::new(Silent)), Arc::new(FakeNtlm::accepting()));
        fleet.hosts.push(Host { server, verdict, login, known: true });
        let outcomes = fleet.connect([0, 1]).await;
        assert_eq!(kinds(&outcomes), ["in", "silent"]);
        assert_eq!((seconds(&outcomes[0]), seconds(&outcomes[1])), (1, 15));
    });
}

#[test]
fn an_unproven_proof_is_sent_once_whatever_comes_back_and_whoever_retries() {
    for verdict in [Cut, Busy, Silent] {
        clock::run(|steps| async move {
            let fleet = Fleet::of(steps, [verdict]).await;
            let engine = Engine::new(Policy::default());
            let connector: Arc<dyn Connector> = Arc::new(fleet.connector(0));
            let survey = engine.survey(vec![connector], &Cancellation::new()).await;
            assert!(matches!(survey.hosts()[0].listing(), Some(Err(_))), "{verdict:?}");
            assert_eq!(fleet.proofs(), [0], "{verdict:?}");
        });
    }
}

#[test]
fn a_connection_that_the_server_closes_during_the_wait_is_replaced_and_not_counted() {
    clock::run(|steps| async move {
        let mut fleet = Fleet::of(Arc::clone(&steps), [AcceptAfter(4)]).await;
        // It gives up half-done logins: the connection on which its challenge went out is closed at once.
        let (login, proofs) = (FakeNtlm::accepting(), Arc::clone(&fleet.proofs));
        let script = move |seen: &Seen| {
            if is_proof(seen) {
                proofs.lock().unwrap().push(1);
            }
            match login.act(seen, |_| reported()) {
                Act::Answer(challenge) if seen.connection == 1 => Act::AnswerAndClose(challenge),
                act => act,
            }
        };
        let server = RawServer::begin(None, steps, Arc::new(script)).await;
        let (verdict, login) = (Arc::new(Mutex::new(Accept)), Arc::new(FakeNtlm::accepting()));
        fleet.hosts.push(Host { server, verdict, login, known: false });
        let fleet = Arc::new(fleet);
        let first = tokio::spawn({
            let fleet = Arc::clone(&fleet);
            async move { fleet.connect([0]).await }
        });
        fleet.until(|fleet| fleet.proofs() == [0]).await;
        assert_eq!(kinds(&fleet.connect([1]).await), ["in"]);
        assert_eq!(kinds(&first.await.unwrap()), ["in"]);
        assert_eq!(fleet.proofs(), [0, 1]);
        assert_eq!(fleet.hosts[1].server.accepts(), 2);
    });
}
