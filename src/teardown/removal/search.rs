//! Every sequence of answers up to a bound, against a model of the server: breadth first, each state once.
//!
//! The model knows what the removal does not: whether the shell is there. After each step the promises are checked:
//! never Closed (or `AlreadyGone`) while it is there, never Failed when a look has shown that it is gone, a Delete only
//! for the planned identity and only after a young look, always an end. The words of the answers are those of the tables
//! beside this file.
//!
//! `PSSESSION_SEARCH_DEPTH=14 cargo test --release --lib every_sequence -- --nocapture` goes deeper.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a deep search is asked for by the environment"
)]

mod server;

use std::collections::{HashSet, hash_map::DefaultHasher};
use std::hash::{Hash, Hasher as _};
use std::time::Duration;

use self::server::{DELETES, Effect, GONE, Kind, Look, World, fault, not_sent, turned_away};
use super::super::event::{Answer, ListingEvidence, RequestKind, ServerKind};
use super::super::policy::{IDENTITY_MAX_AGE, SignalMode};
use super::super::retry::Jitter;
use super::super::testing::{USER, session, shell, some_instant, visibility};
use super::*;

/// How many answers deep `cargo test` goes.
const DEPTH: u32 = 10;

/// One situation: the removal, the server behind it, and what a model keeps of the past.
#[derive(Clone)]
struct Node {
    removal: Removal,
    world: World,
    now: Instant,
    answers: u32,
    way: Way,
}

/// The words of the way to a situation, the last one first.
#[derive(Clone, Default)]
struct Way(Option<Arc<(&'static str, Way)>>);

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(step) => write!(f, "{:?} {}", step.1, step.0),
            None => f.write_str("begin"),
        }
    }
}

impl Node {
    fn at(&self) -> Tick {
        Tick { now: self.now, jitter: Jitter::NONE }
    }

    fn step(&mut self, event: Event<'_>) -> Action {
        self.removal.step(event, self.at())
    }

    /// A copy of it a word further.
    fn further(&self, word: &'static str) -> Self {
        let mut next = self.clone();
        next.way = Way(Some(Arc::new((word, self.way.clone()))));
        next.answers += 1;
        next
    }

