//! A folder of any size costs the memory of a few exchanges, and an exchange has a limit.

use std::path::Path;

use pssession::conformance::{FixtureError, HEADER_FILE, MAX_FILE, Scenario, file_names};

use crate::support::fixtures::{path, read};

/// A scenario of `count` Receives, each answered with `bytes` of output.
fn large(folder: &Path, count: u32, bytes: usize) {
    let part =
        |name: &str| String::from_utf8(read(&format!("exchanges/command-in-a-cmd-shell/{name}"))).unwrap();
    let (request, response) = (part("04-request.xml"), part("04-response.xml"));
    let response = response.replace("TWljcm9zb2Z0IFdpbmRvd3MNCg==", &"QUJD".repeat(bytes / 4));
    for [request_name, response_name] in (1..=count).map(file_names) {
        std::fs::write(folder.join(request_name), &request).unwrap();
        std::fs::write(folder.join(response_name), &response).unwrap();
    }
    let header = path("exchanges/command-in-a-cmd-shell").join(HEADER_FILE);
    std::fs::copy(header, folder.join(HEADER_FILE)).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_of_100_mb_is_judged_in_less_than_half_of_that_memory() {
    let folder = tempfile::tempdir().unwrap();
    large(folder.path(), 64, 1_600_000);
    // Without a validator: it is another process. The limit counts what a process has written to, stacks included.
    let script = format!(
        "ulimit -d 45000; TOKIO_WORKER_THREADS=2 PATH=/nonexistent exec '{}' conformance '{}' -o ndjson",
        env!("CARGO_BIN_EXE_pssession"),
        folder.path().display()
    );
    let run = std::process::Command::new("bash").args(["-c", &script]).output().unwrap();
    let reported = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(0), "{reported}");
    assert_eq!(
        run.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count(),
        64,
        "{reported}"
    );
}

#[test]
fn an_exchange_that_is_too_large_is_named_and_not_read() {
    let folder = tempfile::tempdir().unwrap();
    large(folder.path(), 1, MAX_FILE + 4);
    let scenario = Scenario::open(folder.path()).unwrap();
    let error: FixtureError = scenario.exchange(1).unwrap_err();
    assert_eq!(error.path, folder.path().join("01-response.xml"));
    assert_eq!(error.reason, format!("larger than {MAX_FILE} bytes"));
}
