//! The pages of `docs/`, typed at a terminal as they stand: blocks marked `sh` are run by bash in order, and the `text`
//! block behind one is what the terminal then shows.
//!
//! Above a block a comment may stand, of parts with semicolons between: `<!-- exit 4 -->` is the exit code that is meant,
//! `<!-- answer y -->` what is typed when a yes is asked for, `<!-- no terminal -->` runs it as a scheduled job does,
//! `<!-- no login -->` without the user and the password in the environment, and
//! `<!-- file NAME -->` makes the block a file for the commands below it. A line `...` in a `text` block stands for any lines. `PSSESSION_UPDATE_SNAPSHOTS=1` writes what was
//! shown into the pages.

use std::path::PathBuf;

use crate::support::page_fixture::{Done, PageFixture, Reader};
use crate::support::pty;
use crate::support::screen::is_as_shown;
use crate::support::tools;

/// What nobody runs here.
const ONLY_SHOWN: [&str; 6] = ["powershell", "yaml", "crontab", "toml", "python", "console"];

/// A longer page answers more than one question.
const MAX_LINES: usize = 200;

/// A longer README is not read to its end.
const MAX_README_LINES: usize = 119;

/// What a page tells its reader to type on Windows happens here, too.
const NEW_SESSION: &str = "New-PSSession -ComputerName web01 -Name ";

/// A page of the repository.
struct Page {
    path: PathBuf,
    text: String,
}

/// One fenced block.
#[derive(Debug)]
struct Block {
    language: String,
    text: String,
    /// The line of its opening fence, from 0.
    line: usize,
    /// What the comment above it says.
    remark: Option<String>,
}

impl Page {
    fn read(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name);
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path, text }
    }

    fn blocks(&self) -> Vec<Block> {
        let (mut blocks, mut open, mut remark) = (Vec::new(), None::<Block>, None);
        for (number, line) in self.text.lines().enumerate() {
            match (&mut open, line.strip_prefix("```")) {
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (Some(block), None) => block.text.push_str(&format!("{line}\n")),
                (None, Some(language)) => {
                    let (language, remark) = (language.to_owned(), remark.take());
                    open = Some(Block { language, text: String::new(), line: number, remark });
                }
                (None, None) => {
                    let comment = line.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->"));
                    remark = comment.map(str::to_owned);
                }
            }
        }
        assert!(open.is_none(), "a block of {} does not end", self.path.display());
        blocks
    }

    /// Puts `text` into the block that begins at `line`.
    fn bless(&mut self, line: usize, was: &str, text: &str) {
        let lines: Vec<&str> = self.text.lines().collect();
        let (before, after) = lines.split_at(line + 1);
        let after = &after[was.lines().count()..];
        self.text = format!("{}\n{}{}\n", before.join("\n"), text, after.join("\n"));
        std::fs::write(&self.path, &self.text).unwrap();
    }
}

/// The exit code that is meant, who is asked, and whether the environment has a login.
fn understand(remark: &str) -> (i32, Reader<'_>, bool) {
    let (mut code, mut reader, mut login) = (0, Reader::Silent, true);
    for part in remark.split("; ").filter(|part| !part.is_empty()) {
        match part.split_once(' ') {
            Some(("exit", number)) => code = number.parse().unwrap(),
            Some(("answer", typed)) => reader = Reader::Answers(if typed == "y" { "y\r" } else { "n\r" }),
            Some(("no", "terminal")) => reader = Reader::Nobody,
            Some(("no", "login")) => login = false,
            // A shell that the block is not for: `command::pasted_examples`.
            Some(("not", _)) => {}
            _ => panic!("what is {part:?}?"),
        }
    }
    (code, reader, login)
}

async fn try_out(name: &str) {
    let mut page = Page::read(name);
    if !pty::available() || ["jq", "xmllint"].iter().any(|tool| page.text.contains(tool) && !tools::has(tool))
    {
        return;
    }
    let stage = PageFixture::set().await;
    let mut done: Option<Done> = None;
    // From behind, so that what is written into the page moves no line that is still to come.
    let mut to_bless = Vec::new();
    for block in page.blocks() {
        let at = format!("{name}, line {}", block.line + 1);
        let remark = block.remark.as_deref().unwrap_or_default();
        if let Some(file) = remark.strip_prefix("file ") {
            stage.write(file, &block.text);
            continue;
        }
        match block.language.as_str() {
            "sh" if block.text.contains("cargo ") => {}
            "sh" => {
                let (expected, reader, login) = understand(remark);
                let without = if login { "" } else { "unset PSSESSION_USER PSSESSION_PASSWORD\n" };
                let ran = stage.run(&format!("{without}{}", block.text), &reader).await;
                assert_eq!(ran.code, expected, "{at}:\n{}{}", block.text, ran.screen);
                done = Some(ran);
            }
            "text" if name == "README.md" => {}
            "text" => {
                let ran = done.take().unwrap_or_else(|| panic!("{at}: no command above shows this"));
                let as_shown = is_as_shown(&block.text, &ran.screen);
                if !as_shown && std::env::var_os("PSSESSION_UPDATE_SNAPSHOTS").is_some() {
                    to_bless.push((block.line, block.text, ran.screen));
                } else {
                    assert!(as_shown, "{at} shows:\n{}but this came:\n{}", block.text, ran.screen);
                }
            }
            "powershell" if block.text.starts_with(NEW_SESSION) => {
                stage.open_session(block.text[NEW_SESSION.len()..].trim());
            }
            other => assert!(ONLY_SHOWN.contains(&other) || name == "README.md", "{at}: what is {other:?}?"),
        }
    }
    for (line, was, text) in to_bless.into_iter().rev() {
        page.bless(line, &was, &text);
    }
}

