//! The pages of `docs/`, typed at a terminal as they stand: blocks marked `sh` are run by bash in order, and the `text`
//! block behind one is what the terminal then shows.
//!
//! Above a block a comment may stand, of parts with semicolons between: `<!-- exit 4 -->` is the exit code that is meant,
//! `<!-- answer y -->` what is typed when a yes is asked for, `<!-- no terminal -->` runs it as a scheduled job does,
//! `<!-- interrupt TEXT -->` types Ctrl-C as soon as a line of the terminal ends with this text,
//! `<!-- no login -->` without the user and the password in the environment, and
//! `<!-- file NAME -->` makes the block a file for the commands below it. A line `...` in a `text` block stands for any lines. `PSSESSION_UPDATE_SNAPSHOTS=1` writes what was
//! shown into the pages.

use std::path::PathBuf;
use std::time::Duration;

use pssession::simulator::{InjectedFault, OperationKind, SimulatedShell};

use crate::support::page_fixture::{Done, PageFixture, Reader};
use crate::support::pty;
use crate::support::screen::is_as_shown;
use crate::support::tools;

/// What nobody runs here.
const ONLY_SHOWN: [&str; 7] = ["powershell", "yaml", "crontab", "ini", "toml", "python", "console"];

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
            Some(("interrupt", text)) => reader = Reader::Interrupts(text),
            Some(("no", "terminal")) => reader = Reader::Nobody,
            Some(("no", "login")) => login = false,
            // A shell that the block is not for: `command::pasted_examples`.
            Some(("not", _)) => {}
            _ => panic!("what is {part:?}?"),
        }
    }
    (code, reader, login)
}

/// Whether the programs that a page needs are there.
fn can_try_out(page: &Page) -> bool {
    pty::available() && ["jq", "xmllint"].iter().all(|tool| !page.text.contains(tool) || tools::has(tool))
}

async fn try_out(name: &str) {
    if can_try_out(&Page::read(name)) {
        try_out_on(&PageFixture::set().await, name).await;
    }
}

async fn try_out_on(stage: &PageFixture, name: &str) {
    let mut page = Page::read(name);
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
    exchanges_are_recorded_as_the_page_says: "docs/record.md";
    a_live_host_is_checked_as_the_page_says: "docs/live-checks.md";
    the_five_minutes_with_windows_go_as_the_page_says: "docs/help-us-with-windows.md";
    tables_look_as_the_page_says: "docs/output.md";
    a_play_plans_as_the_page_says: "docs/ansible.md";
    a_schedule_goes_as_the_page_says: "docs/schedule.md";
    the_ten_commands_for_windows_are_commands: "docs/try-on-windows.md";
    the_page_for_windows_is_short: "docs/windows.md";
}

/// Where the intruder of a page comes from.
const INTRUDER: &str = "203.0.113.9";

/// The n-th session of the intruder.
fn intruder(number: usize) -> SimulatedShell {
    let id = format!("5A0C3E1{number}-7B42-4D19-9E6F-0C8D2B7A4F5{number}");
    let shell = SimulatedShell::powershell(&id, "Runspace1", r"CONTOSO\svc-deploy", "Microsoft.PowerShell");
    let shell = SimulatedShell { client_ip: INTRUDER.to_owned(), ..shell };
    let minute = Duration::from_secs(60);
    shell.aged(minute * 40, minute * 3).running("C3D1F7A2-6E0B-4B55-8F39-1D2E4C6A8B0F", "")
}

/// Comes back to web02 once, as soon as the session there is gone.
async fn comes_back(stage: &PageFixture) {
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let world = stage.world(2);
        let mut world = world.lock().unwrap();
        if world.shells().iter().all(|shell| shell.client_ip != INTRUDER) {
            return world.add(intruder(3));
        }
    }
}

#[tokio::test]
async fn an_intruder_is_cut_as_the_page_says() {
    let page = "docs/cut-an-intruder.md";
    if !can_try_out(&Page::read(page)) {
        return;
    }
    let stage = PageFixture::set().await;
    let others = [1, 2].map(|number| stage.shells(number));
    stage.world(1).lock().unwrap().add(intruder(1));
    stage.world(2).lock().unwrap().add(intruder(2));
    tokio::join!(try_out_on(&stage, page), comes_back(&stage));
    assert_eq!([1, 2].map(|number| stage.shells(number)), others, "everyone else's sessions stay");
}

