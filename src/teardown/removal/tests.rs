//! Scripts of events and expected requests, one line per case.
//!
//! Words that give a turn and say what must be sent: `get list signal delete delete!` (generic) and `idle` (nothing).
//! Answers: `shell other commands:N ok fault:CODE lost busy refused badcred`. Listings that begin now: `present
//! other-listed absent absent-others partial unlisted unlisted!` (definitely). `+500` lets milliseconds pass, and
//! `tick interrupt deadline stop unreachable` do as they say.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::event::{Answer, Request, RequestKind, Sighting};
use super::super::policy::SignalMode;
use super::super::retry::Jitter;
use super::super::testing::{fault, session, shell, some_instant, visibility};
use super::*;
use crate::wsman::{Command, Shell};

/// (what happens, the situation, the script, the outcome)
type Case = (&'static str, &'static str, &'static str, &'static str);

const GONE: &str = "fault:2150858843";

#[rustfmt::skip]
const CASES: &[Case] = &[
    ("a young idle session is deleted and verified", "", "list commands:0 delete ok absent", "Closed"),
    ("each running command is signalled", "", "list commands:2 signal ok signal ok delete ok absent", "Closed"),
    ("known commands are not listed again", "knows", "signal ok delete ok absent", "Closed"),
    ("no signals when none are wanted", "never", "delete ok absent", "Closed"),
    ("an old listing needs a get first", "old", "get shell list commands:0 delete ok absent", "Closed"),
    ("a get alone vouches for a delete", "old never", "get shell delete ok absent", "Closed"),
    ("a new listing vouches too", "old never", "present delete ok absent", "Closed"),
    ("another owner's shell is never deleted", "old", "get other", "Failed(identity changed)"),
    ("a new listing that shows another shell ends it", "old", "other-listed", "Failed(identity changed)"),
    ("a new listing that lacks it proves it gone", "old", "absent", "AlreadyGone"),
    ("a new listing that proves nothing leaves it to a get", "old stranger never",
        "absent get shell delete ok absent", "Closed"),
    ("a get that finds nothing is verified", "old", "get GONE absent", "AlreadyGone"),
    ("a get that finds nothing cannot be trusted alone", "old never",
        "get GONE present +4000 present get shell delete ok absent", "Closed"),
    ("a server that cannot get is listed instead", "old never",
        "get fault:2150858771 present delete ok absent", "Closed"),
    ("a server that cannot get and lists another shell", "old",
        "get fault:2150858771 other-listed", "Failed(identity changed)"),
    ("a server that cannot get and does not list it", "old", "get fault:2150858771 absent +0 absent", "AlreadyGone"),
    ("a server that can neither get nor be listed", "old",
        "get fault:2150858771 unlisted", "Failed(broken pipe)"),
    ("a get that is lost is asked again", "old never", "get lost idle +250 get shell delete ok absent", "Closed"),
    ("a get that is lost four times", "old",
        "get lost +250 get lost +500 get lost +1000 get lost", "Failed(broken pipe)"),
    ("a denied get", "old", "get fault:5", "Failed(access denied: no (WSManFault 5, 0x00000005))"),
    ("a command listing that fails prevents nothing", "", "list fault:2150859200 delete ok absent", "Closed"),
    ("a denied command listing prevents nothing", "", "list fault:5 delete ok absent", "Closed"),
    ("a signal that is lost prevents nothing", "", "list commands:2 signal lost delete ok absent", "Closed"),
    ("a command that has ended by itself is skipped", "",
        "list commands:2 signal GONE signal ok delete ok absent", "Closed"),
    ("signalling takes ten seconds at most", "",
        "list commands:3 +4000 signal +6000 ok idle delete ok absent", "Closed"),
    ("signals that took too long need a get", "",
        "list commands:3 +4000 signal +6001 ok idle get shell delete ok absent", "Closed"),
    ("a session that was signalled is not signalled again", "",
        "list +11000 lost get shell delete ok absent", "Closed"),
    ("gone on delete is already gone", "never", "delete GONE absent", "AlreadyGone"),
    ("aborted on delete is already gone", "never", "delete fault:995 absent", "AlreadyGone"),
    ("gone to the own resource but listed goes generic", "never",
        "delete GONE present get shell delete! ok absent", "Closed"),
    ("gone to the own resource and to a get", "never", "delete GONE present get GONE absent", "AlreadyGone"),
    ("a refused resource goes generic at once", "never", "delete fault:2150858811 delete! ok absent", "Closed"),
    ("a disconnected fault goes generic at once", "never", "delete fault:2150859204 delete! ok absent", "Closed"),
    ("not found goes generic, then it is gone", "never",
        "delete fault:2150858752 delete! fault:2150858752 absent", "AlreadyGone"),
    ("refused both ways", "never", "delete fault:2150858811 delete! fault:2150858811 present",
        "Failed(no (WSManFault 2150858811, 0x8033803B))"),
    ("a lost reply is verified", "never", "delete lost absent", "Closed"),
    ("a timeout fault is verified", "never", "delete fault:2150858793 present +500 absent", "Closed"),
    ("an unknown fault is verified", "never", "delete fault:2150858755 absent", "Closed"),
    ("a denied delete", "never", "delete fault:5 present", "Failed(access denied: no (WSManFault 5, 0x00000005))"),
    ("a denied delete of what is gone", "never", "delete fault:5 absent", "AlreadyGone"),
    ("a denied delete of what may be gone", "never", "delete fault:5 partial +500 present",
        "Failed(access denied: no (WSManFault 5, 0x00000005))"),
    ("a denied delete, and no listing", "never", "delete fault:5 unlisted!", "Unknown(cannot ask again: HTTP 404)"),
    ("a delete that is turned away is repeated", "never", "delete busy idle +250 delete ok absent", "Closed"),
    ("an operation quota is waited out", "never", "delete fault:2150859174 idle +250 delete ok absent", "Closed"),
    ("a quota that stays", "never",
        "delete fault:2150859174 +250 delete fault:2150859174 +500 delete fault:2150859174 +1000 delete fault:2150859174",
        "Failed(no (WSManFault 2150859174, 0x803381A6))"),
    ("no connection four times", "never",
        "delete busy +250 delete busy +500 delete busy +1000 delete busy", "Failed(connection refused)"),
    ("a server that is none", "never", "delete refused present", "Failed(HTTP 404)"),
    ("a delete that is turned away four times, with a get between", "never",
        "+9900 delete busy +250 get shell delete busy +500 delete busy +1000 delete busy",
        "Failed(connection refused)"),
    ("a repeated delete of a grown-old listing", "never", "+9900 delete busy +250 get shell delete ok absent", "Closed"),
    ("a shell that stays is deleted again after a get", "never",
        "delete ok present +500 present +500 present +1000 present +2000 present get shell delete ok absent", "Closed"),
    ("a shell that ignores three deletes", "never",
        "delete ok +4000 present get shell delete ok +4000 present get shell delete ok +4000 present idle \
         +5000 present idle +103000 present tick", "Failed(still there)"),
    ("a listing for somebody else does not count", "never",
        "delete ok present present present present present idle +500 absent", "Closed"),
    ("a second delete that is denied", "never",
        "delete lost +4000 present get shell delete fault:5 absent", "Closed"),
    ("a get that is denied after a delete", "never", "delete ok +4000 present get fault:5 absent", "Closed"),
    ("a lost delete that turns out gone later is ours", "never",
        "delete lost +4000 present get shell delete GONE absent", "Closed"),
    ("no proof for a stranger", "old stranger never", "get GONE absent", r"Unknown(not visible to LAB\ada)"),
    ("what this run was shown would be shown again", "stranger never", "delete GONE absent", "AlreadyGone"),
    ("an accepted delete proves visibility", "stranger never", "delete ok absent", "Closed"),
    ("other owners' shells prove visibility", "old stranger never", "get GONE absent-others", "AlreadyGone"),
    ("an incomplete listing proves nothing", "never",
        "delete ok partial +120000 partial tick", "Unknown(listing incomplete)"),
    ("an incomplete listing is asked again", "never", "delete ok partial +500 absent", "Closed"),
    ("a listing that fails is asked again", "never", "delete ok unlisted +500 absent", "Closed"),
    ("a listing that fails until the end", "never",
        "delete ok unlisted +120000 tick", "Unknown(cannot ask again: broken pipe)"),
    ("a listing that is refused for good", "never", "delete ok unlisted!", "Unknown(cannot ask again: HTTP 404)"),
    ("no listing in time", "never", "delete ok +120000 tick", "Unknown(no proof in time)"),
    ("no delete in time", "", "list +120000 tick", "Failed(no Delete could be sent in time)"),
    ("no answer in time", "never", "delete +120000 tick", "Unknown(no proof in time)"),
    ("a refused credential", "old", "get badcred", "NotStarted(credential refused)"),
    ("a credential that is refused to the delete", "never", "delete badcred unreachable",
        "Unknown(cannot ask again: connection refused)"),
    ("a credential that is refused to the delete, and not to a listing", "never", "delete badcred present",
        "Failed(wrong password)"),
    ("a logon failure as the delete's answer", "never", "delete fault:1326 present",
        "Failed(no (WSManFault 1326, 0x0000052E))"),
    ("a refused credential while signalling", "", "list badcred", "NotStarted(credential refused)"),
    ("unreachable before anything", "", "unreachable", "Failed(connection refused)"),
    ("unreachable after the delete", "never", "delete ok unreachable",
        "Unknown(cannot ask again: connection refused)"),
    ("unreachable while signalling", "", "list unreachable", "Failed(connection refused)"),
    ("unreachable while deleting again", "never", "delete busy unreachable", "Failed(connection refused)"),
    ("interrupted before anything", "", "interrupt", "NotStarted(interrupted)"),
    ("interrupted while checking", "old", "get interrupt shell", "NotStarted(interrupted)"),
    ("interrupted while signalling", "", "list interrupt commands:1", "NotStarted(interrupted)"),
    ("interrupted before a repetition", "never", "delete busy interrupt", "NotStarted(interrupted)"),
    ("interrupted with a delete out that is turned away", "never", "delete interrupt busy", "NotStarted(interrupted)"),
    ("interrupted with a delete out", "never", "delete interrupt ok absent", "Closed"),
    ("interrupted and unproved", "never", "delete interrupt ok present +10000 tick",
        "Unknown(interrupted before it was verified)"),
    ("interrupted with a delete that never answers", "never", "delete interrupt +10000 tick",
        "Unknown(interrupted before it was verified)"),
    ("interrupted before deleting again", "never", "delete ok +4000 present interrupt absent", "Closed"),
    ("interrupted with the get before deleting again", "never", "delete ok +4000 present get interrupt shell absent", "Closed"),
    ("gone, doubted, and interrupted", "never", "delete GONE present interrupt absent", "AlreadyGone"),
    ("the run's deadline", "", "deadline", "NotStarted(deadline)"),
    ("interrupted with a delete out that is denied", "never", "delete interrupt fault:5 present",
        "Failed(access denied: no (WSManFault 5, 0x00000005))"),
    ("stopped before anything", "", "stop", "NotStarted(stopped)"),
    ("stopped after the delete", "never", "delete ok stop present +500 absent", "Closed"),
];

