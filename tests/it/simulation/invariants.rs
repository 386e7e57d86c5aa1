//! What must always hold, compared with what both sides did:
//! 1. the plan is what runs;
//! 2. never Closed unless it is gone, never Failed unless it is there;
//! 3. closing needs no free shell;
//! 5. closing twice is safe, and the outcome says whose Delete it was;
//! 6. one session never stops the others;
//! 7. the right session: each Delete follows a look that is young enough.

use std::time::{Duration, SystemTime};

use pssession::session::SessionDescriptor;
use pssession::simulator::{OperationKind, SimulatedShell};
use pssession::teardown::{Failure, IDENTITY_MAX_AGE, INTERRUPT_GRACE, MAX_RESENDS, Outcome, Record};

use super::Played;
use super::fault::NO_SUCH_SHELL;
use super::trace::{Answer, Mark, Step};

/// A session of the plan, and the host that it is on.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) host: usize,
    pub(super) session: SessionDescriptor,
    pub(super) declined: bool,
}

/// Timers end on whole milliseconds.
const TICK: Duration = Duration::from_millis(5);
/// Even at the deadline an answer gets a moment to arrive.
const MOMENT: Duration = Duration::from_secs(1);
/// More requests than these are a storm: each session may look every five seconds until its deadline.
const REQUESTS_PER_HOST: usize = 40;
const REQUESTS_PER_SESSION: usize = 60;

impl Target {
    fn id(&self) -> &str {
        self.session.shell.shell_id.as_str()
    }
}

impl Played {
    /// Every promise that this run has broken.
    pub(super) fn violations(&self) -> Vec<String> {
        let mut found = self.trace.violations.clone();
        let mut check = |broken: Vec<String>| found.extend(broken);
        check(self.only_what_is_planned());
        check(self.nothing_new_after_the_end());
        check(self.bounded());
        check(self.one_record_each());
        for (target, record, finished) in self.reported() {
            let broken = [
                self.deleted_as_another(target, record),
                self.unproved(target, record, finished),
                self.outcome_belies(target, record, finished),
                self.hindered(target, record),
                self.overdue(record),
                self.insists(target),
            ];
            let name = |broken| format!("host {} {} {}: {broken}", target.host, target.id(), record.outcome);
            check(broken.into_iter().flatten().map(name).collect());
        }
        found
    }

    fn reported(&self) -> impl Iterator<Item = (&Target, &Record, Mark)> {
        self.records.iter().filter_map(|(record, mark)| {
            let target = self.targets.get(record.position)?;
            Some((target, record, *mark))
        })
    }

    fn about<'a>(&'a self, target: &'a Target) -> impl Iterator<Item = &'a Step> {
        self.trace.steps.iter().filter(|step| step.is_about(target.host, target.id()))
    }

    fn deletes<'a>(&'a self, target: &'a Target) -> impl Iterator<Item = &'a Step> {
        self.about(target).filter(|step| step.kind == OperationKind::Delete)
    }

    fn listings(&self, host: usize) -> impl Iterator<Item = &Step> {
        let steps = self.trace.steps.iter();
        steps.filter(move |step| step.kind == OperationKind::Enumerate && step.host == host)
    }

