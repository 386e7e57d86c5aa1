//! What the process has cost and what it was asked.

use std::fmt::Write as _;
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

use crate::requests::Operation;

#[derive(Debug, Default)]
pub struct Counters {
    pub operations: [u64; Operation::ALL.len()],
    pub unauthorized: u64,
    pub challenges: u64,
    pub logins: u64,
    pub sealed: u64,
    pub unavailable: u64,
    pub malformed: u64,
    /// Deletes of shells that were there.
    pub deleted: u64,
    pub connections: u64,
    pub open: u64,
    pub most_open: u64,
    pub first_connection: Option<Instant>,
    pub last_delete: Option<Instant>,
}

impl Counters {
    /// One object of JSON; times in microseconds.
    pub fn report(&self, left: usize) -> String {
        let mut text = String::from("{\"operations\":{");
        for (number, ((_, name), count)) in Operation::ALL.iter().zip(self.operations).enumerate() {
            let comma = if number == 0 { "" } else { "," };
            let _ = write!(text, "{comma}\"{name}\":{count}");
        }
        let to_last_delete = match (self.first_connection, self.last_delete) {
            (Some(first), Some(last)) => last.duration_since(first).as_micros(),
            _ => 0,
        };
        let requests =
            self.operations.iter().sum::<u64>() + self.unauthorized + self.challenges + self.unavailable;
        let (user, system) = cpu();
        let _ = write!(
            text,
            "}},\"requests\":{requests},\"unauthorized\":{},\"challenges\":{},\"logins\":{},\"sealed\":{},\
             \"unavailable\":{},\"malformed\":{},\"deleted\":{},\"left\":{left},\"connections\":{},\
             \"most_connections\":{},\"to_last_delete\":{to_last_delete},\"cpu_user\":{user},\"cpu_system\":{system}}}",
            self.unauthorized,
            self.challenges,
            self.logins,
            self.sealed,
            self.unavailable,
            self.malformed,
            self.deleted,
            self.connections,
            self.most_open,
        );
        text
    }
}

/// Of this process so far: in user mode and in the kernel, in microseconds.
fn cpu() -> (i64, i64) {
    let micros = |time: TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    match getrusage(UsageWho::RUSAGE_SELF) {
        Ok(usage) => (micros(usage.user_time()), micros(usage.system_time())),
        Err(_) => (0, 0),
    }
}
