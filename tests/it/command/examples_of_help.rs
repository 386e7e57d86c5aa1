//! The six examples of the help page of Remove-PSSession, as `docs/powershell-examples.md` shows them: run by bash, and held
//! against the page. `PSSESSION_UPDATE_SNAPSHOTS=1` writes what they print into the page.

use std::fs;
use std::path::PathBuf;

use crate::support::home_fixture::{BACKUP, BUILD_7, FOREIGN, HomeFixture, NIGHTLY, PATCHING};
use crate::support::tools;

/// The port of the fourth example, and the last one that a test may not listen on.
const PORT: &str = "90";

fn page() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/powershell-examples.md"))
}

/// One command and what it printed, as the page shows them.
#[derive(Debug, PartialEq)]
struct Step {
    command: String,
    output: String,
}

/// The headings of the page, each with its screens.
fn examples(page: &str) -> Vec<(String, Vec<Vec<Step>>)> {
    let sections = page.split("\n## ").skip(1);
    let screens = |section: &str| section.split("```console\n").skip(1).map(screen).collect();
    sections.map(|section| (section.lines().next().unwrap().to_owned(), screens(section))).collect()
}

fn screen(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in text.split("```").next().unwrap().lines() {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push(Step { command: command.to_owned(), output: String::new() }),
            (None, Some(step)) => step.output.push_str(&format!("{line}\n")),
            (None, None) => panic!("output without a command: {line}"),
        }
    }
    steps
}

/// Runs the commands of one screen in one bash, and gives back each with what it printed.
async fn run(home: &HomeFixture, steps: &[Step]) -> Vec<Step> {
    const MARK: &str = "@@@@@@@@\n";
    let port = home.other.port().to_string();
    let commands = steps.iter().map(|step| {
        let command = step.command.replace(&format!("=={PORT}"), &format!("=={port}"));
        format!("printf '{}'\n{command}\n", MARK.replace('\n', "\\n"))
    });
    let script = format!("exec 2>&1\n{}", commands.collect::<String>());
    let printed = home.bash(&script).await.stdout;
    let outputs: Vec<&str> = printed.split(MARK).skip(1).collect();
    assert_eq!(outputs.len(), steps.len(), "{printed}");
    let step =
        |(step, output): (&Step, &str)| Step { command: step.command.clone(), output: output.to_owned() };
    steps.iter().zip(outputs).map(step).collect()
}

/// What is to be left on the servers behind each screen of the page, in its order.
fn left() -> Vec<(&'static str, Vec<Vec<&'static str>>)> {
    let none = vec![FOREIGN];
    vec![
        ("Where each example begins", vec![vec![BUILD_7, NIGHTLY, PATCHING, FOREIGN, BACKUP]]),
        ("Example 1", vec![vec![PATCHING, FOREIGN, BACKUP]]),
        ("Example 2", vec![none.clone(), none.clone(), none.clone()]),
        ("Example 3", vec![vec![FOREIGN, BACKUP]]),
        ("Example 4", vec![vec![BUILD_7, NIGHTLY, PATCHING, FOREIGN]]),
        ("Example 5", vec![vec![BUILD_7, NIGHTLY, FOREIGN, BACKUP]]),
        ("Example 6", vec![none]),
    ]
}

#[tokio::test]
async fn each_example_does_what_the_help_promises_and_prints_what_the_page_shows() {
    if !tools::has("jq") {
        return;
    }
    let mut text = fs::read_to_string(page()).unwrap();
    let shown = examples(&text);
    let headings: Vec<&str> = shown.iter().map(|(heading, _)| heading.split(':').next().unwrap()).collect();
    assert_eq!(headings, left().iter().map(|(heading, _)| *heading).collect::<Vec<_>>());
    let mut changed = Vec::new();
    for ((heading, screens), (_, left)) in shown.iter().zip(left()) {
        assert_eq!(screens.len(), left.len(), "{heading}");
        for (steps, left) in screens.iter().zip(left) {
            let home = HomeFixture::new().await;
            let ran = run(&home, steps).await;
            assert_eq!(home.left(), left, "{heading}: {ran:?}");
            if ran != *steps {
                text = text.replacen(&written(steps), &written(&ran), 1);
                changed.push(format!("{heading}:\n{}", written(&ran)));
            }
        }
    }
    if std::env::var_os("PSSESSION_UPDATE_SNAPSHOTS").is_some() {
        fs::write(page(), text).unwrap();
    } else {
        assert!(changed.is_empty(), "the page shows something else than\n{}", changed.join("\n"));
    }
}

fn written(steps: &[Step]) -> String {
    let step = |step: &Step| format!("$ {}\n{}", step.command, step.output);
    format!("```console\n{}```", steps.iter().map(step).collect::<String>())
}
