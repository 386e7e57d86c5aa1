//! The manual page of a cmdlet: its help, with a manual's headings.

use clap_mangen::roff::{Roff, bold, roman};

use super::{ENVIRONMENT, FILES, Page, SOURCE, as_it_is, terms};
use crate::cli::exit;
use crate::cli::powershell::{self, Cmdlet};

/// What PowerShell's spelling makes of the lower exit codes; the others are those of every command.
const EXITS: &[(&str, &str)] = &[
    ("0", "no error"),
    ("1", "an error occurred; everything else was done"),
    ("2", "invalid command line; nothing was sent"),
];

/// The page, which refers to the `others`.
pub(super) fn page(cmdlet: Cmdlet, others: &str) -> Page {
    let help = powershell::page(cmdlet);
    let mut page = Roff::new();
    page.control("TH", [cmdlet.name(), "1", "\"\"", SOURCE, "User Commands"]);
    page.control("SH", ["NAME"]);
    page.text([roman(format!("{}, {} - {}", cmdlet.name(), cmdlet.alias(), cmdlet.about()))]);
    page.control("SH", ["SYNOPSIS"]);
    for line in &help.syntax {
        page.control("TP", []);
        let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
        page.text([bold(name)]);
        page.text([roman(rest)]);
    }
    paragraphs(&mut page, "DESCRIPTION", help.description);
    for group in &help.groups {
        page.control("SH", [group.title]);
        for entry in &group.entries {
            page.control("TP", []);
            page.text([bold(entry.usage.as_str())]);
            page.text([roman(entry.about.as_str())]);
            for (question, answer) in &entry.facts {
                page.control("br", []);
                page.text([roman(format!("{question} {answer}"))]);
            }
        }
    }
    paragraphs(&mut page, "INPUTS", &[help.inputs]);
    paragraphs(&mut page, "OUTPUTS", &[help.outputs]);
    paragraphs(&mut page, "NOTES", help.notes);
    page.control("SH", ["EXIT STATUS"]);
    terms(&mut page, EXITS);
    let reported = ["0", "1", "2", "3", "4"];
    for (code, meaning) in exit::MEANINGS.iter().filter(|(code, _)| !reported.contains(code)) {
        terms(&mut page, &[(*code, *meaning)]);
    }
    page.control("SH", ["ENVIRONMENT"]);
    terms(&mut page, ENVIRONMENT);
    page.control("SH", ["FILES"]);
    terms(&mut page, FILES);
    page.control("SH", ["EXAMPLES"]);
    for (number, example) in (1..).zip(help.examples) {
        page.control("SS", [format!("Example {number}: {}", example.title).as_str()]);
        as_it_is(&mut page, &example.lines.join("\n"));
        page.control("PP", []);
        page.text([roman(example.remark)]);
    }
    page.control("SH", ["SEE ALSO"]);
    page.text([roman(others)]);
    Page { file: format!("{}.1", cmdlet.name()), text: page.render() }
}

fn paragraphs(page: &mut Roff, heading: &str, paragraphs: &[&str]) {
    page.control("SH", [heading]);
    for (number, paragraph) in paragraphs.iter().enumerate() {
        if number > 0 {
            page.control("PP", []);
        }
        page.text([roman(*paragraph)]);
    }
}
