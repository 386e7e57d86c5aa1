//! A host that does its work as it should, but for one trouble with one operation.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pssession::auth::{Seal as _, sealing};
use pssession::simulator::{Account, Caller, InjectedFault, OperationKind, World};
use pssession::wsman::xml::MAX_BYTES;

use super::Operation;
use super::auth_mode::{AuthMode, Keys, Logins, Step};
use super::fault::{Deed, Fault, Strike};
use crate::support::raw::{Act, Response, Seen};
use crate::teardown::ADMIN;

pub(super) struct Host {
    way: AuthMode,
    operation: Operation,
    fault_kind: &'static Fault,
    pub(super) world: Mutex<World>,
    logins: Logins,
    /// The shells whose Deletes came, in order.
    pub(super) deletes: Mutex<Vec<String>>,
    /// The last Enumerate was of commands.
    of_commands: AtomicBool,
    strikes: AtomicUsize,
}

/// How long the host takes for a page of those that never end.
const PAGE_TAKES: Duration = Duration::from_secs(1);

/// Pages of two, so that three shells take a Pull.
const PAGE: (&str, &str) = (">32000<", ">2<");

impl Host {
    pub(super) fn new(
        way: AuthMode,
        operation: Operation,
        fault_kind: &'static Fault,
        world: World,
    ) -> Arc<Self> {
        Arc::new(Self {
            way,
            operation,
            fault_kind,
            world: Mutex::new(world),
            logins: Logins::default(),
            deletes: Mutex::default(),
            of_commands: AtomicBool::new(false),
            strikes: AtomicUsize::new(0),
        })
    }

    /// Whether the trouble came to pass at all.
    pub(super) fn has_struck(&self) -> bool {
        self.strikes.load(Ordering::SeqCst) > 0
    }

