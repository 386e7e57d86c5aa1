//! The removals of one host, turn by turn.

mod relist;

use super::super::event::RequestKind;
use super::super::policy::SignalMode;
use super::super::retry::Jitter;
use super::super::testing::{fault, session, shell, some_instant, visibility};
use super::*;
use crate::session::LoginAccount;
use std::time::{Duration, SystemTime};

struct Fixture {
    host: HostRun,
    now: Instant,
}

impl Fixture {
    fn new(ids: &[&str], proven: bool) -> Self {
        let policy = Arc::new(Policy::default().with_signal(SignalMode::Never));
        let now = some_instant();
        let sessions = ids.iter().enumerate().map(|(position, id)| (session("web01.lab", id), position));
        let listing = listing(ids);
        let at = Tick { now, jitter: Jitter::NONE };
        let shown = HostShown { listing: proven.then_some((Ok(&listing), now)), got: Vec::new() };
        Self { host: HostRun::new(sessions, visibility(), shown, policy, at), now }
    }

    fn at(&self) -> Tick {
        Tick { now: self.now, jitter: Jitter::NONE }
    }

    /// The next job in words.
    fn job(&mut self) -> String {
        match self.host.next_job(self.at()) {
            None => "nothing".to_owned(),
            Some(Job::List) => "list".to_owned(),
            Some(Job::Identify) => "identify".to_owned(),
            Some(Job::Ask { slot, request }) => match request.kind {
                RequestKind::Get => format!("get {slot}"),
                RequestKind::Delete { generic: false } => format!("delete {slot}"),
                other => format!("{other:?}"),
            },
        }
    }

    fn done(&mut self, slot: usize) {
        self.host.answered(slot, Ok(Answer::Done), self.at());
    }

    fn listed(&mut self, ids: &[&str]) {
        self.host.listed(Ok(&listing(ids)), self.at());
    }
}

fn listing(ids: &[&str]) -> Listing {
    Listing { shells: ids.iter().map(|id| shell(id).into()).collect(), gaps: Vec::new() }
}

#[test]
fn a_listing_that_was_taken_before_says_which_remembered_sessions_are_gone_or_changed() {
    let now = some_instant();
    let at = Tick { now, jitter: Jitter::NONE };
    let mut changed = session("web01.lab", "B");
    changed.shell_mut().owner = Some("somebody else".into());
    let sessions = [session("web01.lab", "A"), changed, session("web01.lab", "C")];
    let listing = listing(&["a", "b"]);
    let policy = Arc::new(Policy::default().with_signal(SignalMode::Never));
    let shown = HostShown { listing: Some((Ok(&listing), now)), got: Vec::new() };
    let host = HostRun::new((0..).zip(sessions).map(|(n, s)| (s, n)), visibility(), shown, policy, at);
    let mut fixture = Fixture { host, now };
    let ended = fixture.host.take_finished(now);
    let ended: Vec<_> = ended.iter().map(|record| record.outcome.to_string()).collect();
    assert_eq!(ended, ["Failed(identity changed)", "AlreadyGone"]);
    assert_eq!([fixture.job(), fixture.job()], ["delete 0", "nothing"]);
}

#[test]
fn one_listing_verifies_all_deletes_once_none_is_outstanding() {
    let mut fixture = Fixture::new(&["A", "B"], true);
    assert_eq!([fixture.job(), fixture.job(), fixture.job()], ["delete 0", "delete 1", "nothing"]);
    fixture.done(0);
    assert_eq!(fixture.job(), "nothing");
    fixture.done(1);
    assert_eq!([fixture.job(), fixture.job()], ["list", "nothing"]);
    fixture.listed(&[]);
    assert!(fixture.host.is_done());
    assert_eq!(fixture.host.take_finished(fixture.now).len(), 2);
    assert_eq!(fixture.host.take_finished(fixture.now).len(), 0);
}

