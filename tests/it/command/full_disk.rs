//! Looking at the table needs no room on the disk, and no right to write there.

use std::fs;
use std::process::{Command, Stdio};

use crate::support::command::Run;
use crate::support::command_fixture::CommandFixture;
use crate::support::tools;

/// Makes a small disk of its own, visible to nobody else, puts the files of `table` on it, and does `to_it`.
fn look(fixture: &CommandFixture, table: &str, to_it: &str) -> Option<Run> {
    let disk = fixture.folder().join("disk");
    fs::create_dir_all(&disk).unwrap();
    let script = format!(
        "set -e\n\
         mount -t tmpfs -o size=512k,mode=700 none {disk} || exit 77\n\
         cp {table}/sessions.db* {disk}/\n\
         {to_it}\n\
         exec {program} get --cached --store {disk}/sessions.db -o ndjson",
        disk = disk.display(),
        program = env!("CARGO_BIN_EXE_pssession"),
    )
    .replace("DISK", disk.to_str().unwrap());
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]);
    let output = command
        .env_remove("PSSESSION_CONFIG")
        .env("XDG_CONFIG_HOME", &disk)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let run = Run::from(output);
    // No user namespaces, or no mounts in them.
    let can = run.code != 77 && !run.stderr.contains("unshare failed");
    tools::needs("unshare --user --mount", can).then_some(run)
}

const FILL: &str = "dd if=/dev/zero of=DISK/rest bs=1k 2>/dev/null || true\n\
                    if echo more > DISK/more; then exit 78; fi 2>/dev/null";
const FREEZE: &str = "mount -o remount,ro DISK";

/// The table of a host that was listed, as it is after an orderly end and after a kill.
async fn tables() -> (CommandFixture, [String; 2]) {
    let fixture = CommandFixture::listed().await;
    let [orderly, killed] = ["orderly", "killed"].map(|name| fixture.folder().join(name));
    for folder in [&orderly, &killed] {
        fs::create_dir(folder).unwrap();
    }
    fs::copy(fixture.table(), orderly.join("sessions.db")).unwrap();
    let mut store = pssession::store::Store::open(fixture.table()).unwrap();
    let rows = store.all(std::time::SystemTime::now()).unwrap();
    store.forget(rows.sessions().iter().take(1).map(|session| session.id.unwrap())).unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let name = format!("sessions.db{suffix}");
        fs::copy(fixture.folder().join(&name), killed.join(&name)).unwrap();
    }
    assert!(fs::metadata(killed.join("sessions.db-wal")).unwrap().len() > 0);
    (fixture, [orderly, killed].map(|folder| folder.to_str().unwrap().to_owned()))
}

#[tokio::test]
async fn the_table_is_read_on_a_disk_that_is_full_or_read_only() {
    let (fixture, [orderly, killed]) = tables().await;
    for (table, sessions) in [(&orderly, 3), (&killed, 2)] {
        for to_it in [FILL, FREEZE, "true"] {
            let Some(run) = look(&fixture, table, to_it) else { return };
            let run = run.expect(0);
            assert_eq!((run.records().len(), run.stderr.as_str()), (sessions, ""), "{table}: {to_it}");
        }
    }
}
