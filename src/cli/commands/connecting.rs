//! The way to the servers: one connector for each, with the login that suits it.

use std::sync::Arc;

use pssession::session::Transport;
use pssession::store::{Origin, Rows};
use pssession::transport::{LoginGate, SetupError};
use pssession::{AuthScheme, Connector, Credential, Endpoint, HttpConnector};

use super::Context;
use crate::cli::config::{Settings, same_account};
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::hints::place;
use crate::cli::intent::{Authorities, Passwords, Reach};
use crate::cli::login::Logins;

/// The connectors of one run share one memory of which credential was refused.
pub(super) struct Connectors<'a> {
    reach: &'a Reach,
    context: &'a Context,
    logins: Logins<'a>,
    authorities: Authorities,
    gate: LoginGate,
}

/// An endpoint, and what is known of the way there.
struct Home {
    endpoint: Endpoint,
    settings: Settings,
    /// The user whom the options or the config name, whoever logged in there before.
    named: Option<String>,
}

impl<'a> Connectors<'a> {
    pub(super) fn new(reach: &'a Reach, context: &'a Context, logins: Logins<'a>) -> Self {
        Self { reach, context, logins, authorities: reach.authorities.clone(), gate: LoginGate::new() }
    }

    /// To the servers that were named.
    pub(super) fn for_servers(&mut self) -> Result<Vec<Arc<dyn Connector>>, Diagnostic> {
        let homes =
            self.reach.endpoints.iter().map(|endpoint| self.home(endpoint.clone(), &Settings::default()));
        self.connectors(&homes.collect::<Vec<_>>())
    }

    /// To where remembered sessions are, as they were reached before unless the options or the config say otherwise.
    pub(super) fn for_rows(&mut self, rows: &Rows) -> Result<Vec<Arc<dyn Connector>>, Diagnostic> {
        self.connectors(&self.homes(rows)?)
    }

    fn homes(&self, rows: &Rows) -> Result<Vec<Home>, Diagnostic> {
        let mut homes: Vec<Home> = Vec::new();
        for (session, note) in rows.sessions().iter().zip(rows.notes()) {
            if session.transport != Transport::WsMan {
                continue;
            }
            let endpoint = Endpoint::parse(&session.endpoint_url, false).map_err(|error| {
                Diagnostic::new("BadEndpoint", "InvalidData", error.to_string(), Exit::COULD_NOT_BEGIN)
                    .about(session.shell.shell_id.as_str())
                    .with_hint("`pssession forget` drops a row that leads nowhere; nothing was sent")
            })?;
            match homes.iter().find(|home| home.endpoint == endpoint) {
                Some(home) => home.agrees(note.user.as_deref())?,
                None => {
                    // A scheme that this build does not know leaves the choice to what the server offers. So does one
                    // that hands over the password itself, if no more than a file asks for it.
                    let auth = note.auth.as_deref().and_then(|name| name.parse().ok());
                    let by_file = note.origin == Origin::Imported && session.seen_by.is_empty();
                    let auth = auth.filter(|scheme| !by_file || *scheme != AuthScheme::Basic);
                    homes.push(
                        self.home(
                            endpoint,
                            &Settings { user: note.user.clone(), auth, ..Settings::default() },
                        ),
                    );
                }
            }
        }
        Ok(homes)
    }

    fn home(&self, endpoint: Endpoint, remembered: &Settings) -> Home {
        let settings = self.reach.settings(&endpoint);
        Home { endpoint, named: settings.user.clone(), settings: settings.or(remembered) }
    }

    /// A connector for each; no password is asked for before all that can be known of the others is in order.
    fn connectors(&mut self, homes: &[Home]) -> Result<Vec<Arc<dyn Connector>>, Diagnostic> {
        for home in homes {
            self.reach.check(&home.endpoint)?;
            self.authorities.read(&home.settings)?;
        }
        let takes_password = |home: &&Home| home.settings.auth != Some(AuthScheme::Kerberos);
        let with_password = homes.iter().filter(takes_password);
        let sources = with_password.map(|home| (home.user(), home.settings.password.as_ref()));
        let passwords = Passwords::of(sources)?;
        let connect = |home: &Home| {
            let credential = match &self.context.credential {
                Some(credential) => credential.clone(),
                None => {
                    let source = home.user().and_then(|user| passwords.source(user));
                    self.logins.credential(home.user(), home.settings.auth.unwrap_or_default(), source)?
                }
            };
            self.connector(home, &credential)
        };
        homes.iter().map(connect).collect()
    }

    fn connector(&self, home: &Home, credential: &Credential) -> Result<Arc<dyn Connector>, Diagnostic> {
        let Home { endpoint, settings, .. } = home;
        let mut options = self.authorities.options(settings).with_security(self.reach.security(settings));
        if let Some(address) = self.context.resolve.get(endpoint.computer_name()) {
            options = options.with_resolve(*address);
        }
        let mut builder = HttpConnector::builder(endpoint.clone(), credential.clone())
            .auth(settings.auth.unwrap_or_default())
            .options(options)
            .login_gate(self.gate.clone());
        if let Some(account) = &settings.account {
            builder = builder.stated_account(account);
        }
        let connector = builder.build().map_err(|error: SetupError| {
            let hint = match (&error, &settings.ca_file) {
                (SetupError::CaFile { .. }, Some(path)) => {
                    format!("{} is to hold CERTIFICATE blocks in PEM; nothing was sent", path.display())
                }
                _ => "nothing was sent".to_owned(),
            };
            Diagnostic::usage(format!("{} cannot be reached like this", place(endpoint)))
                .about(endpoint.url())
                .caused_by(&error)
                .with_hint(hint)
        })?;
        Ok(Arc::new(connector))
    }
}

impl Home {
    fn user(&self) -> Option<&str> {
        self.settings.user.as_deref()
    }

    /// An error if another session there was reached as somebody else, and nobody says who is meant.
    fn agrees(&self, user: Option<&str>) -> Result<(), Diagnostic> {
        let users = [self.user(), self.named.as_deref().or(user)];
        let is_one = match users {
            [Some(one), Some(other)] => same_account(one, other),
            [one, other] => one == other,
        };
        if is_one {
            return Ok(());
        }
        let [one, other] = users.map(|user| user.unwrap_or("nobody in particular"));
        let place = place(&self.endpoint);
        Err(Diagnostic::usage(format!("the sessions on {place} were reached as {one} and as {other}"))
            .with_hint("say as whom with --user, or choose sessions of one account; nothing was sent"))
    }
}
