//! The command line.

use std::path::PathBuf;
use std::time::Duration;

pub const HELP: &str = "\
Many Windows hosts on 127.0.0.0/8 for measurements of WinRM clients

Usage: load_server [OPTIONS]

      --hosts N          Hosts, one address of 127.0.0.0/16 each [default: 1]
      --shells N         Shells on each host [default: 1]
      --owners A,B       Their owners, in turn [default: LAB\\ci,LAB\\alice]
      --kind ps|cmd      PowerShell sessions or cmd shells [default: ps]
      --running          Each shell has one running command
      --latency MS       Time from a request to its answer, in milliseconds [default: 0]
      --hanging N        Of the hosts, how many accept connections and never answer
      --refusing N       Of the hosts, how many refuse TCP connections
      --unavailable N    Of the hosts, how many answer every request with 503
      --port N           The port of all hosts; 0 selects a free one [default: 0]
      --inventory FILE   Write the hosts here, host:port, one a line
      --targets FILE     Write the shells of the healthy hosts here, host:port and ShellId, one a line

The first five hosts are bad ones where there are any, the others of them are spread evenly. Basic and NTLM (raw or in
SPNEGO) log in; a Basic request may be in clear, any other must be sealed.
";

#[derive(Clone, Debug)]
pub struct Options {
    pub hosts: usize,
    pub shells: usize,
    pub owners: Vec<String>,
    pub is_powershell: bool,
    pub is_running: bool,
    pub latency: Duration,
    pub hanging: usize,
    pub refusing: usize,
    pub unavailable: usize,
    pub port: u16,
    pub inventory: Option<PathBuf>,
    pub targets: Option<PathBuf>,
}

#[derive(Debug)]
pub enum Choice {
    Serve(Options),
    Help,
}

impl Options {
    pub fn read(mut arguments: impl Iterator<Item = String>) -> Result<Choice, String> {
        let mut options = Self::default();
        while let Some(option) = arguments.next() {
            match option.as_str() {
                "-h" | "--help" => return Ok(Choice::Help),
                "--running" => {
                    options.is_running = true;
                    continue;
                }
                _ => {}
            }
            let value = arguments.next().ok_or_else(|| format!("{option} needs a value, or is not known"))?;
            let number =
                || value.parse::<usize>().map_err(|_| format!("{option} needs a number, not {value}"));
            match option.as_str() {
                "--hosts" => options.hosts = number()?,
                "--shells" => options.shells = number()?,
                "--owners" => options.owners = value.split(',').map(str::to_owned).collect(),
                "--kind" => {
                    options.is_powershell = match value.as_str() {
                        "ps" => true,
                        "cmd" => false,
                        _ => return Err(format!("--kind is ps or cmd, not {value}")),
                    }
                }
                "--latency" => options.latency = Duration::from_millis(number()? as u64),
                "--hanging" => options.hanging = number()?,
                "--refusing" => options.refusing = number()?,
                "--unavailable" => options.unavailable = number()?,
                "--port" => {
                    options.port =
                        value.parse().map_err(|_| format!("--port needs a port number, not {value}"))?
                }
                "--inventory" => options.inventory = Some(value.into()),
                "--targets" => options.targets = Some(value.into()),
                _ => return Err(format!("{option} is not known")),
            }
        }
        if options.hosts == 0 || options.hosts > crate::hosts::MOST_HOSTS {
            return Err(format!("--hosts is 1 to {}", crate::hosts::MOST_HOSTS));
        }
        if options.hanging + options.refusing + options.unavailable > options.hosts {
            return Err("there are fewer hosts than bad ones".to_owned());
        }
        Ok(Choice::Serve(options))
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            hosts: 1,
            shells: 1,
            owners: vec!["LAB\\ci".to_owned(), "LAB\\alice".to_owned()],
            is_powershell: true,
            is_running: false,
            latency: Duration::ZERO,
            hanging: 0,
            refusing: 0,
            unavailable: 0,
            port: 0,
            inventory: None,
            targets: None,
        }
    }
}
