//! Scripts of events and expected requests, one line per case.
//!
//! Words that give a turn and say what must be sent: `get list signal delete delete!` (generic) and `idle` (nothing).
//! Answers: `shell other commands:N stateless` (one command of no state) `ok fault:CODE lost 503 404 unsent badcred`.
//! Listings that begin now: `present other-listed absent absent-others partial denied unlisted unlisted!` (definitely). What
//! the server is: `identify` (it is asked), then `windows omi unidentified`. It is Windows from the begin, unless the
//! situation says `somewhere` (not known) or `elsewhere` (another, whose shells are of the CIM schema). `+500` lets
//! milliseconds pass, and `tick interrupt deadline stop unreachable` do as they say.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::event::{Answer, ListingEvidence, Request, RequestKind};
use super::super::policy::SignalMode;
use super::super::retry::Jitter;
use super::super::testing::{fault, session, shell, some_instant, visibility};
use super::*;
use crate::wsman::{Command, Shell, ShellSchema};

/// (what happens, the situation, the script, the outcome)
type Case = (&'static str, &'static str, &'static str, &'static str);

const GONE: &str = "fault:2150858843";

const QUOTA: &str = "fault:2150859174";
const DENIED: &str = "Failed(access denied: no (WSManFault 5, 0x00000005))";
const CANNOT_LIST: &str = "Unknown(cannot verify: no (WSManFault 5, 0x00000005))";

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
    ("a new listing that proves nothing, and then no answer", "old stranger never",
        "absent get fault:2150858771 unlisted", r"Unknown(not visible to LAB\ada)"),
    ("a get that finds nothing is verified", "old", "get GONE absent", "AlreadyGone"),
    ("a get that finds nothing cannot be trusted alone", "old never",
        "get GONE present +4000 present get shell delete ok absent", "Closed"),
    ("a server that cannot get is listed instead", "old never",
        "get fault:2150858771 present delete ok absent", "Closed"),
    ("a server that cannot get and lists another shell", "old",
        "get fault:2150858771 other-listed", "Failed(identity changed)"),
    ("a server that cannot get and does not list it", "old", "get fault:2150858771 absent", "AlreadyGone"),
    ("a server that can neither get nor be listed", "old",
        "get fault:2150858771 unlisted", "Failed(broken pipe)"),
    ("a get that is lost is asked again", "old never", "get lost idle +250 get shell delete ok absent", "Closed"),
    ("a get that is lost four times leaves it to a listing", "old never",
        "get lost +250 get lost +500 get lost +1000 get lost present delete ok absent", "Closed"),
    ("a get that is lost four times, and no listing", "old",
        "get lost +250 get lost +500 get lost +1000 get lost unlisted", "Failed(broken pipe)"),
    ("a listing for others lacks it while its get waits", "old", "get lost absent", "AlreadyGone"),
    ("a listing for others lacks it while its get is out, and then no answer", "old",
        "get absent fault:2150858771 unlisted", r"Unknown(not visible to LAB\ada)"),
    ("a listing for others lacks it while its delete waits, and then no answer", "never",
        "delete unsent absent +250 delete unsent +500 delete unsent +1000 delete unsent", r"Unknown(not visible to LAB\ada)"),
    ("a denied get of what is listed", "old never", "get fault:5 present delete fault:5 present", DENIED),
    ("a denied get of what is gone", "old", "get fault:5 absent", "AlreadyGone"),
    ("a denied get, and a denied listing", "old", "get fault:5 denied", DENIED),
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
    ("aborted on delete may be our doing", "never", "delete fault:995 absent", "Closed"),
    ("gone to the own resource but listed goes generic", "never",
        "delete GONE present get shell delete! ok absent", "Closed"),
    ("gone to the own resource and to a get", "never", "delete GONE present get GONE absent", "AlreadyGone"),
    ("a refused resource goes generic at once", "never", "delete fault:2150858811 delete! ok absent", "Closed"),
    ("a disconnected fault goes generic at once", "never", "delete fault:2150859204 delete! ok absent", "Closed"),
    ("not found goes generic, then it is gone", "never",
        "delete fault:2150858752 delete! fault:2150858752 absent", "Closed"),
    ("refused both ways", "never", "delete fault:2150858811 delete! fault:2150858811 present",
        "Failed(no (WSManFault 2150858811, 0x8033803B))"),
    ("a lost reply is verified", "never", "delete lost absent", "Closed"),
    ("a timeout fault is verified", "never", "delete fault:2150858793 present +500 absent", "Closed"),
    ("an unknown fault is verified", "never", "delete fault:2150858755 absent", "Closed"),
    ("a denied delete", "never", "delete fault:5 present", DENIED),
    ("a delete that was carried out and denied", "never", "delete fault:5 absent", "Closed"),
    ("a delete that was carried out and answered 404", "never", "delete 404 absent", "Closed"),
    ("a delete that was carried out and then turned away each time", "never",
        "delete 503 +250 delete 503 +500 delete 503 +1000 delete 503 absent", "Closed"),
    ("a delete that was carried out and answered by a quota each time", "never",
        "delete QUOTA +250 delete QUOTA +500 delete QUOTA +1000 delete QUOTA absent", "Closed"),
    ("a delete that was carried out and turned away once", "never", "delete 503 +250 delete GONE absent", "Closed"),
    ("a denied delete of what may be gone", "never", "delete fault:5 partial +500 present", DENIED),
    ("a denied delete, and no listing", "never", "delete fault:5 unlisted!", "Unknown(cannot verify: HTTP 404)"),
    ("a delete that is turned away is repeated", "never", "delete 503 idle +250 delete ok absent", "Closed"),
    ("an operation quota is waited out", "never", "delete QUOTA idle +250 delete ok absent", "Closed"),
    ("a quota that stays", "never",
        "delete QUOTA +250 delete QUOTA +500 delete QUOTA +1000 delete QUOTA present",
        "Failed(no (WSManFault 2150859174, 0x803381A6))"),
    ("a server that stays busy", "never",
        "delete 503 +250 delete 503 +500 delete 503 +1000 delete 503 present", "Failed(HTTP 503)"),
    ("a wait that would outlast the deadline is not waited", "never",
        "delete 503 +119900 get shell delete 503 present", "Failed(HTTP 503)"),
    ("no connection four times", "never",
        "delete unsent +250 delete unsent +500 delete unsent +1000 delete unsent", "Failed(connection refused)"),
    ("no connection after a delete that was turned away", "never",
        "delete 503 +250 delete unsent +500 delete unsent +1000 delete unsent absent", "Closed"),
    ("a server that is none", "never", "delete 404 present", "Failed(HTTP 404)"),
    ("a delete that finds no connection four times, with a get between", "never",
        "+9900 delete unsent +250 get shell delete unsent +500 delete unsent +1000 delete unsent",
        "Failed(connection refused)"),
    ("a repeated delete of a grown-old listing", "never", "+9900 delete 503 +250 get shell delete ok absent", "Closed"),
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
    ("no proof for a stranger", "stranger old never", "get GONE absent", r"Unknown(not visible to LAB\ada)"),
    ("who has seen it would see it", "stranger old never", "get shell delete lost absent", "Closed"),
    ("other owners' shells prove visibility", "stranger old never", "get GONE absent-others", "AlreadyGone"),
    ("an incomplete listing proves nothing", "never",
        "delete ok partial +120000 partial tick", "Unknown(listing incomplete)"),
    ("an incomplete listing is asked again", "never", "delete ok partial +500 absent", "Closed"),
    ("a listing that fails is asked again", "never", "delete ok unlisted +500 absent", "Closed"),
    ("a listing that fails until the end", "never",
        "delete ok unlisted +120000 tick", "Unknown(cannot verify: broken pipe)"),
    ("a listing that is refused for good", "never", "delete ok unlisted!", "Unknown(cannot verify: HTTP 404)"),
    ("where listing is denied a get proves a delete that was answered 200", "old never",
        "get shell delete ok denied get GONE", "Closed"),
    ("a get proves no other delete", "old never", "get shell delete lost denied get GONE", CANNOT_LIST),
    ("a get proves no delete that was refused", "old never", "get shell delete 404 denied get GONE", CANNOT_LIST),
    ("nor one that found nothing", "old never", "get shell delete GONE denied get GONE", CANNOT_LIST),
    ("a get shows that a denied delete did nothing", "old never", "get shell delete fault:5 denied get shell", DENIED),
    ("a get shows that a delete did nothing, and it is sent again", "old never",
        "get shell delete ok denied get shell idle +4000 denied get shell get shell delete ok denied get GONE", "Closed"),
    ("a get that is lost is asked again as a listing is", "old never",
        "get shell delete ok denied get lost idle +500 denied get GONE", "Closed"),
    ("a get that says nothing after a denied listing", "old never", "get shell delete ok denied get 404", CANNOT_LIST),
    ("a get that never answers", "old never", "get shell delete ok denied get +120000 tick", "Unknown(not \
        verified in time)"),
    ("a get of a stranger that finds nothing, and no listing", "stranger old never",
        "get GONE denied", r"Unknown(not visible to LAB\ada)"),
    ("a get that finds nothing, and no listing", "old never", "get GONE denied", CANNOT_LIST),
    ("only Windows proves absence", "somewhere never", "delete ok absent identify omi", "Unknown(this server \
        cannot prove it)"),
    ("a server that says it is Windows", "somewhere never", "delete ok absent identify windows", "Closed"),
    ("a remembered session that Windows lacks", "somewhere old", "absent identify windows", "AlreadyGone"),
    ("a remembered session that another server lacks", "somewhere old",
        "absent identify omi", "Unknown(this server cannot prove it)"),
    ("a server that is known not to be Windows is not asked what it is", "somewhere old never",
        "omi get shell delete ok absent", "Unknown(this server cannot prove it)"),
    ("a server that does not say what it is", "somewhere never",
        "delete ok absent identify unidentified", "Unknown(cannot verify: HTTP 404)"),
    ("a server that never says what it is", "somewhere never",
        "delete ok absent identify +120000 tick", "Unknown(not verified in time)"),
    ("a shell of another server is deleted through the generic resource", "elsewhere never",
        "delete! ok present +500 absent", "Unknown(this server cannot prove it)"),
    ("a shell of another server is not deleted twice at once", "elsewhere never",
        "delete! fault:2150858811 present", "Failed(no (WSManFault 2150858811, 0x8033803B))"),
    ("a command of another server is signalled only if it is reported to run", "elsewhere knows",
        "list commands:1 signal ok delete! ok present +500 absent", "Unknown(this server cannot prove it)"),
    ("a command of another server in no state is left alone", "elsewhere knows",
        "list stateless delete! ok present +500 absent", "Unknown(this server cannot prove it)"),
    ("no listing in time", "never", "delete ok +120000 tick", "Unknown(not verified in time)"),
    ("no delete in time", "", "list +120000 tick", "Failed(the Delete was not sent in time)"),
    ("no answer in time", "never", "delete +120000 tick", "Unknown(not verified in time)"),
    ("a refused credential", "old", "get badcred", "NotStarted(credential refused)"),
    ("a credential that is refused to the delete", "never", "delete badcred unreachable",
        "Unknown(cannot verify: connection refused)"),
    ("a credential that is refused to the delete, and not to a listing", "never", "delete badcred present",
        "Failed(wrong password)"),
    ("a logon failure as the delete's answer", "never", "delete fault:1326 present",
        "Failed(no (WSManFault 1326, 0x0000052E))"),
    ("a refused credential while signalling", "", "list badcred", "NotStarted(credential refused)"),
    ("unreachable before anything", "", "unreachable", "Failed(connection refused)"),
    ("unreachable after the delete", "never", "delete ok unreachable",
        "Unknown(cannot verify: connection refused)"),
    ("unreachable while signalling", "", "list unreachable", "Failed(connection refused)"),
    ("unreachable before any delete could be sent", "never", "delete unsent unreachable", "Failed(connection refused)"),
    ("unreachable while deleting again", "never", "delete 503 unreachable",
        "Unknown(cannot verify: connection refused)"),
    ("interrupted before anything", "", "interrupt", "NotStarted(interrupted)"),
    ("interrupted while checking", "old", "get interrupt shell", "NotStarted(interrupted)"),
    ("interrupted while signalling", "", "list interrupt commands:1", "NotStarted(interrupted)"),
    ("interrupted before a first delete", "never", "delete unsent interrupt", "NotStarted(interrupted)"),
    ("interrupted before a repetition, and there", "never", "delete 503 interrupt present", "NotStarted(interrupted)"),
    ("interrupted before a repetition, and gone", "never", "delete 503 interrupt absent", "Closed"),
    ("interrupted with a delete out that finds no connection", "never", "delete interrupt unsent", "NotStarted(interrupted)"),
    ("interrupted with a delete out that is turned away", "never", "delete interrupt 503 absent", "Closed"),
    ("interrupted with a delete out", "never", "delete interrupt ok absent", "Closed"),
    ("interrupted and unproved", "never", "delete interrupt ok present +10000 tick",
        "Unknown(interrupted before it was verified)"),
    ("interrupted with a delete that never answers", "never", "delete interrupt +10000 tick",
        "Unknown(interrupted before it was verified)"),
    ("interrupted before deleting again", "never", "delete ok +4000 present interrupt absent", "Closed"),
    ("interrupted with the get before deleting again", "never", "delete ok +4000 present get interrupt shell absent", "Closed"),
    ("gone, doubted, and interrupted", "never", "delete GONE present interrupt absent", "AlreadyGone"),
    ("the run's deadline", "", "deadline", "NotStarted(deadline)"),
    ("interrupted with a delete out that is denied", "never", "delete interrupt fault:5 present", DENIED),
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
            planned.shell_mut().owner = Some(r"LAB\grace".into());
            planned.seen_by = r"LAB\grace".into();
        }
        if has("knows") {
            planned.commands = Some(vec![CommandId::from_server("C")]);
        }
        let mode = if has("never") { SignalMode::Never } else { SignalMode::Auto };
        let policy = Arc::new(Policy::default().with_signal(mode));
        let now = some_instant();
        let proven_at = (!has("old")).then_some(now);
        if has("elsewhere") {
            planned.shell_mut().schema = ShellSchema::Cim;
        }
        let removal = Removal::new(planned, Arc::new(visibility()), proven_at, policy);
        let mut walk =
            Self { removal, now, edges: BTreeSet::new(), requests: Vec::new(), surprises: Vec::new() };
        if !has("somewhere") {
            walk.word(if has("elsewhere") { "omi" } else { "windows" });
        }
        walk
    }

    fn run(situation: &str, script: &str) -> Self {
        let mut walk = Self::new(situation);
        for word in script.split_whitespace() {
            walk.word(match word {
                "GONE" => GONE,
                "QUOTA" => QUOTA,
                word => word,
            });
        }
        walk
    }

    fn word(&mut self, word: &str) {
        let known = &self.removal.session.shell;
        let planned = Shell { owner: known.owner.clone(), schema: known.schema, ..shell("a") };
        let other = Shell { client_ip: Some("203.0.113.9".into()), ..planned.clone() };
        let text = |text: &str| text.to_owned();
        let unsent = RequestError::NotSent(text("connection refused"));
        let denied = RequestError::Fault(fault(5));
        let absent = |complete, shows_others| ListingEvidence::Absent { complete, shows_others };
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
            ("stateless", _) => {
                let (command_id, command_line) = (CommandId::from_server("C"), String::new());
                self.answer(Ok(Answer::Commands(vec![Command { command_id, command_line, state: None }])));
            }
            ("identify", _) => {
                if self.removal.wanted() != Action::Identify {
                    self.surprises.push(format!("wants {:?}", self.removal.wanted()));
                }
            }
            ("windows", _) => drop(self.step(Event::Identified(Ok(ServerKind::Windows)))),
            ("omi", _) => drop(self.step(Event::Identified(Ok(ServerKind::Other)))),
            ("unidentified", _) => {
                drop(self.step(Event::Identified(Err(RequestError::Refused(text("HTTP 404"))))));
            }
            ("ok", _) => self.answer(Ok(Answer::Done)),
            ("fault", code) => self.answer(Err(RequestError::Fault(fault(code.parse().unwrap())))),
            ("lost", _) => self.answer(Err(RequestError::NoAnswer(text("broken pipe")))),
            ("503", _) => {
                self.answer(Err(RequestError::TurnedAway { text: text("HTTP 503"), retry_after: None }));
            }
            ("404", _) => self.answer(Err(RequestError::Refused(text("HTTP 404")))),
            ("unsent", _) => self.answer(Err(unsent)),
            ("badcred", _) => self.answer(Err(RequestError::CredentialRefused(text("wrong password")))),
            ("present", _) => self.sight(ListingEvidence::Present(&planned)),
            ("other-listed", _) => self.sight(ListingEvidence::Present(&other)),
            ("absent", _) => self.sight(absent(true, false)),
            ("absent-others", _) => self.sight(absent(true, true)),
            ("partial", _) => self.sight(absent(false, false)),
            ("denied", _) => self.sight(ListingEvidence::Failed(denied)),
            ("unlisted", _) => {
                self.sight(ListingEvidence::Failed(RequestError::NoAnswer(text("broken pipe"))))
            }
            ("unlisted!", _) => self.sight(ListingEvidence::Failed(RequestError::Refused(text("HTTP 404")))),
            ("tick", _) => drop(self.step(Event::DeadlineCheck)),
            ("interrupt", _) => {
                self.step(Event::Halted { reason: NotStarted::Interrupted, until });
            }
            ("deadline", _) => {
                self.step(Event::Halted { reason: NotStarted::Deadline, until });
            }
            ("stop", _) => {
                self.step(Event::Halted { reason: NotStarted::Stopped, until: None });
            }
            ("unreachable", _) => drop(self.step(Event::Unreachable(unsent))),
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

    fn answer(&mut self, answer: Result<Answer, RequestError>) {
        self.step(Event::Answered(answer));
    }

    fn sight(&mut self, evidence: ListingEvidence<'_>) {
        self.step(Event::Sighted { evidence, since: self.now });
    }

    fn step(&mut self, event: Event<'_>) -> Action {
        let from = self.removal.phase();
        let action = self.removal.step(event, Tick { now: self.now, jitter: Jitter::NONE });
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
