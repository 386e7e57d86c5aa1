//! Extended Protection end to end: the command over TLS against an acceptor that shares no code with us and insists on
//! the channel binding of its own certificate, and what somebody in between gets.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pssession::simulator::{Account, Caller, World};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::command::leaked;
use crate::ntlm_interop::{Acceptor, Mic, unhex};
use crate::support::command::Pssession;
use crate::support::raw::{Act, RawServer, Response, Seen};
use crate::support::tls::{Authority, BOTH, Leaf};

/// A host whose logins the foreign acceptor judges, one at a time.
struct Strict {
    judge: Acceptor,
    world: World,
    /// The connection on which a login stands.
    authenticated: Option<usize>,
    began: Instant,
    refusals: usize,
}

impl Strict {
    /// Insists on the binding of `leaf`.
    fn new(mut judge: Acceptor, leaf: &Leaf) -> Self {
        let binding = [b"tls-server-end-point:".as_slice(), &leaf.end_point_hash()].concat();
        judge.begin(("LAB", "ann", "hunter2"), Some(&binding), "negotiate", Mic::Owed);
        Self { judge, world: leaked(), authenticated: None, began: Instant::now(), refusals: 0 }
    }

    fn act(&mut self, seen: &Seen) -> Act {
        let offer = || Response::new(401).header("WWW-Authenticate", "Negotiate");
        let Some(token) = seen.header("authorization").and_then(|value| value.strip_prefix("Negotiate "))
        else {
            return Act::Answer(match self.authenticated == Some(seen.connection) {
                true => self.serve(&seen.body, seen.connection),
                false => offer(),
            });
        };
        Act::Answer(match self.judge.token(&STANDARD.decode(token).unwrap()) {
            Ok(answer) => {
                let stands = answer["complete"] == true;
                self.authenticated = stands.then_some(seen.connection);
                let token = format!("Negotiate {}", STANDARD.encode(unhex(&answer["token"])));
                Response::new(if stands { 200 } else { 401 }).header("WWW-Authenticate", token)
            }
            Err(error) => {
                assert!(error.contains("BadBindingsError"), "{error}");
                self.refusals += 1;
                offer()
            }
        })
    }

    fn serve(&mut self, envelope: &[u8], connection: usize) -> Response {
        let account = Some(Account::administrator("LAB\\ann"));
        let connection = u64::try_from(connection).unwrap();
        let caller = Caller { account, connection, sealed: false };
        let answer = self.world.handle(&caller, envelope, self.began.elapsed());
        Response::soap(answer.status, &String::from_utf8(answer.body).unwrap())
    }
}

/// The strict host behind TLS, its authority, and the file that the client trusts.
struct Scene {
    authority: Authority,
    host: Arc<Mutex<Strict>>,
    server: RawServer,
    folder: TempDir,
}

impl Scene {
    async fn set() -> Option<Self> {
        let judge = Acceptor::start()?;
        let authority = Authority::new("Lab CA");
        let leaf = authority.issue(&["127.0.0.1"], |_| {});
        let host = Arc::new(Mutex::new(Strict::new(judge, &leaf)));
        let strict = Arc::clone(&host);
        let server =
            RawServer::start_tls(leaf.acceptor(BOTH), move |seen| strict.lock().unwrap().act(seen)).await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), &authority.pem).unwrap();
        Some(Self { authority, host, server, folder })
    }

    /// `pssession remove` of the two shells of a CI account at `address`.
    fn remove(&self, address: SocketAddr, more: &[&str]) -> Pssession {
        let (address, ca) = (address.to_string(), self.folder.path().join("ca.pem"));
        let args = ["remove", "--on", &address, "--user", "LAB\\ann", "--owner", "*ci-runner", "--yes"];
        let trust = ["--ca-file", ca.to_str().unwrap()];
        Pssession::new([&args[..], &trust, more].concat()).env("PSSESSION_PASSWORD", "hunter2")
    }

    fn left(&self) -> usize {
        self.host.lock().unwrap().world.shells().len()
    }

    fn refusals(&self) -> usize {
        self.host.lock().unwrap().refusals
    }

    /// Somebody in between, who carries what comes to the host over TLS, and shows the client `front`'s certificate or
    /// speaks plain HTTP with it.
    async fn in_between(&self, front: Option<TlsAcceptor>) -> (SocketAddr, JoinHandle<()>) {
        let mut roots = RootCertStore::empty();
        let pem = self.authority.pem.as_bytes();
        roots.add(tokio_rustls::rustls::pki_types::pem::PemObject::from_pem_slice(pem).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let (connector, host) = (TlsConnector::from(Arc::new(config)), self.server.address);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (front, connector) = (front.clone(), connector.clone());
                tokio::spawn(async move {
                    let name = ServerName::try_from("127.0.0.1").unwrap();
                    let stream = TcpStream::connect(host).await.unwrap();
                    let mut server = connector.connect(name, stream).await.unwrap();
                    let _ = match front {
                        None => copy_bidirectional(&mut client, &mut server).await,
                        Some(front) => {
                            let Ok(mut client) = front.accept(client).await else { return };
                            copy_bidirectional(&mut client, &mut server).await
                        }
                    };
                });
            }
        });
        (address, task)
    }
}

#[tokio::test]
async fn the_right_binding_closes_sessions_on_a_strict_host() {
    let Some(scene) = Scene::set().await else { return };
    let run = scene.remove(scene.server.address, &["--tls"]).run().await.expect(0);
    assert!(run.records().iter().all(|record| record["Outcome"] == "Closed"), "{}", run.stdout);
    assert_eq!((scene.left(), scene.refusals(), scene.server.accepts()), (1, 0, 1));
}

#[tokio::test]
async fn a_proxy_with_another_trusted_certificate_gets_no_login_out_of_it() {
    let Some(scene) = Scene::set().await else { return };
    let another = scene.authority.issue(&["127.0.0.1"], |_| {});
    let (proxy, task) = scene.in_between(Some(another.acceptor(BOTH))).await;
    let run = scene.remove(proxy, &["--tls"]).run().await.expect(5);
    task.abort();
    assert!(run.stderr.contains("refused the credential"), "{}", run.stderr);
    assert!(run.stderr.contains("Extended Protection"), "{}", run.stderr);
    assert_eq!((scene.left(), scene.refusals()), (3, 1));
}

#[tokio::test]
async fn a_login_that_was_made_for_plain_http_is_not_taken_over_tls() {
    let Some(scene) = Scene::set().await else { return };
    let (relay, task) = scene.in_between(None).await;
    scene.remove(relay, &[]).run().await.expect(5);
    task.abort();
    assert_eq!((scene.left(), scene.refusals()), (3, 1));
}
