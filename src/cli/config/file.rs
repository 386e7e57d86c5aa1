//! I/O module: the config file: where it is, who may write to it, and its text.
#![expect(clippy::disallowed_methods, reason = "opens the config file")]

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use pssession::permissions::{self, Kind};

use super::Config;
use super::key::Places;
use super::reading::{self, Wrong};
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::source;

/// The largest config that is read, in bytes: some thousand hosts by name.
const MAX_BYTES: u64 = 256 * 1024;

/// The config that the command line or the environment names, else the user's own, which may be missing.
///
/// # Errors
/// It cannot be read or understood, or others may write to it. Nothing is to be sent then.
pub(crate) fn read(chosen: Option<&Path>) -> Result<Config, Diagnostic> {
    let Some(path) = find(chosen) else { return Ok(Config::default()) };
    if path == Path::new("-") {
        return Err(bad("cannot read the config from stdin", &path).with_hint("give --config a file"));
    }
    let unreadable = |error: &std::io::Error| {
        bad(format!("cannot read the config {}", path.display()), &path).caused_by(error).with_hint(
            "the config is TOML, in UTF-8 or UTF-16; use --config for another file; nothing was sent",
        )
    };
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if chosen.is_none() && is_missing(error.kind()) => return Ok(Config::default()),
        Err(error) => return Err(unreadable(&error)),
    };
    // It says where passwords go, and what gives them. A device or a pipe keeps nothing: /dev/null says that there is none.
    let exposed = match file.metadata() {
        // Windows has no metadata of a device such as NUL.
        Err(_) if cfg!(windows) => Ok(None),
        Err(error) => Err(error),
        Ok(metadata) => match permissions::exposed_file(&path, &metadata) {
            None if metadata.is_file() => permissions::exposed(&path, Kind::Alone),
            found => Ok(found),
        },
    };
    if let Some(exposed) = exposed.map_err(|error| unreadable(&error))? {
        let message = format!("the config {} is not trusted: {exposed}", path.display());
        return Err(bad(message, &path).with_hint(format!(
            "other users could redirect your password; {}; nothing was sent",
            exposed.advice()
        )));
    }
    let bytes = source::bounded(file, MAX_BYTES).map_err(|error| unreadable(&error))?;
    let text = source::decoded(&bytes).map_err(|error| unreadable(&error))?;
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let places = Places { folder, home: source::variable(source::HOME).map(PathBuf::from) };
    let read = reading::read(&text, &places).map_err(|wrong| refused(&path, wrong))?;
    Ok(Config { path: Some(path), hosts: read.hosts, groups: read.groups })
}

/// Where the config is: `$XDG_CONFIG_HOME/pssession/config.toml` unless another is named, `%APPDATA%` on Windows.
pub(crate) fn find(chosen: Option<&Path>) -> Option<PathBuf> {
    let absolute = |name: &str| source::variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = || match cfg!(windows) {
        true => absolute("APPDATA"),
        false => {
            absolute("XDG_CONFIG_HOME").or_else(|| absolute(source::HOME).map(|home| home.join(".config")))
        }
    };
    chosen.map(Path::to_owned).or_else(|| Some(folder()?.join("pssession").join("config.toml")))
}

/// A home that is no folder, such as that of a service's account, has no config.
fn is_missing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn refused(path: &Path, wrong: Wrong) -> Diagnostic {
    let Wrong { line, problem, advice } = wrong;
    let nothing = if advice.ends_with('?') { " Nothing" } else { "; nothing" };
    bad(format!("{} line {line}: {problem}", path.display()), path)
        .with_hint(format!("{advice}{nothing} was sent"))
}

fn bad(message: impl Into<String>, path: &Path) -> Diagnostic {
    Diagnostic::new("InvalidConfig", "InvalidData", message, Exit::USAGE).about(path.display().to_string())
}
