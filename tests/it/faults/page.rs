//! `docs/faults.md`: the matrix as a page.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use super::cell::Ending;
use super::fault::REASONS;
use super::fleets::FleetRow;
use super::{AUTH_MODES, Cell, OPERATIONS, Operation, Verdict, in_words_of_linux};

/// What stands above the tables.
const HEAD: &str = include_str!("page_head.md");

/// Holds the page against the run; with `PSSESSION_UPDATE_SNAPSHOTS=1` writes it.
pub(super) fn check(
    cells: &[Cell],
    verdicts: &[Verdict],
    fleets: &[FleetRow],
    many_shells: &[(String, [Ending; 2])],
) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/faults.md");
    let page = write(cells, verdicts) + &of_fleets(fleets) + &of_many_shells(many_shells);
    if std::env::var_os("PSSESSION_UPDATE_SNAPSHOTS").is_some_and(|bless| bless == "1") {
        std::fs::write(&path, &page).unwrap();
    }
    let stands = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = |(ours, theirs): &(&str, &str)| ours != theirs;
    let difference = page.lines().zip(stands.lines()).find(differs);
    assert!(
        page == stands,
        "docs/faults.md says otherwise; PSSESSION_UPDATE_SNAPSHOTS=1 writes it, then review it: {difference:#?}"
    );
}

fn write(cells: &[Cell], verdicts: &[Verdict]) -> String {
    let mut page = HEAD.to_owned();
    for (this, short, full) in REASONS {
        let count = verdicts.iter().filter(|verdict| verdict.as_ref().is_err_and(|why| *why == this)).count();
        let _ = writeln!(page, "| n/a: {short} | {full} | {count} |");
    }
    let ran = verdicts.iter().filter(|verdict| verdict.is_ok()).count();
    let _ = writeln!(page, "\nOf {} cells {ran} are run.", verdicts.len());
    for operation in OPERATIONS {
        let (title, meaning) = describe(operation);
        let ways = AUTH_MODES.map(super::AuthMode::name).join(" | ");
        let _ =
            write!(page, "\n## {title}\n{meaning}\n\n| trouble | {ways} | why |\n|---|---|---|---|---|\n");
        let rows = cells.iter().zip(verdicts).filter(|(cell, _)| cell.operation == operation);
        for row in rows.collect::<Vec<_>>().chunks(AUTH_MODES.len()) {
            let texts: Vec<_> = row.iter().map(|(_, verdict)| text(verdict)).collect();
            assert!(texts.iter().all(|text| !text.is_empty()));
            let mut reasons: Vec<_> = row.iter().map(|(_, verdict)| reason(verdict)).collect();
            reasons.retain(|reason| !reason.is_empty());
            reasons.sort();
            reasons.dedup();
            let (name, why) = (row[0].0.fault_kind.name, reasons.join("; "));
            let _ = writeln!(page, "| {name} | {} | {why} |", texts.join(" | "));
        }
    }
    page
}

/// The table of fleets.
fn of_fleets(rows: &[FleetRow]) -> String {
    let mut table = FLEETS.to_owned();
    for FleetRow { name, closed, exit_code, proofs, reasons } in rows {
        let reasons = reasons.iter().map(|(reason, hosts)| (words(reason), hosts));
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for (reason, hosts) in reasons {
            *counts.entry(reason).or_default() += hosts;
        }
        let why: Vec<_> = counts.iter().map(|(reason, hosts)| format!("{hosts}: {reason}")).collect();
        let _ = writeln!(table, "| {name} | {closed} | {exit_code} | {proofs} | {} |", why.join("; "));
    }
    table
}

const FLEETS: &str = "\n## Sixty-four hosts\nOne credential logs in to all of them, and one session is closed on each. What \
    is struck is the answer to the proof of\nthe password. `proofs` is how often all hosts together saw one, and the last \
    column how many hosts were not listed, and why.\n\n| hosts | closed | exit code | proofs | why not |\n|---|---|---|---|---|\n";

