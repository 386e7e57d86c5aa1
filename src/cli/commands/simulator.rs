//! `pssession simulator`: an embedded WinRM endpoint that serves until it is interrupted.

use std::io::Write as _;
use std::net::SocketAddr;

use pssession::simulator::{Control, Simulator, World};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::cli::args::{PlainFormat, SimulatorArgs};
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::interrupt;

pub(crate) async fn run(args: &SimulatorArgs) -> Result<Exit, Diagnostic> {
    let mut world = World::new("simulator").with_profile(args.profile);
    world.populate(usize::from(args.shells));
    let mut builder = Simulator::builder().world(world).bind(args.listen).port(args.port);
    if args.allow_unencrypted {
        builder = builder.allow_basic().allow_unencrypted();
    }
    let address = SocketAddr::new(args.listen, args.port);
    let simulator = builder.start().await.map_err(|error| cannot_listen("simulator", address, &error))?;
    let address = SocketAddr::new(args.control_listen, args.control_port);
    let control = simulator.control(address).await;
    let control = control.map_err(|error| cannot_listen("control endpoint", address, &error))?;
    let interrupted = interrupt::wait();
    announce(&simulator, &control, args)?;
    interrupted.await;
    Ok(Exit::SUCCESS)
}

fn cannot_listen(what: &str, address: SocketAddr, error: &std::io::Error) -> Diagnostic {
    let message = format!("the {what} cannot listen on {address}");
    Diagnostic::new("CannotListen", "ResourceUnavailable", message, Exit::COULD_NOT_BEGIN)
        .caused_by(error)
        .with_hint("use port 0 for a free port")
}

/// One line once it listens, so that a script can wait for it. The password and the token are drawn anew at each start,
/// for this endpoint only: showing them is the point.
fn announce(simulator: &Simulator, control: &Control, args: &SimulatorArgs) -> Result<(), Diagnostic> {
    let (url, user, password) = (simulator.url(), simulator.user(), simulator.password());
    let password = password.expose_secret();
    let token = control.token().expose_secret();
    let mut out = std::io::stdout().lock();
    match args.output.unwrap_or(PlainFormat::Table) {
        PlainFormat::Json => {
            let line = json!({
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
            writeln!(out, "{line}")?;
        }
        PlainFormat::Table => writeln!(
            out,
            "listening on {url} with {} shells; PSSESSION_USER='{user}' PSSESSION_PASSWORD='{password}'; \
             control at {} with the token {token}; Ctrl-C ends it",
            args.shells,
            control.url()
        )?,
    }
    out.flush()?;
    Ok(())
}
