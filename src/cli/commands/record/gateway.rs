//! The gateway: a client of any kind talks to it as to a server, and it to the server with the user's own login.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use pssession::conformance::Gateway;
use pssession::simulator::Simulator;
use pssession::teardown::Cancellation;
use pssession::transport::TransportError;
use pssession::{Endpoint, Error};
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::RecordArgs;
use crate::cli::args::PlainFormat;
use crate::cli::caller::CommandCaller;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::hints::{hint, kind, place};
use crate::cli::interrupt;
use crate::cli::options::{ConnectionOptions, parse_duration};
use crate::cli::published_certificate::PublishedCertificate;
use crate::cli::scenario_dir::ScenarioDir;
use crate::cli::ui::Ui;
use crate::cli::unmatched::{self, Unmatched};

/// Serves until it is interrupted, or the time is over.
pub(super) async fn run(
    args: &RecordArgs,
    environment: &Environment,
    recording: &Arc<ScenarioDir>,
    ui: &Ui,
) -> Result<Exit, Diagnostic> {
    let address = address(args)?;
    let limit = parse_duration("--for", Some(&args.duration))?.unwrap_or_default();
    let environment = environment.observed_by(recording.clone());
    let config = environment.config(&args.host.config)?;
    let reach = args.host.reach(args.to.as_deref());
    let connection = ConnectionOptions::read(&reach, &environment.cmdlet.connection, config)?;
    let connection = environment.resolved(connection);
    let gateway = connect(&connection, &environment, ui).await?;
    // Without an account of ours it draws one: its password has 130 bits.
    let builder = Simulator::builder().allow_basic().allow_unencrypted().handler(gateway);
    let builder = builder.bind(address.ip()).port(address.port()).tls(args.listen_tls);
    let simulator = builder.start().await.map_err(|error| {
        let message = format!("the gateway cannot listen on {address}");
        Diagnostic::new("CannotListen", "ResourceUnavailable", message, Exit::COULD_NOT_BEGIN)
            .caused_by(&error)
            .with_hint("use port 0 for a free port")
    })?;
    let interrupted = interrupt::wait();
    // The file is there as long as it serves.
    let tls = simulator.certificate().map(PublishedCertificate::of).transpose()?;
    announce(&simulator, tls.as_ref(), args, limit)?;
    tokio::select! {
        _ = interrupted => {}
        () = tokio::time::sleep(limit) => ui.always("the time is over"),
        () = recording.failed() => {}
    }
    Ok(Exit::SUCCESS)
}

/// Loopback, unless there is TLS: a client may send its password and all envelopes in clear.
fn address(args: &RecordArgs) -> Result<SocketAddr, Diagnostic> {
    let Some(text) = args.listen.as_deref() else {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0));
    };
    let address = text.parse().or_else(|_| text.parse().map(|ip| SocketAddr::new(ip, 0)));
    let address = address.map_err(|_| {
        Diagnostic::usage(format!("--listen: {text:?} is not an address"))
            .about("--listen")
            .with_hint("use an address such as 127.0.0.1, 127.0.0.1:5985 or [::1]:5985; nothing was sent")
    })?;
    if address.ip().is_loopback() || args.listen_tls {
        return Ok(address);
    }
    Err(Diagnostic::usage(format!("--listen: {} is not a loopback address", address.ip()))
        .about("--listen")
        .with_hint(
            "use --listen-tls, run the client on this computer, or forward a port with ssh; nothing was sent",
        ))
}

/// Logs in once, so that a wrong password shows now.
async fn connect(
    connection: &ConnectionOptions,
    environment: &Environment,
    ui: &Ui,
) -> Result<Gateway, Diagnostic> {
    let cancellation = Cancellation::new();
    let watch = interrupt::watch(&cancellation);
    let unmatched = Unmatched::new(unmatched::rule(ui, false), None, ui);
    let credential = environment.credential.as_ref();
    let caller = CommandCaller::new(ui, &watch, &cancellation, connection, credential, unmatched, |_| ());
    let connectors = connection.hosts.connectors(&caller).await?;
    let [connector] = <[_; 1]>::try_from(connectors).map_err(|_| {
        Diagnostic::usage("--to: a gateway has one host")
            .about("--to")
            .with_hint("name one host; nothing was sent")
    })?;
    watch.stop();
    let endpoint = connector.endpoint().clone();
    let ui = *ui;
    let place = endpoint.clone();
    let gateway = Gateway::new(connector, move |error| ui.error(&no_answer(&place, error)));
    gateway.connect().await.map_err(|error| not_connected(&endpoint, error))?;
    Ok(gateway)
}

fn not_connected(endpoint: &Endpoint, error: TransportError) -> Diagnostic {
    let error = Error::from(error);
    let (id, category) = kind(&error);
    let exit = match error.is_credential_refused() {
        true => Exit::from(pssession::teardown::RunStatus::CredentialRefused),
        false => Exit::COULD_NOT_BEGIN,
    };
    Diagnostic::new(id, category, format!("cannot connect the gateway to {}", place(endpoint)), exit)
        .about(endpoint.url())
        .caused_by(&error)
        .with_hint(hint(&error, endpoint))
}

fn no_answer(endpoint: &Endpoint, error: &TransportError) -> Diagnostic {
    let message = format!("a request of the client got no answer from {}", place(endpoint));
    Diagnostic::new("NoAnswer", "ConnectionError", message, Exit::COULD_NOT_BEGIN)
        .about(endpoint.url())
        .caused_by(error)
}

/// One line once it listens. The password is drawn anew at each start, for this gateway only: showing it is the point.
fn announce(
    simulator: &Simulator<Gateway>,
    tls: Option<&PublishedCertificate>,
    args: &RecordArgs,
    limit: Duration,
) -> std::io::Result<()> {
    let (url, user, password) = (simulator.url(), simulator.user(), simulator.password());
    let password = password.expose_secret();
    let mut out = std::io::stdout().lock();
    match args.output.unwrap_or(PlainFormat::Table) {
        PlainFormat::Json => {
            let mut line = json!({
                "Schema": "pssession.gateway/1",
                "Url": url,
                "Port": simulator.port(),
                "User": user,
                "Password": password,
                "Seconds": limit.as_secs(),
            });
            if let Some(tls) = tls {
                tls.describe(simulator.address(), &mut line);
            }
            writeln!(out, "{line}")?;
        }
        PlainFormat::Table => {
            let trust = tls.map_or(String::new(), |tls| {
                let pin = tls.pin_at(simulator.address());
                format!(" --ca-file {} or --certificate-pin {pin};", tls.path().display())
            });
            writeln!(
                out,
                "listening on {url} for {};{trust} PSSESSION_USER='{user}' PSSESSION_PASSWORD='{password}'; \
                 Ctrl-C ends it",
                args.duration,
            )?;
        }
    }
    out.flush()
}
