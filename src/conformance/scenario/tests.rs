use super::*;

const HEADER: &str = r#"{
  "Schema": "pssession.scenario/1",
  "Title": "t",
  "Server": "s",
  "Source": "d",
  "Origin": "hand-made"
}"#;
const REQUEST: &str = "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body/></s:Envelope>";

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// What is said of a scenario of these files, without the folder, and with the separators of Unix.
fn said(files: &[(&str, &str)]) -> String {
    let folder = folder(files);
    let opened = Scenario::open(folder.path())
        .and_then(|scenario| scenario.exchanges().collect::<Result<Vec<_>, _>>());
    let said = opened.unwrap_err().to_string().replace(&folder.path().display().to_string(), "DIR");
    said.replace(r"DIR\", "DIR/")
}

#[test]
fn an_exchange_has_the_usual_status_and_the_origin_of_its_scenario() {
    let fault = REQUEST.replace("<s:Body/>", "<s:Body><s:Fault/></s:Body>");
    let header = HEADER.replace(
        "\"hand-made\"",
        r#""hand-made", "Exchanges": {"03": {"Status": 403, "Origin": "transcribed"}, "04": {"Lost": true}}"#,
    );
    let folder = folder(&[
        ("scenario.json", &header),
        ("01-request.xml", REQUEST),
        ("01-response.xml", REQUEST),
        ("02-request.xml", REQUEST),
        ("02-response.xml", &fault),
        ("03-request.xml", REQUEST),
        ("03-response.xml", "<html>"),
        ("04-request.xml", REQUEST),
        ("notes.txt", "of the author"),
    ]);
    let scenario = Scenario::open(folder.path()).unwrap();
    let facts: Vec<_> = scenario
        .exchanges()
        .map(|exchange| {
            exchange.map(|e| (e.number, e.status, e.origin.as_str(), e.response.is_some())).unwrap()
        })
        .collect();
    assert_eq!(
        facts,
        [
            (1, 200, "hand-made", true),
            (2, 500, "hand-made", true),
            (3, 403, "transcribed", true),
            (4, 200, "hand-made", false)
        ]
    );
    assert_eq!(scenarios(folder.path()).unwrap(), [folder.path()]);
}

#[test]
fn a_bad_header_is_named_with_its_line() {
    let with = |header: &str| {
        said(&[("scenario.json", header), ("01-request.xml", REQUEST), ("01-response.xml", REQUEST)])
    };
    let unknown = with(&HEADER.replace("hand-made", "hand-mad"));
    assert!(unknown.starts_with("DIR/scenario.json:6: unknown variant `hand-mad`"), "{unknown}");
    let typo = with(&HEADER.replace("Title", "Titel"));
    assert!(typo.starts_with("DIR/scenario.json:3: unknown field `Titel`"), "{typo}");
    let newer = with(&HEADER.replace("scenario/1", "scenario/2"));
    assert!(newer.starts_with("DIR/scenario.json:2: the schema is"), "{newer}");
    let number = with(&HEADER.replace("\"hand-made\"", "\"hand-made\",\n\"Exchanges\": {\n\"7\": {}}"));
    assert_eq!(number, "DIR/scenario.json:8: there is no exchange \"7\": they are 01 to 01");
    assert!(said(&[]).starts_with("DIR/scenario.json: "));
}

#[test]
fn a_missing_or_misnamed_file_is_named() {
    let header = ("scenario.json", HEADER);
    assert_eq!(said(&[header]), "DIR: there is no exchange in it: no 01-request.xml");
    let lacking = said(&[header, ("01-request.xml", REQUEST)]);
    assert!(lacking.starts_with("DIR/01-response.xml: "), "{lacking}");
    assert!(said(&[header, ("1-request.xml", REQUEST)]).starts_with("DIR/1-request.xml: not a name of"));
    let gap = said(&[header, ("01-request.xml", REQUEST), ("03-request.xml", REQUEST)]);
    assert_eq!(gap, "DIR: there are 2 requests, but the last has the number 03");
}

#[test]
fn a_broken_request_is_named_with_its_line_and_the_reason() {
    let broken = "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'>\n<s:Body>\n</s:Envelope>";
    let reported =
        said(&[("scenario.json", HEADER), ("01-request.xml", broken), ("01-response.xml", REQUEST)]);
    assert!(reported.starts_with("DIR/01-request.xml:3: not well-formed XML: "), "{reported}");
}

#[test]
fn a_folder_without_scenarios_says_so() {
    let empty = folder(&[]);
    assert!(scenarios(empty.path()).unwrap_err().to_string().contains("neither a scenario"));
    fs::create_dir(empty.path().join("half")).unwrap();
    assert!(
        scenarios(empty.path()).unwrap_err().to_string().ends_with("half: there is no scenario.json in it")
    );
}
