//! Convert, conformance, replay: recordings of real servers and our own scenarios take one path.

use std::path::{Path, PathBuf};
use std::time::Duration;

use pssession::conformance::{Order, Replay, Scenario, scenarios};
use pssession::simulator::Simulator;
use pssession::transport::Connector as _;
use pssession::{Credential, Endpoint, HttpConnector};

use crate::support::command::Pssession;
use crate::support::fixtures;
use crate::support::recordings;

const LIMIT: Duration = Duration::from_secs(10);

/// How many recordings there are beside the project.
const RECORDED: usize = 16;

/// Judges a folder of scenarios with the command, and serves each over the wire to a client that sends the recorded
/// requests; how many exchanges that were.
async fn go(folder: &Path) -> usize {
    let args = ["conformance", folder.to_str().unwrap(), "-o", "ndjson"];
    let run = Pssession::new(args).run().await.expect(0);
    let mut served = 0;
    for folder in scenarios(folder).unwrap() {
        served += serve(&folder).await;
    }
    assert!(run.records().len() >= served);
    for record in run.records() {
        for check in ["Parses", "Validates", "OurRequest"] {
            assert_ne!(record[check]["Verdict"], "mismatch", "{record}");
        }
    }
    served
}

/// Every exchange of a scenario over a sealed connection. One that does not end with an answer ends the connection.
async fn serve(folder: &Path) -> usize {
    let scenario = Scenario::open(folder).unwrap();
    let replay = Replay::new(scenario.clone(), Order::AsRecorded).unwrap();
    let simulator = Simulator::builder().handler(replay).start().await.unwrap();
    let endpoint = Endpoint::parse(&simulator.address().to_string(), false).unwrap();
    let credential = Credential::new(simulator.user(), simulator.password());
    let connector = HttpConnector::builder(endpoint, credential).build().unwrap();
    let mut connection = connector.connect().await.unwrap();
    for exchange in scenario.exchanges().map(Result::unwrap) {
        let answered = connection.exchange(&exchange.request, LIMIT).await;
        match &exchange.response {
            // What is no envelope may end the connection.
            Some(response) if exchange.malformed.is_none() => {
                let reply = answered.unwrap();
                assert_eq!(reply.status, exchange.status, "{}", exchange.request_path.display());
                assert_eq!(&reply.body, response, "{}", exchange.response_path.display());
            }
            Some(_) => connection = connector.connect().await.unwrap(),
            None => {
                assert!(answered.is_err());
                connection = connector.connect().await.unwrap();
            }
        }
    }
    let handler = simulator.handler();
    let replay = handler.lock().unwrap();
    assert!(replay.is_fulfilled(), "{}: {:?}", folder.display(), replay.unexpected());
    scenario.count() as usize
}

/// Every recording as a scenario below a temporary folder; `None` where there are no recordings.
fn converted() -> Option<tempfile::TempDir> {
    let recorded: Vec<PathBuf> = recordings::paths()?;
    let home = tempfile::tempdir().unwrap();
    for path in &recorded {
        let dir = home.path().join(path.file_stem().unwrap());
        let run = Pssession::new(["convert", path.to_str().unwrap(), dir.to_str().unwrap()]).run_blocking();
        assert!(run.expect(0).stderr.contains("review it before you share it"));
    }
    Some(home)
}

#[tokio::test]
async fn our_scenarios_go_from_the_file_to_the_wire() {
    assert!(go(&fixtures::path("exchanges")).await > 200);
}

#[tokio::test]
async fn the_recordings_of_real_servers_go_the_same_way() {
    let Some(home) = converted() else { return };
    let folders = scenarios(home.path()).unwrap();
    assert_eq!(folders.len(), RECORDED);
    assert_eq!(go(home.path()).await, 113);
}

#[test]
fn of_the_recordings_our_requests_are_all_that_we_have_operations_for() {
    let Some(home) = converted() else { return };
    let run = Pssession::new(["conformance", home.path().to_str().unwrap(), "-o", "ndjson"])
        .run_blocking()
        .expect(0);
    let records = run.records();
    let matched = records.iter().filter(|record| record["OurRequest"]["Verdict"] == "passed");
    assert_eq!(matched.count(), 31, "16 Deletes, 10 Signals, 3 Enumerates and 2 Gets");
    assert!(records.iter().all(|record| record["Parses"]["Verdict"] == "passed"));
}
