//! The recorded exchanges beside the project, where they are; none of them is part of it.

use std::path::PathBuf;

use yaml_rust2::{Yaml, YamlLoader};

/// One recorded request and what came of it.
pub(crate) struct Exchange {
    /// The envelope that the recording client sent.
    pub(crate) request: String,
    /// The envelope that the server answered; `None` where the connection failed.
    pub(crate) response: Option<String>,
    /// The HTTP status.
    pub(crate) status: u16,
}

/// The names of the recordings, sorted; none, and a loud line, where they are absent.
#[expect(clippy::print_stderr, reason = "a skipped test must be heard")]
pub(crate) fn names() -> Vec<String> {
    let folder = folder();
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("SKIPPED: no recordings in {} (set PSSESSION_RECORDED)", folder.display());
        return Vec::new();
    };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter_map(|name| Some(name.strip_suffix(".yml")?.to_owned())).collect();
    names.sort();
    names
}

/// The exchanges of `NAME.yml`, in wire order; `None`, and a loud line, where the recordings are absent.
#[expect(clippy::disallowed_methods, reason = "a test reads recordings")]
pub(crate) fn load(name: &str) -> Option<Vec<Exchange>> {
    let path = present(name)?.join(format!("{name}.yml"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let documents = YamlLoader::load_from_str(&text).unwrap();
    let messages = documents[0]["messages"].as_vec().unwrap();
    Some(messages.iter().map(read_exchange).collect())
}

/// The files, in the order of their names; `None`, and a loud line, where they are absent.
pub(crate) fn paths() -> Option<Vec<PathBuf>> {
    let entries = std::fs::read_dir(present("every recording")?).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "yml")).collect();
    paths.sort();
    Some(paths)
}

#[expect(clippy::print_stderr, reason = "a skipped test must be heard")]
fn present(what: &str) -> Option<PathBuf> {
    let folder = folder();
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: {what}: no recordings in {} (set PSSESSION_RECORDED)", folder.display());
    None
}

#[expect(clippy::disallowed_methods, reason = "a test reads its environment")]
fn folder() -> PathBuf {
    std::env::var_os("PSSESSION_RECORDED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/recorded"), PathBuf::from)
}

fn read_exchange(message: &Yaml) -> Exchange {
    const OK: u16 = 200;
    let status = message["transport_error"]["code"].as_i64();
    Exchange {
        request: message["request"].as_str().unwrap().to_owned(),
        response: message["response"].as_str().map(str::to_owned),
        status: status.map_or(OK, |status| u16::try_from(status).unwrap()),
    }
}
