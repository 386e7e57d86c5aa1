//! `pssession simulator`: an embedded WinRM endpoint that serves until it is interrupted.

use std::io::{ErrorKind, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use pssession::simulator::{Account, Control, Script, Simulator, World, keytab_variable};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::cli::args::{PlainFormat, SimulatedSecurityArgs};
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::interrupt;
use crate::cli::login::password_in;
use crate::cli::process;
use crate::cli::published_certificate::PublishedCertificate;
use crate::cli::source;

/// What help shows below the options.
pub(crate) const EXAMPLES: &str = "\
The output also shows a control endpoint, where tests create shells, read the log and inject faults.

Examples:
  pssession simulator
  pssession simulator --shells 30 --port 5985 -o json
  pssession simulator --profile 2008r2 --shells 0 -o json
  pssession simulator --tls --extended-protection strict --trace
  pssession simulator --keytab http.keytab --user 'LAB\\ann'
  pssession simulator --script answers.yml

--script FILE says what commands and pipelines answer; the first rule whose pattern matches counts:
  - match: Get-Service *
    stdout: Running
  - match: '*\\deploy.cmd *'
    stderr: disk full
    exit_code: 3
    delay: 1.5";

/// The variable that may hold the administrator's password. It is not that of a login: a shell that has one would
/// otherwise give a real password to every simulator.
const PASSWORD: &str = "PSSESSION_SIMULATOR_PASSWORD";

/// The largest script file, in bytes.
const MAX_SCRIPT: u64 = 4 * 1024 * 1024;

#[derive(Debug, Args)]
pub(crate) struct SimulatorArgs {
    /// Number of initial shells
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u16).range(0..=10_000))]
    pub(crate) shells: u16,
    /// The TCP port; 0 selects a free port
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// The address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    pub(crate) listen: std::net::IpAddr,
    /// The administrator
    #[arg(long, value_name = "NAME", default_value = "CONTOSO\\admin")]
    pub(crate) user: String,
    /// A file with the administrator's password [default: PSSESSION_SIMULATOR_PASSWORD, else a new one at each start]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) password_file: Option<PathBuf>,
    /// The server version to simulate
    #[arg(long, value_name = "NAME", default_value = "2022", value_parser = profiles())]
    pub(crate) profile: pssession::simulator::Profile,
    /// A file of rules (YAML or JSON): what commands and pipelines answer
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) script: Option<PathBuf>,
    /// The TCP port of the control endpoint; 0 selects a free port
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) control_port: u16,
    /// The address of the control endpoint
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    pub(crate) control_listen: std::net::IpAddr,
    /// Output format of the line with the address [default: table]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<PlainFormat>,
    #[command(flatten)]
    pub(crate) security: SimulatedSecurityArgs,
}

/// The profiles by name, so that they are listed and completed.
fn profiles() -> impl TypedValueParser<Value = pssession::simulator::Profile> {
    let names = pssession::simulator::Profile::ALL.iter().map(|profile| profile.name());
    PossibleValuesParser::new(names).try_map(|name| name.parse())
}

pub(crate) async fn run(args: &SimulatorArgs) -> Result<Exit, Diagnostic> {
    if let Some(keytab) = args.security.keytab.as_deref().filter(|_| cfg!(gssapi)) {
        let (name, value) = keytab_variable(keytab);
        process::with_variable(name, &value).map_err(|error| cannot_use(keytab, &error))?;
    }
    let script = args.script.as_deref().map(read_script).transpose()?.unwrap_or_default();
    let mut world = World::new("simulator").with_profile(args.profile).with_script(script);
    world.populate(usize::from(args.shells));
    let builder = Simulator::builder().world(world).bind(args.listen).port(args.port);
    let password = password(args)?;
    let is_drawn = password.is_none();
    let builder = match password {
        Some(password) => builder.account(Account::administrator(&args.user), password),
        None => builder.administrator(&args.user),
    };
    let builder = args.security.apply(builder);
    let address = SocketAddr::new(args.listen, args.port);
    let simulator = builder.start().await.map_err(|error| match (&args.security.keytab, error.kind()) {
        (Some(keytab), ErrorKind::InvalidInput | ErrorKind::Unsupported) => cannot_use(keytab, &error),
        _ => cannot_listen("simulator", address, &error),
    })?;
    let address = SocketAddr::new(args.control_listen, args.control_port);
    let control = simulator.control(address).await;
    let control = control.map_err(|error| cannot_listen("control endpoint", address, &error))?;
    let interrupted = interrupt::wait();
    // The file is there as long as it serves.
    let tls = simulator.certificate().map(PublishedCertificate::of).transpose()?;
    announce(&simulator, is_drawn, &control, tls.as_ref(), args)?;
    interrupted.await;
    Ok(Exit::SUCCESS)
}

