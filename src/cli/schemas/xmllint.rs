//! I/O module: one run of xmllint over several files, bounded in time and in what it may say, and its report read.
#![expect(clippy::disallowed_methods, reason = "starts xmllint")]

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::{Problem, Start};

/// How long one run may take. A batch takes a tenth of a second.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(20);

/// The most that is read of what it says: a report on 256 envelopes with a dozen problems each.
const MAX_REPORT: u64 = 4 << 20;

/// The most problems of one envelope and schema: nobody reads more, and the first explains the others.
const MAX_PROBLEMS: usize = 20;

/// The longest text of a problem, in characters: xmllint quotes whole values.
const MAX_TEXT: usize = 400;

/// What xmllint says of how it got to a problem, and not what the problem is.
const NOISE: [&str; 3] =
    ["Invalid sequence in interleave", "failed to validate content", "Expecting element Body, got Header"];

/// Whether there is an xmllint.
pub(super) fn is_installed(start: Start) -> bool {
    let mut xmllint = Command::new("xmllint");
    xmllint.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    start(&mut xmllint).and_then(|mut quiet| quiet.wait()).is_ok()
}

/// The name of the file of an envelope. `secret` is a part that the envelope cannot know.
pub(super) fn file_name(secret: &str, index: usize) -> String {
    format!("{secret}-{index}.xml")
}

/// The files of `indices`, in `folder`, that `schema` refuses, and why.
///
/// A run that takes too long or says too much is tried again by halves, so that one envelope cannot spoil the others.
///
/// # Errors
/// xmllint could not be started.
pub(super) fn run(
    folder: &Path,
    secret: &str,
    schema: &'static str,
    indices: &[usize],
    start: Start,
) -> io::Result<BTreeMap<usize, Vec<Problem>>> {
    let (report, whole) = ask(folder, secret, schema, indices, start)?;
    if whole || indices.len() <= 1 {
        return Ok(read_report(&report, secret, schema, indices));
    }
    let (first, second) = indices.split_at(indices.len() / 2);
    let mut problems = run(folder, secret, schema, first, start)?;
    problems.extend(run(folder, secret, schema, second, start)?);
    Ok(problems)
}

/// What xmllint says, and whether that is all of it.
fn ask(
    folder: &Path,
    secret: &str,
    schema: &str,
    indices: &[usize],
    start: Start,
) -> io::Result<(String, bool)> {
    let kind = if schema.ends_with(".xsd") { "--schema" } else { "--relaxng" };
    let mut program = Command::new("xmllint");
    program.args(["--nonet", "--nocatalogs", "--noout", kind, schema]);
    program.args(indices.iter().map(|index| file_name(secret, *index))).current_dir(folder);
    program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut xmllint = start(&mut program)?;
    let (send, receive) = mpsc::channel();
    let stderr = xmllint.stderr.take();
    let reader = std::thread::spawn(move || {
        let mut report = Vec::new();
        let read = stderr.map(|stderr| stderr.take(MAX_REPORT).read_to_end(&mut report));
        // Nobody waits any more: the time is over.
        let _ = send.send((report, read.is_some_and(|read| read.is_ok())));
    });
    let answer = receive.recv_timeout(TIME_LIMIT);
    // It has closed its stderr, or is too slow, or talks too much: in each case it is over.
    let _ = xmllint.kill();
    xmllint.wait()?;
    let _ = reader.join();
    let (report, read) = answer.unwrap_or_default();
    let whole = read && u64::try_from(report.len()).is_ok_and(|length| length < MAX_REPORT);
    Ok((String::from_utf8_lossy(&report).into_owned(), whole))
}

