#![expect(clippy::disallowed_methods, reason = "a test writes what it reads")]

use super::*;
use crate::conformance::{ExchangeHeader, Scenario, ScenarioHeader};
use crate::wsman::op::OPERATIONS;

/// The exchange as it is read from files of these texts.
fn exchange(request: &str, response: Option<&str>) -> Exchange {
    let folder = tempfile::tempdir().unwrap();
    let mut header = ScenarioHeader::new("t".into(), "s".into(), "d".into(), Origin::HandMade);
    let said = ExchangeHeader { lost: response.is_none(), ..ExchangeHeader::default() };
    header.exchanges.insert("01".to_owned(), said);
    let header = serde_json::to_string(&header).unwrap();
    let files =
        [("scenario.json", Some(&*header)), ("01-request.xml", Some(request)), ("01-response.xml", response)];
    for (name, text) in files {
        if let Some(text) = text {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
    }
    let exchange = Scenario::open(folder.path()).unwrap().exchange(1).unwrap();
    Exchange { number: 7, response_path: "dir/07-response.xml".into(), ..exchange }
}

fn request(name: &str) -> String {
    let row = OPERATIONS.iter().find(|row| row.name == name).unwrap();
    let mut text = String::new();
    (row.write_example)(&mut text);
    text
}

const ID: &str = "uuid:6B0E4C0A-0B62-4E0C-9C4E-0D8D4A7C1F11";

fn answer(action: &str, relates_to: &str, body: &str) -> String {
    format!(
        "<s:Envelope xmlns:s='{}' xmlns:a='{}'><s:Header><a:Action>{action}</a:Action>\n\
         <a:RelatesTo>{relates_to}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>",
        uri::SOAP,
        uri::ADDRESSING
    )
}

/// The verdicts, and what is said of the first that is no plain pass.
fn judged(exchange: &Exchange, validation: &Validation) -> ([Verdict; 3], Vec<Check>) {
    let judgement = judge(exchange, validation.clone());
    (judgement.checks.clone().map(|check| check.verdict), judgement.checks.to_vec())
}

use Verdict::{Mismatch, NotExercised, NotValidated, Passed};

#[test]
fn a_good_answer_to_one_of_our_operations_passes_everywhere() {
    let good = answer(uri::DELETE.response, ID, "");
    let (verdicts, _) = judged(&exchange(&request("delete"), Some(&good)), &Validation::Valid);
    assert_eq!(verdicts, [Passed, Passed, Passed]);
}

#[test]
fn an_answer_without_a_validator_is_not_validated() {
    let good = answer(uri::DELETE.response, ID, "");
    let unavailable = Validation::Unavailable("no validator".to_owned());
    let (verdicts, checks) = judged(&exchange(&request("delete"), Some(&good)), &unavailable);
    assert_eq!(verdicts, [Passed, NotValidated, Passed]);
    assert_eq!(checks[1].detail, "no validator");
}

#[test]
fn every_request_that_we_write_is_the_one_that_we_would_write() {
    for row in OPERATIONS {
        let exchange = exchange(&request(row.name), None);
        let (verdicts, checks) = judged(&exchange, &Validation::Valid);
        assert_eq!(verdicts, [NotExercised, NotExercised, Passed], "{}: {checks:?}", row.name);
    }
}

#[test]
fn an_operation_that_we_lack_is_not_exercised_and_its_answer_is_still_judged() {
    let create = request("delete").replace("transfer/Delete", "transfer/Create");
    let good = answer("http://schemas.xmlsoap.org/ws/2004/09/transfer/CreateResponse", ID, "");
    let (verdicts, checks) = judged(&exchange(&create, Some(&good)), &Validation::Valid);
    assert_eq!(verdicts, [Passed, Passed, NotExercised], "{checks:?}");
    let (verdicts, _) =
        judged(&exchange(&create, Some(&answer(uri::DELETE.response, ID, ""))), &Validation::Valid);
    assert_eq!(verdicts, [Mismatch, Passed, NotExercised]);
}

#[test]
fn each_way_to_be_wrong_names_the_place_and_the_section() {
    let wrong = |response: &str| {
        let (verdicts, checks) = judged(&exchange(&request("get"), Some(response)), &Validation::Valid);
        assert_eq!(verdicts[0], Mismatch);
        format!("{} ({})", checks[0].detail, checks[0].section)
    };
    assert_eq!(
        wrong("<a>\n</b>"),
        "dir/07-response.xml:2: not well-formed XML: ill-formed document: expected `</a>`, but `</b>` was found at /a \
         (XML 1.0 2.1, Well-Formed XML Documents)"
    );
    assert!(
        wrong("<html/>").contains("SOAP 1.2 Envelope") && wrong("<html/>").contains("(SOAP 1.2 part 1 5.1")
    );
    let foreign = wrong(&answer(uri::GET.response, "uuid:1", ""));
    assert!(
        foreign.starts_with("dir/07-response.xml:2: it relates to uuid:1, not to uuid:6B0E"),
        "{foreign}"
    );
    assert!(foreign.ends_with("(DSP0226 5.4, Addressing)"), "{foreign}");
    let empty = wrong(&answer(uri::GET.response, ID, ""));
    assert!(empty.contains("missing element Shell") && empty.contains("WXF-Get"), "{empty}");
}

#[test]
fn a_fault_is_an_answer_and_may_lack_what_it_relates_to() {
    let fault = answer("x/fault", ID, "<s:Fault/>");
    let without = fault.replace(&format!("<a:RelatesTo>{ID}</a:RelatesTo>"), "");
    for fault in [fault, without] {
        let (verdicts, checks) = judged(&exchange(&request("get"), Some(&fault)), &Validation::Valid);
        assert_eq!(verdicts, [Passed, Passed, Passed]);
        assert_eq!(checks[1].section, section::FAULT);
    }
}

#[test]
fn what_is_marked_malformed_must_be_taken_as_it_is_marked() {
    let of = |malformed, response: &str| {
        let exchange =
            Exchange { malformed: Some(malformed), ..exchange(&request("delete"), Some(response)) };
        judged(&exchange, &Validation::Invalid("asked".to_owned())).0
    };
    let good = answer(uri::DELETE.response, ID, "");
    assert_eq!(of(Malformation::Refused, "<html>"), [Passed, NotExercised, Passed]);
    assert_eq!(of(Malformation::Refused, &good), [Mismatch, NotExercised, Passed]);
    assert_eq!(of(Malformation::Tolerated, &good), [Passed, NotExercised, Passed]);
    assert_eq!(of(Malformation::Tolerated, "<html>"), [Mismatch, NotExercised, Passed]);
}

#[test]
fn a_request_that_differs_from_ours_shows_where() {
    let odd = request("delete").replace("<s:Body></s:Body>", "<s:Body><odd/></s:Body>");
    let (verdicts, checks) = judged(&exchange(&odd, None), &Validation::Valid);
    assert_eq!(verdicts, [NotExercised, NotExercised, Mismatch]);
    assert!(checks[2].detail.contains("\n- Body        odd"), "{}", checks[2].detail);
}
