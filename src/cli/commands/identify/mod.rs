//! `pssession identify HOST`: is it WinRM, which version, what logins does it offer, and whose certificate does it show.
//! No credential is involved, but for `--doctor`.

mod doctor;
mod probe;
mod report;

use std::io::Write as _;

use pssession::Endpoint;
use pssession::auth::{Challenges, LoginPolicy, SCHEMES, SchemeRow, Verdict};
use pssession::transport::{Probe, TransportError};
use pssession::wsman::one_line;

use super::Context;
use crate::cli::args::{IdentifyArgs, PlainFormat};
use crate::cli::config::Naming;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::hints::{self, place, status_hint};
use crate::cli::render::visible;
use crate::cli::resolve_options::{ConnectionOptions, Pins};
use probe::Look;

/// The most of a server's own words that is shown, in characters.
const MAX_WORDS: usize = 200;

/// Who says that a certificate is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TrustSource {
    Platform,
    Authorities,
    Pins,
    Nobody,
}

pub(crate) async fn run(args: &IdentifyArgs, context: &Context) -> Result<Exit, Diagnostic> {
    let reach = ConnectionOptions::read(&args.reach(), context.config(&args.config)?)?;
    let endpoints = endpoints(args, &reach.naming)?;
    let reach = reach.with_endpoints(endpoints)?;
    let pins = reach.pins(&reach.endpoints)?;
    let trust_source = TrustSource::of(args, &reach, &pins);
    if args.doctor {
        return doctor::run(args, reach, pins, trust_source, context).await;
    }
    let looks = look_at(&reach, &pins).await?;
    if !looks.iter().any(Look::is_winrm) {
        return Err(nothing_there(&looks));
    }
    let now = probe::now();
    let mut out = std::io::stdout().lock();
    match args.output.unwrap_or(PlainFormat::Table) {
        PlainFormat::Json => {
            writeln!(out, "{}", visible(&report::json(&looks, trust_source, now).to_string()))?;
        }
        PlainFormat::Table => {
            let shown: Vec<_> = looks.iter().map(|look| report::lines(look, trust_source, now)).collect();
            report::write(&mut out, &shown)?;
        }
    }
    drop(out);
    let distrusted = looks.iter().find_map(|look| Some((look, look.distrust()?)));
    if let Some((look, error)) = distrusted
        && !looks.iter().any(Look::is_winrm_and_trusted)
    {
        return Err(untrusted(look).caused_by(error).with_hint(hints::tls::hint(error, &look.endpoint)));
    }
    if args.output.is_none_or(|output| output == PlainFormat::Table) {
        let advice = looks.iter().find(|look| look.is_winrm()).and_then(|look| login_hint(&reach, look));
        let trust = distrusted.map(|(look, error)| hints::tls::hint(error, &look.endpoint));
        for advice in advice.into_iter().chain(trust) {
            writeln!(std::io::stderr().lock(), "\nhint: {advice}")?;
        }
    }
    Ok(Exit::SUCCESS)
}

impl TrustSource {
    /// All endpoints are those of one host, which is reported once.
    fn of(args: &IdentifyArgs, reach: &ConnectionOptions, pins: &Pins) -> Self {
        let settings = reach.endpoints.first().map(|endpoint| reach.settings(endpoint)).unwrap_or_default();
        let is_pinned = |endpoint: &Endpoint| !pins.at(endpoint, &settings).is_empty();
        match settings {
            _ if reach.endpoints.iter().any(is_pinned) => Self::Pins,
            _ if args.dangerous.dangerous_skip_certificate_check => Self::Nobody,
            _ if settings.ca_file.is_some() => Self::Authorities,
            _ => Self::Platform,
        }
    }

    /// What may be said of a certificate with which nothing is wrong.
    fn words(self) -> &'static str {
        match self {
            Self::Platform => "trusted by this machine",
            Self::Authorities => "trusted by --ca-file",
            Self::Pins => "it matches --certificate-pin",
            Self::Nobody => "NOT CHECKED: --dangerous-skip-certificate-check",
        }
    }
}

/// The endpoint that was named; HTTP and HTTPS where nothing says which of them, or which port.
fn endpoints(args: &IdentifyArgs, naming: &Naming) -> Result<Vec<Endpoint>, Diagnostic> {
    let host = args.host.trim();
    let named = naming.endpoint(host).map_err(|error| {
        Diagnostic::usage(error.to_string())
            .with_hint("use a form such as web01, web01:5986, [2001:db8::1] or https://web01/wsman")
    })?;
    let secure = Naming { tls: true, ..naming.clone() };
    Ok(match secure.endpoint(host) {
        // Only where no port was named do the two differ.
        Ok(secure) if secure.port() != named.port() => vec![named, secure],
        _ => vec![named],
    })
}