struct Walk {
    removal: Removal,
    now: Instant,
    edges: BTreeSet<(Phase, Phase)>,
    requests: Vec<Request>,
    /// Turns at which something else was sent than the script says.
    surprises: Vec<String>,
}

impl Walk {
    fn new(situation: &str) -> Self {
        let has = |word: &str| situation.split_whitespace().any(|given| given == word);
        let mut planned = session("web01.lab", "A");
        if has("stranger") {
            planned.shell.owner = Some(r"LAB\grace".to_owned());
            planned.seen_by = r"LAB\grace".to_owned();
        }
        if has("knows") {
            planned.commands = Some(vec![CommandId::from_server("C")]);
        }
        let mode = if has("never") { SignalMode::Never } else { SignalMode::Auto };
        let policy = Arc::new(Policy::default().with_signal(mode));
        let now = some_instant();
        let vouched_at = (!has("old")).then_some(now);
        let removal = Removal::new(planned, Arc::new(visibility()), vouched_at, policy);
        Self { removal, now, edges: BTreeSet::new(), requests: Vec::new(), surprises: Vec::new() }
    }

    fn run(situation: &str, script: &str) -> Self {
        let mut walk = Self::new(situation);
        for word in script.split_whitespace() {
            walk.word(if word == "GONE" { GONE } else { word });
        }
        walk
    }

