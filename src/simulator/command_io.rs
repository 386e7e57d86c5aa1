//! What runs behind a command, and what it has said that nobody has received yet.

use std::collections::VecDeque;
use std::time::Duration;

use super::faults::{self, Refusal};

/// The inside of a command that a client has begun. A command that was seeded has an empty one: it says nothing and
/// runs until it is signalled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandIo {
    /// What was said: the stream's name and the bytes, oldest first.
    said: VecDeque<(&'static str, Vec<u8>)>,
    /// How many bytes that is.
    held: usize,
    /// When it ends by itself, on the world's clock.
    pub(super) ends: Option<Duration>,
    /// What it ends with.
    pub(super) exit_code: i64,
    /// What it does with its input.
    pub(super) input: Input,
}

/// What a command does with its input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Input {
    /// Nothing.
    #[default]
    Ignored,
    /// Says it again, and ends when it ends.
    Copied,
    /// Ends at the first byte.
    AnyKey,
}

/// The most bytes of one stream in one piece; larger texts travel in several.
const PIECE: usize = 32 * 1024;
/// The most that a command may have said and nobody received; a console blocks there, and Send is told to wait.
const MAX_HELD: usize = 4 * 1024 * 1024;

impl CommandIo {
    /// A command that ends at `time` unless it is told otherwise.
    pub(super) fn ending(time: Duration) -> Self {
        Self { ends: Some(time), ..Self::default() }
    }

    /// Says `bytes` on a stream.
    pub(super) fn say(&mut self, stream: &'static str, bytes: &[u8]) {
        for piece in bytes.chunks(PIECE) {
            self.held += piece.len();
            self.said.push_back((stream, piece.to_vec()));
        }
    }

    /// Takes what fits into `room` bytes, and at least one piece.
    pub(super) fn take(&mut self, room: usize) -> Vec<(&'static str, Vec<u8>)> {
        let (mut taken, mut size) = (Vec::new(), 0);
        while let Some((_, bytes)) = self.said.front() {
            size += bytes.len();
            if size > room && !taken.is_empty() {
                break;
            }
            self.held -= bytes.len();
            taken.extend(self.said.pop_front());
        }
        taken
    }

    /// Whether there is nothing to take.
    pub(super) fn is_silent(&self) -> bool {
        self.said.is_empty()
    }

    /// Gives input to the command; it may end now.
    pub(super) fn feed(&mut self, bytes: &[u8], is_end: bool, now: Duration) -> Result<(), Refusal> {
        match self.input {
            Input::Ignored => {}
            Input::Copied if self.held + bytes.len() > MAX_HELD => {
                return Err(Refusal::new(faults::SERVICE_BUSY));
            }
            Input::Copied => {
                self.say("stdout", bytes);
                if is_end {
                    self.ends = Some(now);
                }
            }
            Input::AnyKey => {
                if is_end || !bytes.is_empty() {
                    self.ends = Some(now);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_taken_once_and_in_pieces_that_fit() {
        let mut console = CommandIo::default();
        console.say("stdout", &vec![b'a'; PIECE + 1]);
        console.say("stderr", b"b");
        assert_eq!(console.take(10).len(), 1, "a piece that fits nowhere goes alone");
        assert_eq!(console.take(10), [("stdout", b"a".to_vec()), ("stderr", b"b".to_vec())]);
        assert!(console.is_silent());
    }

    #[test]
    fn a_copying_command_blocks_when_nobody_receives() {
        let mut console = CommandIo { input: Input::Copied, ..CommandIo::default() };
        assert!(console.feed(&vec![0; MAX_HELD], false, Duration::ZERO).is_ok());
        assert!(console.feed(b"x", false, Duration::ZERO).is_err());
        while !console.take(usize::MAX).is_empty() {}
        assert!(console.feed(b"x", true, Duration::from_secs(3)).is_ok());
        assert_eq!(console.ends, Some(Duration::from_secs(3)));
    }
}
