//! I/O module: the files, the stdin and the environment that the command reads, each with a limit.
#![expect(clippy::disallowed_methods, reason = "opens files, reads the environment and the clock")]

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use pssession::interchange::decode_text;
use zeroize::Zeroizing;

/// The whole of a file, or of stdin where the path is `-`, in UTF-8 or UTF-16; wiped when it is dropped, for it may be a
/// secret.
pub(crate) fn text(path: &Path, limit: u64) -> io::Result<Zeroizing<String>> {
    decoded(&bytes(path, limit)?)
}

/// These bytes as text; wiped when it is dropped.
pub(crate) fn decoded(bytes: &[u8]) -> io::Result<Zeroizing<String>> {
    match decode_text(bytes) {
        Ok(text) => Ok(Zeroizing::new(text.into_owned())),
        Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
    }
}

/// The name of a source in an error: the path, or what `-` stands for.
pub(crate) fn shown(path: &Path) -> String {
    if path == Path::new("-") { "stdin".to_owned() } else { path.display().to_string() }
}

/// The bytes of a file, or of stdin where the path is `-`; an error when there are more than `limit`.
pub(crate) fn bytes(path: &Path, limit: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    if path == Path::new("-") {
        tell_of_terminal()?;
        bounded(stdin()?, limit)
    } else {
        bounded(std::fs::File::open(path)?, limit)
    }
}

/// Hands over a file, or stdin where the path is `-`, piece by piece, until `take` wants no more.
pub(crate) fn pieces(path: &Path, mut take: impl FnMut(&[u8]) -> bool) -> io::Result<()> {
    let mut source: Box<dyn io::Read> = match path == Path::new("-") {
        true => {
            tell_of_terminal()?;
            Box::new(stdin()?)
        }
        false => Box::new(std::fs::File::open(path)?),
    };
    let mut piece = vec![0; PIECE];
    loop {
        match source.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(read) if take(piece.get(..read).unwrap_or_default()) => {}
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// How many bytes are read at once.
const PIECE: usize = 64 * 1024;

/// Who forgot the pipe would wait for the command, and it for them.
fn tell_of_terminal() -> io::Result<()> {
    if io::stdin().is_terminal() {
        let end = if cfg!(windows) { "Ctrl-Z and Enter end it" } else { "Ctrl-D ends it" };
        writeln!(io::stderr().lock(), "reading stdin from the terminal; {end}")?;
    }
    Ok(())
}

/// The files of variables in a folder such as `group_vars`, each with the name that it belongs to, in the order in which
/// they count. A name has a file `NAME`, `NAME.yml`, `NAME.yaml` or `NAME.json`, or such a folder of files; the first of
/// these counts. No folder has no files.
pub(crate) fn variable_files(
    folder: &Path,
    is_wanted: &dyn Fn(&str) -> bool,
) -> io::Result<Vec<(String, PathBuf)>> {
    let mut chosen: BTreeMap<String, (usize, PathBuf)> = BTreeMap::new();
    for path in entries(folder)? {
        let Some(file) = path.file_name().and_then(OsStr::to_str) else { continue };
        let named = |(rank, ending): (usize, &&str)| Some((rank, file.strip_suffix(ending)?.to_owned()));
        let mut names = VARIABLE_FILES.iter().enumerate().filter_map(named);
        if let Some((rank, name)) = names.find(|(_, name)| is_wanted(name))
            && chosen.get(&name).is_none_or(|(other, _)| rank < *other)
        {
            chosen.insert(name, (rank, path));
        }
    }
    let mut files = Vec::new();
    for (name, (_, path)) in chosen {
        let mut found = Vec::new();
        below(path, 0, &mut found)?;
        files.extend(found.into_iter().map(|path| (name.clone(), path)));
    }
    Ok(files)
}

/// What the name of a file of variables may end with; a file without an ending counts first.
const VARIABLE_FILES: [&str; 4] = ["", ".yml", ".yaml", ".json"];

/// The deepest folder of variables that is looked into; a link may lead back.
const MAX_DEPTH: usize = 8;

/// The file, or the files of variables in the folder.
fn below(path: PathBuf, depth: usize, found: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        found.push(path);
        return Ok(());
    }
    if depth >= MAX_DEPTH {
        let problem = format!("{} is nested deeper than {MAX_DEPTH} folders", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
    }
    for path in entries(&path)? {
        let Some(name) = path.file_name().and_then(OsStr::to_str) else { continue };
        let ending = path.extension().and_then(OsStr::to_str);
        let counts = match ending {
            None => true,
            Some(ending) => {
                !path.is_dir() && VARIABLE_FILES.iter().any(|one| one.strip_prefix('.') == Some(ending))
            }
        };
        if counts && !name.starts_with('.') && !name.ends_with('~') {
            below(path, depth + 1, found)?;
        }
    }
    Ok(())
}

/// What is in a folder, by name; nothing if there is no such folder.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let listed = match std::fs::read_dir(folder) {
        Ok(listed) => listed,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let mut paths = listed.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// Stdin without a buffer: that of the standard library is never wiped, and what is read may be a password.
#[cfg(unix)]
fn stdin() -> io::Result<std::fs::File> {
    use std::os::fd::AsFd as _;
    io::stdin().as_fd().try_clone_to_owned().map(std::fs::File::from)
}

/// A console has to be translated, which the standard library does behind its buffer.
#[cfg(not(unix))]
fn stdin() -> io::Result<impl io::Read> {
    Ok(io::stdin().lock())
}

/// Whether stdin is a pipe or a file, so that somebody has put something there to be read. A terminal and a device such
/// as `/dev/null` are not.
#[cfg(unix)]
pub(crate) fn stdin_is_piped() -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    let kind = stdin().and_then(|file| file.metadata()).map(|metadata| metadata.file_type());
    kind.is_ok_and(|kind| kind.is_fifo() || kind.is_file() || kind.is_socket())
}

/// Whether stdin is a pipe or a file, so that somebody has put something there to be read. A console and `NUL` are not.
#[cfg(windows)]
pub(crate) fn stdin_is_piped() -> bool {
    let kind = winapi_util::file::typ(winapi_util::HandleRef::stdin());
    kind.is_ok_and(|kind| kind.is_pipe() || kind.is_disk())
}

/// Stdin up to an empty line, without it. It stays open: whoever writes there ends the run by closing it.
pub(crate) fn stdin_to_blank_line(limit: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    to_blank_line(&mut io::BufReader::new(stdin()?), limit)
}

fn to_blank_line(source: &mut impl io::BufRead, limit: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let mut source = io::Read::take(source, limit.saturating_add(1));
    loop {
        let before = bytes.len();
        io::BufRead::read_until(&mut source, b'\n', &mut bytes)?;
        if u64::try_from(bytes.len()).is_ok_and(|len| len > limit) {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("more than {limit} bytes")));
        }
        match bytes.get(before..).unwrap_or_default() {
            b"\n" | b"\r\n" => {
                bytes.truncate(before);
                return Ok(bytes);
            }
            line if line.ends_with(b"\n") => {}
            _ => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it ends without an empty line")),
        }
    }
}

