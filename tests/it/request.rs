//! Requests as a program makes them: the library alone protects sessions and credentials.

use std::cell::RefCell;
use std::time::SystemTime;

use pssession::interchange::read;
use pssession::request::{
    Caller, Confirm, Event, HostSettings, Hosts, ListRequest, PasswordSource, RemoveRequest, RequestError,
    SessionScope, SessionTable, Source, TableError, Unattended,
};
use pssession::secrecy::SecretString;
use pssession::session::{IdRange, Selector, SessionQuery};
use pssession::simulator::{OperationKind, Simulator, World};
use pssession::store::Origin;
use pssession::teardown::{Cancellation, Plan, RunStatus};
use pssession::{AuthScheme, Credential, Endpoint, Outcome};

async fn server(name: &str, seed: u64) -> Simulator {
    let world = World::populated(name, 6, seed);
    Simulator::builder().world(world).start().await.unwrap()
}

fn endpoint(server: &Simulator) -> Endpoint {
    Endpoint::parse(&server.address().to_string(), false).unwrap()
}

fn credential(server: &Simulator) -> Credential {
    Credential::new(server.user(), server.password())
}

fn all() -> SessionQuery {
    SessionQuery::new(vec![Selector::All], Vec::new())
}

fn on(server: &Simulator) -> SessionScope {
    SessionScope { hosts: Hosts::new(vec![endpoint(server)]), query: all(), ..SessionScope::default() }
}

fn requests(server: &Simulator) -> usize {
    server.world().lock().unwrap().log().count()
}

fn deletes(server: &Simulator) -> usize {
    server.world().lock().unwrap().count(OperationKind::Delete)
}

#[tokio::test]
async fn what_a_person_would_confirm_is_refused_without_one() {
    let server = server("WEB01", 1).await;
    let caller = Unattended { credential: credential(&server) };
    let request = RemoveRequest { scope: on(&server), ..RemoveRequest::default() };
    let error = request.clone().run(&caller, &Cancellation::new()).await.unwrap_err();
    assert!(matches!(&error, RequestError::ConfirmationRequired { .. }), "{error}");
    let each = RemoveRequest { confirm: Confirm::Each, ..request.clone() };
    let error = each.run(&caller, &Cancellation::new()).await.unwrap_err();
    assert!(matches!(&error, RequestError::ConfirmationRequired { .. }), "{error}");
    assert_eq!(deletes(&server), 0);
    let planned = RemoveRequest { what_if: true, ..request.clone() };
    let planned = planned.run(&caller, &Cancellation::new()).await.unwrap();
    assert!(planned.report.records.iter().all(|record| record.outcome == Outcome::WhatIf));
    assert_eq!((planned.report.records.len(), deletes(&server)), (6, 0));
    let unasked = RemoveRequest { confirm: Confirm::Never, ..request };
    let removed = unasked.run(&caller, &Cancellation::new()).await.unwrap();
    assert!(removed.report.records.iter().all(|record| record.outcome == Outcome::Closed), "{removed:?}");
    assert_eq!((removed.status(), deletes(&server)), (RunStatus::Success, 6));
}

#[tokio::test]
async fn a_query_that_selects_everything_by_omission_is_refused() {
    let server = server("WEB01", 2).await;
    let caller = Unattended { credential: credential(&server) };
    let scope = SessionScope { query: SessionQuery::default(), ..on(&server) };
    let request = RemoveRequest { scope, confirm: Confirm::Never, ..RemoveRequest::default() };
    let error = request.run(&caller, &Cancellation::new()).await.unwrap_err();
    assert!(matches!(error, RequestError::NoSelector), "{error}");
    assert_eq!(requests(&server), 0);
}