/// The administrator's password, if one is given.
fn password(args: &SimulatorArgs) -> Result<Option<SecretString>, Diagnostic> {
    match &args.password_file {
        Some(path) => password_in(path).map(Some),
        None => {
            Ok(source::variable(PASSWORD).filter(|password| !password.is_empty()).map(SecretString::from))
        }
    }
}

fn read_script(path: &Path) -> Result<Script, Diagnostic> {
    let shown = source::shown(path);
    let text = source::text(path, MAX_SCRIPT).map_err(|error| {
        let message = format!("cannot read the script {shown}");
        Diagnostic::new("CannotReadScript", "OpenError", message, Exit::USAGE).caused_by(&error)
    })?;
    Script::parse(&text).map_err(|error| {
        let message = format!("{shown}:{}: {}", error.line, error.reason);
        Diagnostic::new("InvalidScript", "InvalidData", message, Exit::USAGE)
            .with_hint("`pssession simulator --help` shows a script")
    })
}

fn cannot_use(keytab: &Path, error: &std::io::Error) -> Diagnostic {
    let message = format!("cannot use the keytab {}", source::shown(keytab));
    let diagnostic = Diagnostic::new("CannotUseKeytab", "OpenError", message, Exit::USAGE).caused_by(error);
    match error.kind() {
        // The error itself has the remedy.
        ErrorKind::Unsupported => diagnostic,
        _ => diagnostic.with_hint("`klist -k FILE` lists the keys of a keytab"),
    }
}

fn cannot_listen(what: &str, address: SocketAddr, error: &std::io::Error) -> Diagnostic {
    let message = format!("the {what} cannot listen on {address}");
    Diagnostic::new("CannotListen", "ResourceUnavailable", message, Exit::COULD_NOT_BEGIN)
        .caused_by(error)
        .with_hint("use port 0 for a free port")
}

/// One line once it listens, so that a script can wait for it. A password and a token that are drawn at the start, for this
/// endpoint only, are shown: that is the point. A password that was given is not.
fn announce(
    simulator: &Simulator,
    is_drawn: bool,
    control: &Control,
    tls: Option<&PublishedCertificate>,
    args: &SimulatorArgs,
) -> Result<(), Diagnostic> {
    let (url, user, password) = (simulator.url(), simulator.user(), simulator.password());
    let password = is_drawn.then(|| password.expose_secret());
    let token = control.token().expose_secret();
    let mut out = std::io::stdout().lock();
    match args.output.unwrap_or(PlainFormat::Table) {
        PlainFormat::Json => {
            let mut line = json!({
                "Schema": "pssession.simulator/1",
                "Url": url,
                "Port": simulator.port(),
                "User": user,
                "Password": password,
                "Shells": args.shells,
                "Profile": args.profile.name(),
                "Control": control.url(),
                "Token": token,
            });
            if let Some(tls) = tls {
                tls.describe(simulator.address(), &mut line);
            }
            writeln!(out, "{line}")?;
        }
        PlainFormat::Table => {
            let trust = tls.map_or(String::new(), |tls| {
                format!(
                    " --ca-file {} or --certificate-pin {};",
                    tls.path().display(),
                    tls.pin_at(simulator.address())
                )
            });
            let password = password.map_or(String::new(), |text| format!(" PSSESSION_PASSWORD='{text}'"));
            writeln!(
                out,
                "listening on {url} with {} shells;{trust} PSSESSION_USER='{user}'{password}; \
                 control at {} with the token {token}; Ctrl-C ends it",
                args.shells,
                control.url()
            )?;
        }
    }
    out.flush()?;
    Ok(())
}
