//! Logins with a Kerberos ticket: which requests bring one, and what the service makes of it. Pure: the host lets the
//! system judge the ticket between the two, where it may block.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::body_security::{BodySecurity, KERBEROS_PROTOCOL, SPNEGO_PROTOCOL};
use super::login::{Carrier, Login, token_of};
use super::ntlm::ChannelBinding;
use super::service::{Channel, ConnectionState, Incoming, Outgoing, Service};
use super::spnego;

/// The server's half of one login with a ticket.
pub(super) trait TicketContext: BodySecurity {
    /// Takes a token of the client, and gives the one that answers it, or why the login does not stand. It reads the
    /// keytab and the replay cache.
    fn step(&mut self, token: &[u8], binding: &Binding) -> Result<Vec<u8>, String>;

    /// Who the client is, once the login stands.
    fn principal(&self) -> Option<String>;
}

/// Begins a login whose sealed bodies name this protocol.
pub(super) type BeginTicket = Arc<dyn Fn(&'static str) -> Box<dyn TicketContext> + Send + Sync>;

/// What a login must be bound to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Binding {
    /// The application data of the channel binding, if it is looked at.
    pub(super) data: Option<Vec<u8>>,
    /// Whether a login without a binding is refused.
    pub(super) is_required: bool,
}

/// One token of a login with a ticket.
pub(super) struct TicketLeg {
    carrier: Carrier,
    context: Box<dyn TicketContext>,
    token: Vec<u8>,
    binding: Binding,
}

/// A leg with the token that answers it, or why the login does not stand.
pub(super) struct JudgedLeg {
    carrier: Carrier,
    context: Box<dyn TicketContext>,
    answer: Result<Vec<u8>, String>,
}

impl TicketLeg {
    /// Lets the system judge the token. It may block.
    pub(super) fn judge(mut self) -> JudgedLeg {
        let answer = self.context.step(&self.token, &self.binding);
        JudgedLeg { carrier: self.carrier, context: self.context, answer }
    }
}

impl Service {
    /// The leg of a login with a ticket that a request brings, if it brings one and the service takes tickets.
    pub(super) fn ticket_leg(
        &self,
        connection: &mut ConnectionState,
        authorization: Option<&str>,
    ) -> Option<TicketLeg> {
        let begin = self.begin_ticket.as_ref()?;
        let (scheme, token) = token_of(authorization?);
        let carrier = [Carrier::Kerberos, Carrier::Negotiate]
            .into_iter()
            .find(|carrier| scheme.eq_ignore_ascii_case(carrier.name()))?;
        if token.is_empty() || (carrier == Carrier::Negotiate && !self.policy.negotiate) {
            return None;
        }
        let context = match std::mem::replace(&mut connection.login, Login::None) {
            Login::TicketContinues(begun, context) if begun == carrier => context,
            _ if carrier == Carrier::Kerberos => begin(KERBEROS_PROTOCOL),
            _ if self.policy.spnego && spnego::prefers_kerberos(&token) => begin(SPNEGO_PROTOCOL),
            another => {
                connection.login = another;
                return None;
            }
        };
        let binding = self.ticket_binding(connection);
        Some(TicketLeg { carrier, context, token, binding })
    }

    /// What RFC 5929 (4, tls-server-end-point) has as application data, as far as the policy looks at it.
    fn ticket_binding(&self, connection: &ConnectionState) -> Binding {
        let level = self.policy.channel_binding;
        match &connection.channel {
            Channel::Tls { certificate_hash: Some(hash) } if level != ChannelBinding::None => Binding {
                data: Some([END_POINT, hash.as_slice()].concat()),
                is_required: level == ChannelBinding::Strict,
            },
            _ => Binding::default(),
        }
    }

    /// Answers a leg that was judged.
    pub(super) fn admit_ticket(
        &self,
        connection: &mut ConnectionState,
        request: &Incoming<'_>,
        leg: JudgedLeg,
        now: Duration,
    ) -> Outgoing {
        let delay = match self.injected_into_login() {
            Ok(delay) => delay,
            Err(outgoing) => return *outgoing,
        };
        let refuse = |reason: String| {
            self.counters.failed_logons.fetch_add(1, Ordering::Relaxed);
            self.unauthorized_because(reason)
        };
        let answer = match leg.answer {
            Ok(answer) => answer,
            Err(reason) => return refuse(reason),
        };
        let Some(principal) = leg.context.principal() else {
            connection.login = Login::TicketContinues(leg.carrier, leg.context);
            return Outgoing { delay, ..leg.carrier.answer(401, &answer) };
        };
        if !leg.context.seals() && !self.may_be_clear(connection) {
            return refuse("confidentiality expected in the Kerberos context, not asked for".to_owned());
        }
        let Some(account) = self.account_of(&principal) else {
            return refuse(format!("no account has the name of the principal {principal}"));
        };
        let login = Login::Standing { account, security: leg.context };
        let answer = Some(answer).filter(|answer| !answer.is_empty());
        Outgoing { delay, ..self.stand(connection, request, leg.carrier, (login, answer), now) }
    }

    /// The account of a principal: the one that its realm fits, else one of that user name.
    fn account_of(&self, principal: &str) -> Option<usize> {
        let (user, _) = principal.rsplit_once('@').unwrap_or((principal, ""));
        let fits = self.accounts.iter().position(|(account, _)| account.is_meant_by("", principal));
        fits.or_else(|| self.accounts.iter().position(|(account, _)| account.name.eq_ignore_ascii_case(user)))
    }
}

/// The prefix of the application data.
const END_POINT: &[u8] = b"tls-server-end-point:";