    /// What tells this situation from others; times count from now.
    fn key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let since = |time: Option<Instant>| {
            let most = IDENTITY_MAX_AGE + Duration::from_millis(1);
            time.map(|time| self.now.saturating_duration_since(time).min(most))
        };
        let until = |time: Option<Instant>| time.map(|time| time.saturating_duration_since(self.now));
        let removal = &self.removal;
        self.world.hash(&mut hasher);
        match &removal.state {
            State::Planned => 0_u8.hash(&mut hasher),
            State::Checking(Check::Get(turn)) => (1_u8, self.turn(*turn)).hash(&mut hasher),
            State::Checking(Check::Listing(from)) => (2_u8, until(Some(*from))).hash(&mut hasher),
            State::Signalling { turn, .. } => (3_u8, self.turn(*turn)).hash(&mut hasher),
            State::Deleting(turn) => (4_u8, self.turn(*turn)).hash(&mut hasher),
            State::Verifying { since: began, polls, seen, question } => {
                (5_u8, self.now.saturating_duration_since(*began), polls).hash(&mut hasher);
                std::mem::discriminant(seen).hash(&mut hasher);
                match question {
                    Question::Listing => 0_u8.hash(&mut hasher),
                    Question::Get(turn, doubt) => {
                        (1_u8, self.turn(*turn), doubt.to_string()).hash(&mut hasher)
                    }
                    Question::Server => 2_u8.hash(&mut hasher),
                }
            }
            State::Done(outcome) => (6_u8, outcome.to_string()).hash(&mut hasher),
        }
        (removal.server.map(|server| server == ServerKind::Windows), removal.missed).hash(&mut hasher);
        (since(removal.proven_at), since(removal.asked_at), until(removal.deadline)).hash(&mut hasher);
        (removal.got_late, removal.halted.is_some(), removal.retries).hash(&mut hasher);
        let deletes = &removal.deletes;
        (since(deletes.sent_at), deletes.were_sent(), deletes.were_accepted()).hash(&mut hasher);
        (deletes.may_take_effect(), deletes.said_gone, deletes.generic).hash(&mut hasher);
        (deletes.retries, deletes.resends).hash(&mut hasher);
        (deletes.refusal.as_ref().map(RequestError::text), deletes.outcome_of_absence().name())
            .hash(&mut hasher);
        hasher.finish()
    }

    fn turn(&self, turn: Turn) -> (u8, Duration) {
        match turn {
            Turn::Due => (0, Duration::ZERO),
            Turn::Out => (1, Duration::ZERO),
            Turn::From(time) => (2, time.saturating_duration_since(self.now)),
        }
    }

    /// Everything that may happen next.
    fn next(&self) -> Vec<Self> {
        let mut nexts = Vec::new();
        if !matches!(self.removal.state, State::Done(_)) {
            self.others_act(&mut nexts);
            if self.removal.halted.is_none() && self.removal.begun_at.is_some() {
                let mut next = self.further("interrupt");
                let until = Some(next.now + Duration::from_secs(10));
                next.step(Event::Halted { reason: NotStarted::Interrupted, until });
                nexts.push(next);
            }
        }
        match self.removal.wanted() {
            Action::Ready => self.send(self.now, &mut nexts),
            Action::Wait(time) => self.send(time.max(self.now), &mut nexts),
            Action::Look(time) => self.list(time.max(self.now), &mut nexts),
            Action::Identify => self.identify(&mut nexts),
            Action::Send(_) | Action::Await => unreachable!("each request is answered at once"),
            Action::Done => {}
        }
        nexts
    }

    /// Somebody else closes the shell, or opens another with its id.
    fn others_act(&self, nexts: &mut Vec<Self>) {
        if self.world.is_there {
            let mut next = self.further("others-close");
            next.world.is_there = false;
            nexts.push(next);
        } else if !self.world.is_replaced && !self.world.is_closing {
            let mut next = self.further("others-reuse-the-id");
            next.world.is_replaced = true;
            nexts.push(next);
        }
    }

    /// A connection is free at `time`.
    fn send(&self, time: Instant, nexts: &mut Vec<Self>) {
        let mut asking = self.clone();
        asking.now = time;
        let proven_at = asking.removal.proven_at;
        match asking.step(Event::Turn) {
            Action::Send(request) => match request.kind {
                RequestKind::Get => asking.get(nexts),
                RequestKind::Delete { .. } => {
                    let age = proven_at.map(|at| asking.now.saturating_duration_since(at));
                    assert!(
                        age.is_some_and(|age| age <= IDENTITY_MAX_AGE),
                        "a Delete without a look: {:?}",
                        self.way
                    );
                    assert!(asking.world.was_seen, "a Delete of what no look has shown: {:?}", self.way);
                    asking.delete(nexts);
                }
                other => panic!("{other:?} without signals"),
            },
            _ => nexts.push(asking),
        }
    }

    fn delete(&self, nexts: &mut Vec<Self>) {
        let mut answered = |word, touches: bool, effect, answer: Result<Answer, RequestError>, late: bool| {
            let mut next = self.further(word);
            next.world.settle();
            next.world.take(effect);
            let not_sent = matches!(answer, Err(RequestError::NotSent(_)));
            next.world.was_sent |= !not_sent;
            next.world.was_touched |= touches;
            next.world.was_accepted |= answer.is_ok();
            if !not_sent {
                next.world.last_look = Look::None;
            }
            if late {
                next.now += IDENTITY_MAX_AGE + Duration::from_secs(1);
            }
            next.step(Event::Answered(answer));
            nexts.push(next);
        };
        if self.world.is_there || self.world.is_closing {
            for (word, effect, answer) in DELETES {
                let answer = answer();
                let touches = !is_no_such_shell(&answer);
                answered(word, touches, *effect, answer, false);
            }
            answered("200-late", true, Effect::Closes, Ok(Answer::Done), true);
        } else {
            let gone = || Err(RequestError::Fault(fault(GONE)));
            answered("gone", false, Effect::Nothing, gone(), false);
            answered("gone-late", false, Effect::Nothing, gone(), true);
            answered("503", true, Effect::Nothing, Err(turned_away()), false);
            answered(
                "lost",
                true,
                Effect::Nothing,
                Err(RequestError::NoAnswer("broken pipe".to_owned())),
                false,
            );
            answered("denied", true, Effect::Nothing, Err(RequestError::Fault(fault(5))), false);
        }
        answered("no-connection", false, Effect::Nothing, Err(not_sent()), false);
    }

    fn get(&self, nexts: &mut Vec<Self>) {
        let mut answered = |word, look: Option<Look>, answer: Result<Answer, RequestError>, late: bool| {
            let mut next = self.further(word);
            if let Some(look) = look {
                next.world.last_look = look;
                next.world.was_seen |= look == Look::There;
            }
            if late {
                next.now += IDENTITY_MAX_AGE + Duration::from_secs(1);
            }
            next.step(Event::Answered(answer));
            nexts.push(next);
        };
        let mut world = self.world.clone();
        world.settle();
        let shown = |id: &str| Ok(Answer::Shell(Box::new(shell(id))));
        match (world.is_there, world.is_replaced) {
            (true, _) if world.kind.sees_it => {
                answered("shell", Some(Look::There), shown("A"), false);
                answered("shell-late", Some(Look::There), shown("A"), true);
            }
            (false, true) if world.kind.sees_it => {
                let mut other = shell("A");
                other.owner = Some(r"LAB\eve".into());
                answered("other-shell", Some(Look::Other), Ok(Answer::Shell(Box::new(other))), false);
            }
            (there, _) => {
                let look = if there { Look::NotVisible } else { Look::Gone };
                answered("get-gone", Some(look), Err(RequestError::Fault(fault(GONE))), false);
            }
        }
        answered("get-denied", None, Err(RequestError::Fault(fault(5))), false);
        answered("get-unsupported", None, Err(RequestError::Fault(fault(2_150_858_771))), false);
        answered("get-lost", None, Err(RequestError::NoAnswer("broken pipe".to_owned())), false);
        answered("get-503", None, Err(turned_away()), false);
        answered("get-no-connection", None, Err(not_sent()), false);
    }

    fn list(&self, time: Instant, nexts: &mut Vec<Self>) {
        let mut sighted = |word, look: Option<Look>, evidence: ListingEvidence<'_>| {
            let mut next = self.further(word);
            next.now = time;
            next.world.settle();
            if let Some(look) = look {
                next.world.last_look = look;
                next.world.was_seen |= look == Look::There;
            }
            next.step(Event::Sighted { evidence, since: time });
            next.step(Event::DeadlineCheck);
            nexts.push(next);
        };
        let mut world = self.world.clone();
        world.settle();
        let Kind { lists, shows_others, sees_it, .. } = world.kind;
        if lists {
            let mut listed = shell("A");
            match (world.is_there, world.is_replaced) {
                (true, _) if sees_it => {
                    sighted("listed", Some(Look::There), ListingEvidence::Present(&listed))
                }
                (false, true) if sees_it => {
                    listed.owner = Some(r"LAB\eve".into());
                    sighted("other-listed", Some(Look::Other), ListingEvidence::Present(&listed));
                }
                (there, _) => {
                    let look = if there { Look::NotVisible } else { Look::Gone };
                    sighted(
                        "not-listed",
                        Some(look),
                        ListingEvidence::Absent { complete: true, shows_others },
                    );
                }
            }
            sighted("partly-listed", None, ListingEvidence::Absent { complete: false, shows_others });
        } else {
            sighted("listing-denied", None, ListingEvidence::Failed(RequestError::Fault(fault(5))));
        }
        sighted(
            "listing-lost",
            None,
            ListingEvidence::Failed(RequestError::NoAnswer("broken pipe".to_owned())),
        );
        sighted("listing-404", None, ListingEvidence::Failed(RequestError::Refused("HTTP 404".to_owned())));
    }

    fn identify(&self, nexts: &mut Vec<Self>) {
        let mut identified = |word, server| {
            let mut next = self.further(word);
            next.step(Event::Identified(server));
            nexts.push(next);
        };
        let kind = if self.world.kind.windows { ServerKind::Windows } else { ServerKind::Other };
        identified("identified", Ok(kind));
        identified("not-identified", Err(RequestError::NoAnswer("broken pipe".to_owned())));
    }

    fn check(&self) {
        let way = &self.way;
        let world = &self.world;
        let Some(outcome) = self.removal.outcome() else {
            // Whatever is awaited, the deadline ends it.
            if let Some(deadline) = self.removal.deadline {
                let mut late = self.clone();
                late.now = deadline.max(late.now);
                late.step(Event::DeadlineCheck);
                assert!(late.removal.outcome().is_some(), "no end: {way:?}");
            }
            return;
        };
        match outcome {
            Outcome::Closed | Outcome::AlreadyGone => {
                assert!(!world.is_there, "{outcome} while it is there: {way:?}");
                assert!(world.kind.windows, "{outcome} by a server that cannot prove it: {way:?}");
                let is_closed = *outcome == Outcome::Closed;
                assert_eq!(is_closed, world.was_touched, "{outcome} by the wrong hand: {way:?}");
                let by_get = world.was_accepted && !world.kind.lists;
                let visible = world.was_seen || world.kind.shows_others || by_get;
                assert!(
                    visible || self.removal.session.seen_by == USER.into(),
                    "{outcome} of what was not visible: {way:?}"
                );
            }
            Outcome::Failed(_) if world.was_sent => {
                let is_seen = matches!(world.last_look, Look::There | Look::Other);
                assert!(is_seen, "{outcome} without a look: {way:?}");
            }
            _ => {}
        }
    }
}

