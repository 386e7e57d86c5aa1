//! I/O module: `identify --doctor`, each step of a login, told as it is taken. Exactly one login is tried.
#![expect(clippy::disallowed_methods, reason = "opens a TCP connection")]

use std::collections::HashSet;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use pssession::auth::{Challenges, SCHEMES, Verdict};
use pssession::client::{IdSource as _, RandomIds};
use pssession::interchange::timestamp;
use pssession::request::{ClockDifference, Event, Hosts, IdentifiedEndpoint, IdentifyRequest};
use pssession::session::LoginAccount;
use pssession::wsman::{SessionId, one_line, printable};
use pssession::{AuthScheme, Endpoint, Error, Listing, WsmanClient};
use serde_json::{Value, json};
use tokio::net::{TcpStream, lookup_host};

use super::{IdentifyArgs, MAX_WORDS, TrustSource, is_offered, not_winrm, policy, report};
use crate::cli::args::PlainFormat;
use crate::cli::caller::CommandCaller;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::hints::{advice_hint, hint, kind, place, scheme_hint};
use crate::cli::options::ConnectionOptions;
use crate::cli::render::{duration, plural, visible};
use crate::cli::source;

/// As long as the transport waits.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Kerberos allows no more between two clocks, unless an administrator has said otherwise.
const MAX_SKEW: Duration = Duration::from_secs(5 * 60);

pub(super) async fn run<F: Fn(&Event<'_>)>(
    args: &IdentifyArgs,
    connection: &ConnectionOptions,
    trust_source: TrustSource,
    caller: &CommandCaller<'_, F>,
) -> Result<Exit, Diagnostic> {
    let mut report = DoctorReport {
        format: args.output.unwrap_or(PlainFormat::Table),
        quiet: caller.ui.is_quiet(),
        steps: Vec::new(),
    };
    let outcome = examine(connection, trust_source, caller, &mut report).await;
    report.end()?;
    outcome.map(|()| Exit::SUCCESS)
}

async fn examine<F: Fn(&Event<'_>)>(
    connection: &ConnectionOptions,
    trust_source: TrustSource,
    caller: &CommandCaller<'_, F>,
    report: &mut DoctorReport,
) -> Result<(), Diagnostic> {
    let hosts = &connection.hosts;
    let Some(first) = hosts.endpoints.first() else { return Ok(()) };
    let settings = connection.settings(first);
    let addresses = resolve(first, settings.address.as_deref(), report).await?;
    let limit = settings.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
    for endpoint in &hosts.endpoints {
        connect(endpoint, &addresses, limit, report).await?;
    }
    let identified = IdentifyRequest { hosts: hosts.clone() }.run(caller).await?;
    for one in &identified {
        describe(one, trust_source, report)?;
    }
    let Some(one) = identified.iter().find(|one| one.is_winrm_and_trusted()) else {
        return Err(no_way_in(&identified));
    };
    if hosts.endpoints.len() > 1 {
        let how = if one.endpoint.is_tls() {
            "use --tls with the other commands"
        } else {
            "this is the default of the other commands"
        };
        report.say("way", true, format!("{}; {how}", one.endpoint.url()))?;
    }
    scheme(connection, one, report)?;
    let hosts = Hosts { endpoints: vec![one.endpoint.clone()], ..hosts.clone() };
    login_and_list(&hosts, caller, report).await
}

/// Where the host is: under its own name, or under the address that the config gives it.
async fn resolve(
    endpoint: &Endpoint,
    address: Option<&str>,
    report: &mut DoctorReport,
) -> Result<Vec<SocketAddr>, Diagnostic> {
    let host = address.unwrap_or(endpoint.computer_name()).trim_start_matches('[').trim_end_matches(']');
    let found = lookup_host((host, endpoint.port())).await.map(Iterator::collect::<Vec<_>>);
    match found {
        Ok(addresses) => {
            let mut shown: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
            shown.dedup();
            let text = match shown.as_slice() {
                [one] if one == host => format!("{host} is an address"),
                shown => format!("{host} is {}", shown.join(", ")),
            };
            report.say("resolve", true, text)?;
            Ok(addresses)
        }
        Err(error) => {
            report.say("resolve", false, format!("unknown host {host}"))?;
            Err(Diagnostic::new(
                "CannotConnect",
                "ConnectionError",
                format!("cannot find {host}"),
                Exit::COULD_NOT_BEGIN,
            )
            .about(endpoint.url())
            .caused_by(&error)
            .with_hint("check the spelling and DNS, or use an IP address"))
        }
    }
}