#[test]
fn a_stuck_delete_no_longer_holds_up_the_listing() {
    let mut fixture = Fixture::new(&["A", "B"], true);
    assert_eq!([fixture.job(), fixture.job()], ["delete 0", "delete 1"]);
    fixture.done(1);
    assert_eq!(fixture.job(), "nothing");
    assert!(!fixture.host.is_stuck(fixture.now));
    assert_eq!(fixture.host.wake_at(fixture.now), Some(fixture.now + Duration::from_secs(5)));
    fixture.now += Duration::from_secs(5);
    assert!(fixture.host.is_stuck(fixture.now) && fixture.host.jobs(fixture.now, 8) == 1);
    assert_eq!(fixture.job(), "list");
}

#[test]
fn sessions_that_no_listing_vouches_for_are_listed_once_and_then_deleted() {
    let mut fixture = Fixture::new(&["A", "B"], false);
    assert_eq!([fixture.job(), fixture.job()], ["list", "nothing"]);
    fixture.listed(&["a"]);
    assert_eq!([fixture.job(), fixture.job()], ["delete 0", "nothing"]);
}

#[test]
fn a_listing_that_fails_twice_leaves_the_check_to_gets() {
    let mut fixture = Fixture::new(&["A", "B"], false);
    for _ in 0..2 {
        assert_eq!(fixture.job(), "list");
        fixture.host.listed(Err(RequestError::NoAnswer("broken pipe".to_owned())), fixture.at());
    }
    assert_eq!([fixture.job(), fixture.job()], ["get 0", "get 1"]);
}

fn identity(product_version: &str) -> Identity {
    let product_version = Some(product_version.to_owned());
    Identity { protocol_version: String::new(), product_vendor: None, product_version }
}

#[test]
fn a_host_that_has_shown_no_shell_is_asked_once_what_it_is() {
    for (version, outcome) in
        [("OS: 10.0.20348 SP: 0.0 Stack: 3.0", "AlreadyGone"), ("1.9.1-0", CANNOT_PROVE)]
    {
        let mut fixture = Fixture::new(&["A", "B"], false);
        assert_eq!(fixture.job(), "list");
        fixture.listed(&[]);
        assert_eq!([fixture.job(), fixture.job()], ["identify", "nothing"]);
        fixture.host.identified(Err(RequestError::NoAnswer("broken pipe".to_owned())), fixture.at());
        assert_eq!([fixture.job(), fixture.job()], ["identify", "nothing"]);
        fixture.host.identified(Ok(&identity(version)), fixture.at());
        let ended = fixture.host.take_finished(fixture.now);
        let ended: Vec<_> = ended.iter().map(|record| record.outcome.to_string()).collect();
        assert_eq!(ended, [outcome; 2], "{version}");
    }
}

const CANNOT_PROVE: &str = "Unknown(this server cannot prove it)";

#[test]
fn a_host_that_does_not_say_what_it_is_is_not_asked_without_end() {
    let mut fixture = Fixture::new(&["A"], false);
    assert_eq!(fixture.job(), "list");
    fixture.listed(&[]);
    for _ in 0..2 {
        assert_eq!(fixture.job(), "identify");
        fixture.host.identified(Err(RequestError::NoAnswer("broken pipe".to_owned())), fixture.at());
    }
    assert!(fixture.host.is_done());
    let ended = fixture.host.take_finished(fixture.now).remove(0).outcome.to_string();
    assert_eq!(ended, "Unknown(cannot verify: broken pipe)");
}

#[test]
fn a_shell_of_the_cim_schema_says_that_this_is_not_windows() {
    let mut fixture = Fixture::new(&["A", "B"], false);
    assert_eq!(fixture.job(), "list");
    let mut listing = listing(&["A"]);
    Arc::make_mut(&mut listing.shells[0]).schema = ShellSchema::Cim;
    fixture.host.listed(Ok(&listing), fixture.at());
    let ended = fixture.host.take_finished(fixture.now).remove(0).outcome.to_string();
    assert_eq!((ended.as_str(), fixture.job().as_str()), (CANNOT_PROVE, "Delete { generic: true }"));
}

