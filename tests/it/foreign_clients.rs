//! Clients that are not ours against the simulator, from their own language: pytest runs `tests/interop`, and the page
//! that shows how holds the same files.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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
fn pywinrm_and_pypsrp_open_use_and_close_their_shells() {
    let Some(python) = python() else { return };
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(python)
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no"])
        .arg(root().join("tests/interop"))
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", "/usr/bin:/bin")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PSSESSION", env!("CARGO_BIN_EXE_pssession"))
        .current_dir(home.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains(" passed") && !said.contains("skipped"), "{said}");
}

#[test]
fn the_page_shows_the_files_that_are_run() {
    let page = std::fs::read_to_string(root().join(PAGE)).unwrap();
    for name in ["conftest.py", "test_example.py"] {
        let file = std::fs::read_to_string(root().join("tests/interop").join(name)).unwrap();
        assert!(
            page.contains(&format!("```python\n{file}```\n")),
            "{PAGE} does not show {name} as it stands"
        );
    }
}

/// Where a reader finds them.
const PAGE: &str = "docs/simulator.md";