    fn word(&mut self, word: &str) {
        let planned = Shell { owner: self.removal.session.shell.owner.clone(), ..shell("a") };
        let other = Shell { client_ip: Some("203.0.113.9".to_owned()), ..planned.clone() };
        let text = |text: &str| text.to_owned();
        let busy = Setback::TurnedAway { text: text("connection refused"), retry_after: None };
        let absent = |complete, shows_others| Sighting::Absent { complete, shows_others };
        let until = Some(self.now + Duration::from_secs(10));
        match word.split_once(':').unwrap_or((word, "")) {
            ("get", _) => self.turn(Some(RequestKind::Get)),
            ("list", _) => self.turn(Some(RequestKind::ListCommands)),
            ("signal", _) => {
                let code = crate::wsman::op::SignalCode::Terminate;
                self.turn(Some(RequestKind::Signal { command_id: CommandId::from_server("c"), code }));
            }
            ("delete", _) => self.turn(Some(RequestKind::Delete { generic: false })),
            ("delete!", _) => self.turn(Some(RequestKind::Delete { generic: true })),
            ("idle", _) => self.turn(None),
            ("shell", _) => self.answer(Ok(Answer::Shell(Box::new(planned)))),
            ("other", _) => self.answer(Ok(Answer::Shell(Box::new(other)))),
            ("commands", count) => {
                let command = Command {
                    command_id: CommandId::from_server("C"),
                    command_line: String::new(),
                    state: Some(text("Running")),
                };
                let mut commands = vec![command.clone(); count.parse().unwrap()];
                commands.push(Command { state: Some(text("Done")), ..command });
                self.answer(Ok(Answer::Commands(commands)));
            }
            ("ok", _) => self.answer(Ok(Answer::Done)),
            ("fault", code) => self.answer(Err(Setback::Fault(fault(code.parse().unwrap())))),
            ("lost", _) => self.answer(Err(Setback::NoAnswer(text("broken pipe")))),
            ("busy", _) => self.answer(Err(busy)),
            ("refused", _) => self.answer(Err(Setback::Refused(text("HTTP 404")))),
            ("badcred", _) => self.answer(Err(Setback::CredentialRefused(text("wrong password")))),
            ("present", _) => self.sight(Sighting::Present(&planned)),
            ("other-listed", _) => self.sight(Sighting::Present(&other)),
            ("absent", _) => self.sight(absent(true, false)),
            ("absent-others", _) => self.sight(absent(true, true)),
            ("partial", _) => self.sight(absent(false, false)),
            ("unlisted", _) => self.sight(Sighting::Failed(Setback::NoAnswer(text("broken pipe")))),
            ("unlisted!", _) => self.sight(Sighting::Failed(Setback::Refused(text("HTTP 404")))),
            ("tick", _) => drop(self.step(Event::Tick)),
            ("interrupt", _) => {
                self.step(Event::Halted { reason: NotStarted::Interrupted, until });
            }
            ("deadline", _) => {
                self.step(Event::Halted { reason: NotStarted::Deadline, until });
            }
            ("stop", _) => {
                self.step(Event::Halted { reason: NotStarted::Stopped, until: None });
            }
            ("unreachable", _) => drop(self.step(Event::Unreachable(busy))),
            (time, _) => self.now += Duration::from_millis(time.strip_prefix('+').unwrap().parse().unwrap()),
        }
    }