/// The n-th block of this language, with the hosts and the programs of a test.
fn nth_block(page: &Page, language: &str, number: usize) -> String {
    let blocks = page.blocks();
    blocks.into_iter().filter(|block| block.language == language).nth(number).unwrap().text
}

#[tokio::test]
async fn the_cron_line_is_silent_unless_something_is_wrong() {
    let page = Page::read("docs/schedule.md");
    if !can_try_out(&page) {
        return;
    }
    let stage = PageFixture::set().await;
    let crontab = nth_block(&page, "crontab", 0);
    let set = |line: &&str| !line.starts_with('#') && !line.starts_with("15 3");
    let set: Vec<&str> = crontab.lines().filter(set).collect();
    let line = crontab.lines().find_map(|line| line.strip_prefix("15 3 * * * ")).unwrap();
    assert!(set.iter().any(|line| line.starts_with("PATH=")) && !line.contains('%'), "{crontab}");
    // As cron starts it: in the home of its user, with nothing else in the environment, and no terminal.
    let run = async || {
        let set = set.iter().map(|line| format!("'{}'", line.replace("/usr/local/bin", stage.programs())));
        let set = set.collect::<Vec<_>>().join(" ");
        let line = line.replace('\'', "'\\''");
        let cron = "HOME=\"$PWD\" LOGNAME=ops SHELL=/bin/sh";
        let script = format!("env -i {cron} {set} /bin/sh -c '{line}' </dev/null");
        stage.run(&script, &Reader::Nobody).await
    };
    for before in [7, 3] {
        let shells = stage.shells(1).len() + stage.shells(2).len();
        let ran = run().await;
        assert_eq!((shells, ran.code, ran.screen.as_str()), (before, 0, ""));
    }
    let leaked = SimulatedShell::cmd("16758727-2751-4CAF-9B67-9C859ACD7AAF", r"CONTOSO\ci-runner");
    let hours = Duration::from_secs(4 * 3_600);
    stage.world(1).lock().unwrap().add(leaked.aged(hours, hours));
    stage.world(1).lock().unwrap().inject(OperationKind::Delete, 9, InjectedFault::Fault(5));
    let ran = run().await;
    assert_eq!(ran.code, 4, "{}", ran.screen);
    assert!(
        ran.screen.contains("error: could not remove session") && ran.screen.contains("denied"),
        "{}",
        ran.screen
    );
    let report: serde_json::Value = serde_json::from_str(&stage.read("closed.json")).unwrap();
    assert_eq!((&report["ExitCode"], &report["Counts"]["Failed"]), (&4.into(), &1.into()));
}

#[tokio::test]
async fn the_units_are_valid_and_their_command_is_that_of_the_page() {
    let page = Page::read("docs/schedule.md");
    if !can_try_out(&page) || !tools::has("systemd-analyze") {
        return;
    }
    let stage = PageFixture::set().await;
    let names = ["pssession-cleanup.service", "pssession-cleanup.timer"];
    for (number, name) in names.into_iter().enumerate() {
        let unit = nth_block(&page, "ini", number);
        stage.write(name, &unit.replace("/usr/local/bin", stage.programs()));
    }
    let ran = stage.run("systemd-analyze verify --man=no ./pssession-cleanup.*", &Reader::Nobody).await;
    assert_eq!((ran.code, ran.screen.contains("pssession-cleanup")), (0, false), "{}", ran.screen);
    let service = nth_block(&page, "ini", 0);
    let command = service.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let command = command.replace("/usr/local/bin", stage.programs()).replace("%d", ".").replace("%S", ".");
    stage.run("cp .winrm-password winrm", &Reader::Nobody).await;
    let ran = stage.run(&format!("env -i HOME=\"$PWD\" PATH=/usr/bin:/bin {command}"), &Reader::Nobody).await;
    assert_eq!((ran.code, ran.screen.as_str()), (0, ""));
    assert_eq!((stage.shells(1).len(), stage.shells(2).len()), (2, 1));
}

/// The anchor that a heading gets on a web page.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || *c == '-' || *c == '_').collect()
}

#[test]
fn each_link_of_a_page_leads_to_a_file_and_a_heading() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut pages: Vec<PathBuf> =
        ["", "docs", "benches", "fixtures", "packaging", "packaging/ansible", "packaging/powershell"]
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