#[test]
fn a_denied_listing_is_not_tried_again_and_gets_take_its_place() {
    let denied = || RequestError::Fault(fault(5));
    for listed_before in [true, false] {
        let mut fixture = Fixture::new(&["A"], false);
        if listed_before {
            let shown = HostShown { listing: Some((Err(denied()), fixture.now)), got: Vec::new() };
            let policy = Arc::new(Policy::default().with_signal(SignalMode::Never));
            let sessions = [(session("web01.lab", "A"), 0)];
            fixture.host = HostRun::new(sessions, visibility(), shown, policy, fixture.at());
        } else {
            assert_eq!(fixture.job(), "list");
            fixture.host.listed(Err(denied()), fixture.at());
        }
        assert_eq!([fixture.job(), fixture.job()], ["get 0", "nothing"]);
        fixture.host.answered(0, Ok(Answer::Shell(Box::new(shell("A")))), fixture.at());
        assert_eq!([fixture.job(), fixture.job()], ["delete 0", "nothing"]);
        fixture.done(0);
        fixture.host.tick(fixture.at());
        assert_eq!([fixture.job(), fixture.job()], ["get 0", "nothing"]);
        fixture.host.answered(0, Err(RequestError::Fault(fault(2_150_858_843))), fixture.at());
        let ended = fixture.host.take_finished(fixture.now).remove(0).outcome;
        assert_eq!(ended, Outcome::Closed);
    }
}

#[test]
fn a_shell_that_was_got_before_vouches_for_its_session() {
    let (now, shell) = (some_instant(), shell("A"));
    let at = Tick { now, jitter: Jitter::NONE };
    let shown =
        HostShown { listing: Some((Err(RequestError::Fault(fault(5))), now)), got: vec![(&shell, now)] };
    let policy = Arc::new(Policy::default().with_signal(SignalMode::Never));
    let host = HostRun::new([(session("web01.lab", "A"), 0)], visibility(), shown, policy, at);
    assert_eq!(Fixture { host, now }.job(), "delete 0");
}

#[test]
fn what_the_server_says_of_itself_and_what_it_lists_decide_which_absence_is_a_proof() {
    let of = |owner: &str, shell: Shell| Shell { owner: Some(owner.into()), ..shell };
    let ended = |login: &str, names: Option<&ServerNames>, owners: &[&str]| {
        let now = some_instant();
        let at = Tick { now, jitter: Jitter::NONE };
        let mut absent = session("web01.lab", "A");
        absent.shell_mut().owner = Some(r"LAB\svc".into());
        absent.seen_by = r"LAB\other".into();
        let visibility = Visibility::new(LoginAccount::new(login), SystemTime::UNIX_EPOCH);
        let mut host =
            HostRun::new([(absent, 0)], visibility, HostShown::default(), Arc::new(Policy::default()), at);
        windows(&mut host, at);
        names.iter().for_each(|names| host.name_server(names));
        assert_eq!(host.next_job(at), Some(Job::List));
        let shells = owners.iter().map(|owner| of(owner, shell(owner)).into()).collect();
        host.listed(Ok(&Listing { shells, gaps: Vec::new() }), at);
        let records = host.take_finished(now);
        records.first().map_or_else(|| "asked for".to_owned(), |record| record.outcome.to_string())
    };
    let names = ServerNames {
        netbios_domain: "LAB".to_owned(),
        netbios_computer: "WEB01".to_owned(),
        dns_domain: "lab.example".to_owned(),
        realm: String::new(),
    };
    for (login, names, owners, expected) in [
        (r"LAB\svc", None, &[][..], "AlreadyGone"),
        ("svc", None, &[], "asked for"),
        ("svc", Some(&names), &[], "asked for"),
        (r".\svc", Some(&names), &[], "asked for"),
        (r"lab.example\svc", None, &[], "asked for"),
        (r"lab.example\svc", Some(&names), &[], "AlreadyGone"),
        ("john.doe@lab.example", Some(&names), &[r"LAB\jdoe"], "asked for"),
        ("john.doe@lab.example", Some(&names), &[r"LAB\jdoe", r"LAB\boss"], "AlreadyGone"),
        (r"WEB01\svc", None, &[r"LAB\svc"], "asked for"),
        (r"WEB01\svc", Some(&names), &[r"LAB\svc"], "AlreadyGone"),
    ] {
        assert_eq!(ended(login, names, owners), expected, "{login} {names:?} {owners:?}");
    }
}

/// It has said that it is Windows.
fn windows(host: &mut HostRun, at: Tick) {
    host.identified(Ok(&identity("OS: 10.0.20348 SP: 0.0 Stack: 3.0")), at);
}