#[tokio::test]
async fn a_host_that_only_an_object_names_gets_no_credential() {
    let server = server("WEB01", 3).await;
    let url = endpoint(&server).url().to_owned();
    let shell_id = server.world().lock().unwrap().shells()[0].shell_id.clone();
    let object = format!(r#"{{"ShellId":"{shell_id}","Endpoint":"{url}"}}"#);
    let objects = || {
        let read = read(object.as_bytes(), SystemTime::now(), &|host| Endpoint::parse(host, false));
        Source::Objects { objects: read.unwrap(), name: "stdin".to_owned() }
    };
    let caller = Unattended { credential: credential(&server) };
    let scope = |hosts: Hosts| SessionScope { source: objects(), hosts, ..SessionScope::default() };
    let request =
        |hosts| RemoveRequest { scope: scope(hosts), confirm: Confirm::Never, ..RemoveRequest::default() };
    let error = request(Hosts::default()).run(&caller, &Cancellation::new()).await.unwrap_err();
    assert!(matches!(&error, RequestError::UntrustedHosts { urls } if *urls == [url.clone()]), "{error}");
    assert_eq!((requests(&server), server.handshakes()), (0, 0));
    let named = Hosts { also_named: [url].into(), ..Hosts::default() };
    let removed = request(named).run(&caller, &Cancellation::new()).await.unwrap();
    assert_eq!(removed.report.records.len(), 1);
    assert_eq!(removed.report.records[0].outcome, Outcome::Closed);
}

/// A caller with settings for each host, who notes for whom a credential is asked.
struct Settings<'a> {
    of: &'a dyn Fn(&Endpoint) -> HostSettings,
    credential: Credential,
    asked: RefCell<Vec<(Option<String>, AuthScheme)>>,
}

impl Caller for Settings<'_> {
    type Error = RequestError;

    fn credential(
        &self,
        user: Option<&str>,
        scheme: AuthScheme,
        _: Option<&PasswordSource>,
    ) -> Result<Credential, RequestError> {
        self.asked.borrow_mut().push((user.map(str::to_owned), scheme));
        Ok(self.credential.clone())
    }

    fn settings(&self, endpoint: &Endpoint) -> HostSettings {
        (self.of)(endpoint)
    }

    fn confirm_plan(&self, _: &Plan, _: &[pssession::teardown::ConfirmReason]) -> Result<bool, RequestError> {
        Ok(true)
    }
}

#[tokio::test]
async fn one_password_is_not_sent_for_two_accounts() {
    let (one, two) = (server("WEB01", 4).await, server("WEB02", 5).await);
    let first = endpoint(&one);
    let settings = |endpoint: &Endpoint| HostSettings {
        user: Some(if *endpoint == first { "ann" } else { "bob" }.to_owned()),
        password: Some(PasswordSource::Environment),
        ..HostSettings::default()
    };
    let caller = Settings { of: &settings, credential: credential(&one), asked: RefCell::default() };
    let hosts = Hosts::new(vec![endpoint(&one), endpoint(&two)]);
    let scope = SessionScope { hosts, query: all(), ..SessionScope::default() };
    let list = ListRequest { scope, ..ListRequest::default() };
    let error = list.run(&caller, &Cancellation::new()).await.unwrap_err();
    assert!(matches!(&error, RequestError::SharedPassword { users } if users.len() == 2), "{error}");
    assert!(caller.asked.borrow().is_empty());
    assert_eq!(requests(&one) + requests(&two), 0);
}

#[tokio::test]
async fn a_remembered_session_is_closed_by_its_id_and_basic_is_not_remembered() {
    let server = Simulator::builder()
        .world(World::populated("WEB01", 6, 6))
        .allow_basic()
        .allow_unencrypted()
        .start()
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let table = SessionTable::at(folder.path().join("private").join("sessions.db"));
    let basic = |_: &Endpoint| HostSettings {
        user: Some(server.user()),
        auth: Some(AuthScheme::Basic),
        ..HostSettings::default()
    };
    let security = pssession::transport::Security {
        dangerous_basic_over_http: true,
        dangerous_unencrypted: true,
        ..Default::default()
    };
    let hosts = Hosts { security, ..Hosts::new(vec![endpoint(&server)]) };
    let scope = SessionScope { hosts, table: Some(table.clone()), query: all(), ..SessionScope::default() };
    let caller = Settings { of: &basic, credential: credential(&server), asked: RefCell::default() };
    let listed = ListRequest { scope, ..ListRequest::default() };
    let listed = listed.run(&caller, &Cancellation::new()).await.unwrap();
    assert_eq!((listed.rows.len(), listed.status()), (6, RunStatus::Success));
    let id = listed.rows.sessions()[2].id.unwrap().0;

    let none = |_: &Endpoint| HostSettings::default();
    let caller = Settings { of: &none, credential: credential(&server), asked: RefCell::default() };
    let by_id = SessionQuery::new(vec![Selector::Id(vec![IdRange::single(id)])], Vec::new());
    let scope = SessionScope {
        source: Source::Table(&Origin::ALL),
        query: by_id,
        table: Some(table),
        ..SessionScope::default()
    };
    let removed = RemoveRequest { scope, ..RemoveRequest::default() };
    let removed = removed.run(&caller, &Cancellation::new()).await.unwrap();
    assert_eq!(removed.report.records.len(), 1);
    assert_eq!(removed.report.records[0].outcome, Outcome::Closed);
    assert_eq!(*caller.asked.borrow(), [(Some(server.user()), AuthScheme::Auto)]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_table_that_others_may_write_is_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let table = SessionTable::at(folder.path().join("sessions.db"));
    let scope = SessionScope {
        source: Source::Table(&Origin::ALL),
        query: all(),
        table: Some(table),
        ..SessionScope::default()
    };
    let caller = Unattended { credential: Credential::new("ann", SecretString::from("secret")) };
    let request = ListRequest { scope, ..ListRequest::default() };
    let error = request.run(&caller, &Cancellation::new()).await.unwrap_err();
    assert!(matches!(error, RequestError::Table(TableError::NotTrusted { .. })), "{error}");
}

/// What a caller hears, by name.
struct Events<'a>(RefCell<Vec<String>>, Option<Credential>, Option<&'a dyn Fn(&Endpoint) -> HostSettings>);