/// Waits for the end of stdin; what still comes is dropped.
pub(crate) fn await_end_of_stdin() -> io::Result<()> {
    io::copy(&mut stdin()?, &mut io::sink()).map(drop)
}

/// All that `source` has, an error when that is more than `limit` bytes.
pub(crate) fn bounded(mut source: impl io::Read, limit: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; FIRST_ROOM]);
    let mut filled = 0;
    loop {
        if filled == bytes.len() {
            // A vector that grows by itself leaves a copy behind that nobody wipes.
            let mut larger = Zeroizing::new(vec![0; filled.saturating_mul(2)]);
            larger.iter_mut().zip(bytes.iter()).for_each(|(to, from)| *to = *from);
            bytes = larger;
        }
        let read = match source.read(bytes.get_mut(filled..).unwrap_or_default()) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        filled += read;
        if u64::try_from(filled).is_ok_and(|filled| filled > limit) {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("more than {limit} bytes")));
        }
        if read == 0 {
            bytes.truncate(filled);
            return Ok(bytes);
        }
    }
}

/// How many bytes are read at first: more than a password has.
const FIRST_ROOM: usize = 8 * 1024;

/// Whether a value is the name of a file, so that a shell may have put it in place of a wildcard.
pub(crate) fn is_file(text: &str) -> bool {
    !text.is_empty() && std::fs::symlink_metadata(text).is_ok()
}

