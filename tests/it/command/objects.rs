//! Sessions as objects: what `import` takes, what `export` gives, and that nothing is taken by halves.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{BUILD_7, BUILD_8, host, leaked, on};
use crate::support::command::{Pssession, Run};

/// A folder with a table in it.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn table(&self) -> PathBuf {
        self.folder.path().join("sessions.db")
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn command(&self, args: &[&str]) -> Pssession {
        Pssession::new(args).env("PSSESSION_STORE", self.table().to_str().unwrap())
    }

    fn import(&self, text: &str) -> Run {
        self.command(&["import", "-"]).stdin(text).run_blocking()
    }

    /// Every row of the table.
    fn rows(&self) -> Vec<Value> {
        self.command(&["export"]).run_blocking().expect(0).records()
    }
}

fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/objects").join(name).to_str().unwrap().to_owned()
}

fn object(id: u32, shell_id: &str) -> String {
    json!({ "Id": id, "Name": format!("build-{id}"), "ShellId": shell_id, "ComputerName": "web01" })
        .to_string()
}

#[test]
fn what_powershell_prints_is_imported_in_every_form() {
    for name in [
        "windows-powershell-5.1.json",
        "windows-powershell-5.1-wrapped.json",
        "windows-powershell-5.1.csv",
        "powershell-7.json",
        "powershell-7-enums-as-strings.json",
        "powershell-7.csv",
        "windows-powershell-5.1.clixml",
        "powershell-7.clixml",
        "spreadsheet.csv",
    ] {
        let place = Place::new();
        let imported = place.command(&["import", "--tls", &fixture(name)]).run_blocking().expect(0);
        assert_eq!(imported.stderr, "imported 2 sessions: 2 new\n", "{name}");
        let reported = imported.records();
        let first = [
            ("Schema", json!("pssession.imported/1")),
            ("Id", json!(3)),
            ("Name", json!("build-7")),
            ("Endpoint", json!("https://web01:5986/wsman")),
            ("ShellId", json!(BUILD_7)),
            ("State", json!("Opened")),
            ("Availability", json!("Available")),
            ("IdleTimeout", json!(7_200)),
            ("Origin", json!("Imported")),
            ("SeenBy", Value::Null),
            ("GivenId", json!(3)),
            ("IsNew", json!(true)),
        ];
        for (property, expected) in first {
            assert_eq!(reported[0][property], expected, "{name}: {property}");
        }
        assert_eq!(
            (&reported[1]["ShellId"], &reported[1]["State"]),
            (&json!(BUILD_8), &json!("Disconnected")),
            "{name}"
        );
        assert_eq!(place.rows().len(), 2, "{name}");
    }
}

#[tokio::test]
async fn an_export_imports_into_another_table_as_it_was_but_for_who_saw_it() {
    let simulator = host(leaked()).await;
    let here = Place::new();
    let listed = on(&simulator, "get", &["-o", "json"]);
    listed.env("PSSESSION_STORE", here.table().to_str().unwrap()).run().await.expect(0);
    here.import(
        &json!({ "InstanceId": BUILD_7, "ComputerName": "db", "ComputerType": 1, "VMName": "db" })
            .to_string(),
    )
    .expect(0);
    let expected: Vec<Value> = here
        .rows()
        .into_iter()
        .map(|mut row| {
            row["SeenBy"] = Value::Null;
            row["Origin"] = json!("Imported");
            row
        })
        .collect();
    assert_eq!(expected.len(), 4);
    assert_eq!((&expected[0]["User"], &expected[0]["Auth"]), (&json!(simulator.user()), &json!("auto")));
    for format in ["ndjson", "json", "csv"] {
        let there = Place::new();
        let exported = here.command(&["export", "-o", format]).run_blocking().expect(0);
        there.import(&exported.stdout).expect(0);
        let mut rows = there.rows();
        for (row, expected) in rows.iter_mut().zip(&expected) {
            // An empty list and none look the same in a CSV.
            if format == "csv" && expected["CommandIds"] == json!([]) {
                row["CommandIds"] = json!([]);
            }
        }
        assert_eq!(rows, expected, "{format}");
    }
}

#[test]
fn an_id_that_is_taken_becomes_another_and_the_mapping_is_told() {
    let place = Place::new();
    place.import(&object(5, "a")).expect(0);
    let run = place.import(&[object(3, "b"), object(9, "c"), object(5, "a")].join("\n")).expect(0);
    assert_eq!(run.stderr, "imported 3 sessions: 2 new, 1 known before\nId 3 is 10 here: build-3 on web01\n");
    let ids: Vec<_> = run.records().iter().map(|r| (r["GivenId"].as_i64(), r["Id"].as_i64())).collect();
    assert_eq!(ids, [(Some(3), Some(10)), (Some(9), Some(9)), (Some(5), Some(5))]);
    let table = place.command(&["import", "-", "-o", "table"]).stdin(object(3, "b")).run_blocking().expect(0);
    let columns =
        |line: usize| table.stdout.lines().nth(line).unwrap().split_whitespace().collect::<Vec<_>>();
    assert_eq!(
        (&columns(0)[..2], &columns(1)[..5]),
        (&["Id", "GivenId"][..], &["10", "3", "web01", "-", "build-3"][..])
    );
}

#[test]
fn many_changed_ids_are_counted_and_not_all_told() {
    let place = Place::new();
    place.import(&object(50, "z")).expect(0);
    let run =
        place.import(&(1..=30).map(|id| object(id, &format!("shell {id}"))).collect::<String>()).expect(0);
    assert_eq!(run.stderr.lines().count(), 22);
    assert_eq!(run.stderr.lines().last(), Some("and 10 more"));
}