    /// (1) Nothing outside the plan is touched; (3) nothing is asked that needs a slot. The worlds' own logs say so.
    fn only_what_is_planned(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for (host, log) in self.logs.iter().enumerate() {
            for entry in log {
                let planned = |target: &Target| {
                    target.host == host
                        && !target.declined
                        && entry.shell_id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(target.id()))
                };
                match entry.kind {
                    OperationKind::Enumerate
                    | OperationKind::Pull
                    | OperationKind::Release
                    | OperationKind::Identify => {}
                    OperationKind::EnumerateCommands | OperationKind::Get if entry.shell_id.is_some() => {}
                    OperationKind::Signal | OperationKind::Delete if self.targets.iter().any(planned) => {}
                    kind => broken.push(format!("host {host}: {kind:?} {:?} (1, 3)", entry.shell_id)),
                }
            }
        }
        broken
    }

    /// After an interruption or the run's deadline nothing is begun, and the end comes within the grace period.
    fn nothing_new_after_the_end(&self) -> Vec<String> {
        let deadline = self.run_deadline.map(|limit| self.started + limit);
        let Some(halted) = self.interrupted.into_iter().chain(deadline).min() else {
            return Vec::new();
        };
        let acts = |kind| matches!(kind, OperationKind::Delete | OperationKind::Signal);
        let late = self.trace.steps.iter().filter(|step| acts(step.kind) && step.sent.at > halted + TICK);
        let mut broken: Vec<_> = late
            .map(|step| format!("host {}: {:?} {:?} after the end", step.host, step.kind, step.shell_id))
            .collect();
        if self.ended > halted.max(self.ran) + INTERRUPT_GRACE + TICK {
            broken.push(format!("the run ends at {:?}, halted at {halted:?}", self.ended));
        }
        broken
    }

    /// No storms, no endless runs.
    fn bounded(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let mut limit = self.ran + Duration::from_secs(60);
        for (host, log) in self.logs.iter().enumerate() {
            let sessions = self.targets.iter().filter(|target| target.host == host).count();
            let most = REQUESTS_PER_HOST + REQUESTS_PER_SESSION * sessions;
            if log.len() > most {
                broken.push(format!("host {host}: {} requests for {sessions} sessions", log.len()));
            }
            limit += (self.session_deadline + Duration::from_secs(30)) * u32::try_from(sessions).unwrap();
        }
        if self.ended > limit {
            broken.push(format!("the run ends at {:?}, and should by {limit:?}", self.ended));
        }
        broken
    }

    fn one_record_each(&self) -> Vec<String> {
        let mut reported: Vec<_> = self.records.iter().map(|(record, _)| record.position).collect();
        reported.sort_unstable();
        let ids = self.records.iter().map(|(record, _)| (record.position, &record.session.shell.shell_id));
        let strangers = ids.filter(|(position, id)| {
            self.targets.get(*position).is_none_or(|target| target.session.shell.shell_id != **id)
        });
        let mut broken: Vec<_> = strangers.map(|(at, id)| format!("record {at} is of {id}")).collect();
        let each_once: Vec<_> = (0..self.targets.len()).collect();
        if reported != each_once || self.reported != each_once {
            broken.push(format!(
                "{} sessions, told {reported:?}, reported {:?}",
                each_once.len(),
                self.reported
            ));
        }
        broken
    }

    /// (7) Each Delete was sent while a young listing or Get showed the session as it was planned. A server whose Gets are
    /// always old when they come is believed when one comes.
    fn deleted_as_another(&self, target: &Target, record: &Record) -> Option<String> {
        let shows = |step: &Step| match step.kind {
            OperationKind::Enumerate => step.host == target.host,
            OperationKind::Get => step.is_about(target.host, target.id()),
            _ => false,
        };
        let began = |step: &Step| match step.reported {
            Some(reported)
                if step.kind == OperationKind::Get && reported.at > step.sent.at + IDENTITY_MAX_AGE =>
            {
                reported.at
            }
            _ => step.sent.at,
        };
        let vouches = |step: &Step, sent: Mark| {
            shows(step)
                && step.reported.is_some_and(|reported| reported < sent)
                && began(step) + IDENTITY_MAX_AGE + TICK >= sent.at
                && step.shell(target.id()).is_some_and(|shell| is_still(&record.session, shell))
        };
        let unchecked = self
            .deletes(target)
            .find(|delete| !self.trace.steps.iter().any(|step| vouches(step, delete.sent)))?;
        Some(format!("the Delete of {:?} has no young check (7)", unchecked.sent.at))
    }

    /// (2) Gone is only what a complete listing lacks that would have shown it, or what a Get does not find after a Delete
    /// that was answered 200; and on Windows alone. What was there is the world's truth at that time.
    fn unproved(&self, target: &Target, record: &Record, finished: Mark) -> Option<String> {
        if !record.outcome.is_gone() {
            return None;
        }
        if self.omi[target.host] {
            return Some("this is not Windows (2)".to_owned());
        }
        let since = self.deletes(target).map(|delete| delete.sent).max();
        let is_young = |step: &&Step| since.is_none_or(|since| step.sent.at >= since.at);
        let lacks = |step: &Step| {
            let whole = step.handled.as_ref().is_some_and(|(_, shells)| {
                shells.iter().all(|shell| !shell.undecodable || !self.may_see(shell))
            });
            whole && step.shell(target.id()).is_none() && self.could_see(target, finished)
        };
        let listings = self.listings(target.host).filter(is_young);
        let by_listing =
            listings.filter(|step| step.reported.is_some_and(|reported| reported <= finished)).any(lacks);
        let accepted = self.deletes(target).filter_map(|delete| delete.reported).min();
        let finds_nothing = |step: &&Step| {
            step.answer == Answer::Fault(NO_SUCH_SHELL)
                && accepted.is_some_and(|accepted| accepted < step.sent)
                && step.handled.is_some()
                && step.shell(target.id()).is_none()
        };
        let by_get = self.gets(target).filter(is_young).any(|step| finds_nothing(&step));
        (!by_listing && !by_get).then(|| "neither a listing nor a Get proves it (2)".to_owned())
    }

    /// Whether the account would have been shown the session: it was, in this run or as the same login less than a day
    /// before; it owns it as somebody was shown; or a listing of this run shows it other people's.
    fn could_see(&self, target: &Target, finished: Mark) -> bool {
        let session = &target.session;
        let was_seen = !session.seen_by.is_empty();
        let is_recent = session.seen_at > SystemTime::UNIX_EPOCH;
        let listings = self.listings(target.host);
        let reported = listings.filter(|step| step.reported.is_some_and(|reported| reported <= finished));
        let shells = reported.flat_map(|step| &step.handled).flat_map(|(_, shells)| shells);
        let mut others = shells.filter(|shell| self.may_see(shell) && !self.account.is_owner(&shell.owner));
        (session.seen_by.eq_ignore_ascii_case(self.login) && is_recent)
            || (was_seen && session.shell.owner.as_deref().is_some_and(|owner| self.account.is_owner(owner)))
            || self.showed_it(target, finished, None)
            || others.next().is_some()
    }

    /// Whether a listing or a Get since then has shown the session.
    fn showed_it(&self, target: &Target, finished: Mark, since: Option<Mark>) -> bool {
        let looks = self.listings(target.host).chain(self.gets(target));
        let reported = looks.filter(|step| step.reported.is_some_and(|reported| reported <= finished));
        let young = reported.filter(|step| since.is_none_or(|since| step.sent.at >= since.at));
        let mut shown = young.filter_map(|step| step.shell(target.id()));
        shown.any(|shell| !shell.undecodable && self.may_see(shell))
    }

    fn gets<'a>(&'a self, target: &'a Target) -> impl Iterator<Item = &'a Step> {
        self.about(target).filter(|step| step.kind == OperationKind::Get)
    }

    fn may_see(&self, shell: &SimulatedShell) -> bool {
        self.account.administrator || self.account.is_owner(&shell.owner)
    }

    /// (2, 5) The outcome's word is that of the deed: who closed it, and whether it was seen to be there.
    fn outcome_belies(&self, target: &Target, record: &Record, finished: Mark) -> Option<String> {
        let sent = self.deletes(target).filter(|delete| delete.answer != Answer::NotSent);
        let sent: Vec<_> = sent.collect();
        let was_ours = |delete: &&&Step| delete.answer != Answer::Fault(NO_SUCH_SHELL);
        let ours = sent.iter().filter(was_ours).count();
        match &record.outcome {
            Outcome::Closed if ours == 0 => Some("no Delete may have done it (5)".to_owned()),
            Outcome::AlreadyGone if ours > 0 => Some("one of our Deletes may have done it (5)".to_owned()),
            Outcome::Failed(Failure::IdentityChanged) => None,
            Outcome::NotStarted(_) | Outcome::Declined | Outcome::Failed(_) => {
                let last = sent.iter().map(|delete| delete.sent).max();
                if last.is_some() {
                    let there = self.showed_it(target, finished, last);
                    return (!there).then(|| "nobody saw it there after its last Delete (2)".to_owned());
                }
                let reported = |step: &&Step| step.reported.is_some_and(|reported| reported <= finished);
                let looks = self.listings(target.host).chain(self.gets(target)).filter(reported);
                let last = looks.filter(|step| step.sent.at >= self.ran).max_by_key(|step| step.reported);
                let gone = last.is_some_and(|step| step.shell(target.id()).is_none());
                let of_it = match &record.outcome {
                    Outcome::Failed(Failure::TooLate | Failure::ListingIncomplete | Failure::NotWsMan(_)) => {
                        false
                    }
                    outcome => matches!(outcome, Outcome::Failed(_)),
                };
                (gone && of_it).then(|| "a listing lacks it (2)".to_owned())
            }
            _ => None,
        }
    }

    /// (6) On a host where nothing goes wrong (or only for one other session) each session ends as it should.
    fn hindered(&self, target: &Target, record: &Record) -> Option<String> {
        let halted = self.interrupted.is_some() || self.run_deadline.is_some() || self.stop_on_error;
        let weather = &self.weathers[target.host];
        let is_victim = |victim: &String| victim.eq_ignore_ascii_case(target.id());
        if halted
            || !weather.is_calm()
            || weather.victim.as_ref().is_some_and(is_victim)
            || !self.trace.refused.is_empty()
        {
            return None;
        }
        let shells = &self.before[target.host];
        let shell = shells.iter().find(|shell| shell.shell_id.eq_ignore_ascii_case(target.id()));
        let expected: &[&str] = match shell.filter(|shell| self.may_see(shell)) {
            _ if target.declined => &["Declined"],
            _ if target.session.transport() != "WSMan" => &["Failed"],
            Some(shell) if is_still(&target.session, shell) && self.omi[target.host] => &["Unknown"],
            Some(shell) if is_still(&target.session, shell) => &["Closed"],
            Some(_) => &["Failed"],
            None => &["AlreadyGone", "Unknown"],
        };
        let name = record.outcome.name();
        (!expected.contains(&name)).then(|| format!("nothing hindered it, expected {expected:?} (6)"))
    }

    /// What was answered 200 three times is not asked a fourth time.
    fn insists(&self, target: &Target) -> Option<String> {
        let answered = self.deletes(target).filter(|step| step.reported.is_some()).count();
        let most = 1 + usize::try_from(MAX_RESENDS).unwrap();
        (answered > most).then(|| format!("{answered} Deletes were answered 200"))
    }

    fn overdue(&self, record: &Record) -> Option<String> {
        let limit = self.session_deadline + MOMENT;
        (record.elapsed > limit).then(|| format!("it took {:?}", record.elapsed))
    }
}

/// The planned identity, judged without the engine's own eyes.
fn is_still(session: &SessionDescriptor, shell: &SimulatedShell) -> bool {
    let planned = &session.shell;
    let agrees = |known: Option<&str>, now: &str| known.is_none_or(|known| known.eq_ignore_ascii_case(now));
    let resource_uri = Some(&*planned.resource_uri).filter(|uri| !uri.is_empty());
    !shell.undecodable
        && agrees(planned.owner.as_deref(), &shell.owner)
        && agrees(planned.client_ip.as_deref(), &shell.client_ip)
        && agrees(resource_uri, &shell.resource_uri)
}
