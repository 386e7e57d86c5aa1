//! The local table with 100,000 rows: loading and selecting (the aim is under 100 ms), importing and listing (under 2 s),
//! and the memory that the loaded rows take (under 100 MB). Run with `cargo bench --bench store`.
#![expect(clippy::expect_used, reason = "a bench that cannot run says why and stops")]

use std::hint::black_box;
use std::time::SystemTime;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use pssession::session::{LocalId, SeenOn, Selector, SessionDescriptor, SessionQuery, WildcardPattern};
use pssession::store::{Note, Origin, Row, Rows, Sighting, Store, StoreReader};
use pssession::wsman::{Shell, ShellId};
use tempfile::TempDir;
use uuid::Uuid;

const SESSIONS: u128 = 100_000;
const NOW: SystemTime = SystemTime::UNIX_EPOCH;
const URL: &str = "http://web001.lab.example:5985/wsman";

fn row(number: u128) -> Row {
    let host = format!("web{:03}.lab.example", number % 500);
    let shell = Shell {
        shell_id: ShellId::from_guid(Uuid::from_u128(number)),
        resource_uri: "http://schemas.microsoft.com/powershell/Microsoft.PowerShell".to_owned(),
        name: Some(format!("web-{number}-nightly")),
        owner: Some(r"LAB\build".to_owned()),
        client_ip: Some("192.0.2.7".to_owned()),
        process_id: Some(4711),
        state: Some("Connected".to_owned()),
        idle_timeout: None,
        max_idle_timeout: None,
        shell_run_time: None,
        shell_inactivity: None,
    };
    let url = format!("http://{host}:5985/wsman");
    let seen_on = SeenOn { host: &host, url: &url, port: 5985 };
    let mut session = SessionDescriptor::from_shell(shell, seen_on, r"LAB\ada", NOW);
    session.id = i64::try_from(number + 1).ok().map(LocalId);
    let note = Note {
        user: Some(r"LAB\ada".to_owned()),
        auth: Some("ntlm".to_owned()),
        ..Note::new(Origin::Imported)
    };
    Row { session, note }
}

/// A new table that holds these rows.
fn table(rows: &[Row]) -> (TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder for the bench");
    let mut store = Store::open(folder.path().join("sessions.db")).expect("a new table");
    store.import(rows).expect("an import");
    (folder, store)
}

fn load(folder: &TempDir) -> Rows {
    let reader = StoreReader::open(folder.path().join("sessions.db")).expect("the table");
    reader.all(NOW).expect("its rows")
}

fn store(c: &mut Criterion) {
    let rows: Vec<_> = (0..SESSIONS).map(row).collect();
    let (folder, _store) = table(&rows);
    report_memory(&folder);
    let mut group = c.benchmark_group("store_100k");
    group.sample_size(10);
    let patterns = WildcardPattern::new("web*").into_iter().collect();
    let query = SessionQuery::new(vec![Selector::Name(patterns)], Vec::new());
    group.bench_function("open_load_and_select", |b| {
        b.iter(|| query.select(black_box(load(&folder).sessions())).chosen.len());
    });
    group.bench_function("import_new", |b| {
        b.iter_batched(
            || table(&[]),
            |(_folder, mut store)| store.import(&rows).map(drop),
            BatchSize::PerIteration,
        );
    });
    group.bench_function("import_again", |b| {
        b.iter_batched(
            || table(&rows),
            |(_folder, mut store)| store.import(&rows).map(drop),
            BatchSize::PerIteration,
        );
    });
    let found: Vec<_> = rows.iter().map(|row| row.session.clone()).collect();
    let sighting =
        Sighting { endpoint_url: URL, seen_by: r"LAB\ada", auth: None, seen_at: NOW, complete: true };
    group.bench_function("merge_one_listing", |b| {
        let (_folder, mut store) = table(&[]);
        b.iter(|| store.merge_listing(sighting, &found).map(drop));
    });
    group.finish();
}

/// What the loaded rows add to this process, on a system that says so.
#[expect(clippy::print_stderr, clippy::disallowed_methods, reason = "a figure of a bench, from the system")]
fn report_memory(folder: &TempDir) {
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).map(str::trim);
        line.and_then(|text| text.split_once(' '))
            .and_then(|(number, _)| number.parse::<u64>().ok())
            .unwrap_or(0)
    };
    let before = resident();
    let rows = load(folder);
    eprintln!("{} rows add {} kB of resident memory", rows.len(), resident() - before);
}

criterion_group!(benches, store);
criterion_main!(benches);
