//! I/O module: this process as the system sees it: what it leaves behind when it dies, and what the programs that it starts
//! inherit.
#![expect(clippy::disallowed_methods, reason = "starts programs")]

use std::io;
use std::process::{Child, Command};

use super::login::PASSWORD;

#[cfg(unix)]
pub(crate) use core::forbid as forbid_core_dumps;

/// Elsewhere the system asks before it keeps what a process had in memory, or an administrator decides it.
#[cfg(not(unix))]
pub(crate) fn forbid_core_dumps() {}

/// Starts a program, with the limits that this process was started with. It has no use for our password, and neither has
/// what it starts.
pub(crate) fn start(command: &mut Command) -> io::Result<Child> {
    command.env_remove(PASSWORD);
    #[cfg(unix)]
    let _as_we_were_started = core::Lifted::new();
    command.spawn()
}

/// Core files hold passwords and keys.
#[cfg(unix)]
mod core {
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    /// The limit that this process was started with, once it is lowered.
    static FOUND: Mutex<Option<Rlimit>> = Mutex::new(None);

    /// Makes sure that no core file of this process is written, and on Linux that no other process of this user can read
    /// its memory. Where the system refuses there is nothing else to try.
    pub(crate) fn forbid() {
        let mut found = lock();
        if found.is_none() {
            *found = Some(getrlimit(Resource::Core));
        }
        lower(*found);
        // A core_pattern with a pipe ignores the limit. A program that is started becomes dumpable by itself.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    }

    /// The hard limit stays, for it could not be raised again.
    fn lower(found: Option<Rlimit>) {
        if let Some(found) = found {
            let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), ..found });
        }
    }

    fn lock() -> MutexGuard<'static, Option<Rlimit>> {
        FOUND.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The limit is the old one again for as long as this lives: what is started inherits it. On Linux this process is
    /// not dumpable meanwhile either.
    pub(super) struct Lifted(MutexGuard<'static, Option<Rlimit>>);

    impl Lifted {
        pub(super) fn new() -> Self {
            let found = lock();
            if let Some(found) = *found {
                let _ = setrlimit(Resource::Core, found);
            }
            Self(found)
        }
    }

    impl Drop for Lifted {
        fn drop(&mut self) {
            lower(*self.0);
        }
    }
}