#[test]
fn what_is_bad_imports_nothing_and_each_error_has_its_place() {
    let good = object(1, "a");
    for (text, reported) in [
        (format!("{good}\n{}", &good[..good.len() / 2]), "line 2: the JSON ends unexpectedly"),
        (format!("[{good},"), "line 1: the JSON ends unexpectedly"),
        (format!("{good}\n{{\"Id\":7}}"), "line 2: has no ShellId or InstanceId"),
        (format!("[{good},{{\"ShellId\":\"b\"}}]"), "item 2: has neither Endpoint nor ComputerName"),
        (
            format!("{good}\n{{\"ShellId\":\"b\",\"shellid\":\"c\"}}"),
            "line 2: duplicate property \"ShellId\"",
        ),
        ("ShellId,ComputerName\na,web01\nb\n".to_owned(), "line 3: 1 fields, but the header has 2"),
        ("what is this".to_owned(), "line 1: expected an object, found a text"),
        ("what,is,this\n1,2,3\n".to_owned(), "line 1: neither JSON nor CSV"),
    ] {
        let place = Place::new();
        let run = place.import(&text).expect(2);
        assert!(
            run.stderr.contains(reported) && run.stderr.contains("nothing was imported"),
            "{}",
            run.stderr
        );
        assert_eq!(run.stdout, "");
        assert!(!place.table().exists());
    }
}

#[test]
fn errors_are_an_object_where_objects_were_asked_for() {
    let place = Place::new();
    let run = place.command(&["import", "-", "-o", "json"]).stdin("{}\n[1]").run_blocking().expect(2);
    let error: Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!(
        error["Causes"],
        json!([
            "line 1: has none of ShellId, InstanceId, Id, Name, ComputerName, ContainerId, VMId, VMName",
            "item 1: expected an object, found a number"
        ])
    );
}

#[test]
fn a_url_with_a_password_is_refused_and_neither_told_nor_kept() {
    let place = Place::new();
    let poisoned = json!({ "ShellId": "b", "Endpoint": "http://root:hunter2@web01/wsman" });
    let run = place.import(&format!("{}\n{poisoned}", object(1, "a"))).expect(2);
    assert!(run.stderr.contains("line 2: Endpoint"), "{}", run.stderr);
    assert!(!run.stderr.contains("hunter2") && run.stdout.is_empty(), "{}", run.stderr);
    assert!(!place.table().exists());
}

#[test]
fn several_files_are_one_import_and_one_bad_file_spoils_it() {
    let place = Place::new();
    let (one, bad) = (place.file("one.json", object(1, "a")), place.file("bad.csv", "Id,Id\n"));
    let run = place.command(&["import", &one, &bad]).run_blocking().expect(2);
    assert!(run.stderr.contains("cannot read sessions from"), "{}", run.stderr);
    let run = place.command(&["import", &one, "/nowhere/x.json"]).run_blocking().expect(2);
    assert!(run.stderr.contains("cannot read /nowhere/x.json"), "{}", run.stderr);
    place.command(&["import", "-", "-"]).stdin(object(1, "a")).run_blocking().expect(2);
    assert!(!place.table().exists());
    let run = place.command(&["import", &one, "-"]).stdin(object(2, "b")).run_blocking().expect(0);
    assert_eq!((run.records().len(), place.rows().len()), (2, 2));
}

#[test]
fn nothing_is_no_mistake() {
    for text in ["", "[]", "\u{feff}\r\n", "Id,ShellId\n"] {
        let place = Place::new();
        let run = place.import(text).expect(0);
        assert_eq!((&*run.stdout, &*run.stderr), ("", "nothing to import\n"), "{text:?}");
        assert!(!place.table().exists());
        assert_eq!(place.rows(), Vec::<Value>::new());
        assert_eq!(place.command(&["export", "-o", "json"]).run_blocking().expect(0).stdout, "[]\n");
        assert!(!place.table().exists());
    }
}

#[test]
fn a_table_that_cannot_be_used_is_told_and_left_alone() {
    let place = Place::new();
    place.file("sessions.db", "no table");
    for run in [place.import(&object(1, "a")), place.command(&["export"]).run_blocking()] {
        let run = run.expect(1);
        assert!(run.stderr.contains("the local table"), "{}", run.stderr);
        assert_eq!(run.stdout, "");
    }
    assert_eq!(std::fs::read(place.table()).unwrap(), b"no table");
}

#[test]
fn a_hundred_thousand_lines_are_one_import() {
    let place = Place::new();
    let line = |n: u32| {
        format!(
            "{{\"Id\":{n},\"InstanceId\":\"{n:08x}-65a0-49f2-9053-a1b156c95777\",\"ComputerName\":\"web01\"}}\n"
        )
    };
    let file = place.file("many.ndjson", (1..=100_000).map(line).collect::<String>());
    let run = place.command(&["import", &file, "-o", "name"]).run_blocking().expect(0);
    assert_eq!(run.stderr, "imported 100000 sessions: 100000 new\n");
    assert_eq!(run.stdout.lines().count(), 100_000);
}

#[test]
fn words_of_powershell_lead_here() {
    for (word, here) in [("Import-Clixml", "pssession import"), ("export-csv", "pssession export")] {
        let run = Pssession::new([word]).run_blocking().expect(2);
        assert!(run.stderr.contains(here), "{}", run.stderr);
    }
    for verb in ["import", "export"] {
        let run = Pssession::new([verb, "--on", "web01"]).run_blocking().expect(2);
        assert!(run.stderr.contains("connects to no server"), "{}", run.stderr);
    }
    let clixml =
        "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">\n<Obj>";
    let run = Place::new().import(clixml).expect(2);
    assert!(run.stderr.contains("line 2: the XML ends unexpectedly in /Objs/Obj"), "{}", run.stderr);
}
