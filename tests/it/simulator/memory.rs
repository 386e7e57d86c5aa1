//! The world as a connector: what the engine's tests stand on.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use pssession::simulator::{Account, InjectedFault, OperationKind, World, WorldConnector};
use pssession::transport::{Connection, Connector, Endpoint, TransportError};

use super::wire::*;

const SOON: Duration = Duration::from_secs(10);

fn connector(injected_fault: Option<(OperationKind, InjectedFault)>) -> (Arc<Mutex<World>>, WorldConnector) {
    let mut world = World::with_shells(3);
    if let Some((kind, injected_fault)) = injected_fault {
        world.inject(kind, 1, injected_fault);
    }
    let world = Arc::new(Mutex::new(world));
    let endpoint = Endpoint::parse("web01.lab", false).unwrap();
    let account = Account::administrator("CONTOSO\\admin");
    (Arc::clone(&world), WorldConnector::new(world, endpoint, account))
}

async fn connected(injected_fault: InjectedFault) -> (Arc<Mutex<World>>, Box<dyn Connection>) {
    let (world, connector) = connector(Some((OperationKind::Enumerate, injected_fault)));
    let connection = connector.connect().await.unwrap();
    (world, connection)
}

#[tokio::test]
async fn exchanges_reach_the_world_on_numbered_connections() {
    let (world, connector) = connector(None);
    for _ in 0..2 {
        let mut connection = connector.connect().await.unwrap();
        let reply = connection.exchange(&list(), SOON).await.unwrap();
        assert_eq!(reply.status, 200);
    }
    let numbers: Vec<u64> = world.lock().unwrap().log().map(|entry| entry.connection).collect();
    assert_eq!(numbers, [1, 2]);
    assert_eq!(connector.user(), "CONTOSO\\admin");
}

#[tokio::test]
async fn a_lost_connection_is_of_no_further_use() {
    for injected_fault in [InjectedFault::Drop, InjectedFault::DropAfter, InjectedFault::Truncate] {
        let (_, mut connection) = connected(injected_fault).await;
        let lost = connection.exchange(&list(), SOON).await.unwrap_err();
        assert!(matches!(lost, TransportError::Lost { .. }), "{lost:?}");
        assert!(!connection.is_usable());
        let unusable = connection.exchange(&list(), SOON).await.unwrap_err();
        assert!(matches!(unusable, TransportError::Connect { .. }), "{unusable:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_delayed_answer_comes_late_or_not_at_all() {
    let began = tokio::time::Instant::now();
    let (_, mut connection) = connected(InjectedFault::Delay(Duration::from_secs(9))).await;
    assert!(connection.exchange(&list(), SOON).await.is_ok());
    assert_eq!(began.elapsed(), Duration::from_secs(9));

    let (world, mut connection) = connected(InjectedFault::Delay(Duration::from_secs(11))).await;
    let late = connection.exchange(&list(), SOON).await.unwrap_err();
    assert!(matches!(late, TransportError::Timeout { after: SOON, .. }), "{late:?}");
    assert!(!connection.is_usable());
    assert_eq!(world.lock().unwrap().count(OperationKind::Enumerate), 1);
}

#[tokio::test]
async fn a_dropped_exchange_leaves_no_usable_connection() {
    let (_, mut connection) = connected(InjectedFault::Delay(Duration::from_secs(3_600))).await;
    let exchange = tokio::time::timeout(Duration::ZERO, connection.exchange(&list(), Duration::MAX)).await;
    assert!(exchange.is_err());
    assert!(!connection.is_usable());
}

#[tokio::test]
async fn a_forgotten_login_is_renewed_once() {
    let (world, mut connection) = connected(InjectedFault::ForgetLogin).await;
    assert!(connection.exchange(&list(), SOON).await.is_ok());
    let numbers: Vec<u64> = world.lock().unwrap().log().map(|entry| entry.connection).collect();
    assert_eq!(numbers, [1, 2]);

    let (world, mut connection) = connected(InjectedFault::ForgetLogin).await;
    world.lock().unwrap().inject(OperationKind::Enumerate, 1, InjectedFault::ForgetLogin);
    let refused = connection.exchange(&list(), SOON).await.unwrap_err();
    assert!(matches!(refused, TransportError::Auth { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_clear_answer_is_refused_unless_the_connection_is_not_sealed() {
    let (_, mut connection) = connected(InjectedFault::Clear).await;
    let clear = connection.exchange(&list(), SOON).await.unwrap_err();
    assert!(matches!(clear, TransportError::Auth { .. }), "{clear:?}");

    let (_, connector) = connector(Some((OperationKind::Enumerate, InjectedFault::Clear)));
    let mut connection = connector.unsealed().connect().await.unwrap();
    assert!(connection.exchange(&list(), SOON).await.is_ok());
}

#[tokio::test]
async fn a_page_that_is_no_soap_is_a_status_error() {
    let (_, mut connection) = connected(InjectedFault::Status(503, b"<html>busy</html>".to_vec())).await;
    let error = connection.exchange(&list(), SOON).await.unwrap_err();
    assert_eq!(error.to_string(), "http://web01.lab:5985/wsman returned HTTP 503: <html>busy</html>");
}

#[tokio::test]
async fn a_login_can_be_refused_or_never_come_about() {
    let (_, refusing) = connector(Some((OperationKind::Login, InjectedFault::Fault(1326))));
    let error = refusing.connect().await.err().unwrap();
    assert!(matches!(error, TransportError::Auth { .. }), "{error:?}");
    let (_, absent) = connector(Some((OperationKind::Login, InjectedFault::Drop)));
    let error = absent.connect().await.err().unwrap();
    assert!(matches!(error, TransportError::Connect { .. }), "{error:?}");
    assert!(absent.connect().await.is_ok());
}
