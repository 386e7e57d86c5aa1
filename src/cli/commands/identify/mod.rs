//! `pssession identify HOST`: is it WinRM, which version, what logins does it offer, and whose certificate does it show.
//! No credential is involved, but for `--doctor`.

mod doctor;
mod fleet;
mod report;

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use pssession::Endpoint;
use pssession::advice::Advice;
use pssession::auth::{Challenges, LoginPolicy, SCHEMES, SchemeRow, Verdict};
use pssession::request::{IdentifiedEndpoint, IdentifyRequest, expand_host_range};
use pssession::teardown::Cancellation;
use pssession::transport::{Probe, TransportError};
use pssession::wsman::one_line;

use crate::cli::args::{ConfigArgs, DangerousArgs, LimitArgs, LoginArgs, PlainFormat, ReachArgs, TrustArgs};
use crate::cli::caller::CommandCaller;
use crate::cli::config::Naming;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::hints::{advice_hint, place};
use crate::cli::options::ConnectionOptions;
use crate::cli::render::visible;
use crate::cli::ui::Ui;
use crate::cli::unmatched::{self, Unmatched};
use crate::cli::{interrupt, source};

/// What help shows below the options.
pub(crate) const EXAMPLES: &str = "\
Examples:
  pssession identify web01
  pssession identify web01 --tls -o json
  pssession identify web01 --doctor --user 'CONTOSO\\alice'    log in once, and explain each step
  pssession identify web01 web02 db01                          one line for each host
  pssession identify --inventory hosts.txt --doctor            which hosts accept this login, and what they show it";

#[derive(Debug, Args)]
pub(crate) struct IdentifyArgs {
    /// Name, range such as web[01-40], address or [IPv6], optionally with :port, URL or @GROUP; for a single host
    /// without a port, both HTTP and HTTPS are checked
    #[arg(value_name = "HOST", value_delimiter = ',', required_unless_present_any = ["on", "inventory", "inventory_command"])]
    pub(crate) hosts: Vec<String>,
    /// The same, as the other commands take them
    #[arg(long, value_name = "HOST", value_delimiter = ',', hide = true)]
    pub(crate) on: Vec<String>,
    /// A file of hosts, one per line, # for comments, or an Ansible inventory in INI, YAML or JSON; - is stdin
    #[arg(long, value_name = "FILE", help_heading = "Where")]
    pub(crate) inventory: Option<PathBuf>,
    /// Read the hosts from what this command prints, such as 'ansible-inventory --list'
    #[arg(long, value_name = "COMMAND", help_heading = "Where", conflicts_with = "inventory")]
    pub(crate) inventory_command: Option<String>,
    /// Log in and list once, and report the result of each step; for several hosts, of each host
    #[arg(long)]
    pub(crate) doctor: bool,
    /// Use only HTTPS [default port: 5986]
    #[arg(long, help_heading = "Where")]
    pub(crate) tls: bool,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    /// Timeout for the connection and for the response [default: 10s]
    #[arg(long, value_name = "DURATION")]
    pub(crate) connect_timeout: Option<String>,
    /// Output format [default: table]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<PlainFormat>,
    #[command(flatten)]
    pub(crate) login: LoginArgs,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    #[command(flatten)]
    pub(crate) dangerous: DangerousArgs,
}

impl IdentifyArgs {
    /// The host, if it is one alone.
    fn single_host(&self) -> Option<&str> {
        let mut hosts = self.hosts.iter().chain(&self.on);
        match (hosts.next(), hosts.next()) {
            (Some(host), None) if self.inventory.is_none() && self.inventory_command.is_none() => {
                let is_one = expand_host_range(host, 1).is_ok_and(|hosts| hosts == [host.trim()]);
                Some(host.trim()).filter(|host| is_one && !host.starts_with('@'))
            }
            _ => None,
        }
    }

    /// How the hosts are to be reached, as the other commands say it. A single one is left out.
    pub(crate) fn reach(&self) -> ReachArgs {
        ReachArgs {
            on: if self.single_host().is_some() { Vec::new() } else { [&*self.hosts, &*self.on].concat() },
            inventory: self.inventory.clone(),
            inventory_command: self.inventory_command.clone(),
            shard: None,
            tls: self.tls,
            trust: self.trust.clone(),
            login: self.login.clone(),
            config: self.config.clone(),
            limits: LimitArgs { connect_timeout: self.connect_timeout.clone(), ..LimitArgs::default() },
            dangerous: self.dangerous.clone(),
        }
    }
}

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

