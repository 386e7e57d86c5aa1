//! Clients that are not ours against the simulator, from their own language: pytest runs `tests/interop`, and the page
//! that shows how holds the same files. And the collection for Ansible: `tests/ansible`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pssession::simulator::Script;

/// pywinrm, pypsrp and pytest, if they are installed.
fn python() -> Option<PathBuf> {
    let named = std::env::var_os("PSSESSION_INTEROP_PYTHON");
    let python = named.map_or_else(|| root().join(".venv-interop/bin/python"), PathBuf::from);
    let usable = Command::new(&python)
        .args(["-c", "import pypsrp, pytest, winrm"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    assert!(usable || std::env::var_os("PSSESSION_REQUIRE_TOOLS").is_none(), "no {}", python.display());
    if !usable {
        // Straight to stderr: what a test prints is shown only when it fails.
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: pywinrm, pypsrp or pytest is not there ({}); see tests/interop/requirements.txt",
            python.display()
        );
    }
    usable.then_some(python)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn each_client_opens_uses_and_closes_its_shells() {
    pytest("tests/interop");
}

#[test]
fn the_ansible_collection_closes_what_its_tasks_select() {
    pytest("tests/ansible");
}

/// Runs the tests in this folder, if pytest is there.
fn pytest(folder: &str) {
    let Some(python) = python() else { return };
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(python)
        // The plugin by its name: here the module is not installed.
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "pssession.pytest_plugin", "--color=no"])
        .arg(root().join(folder))
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| PASSED.iter().any(|passed| name == passed)))
        .env("PYTHONPATH", root().join("python"))
        .env("HOME", home.path())
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PSSESSION", env!("CARGO_BIN_EXE_pssession"))
        .current_dir(home.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains(" passed"), "{said}");
}

#[test]
fn the_page_shows_the_files_that_are_run() {
    let page = std::fs::read_to_string(root().join(PAGE)).unwrap();
    let name = "tests/interop/test_example.py";
    let file = std::fs::read_to_string(root().join(name)).unwrap();
    assert!(page.contains(&format!("```python\n{file}```\n")), "{PAGE} does not show {name} as it stands");
}

#[test]
fn the_scripts_of_the_pages_and_of_the_help_are_read() {
    let page = std::fs::read_to_string(root().join("docs/simulator-scripts.md")).unwrap();
    let shown: Vec<_> = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let scripts: Vec<_> = shown.iter().map(|text| Script::parse(text).unwrap().len()).collect();
    assert_eq!(scripts, [4]);
    let help = Command::new(env!("CARGO_BIN_EXE_pssession")).args(["simulator", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let rules = help.split_once("counts:\n").unwrap().1;
    assert_eq!(Script::parse(rules).unwrap().len(), 2, "{rules}");
}

/// What pytest learns of this test's environment: that every client must be there, and where npm's are.
const PASSED: [&str; 2] = ["PSSESSION_REQUIRE_TOOLS", "PSSESSION_INTEROP_NODE"];

/// Where a reader finds them.
const PAGE: &str = "docs/simulator.md";