    pub(super) fn struck(&self) {
        self.strikes.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn act(&self, seen: &Seen) -> Act {
        let in_login = self.operation == Operation::Handshake;
        let dropped = match self.fault_kind.deed {
            Deed::Challenge(flags) if in_login => flags,
            _ => 0,
        };
        if dropped != 0 {
            self.struck();
        }
        match self.logins.step(self.way, seen, dropped) {
            Step::Talk(_) if matches!(self.fault_kind.deed, Deed::Offer(_)) && in_login => {
                self.struck();
                let Deed::Offer(offer) = self.fault_kind.deed else { unreachable!() };
                Act::Answer(Response::new(401).header("WWW-Authenticate", offer))
            }
            Step::Talk(response) => Act::Answer(response),
            Step::Verdict(response) => self.verdict(seen, response),
            Step::In => self.serve(seen),
        }
    }

    fn verdict(&self, seen: &Seen, right: Response) -> Act {
        if self.operation != Operation::Handshake || !self.fault_kind.is_due(&self.strikes) {
            return Act::Answer(right);
        }
        let operation = Operation::Handshake;
        let strike = Strike { way: self.way, operation, envelope: "", message_id: "", is_pull: false };
        match self.fault_kind.deed {
            Deed::Instead(make) => {
                self.struck();
                self.logins.forget(seen.connection);
                make(&strike)
            }
            Deed::After(make) => {
                self.struck();
                make(&strike)
            }
            Deed::Delivery(deliver) => {
                self.struck();
                deliver(right.to_bytes())
            }
            _ => Act::Answer(right),
        }
    }

    fn serve(&self, seen: &Seen) -> Act {
        let request = if self.way.is_sealed() {
            self.logins
                .with_keys(seen.connection, |keys| sealing::open_body(&mut keys.seal, &seen.body).unwrap())
        } else {
            seen.body.clone()
        };
        let request = String::from_utf8(request).unwrap().replace(PAGE.0, PAGE.1);
        let account = Some(Account::administrator(ADMIN));
        let caller = Caller { account, connection: 1, sealed: self.way.is_sealed() };
        let mut world = self.world.lock().unwrap();
        let mut rehearsal = world.clone();
        let envelope = rehearsal.handle(&caller, request.as_bytes(), Duration::ZERO);
        let entry = rehearsal.log().last().unwrap().clone();
        if entry.kind == OperationKind::Delete {
            self.deletes.lock().unwrap().push(entry.shell_id.clone().unwrap());
        }
        if matches!(entry.kind, OperationKind::Enumerate | OperationKind::EnumerateCommands) {
            let of_commands = entry.kind == OperationKind::EnumerateCommands;
            self.of_commands.store(of_commands, Ordering::SeqCst);
        }
        let deleted = !self.deletes.lock().unwrap().is_empty();
        let operation = Operation::of(entry.kind, self.of_commands.load(Ordering::SeqCst), deleted);
        if self.operation == Operation::Check && operation == Some(Operation::Commands) {
            // It takes the time for the signals, and the listing is too old for the Delete.
            return Act::Hang;
        }
        let is_passive = matches!(self.fault_kind.deed, Deed::Meanwhile(_));
        if operation != Some(self.operation) || is_passive || !self.fault_kind.is_due(&self.strikes) {
            *world = rehearsal;
            return self.whole(seen, envelope.status, &envelope.body);
        }
        self.struck();
        let text = std::str::from_utf8(&envelope.body).unwrap();
        let strike = Strike {
            way: self.way,
            operation: self.operation,
            envelope: text,
            message_id: entry.message_id.as_deref().unwrap(),
            is_pull: entry.kind == OperationKind::Pull,
        };
        match self.fault_kind.deed {
            Deed::Instead(make) => {
                if self.fault_kind.forgets {
                    self.logins.forget(seen.connection);
                }
                make(&strike)
            }
            Deed::Refused => Act::Vanish,
            Deed::After(make) => {
                *world = rehearsal;
                make(&strike)
            }
            Deed::Fault(code, status) => {
                world.inject(entry.kind, 1, InjectedFault::Fault(code));
                let fault = world.handle(&caller, request.as_bytes(), Duration::ZERO);
                self.whole(seen, status, &fault.body)
            }
            Deed::FaultAfter(code) => {
                world.inject(entry.kind, 1, InjectedFault::FaultAfter(code));
                let fault = world.handle(&caller, request.as_bytes(), Duration::ZERO);
                self.whole(seen, fault.status, &fault.body)
            }
            Deed::Envelope(change) => {
                *world = rehearsal;
                self.whole(seen, 200, &change(&strike))
            }
            Deed::Pages(make) => {
                let page = make(&strike, self.strikes.load(Ordering::SeqCst));
                Act::Late(PAGE_TAKES, self.protect(seen, 200, page.as_bytes()))
            }
            Deed::Delivery(deliver) => {
                *world = rehearsal;
                deliver(self.protect(seen, 200, &envelope.body).to_bytes())
            }
            Deed::Sealed(spoil) => {
                *world = rehearsal;
                let (content_type, body) =
                    self.logins.with_keys(seen.connection, |keys: &mut Keys| spoil(keys, &envelope.body));
                Act::Answer(Response::new(200).body(&content_type, body))
            }
            Deed::Challenge(_) | Deed::Offer(_) | Deed::Meanwhile(_) => {
                unreachable!("it does not strike here")
            }
        }
    }

    fn whole(&self, seen: &Seen, status: u16, envelope: &[u8]) -> Act {
        Act::Answer(self.protect(seen, status, envelope))
    }

    /// The answer as the login has it protected.
    fn protect(&self, seen: &Seen, status: u16, envelope: &[u8]) -> Response {
        if !self.way.is_sealed() {
            return Response::new(status).body("application/soap+xml;charset=UTF-8", envelope);
        }
        self.logins.with_keys(seen.connection, |keys| {
            if envelope.len() > 2 * MAX_BYTES {
                // It must be refused unopened, so that nobody needs to seal it.
                let protocol = keys.seal.protocol();
                let body = sealing::write_frame(
                    sealing::FrameLayout::Windows,
                    protocol,
                    &[0; 16],
                    envelope,
                    envelope.len(),
                );
                return Response::new(status).body(&sealing::content_type(protocol), body);
            }
            let (content_type, body) = sealing::seal_body(&mut keys.seal, envelope).unwrap();
            keys.last = Some((content_type.clone(), body.clone()));
            Response::new(status).body(&content_type, body)
        })
    }
}