/// The problems that a report tells, by file. A file without a good verdict has at least one.
fn read_report(
    report: &str,
    secret: &str,
    schema: &'static str,
    indices: &[usize],
) -> BTreeMap<usize, Vec<Problem>> {
    let mut problems: BTreeMap<usize, Vec<Problem>> =
        indices.iter().map(|index| (*index, Vec::new())).collect();
    // Some lines of RELAX NG name no file, and stand before others of the same file.
    let mut nameless: Vec<Problem> = Vec::new();
    let mut current = None;
    for line in report.lines() {
        let Some((index, rest)) = split(line, secret) else {
            if let Some((_, text)) = line.split_once("Relax-NG validity error : ") {
                nameless.push(Problem { line: None, schema, text: text.to_owned() });
            } else if let Some(last) = current.and_then(|index| problems.get_mut(&index)?.last_mut()) {
                last.text.push(' ');
                last.text.push_str(line.trim());
            }
            continue;
        };
        if rest == " validates" {
            problems.remove(&index);
            current = None;
            continue;
        }
        let Some(of_file) = problems.get_mut(&index) else { continue };
        of_file.append(&mut nameless);
        current = Some(index);
        if let Some((number, text)) = rest.strip_prefix(':').and_then(|rest| rest.split_once(':')) {
            let text = text.split_once("validity error : ").map_or(text, |(_, text)| text);
            of_file.push(Problem { line: number.parse().ok(), schema, text: text.trim().to_owned() });
        }
    }
    for of_file in problems.values_mut() {
        tidy(of_file, schema);
    }
    problems
}

/// The number of the file that a line is about, and what comes behind its name.
fn split<'a>(line: &'a str, secret: &str) -> Option<(usize, &'a str)> {
    let (number, rest) = line.strip_prefix(secret)?.strip_prefix('-')?.split_once(".xml")?;
    Some((number.parse().ok()?, rest))
}

/// Leaves what tells something, in a length that can be read.
fn tidy(problems: &mut Vec<Problem>, schema: &'static str) {
    let telling = |problem: &Problem| !NOISE.iter().any(|noise| problem.text.contains(noise));
    if problems.iter().any(telling) {
        problems.retain(telling);
    }
    if problems.is_empty() {
        let text = "xmllint did not come to an end with it".to_owned();
        problems.push(Problem { line: None, schema, text });
    }
    problems.truncate(MAX_PROBLEMS);
    for problem in problems {
        if let Some((end, _)) = problem.text.char_indices().nth(MAX_TEXT) {
            problem.text.truncate(end);
            problem.text.push_str("...");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(report: &str) -> Vec<(usize, String)> {
        let problems = read_report(report, "k", "request.rng", &[1, 2, 3]);
        problems
            .into_iter()
            .flat_map(|(index, of_file)| of_file.into_iter().map(move |p| (index, p.text)))
            .collect()
    }

    #[test]
    fn each_file_has_its_own_verdict() {
        let report = "k-1.xml validates\n\
                      k-2.xml:7: element Header: Relax-NG validity error : Expecting an element Action, got nothing\n\
                      k-2.xml:7: element Header: Relax-NG validity error : Invalid sequence in interleave\n\
                      k-2.xml fails to validate\nk-3.xml validates\n";
        assert_eq!(read(report), [(2, "Expecting an element Action, got nothing".to_owned())]);
        let problems = read_report(report, "k", "request.rng", &[2]);
        assert_eq!(problems.get(&2).unwrap()[0].line, Some(7));
    }

    #[test]
    fn a_line_without_a_file_belongs_to_the_next_one_and_one_that_goes_on_to_the_last() {
        let report = "k-1.xml validates\nRelax-NG validity error : Extra element To in interleave\n\
                      k-2.xml:1: element Header: Relax-NG validity error : Invalid sequence in interleave\n\
                      k-2.xml fails to validate\n\
                      k-3.xml:2: element Value: Schemas validity error : the value '\n  w:Odd\n ' is not good\n\
                      k-3.xml fails to validate\n";
        let expected = [
            (2, "Extra element To in interleave".to_owned()),
            (3, "the value ' w:Odd ' is not good".to_owned()),
        ];
        assert_eq!(read(report), expected);
    }

    #[test]
    fn a_file_without_a_verdict_is_not_valid() {
        let found = read("k-1.xml validates\nk-2.xml:1: parser error : no end\n<a\n");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], (2, "parser error : no end <a".to_owned()));
        assert_eq!(found[1].0, 3);
    }

    #[test]
    fn an_envelope_cannot_write_its_own_verdict() {
        let found = read(
            "k-1.xml validates\nk-2.xml validates\nk-3.xml:1: element A: E : it is '\nx-3.xml validates\n'\n",
        );
        assert_eq!(found[0].0, 3);
    }

    #[test]
    fn a_long_quotation_is_cut() {
        let found =
            read(&format!("k-1.xml validates\nk-2.xml validates\nk-3.xml:1: {}\n", "ä".repeat(9_000)));
        assert_eq!(found[0].1.chars().count(), MAX_TEXT + 3);
    }
}
