//! `pssession`: find, select and close PowerShell sessions and WinRM shells, and prove that they are gone.

mod cli;

fn main() -> std::process::ExitCode {
    cli::run()
}