/// A TCP connection that is closed at once: only this tells a firewall from a service that does not answer.
async fn connect(
    endpoint: &Endpoint,
    addresses: &[SocketAddr],
    limit: Duration,
    report: &mut DoctorReport,
) -> Result<(), Diagnostic> {
    let mut last = "no address".to_owned();
    for address in addresses {
        let address = SocketAddr::new(address.ip(), endpoint.port());
        match tokio::time::timeout(limit, TcpStream::connect(address)).await {
            Ok(Ok(_)) => {
                report.say("connect", true, format!("{address} accepts connections"))?;
                return Ok(());
            }
            Ok(Err(error)) => last = format!("{address}: {error}"),
            Err(_) => {
                last = format!("{address}: no response within {}; a firewall may block it", duration(limit))
            }
        }
    }
    Ok(report.say("connect", false, last)?)
}

/// What one look has shown, if it has shown anything.
fn describe(
    one: &IdentifiedEndpoint,
    trust_source: TrustSource,
    report: &mut DoctorReport,
) -> Result<(), Diagnostic> {
    let port = one.endpoint.port();
    let probe = match &one.response {
        Ok(probe) => probe,
        // That nothing listens there was told before.
        Err(error) if error.tls().is_none() => return Ok(()),
        Err(error) => {
            return Ok(report.say("tls", false, format!("port {port}: {}", report::innermost(error)))?);
        }
    };
    if let Some(tls) = &probe.tls {
        let version = tls.version.map_or("TLS".to_owned(), |version| version.to_string());
        let subject =
            tls.certificate.as_ref().map_or("unreadable".to_owned(), |c| one_line(&c.subject, MAX_WORDS));
        report.say("tls", true, format!("port {port}: {version}, certificate {subject}, {}", tls.pin))?;
        match &tls.distrust {
            None => {
                report.say("trust", trust_source != TrustSource::Nobody, trust_source.words().to_owned())?
            }
            Some(error) => report.say("trust", false, error.reason())?,
        }
    }
    if !one.is_winrm() {
        return Ok(report.say(
            "winrm",
            false,
            format!("port {port}: HTTP {}{}", probe.status, probe.excerpt),
        )?);
    }
    if let Some(clock) = one.clock {
        let skew = match clock {
            ClockDifference::Same(_) => Duration::ZERO,
            ClockDifference::Ahead(by) | ClockDifference::Behind(by) => by,
        };
        let remark = if skew > MAX_SKEW { "; Kerberos allows 5m" } else { "" };
        report.say(
            "clock",
            skew <= MAX_SKEW,
            format!("port {port}: {}{remark}", report::clock(Some(clock))),
        )?;
    }
    let challenges = printable(&probe.challenges.to_string());
    Ok(report.say("offers", !probe.challenges.is_empty(), format!("port {port}: {challenges}"))?)
}

/// Each scheme of this build, strongest first, and why it is taken or not.
fn scheme(
    connection: &ConnectionOptions,
    one: &IdentifiedEndpoint,
    report: &mut DoctorReport,
) -> Result<(), Diagnostic> {
    let none = Challenges::default();
    let challenges = one.response.as_ref().map_or(&none, |probe| &probe.challenges);
    let policy = policy(connection, &one.endpoint);
    let wanted = connection.settings(&one.endpoint).auth.unwrap_or_default();
    let mut taken = false;
    for row in SCHEMES {
        let (good, why) = match row.verdict(policy) {
            _ if !is_offered(row, challenges) => {
                (false, format!("{} is not offered", row.headers.join(" or ")))
            }
            Verdict::Refused(refusal) => (false, format!("{refusal}; {}", scheme_hint(refusal))),
            _ if wanted != AuthScheme::Auto && wanted != row.scheme => (false, format!("--auth is {wanted}")),
            _ if wanted == AuthScheme::Auto && !row.is_chosen_by_auto() => {
                (false, format!("it sends the password; select it with --auth {}", row.name))
            }
            _ if taken => (false, "a stronger scheme is used".to_owned()),
            Verdict::Tls => (true, "TLS encrypts the messages".to_owned()),
            Verdict::Sealed => (true, "each message is encrypted".to_owned()),
            Verdict::Clear => (true, "messages are NOT ENCRYPTED, as requested".to_owned()),
        };
        let place = if good && !taken { "used" } else { "not used" };
        report.note("scheme", format!("{}: {place}, {why}", row.name))?;
        taken |= good;
    }
    Ok(())
}

