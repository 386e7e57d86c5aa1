//! A server with more shells than anybody has. It keeps none of them: each page is made when it is asked for.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pssession::client::{MAX_KEPT_BYTES, MAX_PAGES, RandomIds};
use pssession::listing::Gap;
use pssession::teardown::{Cancellation, Engine, Report, Requirement, RunSummary};
use pssession::transport::{BoxFuture, Connection, Connector, Endpoint, Reply, TransportError};
use pssession::wsman::{SessionId, uri};
use pssession::{Plan, WsmanClient};
use uuid::Uuid;

use super::cell::Ending;
use crate::teardown::{ADMIN, no_signals};

/// What it has, and what it was asked.
#[derive(Clone)]
pub(super) struct ManyShells {
    endpoint: Endpoint,
    /// Its shells before the first Delete and after it.
    shells: [usize; 2],
    on_a_page: usize,
    /// How one shell is described.
    describe: fn(&mut String, usize),
    asked: Arc<Asked>,
}

#[derive(Default)]
struct Asked {
    pages: AtomicUsize,
    deletes: AtomicUsize,
    releases: AtomicUsize,
    bytes: AtomicUsize,
}

impl ManyShells {
    pub(super) fn new(shells: usize, on_a_page: usize) -> Self {
        let endpoint = Endpoint::parse("web01.lab", false).unwrap();
        Self { endpoint, shells: [shells; 2], on_a_page, describe: in_full, asked: Arc::default() }
    }

    pub(super) fn client(&self) -> WsmanClient {
        let session_id = SessionId::new(Uuid::nil());
        let line = Line { many_shells: self.clone(), next: 0 };
        WsmanClient::new(Box::new(line), self.endpoint.url(), session_id, Arc::new(RandomIds))
    }

    /// The bytes of all its answers.
    pub(super) fn bytes(&self) -> usize {
        self.asked.bytes.load(Ordering::SeqCst)
    }

    fn answer(&self, next: &mut usize, envelope: &str) -> String {
        let message_id = envelope.split_once("MessageID>").unwrap().1.split_once('<').unwrap().0;
        let count = |counter: &AtomicUsize| counter.fetch_add(1, Ordering::SeqCst);
        let (action, body) = if envelope.contains("<n:Release>") {
            count(&self.asked.releases);
            (uri::RELEASE.response, String::new())
        } else if envelope.contains("<n:Pull>") {
            (uri::PULL.response, self.page(next, "PullResponse", "n"))
        } else if envelope.contains("<n:Enumerate>") {
            *next = 0;
            (uri::ENUMERATE.response, self.page(next, "EnumerateResponse", "w"))
        } else {
            assert!(envelope.contains(uri::DELETE.request), "{envelope}");
            count(&self.asked.deletes);
            (uri::DELETE.response, String::new())
        };
        let answer = format!(
            "<s:Envelope xmlns:s='{}' xmlns:a='{}' xmlns:n='{}' xmlns:w='{}' xmlns:rsp='{}'><s:Header>\
             <a:Action>{action}</a:Action><a:RelatesTo>{message_id}</a:RelatesTo></s:Header><s:Body>{body}</s:Body>\
             </s:Envelope>",
            uri::SOAP,
            uri::ADDRESSING,
            uri::ENUMERATION,
            uri::WSMAN,
            uri::SHELL
        );
        self.asked.bytes.fetch_add(answer.len(), Ordering::SeqCst);
        answer
    }

    fn page(&self, next: &mut usize, element: &str, prefix: &str) -> String {
        self.asked.pages.fetch_add(1, Ordering::SeqCst);
        let [before, after] = self.shells;
        // After a Delete nobody is there who was there before.
        let is_after = self.asked.deletes.load(Ordering::SeqCst) > 0;
        let (shells, first) = if is_after { (after, before) } else { (before, 0) };
        let numbers = *next..shells.min(*next + self.on_a_page);
        *next = numbers.end;
        let mut page =
            format!("<n:{element}><n:EnumerationContext>uuid:again</n:EnumerationContext><{prefix}:Items>");
        numbers.for_each(|number| (self.describe)(&mut page, first + number));
        let end = if *next == shells { "<w:EndOfSequence/>" } else { "" };
        let _ = write!(page, "</{prefix}:Items>{end}</n:{element}>");
        page
    }
}