fn is_no_such_shell(answer: &Result<Answer, RequestError>) -> bool {
    matches!(answer, Err(RequestError::Fault(fault)) if fault.code == Some(FaultCode(GONE)))
}

/// A session with no more text than the promises speak of, since it is copied millions of times.
fn planned() -> SessionDescriptor {
    let mut session = session("web01.lab", "A");
    let shell = session.shell_mut();
    (shell.name, shell.client_ip, shell.state) = (None, None, None);
    let (computer_name, endpoint_url) = (String::new(), String::new());
    SessionDescriptor { computer_name: computer_name.into(), endpoint_url: endpoint_url.into(), ..session }
}

/// The situations that a removal may begin in.
fn beginnings() -> Vec<Node> {
    let now = some_instant();
    let policy = Arc::new(Policy::default().with_signal(SignalMode::Never));
    let mut nodes = Vec::new();
    for bits in 0_u8..64 {
        let bit = |n: u8| bits & (1 << n) != 0;
        let kind = Kind { windows: bit(0), lists: bit(1), shows_others: bit(2), sees_it: bit(3) };
        // A listing that has just shown it needs an account that lists and sees it.
        let (proven, remembered) = (bit(4), bit(5));
        if (proven && !(kind.lists && kind.sees_it)) || (kind.shows_others && !kind.lists) {
            continue;
        }
        // Who sees other people's shells sees this one.
        if kind.shows_others && !kind.sees_it {
            continue;
        }
        let mut planned = planned();
        if !proven && !remembered {
            planned.seen_by = "".into();
        } else if !kind.sees_it {
            continue;
        }
        let mut removal =
            Removal::new(planned, Arc::new(visibility()), proven.then_some(now), Arc::clone(&policy));
        if proven && kind.windows {
            removal.server = Some(ServerKind::Windows);
        }
        for is_there in [true, false] {
            if proven && !is_there {
                continue;
            }
            let world = World {
                kind,
                is_there,
                is_replaced: false,
                is_closing: false,
                was_seen: proven,
                last_look: Look::None,
                was_touched: false,
                was_accepted: false,
                was_sent: false,
            };
            nodes.push(Node { removal: removal.clone(), world, now, answers: 0, way: Way::default() });
        }
    }
    nodes
}

