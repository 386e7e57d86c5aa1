//! Logins: Basic, NTLM in SPNEGO or by itself, and what comes with a ticket. Pure.

use std::sync::atomic::Ordering;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use secrecy::ExposeSecret as _;

use super::account::{Account, Caller};
use super::body_security::BodySecurity;
use super::fault_injection::{Delivery, FOR_EVER, InjectedFault};
use super::ntlm::{self, Acceptor, ChannelBinding, Demands, Entropy, LoginRefused};
use super::profile::Dialect;
use super::service::{Channel, ConnectionState, Incoming, NOT_SEALED, Outgoing, Service};
use super::spnego::{Further, Negotiation};
use super::ticket::TicketContext;

/// How far the connection's login has come.
pub(super) enum Login {
    None,
    /// NTLM is agreed on, and its first token is to come.
    Agreed(Negotiation),
    /// In a negotiation, or with raw tokens.
    Challenged(Acceptor, Option<Negotiation>),
    /// A ticket whose client has one more token to send.
    TicketContinues(Carrier, Box<dyn TicketContext>),
    Standing {
        account: usize,
        security: Box<dyn BodySecurity>,
    },
}

/// The schemes that bear tokens. `Negotiate` is the one that Windows offers; `NTLM` is taken from clients that ask for it
/// by name (RFC 4559 4, and MS-NTHT 2.2, Message Syntax), and `Kerberos` bears the tokens of tickets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    Negotiate,
    Ntlm,
    Kerberos,
}

impl Service {
    /// A request that brings a login, or a leg of one.
    pub(super) fn log_in(
        &self,
        connection: &mut ConnectionState,
        request: &Incoming<'_>,
        authorization: &str,
        entropy: Entropy,
        now: Duration,
    ) -> Outgoing {
        let (scheme, value) = token_of(authorization);
        let carrier = [Carrier::Negotiate, Carrier::Ntlm]
            .into_iter()
            .find(|carrier| self.policy.negotiate && scheme.eq_ignore_ascii_case(carrier.name()));
        match carrier {
            // Without a token it only asks what there is.
            Some(_) if value.is_empty() => self.unauthorized(),
            Some(carrier) => self.negotiate(connection, request, (carrier, &value), entropy, now),
            None if scheme.eq_ignore_ascii_case("Basic") && self.policy.allow_basic => {
                self.basic(connection, request, &value, now)
            }
            None if self.begin_ticket.is_some() && scheme.eq_ignore_ascii_case(Carrier::Kerberos.name()) => {
                self.unauthorized()
            }
            None => {
                let scheme: String = scheme.chars().take(MAX_SCHEME).collect();
                self.unauthorized_because(format!("the scheme {scheme:?} is not offered here"))
            }
        }
    }

    /// HTTP Basic: name and password with every request (RFC 7617).
    fn basic(
        &self,
        connection: &mut ConnectionState,
        request: &Incoming<'_>,
        value: &[u8],
        now: Duration,
    ) -> Outgoing {
        let pair = std::str::from_utf8(value).unwrap_or_default();
        let (user, password) = pair.split_once(':').unwrap_or_default();
        let (domain, user) = user.split_once('\\').unwrap_or(("", user));
        let found = self
            .accounts
            .iter()
            .find(|(account, right)| account.is_meant_by(domain, user) && right.expose_secret() == password);
        let Some((account, _)) = found else {
            self.counters.failed_logons.fetch_add(1, Ordering::Relaxed);
            return self.unauthorized_because("no account has this name and password");
        };
        if let Some(refused) = self.wrong_content_type(request) {
            return refused;
        }
        if !self.may_be_clear(connection) {
            return Outgoing::refused(500, NOT_SEALED);
        }
        let caller = Caller { account: Some(account.clone()), connection: connection.number, sealed: false };
        self.ask(connection, &caller, request.body, now)
    }

