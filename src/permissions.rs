//! I/O module: who else may change a file that is believed (a table, a config), or read one that holds a password. On
//! Windows nothing is checked: the user's own folders are for their owner alone, unless somebody has changed that.
#![cfg_attr(unix, expect(clippy::disallowed_methods, reason = "looks at files and folders"))]

use std::fmt;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

/// A file or a folder through which somebody else may change what a file says.
#[derive(Debug, PartialEq, Eq)]
pub struct Exposed {
    path: PathBuf,
    is_folder: bool,
    mode: u32,
    to: Others,
}

/// Who may write there, beside this user and root.
#[cfg_attr(not(unix), expect(dead_code, reason = "there nothing is looked at"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Others {
    Everybody,
    Group,
    /// Its owner, with this user id.
    Owner(u32),
}

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The file alone.
    Alone,
    /// An SQLite database: what stands in the files beside it counts as its content.
    Database,
}

/// The files that SQLite reads beside a database.
#[cfg(unix)]
const BESIDE: &[&str] = &["-wal", "-shm", "-journal"];

impl fmt::Display for Exposed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (noun, path, mode) =
            (if self.is_folder { "the directory " } else { "" }, self.path.display(), self.mode);
        match self.to {
            Others::Everybody => write!(f, "{noun}{path} is writable by everyone (mode {mode:04o})"),
            Others::Group => write!(f, "{noun}{path} is writable by its group (mode {mode:04o})"),
            Others::Owner(uid) => {
                write!(f, "{noun}{path} belongs to another user (user id {uid}, mode {mode:04o})")
            }
        }
    }
}

impl Exposed {
    /// What to do, in a few words.
    #[must_use]
    pub fn advice(&self) -> String {
        let path = self.path.display();
        match (self.is_folder, self.to) {
            (false, Others::Owner(_)) => format!("take ownership of {path}, or use a file of your own"),
            (false, _) => format!("`chmod go-w {path}`"),
            (true, _) => {
                "keep the file in a directory of your own with mode 0700; a private subdirectory of this one is \
                 enough, also in a Kubernetes emptyDir, which has mode 0777"
                    .to_owned()
            }
        }
    }
}

/// Through what others may change the file at this path, if through anything: the file itself, or a folder above it that
/// is not sticky. The way up ends at the root, or at the first folder that is for this user alone. Links are followed
/// first. A file that is not there is nobody's, but somebody could put it there; a folder that is not there will be made
/// for this user alone. What is no file, such as a device or a pipe, keeps nothing.
///
/// # Errors
/// The file or a folder cannot be looked at.
#[cfg(unix)]
pub fn exposed(path: &Path, kind: Kind) -> io::Result<Option<Exposed>> {
    use std::fs;
    let missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    let (file, real) = match fs::canonicalize(path) {
        Ok(real) => (Some(fs::metadata(&real)?), real),
        Err(error) if missing(&error) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            match (fs::canonicalize(folder.unwrap_or(Path::new("."))), path.file_name()) {
                (Ok(folder), Some(name)) => (None, folder.join(name)),
                (Err(error), _) if !missing(&error) => return Err(error),
                _ => return Ok(None),
            }
        }
        Err(error) => return Err(error),
    };
    if let Some(file) = file {
        if !file.is_file() {
            return Ok(None);
        }
        let found = exposed_file(&real, &file);
        if found.is_some() {
            return Ok(found);
        }
    }
    for suffix in BESIDE.iter().filter(|_| kind == Kind::Database) {
        let mut beside = real.clone().into_os_string();
        beside.push(suffix);
        let beside = PathBuf::from(beside);
        if let Ok(metadata) = fs::symlink_metadata(&beside)
            && let Some(to) = others(&metadata, false)
        {
            return Ok(Some(Exposed::new(&beside, &metadata, to)));
        }
    }
    for (above, folder) in real.ancestors().skip(1).enumerate() {
        let metadata = fs::metadata(folder)?;
        // In a sticky folder nobody can replace a file of ours, but everybody can put another beside it.
        let sticky_helps = above > 0 || kind == Kind::Alone;
        if let Some(to) = others(&metadata, sticky_helps) {
            return Ok(Some(Exposed::new(folder, &metadata, to)));
        }
        if is_private(&metadata) {
            break;
        }
    }
    Ok(None)
}

