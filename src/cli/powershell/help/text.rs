//! A page as text, in the order and with the headings of PowerShell's own help.

use std::fmt::Write as _;

use super::super::cmdlet::Cmdlet;
use super::{Entry, Page, page};

/// The columns of a line of prose, its margin included.
const WIDTH: usize = 100;

/// What stands before a line of text, and before what belongs to it.
const MARGIN: &str = "    ";
const DEEPER: &str = "        ";

/// The page that `-?` prints.
pub(crate) fn help(cmdlet: Cmdlet) -> String {
    let page = page(cmdlet);
    let mut text = format!(
        "NAME\n{MARGIN}{} ({})\n\nSYNOPSIS\n{MARGIN}{}\n\nSYNTAX\n",
        cmdlet.name(),
        cmdlet.alias(),
        cmdlet.about()
    );
    for line in &page.syntax {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{MARGIN}{line}");
    }
    section(&mut text, "DESCRIPTION", page.description);
    for group in &page.groups {
        let _ = writeln!(text, "\n{}", group.title);
        let entries: Vec<String> = group.entries.iter().map(entry).collect();
        // Those that are told in one line need no gap.
        let gap = if group.entries.iter().any(|entry| !entry.facts.is_empty()) { "\n" } else { "" };
        text.push_str(&entries.join(gap));
    }
    section(&mut text, "INPUTS", &[page.inputs]);
    section(&mut text, "OUTPUTS", &[page.outputs]);
    section(&mut text, "NOTES", page.notes);
    text.push_str("\nEXAMPLES\n");
    text.push_str(&examples(&page));
    text.push_str("\nRELATED\n");
    for line in page.related {
        let _ = writeln!(text, "{MARGIN}{line}");
    }
    text
}

fn section(text: &mut String, heading: &str, paragraphs: &[&str]) {
    let _ = writeln!(text, "\n{heading}");
    let reported: Vec<String> = paragraphs.iter().map(|paragraph| wrapped(paragraph, MARGIN)).collect();
    text.push_str(&reported.join("\n"));
}

fn entry(entry: &Entry) -> String {
    let mut text = format!("{MARGIN}{}\n{}", entry.usage, wrapped(&entry.about, DEEPER));
    for (question, answer) in &entry.facts {
        let _ = writeln!(text, "{DEEPER}{question:<29}{answer}");
    }
    text
}

fn examples(page: &Page) -> String {
    let mut reported = Vec::new();
    for (number, example) in (1..).zip(page.examples) {
        let mut text = format!("{MARGIN}Example {number}: {}\n", example.title);
        for line in example.lines {
            let _ = writeln!(text, "{DEEPER}{line}");
        }
        text.push_str(&wrapped(example.remark, MARGIN));
        reported.push(text);
    }
    reported.join("\n")
}

/// Prose in lines of [`WIDTH`] columns behind `margin`.
fn wrapped(prose: &str, margin: &str) -> String {
    let mut text = String::new();
    let mut line = margin.to_owned();
    for word in prose.split_whitespace() {
        let begun = line.len() > margin.len();
        if begun && line.len().saturating_add(word.len()) >= WIDTH {
            text.push_str(&line);
            text.push('\n');
            line.truncate(margin.len());
        } else if begun {
            line.push(' ');
        }
        line.push_str(word);
    }
    text + &line + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_broken_between_words_and_no_line_of_it_is_too_long() {
        let page = page(Cmdlet::RemovePSSession);
        for paragraph in page.description.iter().chain(page.notes) {
            let text = wrapped(paragraph, DEEPER);
            assert!(text.lines().all(|line| line.len() <= WIDTH && line.starts_with(DEEPER)), "{text}");
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(words(&text), words(paragraph));
        }
    }

    #[test]
    fn the_headings_stand_in_powershells_order() {
        let help = help(Cmdlet::RemovePSSession);
        let headings: Vec<&str> =
            help.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase())).collect();
        let expected = [
            "NAME",
            "SYNOPSIS",
            "SYNTAX",
            "DESCRIPTION",
            "PARAMETERS",
            "ADDITIONAL PARAMETERS FOR SERVERS",
            "COMMON PARAMETERS",
            "ACCEPTED, WITHOUT EFFECT",
            "NOT SUPPORTED",
            "INPUTS",
            "OUTPUTS",
            "NOTES",
            "EXAMPLES",
            "RELATED",
        ];
        assert_eq!(headings, expected);
    }
}
