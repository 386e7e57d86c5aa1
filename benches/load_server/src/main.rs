//! Many Windows hosts on loopback addresses, each with shells, for measurements of WinRM clients. It speaks as the
//! simulator does, and is not the simulator: one thread, no allocation per request, answers prebuilt, so that the
//! client is what is measured.
//!
//! It prints one line of JSON with its addresses and credentials, serves until its stdin closes or SIGTERM or SIGINT
//! comes, and prints one line of JSON with what it was asked and what that cost.

mod answers;
mod connection;
mod hosts;
mod http;
mod options;
mod requests;
mod server;
mod service;
mod shells;
mod simulator;
mod usage;

/// What the simulator's files take from the package's `auth`.
mod auth {
    /// The names in an NTLM challenge.
    #[derive(Clone, Debug, Default)]
    pub struct ServerNames {
        pub netbios_domain: String,
        pub netbios_computer: String,
        pub dns_domain: String,
    }
}

use std::io::{self, Write as _};
use std::process::ExitCode;

use options::{Choice, Options};
use server::Server;

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(Choice::Serve(options)) => options,
        Ok(Choice::Help) => {
            print!("{}", options::HELP);
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("load_server: {problem}");
            return ExitCode::from(2);
        }
    };
    match Server::start(&options).and_then(|mut server| {
        say(&server.announcement())?;
        server.run()?;
        // Who has gone meanwhile does not want to know.
        let _ = say(&server.report());
        Ok(())
    }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load_server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn say(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}
