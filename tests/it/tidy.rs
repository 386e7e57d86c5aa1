//! The rules that a compiler does not check: which layer imports which, how long a file may be, what is never written.

use std::fs;
use std::path::{Path, PathBuf};

/// What each layer may use of the others. A module not listed here may use everything in the library.
const LAYERS: &[(&str, &[&str])] = &[
    ("wsman", &["wsman"]),
    ("auth", &["auth", "wsman"]),
    ("session", &["session", "auth", "wsman"]),
    ("store", &["store", "session", "auth", "wsman"]),
    ("error_chain.rs", &[]),
    ("yaml.rs", &[]),
    ("transport", &["transport", "auth", "wsman", "limits", "error_chain"]),
    ("client.rs", &["client", "transport", "auth", "wsman", "error", "limits", "listing", "session"]),
    ("client", &["client", "transport", "wsman", "error", "limits", "listing", "session"]),
    (
        "teardown",
        &["teardown", "client", "transport", "session", "auth", "wsman", "error", "limits", "listing"],
    ),
    ("permissions.rs", &[]),
    (
        "request",
        &[
            "request",
            "interchange",
            "permissions",
            "store",
            "teardown",
            "transport",
            "session",
            "auth",
            "wsman",
            "limits",
            "error",
            "yaml",
        ],
    ),
    ("interchange", &["interchange", "session", "store", "transport", "client", "teardown", "auth", "wsman"]),
    ("advice", &["advice", "teardown", "transport", "auth", "wsman", "error_chain"]),
    ("simulator", &["simulator", "wsman", "auth", "transport", "session", "yaml"]),
    (
        "conformance",
        &["conformance", "simulator", "client", "transport", "session", "auth", "wsman", "error_chain"],
    ),
];

/// What the simulator may take of `auth`: the frame and the error, and nothing that holds a key.
const SIMULATOR_OF_AUTH: &[&str] =
    &["crate::auth::sealing;", "crate::auth::AuthError;", "crate::auth::ServerNames;"];

/// A file that nears this many lines usually hides a second noun.
const MAX_LINES: usize = 500;

/// More names than this at the root and nobody finds the one that they need; the rest stands in its module.
const MAX_NAMES: usize = 19;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(under: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(under).unwrap().map(|entry| entry.unwrap().path()) {
        // What the fuzz targets are built of is not ours.
        if entry.ends_with("fuzz/target") {
            continue;
        }
        if entry.is_dir() {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push(entry);
        }
    }
}

fn rust_files(folder: &str) -> Vec<(String, String)> {
    let mut paths = Vec::new();
    sources(&root().join(folder), &mut paths);
    paths.sort();
    let named = |path: PathBuf| {
        let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
        (name, fs::read_to_string(path).unwrap())
    };
    paths.into_iter().map(named).collect()
}

/// The production part of a file: what stands before its tests.
fn production(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap()
}

/// The modules named directly after `crate::`, also inside a braced list.
fn crate_modules(line: &str) -> Vec<String> {
    let mut modules = Vec::new();
    for part in line.split("crate::").skip(1) {
        if let Some(list) = part.strip_prefix('{') {
            modules.extend(list.split(',').map(first_word));
        } else {
            modules.push(first_word(part));
        }
    }
    modules.retain(|module| !module.is_empty());
    modules
}

fn first_word(text: &str) -> String {
    text.trim().chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect()
}

#[test]
fn no_layer_imports_a_higher_one() {
    let mut violations = Vec::new();
    for (name, text) in rust_files("src") {
        let inside = name.strip_prefix("src/").unwrap();
        let layer = inside.split('/').next().unwrap();
        let Some((_, allowed)) = LAYERS.iter().find(|(module, _)| *module == layer) else { continue };
        for line in production(&text).lines().filter(|line| !line.trim_start().starts_with("//")) {
            for module in crate_modules(line) {
                if !allowed.contains(&module.as_str()) {
                    violations.push(format!("{name} uses crate::{module}: {}", line.trim()));
                }
            }
        }
    }
    assert!(violations.is_empty(), "imports of a higher layer:\n{}", violations.join("\n"));
}

