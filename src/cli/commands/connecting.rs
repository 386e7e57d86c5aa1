//! The way to the servers: one connector for each, with the login that suits it.

use std::sync::Arc;

use pssession::session::Transport;
use pssession::store::{Origin, Rows};
use pssession::transport::{HttpOptions, LoginGate, SetupError};
use pssession::{AuthScheme, Connector, Credential, Endpoint, HttpConnector};

use super::Context;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::hints::place;
use crate::cli::intent::Reach;
use crate::cli::login::Logins;

/// The connectors of one run share one memory of which credential was refused.
pub(super) struct Connectors<'a> {
    reach: &'a Reach,
    context: &'a Context,
    logins: Logins<'a>,
    gate: LoginGate,
}

/// An endpoint of remembered sessions, and how it was reached before.
struct Home {
    endpoint: Endpoint,
    user: Option<String>,
    scheme: AuthScheme,
}

impl<'a> Connectors<'a> {
    pub(super) fn new(reach: &'a Reach, context: &'a Context, logins: Logins<'a>) -> Self {
        Self { reach, context, logins, gate: LoginGate::new() }
    }

    /// To the servers that were named, all with one credential.
    pub(super) fn for_servers(&mut self) -> Result<Vec<Arc<dyn Connector>>, Diagnostic> {
        let scheme = self.reach.scheme.unwrap_or_default();
        let credential = self.credential(None, scheme)?;
        self.reach.endpoints.iter().map(|endpoint| self.connector(endpoint, scheme, &credential)).collect()
    }

    /// To where remembered sessions are, as they were reached before unless the options say otherwise.
    pub(super) fn for_rows(&mut self, rows: &Rows) -> Result<Vec<Arc<dyn Connector>>, Diagnostic> {
        let homes = self.homes(rows)?;
        let mut users: Vec<&str> = homes.iter().filter_map(|home| home.user.as_deref()).collect();
        users.sort_by_key(|user| user.to_lowercase());
        users.dedup_by_key(|user| user.to_lowercase());
        if users.len() > 1 && !self.logins.asks_for_passwords() {
            return Err(Diagnostic::usage(format!(
                "one password cannot be that of {}",
                users.join(" and of ")
            ))
            .with_hint("name one account with --user, or choose sessions of one; nothing was sent"));
        }
        let connect = |home: &Home| {
            let credential = self.credential(home.user.as_deref(), home.scheme)?;
            self.connector(&home.endpoint, home.scheme, &credential)
        };
        homes.iter().map(connect).collect()
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
            let user = self.logins.user().or(note.user.as_deref());
            match homes.iter().find(|home| home.endpoint == endpoint) {
                Some(home) if same_user(home.user.as_deref(), user) => {}
                Some(home) => {
                    let users =
                        [home.user.as_deref(), user].map(|user| user.unwrap_or("nobody in particular"));
                    return Err(Diagnostic::usage(format!(
                        "the sessions on {} were reached as {} and as {}",
                        place(&endpoint),
                        users[0],
                        users[1],
                    ))
                    .with_hint(
                        "say as whom with --user, or choose sessions of one account; nothing was sent",
                    ));
                }
                None => {
                    // A scheme that this build does not know leaves the choice to what the server offers. So does one
                    // that hands over the password itself, if no more than a file asks for it.
                    let remembered = note.auth.as_deref().and_then(|name| name.parse().ok());
                    let by_file = note.origin == Origin::Imported && session.seen_by.is_empty();
                    let remembered = remembered.filter(|scheme| !by_file || *scheme != AuthScheme::Basic);
                    let scheme = self.reach.scheme.or(remembered).unwrap_or_default();
                    homes.push(Home { endpoint, user: user.map(str::to_owned), scheme });
                }
            }
        }
        Ok(homes)
    }

    fn credential(&mut self, remembered: Option<&str>, scheme: AuthScheme) -> Result<Credential, Diagnostic> {
        match &self.context.credential {
            Some(credential) => Ok(credential.clone()),
            None => self.logins.credential(remembered, scheme),
        }
    }

    fn connector(
        &self,
        endpoint: &Endpoint,
        scheme: AuthScheme,
        credential: &Credential,
    ) -> Result<Arc<dyn Connector>, Diagnostic> {
        let mut options = self.reach.trust.apply(HttpOptions::default().with_security(self.reach.security));
        if let Some(principal) = &self.reach.spn {
            options = options.with_spn(principal);
        }
        if let Some(limit) = self.reach.connect_timeout {
            options = options.with_connect_timeout(limit);
        }
        if let Some(address) = self.context.resolve.get(endpoint.computer_name()) {
            options = options.with_resolve(*address);
        }
        let connector = HttpConnector::builder(endpoint.clone(), credential.clone())
            .auth(scheme)
            .options(options)
            .login_gate(self.gate.clone())
            .build()
            .map_err(|error: SetupError| {
                Diagnostic::usage(format!("{} cannot be reached like this", place(endpoint)))
                    .about(endpoint.url())
                    .caused_by(&error)
                    .with_hint("nothing was sent")
            })?;
        Ok(Arc::new(connector))
    }
}

fn same_user(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        (one, other) => one == other,
    }
}