/// Searches from these beginnings: how many situations there are, and how many of them ended.
fn search(beginnings: Vec<Node>, depth: u32) -> (usize, u64) {
    let mut seen = HashSet::new();
    let mut front = beginnings;
    let mut ended = 0;
    for level in 0..=depth {
        let mut next = Vec::new();
        for node in front {
            node.check();
            ended += u64::from(node.removal.outcome().is_some());
            if level < depth {
                next.extend(node.next().into_iter().filter(|node| seen.insert(node.key())));
            }
        }
        front = next;
    }
    (seen.len(), ended)
}

#[test]
fn every_sequence_of_answers_keeps_the_promises() {
    let depth = std::env::var("PSSESSION_SEARCH_DEPTH").map_or(DEPTH, |text| text.parse().unwrap());
    // What does not change in a run never meets: two halves are searched side by side.
    let (windows, others): (Vec<_>, Vec<_>) =
        beginnings().into_iter().partition(|node| node.world.kind.windows);
    let (one, two) = std::thread::scope(|scope| {
        let others = scope.spawn(|| search(others, depth));
        (search(windows, depth), others.join().unwrap())
    });
    let (situations, ended) = (one.0 + two.0, one.1 + two.1);
    println!("{depth} answers deep: {situations} situations, {ended} ended");
    // Fewer would mean that the model asks for less than it should.
    assert!(situations > 100_000 && ended > 10_000, "{situations} situations, {ended} ended");
}
