//! A raw HTTP/1.1 server on loopback: it knows which connection a request came on, and can misbehave.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Which TCP connection, from 1.
    pub(crate) connection: usize,
    /// Which request on it, from 1.
    pub(crate) turn: usize,
    pub(crate) head: String,
    /// By lower-case name.
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// What the server does with a request.
pub(crate) enum Act {
    Answer(Response),
    /// The same after a while.
    Late(Duration, Response),
    AnswerAndClose(Response),
    /// Write these bytes and close.
    Raw(Vec<u8>),
    /// Write one piece after the other, each after its pause, and close.
    Pieces(Pieces),
    Close,
    Hang,
    /// Close this and every other connection, and take no more.
    Vanish,
}

/// Pauses and bytes, made as they are sent: an answer of a gigabyte takes no memory here.
pub(crate) type Pieces = Box<dyn Iterator<Item = (Duration, Vec<u8>)> + Send>;

#[derive(Clone, Debug, Default)]
pub(crate) struct Response {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Response {
    pub(crate) fn new(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("Content-Type", content_type)
    }

    pub(crate) fn soap(status: u16, body: &str) -> Self {
        Self::new(status).body("application/soap+xml;charset=UTF-8", body)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} X\r\nContent-Length: {}\r\n", self.status, self.body.len());
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        [head.as_bytes(), b"\r\n", &self.body].concat()
    }
}

/// What one server has seen and done.
#[derive(Default)]
struct Log {
    seen: Mutex<Vec<Seen>>,
    steps: Arc<AtomicUsize>,
    vanish: Notify,
}

impl Log {
    fn step(&self) {
        self.steps.fetch_add(1, Ordering::SeqCst);
    }
}

pub(crate) type Script = Arc<dyn Fn(&Seen) -> Act + Send + Sync>;

pub(crate) struct RawServer {
    pub(crate) address: SocketAddr,
    accepts: Arc<AtomicUsize>,
    log: Arc<Log>,
    task: JoinHandle<()>,
}

impl RawServer {
    pub(crate) async fn start(script: impl Fn(&Seen) -> Act + Send + Sync + 'static) -> Self {
        Self::begin(None, Arc::default(), Arc::new(script)).await
    }

    pub(crate) async fn start_tls(
        tls: tokio_rustls::TlsAcceptor,
        script: impl Fn(&Seen) -> Act + Send + Sync + 'static,
    ) -> Self {
        Self::begin(Some(tls), Arc::default(), Arc::new(script)).await
    }

    /// The same, with a count that moves with each thing that happens and stands still while the wire is quiet.
    pub(crate) async fn begin(
        tls: Option<tokio_rustls::TlsAcceptor>,
        steps: Arc<AtomicUsize>,
        script: Script,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (accepts, log) = (Arc::new(AtomicUsize::new(0)), Arc::new(Log { steps, ..Log::default() }));
        let (count, kept) = (Arc::clone(&accepts), Arc::clone(&log));
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let stream = tokio::select! {
                    accepted = listener.accept() => accepted.unwrap().0,
                    () = log.vanish.notified() => break,
                };
                log.step();
                stream.set_nodelay(true).unwrap();
                let connection = count.fetch_add(1, Ordering::SeqCst) + 1;
                let (script, log, tls) = (Arc::clone(&script), Arc::clone(&log), tls.clone());
                connections.spawn(async move {
                    match tls {
                        None => serve(stream, connection, script, log).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, connection, script, log).await;
                            }
                        }
                    }
                });
            }
            drop((connections, listener));
            // A port that is bound and not listened on refuses, and no other server is given it.
            let held = TcpSocket::new_v4().unwrap();
            held.set_reuseaddr(true).unwrap();
            held.bind(address).unwrap();
            std::future::pending::<()>().await;
        });
        Self { address, accepts, log: kept, task }
    }

    /// Closes every connection, and takes no more.
    pub(crate) fn vanish(&self) {
        self.log.vanish.notify_one();
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/wsman", self.address)
    }

    /// How many TCP connections were accepted.
    pub(crate) fn accepts(&self) -> usize {
        self.accepts.load(Ordering::SeqCst)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.log.seen.lock().unwrap().clone()
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    connection: usize,
    script: Script,
    log: Arc<Log>,
) {
    let mut stream = BufReader::new(stream);
    for turn in 1.. {
        let Some(seen) = read_request(&mut stream, connection, turn).await else { return };
        log.step();
        log.seen.lock().unwrap().push(seen.clone());
        let written = match script(&seen) {
            Act::Answer(response) => stream.write_all(&response.to_bytes()).await,
            Act::Late(pause, response) => {
                tokio::time::sleep(pause).await;
                stream.write_all(&response.to_bytes()).await
            }
            Act::AnswerAndClose(response) => {
                let _ = stream.write_all(&response.to_bytes()).await;
                let _ = stream.shutdown().await;
                return;
            }
            Act::Raw(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                return;
            }
            Act::Pieces(pieces) => {
                for (pause, piece) in pieces {
                    tokio::time::sleep(pause).await;
                    if stream.write_all(&piece).await.is_err() || stream.flush().await.is_err() {
                        return;
                    }
                    log.step();
                }
                let _ = stream.shutdown().await;
                return;
            }
            Act::Close => return,
            Act::Hang => std::future::pending().await,
            Act::Vanish => {
                log.vanish.notify_one();
                return;
            }
        };
        log.step();
        if written.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}

async fn read_request<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    connection: usize,
    turn: usize,
) -> Option<Seen> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let headers: HashMap<_, _> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |v| v.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Seen { connection, turn, head, headers, body })
}
