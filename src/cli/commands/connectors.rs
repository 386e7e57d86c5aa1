//! The way to the servers: one connector for each, with the login that suits it.

use std::collections::HashSet;
use std::sync::Arc;

use pssession::auth::SchemeRow;
use pssession::session::Transport;
use pssession::store::Rows;
use pssession::transport::SetupError;
use pssession::{AuthScheme, Connector, Credential, Endpoint, HttpConnector};

use super::Context;
use crate::cli::config::{Settings, same_account};
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::hints::place;
use crate::cli::login::Logins;
use crate::cli::resolve_options::{Authorities, ConnectionOptions, Passwords, Pins};
use crate::cli::table::Table;

/// The connectors of one run, and the credentials that they share.
pub(super) struct Connectors<'a> {
    reach: &'a ConnectionOptions,
    context: &'a Context,
    logins: Logins<'a>,
    authorities: Authorities,
    /// Where it stands which account was accepted where.
    table: Option<Table>,
}

/// An endpoint, and what is known of the way there.
struct Home {
    endpoint: Endpoint,
    settings: Settings,
    /// The user whom the options or the config name, whoever logged in there before.
    named: Option<String>,
}

impl<'a> Connectors<'a> {
    pub(super) fn new(
        reach: &'a ConnectionOptions,
        context: &'a Context,
        logins: Logins<'a>,
        table: Option<Table>,
    ) -> Self {
        Self { reach, context, logins, authorities: reach.authorities.clone(), table }
    }

    /// To the servers that were named.
    pub(super) async fn for_servers(&mut self) -> Result<Vec<Arc<dyn Connector>>, Diagnostic> {
        let homes =
            self.reach.endpoints.iter().map(|endpoint| self.home(endpoint.clone(), &Settings::default()));
        let homes: Vec<_> = homes.collect();
        self.connectors(&homes).await
    }

    /// To where remembered sessions are, as they were reached before unless the options or the config say otherwise.
    pub(super) async fn for_rows(&mut self, rows: &Rows) -> Result<Vec<Arc<dyn Connector>>, Diagnostic> {
        let homes = self.homes(rows)?;
        self.connectors(&homes).await
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
                    .with_hint("remove the row with `pssession forget`; nothing was sent")
            })?;
            match homes.iter().find(|home| home.endpoint == endpoint) {
                Some(home) => home.agrees(note.user.as_deref())?,
                None => {
                    // A scheme that this build does not know leaves the choice to what the server offers. So does one
                    // that hands over the password itself: whoever wants that says so each time, or in the config.
                    let auth: Option<AuthScheme> = note.auth.as_deref().and_then(|name| name.parse().ok());
                    let auth = auth.filter(|scheme| scheme.row().is_none_or(SchemeRow::is_chosen_by_auto));
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
    async fn connectors(&mut self, homes: &[Home]) -> Result<Vec<Arc<dyn Connector>>, Diagnostic> {
        for home in homes {
            self.reach.check(&home.endpoint)?;
            self.authorities.read(&home.settings)?;
        }
        let pins = self.reach.pins(homes.iter().map(|home| &home.endpoint))?;
        let takes_password = |home: &&Home| home.settings.auth != Some(AuthScheme::Kerberos);
        let with_password = homes.iter().filter(takes_password);
        let sources = with_password.map(|home| (home.user(), home.settings.password.as_ref()));
        let passwords = Passwords::of(sources)?;
        let accepted = self.accepted_before(homes).await;
        let connect = |home: &Home| {
            let credential = match &self.context.credential {
                Some(credential) => credential.clone(),
                None => {
                    let source = home.user().and_then(|user| passwords.source(user));
                    self.logins.credential(home.user(), home.settings.auth.unwrap_or_default(), source)?
                }
            };
            let is_known = accepted.contains(home.endpoint.url());
            self.connector(home, &pins, &credential, is_known)
        };
        homes.iter().map(connect).collect()
    }

    /// The endpoints that have accepted the account before.
    async fn accepted_before(&self, homes: &[Home]) -> HashSet<String> {
        let Some(table) = &self.table else { return HashSet::new() };
        let place = |home: &Home| Some((home.endpoint.url().to_owned(), home.user()?.to_owned()));
        table.listed_before(homes.iter().filter_map(place).collect()).await
    }

    fn connector(
        &self,
        home: &Home,
        pins: &Pins,
        credential: &Credential,
        accepted_before: bool,
    ) -> Result<Arc<dyn Connector>, Diagnostic> {
        let Home { endpoint, settings, .. } = home;
        let options = self.authorities.options(settings, pins.at(endpoint, settings));
        let mut options = options.with_security(self.reach.security(settings));
        if let Some(address) = self.context.resolve.get(endpoint.computer_name()) {
            options = options.with_resolve(*address);
        }
        if let Some(attempts) = self.reach.login_attempts {
            options = options.with_login_attempts(attempts.into());
        }
        let mut builder = HttpConnector::builder(endpoint.clone(), credential.clone())
            .auth(settings.auth.unwrap_or_default())
            .options(options)
            .accepted_before(accepted_before);
        if let Some(account) = &settings.account {
            builder = builder.stated_account(account);
        }
        let connector = builder.build().map_err(|error: SetupError| {
            let hint = match (&error, &settings.ca_file) {
                (SetupError::CaFile { .. }, Some(path)) => {
                    format!("{} must contain CERTIFICATE blocks in PEM; nothing was sent", path.display())
                }
                _ => "nothing was sent".to_owned(),
            };
            Diagnostic::usage(format!("cannot connect to {} with these settings", place(endpoint)))
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
        let [one, other] = users.map(|user| user.unwrap_or("the default account"));
        let place = place(&self.endpoint);
        Err(Diagnostic::usage(format!(
            "the sessions on {place} belong to different logins: {one} and {other}"
        ))
        .with_hint("choose the account with --user, or select sessions of one account; nothing was sent"))
    }
}
