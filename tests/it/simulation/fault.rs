//! What can go wrong on the way and at the server, drawn from the dice.

use std::time::Duration;

use fastrand::Rng;
use pssession::simulator::{Mischief, OperationKind};

/// How one exchange goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Trouble {
    /// At the server, or on the way back.
    Mischief(Mischief),
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
pub(super) fn belying(dice: &mut Rng) -> Trouble {
    let after = |code| Trouble::Mischief(Mischief::FaultAfter(code));
    let troubles = [
        after(OPERATION_QUOTA),
        after(ACCESS_DENIED),
        after(NOT_FOUND),
        Trouble::Instead(503),
        Trouble::Instead(404),
    ];
    dice.choice(troubles).unwrap_or(Trouble::Instead(503))
}

/// Draws the trouble of one exchange. A Get of a shell of which a Delete `was_accepted` does not lie: then its answer is a
/// proof, and against a server that lies twice there is none.
pub(super) fn of_exchange(dice: &mut Rng, kind: OperationKind, was_accepted: bool) -> Trouble {
    if dice.u8(..) < 80
        && let Some(own) = of_kind(dice, kind)
        && !(was_accepted && own == Mischief::Fault(NO_SUCH_SHELL))
    {
        return Trouble::Mischief(own);
    }
    if kind == OperationKind::Delete && dice.u8(..5) == 0 {
        return belying(dice);
    }
    let mischief = match dice.u8(..36) {
        0..3 => Mischief::Fault(OPERATION_QUOTA),
        3..5 => Mischief::Fault(BUSY),
        5..7 => Mischief::Fault(TIMED_OUT),
        7 => Mischief::Fault(ACCESS_DENIED),
        8 => Mischief::Fault(INVALID_PARAMETER),
        9..11 => Mischief::Status(503, Vec::new()),
        11 => Mischief::Status(404, b"<html>not here</html>".to_vec()),
        12 => Mischief::Status(500, Vec::new()),
        13..16 => Mischief::Drop,
        16..19 => Mischief::DropAfter,
        19..22 => Mischief::Delay(moments(dice)),
        22..24 => Mischief::Delay(ages(dice)),
        24..27 => return Trouble::Late(moments(dice)),
        27..30 => return Trouble::Late(ages(dice)),
        30 => Mischief::WrongRelatesTo,
        31 => Mischief::Clear,
        32..34 => Mischief::Truncate,
        _ => Mischief::ForgetLogin,
    };
    Trouble::Mischief(mischief)
}

/// What is worst for this kind of request.
fn of_kind(dice: &mut Rng, kind: OperationKind) -> Option<Mischief> {
    let choices = match kind {
        OperationKind::Delete => vec![
            Mischief::Fault(NO_SUCH_SHELL),
            Mischief::Pretend,
            Mischief::FaultAfter(TIMED_OUT),
            Mischief::FaultAfter(NO_SUCH_SHELL),
            Mischief::FaultAfter(IN_USE),
            Mischief::DropAfter,
        ],
        OperationKind::Get => vec![
            Mischief::Fault(NO_SUCH_SHELL),
            Mischief::Fault(NOT_SUPPORTED),
            Mischief::Delay(Duration::from_millis(dice.u64(8_000..14_000))),
        ],
        OperationKind::Signal | OperationKind::EnumerateCommands => {
            vec![Mischief::Fault(NO_SUCH_SHELL), Mischief::Pretend, Mischief::Delay(ages(dice))]
        }
        _ => return None,
    };
    dice.choice(choices)
}

/// Draws the trouble of one login; a refusal is the caller's to draw.
pub(super) fn of_login(dice: &mut Rng) -> Mischief {
    match dice.u8(..4) {
        0 => Mischief::Status(503, Vec::new()),
        1 => Mischief::Delay(Duration::from_millis(dice.u64(100..9_000))),
        _ => Mischief::Drop,
    }
}

fn moments(dice: &mut Rng) -> Duration {
    Duration::from_millis(dice.u64(50..4_000))
}

fn ages(dice: &mut Rng) -> Duration {
    Duration::from_millis(dice.u64(5_000..90_000))
}
