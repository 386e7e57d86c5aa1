//! Selection by wildcard over 100,000 sessions; the aim is under 50 ms. Run with `cargo bench --bench selection`.

use std::hint::black_box;
use std::time::SystemTime;

use criterion::{Criterion, criterion_group, criterion_main};
use pssession::session::{SeenOn, Selector, SessionDescriptor, SessionQuery, WildcardPattern};
use pssession::wsman::{Shell, ShellId, ShellSchema};
use uuid::Uuid;

const SESSIONS: u128 = 100_000;

fn session(number: u128) -> SessionDescriptor {
    let host = format!("web{:03}.lab.example", number % 500);
    let shell = Shell {
        schema: ShellSchema::Windows,
        shell_id: ShellId::from_guid(Uuid::from_u128(number)),
        resource_uri: "http://schemas.microsoft.com/powershell/Microsoft.PowerShell".into(),
        name: Some(format!("Nightly-Build-{number}-Runspace").into()),
        owner: Some(r"LAB\build".into()),
        client_ip: Some("192.0.2.7".into()),
        process_id: None,
        state: Some("Connected".into()),
        idle_timeout: None,
        max_idle_timeout: None,
        shell_run_time: None,
        shell_inactivity: None,
    };
    let seen_on = SeenOn { host: &host, url: "http://web01:5985/wsman", port: 5985 };
    SessionDescriptor::from_shell(shell, seen_on, "ada", SystemTime::UNIX_EPOCH)
}

fn by_name(pattern: &str) -> SessionQuery {
    let patterns = WildcardPattern::new(pattern).into_iter().collect();
    SessionQuery::new(vec![Selector::Name(patterns)], Vec::new())
}

fn selection(c: &mut Criterion) {
    let sessions: Vec<_> = (0..SESSIONS).map(session).collect();
    let mut group = c.benchmark_group("select_100k");
    for (label, pattern) in [
        ("prefix", "nightly-*"),
        ("contains", "*build-9?[0-4]*space"),
        ("many_stars", "*i*l*-*u*-*9*r*n*x"),
        ("beyond_ascii", "*é*"),
    ] {
        let query = by_name(pattern);
        group.bench_function(label, |b| b.iter(|| black_box(&query).select(black_box(&sessions))));
    }
    let ids = (0..SESSIONS).step_by(10).map(Uuid::from_u128).collect();
    let query = SessionQuery::new(vec![Selector::InstanceId(ids)], Vec::new());
    group.bench_function("ten_thousand_instance_ids", |b| b.iter(|| query.select(black_box(&sessions))));
    group.finish();
}

criterion_group!(benches, selection);
criterion_main!(benches);