async fn login_and_list<F: Fn(&Event<'_>)>(
    hosts: &Hosts,
    caller: &CommandCaller<'_, F>,
    report: &mut DoctorReport,
) -> Result<(), Diagnostic> {
    let connectors = hosts.connectors(caller).await?;
    let Some(connector) = connectors.first() else { return Ok(()) };
    let user = printable(connector.user());
    let connection = match connector.connect().await {
        Ok(connection) => connection,
        Err(error) => {
            let error = Error::from(error);
            report.say("login", false, format!("the login of {user} failed"))?;
            return Err(failed("cannot log in to", connector.endpoint(), &error));
        }
    };
    report.say("login", true, format!("logged in as {user} with one attempt"))?;
    let ids = Arc::new(RandomIds);
    let mut client =
        WsmanClient::new(connection, connector.endpoint().url(), SessionId::new(ids.draw()), ids);
    match client.list_shells().await {
        Ok(listing) => {
            let names = client.server_names().cloned().unwrap_or_default();
            let account = LoginAccount::new(connector.user()).at(names);
            Ok(report.say("listing", listing.complete(), seen(&listing, &account))?)
        }
        Err(error) => {
            report.say("listing", false, format!("{user} cannot list shells"))?;
            Err(failed("cannot list the shells on", connector.endpoint(), &error))
        }
    }
}

/// What can be seen, and what its absence would prove.
fn seen(listing: &Listing, account: &LoginAccount) -> String {
    let owners: HashSet<String> =
        listing.shells.iter().filter_map(|shell| Some(shell.owner.as_deref()?.to_lowercase())).collect();
    let counted = plural(listing.shells.len(), "shell");
    let whole =
        if listing.complete() { "" } else { "; the listing is incomplete, so nothing would be closed" };
    let means = match account.sees_others_in(owners.iter().map(String::as_str)) {
        true => "shells of other users are included, so an absent shell is gone",
        false => "no shell of another user: this account may see only its own",
    };
    format!("{counted} of {}, {means}{whole}", plural(owners.len(), "owner"))
}

fn failed(what: &str, endpoint: &Endpoint, error: &Error) -> Diagnostic {
    let (id, category) = kind(error);
    let exit = match error.is_credential_refused() {
        true => pssession::teardown::RunStatus::CredentialRefused.into(),
        false => Exit::COULD_NOT_BEGIN,
    };
    Diagnostic::new(id, category, format!("{what} {}", place(endpoint)), exit)
        .about(endpoint.url())
        .caused_by(error)
        .with_hint(hint(error, endpoint))
}

fn no_way_in(identified: &[IdentifiedEndpoint]) -> Diagnostic {
    let distrusted = identified.iter().find_map(|one| Some((one, one.distrust()?)));
    if let Some((one, error)) = distrusted {
        let message = format!("cannot log in to {}: its certificate is not trusted", place(&one.endpoint));
        return Diagnostic::new("UntrustedCertificate", "SecurityError", message, Exit::COULD_NOT_BEGIN)
            .about(one.endpoint.url())
            .caused_by(error)
            .with_hint(advice_hint(&error.advice(), &one.endpoint));
    }
    match identified.iter().find_map(|one| Some((one, one.response.as_ref().ok()?))) {
        Some((one, probe)) => not_winrm(&one.endpoint, probe),
        None => super::nothing_there(identified),
    }
}

/// The steps so far; a person reads each as it is taken.
struct DoctorReport {
    format: PlainFormat,
    /// Whether a table is left out.
    quiet: bool,
    steps: Vec<Value>,
}

impl DoctorReport {
    fn say(&mut self, step: &'static str, good: bool, text: String) -> std::io::Result<()> {
        self.tell(step, Some(good), text)
    }

    /// What is neither good nor bad.
    fn note(&mut self, step: &'static str, text: String) -> std::io::Result<()> {
        self.tell(step, None, text)
    }

    fn tell(&mut self, step: &'static str, good: Option<bool>, text: String) -> std::io::Result<()> {
        if self.format == PlainFormat::Table && !self.quiet {
            let mark = match good {
                Some(true) => "ok",
                Some(false) => "NO",
                None => "",
            };
            writeln!(std::io::stdout().lock(), "{mark:<2}  {step:<8} {text}")?;
        }
        self.steps.push(json!({ "Step": step, "Good": good, "Text": text }));
        Ok(())
    }

    fn end(self) -> std::io::Result<()> {
        match self.format {
            PlainFormat::Table => Ok(()),
            PlainFormat::Json => {
                let at = timestamp(source::now());
                let object = json!({ "Schema": "pssession.doctor/1", "At": at, "Steps": self.steps });
                writeln!(std::io::stdout().lock(), "{}", visible(&object.to_string()))
            }
        }
    }
}