/// Elsewhere nothing is looked at.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn exposed(_: &Path, _: Kind) -> io::Result<Option<Exposed>> {
    Ok(None)
}

/// The same of a file alone, by what is known of it while it is open: what its path leads to may change.
#[cfg(unix)]
#[must_use]
pub fn exposed_file(path: &Path, metadata: &Metadata) -> Option<Exposed> {
    if metadata.is_file() { others(metadata, false).map(|to| Exposed::new(path, metadata, to)) } else { None }
}

/// Elsewhere nothing is looked at.
#[cfg(not(unix))]
#[must_use]
pub fn exposed_file(_: &Path, _: &Metadata) -> Option<Exposed> {
    None
}

/// The mode of a file that holds a password, if others may read it. Of another user's file, as that of a service's
/// account, the group is meant to.
#[cfg(unix)]
#[must_use]
pub fn readable_by_others(path: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path).ok().filter(Metadata::is_file)?;
    let others = if metadata.uid() == this_user() { 0o077 } else { 0o004 };
    Some(metadata.mode() & PERMISSIONS).filter(|mode| mode & others != 0)
}

/// Elsewhere that is not known.
#[cfg(not(unix))]
#[must_use]
pub fn readable_by_others(_: &Path) -> Option<u32> {
    None
}

#[cfg(unix)]
const PERMISSIONS: u32 = 0o7777;

#[cfg(unix)]
impl Exposed {
    fn new(path: &Path, metadata: &Metadata, to: Others) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        let mode = metadata.mode() & PERMISSIONS;
        Self { path: path.to_owned(), is_folder: metadata.is_dir(), mode, to }
    }
}

/// Whether this file is ours.
#[cfg(unix)]
#[must_use]
pub fn is_ours(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.uid() == this_user()
}

/// Elsewhere that is not known.
#[cfg(not(unix))]
#[must_use]
pub fn is_ours(_: &Metadata) -> bool {
    true
}

#[cfg(unix)]
fn others(metadata: &Metadata, sticky_helps: bool) -> Option<Others> {
    use std::os::unix::fs::MetadataExt as _;
    who(metadata.mode(), metadata.uid(), this_user(), sticky_helps && metadata.is_dir())
}

#[cfg(unix)]
fn is_private(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.mode() & 0o077 == 0 && metadata.uid() == this_user()
}