/// The table of what only the engine meets, in memory.
fn of_many_shells(rows: &[(String, [Ending; 2])]) -> String {
    let mut table = CROWDS.to_owned();
    for (name, [chosen, proved]) in rows {
        let [(chosen, why), (proved, why_not)] =
            [chosen, proved].map(|ending| (text(&Ok(ending.clone())), &ending.reason));
        let _ = writeln!(table, "| {name} | {chosen} | {proved} | {why}; {why_not} |");
    }
    table
}

const CROWDS: &str = "\n## Ten million shells\nThey are made page by page, in memory and without a login, and end at \
    the limits of a listing,\nlong before its time is over. First one of them is to be closed; then they come with the proof.\n\n\
    | trouble | Enumerate and Pull | the proof | why |\n|---|---|---|---|\n";

fn text(verdict: &Verdict) -> String {
    match verdict {
        Ok(ending) => format!("{} · {} · {}", ending.outcome, ending.exit_code, ending.deletes),
        Err(reason) => {
            let (_, short, _) = REASONS.iter().find(|(this, ..)| this == reason).unwrap();
            format!("n/a: {short}")
        }
    }
}

/// What the user is told, without what differs from run to run and from login to login.
fn reason(verdict: &Verdict) -> String {
    let Ok(ending) = verdict else { return String::new() };
    if ending.outcome == "Unknown" && ending.reason.ends_with("did not answer within 30s") {
        // The listing's limit and the session's are over at one time, and either may be told.
        return "not verified in time".to_owned();
    }
    words(&ending.reason)
}

/// A reason without what differs from run to run.
fn words(reason: &str) -> String {
    let reason = in_words_of_linux(reason);
    let words = reason.split(' ').map(|word| {
        let bare = word.trim_end_matches([':', ',', ';']);
        let known = match bare {
            _ if bare.contains("//web01.lab:") => "HOST",
            _ if bare.starts_with("http://127.0.0.1:")
                && bare.ends_with("/wsman")
                && !reason.contains("redirect") =>
            {
                "HOST"
            }
            _ if bare.contains("//127.0.0.1:") => "URL",
            _ if bare.starts_with("uuid:") => "ID",
            _ => bare,
        };
        format!("{known}{}", &word[bare.len()..])
    });
    let text = words
        .collect::<Vec<_>>()
        .join(" ")
        .replace(" (os error 111)", "")
        .replace('|', "\\|")
        .replace('<', "&lt;");
    match text.char_indices().nth(LONGEST_REASON) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// How much of a reason the page shows, in characters.
const LONGEST_REASON: usize = 160;

fn describe(operation: Operation) -> (&'static str, &'static str) {
    match operation {
        Operation::Handshake => {
            ("The login", "What is struck is the answer to the request that shows the credential.")
        }
        Operation::Enumerate => (
            "Enumerate",
            "The first page of the listing from which the session is chosen. Without it there is no plan.",
        ),
        Operation::Pull => {
            ("Pull", "The further pages of that listing. A listing with a gap is not acted on.")
        }
        Operation::Commands => (
            "The listing of commands",
            "It comes before the Delete, to end what runs, and its troubles are not the Delete's.",
        ),
        Operation::Signal => {
            ("Signal", "It ends the session's running command, and its troubles are not the Delete's.")
        }
        Operation::Check => (
            "The Get before a late Delete",
            "The listing of commands took ten seconds, and so long ago nobody vouches for the session. It has 30 s in all.",
        ),
        Operation::Again => (
            "The Get between two Deletes",
            "The first Delete was answered 200 and did nothing. Here, too, a session has 30 s and an operation 10 s.",
        ),
        Operation::Delete => (
            "Delete",
            "Whatever the answer, also where it was turned away each time, a listing says whether the session is gone.",
        ),
        Operation::Verify => (
            "The proof",
            "The listings after the Delete, all their pages. Here a session has 30 s and an operation 10 s.",
        ),
    }
}
