//! I/O module: what proves who logs in: a Kerberos ticket, or a password from a file, a command, the environment or a prompt. There is
//! no `--password`.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use pssession::auth::{AuthError, ticket_holder};
use pssession::permissions;
use pssession::request::{MachinePassword, PasswordSource};
use pssession::{AuthScheme, Credential};
use secrecy::{ExposeSecret as _, SecretString};

use super::diagnostic::Diagnostic;
use super::exit::Exit;
use super::hints::ticket_hint;
use super::interrupt::Watch;
use super::process;
use super::render::printable;
use super::source;
use super::terminal;
use super::ui::Ui;

/// The longest password source that is read, in bytes; NTLM itself takes far less.
const MAX_PASSWORD_BYTES: u64 = 64 * 1024;

/// How many password commands run at the same time.
const MAX_COMMANDS: usize = 16;

/// The variable that may hold the password.
pub(crate) const PASSWORD: &str = "PSSESSION_PASSWORD";

/// The logins of one run: the password of each user is found once.
pub(crate) struct Logins<'a> {
    watch: &'a Watch,
    ui: Ui,
    /// By account, and by whether a ticket would do.
    found: HashMap<(String, bool), Credential>,
}

impl<'a> Logins<'a> {
    /// No password has been found yet.
    pub(crate) fn new(watch: &'a Watch, ui: Ui) -> Self {
        Self { watch, ui, found: HashMap::new() }
    }

    /// The credential of a user for a login with `scheme`; `source` is where the password is, if that was said. Where a
    /// ticket may do and there is one, nothing is asked; else the password is asked for on the terminal device as the
    /// last resort.
    pub(crate) fn credential(
        &mut self,
        user: Option<&str>,
        scheme: AuthScheme,
        source: Option<&PasswordSource>,
    ) -> Result<Credential, Diagnostic> {
        let user = user.filter(|user| !user.is_empty());
        // Two spellings are one account.
        let key = (user.unwrap_or_default().to_lowercase(), scheme.takes_ticket());
        if let Some(credential) = self.found.get(&key) {
            return Ok(credential.clone());
        }
        let credential = self.find(user, scheme, source)?;
        self.found.insert(key, credential.clone());
        Ok(credential)
    }

    fn find(
        &self,
        user: Option<&str>,
        scheme: AuthScheme,
        source: Option<&PasswordSource>,
    ) -> Result<Credential, Diagnostic> {
        let only_ticket = !scheme.takes_password();
        let mut without_ticket = None;
        if scheme.takes_ticket() && (only_ticket || user.is_none() || source.is_none()) {
            match ticket_holder(user) {
                Ok(holder) => return Ok(Credential::without_password(user.unwrap_or(&holder))),
                Err(error) if only_ticket => return Err(no_ticket(user, &error)),
                Err(error) => without_ticket = Some(error),
            }
        }
        match user {
            // This build has no Kerberos: whoever connects says so, and how to get one that has.
            user if only_ticket => Ok(Credential::without_password(user.unwrap_or_default())),
            Some(user) => Ok(Credential::new(user, self.password(source, user)?)),
            None => {
                let option = if self.ui.powershell().is_some() { "-Credential USER" } else { "--user USER" };
                let diagnostic = Diagnostic::usage("no user to log in as").with_hint(format!(
                    "use {option} (user, DOMAIN\\user or user@realm), set PSSESSION_USER, or set `user` for the \
                     host in the config",
                ));
                // Whoever relies on a ticket wants to know; a build without Kerberos has nothing to tell.
                Err(match without_ticket {
                    Some(error @ AuthError::Ticket { .. }) => diagnostic.caused_by(&error),
                    _ => diagnostic,
                })
            }
        }
    }

    fn password(&self, source: Option<&PasswordSource>, user: &str) -> Result<SecretString, Diagnostic> {
        match source {
            Some(PasswordSource::File(path)) => {
                if let Some(mode) = permissions::readable_by_others(path) {
                    self.ui.warn(&readable(path, mode));
                }
                password_in(path)
            }
            Some(PasswordSource::Command(command)) => from_command(command),
            // An environment has no encoding that a mark could tell: what is there is the password, as everywhere else.
            Some(PasswordSource::Environment) => {
                Ok(SecretString::from(source::variable(PASSWORD).unwrap_or_default()))
            }
            None => from_prompt(user, self.watch),
        }
    }
}