/// Asks each endpoint, all at the same time: a closed port may take a while.
async fn look_at(reach: &ConnectionOptions, pins: &Pins) -> Result<Vec<Look>, Diagnostic> {
    let Some(first) = reach.endpoints.first() else { return Ok(Vec::new()) };
    let settings = reach.settings(first);
    let mut authorities = reach.authorities.clone();
    authorities.read(&settings)?;
    let look = |endpoint: &Endpoint| {
        let options = authorities.options(&settings, pins.at(endpoint, &settings));
        let mut options = options.with_security(reach.security(&settings));
        if let Some(limit) = settings.connect_timeout {
            options = options.with_login_timeout(limit);
        }
        Look::at(endpoint.clone(), options)
    };
    Ok(match reach.endpoints.as_slice() {
        [one, other] => {
            let both = tokio::join!(look(one), look(other));
            vec![both.0, both.1]
        }
        some => {
            let mut looks = Vec::new();
            for endpoint in some {
                looks.push(look(endpoint).await);
            }
            looks
        }
    })
}

/// What the offer means for a login by this command; nothing where the default does.
fn login_hint(reach: &ConnectionOptions, look: &Look) -> Option<String> {
    let (endpoint, challenges) = (&look.endpoint, &look.told.as_ref().ok()?.challenges);
    let policy = policy(reach, endpoint);
    let allowed = |row: &&SchemeRow| !matches!(row.verdict(policy), Verdict::Refused(_));
    if SCHEMES.iter().filter(allowed).any(|row| !row.needs_tls && is_offered(row, challenges)) {
        return None;
    }
    Some(if !challenges.has("Basic") {
        let mut words: Vec<&str> = Vec::new();
        for word in SCHEMES.iter().filter(allowed).flat_map(|row| row.headers) {
            if !words.contains(word) {
                words.push(word);
            }
        }
        format!("the server offers no scheme that this build can use ({})", words.join(" or "))
    } else if endpoint.is_tls() {
        "only Basic is offered; use --auth basic and a local user of that machine".to_owned()
    } else {
        "only Basic is offered, which exposes the password over HTTP; use --tls if the server supports it"
            .to_owned()
    })
}

/// Whether the server offers this scheme by a word that we know.
fn is_offered(row: &SchemeRow, challenges: &Challenges) -> bool {
    row.headers.iter().any(|word| challenges.has(word))
}

fn policy(reach: &ConnectionOptions, endpoint: &Endpoint) -> LoginPolicy {
    let security = reach.security(&reach.settings(endpoint));
    LoginPolicy {
        tls: endpoint.is_tls(),
        dangerous_basic_over_http: security.dangerous_basic_over_http,
        dangerous_unencrypted: security.dangerous_unencrypted,
        forbid_ntlm: security.forbid_ntlm,
    }
}

/// No endpoint is WinRM: one that answers tells more than one that is closed.
fn nothing_there(looks: &[Look]) -> Diagnostic {
    let answered = looks.iter().find_map(|look| Some((look, look.told.as_ref().ok()?)));
    if let Some((look, probe)) = answered {
        let diagnostic = not_winrm(&look.endpoint, probe);
        return match &look.identity {
            Some(Err(error)) => diagnostic.caused_by(error),
            _ => diagnostic,
        };
    }
    let speaks_tls = |look: &&Look| look.told.as_ref().is_err_and(|error| error.tls().is_some());
    match looks.iter().find(speaks_tls).or(looks.first()) {
        Some(Look { endpoint, told: Err(error), .. }) => not_reached(endpoint, error, looks),
        _ => Diagnostic::usage("no host given"),
    }
}

fn not_reached(endpoint: &Endpoint, error: &TransportError, looks: &[Look]) -> Diagnostic {
    let others: Vec<String> = looks
        .iter()
        .filter(|look| look.endpoint != *endpoint)
        .filter_map(|look| {
            Some(format!("{}: {}", look.endpoint.url(), report::innermost(look.told.as_ref().err()?)))
        })
        .collect();
    let beside = if others.is_empty() { String::new() } else { format!(" ({})", others.join(", ")) };
    let message = format!("cannot identify {}{beside}", place(endpoint));
    Diagnostic::new("CannotConnect", "ConnectionError", message, Exit::COULD_NOT_BEGIN)
        .about(endpoint.url())
        .caused_by(error)
        .with_hint(hints::of_transport(error, endpoint))
}

fn not_winrm(endpoint: &Endpoint, probe: &Probe) -> Diagnostic {
    let server = probe.server.as_deref().map(|server| format!(", Server: {}", one_line(server, MAX_WORDS)));
    let message = format!(
        "{} is not WinRM: the response to Identify is HTTP {}{}{}",
        endpoint.url(),
        probe.status,
        probe.excerpt,
        server.unwrap_or_default()
    );
    // A 401 without an offer is no matter of a password: none was sent.
    let advice = status_hint(probe.status, endpoint).filter(|_| probe.status != 401).unwrap_or_else(|| {
        "check the port and the path; WinRM listens on 5985 (HTTP) and 5986 (HTTPS, --tls) under /wsman"
            .to_owned()
    });
    Diagnostic::new("NotWinRM", "ProtocolError", message, Exit::COULD_NOT_BEGIN)
        .about(endpoint.url())
        .with_hint(advice)
}

/// What stands on stdout is the word of a server that nobody vouches for.
fn untrusted(look: &Look) -> Diagnostic {
    let message =
        format!("the certificate of {} is not trusted, so its response may be forged", place(&look.endpoint));
    Diagnostic::new("UntrustedCertificate", "SecurityError", message, Exit::COULD_NOT_BEGIN)
        .about(look.endpoint.url())
}