    fn turn(&mut self, expected: Option<RequestKind>) {
        let action = self.step(Event::Turn);
        let sent = match action {
            Action::Send(request) => {
                self.requests.push(request.clone());
                Some(request.kind)
            }
            _ => None,
        };
        if sent != expected {
            self.surprises.push(format!("sent {sent:?}, not {expected:?}"));
        }
    }

    fn answer(&mut self, answer: Result<Answer, Setback>) {
        self.step(Event::Answered(answer));
    }

    fn sight(&mut self, sighting: Sighting<'_>) {
        self.step(Event::Sighted { sighting, since: self.now });
    }

    fn step(&mut self, event: Event<'_>) -> Action {
        let from = self.removal.phase();
        let action = self.removal.step(event, Moment { now: self.now, jitter: Jitter::NONE });
        let to = self.removal.phase();
        if from != to {
            self.edges.insert((from, to));
        }
        action
    }
}

#[test]
fn every_script_ends_as_it_should() {
    let mut wrong = Vec::new();
    for (name, situation, script, outcome) in CASES {
        let walk = Walk::run(situation, script);
        let ended = walk.removal.outcome().map(ToString::to_string);
        if ended.as_deref() != Some(*outcome) || !walk.surprises.is_empty() {
            wrong.push(format!("{name}: {script}\n  {:?} {ended:?}, not {outcome}", walk.surprises));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_scripts_walk_every_edge_of_the_picture_and_no_other() {
    let walked: BTreeSet<_> =
        CASES.iter().flat_map(|(_, situation, script, _)| Walk::run(situation, script).edges).collect();
    let walked: BTreeSet<_> = walked.iter().map(|(from, to)| (from.to_string(), to.to_string())).collect();
    let picture = include_str!("../removal.rs").lines().filter_map(|line| {
        let (from, rest) = line.strip_prefix("//!  ")?.split_once("─▶")?;
        let to = rest.split_whitespace().next()?;
        (rest.matches("─▶").count() == 0).then(|| (from.trim().to_owned(), to.to_owned()))
    });
    assert_eq!(walked, picture.collect());
}

#[test]
fn nothing_is_sent_after_an_outcome() {
    for (name, situation, script, _) in CASES {
        let mut walk = Walk::run(situation, script);
        assert_eq!(walk.step(Event::Turn), Action::Done, "{name}");
        walk.word("absent");
        walk.word("unreachable");
        walk.word("interrupt");
        assert_eq!(walk.edges.iter().filter(|edge| edge.0 == Phase::Done).count(), 0, "{name}");
    }
}

#[test]
fn an_answer_is_awaited_as_long_as_the_server_may_take_but_not_beyond_the_deadline() {
    let walk = Walk::run("never", "delete lost +60000 present get shell delete");
    let patience: Vec<_> = walk.requests.iter().map(|request| request.patience.as_secs()).collect();
    assert_eq!(patience, [70, 60, 60]);
}

#[test]
fn the_fault_of_a_session_that_was_gone_is_kept() {
    let walk = Walk::run("never", "delete fault:2150858843 absent");
    assert_eq!(walk.removal.fault_code(), Some(FaultCode(2_150_858_843)));
}

#[test]
fn signals_are_counted() {
    let walk = Walk::run("", "list commands:3 signal ok signal fault:2150858843 signal ok delete ok absent");
    assert_eq!(walk.removal.signals(), 2);
}