    /// NTLM, in SPNEGO or with its raw tokens.
    fn negotiate(
        &self,
        connection: &mut ConnectionState,
        request: &Incoming<'_>,
        (carrier, token): (Carrier, &[u8]),
        entropy: Entropy,
        now: Duration,
    ) -> Outgoing {
        let understands_spnego = self.policy.spnego && carrier == Carrier::Negotiate;
        if !self.policy.ntlm {
            connection.login = Login::None;
            let answer = match understands_spnego && Negotiation::is_begun_by(token) {
                true => carrier.answer(401, &Negotiation::reject()),
                false => self.unauthorized(),
            };
            return Outgoing { refused: Some(NO_NTLM.to_owned()), ..answer };
        }
        match std::mem::replace(&mut connection.login, Login::None) {
            Login::Challenged(acceptor, negotiation) => {
                let further = match negotiation {
                    Some(_) => Negotiation::further(token).unwrap_or_default(),
                    None => Further { token: token.to_vec(), ..Further::default() },
                };
                let concluded = self.judge(connection, (&acceptor, negotiation.as_ref()), &further);
                self.conclude(connection, request, carrier, concluded, now)
            }
            Login::Agreed(negotiation) => {
                let further = Negotiation::further(token).unwrap_or_default();
                self.challenge(connection, Some(negotiation), (carrier, &further.token), entropy)
            }
            _ if understands_spnego && Negotiation::is_begun_by(token) => match Negotiation::begin(token) {
                Some((negotiation, Some(token))) => {
                    self.challenge(connection, Some(negotiation), (carrier, &token), entropy)
                }
                Some((negotiation, None)) => {
                    connection.login = Login::Agreed(negotiation);
                    carrier.answer(401, &Negotiation::choose())
                }
                None => {
                    let rejected = carrier.answer(401, &Negotiation::reject());
                    Outgoing {
                        refused: Some("NTLM expected among the mechanisms, none offered".to_owned()),
                        ..rejected
                    }
                }
            },
            _ => self.challenge(connection, None, (carrier, token), entropy),
        }
    }

    fn challenge(
        &self,
        connection: &mut ConnectionState,
        negotiation: Option<Negotiation>,
        (carrier, token): (Carrier, &[u8]),
        entropy: Entropy,
    ) -> Outgoing {
        let delay = match self.injected_into_login() {
            Ok(delay) => delay,
            Err(outgoing) => return *outgoing,
        };
        let acceptor = match Acceptor::challenge(token, &self.names, entropy) {
            Ok(acceptor) => acceptor,
            Err(refused) => return self.unauthorized_because(refused.to_string()),
        };
        self.counters.handshakes.fetch_add(1, Ordering::Relaxed);
        let answer = match &negotiation {
            Some(_) => carrier.answer(401, &Negotiation::challenge(acceptor.token())),
            None => carrier.answer(401, acceptor.token()),
        };
        connection.login = Login::Challenged(acceptor, negotiation);
        Outgoing { delay, ..answer }
    }

    /// The injected fault for a login that begins: how long its answer is held back, or what answers it instead.
    pub(super) fn injected_into_login(&self) -> Result<Duration, Box<Outgoing>> {
        let injected_fault = self.handler().login_fault();
        Err(Box::new(match injected_fault {
            Some(InjectedFault::Status(status, body)) => Outgoing { body, ..Outgoing::status(status) },
            Some(InjectedFault::Fault(_) | InjectedFault::ForgetLogin) => self.unauthorized(),
            Some(InjectedFault::Drop | InjectedFault::DropAfter) => {
                Outgoing { delivery: Delivery::Closed, ..Outgoing::status(0) }
            }
            Some(InjectedFault::Delay(wanted)) => return Ok(wanted),
            _ => return Ok(Duration::ZERO),
        }))
    }

    /// Judges the last leg: the login, and the token that answers it, if it is in a negotiation.
    fn judge(
        &self,
        connection: &ConnectionState,
        (acceptor, negotiation): (&Acceptor, Option<&Negotiation>),
        further: &Further,
    ) -> Result<(Login, Option<Vec<u8>>), Vec<LoginRefused>> {
        let machine = &self.names.netbios_computer;
        let find = |domain: &str, user: &str| {
            let is_local =
                |account: &Account| account.domain.is_empty() && machine.eq_ignore_ascii_case(domain);
            let index = self.accounts.iter().position(|(account, _)| {
                account.is_meant_by(domain, user) || (is_local(account) && account.is_meant_by("", user))
            })?;
            let (_, password) = self.accounts.get(index)?;
            Some((index, password.expose_secret()))
        };
        let mut accepted = acceptor.judge(&further.token, find, self.demands(connection))?;
        let last = negotiation.map(|negotiation| negotiation.conclude(further, &mut accepted)).transpose();
        let last = last.map_err(|refused| vec![refused])?;
        let (account, security) = (accepted.account, Box::new(accepted.security));
        Ok((Login::Standing { account, security }, last))
    }

