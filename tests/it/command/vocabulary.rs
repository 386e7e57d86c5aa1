//! ServerState, State and Availability mean the same in every output, in both spellings.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::support::home_fixture::HomeFixture;

/// ServerState, State and Availability by Id. PowerShell says `Disconnected` of all that a server lists; here only
/// where the server does. The fourth is no longer there, and the sixth is known from PowerShell's own words alone.
const WORDS: [(i64, [&str; 3]); 5] = [
    (1, ["Disconnected", "Disconnected", "None"]),
    (2, ["Connected", "Opened", "Busy"]),
    (3, ["Connected", "Opened", "Busy"]),
    (4, ["Connected", "Broken", "None"]),
    (6, ["", "Opened", "Available"]),
];

async fn home() -> HomeFixture {
    let home = HomeFixture::new().await;
    home.other.world().lock().unwrap().shells_mut().clear();
    let host = home.other.address().to_string();
    home.command(&["get", "--on", &host]).run().await.expect(0);
    let own = json!({
        "Id": 6, "Name": "own", "InstanceId": "99999999-65a0-49f2-9053-a1b156c95777", "ComputerName": "web09",
        "State": 2, "Availability": 1,
    });
    home.command(&["import", "-"]).stdin(own.to_string()).run().await.expect(0);
    home
}

/// The three words of each session, as one output tells them.
type Reported = HashMap<i64, [String; 3]>;

fn of_records(records: &[Value]) -> Reported {
    let word = |record: &Value, name: &str| record[name].as_str().unwrap_or_default().to_owned();
    let words = |record: &Value| ["ServerState", "State", "Availability"].map(|name| word(record, name));
    records.iter().map(|record| (record["Id"].as_i64().unwrap(), words(record))).collect()
}

fn of_csv(text: &str) -> Reported {
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let at = |name: &str| header.iter().position(|column| *column == name).unwrap();
    let words =
        |line: &Vec<&str>| ["ServerState", "State", "Availability"].map(|name| line[at(name)].to_owned());
    lines.map(|line| (line[at("Id")].parse().unwrap(), words(&line))).collect()
}

fn of_list(text: &str) -> Reported {
    let block = |block: &str| {
        let properties: HashMap<&str, &str> = block
            .lines()
            .filter_map(|line| line.split_once(" :"))
            .map(|(name, value)| (name.trim(), value.trim()))
            .collect();
        let words = ["ServerState", "State", "Availability"]
            .map(|name| properties.get(name).copied().unwrap_or_default().to_owned());
        (properties["Id"].parse().unwrap(), words)
    };
    text.split("\n\n").filter(|text| !text.trim().is_empty()).map(block).collect()
}

#[tokio::test]
async fn each_output_says_the_same_of_a_session() {
    let home = home().await;
    let expected: Reported = WORDS.map(|(id, words)| (id, words.map(str::to_owned))).into();
    for verb in ["get", "Get-PSSession"] {
        let print = async |format: &str| home.command(&[verb, "--output", format]).run().await.expect(0);
        assert_eq!(of_records(&print("ndjson").await.records()), expected, "{verb}");
        let array: Vec<Value> = serde_json::from_str(&print("json").await.stdout).unwrap();
        assert_eq!(of_records(&array), expected, "{verb}");
        assert_eq!(of_csv(&print("csv").await.stdout), expected, "{verb}");
        assert_eq!(of_list(&print("list").await.stdout), expected, "{verb}");
    }
}

#[tokio::test]
async fn the_tables_have_the_same_words() {
    let home = home().await;
    for (verb, last) in [("get", None), ("Get-PSSession", Some("Availability"))] {
        let shown = home.command(&[verb, "--output", "table"]).run().await.expect(0).stdout;
        for (id, [_, state, availability]) in WORDS {
            let line = shown.lines().find(|line| line.trim_start().starts_with(&format!("{id} "))).unwrap();
            assert!(line.split_whitespace().any(|word| word == state), "{verb}: {line}");
            assert!(last.is_none() || line.ends_with(&format!(" {availability}")), "{verb}: {line}");
        }
    }
}

#[tokio::test]
async fn the_disconnected_are_those_that_nobody_uses() {
    let home = home().await;
    let port = home.servers.port().to_string();
    let words = ["gsn", "127.0.0.1", "-Port", &port, "-State", "Disconnected"];
    let found = of_records(&home.command(&words).run().await.expect(0).records());
    assert_eq!(found.into_keys().collect::<Vec<_>>(), [1]);
}
