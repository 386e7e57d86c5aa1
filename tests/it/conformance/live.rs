//! The checks of a live endpoint: they pass on each profile of the simulator, each of them can fail, and none touches
//! somebody else's shell.

mod breakages;
mod broken_server;
mod command;
#[cfg(target_os = "linux")]
mod foreign_logins;

use std::time::Duration;

use pssession::conformance::live::{LiveReport, Selection, Stop, Suite, checks};
use pssession::secrecy::SecretString;
use pssession::simulator::{Account, OperationKind, Profile, SimulatedShell, Simulator, World};
use pssession::transport::{HttpOptions, LoginGate, Security};
use pssession::{Credential, Endpoint, HttpConnector};

use breakages::{Breakage, Expected, Flaw, ROWS};
use broken_server::{Changed, Proxy};

use crate::support::tls::{Authority, BOTH, Leaf, TlsHost, version_1};

const SHELLS: [&str; 2] = ["B6631D8E-65A0-49F2-9053-A1B156C95777", "0C2C5D0E-4B17-4B3C-8E0E-5C7A1D0B9A22"];

fn world(profile: Profile) -> World {
    let mut world = World::new("web01").with_profile(profile);
    for id in SHELLS {
        world.add(SimulatedShell::powershell(id, "theirs", "CONTOSO\\ci", "Microsoft.PowerShell"));
    }
    // So many that a listing is larger than the least envelope.
    for number in 0..18 {
        let id = format!("6A1F1A6E-5B0C-4B8E-9A5B-0000000000{number:02}");
        world.add(SimulatedShell::powershell(&id, "theirs", "CONTOSO\\ci", "Microsoft.PowerShell"));
    }
    world
}

fn connector_to(url: &str, credential: Credential, options: HttpOptions) -> HttpConnector {
    let endpoint = Endpoint::parse(url, false).unwrap();
    let builder = HttpConnector::builder(endpoint, credential).options(options);
    builder.login_gate(LoginGate::default()).build().unwrap()
}

fn credential<H>(server: &Simulator<H>) -> Credential {
    Credential::new(server.user(), server.password())
}

fn connector<H>(server: &Simulator<H>) -> HttpConnector {
    connector_to(&server.url(), credential(server), HttpOptions::default())
}

fn suite() -> Suite {
    Suite { allow_create: true, silence: Duration::from_millis(500), ..Suite::default() }
}

async fn run(suite: &Suite, connector: &HttpConnector) -> LiveReport {
    suite.run(connector, std::future::pending(), |_| ()).await
}

/// The profiles that a client without a Kerberos ticket can log in to over plain HTTP.
fn profiles() -> impl Iterator<Item = &'static Profile> {
    Profile::ALL.iter().filter(|profile| profile.name() != "2025-hardened")
}

fn failures(report: &LiveReport) -> Vec<String> {
    report.failures().map(|finding| format!("{}: {}", finding.check.id, finding.verdict.seen())).collect()
}