impl Caller for Events<'_> {
    fn settings(&self, endpoint: &Endpoint) -> HostSettings {
        self.2.map(|settings| settings(endpoint)).unwrap_or_default()
    }

    type Error = RequestError;

    fn credential(
        &self,
        _: Option<&str>,
        _: AuthScheme,
        _: Option<&PasswordSource>,
    ) -> Result<Credential, RequestError> {
        Ok(self.1.clone().unwrap())
    }

    fn event(&self, event: Event<'_>) {
        let name = match event {
            Event::Listing { hosts } => format!("listing {}", hosts.len()),
            Event::Listed(host) => format!("listed {}", host.sessions().len()),
            Event::AllListed(_) => "all listed".to_owned(),
            Event::Selected { selection, .. } => format!("selected {}", selection.chosen.len()),
            Event::Planned { plan, .. } => format!("planned {}", plan.len()),
            Event::Closing(plan) => format!("closing {}", plan.len()),
            Event::Closed { record, .. } => record.outcome.name().to_owned(),
            _ => return,
        };
        self.0.borrow_mut().push(name);
    }
}

/// A listener that takes connections and never answers.
async fn silent() -> (tokio::net::TcpListener, Endpoint) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint::parse(&listener.local_addr().unwrap().to_string(), false).unwrap();
    (listener, endpoint)
}

#[tokio::test]
async fn a_host_is_closed_as_soon_as_it_has_answered_whatever_the_others_do() {
    let server = server("WEB01", 8).await;
    server.world().lock().unwrap().shells_mut().truncate(2);
    let (listener, hangs) = silent().await;
    let (one, two) = (hangs.clone(), endpoint(&server));
    let settings = |_: &Endpoint| HostSettings {
        login_timeout: Some(std::time::Duration::from_secs(2)),
        ..HostSettings::default()
    };
    let caller = Events(RefCell::default(), Some(credential(&server)), Some(&settings));
    let scope = SessionScope { hosts: Hosts::new(vec![one, two]), query: all(), ..SessionScope::default() };
    let request = RemoveRequest { scope, confirm: Confirm::Never, ..RemoveRequest::default() };
    let removed = request.run(&caller, &Cancellation::new()).await.unwrap();
    drop(listener);
    assert_eq!(removed.status(), RunStatus::Partial);
    let expected = [
        "listing 2",
        "listed 2",
        "planned 2",
        "closing 2",
        "Closed",
        "Closed",
        "listed 0",
        "all listed",
        "selected 0",
    ];
    assert_eq!(*caller.0.borrow(), expected);
}

#[tokio::test]
async fn events_tell_what_has_happened_in_order() {
    let server = server("WEB01", 7).await;
    server.world().lock().unwrap().shells_mut().truncate(2);
    let caller = Events(RefCell::default(), Some(credential(&server)), None);
    let request = RemoveRequest { scope: on(&server), confirm: Confirm::Never, ..RemoveRequest::default() };
    request.run(&caller, &Cancellation::new()).await.unwrap();
    let expected = ["listing 1", "listed 2", "planned 2", "closing 2", "Closed", "Closed", "selected 0"];
    assert_eq!(*caller.0.borrow(), expected);
}