    fn conclude(
        &self,
        connection: &mut ConnectionState,
        request: &Incoming<'_>,
        carrier: Carrier,
        concluded: Result<(Login, Option<Vec<u8>>), Vec<LoginRefused>>,
        now: Duration,
    ) -> Outgoing {
        match concluded {
            Ok(concluded) => self.stand(connection, request, carrier, concluded, now),
            Err(refused) => {
                self.counters.failed_logons.fetch_add(1, Ordering::Relaxed);
                self.unauthorized_because(ntlm::reason(&refused))
            }
        }
    }

    /// Answers the request that ends a login, with the last token if there is one.
    pub(super) fn stand(
        &self,
        connection: &mut ConnectionState,
        request: &Incoming<'_>,
        carrier: Carrier,
        (login, last): (Login, Option<Vec<u8>>),
        now: Duration,
    ) -> Outgoing {
        connection.login = login;
        let end = last.map_or(Outgoing::status(200), |last| carrier.answer(200, &last));
        if request.body.is_empty() {
            return end;
        }
        Outgoing { authenticate: end.authenticate, ..self.authenticated(connection, request, now) }
    }

    fn demands(&self, connection: &ConnectionState) -> Demands {
        let binding = match (self.policy.channel_binding, &connection.channel) {
            (ChannelBinding::Relaxed | ChannelBinding::Strict, Channel::Tls { certificate_hash }) => {
                certificate_hash.as_deref().map(ntlm::channel_binding_hash)
            }
            _ => None,
        };
        Demands {
            sealing: !self.may_be_clear(connection),
            binding,
            may_be_unbound: self.policy.channel_binding != ChannelBinding::Strict,
        }
    }

    /// The answer to a request without `Authorization`. OMI gives none since 1.6.8-1.
    pub(super) fn login_required(&self) -> Outgoing {
        match self.dialect() {
            Dialect::Windows => self.unauthorized(),
            Dialect::Omi => Outgoing { delay: FOR_EVER, ..self.unauthorized() },
        }
    }

    pub(super) fn unauthorized(&self) -> Outgoing {
        if self.dialect() == Dialect::Omi {
            let authenticate = OMI_OFFERS.iter().map(|offer| (*offer).to_owned()).collect();
            return Outgoing { authenticate, ..Outgoing::status(401) };
        }
        let mut authenticate = Vec::new();
        if self.policy.negotiate {
            authenticate.push(Carrier::Negotiate.name().to_owned());
        }
        if self.begin_ticket.is_some() {
            authenticate.push(Carrier::Kerberos.name().to_owned());
        }
        if self.policy.allow_basic {
            authenticate.push("Basic realm=\"WSMAN\"".to_owned());
        }
        Outgoing { authenticate, ..Outgoing::status(401) }
    }

    pub(super) fn unauthorized_because(&self, reason: impl Into<String>) -> Outgoing {
        Outgoing { refused: Some(reason.into()), ..self.unauthorized() }
    }
}

impl Carrier {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Negotiate => "Negotiate",
            Self::Ntlm => "NTLM",
            Self::Kerberos => "Kerberos",
        }
    }

    /// An answer that bears a token.
    pub(super) fn answer(self, status: u16, token: &[u8]) -> Outgoing {
        let token = format!("{} {}", self.name(), BASE64.encode(token));
        Outgoing { authenticate: vec![token], ..Outgoing::status(status) }
    }
}

/// The scheme of an `Authorization`, and the bytes of its value.
pub(super) fn token_of(authorization: &str) -> (&str, Vec<u8>) {
    let (scheme, value) = authorization.trim().split_once(' ').unwrap_or((authorization.trim(), ""));
    (scheme, BASE64.decode(value.trim()).unwrap_or_default())
}

/// What OMI offers, whatever it takes.
const OMI_OFFERS: &[&str] = &["Basic realm=\"WSMAN\"", "Negotiate", "Kerberos"];
/// Why a login is turned away where NTLM is off.
const NO_NTLM: &str = "another mechanism expected, NTLM sent: NTLM is off here";
/// The most characters of a scheme's name that a reason repeats.
const MAX_SCHEME: usize = 40;
