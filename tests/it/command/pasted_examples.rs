//! The examples of help and documentation, pasted into each shell: the command gets the same words in all of them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::command::Pssession;
use crate::support::pwsh::pwsh;
use crate::support::tools;

/// Records its words. A program that an example pipes into is one, too.
const RECORDER: &str = r#"#!/bin/sh
case $1 in --example) printf '=%s\n' "$2" >> "$RECORD"; exit;; esac
words=${0##*/}
for word in "$@"; do words="$words <$word>"; done
printf '%s\n' "$words" >> "$RECORD"
"#;

/// The programs that examples call.
const PROGRAMS: [&str; 7] = ["pssession", "jq", "less", "man", "pwsh", "xargs", "sh"];

/// A line that somebody may paste, and where it stands.
#[derive(Debug)]
struct Example {
    place: String,
    line: String,
    /// Shells that it is not for.
    except: Vec<String>,
}

/// The lines below `Examples:` in the help of each command.
fn of_help() -> Vec<Example> {
    let help = |args: &[&str]| Pssession::new(args).run_blocking().expect(0).stdout;
    let whole = help(&["--help"]);
    let commands = whole.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names: Vec<&str> = commands
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.strip_prefix("  ")?.split([' ', ',']).next())
        .filter(|name| !name.is_empty() && *name != "help")
        .collect();
    assert!(names.len() > 10, "{names:?}");
    let texts = names.iter().map(|name| (*name, help(&[name, "--help"])));
    let mut examples = Vec::new();
    for (name, text) in std::iter::once(("", whole.clone())).chain(texts) {
        let lines = text.lines().skip_while(|line| *line != "Examples:").skip(1);
        for line in lines.take_while(|line| line.starts_with("  ")) {
            // What is said about it stands behind two blanks.
            let line = line.trim_start().split("   ").next().unwrap().to_owned();
            let is_command = PROGRAMS.iter().any(|program| line.starts_with(&format!("{program} ")));
            if is_command {
                examples.push(Example { place: format!("help of {name}"), line, except: Vec::new() });
            }
        }
    }
    examples
}

/// The commands in the `sh` blocks of the pages. `<!-- not powershell -->` above a block says for which shells it is not.
fn of_pages() -> Vec<Example> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folders = ["", "docs"].map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let mut pages: Vec<PathBuf> = folders.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    let mut examples = Vec::new();
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        let (mut inside, mut except, mut joined) = (false, Vec::new(), String::new());
        for line in text.lines() {
            match line {
                "```sh" => inside = true,
                "```" => (inside, except) = (false, Vec::new()),
                line if inside && line.ends_with('\\') => joined.push_str(line.trim_end_matches('\\')),
                line if inside => {
                    let line = std::mem::take(&mut joined) + line.trim_start();
                    if line.starts_with("pssession ") {
                        let place = page.file_name().unwrap().to_string_lossy().into_owned();
                        examples.push(Example { place, line, except: except.clone() });
                    }
                }
                line => {
                    let remark = line.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->"));
                    let parts = remark.into_iter().flat_map(|remark| remark.split("; "));
                    except.extend(parts.filter_map(|part| part.strip_prefix("not ")).map(str::to_owned));
                }
            }
        }
    }
    examples
}

/// Runs all examples in one shell, and gives back what each of them called.
fn calls(shell: &str, examples: &[Example], folder: &Path) -> BTreeMap<usize, Vec<String>> {
    let (bin, home) = (folder.join("bin"), folder.join(shell));
    fs::create_dir_all(&home).unwrap();
    for (number, example) in examples.iter().enumerate() {
        // Nothing is written outside.
        let line = example.line.split(" > ").next().unwrap();
        fs::write(home.join(format!("{number}.txt")), format!("{line}\n")).unwrap();
    }
    let count = examples.len();
    let script = match shell {
        "bash" | "zsh" => format!(
            "n=0; while [ $n -lt {count} ]; do pssession --example $n; (. ./$n.txt); n=$((n+1)); done"
        ),
        "fish" => format!(
            "for n in (seq 0 {}); pssession --example $n; source ./$n.txt; end",
            count.saturating_sub(1)
        ),
        "powershell" => format!(
            "foreach ($n in 0..{}) {{ pssession --example $n; \
             try {{ Invoke-Expression (Get-Content -Raw ./$n.txt) }} catch {{ $_ | Out-Host }} }}",
            count.saturating_sub(1)
        ),
        other => panic!("no shell {other}"),
    };
    let (record, user) = (home.join("record"), folder.join("user"));
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    if shell == "powershell" {
        let powershell = pwsh(&home).unwrap().current_dir(&home).variable("PATH", &path);
        let powershell = powershell.variable("HOME", user.to_str().unwrap());
        powershell.variable("RECORD", record.to_str().unwrap()).run(&script);
    } else {
        let plain = if shell == "zsh" { "-f" } else { "--" };
        let mut command = Command::new(shell);
        command.args([plain, "-c", &script].into_iter().filter(|word| *word != "--"));
        command.env("PATH", &path).env("RECORD", &record).env("HOME", &user);
        command.current_dir(&home).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().unwrap();
    }
    let mut calls: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut number = 0;
    for line in fs::read_to_string(&record).unwrap().lines() {
        match line.strip_prefix('=') {
            Some(text) => number = text.parse().unwrap(),
            // Fish asks its own `man` for a path; PowerShell starts itself otherwise.
            None if line == "man <-p>" || line.starts_with("pwsh ") => {}
            None => calls.entry(number).or_default().push(line.to_owned()),
        }
    }
    // The order in a pipe is anybody's.
    calls.values_mut().for_each(|calls| calls.sort());
    calls
}

/// Each example reaches the command with the same words in each shell that it is for. Bash's are what the pages mean.
fn compare(examples: &[Example]) {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    for program in PROGRAMS.iter().filter(|program| **program != "sh") {
        let path = bin.join(program);
        fs::write(&path, RECORDER).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let meant = calls("bash", examples, folder.path());
    let mut wrong = Vec::new();
    for shell in ["zsh", "fish", "powershell"] {
        let is_there = match shell {
            "powershell" => pwsh(folder.path()).is_some(),
            shell => tools::has(shell),
        };
        if !is_there {
            continue;
        }
        let found = calls(shell, examples, folder.path());
        for (number, example) in examples.iter().enumerate() {
            let (meant, found) = (meant.get(&number), found.get(&number));
            let is_for = !example.except.iter().any(|except| except == shell);
            if is_for && meant != found {
                wrong.push(format!("{shell}: {}: {}\n  {found:?}", example.place, example.line));
            }
        }
    }
    for (number, example) in examples.iter().enumerate() {
        // A backslash that no quotes protect is gone: CONTOSOalice is nobody.
        let words = meant.get(&number).map(|calls| calls.join(" ")).unwrap_or_default();
        if example.line.matches('\\').count() != words.matches('\\').count() {
            wrong.push(format!("bash: {}: {}\n  {words}", example.place, example.line));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_examples_of_help_mean_the_same_in_each_shell() {
    let examples = of_help();
    assert!(examples.len() > 30, "{examples:?}");
    compare(&examples);
}

#[test]
fn the_examples_of_the_pages_mean_the_same_in_each_shell() {
    let examples = of_pages();
    assert!(examples.len() > 30, "{examples:?}");
    compare(&examples);
}
