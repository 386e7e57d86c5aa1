//! What can go wrong on the way and at the server, drawn from the dice.

use std::time::Duration;

use fastrand::Rng;
use pssession::simulator::{InjectedFault, OperationKind};

/// How one exchange goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fault {
    /// At the server, or on the way back.
    InjectedFault(InjectedFault),
    /// On the way there: the server takes it this much later, whether we still wait or not.
    Late(Duration),
    /// On the way back: it was done, and something before the server answers this HTTP status.
    Instead(u16),
}

const TIMED_OUT: u32 = 2_150_858_793;
pub(super) const NO_SUCH_SHELL: u32 = 2_150_858_843;
const NOT_SUPPORTED: u32 = 2_150_858_771;
const OPERATION_QUOTA: u32 = 2_150_859_174;
const BUSY: u32 = 2_150_858_815;
const ACCESS_DENIED: u32 = 5;
const INVALID_PARAMETER: u32 = 87;
const NOT_FOUND: u32 = 2_150_858_752;
const IN_USE: u32 = 2_150_858_802;

/// How the Deletes of one session may be answered, each time, although they are carried out.
pub(super) fn belying(dice: &mut Rng) -> Fault {
    let after = |code| Fault::InjectedFault(InjectedFault::FaultAfter(code));
    let faults_of_table = [
        after(OPERATION_QUOTA),
        after(ACCESS_DENIED),
        after(NOT_FOUND),
        Fault::Instead(503),
        Fault::Instead(404),
    ];
    dice.choice(faults_of_table).unwrap_or(Fault::Instead(503))
}

/// Draws the trouble of one exchange. A Get of a shell of which a Delete `was_accepted` does not lie: then its answer is a
/// proof, and against a server that lies twice there is none.
pub(super) fn of_exchange(dice: &mut Rng, kind: OperationKind, was_accepted: bool) -> Fault {
    if dice.u8(..) < 80
        && let Some(own) = of_kind(dice, kind)
        && !(was_accepted && own == InjectedFault::Fault(NO_SUCH_SHELL))
    {
        return Fault::InjectedFault(own);
    }
    if kind == OperationKind::Delete && dice.u8(..5) == 0 {
        return belying(dice);
    }
    let injected_fault = match dice.u8(..36) {
        0..3 => InjectedFault::Fault(OPERATION_QUOTA),
        3..5 => InjectedFault::Fault(BUSY),
        5..7 => InjectedFault::Fault(TIMED_OUT),
        7 => InjectedFault::Fault(ACCESS_DENIED),
        8 => InjectedFault::Fault(INVALID_PARAMETER),
        9..11 => InjectedFault::Status(503, Vec::new()),
        11 => InjectedFault::Status(404, b"<html>not here</html>".to_vec()),
        12 => InjectedFault::Status(500, Vec::new()),
        13..16 => InjectedFault::Drop,
        16..19 => InjectedFault::DropAfter,
        19..22 => InjectedFault::Delay(moments(dice)),
        22..24 => InjectedFault::Delay(ages(dice)),
        24..27 => return Fault::Late(moments(dice)),
        27..30 => return Fault::Late(ages(dice)),
        30 => InjectedFault::WrongRelatesTo,
        31 => InjectedFault::Clear,
        32..34 => InjectedFault::Truncate,
        _ => InjectedFault::ForgetLogin,
    };
    Fault::InjectedFault(injected_fault)
}

/// What is worst for this kind of request.
fn of_kind(dice: &mut Rng, kind: OperationKind) -> Option<InjectedFault> {
    let choices = match kind {
        OperationKind::Delete => vec![
            InjectedFault::Fault(NO_SUCH_SHELL),
            InjectedFault::Pretend,
            InjectedFault::FaultAfter(TIMED_OUT),
            InjectedFault::FaultAfter(NO_SUCH_SHELL),
            InjectedFault::FaultAfter(IN_USE),
            InjectedFault::DropAfter,
        ],
        OperationKind::Get => vec![
            InjectedFault::Fault(NO_SUCH_SHELL),
            InjectedFault::Fault(NOT_SUPPORTED),
            InjectedFault::Delay(Duration::from_millis(dice.u64(8_000..14_000))),
        ],
        OperationKind::Signal | OperationKind::EnumerateCommands => {
            vec![
                InjectedFault::Fault(NO_SUCH_SHELL),
                InjectedFault::Pretend,
                InjectedFault::Delay(ages(dice)),
            ]
        }
        _ => return None,
    };
    dice.choice(choices)
}

/// Draws the trouble of one login; a refusal is the caller's to draw.
pub(super) fn of_login(dice: &mut Rng) -> InjectedFault {
    match dice.u8(..4) {
        0 => InjectedFault::Status(503, Vec::new()),
        1 => InjectedFault::Delay(Duration::from_millis(dice.u64(100..9_000))),
        _ => InjectedFault::Drop,
    }
}

fn moments(dice: &mut Rng) -> Duration {
    Duration::from_millis(dice.u64(50..4_000))
}

fn ages(dice: &mut Rng) -> Duration {
    Duration::from_millis(dice.u64(5_000..90_000))
}