/// As Windows describes a PowerShell session, without what nobody reads.
fn in_full(page: &mut String, number: usize) {
    let _ = write!(
        page,
        "<rsp:Shell rsp:ShellId='{number}'><rsp:ShellId>{number:08X}-65A0-49F2-9053-A1B156C95777</rsp:ShellId>\
         <rsp:Name>WinRM{number}</rsp:Name>\
         <rsp:ResourceUri>{}</rsp:ResourceUri><rsp:Owner>CONTOSO\\admin</rsp:Owner>\
         <rsp:ClientIP>192.168.100.200</rsp:ClientIP><rsp:ProcessId>4711</rsp:ProcessId>\
         <rsp:IdleTimeOut>PT7200.000S</rsp:IdleTimeOut><rsp:State>Disconnected</rsp:State>\
         <rsp:ShellRunTime>P0DT0H1M2S</rsp:ShellRunTime><rsp:ShellInactivity>P0DT0H0M2S</rsp:ShellInactivity>\
         </rsp:Shell>",
        uri::POWERSHELL_RESOURCE
    );
}

/// With what a shell must have.
fn in_short(page: &mut String, number: usize) {
    let uri = uri::CMD_RESOURCE;
    let _ = write!(
        page,
        "<rsp:Shell><rsp:ShellId>{number}</rsp:ShellId><rsp:ResourceUri>{uri}</rsp:ResourceUri></rsp:Shell>"
    );
}

impl Connector for ManyShells {
    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn user(&self) -> &str {
        ADMIN
    }

    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Connection>, TransportError>> {
        let line: Box<dyn Connection> = Box::new(Line { many_shells: self.clone(), next: 0 });
        Box::pin(std::future::ready(Ok(line)))
    }
}

struct Line {
    many_shells: ManyShells,
    next: usize,
}

impl Connection for Line {
    fn exchange<'a>(
        &'a mut self,
        envelope: &'a str,
        _: Duration,
    ) -> BoxFuture<'a, Result<Reply, TransportError>> {
        let body = self.many_shells.answer(&mut self.next, envelope).into_bytes();
        Box::pin(std::future::ready(Ok(Reply { status: 200, body })))
    }
}

const TEN_MILLION: usize = 10_000_000;
/// A listing is taken after a Delete at once, and the next one would come later than this.
const ONE_LOOK: Duration = Duration::from_millis(100);

/// What the page says of ten million shells: how they come, and how a session ends that is chosen from them, and one
/// whose proof they are to be.
pub(super) fn rows() -> Vec<(String, [Ending; 2])> {
    [(1_000, Gap::TooMuchMemory(MAX_KEPT_BYTES)), (1, Gap::TooManyPages(MAX_PAGES))]
        .map(|(on_a_page, gap)| {
            let many_shells = |shells| {
                let asked = Arc::default();
                ManyShells { shells, describe: in_short, asked, ..ManyShells::new(0, on_a_page) }
            };
            let chosen = close_one(&many_shells([TEN_MILLION; 2]));
            assert_eq!(chosen.reason, format!("listing incomplete: {gap}"));
            let proved = close_one(&many_shells([3, TEN_MILLION]));
            (format!("ten million shells, {on_a_page} on a page"), [chosen, proved])
        })
        .into()
}

/// Lists a crowd, plans to close all of it, and shows the plan. Returns how many sessions that were.
pub(super) fn plan_all(many_shells: &ManyShells) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.unwrap().block_on(async {
        let engine = Engine::new(no_signals());
        let survey = engine.survey(vec![Arc::new(many_shells.clone())], &Cancellation::new()).await;
        let plan = Plan::new(survey.sessions());
        let report = Report::new(plan.what_if());
        assert_eq!(survey.tally().incomplete, 1);
        report.records.len()
    })
}

/// Lists a crowd and closes one session of those that it listed.
fn close_one(many_shells: &ManyShells) -> Ending {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let began = tokio::time::Instant::now();
        let engine = Engine::new(no_signals().with_session_deadline(ONE_LOOK));
        let cancellation = Cancellation::new();
        let survey = engine.survey(vec![Arc::new(many_shells.clone())], &cancellation).await;
        let tally = survey.tally();
        let gap = survey.hosts()[0].listing().unwrap().unwrap().gaps.first().map(ToString::to_string);
        let plan = Plan::new(survey.sessions().into_iter().take(1));
        let report = engine.run(plan, survey, &cancellation, |_| ()).await;
        let summary = RunSummary { hits: 1, required: Some(Requirement::Present), ..RunSummary::default() }
            .with_hosts(tally);
        let outcome = &report.records[0].outcome;
        let reason = outcome.reason().into_iter().chain(gap).collect::<Vec<_>>().join(": ");
        assert_eq!(many_shells.asked.releases.load(Ordering::SeqCst), 1);
        assert!(many_shells.asked.pages.load(Ordering::SeqCst) <= MAX_PAGES + 3);
        Ending {
            outcome: outcome.name().to_owned(),
            reason,
            exit_code: super::exit_code(report.status(&summary)),
            deletes: many_shells.asked.deletes.load(Ordering::SeqCst),
            took: began.elapsed(),
        }
    })
}