#[test]
fn the_simulator_takes_nothing_of_auth_but_the_frame() {
    for (name, text) in rust_files("src/simulator") {
        for line in production(&text).lines().filter(|line| line.contains("crate::auth")) {
            let allowed = SIMULATOR_OF_AUTH.iter().any(|allowed| line.ends_with(allowed));
            assert!(allowed, "{name}: {}", line.trim());
        }
    }
}

/// A scheme is its file and its row: nothing else asks which one it is.
#[test]
fn a_scheme_is_known_by_its_row() {
    for (name, text) in rust_files("src") {
        // PowerShell has names of its own for them, which stand in one table.
        if name.starts_with("src/auth/")
            || name.contains("/tests")
            || ["src/cli/powershell/preferences.rs", "src/fuzzing.rs"].contains(&name.as_str())
        {
            continue;
        }
        for line in production(&text).lines().filter(|line| !line.trim_start().starts_with("//")) {
            let named = line.split("AuthScheme::").skip(1).any(|rest| {
                ["Basic", "Negotiate", "Kerberos", "Ntlm"].iter().any(|scheme| rest.starts_with(scheme))
            });
            assert!(!named, "{name} asks for a scheme: {}", line.trim());
        }
    }
}

#[test]
fn the_command_sees_only_the_public_library() {
    for (name, text) in rust_files("src/cli") {
        assert!(!text.contains("#[path"), "{name} reaches into the library's files");
    }
}

#[test]
fn the_library_names_no_option_of_the_command() {
    let is_option = |word: &str| {
        let name =
            word.trim_start_matches(|c: char| !c.is_ascii_alphanumeric() && c != '-').strip_prefix("--");
        name.is_some_and(|name| name.starts_with(|c: char| c.is_ascii_lowercase()))
    };
    for (name, text) in rust_files("src") {
        if name.starts_with("src/cli/") {
            continue;
        }
        for line in production(&text).lines().filter(|line| !line.contains("cargo ")) {
            let option = line.split_whitespace().find(|word| is_option(word));
            assert_eq!(option, None, "{name}: {}", line.trim());
        }
    }
}

#[test]
fn each_foreign_crate_is_used_by_its_module() {
    let owners = [
        ("quick_xml", &["src/wsman/xml/"][..]),
        ("hyper_rustls", &["src/transport/stream.rs"]),
        ("yaml_rust2", &["src/yaml.rs"]),
        // One as the client, one as the server.
        ("libgssapi", &["src/auth/kerberos/gss.rs", "src/simulator/kerberos.rs"]),
        ("cross_krb5", &["src/auth/kerberos/sspi.rs"]),
        ("icu_properties", &["src/wsman/text.rs"]),
    ];
    for (name, text) in rust_files("src") {
        for (krate, owners) in owners {
            let used = production(&text).lines().any(|line| {
                let code = line.trim_start();
                !code.starts_with("//")
                    && (code.contains(&format!("{krate}::")) || code.contains(&format!("use {krate}")))
            });
            let may = owners.iter().any(|owner| name.starts_with(owner));
            assert!(!used || may, "{name} uses {krate}, which only {owners:?} may use");
        }
    }
}

#[test]
fn no_file_hides_a_second_noun() {
    let long: Vec<_> = rust_files("src")
        .into_iter()
        .chain(rust_files("tests"))
        .map(|(name, text)| (name, text.lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .collect();
    assert!(long.is_empty(), "files over {MAX_LINES} lines: {long:?}");
}

#[test]
fn the_front_page_of_the_library_stays_short() {
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let names: Vec<&str> = text
        .split("\npub use ")
        .skip(1)
        .filter_map(|statement| statement.split(';').next())
        // A whole crate of somebody else is no name of ours.
        .filter_map(|statement| statement.rsplit_once("::"))
        .map(|(_, names)| names)
        .flat_map(|names| names.trim_matches(['{', '}', ' ', '\n']).split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    assert!((10..=MAX_NAMES).contains(&names.len()), "{} names: {names:?}", names.len());
}

#[test]
fn every_panic_left_in_the_library_is_a_deliberate_one() {
    for (name, text) in rust_files("src") {
        for unfinished in ["todo!(", "unimplemented!(", "dbg!("] {
            assert!(!production(&text).contains(unfinished), "{name} has {unfinished}");
        }
    }
}