pub(crate) async fn run(args: &IdentifyArgs, environment: &Environment) -> Exit {
    let ui = Ui::plain(args.output).quiet(environment.quiet);
    ui.conclude(identify(args, environment, &ui).await)
}

async fn identify(args: &IdentifyArgs, environment: &Environment, ui: &Ui) -> Result<Exit, Diagnostic> {
    let config = environment.config(&args.config)?;
    let connection = ConnectionOptions::read(&args.reach(), &environment.cmdlet.connection, config)?;
    let connection = match args.single_host() {
        Some(host) => {
            let endpoints = endpoints(host, &connection.naming)?;
            connection.with_endpoints(endpoints)?
        }
        None => connection,
    };
    let connection = environment.resolved(connection);
    let trust_source = TrustSource::of(args, &connection);
    let cancellation = Cancellation::new();
    let watch = interrupt::watch(&cancellation);
    let unmatched = Unmatched::new(unmatched::rule(ui, false), None, ui);
    let credential = environment.credential.as_ref();
    let caller = CommandCaller::new(ui, &watch, &cancellation, &connection, credential, unmatched, |_| ());
    if args.single_host().is_none() {
        return match args.doctor {
            true => fleet::check_logins(args, &connection, &caller).await,
            false => fleet::identify(args, &connection, &caller).await,
        };
    }
    if args.doctor {
        return doctor::run(args, &connection, trust_source, &caller).await;
    }
    let identified = IdentifyRequest { hosts: connection.hosts.clone() }.run(&caller).await?;
    if !identified.iter().any(IdentifiedEndpoint::is_winrm) {
        return Err(nothing_there(&identified));
    }
    let now = source::now();
    let mut out = std::io::stdout().lock();
    match args.output.unwrap_or(PlainFormat::Table) {
        PlainFormat::Json => {
            writeln!(out, "{}", visible(&report::json(&identified, trust_source, now).to_string()))?;
        }
        PlainFormat::Table if ui.is_quiet() => {}
        PlainFormat::Table => {
            let shown: Vec<_> = identified.iter().map(|one| report::lines(one, trust_source, now)).collect();
            report::write(&mut out, &shown)?;
        }
    }
    drop(out);
    let distrusted = identified.iter().find_map(|one| Some((one, one.distrust()?)));
    if let Some((one, error)) = distrusted
        && !identified.iter().any(IdentifiedEndpoint::is_winrm_and_trusted)
    {
        return Err(untrusted(one).caused_by(error).with_hint(advice_hint(&error.advice(), &one.endpoint)));
    }
    if args.output.is_none_or(|output| output == PlainFormat::Table) && !ui.is_quiet() {
        let winrm = identified.iter().find(|one| one.is_winrm());
        let advice = winrm.and_then(|one| login_hint(&connection, one));
        let trust = distrusted.map(|(one, error)| advice_hint(&error.advice(), &one.endpoint));
        for advice in advice.into_iter().chain(trust) {
            writeln!(std::io::stderr().lock(), "\nhint: {advice}")?;
        }
    }
    Ok(Exit::SUCCESS)
}

