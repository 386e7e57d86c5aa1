//! `pssession demo`: the main job on three simulated hosts. The wire is real: HTTP over loopback, NTLM, sealed bodies,
//! and the very commands that a user would type.

use std::io::Write as _;

use clap::Parser as _;
use pssession::Credential;
use pssession::simulator::{Account, OperationKind, Simulator, World};

use super::Cli;
use super::dispatch;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::render::plural;

/// What help shows below the options.
pub(crate) const EXAMPLES: &str = "\
Examples:
  pssession demo
  pssession demo | less";

/// Each host's name and how many shells it begins with.
const HOSTS: [(&str, usize); 3] = [("web01.lab", 8), ("web02.lab", 5), ("web03.lab", 3)];

const ON: &str = "web01.lab,web02.lab,web03.lab";

pub(crate) async fn run() -> Result<Exit, Diagnostic> {
    let demonstration = Demonstration::set().await?;
    demonstration.say(
        "Three simulated Windows hosts listen on loopback with Windows' default settings: HTTP, NTLM, encrypted\n\
         messages. The CI account ci-runner has leaked sessions on them. List the sessions:",
    )?;
    let mut reported = vec![demonstration.type_in(&["get", "--on", ON]).await?];
    demonstration.say(
        "Close the idle sessions of ci-runner, and no others. First print the plan that would run; nothing is closed.",
    )?;
    let chosen = ["remove", "--on", ON, "--owner", "*ci-runner", "--idle", "5m"];
    reported.push(demonstration.type_in(&[&chosen[..], &["--what-if"]].concat()).await?);
    demonstration.say(
        "Now close them. After each Delete the host is listed again: only a complete listing without the session\n\
         counts as proof.",
    )?;
    reported.push(demonstration.type_in(&[&chosen[..], &["--yes"]].concat()).await?);
    demonstration.say(
        "One of svc-deploy's cmd shells hangs in a build. Its command is signalled before the shell is deleted;\n\
         other sessions continue.",
    )?;
    let hung = ["remove", "--on", "web02.lab", "--owner", "*svc-deploy", "--type", "cmd", "--yes"];
    reported.push(demonstration.type_in(&hung).await?);
    demonstration.say("The sessions left:")?;
    reported.push(demonstration.type_in(&["get", "--on", ON]).await?);
    demonstration.conclude()?;
    Ok(reported.into_iter().find(|exit| *exit != Exit::SUCCESS).unwrap_or(Exit::SUCCESS))
}

/// The hosts, and the login that the demo's commands use.
struct Demonstration {
    hosts: Vec<Simulator>,
    environment: Environment,
}

impl Demonstration {
    async fn set() -> Result<Self, Diagnostic> {
        let mut hosts: Vec<Simulator> = Vec::new();
        let mut environment = Environment { tables: true, without_files: true, ..Environment::default() };
        for (seed, (name, shells)) in (1..).zip(HOSTS) {
            let mut builder = Simulator::builder().world(World::populated(name, shells, seed));
            if let Some(first) = hosts.first() {
                builder = builder.account(Account::administrator(&first.user()), first.password());
            }
            let host = builder.start().await?;
            environment.resolve.insert(name.to_owned(), host.address());
            environment.credential = Some(Credential::new(host.user(), host.password()));
            hosts.push(host);
        }
        Ok(Self { hosts, environment })
    }

    fn say(&self, text: &str) -> Result<(), Diagnostic> {
        Ok(writeln!(std::io::stdout().lock(), "\n{text}")?)
    }

    /// Shows a command line and runs it as it stands.
    async fn type_in(&self, words: &[&str]) -> Result<Exit, Diagnostic> {
        let shown: Vec<String> = words
            .iter()
            .map(|word| if word.contains('*') { format!("'{word}'") } else { (*word).to_owned() })
            .collect();
        writeln!(std::io::stdout().lock(), "\n$ pssession {}", shown.join(" "))?;
        let cli = Cli::try_parse_from(std::iter::once("pssession").chain(words.iter().copied()))
            .map_err(|error| Diagnostic::usage(error.to_string()))?;
        Ok(Box::pin(dispatch(&cli.command, &self.environment)).await)
    }

    /// What the hosts themselves say that they were asked.
    fn conclude(&self) -> Result<(), Diagnostic> {
        let mut counts = [0; 4];
        let mut clear = 0;
        for host in &self.hosts {
            let world = host.world();
            let world = world.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let kinds = [
                OperationKind::Signal,
                OperationKind::Delete,
                OperationKind::Enumerate,
                OperationKind::EnumerateCommands,
            ];
            for (count, kind) in counts.iter_mut().zip(kinds) {
                *count += world.count(kind);
            }
            clear += world.log().filter(|entry| !entry.sealed).count();
        }
        let [signals, deletes, listings, command_listings] = counts;
        self.say(&format!(
            "The hosts received {} of sessions and {command_listings} of commands, {} and {}; {}.",
            plural(listings, "listing"),
            plural(signals, "Signal"),
            plural(deletes, "Delete"),
            if clear == 0 { "each one encrypted".to_owned() } else { format!("{clear} of them unencrypted") },
        ))
    }
}
