//! The manual pages, and the examples in the help.

use std::collections::BTreeSet;
use std::process::Command;

use crate::support::command::Pssession;

const COMMANDS: [&str; 3] = ["get", "remove", "man"];

#[test]
fn every_command_has_a_page_with_its_options_and_examples() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    Pssession::new(["man", "--dir", pages.to_str().unwrap()]).run_blocking().expect(0);
    let files: BTreeSet<String> = std::fs::read_dir(&pages)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let help = Pssession::new(["help"]).run_blocking().expect(0).stdout;
    let listed = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let commands = listed.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let commands: Vec<&str> = commands.filter(|command| !["", "help"].contains(command)).collect();
    assert!(COMMANDS.iter().all(|command| commands.contains(command)), "{commands:?}");
    let expected = commands.iter().map(|command| format!("pssession-{command}.1"));
    let others = ["pssession.1", "Remove-PSSession.1", "Get-PSSession.1"].map(str::to_owned);
    assert_eq!(files, expected.chain(others).collect());
    for command in commands {
        let page = std::fs::read_to_string(pages.join(format!("pssession-{command}.1"))).unwrap();
        for heading in
            ["SYNOPSIS", "OPTIONS", "\"EXIT STATUS\"", "ENVIRONMENT", "FILES", "EXAMPLES", "\"SEE ALSO\""]
        {
            assert!(page.contains(&format!(".SH {heading}\n")), "{command} has no {heading}:\n{page}");
        }
        let examples = page.split(".SH EXAMPLES\n").nth(1).unwrap();
        assert!(examples.contains(&format!("pssession {command}")), "{examples}");
        let own = Pssession::new(["help", command]).run_blocking().expect(0).stdout;
        for option in own.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 2) {
            let option = option.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '-');
            assert!(page.replace(r"\-", "-").contains(option), "{command} does not tell of {option}");
        }
    }
}

#[test]
fn one_page_goes_to_stdout_by_name_or_alias() {
    let page = |args: &[&str]| Pssession::new(args).run_blocking().expect(0).stdout;
    assert!(page(&["man"]).contains(".TH pssession 1 \"\" \"pssession "));
    assert!(page(&["man", "rm"]).contains(".TH pssession-remove 1 \"\" \"pssession "));
    for name in ["Remove-PSSession", "remove-pssession", "rsn", "RSN"] {
        assert!(page(&["man", name]).contains(".TH Remove-PSSession 1 \"\" \"pssession "), "{name}");
    }
    assert!(page(&["man", "gsn"]).contains(".TH Get-PSSession 1 "));
    let run = Pssession::new(["man", "gets"]).run_blocking().expect(2);
    assert!(
        run.stderr.contains("unknown command \"gets\"") && run.stderr.contains("hint: "),
        "{}",
        run.stderr
    );
}

#[test]
fn the_page_of_a_cmdlet_tells_what_its_help_tells() {
    for cmdlet in ["Remove-PSSession", "Get-PSSession"] {
        let help = Pssession::new([cmdlet, "-?"]).run_blocking().expect(0).stdout;
        let page = Pssession::new(["man", cmdlet]).run_blocking().expect(0).stdout;
        for heading in ["NAME", "SYNOPSIS", "PARAMETERS", "\"EXIT STATUS\"", "EXAMPLES", "\"SEE ALSO\""] {
            assert!(page.contains(&format!(".SH {heading}\n")), "{heading}");
        }
        let page = page.replace(r"\fB", "").replace(r"\fR", "");
        let page = page.replace(r"\-", "-").replace(r"\\", r"\").replace(r"\*(Aq", "'");
        let words = |text: &mut dyn Iterator<Item = &str>| -> Vec<String> {
            text.flat_map(str::split_whitespace).map(str::to_owned).collect()
        };
        let page = words(&mut page.lines().filter(|line| !line.starts_with('.'))).join(" ");
        let (_, prose) = help.split_once("\nDESCRIPTION\n").unwrap();
        let (prose, _) = prose.split_once("\nEXAMPLES\n").unwrap();
        for paragraph in prose.split("\n\n") {
            let of_it = words(&mut paragraph.lines().filter(|line| line.starts_with(' '))).join(" ");
            assert!(page.contains(&of_it), "{cmdlet} has no: {of_it}\n{page}");
        }
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_told() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let folder = file.path().join("pages").display().to_string();
    let run = Pssession::new(["man", "--dir", &folder]).run_blocking().expect(1);
    let message = format!("cannot write the manual pages into {folder}");
    assert!(run.stderr.contains(&message), "{}", run.stderr);
}

#[test]
fn the_pages_show_as_they_are_meant_where_there_is_a_reader() {
    let folder = tempfile::tempdir().unwrap();
    Pssession::new(["man", "--dir", folder.path().to_str().unwrap()]).run_blocking().expect(0);
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let checked =
            Command::new("mandoc").args(["-T", "lint", "-W", "error"]).arg(entry.unwrap().path()).output();
        // Nothing but a second opinion.
        let Ok(checked) = checked else { return };
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    }
}

#[test]
fn the_documentation_and_the_help_know_the_same_exit_codes() {
    let help = Pssession::new(["--help"]).run_blocking().expect(0).stdout;
    let help: String = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let page = include_str!("../../../docs/outcomes.md");
    let table = page.split("| exit code | meaning |\n|---|---|\n").nth(1).unwrap();
    let rows: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 9, "{rows:?}");
    for row in rows {
        let mut cells = row.split('|').skip(1).map(str::trim);
        let (code, meaning) = (cells.next().unwrap(), cells.next().unwrap());
        assert!(help.contains(&format!("{code} {meaning}")), "{code} {meaning}\n{help}");
    }
}