#[cfg(unix)]
fn this_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Who else may write where this mode and owner stand: an owner can always give the right to itself.
#[cfg(unix)]
fn who(mode: u32, owner: u32, user: u32, sticky_helps: bool) -> Option<Others> {
    let (group, world, sticky) = (0o020, 0o002, 0o1000);
    match mode {
        _ if ![0, user].contains(&owner) => Some(Others::Owner(owner)),
        mode if sticky_helps && mode & sticky != 0 => None,
        mode if mode & world != 0 => Some(Others::Everybody),
        mode if mode & group != 0 => Some(Others::Group),
        _ => None,
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a test writes files of its own")]

    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use tempfile::TempDir;

    use super::*;

    const US: u32 = 1000;

    #[test]
    fn only_this_user_and_root_may_write() {
        for (mode, owner, sticky_helps, expected) in [
            (0o600, US, false, None),
            (0o644, 0, false, None),
            (0o755, US, true, None),
            (0o664, US, false, Some(Others::Group)),
            (0o646, US, false, Some(Others::Everybody)),
            (0o777, 0, true, Some(Others::Everybody)),
            (0o600, 1001, false, Some(Others::Owner(1001))),
            (0o1777, 0, true, None),
            (0o1777, 0, false, Some(Others::Everybody)),
            (0o1755, 1001, true, Some(Others::Owner(1001))),
        ] {
            assert_eq!(who(mode, owner, US, sticky_helps), expected, "{mode:o} {owner} {sticky_helps}");
        }
    }

    /// A folder `outer/inner` with these modes, and a file in it.
    fn file_below(outer: u32, inner: u32) -> (TempDir, PathBuf) {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("outer/inner");
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("file");
        fs::write(&file, "").unwrap();
        set(&file, 0o600);
        set(&folder, inner);
        set(folder.parent().unwrap(), outer);
        (home, file)
    }

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn reported(path: &Path, kind: Kind) -> Option<String> {
        exposed(path, kind).unwrap().map(|exposed| exposed.to_string())
    }

    #[test]
    fn a_folder_above_counts_unless_one_between_is_private_or_it_is_sticky() {
        for (outer, inner, exposed) in [
            (0o755, 0o755, None),
            (0o777, 0o755, Some(("outer", "everyone (mode 0777)"))),
            (0o775, 0o755, Some(("outer", "its group (mode 0775)"))),
            (0o777, 0o700, None),
            (0o1777, 0o755, None),
            (0o700, 0o777, Some(("inner", "everyone (mode 0777)"))),
        ] {
            let (_home, file) = file_below(outer, inner);
            for path in [file.clone(), file.with_file_name("missing")] {
                let reported = reported(&path, Kind::Alone);
                let expected = exposed.map(|(folder, who)| format!("{folder} is writable by {who}"));
                match (&reported, &expected) {
                    (Some(reported), Some(expected)) => assert!(reported.ends_with(expected), "{reported}"),
                    _ => assert_eq!(reported, expected, "{outer:o} {inner:o}"),
                }
            }
        }
    }

    #[test]
    fn a_link_is_followed_to_where_the_file_is() {
        let (_open, file) = file_below(0o777, 0o755);
        let (_closed, safe) = file_below(0o755, 0o755);
        let links = tempfile::tempdir().unwrap();
        let (to_file, to_safe) = (links.path().join("a"), links.path().join("b"));
        symlink(&file, &to_file).unwrap();
        symlink(safe.parent().unwrap(), &to_safe).unwrap();
        assert!(reported(&to_file, Kind::Alone).unwrap().contains("outer is writable by everyone"));
        assert_eq!(reported(&to_safe.join("file"), Kind::Alone), None);
    }

    #[test]
    fn what_stands_beside_a_database_is_part_of_it() {
        let (_home, file) = file_below(0o755, 0o755);
        let wal = file.with_file_name("file-wal");
        fs::write(&wal, "").unwrap();
        set(&wal, 0o666);
        assert_eq!(reported(&file, Kind::Alone), None);
        assert!(
            reported(&file, Kind::Database)
                .unwrap()
                .ends_with("file-wal is writable by everyone (mode 0666)")
        );
        // Where a file could be put beside it, a sticky folder is not enough.
        let (_home, file) = file_below(0o755, 0o1777);
        assert_eq!(reported(&file, Kind::Alone), None);
        assert!(
            reported(&file, Kind::Database).unwrap().ends_with("inner is writable by everyone (mode 1777)")
        );
    }

    #[test]
    fn a_device_keeps_nothing_and_a_folder_that_is_not_there_is_made_private() {
        assert_eq!(reported(Path::new("/dev/null"), Kind::Alone), None);
        let (_home, file) = file_below(0o777, 0o777);
        assert_eq!(reported(&file.with_file_name("new").join("file"), Kind::Database), None);
    }

    #[test]
    fn a_password_that_others_may_read_is_known_by_its_mode() {
        let (_home, file) = file_below(0o755, 0o755);
        assert_eq!(readable_by_others(&file), None);
        for mode in [0o640, 0o604, 0o620] {
            set(&file, mode);
            assert_eq!(readable_by_others(&file), Some(mode), "{mode:o}");
        }
        assert_eq!(readable_by_others(Path::new("/dev/null")), None);
    }

    #[test]
    fn the_advice_fits_what_is_exposed() {
        let exposed = |is_folder, to| Exposed { path: "/x".into(), is_folder, mode: 0o777, to };
        assert_eq!(exposed(false, Others::Group).advice(), "`chmod go-w /x`");
        assert!(exposed(false, Others::Owner(7)).advice().contains("ownership of /x"));
        assert!(exposed(true, Others::Everybody).advice().contains("emptyDir"));
        assert!(exposed(false, Others::Owner(7)).to_string().ends_with("(user id 7, mode 0777)"));
    }
}