#[tokio::test]
async fn no_check_fails_on_a_profile_of_the_simulator() {
    let mut wrong = Vec::new();
    for profile in profiles() {
        let server = Simulator::builder().world(world(*profile)).start().await.unwrap();
        let report = run(&Suite { profile: Some(*profile), ..suite() }, &connector(&server)).await;
        assert!(report.stop.is_none(), "{:?}", report.stop);
        wrong.extend(failures(&report).into_iter().map(|one| format!("{}: {one}", profile.name())));
        assert_eq!(report.left, [""; 0]);
        let least = if [Profile::Omi, Profile::Exchange].contains(profile) { 50 } else { 130 };
        assert!(report.count("passed") >= least, "{}: {}", profile.name(), report.count("passed"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a world holds, as far as it is not ours.
fn held(world: &World) -> Vec<SimulatedShell> {
    world.shells().iter().filter(|shell| shell.owner == "CONTOSO\\ci").cloned().collect()
}

#[tokio::test]
async fn the_shells_of_others_stay_as_they_are_and_none_of_ours_is_left() {
    for profile in profiles() {
        let server = Simulator::builder().world(world(*profile)).start().await.unwrap();
        let before = held(&server.world().lock().unwrap());
        run(&suite(), &connector(&server)).await;
        let world = server.world();
        let world = world.lock().unwrap();
        assert_eq!(held(&world), before, "{}", profile.name());
        assert_eq!(world.shells().len(), before.len(), "{}", profile.name());
        let reads = [OperationKind::Get, OperationKind::Enumerate, OperationKind::EnumerateCommands];
        for entry in world.log().filter(|entry| !reads.contains(&entry.kind)) {
            let named = entry.shell_id.as_deref().unwrap_or_default();
            assert!(!before.iter().any(|shell| shell.shell_id.eq_ignore_ascii_case(named)), "{entry:?}");
        }
    }
}

#[tokio::test]
async fn without_leave_nothing_is_created_and_what_acts_names_a_shell_that_cannot_exist() {
    let server = Simulator::builder().world(world(Profile::Windows2022)).start().await.unwrap();
    let report = run(&Suite { allow_create: false, ..suite() }, &connector(&server)).await;
    let world = server.world();
    let world = world.lock().unwrap();
    let acting: Vec<_> = world
        .log()
        .filter(|entry| [OperationKind::Delete, OperationKind::Signal].contains(&entry.kind))
        .map(|entry| entry.shell_id.clone().unwrap())
        .collect();
    assert!(acting.len() >= 8 && acting.windows(2).all(|pair| pair[0] == pair[1]), "{acting:?}");
    for kind in [OperationKind::Create, OperationKind::Command, OperationKind::Receive, OperationKind::Send] {
        assert_eq!(world.count(kind), 0, "{kind:?}");
    }
    let skipped = report.findings.iter().filter(|finding| finding.check.group() == "shells");
    assert!(skipped.clone().count() > 20 && skipped.clone().all(|one| one.verdict.as_str() == "skipped"));
}

#[tokio::test]
async fn no_check_costs_a_failed_logon() {
    let server = Simulator::builder().world(world(Profile::Windows2022)).allow_basic().start().await.unwrap();
    run(&suite(), &connector(&server)).await;
    assert_eq!(server.failed_logons(), 0);
}

#[tokio::test]
async fn a_refused_login_ends_the_run_after_one_attempt() {
    let server = Simulator::builder().world(world(Profile::Windows2022)).start().await.unwrap();
    let wrong = Credential::new(server.user(), SecretString::from("wrong"));
    let report = run(&suite(), &connector_to(&server.url(), wrong, HttpOptions::default())).await;
    assert!(matches!(report.stop, Some(Stop::Refused(_))), "{:?}", report.stop);
    assert_eq!(server.failed_logons(), 1);
    let after =
        report.findings.iter().skip_while(|finding| finding.check.id != "authentication/login").skip(1);
    assert!(
        after.clone().count() > 100 && after.clone().all(|finding| finding.verdict.as_str() == "skipped")
    );
    assert_eq!(failures(&report).len(), 1, "{:?}", failures(&report));
}

#[tokio::test]
async fn an_interrupted_run_closes_its_shell() {
    let mut world = world(Profile::Windows2022);
    world.inject(
        OperationKind::Command,
        1,
        pssession::simulator::InjectedFault::Delay(Duration::from_secs(60)),
    );
    let server = Simulator::builder().world(world).start().await.unwrap();
    let watched = server.world();
    let created = async move {
        while watched.lock().unwrap().count(OperationKind::Command) == 0 {
            tokio::task::yield_now().await;
        }
    };
    let selection = Selection::new(["shells/output", "shells/delete"], [""; 0]).unwrap();
    let suite = Suite { selection, ..suite() };
    let report = suite.run(&connector(&server), created, |_| ()).await;
    assert!(matches!(report.stop, Some(Stop::Interrupted)), "{:?}", report.stop);
    assert_eq!((report.left.len(), server.world().lock().unwrap().shells().len()), (0, 20));
}

/// The row of each check: no check is without one, and no row without its check.
#[test]
fn every_check_has_a_row_that_makes_it_fail() {
    let mut rows: Vec<&str> = ROWS.iter().map(|(id, ..)| *id).collect();
    let mut ids: Vec<&str> = checks().map(|check| check.id).collect();
    rows.sort_unstable();
    ids.sort_unstable();
    assert_eq!(rows, ids);
}

#[tokio::test]
async fn every_check_fails_where_its_row_breaks_the_server() {
    let mut wrong = Vec::new();
    for (id, breakage, expected) in ROWS {
        let selection = Selection::new([id], [""; 0]).unwrap();
        let report = broken(&Suite { selection, ..suite() }, *breakage).await;
        let verdict = &report.findings[0].verdict;
        let is_as_expected = match expected {
            Expected::Failed => verdict.is_failure(),
            Expected::Reported(text) => verdict.as_str() == "reported" && verdict.seen().contains(text),
        };
        if !is_as_expected {
            wrong.push(format!("{id}: {} {}", verdict.as_str(), verdict.seen()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs the suite on a server that does one thing wrong.
async fn broken(suite: &Suite, breakage: Breakage) -> LiveReport {
    let builder = || Simulator::builder().world(world(Profile::Windows2022));
    match breakage {
        Breakage::Clear(change) => {
            let changed = Changed { world: world(Profile::Windows2022), change, answers: 0 };
            let server = Simulator::builder().handler(changed).start().await.unwrap();
            run(suite, &connector(&server)).await
        }
        Breakage::Wire(change) => {
            let server = builder().start().await.unwrap();
            let proxy = Proxy::start(server.address(), change).await;
            let url = format!("http://{}/wsman", proxy.address);
            run(suite, &connector_to(&url, credential(&server), HttpOptions::default())).await
        }
        Breakage::World(change) => {
            let server = builder().start().await.unwrap();
            change(&mut server.world().lock().unwrap());
            run(suite, &connector(&server)).await
        }
        Breakage::Unencrypted => {
            let server = builder().allow_unencrypted().start().await.unwrap();
            run(suite, &connector(&server)).await
        }
        Breakage::Password => {
            let server = builder().start().await.unwrap();
            let wrong = Credential::new(server.user(), SecretString::from("wrong"));
            run(suite, &connector_to(&server.url(), wrong, HttpOptions::default())).await
        }
        Breakage::NoListing => {
            let account = Account::user("CONTOSO\\guest").without_listing();
            let server = builder().account(account, SecretString::from("secret")).start().await.unwrap();
            run(suite, &connector(&server)).await
        }
        Breakage::Certificate(flaw) => {
            let authority = Authority::new("Lab CA");
            let expired = |params: &mut rcgen::CertificateParams| {
                params.not_before = rcgen::date_time_ymd(2001, 1, 1);
                params.not_after = rcgen::date_time_ymd(2002, 1, 1);
            };
            let leaf = match flaw {
                Flaw::Expired => authority.issue(&["127.0.0.1"], expired),
                Flaw::OtherName => authority.issue(&["other.lab"], |_| {}),
                Flaw::Version1 => version_1(|_| {}),
                Flaw::OldTls => authority.issue(&["127.0.0.1"], |_| {}),
            };
            let versions: &[_] = match flaw {
                Flaw::OldTls => &[&tokio_rustls::rustls::version::TLS12],
                _ => BOTH,
            };
            on_tls(suite, &leaf, versions).await
        }
    }
}

/// Runs the suite over TLS, whatever the certificate.
async fn on_tls(
    suite: &Suite,
    leaf: &Leaf,
    versions: &[&'static tokio_rustls::rustls::SupportedProtocolVersion],
) -> LiveReport {
    let host = TlsHost::start(world(Profile::Windows2022), leaf, leaf.acceptor(versions)).await;
    let url = format!("https://{}/wsman", host.address);
    // No pin excuses a certificate that has expired.
    let security = Security { dangerous_skip_certificate_check: true, ..Security::default() };
    let options = HttpOptions::default().with_security(security);
    run(suite, &connector_to(&url, credential(&host.simulator), options)).await
}

#[tokio::test]
async fn no_check_fails_over_tls_with_a_good_certificate() {
    let leaf = Authority::new("Lab CA").issue(&["127.0.0.1"], |_| {});
    let report = on_tls(&suite(), &leaf, BOTH).await;
    assert_eq!(failures(&report), [""; 0]);
    let tls = report.findings.iter().filter(|finding| finding.check.group() == "tls");
    assert_eq!(tls.filter(|finding| finding.verdict.as_str() == "passed").count(), 3);
}

/// The page of all checks, below its introduction.
#[test]
fn the_page_lists_every_check_with_its_section() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/live-check-list.md");
    let page = std::fs::read_to_string(path).unwrap();
    let head = "|---|---|---|\n";
    let (before, _) = page.split_once(head).unwrap();
    let mut expected = format!("{before}{head}");
    for check in checks() {
        expected += &format!("| `{}` | {} | {} |\n", check.id, check.title, check.section);
    }
    if std::env::var_os("PSSESSION_UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(path, &expected).unwrap();
    } else {
        assert_eq!(page, expected);
    }
}
