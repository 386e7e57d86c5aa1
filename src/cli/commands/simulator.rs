//! `pssession simulator`: an embedded WinRM endpoint that serves until it is interrupted.

use std::io::Write as _;

use pssession::simulator::{Simulator, World};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::cli::args::{PlainFormat, SimulatorArgs};
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::interrupt;

pub(crate) async fn run(args: &SimulatorArgs) -> Result<Exit, Diagnostic> {
    let world = World::with_shells(usize::from(args.shells));
    let mut builder = Simulator::builder().world(world).bind(args.listen).port(args.port);
    if args.allow_unencrypted {
        builder = builder.allow_basic().allow_unencrypted();
    }
    let simulator = builder.start().await.map_err(|error| {
        let message = format!("the simulator cannot listen on {}:{}", args.listen, args.port);
        Diagnostic::new("CannotListen", "ResourceUnavailable", message, Exit::COULD_NOT_BEGIN)
            .caused_by(&error)
            .with_hint("--port 0 takes a free port")
    })?;
    announce(&simulator, args)?;
    interrupt::wait().await;
    Ok(Exit::SUCCESS)
}

/// One line once it listens, so that a script can wait for it. The password is drawn anew at each start, for this
/// endpoint only: showing it is the point.
fn announce(simulator: &Simulator, args: &SimulatorArgs) -> Result<(), Diagnostic> {
    let (url, user, password) = (simulator.url(), simulator.user(), simulator.password());
    let password = password.expose_secret();
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
            });
            writeln!(out, "{line}")?;
        }
        PlainFormat::Table => writeln!(
            out,
            "listening on {url} with {} shells; PSSESSION_USER='{user}' PSSESSION_PASSWORD='{password}'; Ctrl-C ends it",
            args.shells
        )?,
    }
    out.flush()?;
    Ok(())
}
