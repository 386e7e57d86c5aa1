//! What the README and the reference pages show is what the command prints.

use std::fs;
use std::path::Path;

use pssession::auth::SCHEMES;

use crate::support::command::Pssession;

/// The pages with the tables of options.
const REFERENCE: [&str; 4] =
    ["docs/authentication.md", "docs/outcomes.md", "docs/select-sessions.md", "docs/account-lockout.md"];

fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// Idle times move on while the demo runs.
fn without_times(line: &str) -> String {
    let reported = |word: &&str| {
        !(word.ends_with(['s', 'm', 'h', 'd']) && word.starts_with(|c: char| c.is_ascii_digit()))
    };
    line.split_whitespace().filter(reported).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_screen_in_the_readme_is_the_demos() {
    let readme = page("README.md");
    let shown =
        readme.split("<!-- demo:begin -->").nth(1).unwrap().split("<!-- demo:end -->").next().unwrap();
    let run = Pssession::new(["demo"]).run_blocking().expect(0);
    let mut printed = run.stdout.lines().map(without_times);
    let lines: Vec<&str> =
        shown.lines().filter(|line| !line.starts_with("```") && !line.trim().is_empty()).collect();
    assert!(lines.len() > 10, "the README shows no screen");
    for line in lines.into_iter().filter(|line| *line != "...") {
        let wanted = without_times(line);
        assert!(printed.any(|line| line == wanted), "not printed (in this order): {line}\n{}", run.stdout);
    }
}

#[test]
fn the_table_of_schemes_on_its_page_is_that_of_the_code() {
    let page = page("docs/authentication.md");
    let shown =
        page.split("<!-- schemes:begin -->").nth(1).unwrap().split("<!-- schemes:end -->").next().unwrap();
    let mut expected = String::from(
        "\n| `--auth` | in PowerShell | what it is | over HTTP | over HTTPS | offered as |\n|---|---|---|---|---|---|\n",
    );
    for row in SCHEMES {
        let powershell = row.powershell.map_or("–".to_owned(), |word| format!("`{word}`"));
        let over_http = match (row.seals, row.needs_tls) {
            (true, false) => "every body sealed",
            (false, true) => "refused",
            other => panic!("{other:?}"),
        };
        let words: Vec<_> = row.headers.iter().map(|word| format!("`{word}`")).collect();
        expected += &format!(
            "| `{}` | {powershell} | {} | {over_http} | yes | {} |\n",
            row.name,
            row.meaning,
            words.join(", ")
        );
    }
    assert_eq!(shown, expected, "write this into docs/authentication.md:\n{expected}");
    let help = Pssession::new(["get", "--help"]).run_blocking().expect(0).stdout;
    let names: Vec<_> = ["auto"].into_iter().chain(SCHEMES.iter().map(|row| row.name)).collect();
    assert!(help.contains(&format!("[possible values: {}]", names.join(", "))), "{help}");
}

#[test]
fn every_option_that_the_readme_and_the_reference_name_is_one() {
    let help = |verb: &str| Pssession::new([verb, "--help"]).run_blocking().expect(0).stdout;
    let verbs = ["get", "remove", "forget", "identify", "simulator", "man"];
    let known: String = verbs.into_iter().map(help).collect();
    let elsewhere = ["--open", "--bench", "--example", "--quick", "--version", "--path", "--features"];
    for name in ["README.md"].into_iter().chain(REFERENCE) {
        let text = page(name);
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        for word in words.filter(|word| word.starts_with("--") && word.len() > 3) {
            assert!(
                known.contains(word) || elsewhere.contains(&word),
                "{name} names {word}, which no command has"
            );
        }
    }
}
