//! A scenario of 1,000 exchanges: replayed from its files, and over a sealed connection on loopback (the aim is under
//! 2 s), and judged. Run with `cargo bench --bench conformance`.
#![expect(clippy::expect_used, reason = "a bench that cannot run says why and stops")]
#![expect(clippy::disallowed_methods, reason = "the bench writes the scenario that it replays")]

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use pssession::conformance::{
    HEADER_FILE, Order, Origin, Replay, Scenario, ScenarioHeader, Validation, file_names, judge,
};
use pssession::simulator::Simulator;
use pssession::transport::Connector as _;
use pssession::wsman::op::OPERATIONS;
use pssession::{Credential, Endpoint, HttpConnector};

const EXCHANGES: u32 = 1_000;
const LIMIT: Duration = Duration::from_secs(10);

/// Gets of 1,000 shells, each answered with one.
fn write_scenario(folder: &Path) {
    let get = OPERATIONS.iter().find(|row| row.name == "get").expect("the catalogue has Get");
    let mut request = String::new();
    (get.write_example)(&mut request);
    let response = include_str!("../fixtures/envelopes/get.response.xml");
    for number in 1..=EXCHANGES {
        let unique = |text: &str| text.replace("B6631D8E", &format!("{number:08X}"));
        let [request_name, response_name] = file_names(number);
        fs::write(folder.join(request_name), unique(&request)).expect("the folder takes a request");
        fs::write(folder.join(response_name), unique(response)).expect("the folder takes a response");
    }
    let word = String::from("bench");
    let header = ScenarioHeader::new(word.clone(), word.clone(), word, Origin::HandMade);
    let text = serde_json::to_string(&header).expect("a header is JSON");
    fs::write(folder.join(HEADER_FILE), text).expect("the folder takes a header");
}

fn conformance(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    write_scenario(folder.path());
    let scenario = Scenario::open(folder.path()).expect("the scenario opens");
    let requests: Vec<String> =
        scenario.exchanges().map(|exchange| exchange.expect("an exchange").request).collect();
    let replay = || Replay::new(scenario.clone(), Order::AsRecorded).expect("the scenario can be replayed");

    let mut group = c.benchmark_group("thousand_exchanges");
    group.sample_size(10);
    group.bench_function("replay", |b| {
        b.iter(|| {
            let mut replay = replay();
            for request in &requests {
                black_box(replay.answer(request.as_bytes()).expect("an answer"));
            }
            assert!(replay.is_fulfilled());
        });
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    group.bench_function("replay_sealed_over_loopback", |b| {
        b.iter(|| {
            runtime.block_on(async {
                let server = Simulator::builder().handler(replay()).start().await.expect("a port is free");
                let endpoint = Endpoint::parse(&server.address().to_string(), false).expect("an address");
                let credential = Credential::new(server.user(), server.password());
                let connector = HttpConnector::builder(endpoint, credential).build().expect("a connector");
                let mut connection = connector.connect().await.expect("a connection");
                for request in &requests {
                    connection.exchange(request, LIMIT).await.expect("an answer");
                }
            });
        });
    });
    group.bench_function("judge", |b| {
        b.iter(|| {
            for exchange in scenario.exchanges() {
                let exchange = exchange.expect("an exchange");
                black_box(judge(&exchange, Validation::Valid));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, conformance);
criterion_main!(benches);
