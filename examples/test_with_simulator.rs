//! A Rust test of a program's own code against the embedded simulator, which needs no Windows.
//!
//! `cargo test --example test_with_simulator`

use std::sync::Arc;

use pssession::teardown::Cancellation;
use pssession::{Connector, Engine, Plan, Policy, Report};

/// The code under test: closes every session of one host.
///
/// # Errors
/// Why the host could not be listed, in one line.
pub async fn close_all(host: Arc<dyn Connector>) -> Result<Report, String> {
    let (engine, cancellation) = (Engine::new(Policy::default()), Cancellation::new());
    let survey = engine.survey(vec![host], &cancellation).await;
    if let Some(Err(error)) = survey.hosts().iter().find_map(|host| host.listing()) {
        return Err(error.chain());
    }
    let plan = Plan::new(survey.sessions());
    Ok(engine.run(plan, survey, &cancellation, |_| ()).await)
}

fn main() {}

#[cfg(test)]
mod tests {
    use pssession::secrecy::SecretString;
    use pssession::simulator::{InjectedFault, OperationKind, Simulator, World};
    use pssession::transport::LoginGate;
    use pssession::{Credential, Endpoint, HttpConnector, Outcome};

    use super::*;

    async fn server() -> Simulator {
        Simulator::builder().world(World::with_shells(3)).start().await.unwrap()
    }

    fn connector(server: &Simulator, password: SecretString) -> Arc<dyn Connector> {
        let endpoint = Endpoint::parse(&server.address().to_string(), false).unwrap();
        let credential = Credential::new(server.user(), password);
        // All simulators have the same user, and a password that one test gets wrong would stop the others: tests run in
        // one process, which sends no further password of a user after a refusal.
        Arc::new(HttpConnector::builder(endpoint, credential).login_gate(LoginGate::new()).build().unwrap())
    }

    #[tokio::test]
    async fn every_session_is_closed_although_the_answer_to_one_delete_gets_lost() {
        let server = server().await;
        server.world().lock().unwrap().inject(OperationKind::Delete, 1, InjectedFault::DropAfter);
        let report = close_all(connector(&server, server.password())).await.unwrap();
        assert!(report.records.iter().all(|record| record.outcome == Outcome::Closed), "{report:?}");
        assert!(server.world().lock().unwrap().shells().is_empty());
    }

    #[tokio::test]
    async fn a_wrong_password_is_reported_and_closes_nothing() {
        let server = server().await;
        let error = close_all(connector(&server, SecretString::from("wrong"))).await.unwrap_err();
        assert!(error.contains(&server.user()), "{error}");
        assert_eq!((server.failed_logons(), server.world().lock().unwrap().shells().len()), (1, 3));
    }
}
