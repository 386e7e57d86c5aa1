//! Where message ids come from.

use std::cell::RefCell;

use uuid::Uuid;

/// Where message ids come from; tests bring ids that they know.
pub trait IdSource: Send + Sync {
    /// A fresh GUID.
    fn draw(&self) -> Uuid;
}

/// Random (version 4) ids.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    fn draw(&self) -> Uuid {
        DRAWN.with_borrow_mut(|drawn| {
            drawn.pop().unwrap_or_else(|| {
                *drawn = draw_some();
                drawn.pop().unwrap_or_default()
            })
        })
    }
}

std::thread_local! {
    /// Ids that this thread has drawn in advance: asking the system for each costs more than writing its request.
    static DRAWN: RefCell<Vec<Uuid>> = const { RefCell::new(Vec::new()) };
}

#[expect(clippy::disallowed_methods, reason = "random ids are drawn here")]
fn draw_some() -> Vec<Uuid> {
    let mut random = [0; DRAWN_AT_ONCE * size_of::<Uuid>()];
    match getrandom::fill(&mut random) {
        Ok(()) => {
            let (ids, _) = random.as_chunks();
            ids.iter().map(|bytes| uuid::Builder::from_random_bytes(*bytes).into_uuid()).collect()
        }
        // It panics where there is no randomness at all.
        Err(_) => vec![Uuid::new_v4()],
    }
}

/// How many ids are drawn at once: the bytes that Linux gives without being interrupted.
const DRAWN_AT_ONCE: usize = 16;
