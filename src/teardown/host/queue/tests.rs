//! The queue against a look at every session, which it stands for.

use std::time::Duration;

use proptest::prelude::*;

use super::super::super::testing::some_instant;
use super::*;

/// Looks at every session each time it is asked.
#[derive(Default)]
struct Scan {
    statuses: Vec<Status>,
    reported: BTreeSet<usize>,
}

impl Scan {
    fn slots(&self, wanted: impl Fn(&Status) -> bool) -> Vec<usize> {
        let slots = self.statuses.iter().enumerate().filter(|(_, status)| wanted(status));
        slots.map(|(slot, _)| slot).collect()
    }

    fn count(&self, wanted: impl Fn(&Status) -> bool) -> usize {
        self.slots(wanted).len()
    }

    fn ready(&self, now: Instant, held: bool) -> Vec<usize> {
        self.slots(|status| {
            !(held && status.phase == Phase::Planned)
                && match status.wants {
                    Wants::Turn => true,
                    Wants::TurnFrom(time) => time <= now,
                    _ => false,
                }
        })
    }

    fn readiest(&self, now: Instant, held: bool) -> Option<usize> {
        self.ready(now, held).into_iter().max_by_key(|slot| (self.statuses[*slot].phase, Reverse(*slot)))
    }

    fn next_time(&self, now: Instant, stuck_after: Duration) -> Option<Instant> {
        let times = self.statuses.iter().flat_map(|status| {
            let due = match status.wants {
                Wants::TurnFrom(time) | Wants::Listing(time) => Some(time),
                _ => None,
            };
            let deadline = status.deadline.filter(|_| status.phase != Phase::Done);
            [due, deadline, status.sent_at.map(|time| time + stuck_after)]
        });
        times.flatten().filter(|time| *time > now).min()
    }

    fn take_finished(&mut self) -> BTreeSet<usize> {
        let finished: BTreeSet<_> = self.slots(|status| status.phase == Phase::Done).into_iter().collect();
        let fresh = finished.difference(&self.reported).copied().collect();
        self.reported = finished;
        fresh
    }
}

const SLOTS: usize = 6;

/// Times in seconds since the begin.
#[derive(Clone, Debug)]
struct Change {
    slot: usize,
    phase: Phase,
    wants: u8,
    due: u64,
    sent: Option<u64>,
    deadline: Option<u64>,
    is_bad: bool,
    passes: u64,
    held: bool,
    takes: bool,
}

fn change() -> impl Strategy<Value = Change> {
    let phases =
        [Phase::Planned, Phase::Checking, Phase::Signalling, Phase::Deleting, Phase::Verifying, Phase::Done];
    let time = || 0..40_u64;
    let times = (time(), prop::option::of(time()), prop::option::of(time()));
    let rest = (any::<bool>(), prop_oneof![3 => Just(0), 1 => 1..4_u64], any::<bool>(), any::<bool>());
    (0..SLOTS, prop::sample::select(phases.to_vec()), 0..5_u8, times, rest).prop_map(
        |(slot, phase, wants, (due, sent, deadline), (is_bad, passes, held, takes))| Change {
            slot,
            phase,
            wants,
            due,
            sent,
            deadline,
            is_bad,
            passes,
            held,
            takes,
        },
    )
}

proptest! {
    #[test]
    fn the_queue_says_what_a_look_at_every_session_says(changes in prop::collection::vec(change(), 1..60)) {
        let began = some_instant();
        let at = |seconds| began + Duration::from_secs(seconds);
        let stuck_after = Duration::from_secs(5);
        let mut scan = Scan { statuses: vec![Status::PLANNED; SLOTS], ..Scan::default() };
        let mut queue = Queue::new(SLOTS);
        let mut seconds = 0;
        for change in changes {
            let is_done = scan.statuses[change.slot].phase == Phase::Done;
            let phase = if is_done { Phase::Done } else { change.phase };
            let wants = match (phase, change.wants) {
                (Phase::Done, _) => Wants::Nothing,
                // It waits for nothing but its turn.
                (Phase::Planned, _) | (_, 0) => Wants::Turn,
                (_, 1) => Wants::TurnFrom(at(change.due)),
                (_, 2) => Wants::Listing(at(change.due)),
                (_, 3) => Wants::Identity,
                _ => Wants::Nothing,
            };
            let status = Status {
                phase,
                wants,
                sent_at: change.sent.map(at),
                deadline: change.deadline.map(at),
                is_bad: change.is_bad,
            };
            scan.statuses[change.slot] = status;
            queue.set(change.slot, status);
            seconds += change.passes;
            let (now, held) = (at(seconds), change.held);
            prop_assert_eq!(queue.has_ready(now, held), scan.readiest(now, held).is_some());
            queue.advance(now);
            prop_assert_eq!(queue.readiest(held), scan.readiest(now, held));
            prop_assert_eq!(queue.has_ready(now, held), scan.readiest(now, held).is_some());
            for most in [0, 1, 2, SLOTS] {
                prop_assert_eq!(queue.ready(now, held, most), scan.ready(now, held).len().min(most));
            }
            prop_assert_eq!(queue.next_time(now, stuck_after), scan.next_time(now, stuck_after));
            let sorted = |mut slots: Vec<usize>| { slots.sort_unstable(); slots };
            let looks = scan.slots(|status| matches!(status.wants, Wants::Listing(time) if time <= now));
            prop_assert_eq!(queue.first_look().is_some_and(|time| time <= now), !looks.is_empty());
            prop_assert_eq!(sorted(queue.looking(now)), looks);
            let over = |status: &Status| status.deadline.is_some_and(|time| time <= now);
            prop_assert_eq!(sorted(queue.overdue(now)), scan.slots(|s| over(s) && s.phase != Phase::Done));
            let sent = || scan.statuses.iter().filter_map(|status| status.sent_at);
            prop_assert_eq!((queue.first_sent(), queue.last_sent()), (sent().min(), sent().max()));
            prop_assert_eq!(queue.planned(), scan.count(|status| status.phase == Phase::Planned));
            prop_assert_eq!(queue.wants_identity(), scan.count(|s| s.wants == Wants::Identity) > 0);
            prop_assert_eq!(queue.has_bad(), scan.count(|status| status.is_bad) > 0);
            prop_assert_eq!(queue.is_done(), scan.count(|status| status.phase == Phase::Done) == SLOTS);
            if change.takes {
                prop_assert_eq!(queue.take_finished(), scan.take_finished());
            }
        }
    }
}