macro_rules! pages {
    ($($test:ident: $page:expr;)*) => {
        $(#[tokio::test]
        async fn $test() {
            try_out($page).await;
        })*
    };
}

pages! {
    the_readme_does_what_it_says: "README.md";
    leaked_shells_are_closed_as_the_page_says: "docs/close-leaked-shells.md";
    a_busy_session_is_closed_as_the_page_says: "docs/busy-elsewhere.md";
    the_holders_of_slots_are_found_as_the_page_says: "docs/who-holds-the-slots.md";
    sessions_of_powershell_are_imported_as_the_page_says: "docs/import-from-powershell.md";
    the_config_means_what_the_page_says: "docs/config.md";
    a_pipeline_goes_as_the_page_says: "docs/in-a-pipeline.md";
    the_table_behaves_as_the_page_says: "docs/the-local-table.md";
    powershells_spelling_goes_as_the_page_says: "docs/powershell.md";
    each_login_works_as_the_page_says: "docs/authentication.md";
    certificates_are_checked_as_the_page_says: "docs/https.md";
    a_host_is_checked_as_the_page_says: "docs/check-a-host.md";
    sessions_are_selected_as_the_page_says: "docs/select-sessions.md";
    the_command_is_installed_as_the_page_says: "docs/install.md";
    a_scenario_is_made_judged_and_served_as_the_page_says: "docs/conformance.md";
    tables_look_as_the_page_says: "docs/output.md";
    the_ten_commands_for_windows_are_commands: "docs/try-on-windows.md";
}

/// The anchor that a heading gets on a web page.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || *c == '-' || *c == '_').collect()
}

#[test]
fn each_link_of_a_page_leads_to_a_file_and_a_heading() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut pages: Vec<PathBuf> = ["", "docs", "benches", "fixtures", "packaging", "packaging/powershell"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.sort();
    let mut wrong = Vec::new();
    for page in &pages {
        let text = std::fs::read_to_string(page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            if link.contains("://") {
                continue;
            }
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            let found = std::fs::read_to_string(&target).unwrap_or_default();
            let headings =
                found.lines().filter_map(|line| Some(line.strip_prefix('#')?.trim_matches('#').trim()));
            let known = heading.is_empty() || headings.map(anchor).any(|anchor| anchor == heading);
            if !target.exists() || !known {
                wrong.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(pages.len() > 20, "{pages:?}");
    assert!(wrong.is_empty(), "links to nothing:\n{}", wrong.join("\n"));
}

#[test]
fn each_page_is_in_the_index_and_tried_out() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs");
    let index = Page::read("docs/README.md").text;
    let this = Page::read("tests/it/docs.rs").text;
    assert!(Page::read("README.md").text.lines().count() <= MAX_README_LINES, "README.md is too long");
    let pages = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let pages: Vec<_> =
        pages.filter_map(|name| Some(name.to_str()?.strip_suffix(".md")?.to_owned())).collect();
    assert!(pages.len() > 7);
    // The page of faults is written by its own test, and that of the simulator is run by `foreign_clients`.
    for name in pages.iter().filter(|name| !["README", "faults"].contains(&name.as_str())) {
        assert!(index.contains(&format!("({name}.md)")), "{name} is not in the index");
        let page = Page::read(&format!("docs/{name}.md"));
        let lines = page.text.lines().count();
        assert!(lines <= MAX_LINES, "docs/{name}.md has {lines} lines: make two pages of it");
        // One bash for each screen of the examples: `command::examples_of_help` tries that page.
        assert!(
            ["powershell-examples", "simulator"].contains(&name.as_str())
                || page.blocks().iter().all(|block| block.language != "sh")
                || this.contains(&format!("\"docs/{name}.md\";")),
            "{name} is not tried out"
        );
    }
}