fn readable(path: &Path, mode: u32) -> Diagnostic {
    let path = path.display();
    let message = format!("other users can read or change the password file {path} (mode {mode:04o})");
    Diagnostic::new("PasswordFileExposed", "SecurityError", message, Exit::SUCCESS)
        .about(path.to_string())
        .with_hint(format!("`chmod 600 {path}`"))
}

fn no_ticket(user: Option<&str>, error: &AuthError) -> Diagnostic {
    let whose = user.map(|user| format!(" as {user}")).unwrap_or_default();
    let message = format!("cannot log in with Kerberos{whose}");
    let diagnostic =
        Diagnostic::new("AuthenticationFailed", "AuthenticationError", message, Exit::COULD_NOT_BEGIN)
            .caused_by(error);
    match error {
        AuthError::Ticket { reason, .. } => diagnostic.with_hint(ticket_hint(*reason)),
        _ => diagnostic,
    }
}

fn from_prompt(user: &str, watch: &Watch) -> Result<SecretString, Diagnostic> {
    let question = watch.hidden_question();
    let answer = terminal::secret(&format!("Password for {}: ", printable(user)));
    drop(question);
    match answer {
        Ok(Some(password)) if !password.is_empty() => Ok(SecretString::from(password.as_str())),
        // Windows takes no empty password over the network, and the attempt would count as a failed logon.
        Ok(_) => Err(Diagnostic::usage(format!("no password entered for {user}"))
            .with_hint("enter a password; an empty one is not valid for a network logon; nothing was sent")),
        Err(error) => Err(Diagnostic::usage(format!("no password for {user}, and no terminal to prompt on"))
            .caused_by(&error)
            .with_hint("use --password-file, --password-command or PSSESSION_PASSWORD")),
    }
}

/// The password on the first line of a file.
pub(crate) fn password_in(path: &Path) -> Result<SecretString, Diagnostic> {
    let text = source::text(path, MAX_PASSWORD_BYTES).map_err(|error| {
        Diagnostic::usage(format!("cannot read the password from {}", source::shown(path)))
            .caused_by(&error)
            .with_hint(match error.kind() {
                io::ErrorKind::NotFound => "check the path of the password file",
                io::ErrorKind::PermissionDenied => "let this account read the password file",
                _ => "the file must be UTF-8 or UTF-16, with the password on its first line",
            })
    })?;
    let password = first_line(&text);
    if password.expose_secret().is_empty() {
        return Err(Diagnostic::usage(format!("no password in {}", source::shown(path)))
            .with_hint("put the password on the first line, which is empty; nothing was sent"));
    }
    Ok(password)
}

fn from_command(command: &str) -> Result<SecretString, Diagnostic> {
    printed_password(command).map_err(|problem| {
        Diagnostic::usage(problem).with_hint(
            "run the command yourself; it must print the password on its first line and exit with 0",
        )
    })
}

fn printed_password(command: &str) -> Result<SecretString, String> {
    let failed = |problem: String| format!("the password command {problem}");
    let printed = process::printed_by(command, MAX_PASSWORD_BYTES).map_err(failed)?;
    let text = source::decoded(&printed);
    let text = text.map_err(|error| failed(format!("printed unreadable output: {error}")))?;
    let password = first_line(&text);
    if password.expose_secret().is_empty() {
        return Err(failed("printed no password".to_owned()));
    }
    Ok(password)
}

/// The passwords of accounts that each machine has for itself: several commands run at the same time, for each may ask a
/// directory or a vault.
pub(crate) fn machine_passwords(wanted: &[MachinePassword<'_>]) -> Vec<Result<SecretString, String>> {
    let next = AtomicUsize::new(0);
    let take = || {
        let mut found = Vec::new();
        while let Some((position, one)) = {
            let position = next.fetch_add(1, Ordering::Relaxed);
            wanted.get(position).map(|one| (position, one))
        } {
            found.push((position, machine_password(one)));
        }
        found
    };
    let mut found: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..wanted.len().min(MAX_COMMANDS)).map(|_| scope.spawn(take)).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).flatten().collect()
    });
    found.sort_by_key(|(position, _)| *position);
    found.into_iter().map(|(_, password)| password).collect()
}

fn machine_password(wanted: &MachinePassword<'_>) -> Result<SecretString, String> {
    match wanted.source {
        PasswordSource::Command(command) => {
            printed_password(&PasswordSource::command_for(command, wanted.endpoint)?)
        }
        _ => Err("only a command gives a password for each host".to_owned()),
    }
}

fn first_line(text: &str) -> SecretString {
    SecretString::from(text.lines().next().unwrap_or_default().to_owned())
}
