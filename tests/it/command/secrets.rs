//! Where the password must not be: in a core file, in what other programs inherit, in memory that is not wiped, in an
//! error; and what is said of a file in which others may read it.

use std::fs::{self, File, Permissions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpListener;

use super::{NOBODY, host, leaked, on};
use crate::support::command::Pssession;
use crate::support::tools;

const SECRET: &str = "correct horse battery staple";

/// Does this where core files are allowed as far as the machine lets them be.
fn with_cores(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new("setsid");
    let allow = "ulimit -S -c \"$(ulimit -H -c)\"; exec \"$@\"";
    command.args(["--wait", "sh", "-c", allow, "sh"]).args(words);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", folder).current_dir(folder);
    command.env("PSSESSION_STORE", folder.join("sessions.db"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_pssession");

/// What a password command notes of the process that waits for it, of itself and of its environment. While it is started,
/// that process has the old limit for a moment, which is waited out (and no longer than a good while).
const NOTE: &str = "n=0; until grep -q '^Max core file size *0 ' /proc/$PPID/limits || [ $n -gt 2000 ]; do n=$((n+1)); done; \
    { grep '^Max core' /proc/$PPID/limits; grep '^Max core' /proc/self/limits; env; } >> noted; echo x";

/// The soft and the hard limit of each line that has them.
fn core_limits(noted: &str) -> Vec<[String; 2]> {
    let lines = noted.lines().filter_map(|line| line.strip_prefix("Max core file size"));
    let words = lines.map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    words.map(|words| [words[0].clone(), words[1].clone()]).collect()
}

#[test]
fn no_core_is_written_of_it_and_what_it_starts_has_the_old_limit_and_not_the_password() {
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "[[host]]\nname = '127.0.0.2'\nuser = 'ann'\npassword-command = \"{NOTE}1\"\n\
         [[host]]\nname = '127.0.0.3'\nuser = 'bob'\npassword-command = \"{NOTE}2\"\n"
    );
    let path = folder.path().join("config.toml");
    fs::write(&path, config).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    let words = [PROGRAM, "get", "--on", "127.0.0.2:1,127.0.0.3:1", "--config", path.to_str().unwrap()];
    assert_eq!(with_cores(folder.path(), &words).status().unwrap().code(), Some(1));
    let noted = fs::read_to_string(folder.path().join("noted")).unwrap();
    let limits = core_limits(&noted);
    assert_eq!(limits.len(), 4, "{noted}");
    let hard = &limits[0][1];
    if !tools::needs("core file", hard != "0") {
        return;
    }
    // The second time shows that the first child has changed nothing.
    for [parent, child] in limits.as_chunks::<2>().0 {
        assert_eq!((parent, child), (&["0".to_owned(), hard.clone()], &[hard.clone(), hard.clone()]));
    }
}

#[test]
fn a_program_that_it_starts_does_not_inherit_the_password() {
    let folder = tempfile::tempdir().unwrap();
    let words = [PROGRAM, "get", "--on", NOBODY, "--user", "ann", "--password-command", NOTE];
    let mut command = with_cores(folder.path(), &words);
    command.env("PSSESSION_PASSWORD", SECRET).env("OTHER", "kept").status().unwrap();
    let noted = fs::read_to_string(folder.path().join("noted")).unwrap();
    assert!(noted.contains("OTHER=kept"), "{noted}");
    assert!(!noted.contains("PSSESSION_PASSWORD") && !noted.contains(SECRET), "{noted}");
}

#[test]
fn it_leaves_no_core_even_where_its_limit_is_raised_from_outside() {
    let folder = tempfile::tempdir().unwrap();
    let dies = |words: &[&str]| -> ExitStatus { with_cores(folder.path(), words).status().unwrap() };
    let control = dies(&["sh", "-c", "kill -ABRT $$"]);
    assert_eq!(control.signal(), Some(6));
    if !tools::needs("core file", control.core_dumped()) || !tools::has("prlimit") {
        return;
    }
    let kill = "prlimit --pid $PPID --core=\"$(ulimit -S -c)\" && kill -ABRT $PPID";
    let words = [PROGRAM, "get", "--on", NOBODY, "--user", "ann", "--password-command", kill];
    let died = dies(&words);
    assert_eq!((died.signal(), died.core_dumped()), (Some(6), false));
}

/// Whether the memory of a process holds each of these; `None` where this user may not look.
fn in_memory(process: u32, wanted: &[&str]) -> Option<Vec<bool>> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).ok()?;
    let mut memory = File::open(format!("/proc/{process}/mem")).ok()?;
    let mut found = vec![false; wanted.len()];
    for line in maps.lines().filter(|line| line.contains(" rw-p ")) {
        let (from, to) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
        let [from, to] = [from, to].map(|address| u64::from_str_radix(address, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        if memory.seek(SeekFrom::Start(from)).is_err() || memory.read_exact(&mut bytes).is_err() {
            continue;
        }
        for (found, wanted) in found.iter_mut().zip(wanted) {
            *found |= bytes.windows(wanted.len()).any(|window| window == wanted.as_bytes());
        }
    }
    Some(found)
}

#[tokio::test]
async fn what_stdin_held_beside_the_password_is_wiped() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut stdin = tempfile::tempfile().unwrap();
    // The whole of stdin is read in one go, so that what happens to its second line happens to the first one, too.
    let beside = "and this is on the second line";
    write!(stdin, "{SECRET}\n{beside}\n").unwrap();
    stdin.rewind().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let words = [PROGRAM, "get", "--on", &address, "--user", "ann", "--password-file", "-"];
    let mut child = with_cores(folder.path(), &words).stdin(stdin).spawn().unwrap();
    // It has the password, and waits for an answer.
    let connected = tokio::time::timeout(Duration::from_secs(30), listener.accept()).await;
    let found = in_memory(child.id(), &[SECRET, beside]);
    child.kill().unwrap();
    child.wait().unwrap();
    connected.unwrap().unwrap();
    // Where nobody but root may look there is nothing to see, which is right as well.
    assert!(found.is_none_or(|found| found == [true, false]));
}

/// A password file with this mode.
fn password_file(folder: &TempDir, password: &str, mode: u32) -> String {
    let path = folder.path().join("password");
    fs::write(&path, password).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_password_file_that_others_may_read_is_warned_of_and_used() {
    use secrecy::ExposeSecret as _;
    let (simulator, folder) = (host(leaked()).await, tempfile::tempdir().unwrap());
    for (mode, warned) in [(0o600, false), (0o400, false), (0o644, true), (0o640, true), (0o602, true)] {
        let path = password_file(&folder, simulator.password().expose_secret(), mode);
        let run = on(&simulator, "get", &["--password-file", &path]).run().await.expect(0);
        assert_eq!(run.records().len(), 3);
        let warning = format!(
            "warning: other users can read or change the password file {path} (mode {mode:04o}); `chmod 600 {path}`\n"
        );
        assert_eq!(run.stderr, if warned { warning } else { String::new() }, "{mode:o}");
    }
    let path = password_file(&folder, simulator.password().expose_secret(), 0o604);
    let run = on(&simulator, "get", &["--password-file", &path, "-o", "json"]).run().await.expect(0);
    let warning: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!(warning["ErrorId"], "PasswordFileExposed");
}

#[test]
fn a_password_in_the_line_of_the_scheme_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, format!("[[host]]\nname = '*'\nauth = \"{SECRET}\"\n")).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    let run = Pssession::new(["get", "--on", NOBODY, "--config", path.to_str().unwrap()]).run_blocking();
    let run = run.expect(2);
    let reported = format!("{} line 3: auth: it is not an authentication scheme", path.display());
    assert!(run.stderr.contains(&reported) && !run.stderr.contains(SECRET), "{}", run.stderr);
}