impl TrustSource {
    /// All endpoints are those of one host, which is reported once.
    fn of(args: &IdentifyArgs, connection: &ConnectionOptions) -> Self {
        let first = connection.hosts.endpoints.first();
        let settings = first.map(|endpoint| connection.settings(endpoint)).unwrap_or_default();
        match settings {
            _ if !connection.hosts.pins.is_empty() || !settings.certificate_pin.is_empty() => Self::Pins,
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
fn endpoints(host: &str, naming: &Naming) -> Result<Vec<Endpoint>, Diagnostic> {
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

/// What the offer means for a login by this command; nothing where the default does.
fn login_hint(connection: &ConnectionOptions, one: &IdentifiedEndpoint) -> Option<String> {
    let (endpoint, challenges) = (&one.endpoint, &one.response.as_ref().ok()?.challenges);
    let policy = policy(connection, endpoint);
    let allowed = |row: &&SchemeRow| !matches!(row.verdict(policy), Verdict::Refused(_));
    if SCHEMES.iter().filter(allowed).any(|row| row.is_chosen_by_auto() && is_offered(row, challenges)) {
        return None;
    }
    let by_name = SCHEMES.iter().find(|row| !row.is_chosen_by_auto() && is_offered(row, challenges));
    let Some(SchemeRow { name, headers, .. }) = by_name else {
        let mut words: Vec<&str> = Vec::new();
        for word in SCHEMES.iter().filter(allowed).flat_map(|row| row.headers) {
            if !words.contains(word) {
                words.push(word);
            }
        }
        return Some(format!("the server offers no scheme that this build can use ({})", words.join(" or ")));
    };
    let offered = headers.join(" or ");
    Some(if endpoint.is_tls() {
        format!("only {offered} is offered; use --auth {name} and a local user of that machine")
    } else {
        format!(
            "only {offered} is offered, which exposes the password over HTTP; use --tls if the server supports it"
        )
    })
}

/// Whether the server offers this scheme by a word that we know.
fn is_offered(row: &SchemeRow, challenges: &Challenges) -> bool {
    row.headers.iter().any(|word| challenges.has(word))
}

fn policy(connection: &ConnectionOptions, endpoint: &Endpoint) -> LoginPolicy {
    let security = connection.hosts.security_with(&connection.settings(endpoint));
    LoginPolicy {
        tls: endpoint.is_tls(),
        dangerous_basic_over_http: security.dangerous_basic_over_http,
        dangerous_unencrypted: security.dangerous_unencrypted,
        forbid_ntlm: security.forbid_ntlm,
    }
}

/// No endpoint is WinRM: one that answers tells more than one that is closed.
fn nothing_there(identified: &[IdentifiedEndpoint]) -> Diagnostic {
    let answered = identified.iter().find_map(|one| Some((one, one.response.as_ref().ok()?)));
    if let Some((one, probe)) = answered {
        let diagnostic = not_winrm(&one.endpoint, probe);
        return match &one.identity {
            Some(Err(error)) => diagnostic.caused_by(error),
            _ => diagnostic,
        };
    }
    let speaks_tls =
        |one: &&IdentifiedEndpoint| one.response.as_ref().is_err_and(|error| error.tls().is_some());
    match identified.iter().find(speaks_tls).or(identified.first()) {
        Some(IdentifiedEndpoint { endpoint, response: Err(error), .. }) => {
            not_reached(endpoint, error, identified)
        }
        _ => Diagnostic::usage("no host given"),
    }
}

fn not_reached(endpoint: &Endpoint, error: &TransportError, identified: &[IdentifiedEndpoint]) -> Diagnostic {
    let others: Vec<String> = identified
        .iter()
        .filter(|one| one.endpoint != *endpoint)
        .filter_map(|one| {
            Some(format!("{}: {}", one.endpoint.url(), report::innermost(one.response.as_ref().err()?)))
        })
        .collect();
    let beside = if others.is_empty() { String::new() } else { format!(" ({})", others.join(", ")) };
    let message = format!("cannot identify {}{beside}", place(endpoint));
    Diagnostic::new("CannotConnect", "ConnectionError", message, Exit::COULD_NOT_BEGIN)
        .about(endpoint.url())
        .caused_by(error)
        .with_hint(error.advice(endpoint).map(|advice| advice_hint(&advice, endpoint)))
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
    let advice = Advice::on_status(probe.status, endpoint.is_tls()).filter(|_| probe.status != 401);
    let hint = advice.map_or_else(
        || {
            "check the port and the path; WinRM listens on 5985 (HTTP) and 5986 (HTTPS, --tls) under /wsman"
                .to_owned()
        },
        |advice| advice_hint(&advice, endpoint),
    );
    Diagnostic::new("NotWinRM", "ProtocolError", message, Exit::COULD_NOT_BEGIN)
        .about(endpoint.url())
        .with_hint(hint)
}

/// What stands on stdout is the word of a server that nobody vouches for.
fn untrusted(one: &IdentifiedEndpoint) -> Diagnostic {
    let message =
        format!("the certificate of {} is not trusted, so its response may be forged", place(&one.endpoint));
    Diagnostic::new("UntrustedCertificate", "SecurityError", message, Exit::COULD_NOT_BEGIN)
        .about(one.endpoint.url())
}