/// Whether these are the names of all files in the working directory, as a lone `*` stands for. A single one may have been
/// typed.
pub(crate) fn is_whole_directory(names: &[String]) -> bool {
    let visible = entries(Path::new(".")).unwrap_or_default().into_iter().filter_map(|path| {
        path.file_name().and_then(OsStr::to_str).filter(|name| !name.starts_with('.')).map(str::to_owned)
    });
    let mut names = names.to_vec();
    names.sort();
    names.len() > 1 && visible.eq(names)
}

/// An environment variable that is set and is text.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Whether this process was started to ignore a hangup, as under `nohup`. Where that cannot be known, it is taken as so.
#[cfg(unix)]
pub(crate) fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // A bit for each signal, and a hangup is the first.
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_none_or(|mask| mask & 1 == 1)
}

/// The NetBIOS name of this machine, as NTLM tells it to servers; empty if the system does not know its name.
pub(crate) fn workstation() -> String {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let name = variable("COMPUTERNAME").unwrap_or_default();
    netbios_name(&name)
}

/// Upper case, up to the first dot, at most 15 characters.
fn netbios_name(host: &str) -> String {
    let label = host.split('.').next().unwrap_or_default();
    label.to_uppercase().chars().take(15).collect()
}

/// The variable that names the home of the user.
pub(crate) const HOME: &str = if cfg!(windows) { "USERPROFILE" } else { "HOME" };

/// What follows the home of the user in a path that begins with `~`.
pub(crate) fn below_home(path: &str) -> Option<&str> {
    let rest = path.strip_prefix('~')?;
    rest.strip_prefix(|character| character == '/' || cfg!(windows) && character == '\\')
}

/// A path as a shell would read it: `~/` is the home of the user, if there is one.
pub(crate) fn at_home(path: &str) -> PathBuf {
    match (below_home(path), variable(HOME)) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => PathBuf::from(path),
    }
}

/// The words of the command line, the program first.
pub(crate) fn arguments() -> Vec<OsString> {
    std::env::args_os().collect()
}

/// The same for advice; what is not text is shown as well as it can be.
pub(crate) fn shown_words() -> Vec<String> {
    std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect()
}

/// The time at which a command reads.
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machines_netbios_name_is_short() {
        for (host, name) in [
            ("jump1", "JUMP1"),
            ("Jump1.corp.example", "JUMP1"),
            ("a-name-of-twenty-two-x", "A-NAME-OF-TWENT"),
            ("", ""),
        ] {
            assert_eq!(netbios_name(host), name);
        }
    }

    #[test]
    fn a_home_is_written_with_the_separators_of_its_system() {
        assert_eq!(below_home("~/a/b"), Some("a/b"));
        assert_eq!(below_home(r"~\a"), cfg!(windows).then_some("a"));
        for other in ["~", "~ada/x", "/~/x", "x"] {
            assert_eq!(below_home(other), None, "{other}");
        }
    }

    #[test]
    fn what_exceeds_the_limit_is_refused_not_cut() {
        assert_eq!(&**bounded(&b"1234"[..], 4).unwrap(), b"1234");
        assert_eq!(bounded(&b"12345"[..], 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn what_is_larger_than_the_first_room_is_read_whole() {
        let text: Vec<u8> = (0..=255).cycle().take(5 * FIRST_ROOM + 1).collect();
        assert!(**bounded(&text[..], 1 << 20).unwrap() == text);
        assert!(bounded(io::empty(), 0).unwrap().is_empty());
    }

    #[test]
    fn a_supervised_stdin_is_read_up_to_its_empty_line_and_no_further() {
        for (text, read, rest) in
            [("a\nb\n\nrest", "a\nb\n", "rest"), ("\n", "", ""), ("a\r\n\r\n", "a\r\n", "")]
        {
            let mut source = text.as_bytes();
            assert_eq!(to_blank_line(&mut source, 100).unwrap().as_slice(), read.as_bytes(), "{text:?}");
            assert_eq!(source, rest.as_bytes());
        }
        let kind = |text: &str, limit| to_blank_line(&mut text.as_bytes(), limit).unwrap_err().kind();
        assert_eq!(kind("", 100), io::ErrorKind::UnexpectedEof);
        assert_eq!(kind("a\nb", 100), io::ErrorKind::UnexpectedEof);
        assert_eq!(kind("a\n", 100), io::ErrorKind::UnexpectedEof);
        assert_eq!(kind("abc\n\n", 2), io::ErrorKind::FileTooLarge);
    }
}
