//! The local table with 100,000 rows: opening it and selecting by name (the aim is under 100 ms), importing and listing
//! (under 2 s), and the memory that the rows take when all are loaded or matter (under 100 MB). Run with `cargo bench --bench store`.
#![expect(clippy::expect_used, reason = "a bench that cannot run says why and stops")]

use std::hint::black_box;
use std::process::Command;
use std::time::SystemTime;

use criterion::{BatchSize, Criterion, criterion_group};
use pssession::session::{
    IdRange, LocalId, SeenOn, Selector, SessionDescriptor, SessionQuery, WildcardPattern,
};
use pssession::store::{ListingContext, Origin, Row, RowMetadata, Rows, Store, StoreReader};
use pssession::wsman::{Shell, ShellId, ShellSchema};
use tempfile::TempDir;
use uuid::Uuid;

const SESSIONS: u128 = 100_000;
const NOW: SystemTime = SystemTime::UNIX_EPOCH;
const URL: &str = "http://web001.lab.example:5985/wsman";

/// A row whose name begins with `web` if its number is a multiple of `every`, else with `job`.
fn row(number: u128, every: u128) -> Row {
    let host = format!("web{:03}.lab.example", number % 500);
    let shell = Shell {
        schema: ShellSchema::Windows,
        shell_id: ShellId::from_guid(Uuid::from_u128(number)),
        resource_uri: "http://schemas.microsoft.com/powershell/Microsoft.PowerShell".into(),
        name: Some(
            format!("{}-{number}-nightly", if number.is_multiple_of(every) { "web" } else { "job" }).into(),
        ),
        owner: Some(r"LAB\build".into()),
        client_ip: Some("192.0.2.7".into()),
        process_id: Some(4711),
        state: Some("Connected".into()),
        idle_timeout: None,
        max_idle_timeout: None,
        shell_run_time: None,
        shell_inactivity: None,
    };
    let url = format!("http://{host}:5985/wsman");
    let seen_on = SeenOn { host: &host, url: &url, port: 5985 };
    let mut session = SessionDescriptor::from_shell(shell, seen_on, r"LAB\ada", NOW);
    session.id = i64::try_from(number + 1).ok().map(LocalId);
    let note = RowMetadata {
        user: Some(r"LAB\ada".into()),
        auth: Some("ntlm".into()),
        ..RowMetadata::new(Origin::Imported)
    };
    Row { session, note }
}

/// A new table that holds these rows.
fn table(rows: &[Row]) -> (TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder for the bench");
    let mut store = Store::open(folder.path().join("sessions.db")).expect("a new table");
    store.import(&mut rows.to_vec()).expect("an import");
    (folder, store)
}

fn open(folder: &TempDir) -> StoreReader {
    StoreReader::open(folder.path().join("sessions.db")).expect("the table")
}

/// The candidates of a plain `get`.
fn candidates(folder: &TempDir, query: &SessionQuery) -> Rows {
    open(folder).candidates(query, &Origin::CURRENT, NOW).expect("the rows that matter")
}

fn web() -> SessionQuery {
    query(Selector::Name(WildcardPattern::new("web*").into_iter().collect()))
}

fn query(selector: Selector) -> SessionQuery {
    SessionQuery::new(vec![selector], Vec::new())
}

fn store(c: &mut Criterion) {
    let rows: Vec<_> = (0..SESSIONS).map(|number| row(number, 1)).collect();
    let mixed: Vec<_> = (0..SESSIONS).map(|number| row(number, 100)).collect();
    let ((all_match, _store), (few_match, _other)) = (table(&rows), table(&mixed));
    drop(mixed);
    let web = web();
    report_memory(EVERYTHING, &all_match);
    report_memory("web*, all match", &all_match);
    report_memory("web*, 1 in 100 matches", &few_match);
    let mut group = c.benchmark_group("store_100k");
    group.sample_size(10);
    let mut select = |name: &str, folder: &TempDir, query: &SessionQuery| {
        group.bench_function(name, |b| {
            b.iter(|| query.select(black_box(candidates(folder, query).sessions())).chosen.len());
        });
    };
    select("open_and_select_web*_1_in_100_matches", &few_match, &web);
    select("open_and_select_web*_all_match", &all_match, &web);
    select("open_and_select_one_id", &all_match, &query(Selector::Id(vec![IdRange::single(77_777)])));
    let instance = Uuid::from_u128(77_777);
    select("open_and_select_one_instance_id", &all_match, &query(Selector::InstanceId(vec![instance])));
    select("open_and_select_everything", &all_match, &SessionQuery::default());
    group.bench_function("open_and_count", |b| {
        b.iter(|| open(&all_match).count(&Origin::ALL, NOW));
    });
    group.bench_function("open_and_look_up_every_key", |b| {
        let keys = || rows.iter().map(|row| (&*row.session.endpoint_url, &row.session.shell.shell_id));
        b.iter(|| open(&all_match).known(keys()).map(|known| known.len()));
    });
    group.bench_function("import_new", |b| {
        b.iter_batched(
            || (table(&[]), rows.clone()),
            |((_folder, mut store), mut rows)| store.import(&mut rows).map(drop),
            BatchSize::PerIteration,
        );
    });
    group.bench_function("import_again", |b| {
        b.iter_batched(
            || (table(&rows), rows.clone()),
            |((_folder, mut store), mut rows)| store.import(&mut rows).map(drop),
            BatchSize::PerIteration,
        );
    });
    let found: Vec<_> = rows.iter().map(|row| row.session.clone()).collect();
    let listing_context = ListingContext {
        endpoint_url: URL,
        seen_by: r"LAB\ada",
        server_names: None,
        auth: None,
        seen_at: NOW,
        complete: true,
    };
    group.bench_function("merge_one_listing", |b| {
        let (_folder, mut store) = table(&[]);
        b.iter(|| store.merge_listing(listing_context, &found).map(drop));
    });
    group.finish();
}

/// What a process needs at most to read these rows, on a system that says so. Another process reads them: this one has
/// held more already.
#[expect(clippy::disallowed_methods, reason = "the other process is this bench")]
fn report_memory(what: &str, folder: &TempDir) {
    let mut reader = Command::new(std::env::current_exe().expect("this bench"));
    reader.env(READ, what).env(TABLE, folder.path().join("sessions.db"));
    assert!(reader.status().expect("another process").success());
}

/// What a query for `web*`, or for everything, makes of the table; printed, with the memory that it took.
#[expect(clippy::print_stderr, clippy::disallowed_methods, reason = "a figure of a bench, from the system")]
fn read(what: &str) {
    let reader = StoreReader::open(std::env::var_os(TABLE).expect("a table")).expect("the table");
    let query = if what == EVERYTHING { SessionQuery::default() } else { web() };
    let rows = reader.candidates(&query, &Origin::CURRENT, NOW).expect("the rows that matter");
    let chosen = query.select(rows.sessions()).chosen.len();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).map_or("unknown", str::trim);
    eprintln!("{what}: {chosen} rows chosen, peak memory {peak}");
}

/// In the environment of a process that only reads.
const READ: &str = "PSSESSION_BENCH_READ";
const TABLE: &str = "PSSESSION_BENCH_TABLE";
const EVERYTHING: &str = "everything";

criterion_group!(benches, store);

#[expect(clippy::disallowed_methods, reason = "the environment says whether this process only reads")]
fn main() {
    match std::env::var(READ) {
        Ok(what) => read(&what),
        Err(_) => {
            benches();
            Criterion::default().configure_from_args().final_summary();
        }
    }
}
