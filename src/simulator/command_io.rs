//! What runs behind a command, and what it has said that nobody has received yet.

use std::collections::VecDeque;
use std::time::Duration;

use super::faults::{self, Refusal};
use super::programs::{Output, Program, Reads};
use super::psrp::{Pipeline, Pool};

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
    /// Nothing of what was said is heard before this, on the world's clock.
    silent_until: Duration,
    /// What it does with its input.
    input: Input,
    /// The pipeline, of a PowerShell session.
    pub(super) pipeline: Pipeline,
    /// Whether a Receive has said that it is done: then nobody can give it input.
    pub(super) is_reported_done: bool,
}

/// What a command does with its input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Input {
    /// Nothing.
    #[default]
    Ignored,
    /// Says it again, and ends when it ends.
    Copied,
    /// Ends at the first byte.
    AnyKey,
    /// Is kept until it ends; then the program says something.
    Awaited(Vec<u8>, Awaiting),
}

/// What follows when the input of a command has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Awaiting {
    /// The program says this, whatever the input was.
    Output(Output),
    /// The input is a module of Ansible.
    Module,
}

/// The most bytes of one stream in one piece; larger texts travel in several.
const PIECE: usize = 32 * 1024;
/// The most that a command may have said and nobody received; a console blocks there, and Send is told to wait.
const MAX_HELD: usize = 4 * 1024 * 1024;

impl CommandIo {
    /// A program that begins now.
    pub(super) fn begun(program: &Program, now: Duration) -> Self {
        let mut console = Self::default();
        console.play(&program.output, now);
        console.input = match program.reads {
            Reads::Nothing => return console,
            Reads::Copies => Input::Copied,
            Reads::AnyKey => Input::AnyKey,
        };
        console.ends = None;
        console
    }

    /// A program that says nothing before its input has ended.
    pub(super) fn awaiting(awaiting: Awaiting) -> Self {
        Self { input: Input::Awaited(Vec::new(), awaiting), ..Self::default() }
    }

    /// Says what a program says, and ends as it does.
    pub(super) fn play(&mut self, output: &Output, now: Duration) {
        self.say("stdout", output.stdout.as_bytes());
        self.say("stderr", output.stderr.as_bytes());
        self.end(output, now);
    }

    /// The same for a pipeline.
    pub(super) fn play_pipeline(&mut self, pool: &mut Pool, output: &Output, now: Duration) {
        for fragment in self.pipeline.completed(pool, output) {
            self.say("stdout", &fragment);
        }
        self.end(output, now);
    }

    fn end(&mut self, output: &Output, now: Duration) {
        self.silent_until = now.saturating_add(output.delay);
        (self.ends, self.exit_code) = (Some(self.silent_until), output.exit_code);
    }

    /// Ends the program before its time: what it had not said yet is never heard.
    pub(super) fn interrupt(&mut self, now: Duration) {
        if self.silent_until > now {
            self.said.clear();
            (self.held, self.silent_until) = (0, now);
        }
    }

    /// The same for a pipeline, which says that it was stopped.
    pub(super) fn stop_pipeline(&mut self, pool: &mut Pool, now: Duration) {
        self.interrupt(now);
        for fragment in self.pipeline.stopped(pool) {
            self.say("stdout", &fragment);
        }
    }

    /// Says `bytes` on a stream.
    pub(super) fn say(&mut self, stream: &'static str, bytes: &[u8]) {
        for piece in bytes.chunks(PIECE) {
            self.held += piece.len();
            self.said.push_back((stream, piece.to_vec()));
        }
    }

    /// Takes what fits into `room` bytes, and at least one piece.
    pub(super) fn take(&mut self, room: usize, now: Duration) -> Vec<(&'static str, Vec<u8>)> {
        let (mut taken, mut size) = (Vec::new(), 0);
        if now < self.silent_until {
            return taken;
        }
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

    /// Gives input to the command; it may end now. Tells what follows the whole input, if that was awaited.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        is_end: bool,
        now: Duration,
    ) -> Result<Option<(Vec<u8>, Awaiting)>, Refusal> {
        match &mut self.input {
            Input::Ignored => {}
            Input::Awaited(received, _) if received.len() + bytes.len() > MAX_HELD => {
                return Err(Refusal::new(faults::SERVICE_BUSY));
            }
            Input::Awaited(received, awaiting) => {
                received.extend(bytes);
                if is_end {
                    let ended = (std::mem::take(received), awaiting.clone());
                    self.input = Input::Ignored;
                    return Ok(Some(ended));
                }
            }
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
        Ok(None)
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
        assert_eq!(console.take(10, Duration::ZERO).len(), 1, "a piece that fits nowhere goes alone");
        assert_eq!(console.take(10, Duration::ZERO), [("stdout", b"a".to_vec()), ("stderr", b"b".to_vec())]);
        assert!(console.is_silent());
    }

    #[test]
    fn a_copying_command_blocks_when_nobody_receives() {
        let mut console = CommandIo { input: Input::Copied, ..CommandIo::default() };
        assert!(console.feed(&vec![0; MAX_HELD], false, Duration::ZERO).is_ok());
        assert!(console.feed(b"x", false, Duration::ZERO).is_err());
        while !console.take(usize::MAX, Duration::ZERO).is_empty() {}
        assert!(console.feed(b"x", true, Duration::from_secs(3)).is_ok());
        assert_eq!(console.ends, Some(Duration::from_secs(3)));
    }

    #[test]
    fn a_delay_holds_back_what_is_said_and_the_end() {
        let output = Output { stdout: "late".to_owned(), delay: Duration::from_secs(5), ..Output::default() };
        let mut console = CommandIo::begun(&output.into(), Duration::from_secs(1));
        assert_eq!(console.take(usize::MAX, Duration::from_secs(5)), []);
        assert_eq!(console.ends, Some(Duration::from_secs(6)));
        assert_eq!(console.take(usize::MAX, Duration::from_secs(6)), [("stdout", b"late".to_vec())]);
    }

    #[test]
    fn an_awaited_input_is_given_whole_when_it_ends() {
        let mut console = CommandIo::awaiting(Awaiting::Module);
        assert_eq!(console.feed(b"a", false, Duration::ZERO).unwrap(), None);
        let ended = console.feed(b"b", true, Duration::ZERO).unwrap();
        assert_eq!(ended, Some((b"ab".to_vec(), Awaiting::Module)));
        assert_eq!(console.feed(b"c", true, Duration::ZERO).unwrap(), None);
    }
}
