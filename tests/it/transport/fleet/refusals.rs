//! What a refusal means: before any host has accepted the credential, and after.

use super::Verdict::{Accept, Refuse};
use super::*;

#[test]
fn one_refusing_host_among_64_is_that_hosts_failure_only() {
    clock::run(|steps| async move {
        let mut verdicts = [Accept; 64];
        verdicts[40] = Refuse;
        let fleet = Fleet::of(steps, verdicts).await;
        fleet.connect_one(0).await.unwrap();
        let outcomes = fleet.connect(0..64).await;
        for (host, kind) in kinds(&outcomes).into_iter().enumerate() {
            assert_eq!(kind, if host == 40 { "not authorized" } else { "in" }, "{host}");
        }
        assert_eq!(fleet.proofs().iter().filter(|host| **host == 40).count(), 1);
        let error = pssession::Error::from(fleet.connect_one(40).await.map(|_| ()).unwrap_err());
        assert!(!error.is_credential_refused() && !error.is_retryable() && !error.may_have_acted());
    });
}

#[test]
fn a_refusal_before_any_acceptance_ends_the_use_of_a_credential_on_64_hosts() {
    clock::run(|steps| async move {
        let fleet = Fleet::of(steps, [Refuse; 64]).await;
        let outcomes = kinds(&fleet.connect(0..64).await);
        assert_eq!(fleet.proofs().len(), 1);
        assert_eq!(outcomes.iter().filter(|kind| **kind == "refused").count(), 1);
        assert_eq!(outcomes.iter().filter(|kind| **kind == "spared").count(), 63);
    });
}

#[test]
fn a_refusal_by_a_host_that_accepted_it_ends_the_use_of_a_credential() {
    clock::run(|steps| async move {
        let fleet = Fleet::of(steps, [Accept, Accept, Accept]).await;
        fleet.connect_one(0).await.unwrap();
        identify(fleet.connect_one(1).await.unwrap().as_mut()).await;
        fleet.set(1, Refuse);
        assert_eq!(kind(&fleet.connect_one(1).await), "refused");
        assert_eq!(kinds(&fleet.connect([0, 2]).await), ["spared"; 2]);
        assert_eq!(fleet.proofs(), [0, 1, 1]);
    });
}

#[test]
fn a_password_that_was_changed_meanwhile_is_refused_four_times_on_64_hosts() {
    clock::run(|steps| async move {
        let mut verdicts = [Refuse; 64];
        verdicts[0] = Accept;
        let fleet = Fleet::of(steps, verdicts).await;
        // The connector stays, as that of a run does: the way back to a host that accepted.
        let first = fleet.connector(0);
        first.connect().await.unwrap();
        fleet.set(0, Refuse);
        for host in 1..4 {
            assert_eq!(kind(&fleet.connect_one(host).await), "not authorized");
        }
        let outcomes = fleet.connect(4..64).await;
        assert_eq!(kinds(&outcomes), ["spared"; 60]);
        assert_eq!(fleet.proofs(), [0, 1, 2, 3, 0], "three refusals, and the host that had accepted it");
    });
}

#[test]
fn three_hosts_that_refuse_in_a_row_do_not_stop_a_credential_that_is_still_accepted() {
    clock::run(|steps| async move {
        let fleet = Fleet::of(steps, [Accept, Refuse, Refuse, Refuse, Accept, Refuse, Accept]).await;
        let first = fleet.connector(0);
        first.connect().await.unwrap();
        for host in 1..4 {
            assert_eq!(kind(&fleet.connect_one(host).await), "not authorized");
        }
        assert_eq!(kinds(&fleet.connect([4, 5, 6]).await), ["in", "not authorized", "in"]);
        assert_eq!(fleet.proofs()[..5], [0, 1, 2, 3, 0]);
    });
}

#[test]
fn where_no_host_that_accepted_is_left_to_ask_the_next_refusal_is_final() {
    clock::run(|steps| async move {
        let fleet = Fleet::of(steps, [Accept, Refuse, Refuse, Refuse, Refuse, Accept]).await;
        // Its connector goes at once.
        fleet.connect_one(0).await.unwrap();
        for host in 1..4 {
            assert_eq!(kind(&fleet.connect_one(host).await), "not authorized");
        }
        assert_eq!(kind(&fleet.connect_one(4).await), "refused");
        assert_eq!(kind(&fleet.connect_one(5).await), "spared");
    });
}

#[test]
fn without_a_gate_of_their_own_four_connectors_share_one_failed_logon() {
    clock::run(|steps| async move {
        for is_one_value in [true, false] {
            let login = Arc::new(FakeNtlm::refusing());
            // Nobody else in this process has this name.
            let user = format!("four-{is_one_value}-{}", std::process::id());
            let credential = || Credential::new(user.clone(), "wrong".to_owned().into());
            let shared = credential();
            let mut servers = Vec::new();
            for _ in 0..4 {
                let at_server = Arc::clone(&login);
                let script = move |seen: &Seen| at_server.act(seen, |_| reported());
                servers.push(RawServer::begin(None, Arc::clone(&steps), Arc::new(script)).await);
            }
            let mut tasks = JoinSet::new();
            for server in &servers {
                let credential = if is_one_value { shared.clone() } else { credential() };
                let connector = HttpConnector::builder(endpoint(&server.url()), credential).build().unwrap();
                tasks.spawn(async move { connector.connect().await.is_err() });
            }
            assert!(tasks.join_all().await.into_iter().all(|failed| failed));
            assert_eq!(login.judged(), 1, "one value: {is_one_value}");
        }
    });
}

#[test]
fn a_second_password_under_the_same_name_is_unproven_itself() {
    clock::run(|steps| async move {
        let mut fleet = Fleet::of(steps, [Accept, Refuse, Refuse, Accept]).await;
        fleet.connect_one(0).await.unwrap();
        let first =
            std::mem::replace(&mut fleet.credential, Credential::new("lab\\ANN", "old".to_owned().into()));
        assert_eq!(kind(&fleet.connect_one(1).await), "refused");
        assert_eq!(kind(&fleet.connect_one(2).await), "spared");
        fleet.credential = Credential::new("LAB\\ann", "older".to_owned().into());
        assert_eq!(kind(&fleet.connect_one(2).await), "spared", "another password is not tried either");
        fleet.credential = first;
        assert_eq!(kind(&fleet.connect_one(3).await), "in");
        assert_eq!(fleet.proofs(), [0, 1, 3]);
    });
}

#[test]
fn a_login_that_the_server_forgets_at_once_is_no_failed_logon_of_an_accepted_credential() {
    clock::run(|steps| async move {
        let fleet = Fleet::of(steps, [Accept, Accept]).await;
        fleet.connect_one(0).await.unwrap();
        let mut connection = fleet.connect_one(1).await.unwrap();
        fleet.hosts[1].login.forget(1);
        identify(connection.as_mut()).await;
        assert_eq!(fleet.proofs(), [0, 1, 1]);
    });
}
