//! I/O module: the terminal device: questions are asked there, never on stdin, which may be a pipe of objects.
#![expect(clippy::disallowed_methods, reason = "opens the terminal device")]

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, IsTerminal as _, Write};
use std::sync::OnceLock;

use zeroize::Zeroizing;

use super::args::ColorWhen;
use super::render::{Surroundings, is_coloured};
use super::source;

/// What `--color` asks for.
static COLOUR: OnceLock<ColorWhen> = OnceLock::new();

/// Where questions are asked and answered.
pub(crate) struct Terminal<R, W> {
    input: R,
    output: W,
}

/// The terminal device of this process.
pub(crate) type Device = Terminal<BufReader<File>, Output>;

#[cfg(unix)]
type Output = File;

/// A standard stream, which translates for the console. What a file writes there is in the console's code page.
#[cfg(windows)]
type Output = Box<dyn Write + Send>;

/// An answer to PowerShell's four-way question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    YesToAll,
    No,
    NoToAll,
}

/// How the terminal treats what is typed, so that it can be put back however a question ends.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    #[cfg(unix)]
    saved: Option<(File, rustix::termios::Termios)>,
}

/// Whether what is typed is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Typing {
    Shown,
    /// Nothing of it but the end of the line.
    Hidden,
}

impl Settings {
    /// What holds now; nothing where there is no terminal.
    pub(crate) fn now() -> Self {
        #[cfg(unix)]
        if let Ok(device) = OpenOptions::new().read(true).open("/dev/tty") {
            let saved = rustix::termios::tcgetattr(&device).ok();
            return Self { saved: saved.map(|settings| (device, settings)) };
        }
        Self::default()
    }

    /// Lets the terminal give whole lines, which end at Enter. A parent that reads single keys, as PowerShell's prompt
    /// does, may have left it otherwise.
    pub(crate) fn line_mode(&self, typing: Typing) {
        #[cfg(unix)]
        if let Some((device, settings)) = &self.saved {
            use rustix::termios::{InputModes, LocalModes, OptionalActions, tcsetattr};
            let mut lines = settings.clone();
            lines.input_modes.insert(InputModes::ICRNL);
            lines.local_modes.insert(LocalModes::ICANON | LocalModes::ISIG | LocalModes::ECHOE);
            lines.local_modes.set(LocalModes::ECHO, typing == Typing::Shown);
            lines.local_modes.set(LocalModes::ECHONL, typing == Typing::Hidden);
            // A terminal that cannot do it is asked all the same, as everywhere.
            let _ = tcsetattr(device, OptionalActions::Now, &lines);
        }
        #[cfg(not(unix))]
        let _ = typing;
    }

    /// Makes it hold again.
    pub(crate) fn put_back(&self) {
        #[cfg(unix)]
        if let Some((device, settings)) = &self.saved {
            // There is nobody to tell, and nothing else to try.
            let _ = rustix::termios::tcsetattr(device, rustix::termios::OptionalActions::Now, settings);
        }
    }
}

/// Asks for a line that must not be shown; none where the input ends. Whoever calls it has hidden what is typed.
#[cfg(unix)]
pub(crate) fn secret(prompt: &str) -> io::Result<Option<Zeroizing<String>>> {
    use std::io::Read as _;
    let Terminal { input, mut output } = Terminal::open()?;
    let mut input = input.into_inner();
    write!(output, "{prompt}")?;
    output.flush()?;
    // Read in place, so that no buffer keeps a copy.
    let mut typed = Zeroizing::new([0_u8; MAX_SECRET]);
    let mut filled = 0;
    loop {
        let room = typed.get_mut(filled..).unwrap_or_default();
        if room.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the line is too long"));
        }
        let read = match input.read(room) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        filled += read;
        let line = typed.get(..filled).unwrap_or_default();
        if read > 0 && line.last() != Some(&b'\n') {
            continue;
        }
        if filled == 0 {
            writeln!(output)?;
            return Ok(None);
        }
        let text =
            std::str::from_utf8(line).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        return Ok(Some(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned())));
    }
}

/// Asks for a line that must not be shown; none where the input ends.
#[cfg(windows)]
pub(crate) fn secret(prompt: &str) -> io::Result<Option<Zeroizing<String>>> {
    let Terminal { output, .. } = Terminal::open()?;
    // On a console of its own choice `rpassword` ends each text with a NUL, which some consoles show.
    let config = rpassword::ConfigBuilder::new().output_writer(output).build();
    match rpassword::prompt_password_with_config(prompt, config) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        typed => typed.map(|typed| Some(Zeroizing::new(typed))),
    }
}

/// Decides over colours once, for the whole run.
pub(crate) fn choose_colour(when: ColorWhen) {
    let _ = COLOUR.set(when);
    takes_escapes();
}

/// Whether the terminal understands escape sequences.
#[cfg(unix)]
pub(crate) fn takes_escapes() -> bool {
    true
}

/// Whether the console understands escape sequences: it has to be asked to, and one before Windows 10 cannot.
#[cfg(windows)]
pub(crate) fn takes_escapes() -> bool {
    static ASKED: OnceLock<bool> = OnceLock::new();
    *ASKED.get_or_init(|| enable_ansi_support::enable_ansi_support().is_ok())
}

/// Whether labels on stderr are painted.
pub(crate) fn stderr_has_colour() -> bool {
    has_colour(io::stderr().is_terminal())
}

/// Whether stdout gets colours.
pub(crate) fn stdout_has_colour() -> bool {
    has_colour(io::stdout().is_terminal())
}

fn has_colour(is_terminal: bool) -> bool {
    let (no_color, term) = (source::variable("NO_COLOR"), source::variable("TERM"));
    let is_terminal = is_terminal && takes_escapes();
    let surroundings = Surroundings { is_terminal, no_color: no_color.as_deref(), term: term.as_deref() };
    is_coloured(COLOUR.get().copied().unwrap_or_default(), surroundings)
}

/// The columns of the terminal that stdout is, if it is one.
pub(crate) fn width_of_stdout() -> Option<usize> {
    width_of(io::stdout())
}

/// The columns of the terminal that stderr is, if it is one.
pub(crate) fn width_of_stderr() -> Option<usize> {
    width_of(io::stderr())
}

#[cfg(unix)]
fn width_of(device: impl std::os::fd::AsFd) -> Option<usize> {
    columns(terminal_size::terminal_size_of(device))
}

#[cfg(windows)]
fn width_of(device: impl std::os::windows::io::AsHandle) -> Option<usize> {
    columns(terminal_size::terminal_size_of(device))
}

/// The lines of the terminal that stdout is, if it is one.
pub(crate) fn height_of_stdout() -> Option<usize> {
    let size = terminal_size::terminal_size_of(io::stdout());
    size.map(|(_, height)| usize::from(height.0)).filter(|height| *height > 0)
}

fn columns(size: Option<(terminal_size::Width, terminal_size::Height)>) -> Option<usize> {
    size.map(|(width, _)| usize::from(width.0)).filter(|width| *width > 0)
}

/// How often an answer may be none of the offered ones before it counts as No to All.
const MAX_TRIES: usize = 10;

/// The longest secret that is typed, in bytes: a terminal gives a line of no more.
#[cfg(unix)]
const MAX_SECRET: usize = 4096;

/// The longest answer that is read, in bytes.
const MAX_ANSWER: u64 = 4096;

const HELP: &str = "\
Y - Close this session.
A - Close this session and all following sessions.
N - Skip this session.
L - Skip this session and all following sessions.
";

impl Device {
    /// Opens the terminal device of this process; an error where there is none.
    #[cfg(unix)]
    pub(crate) fn open() -> io::Result<Self> {
        let input = OpenOptions::new().read(true).open("/dev/tty")?;
        let output = OpenOptions::new().write(true).open("/dev/tty")?;
        Ok(Self { input: BufReader::new(input), output })
    }

    /// Opens the console of this process; an error where there is none. A service, a scheduled task or a remote command
    /// may have one that nobody sees: a person is there only if output goes to it.
    #[cfg(windows)]
    pub(crate) fn open() -> io::Result<Self> {
        let output: Output = match (io::stderr().is_terminal(), io::stdout().is_terminal()) {
            (true, _) => Box::new(io::stderr()),
            (false, true) => Box::new(io::stdout()),
            (false, false) => return Err(io::Error::other("neither stdout nor stderr is a console")),
        };
        let input = OpenOptions::new().read(true).open("CONIN$")?;
        Ok(Self { input: BufReader::new(input), output })
    }

    /// Its columns, if it tells.
    #[cfg(unix)]
    pub(crate) fn width(&self) -> Option<usize> {
        width_of(&self.output)
    }

    /// Its columns, if it tells.
    #[cfg(windows)]
    pub(crate) fn width(&self) -> Option<usize> {
        width_of_stderr().or_else(width_of_stdout)
    }

    /// Whether it gets colours.
    pub(crate) fn has_colour(&self) -> bool {
        has_colour(true)
    }
}

impl<R: BufRead, W: Write> Terminal<R, W> {
    /// Asks a question whose answer is No unless it is a clear yes.
    pub(crate) fn yes_or_no(&mut self, question: &str) -> io::Result<bool> {
        write!(self.output, "{question} [y/N] ")?;
        self.output.flush()?;
        let answer = self.line()?.unwrap_or_default();
        Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
    }

    /// Asks PowerShell's question; an empty answer is Yes, the end of input is No to All.
    pub(crate) fn confirm(&mut self, description: &str) -> io::Result<Answer> {
        writeln!(self.output, "\nConfirm\nAre you sure you want to perform this action?\n{description}")?;
        for _ in 0..MAX_TRIES {
            let choices = "[Y] Yes  [A] Yes to All  [N] No  [L] No to All  [?] Help (default is \"Y\"): ";
            write!(self.output, "{choices}")?;
            self.output.flush()?;
            let Some(answer) = self.line()? else { return Ok(Answer::NoToAll) };
            match answer.to_lowercase().as_str() {
                "" | "y" | "yes" => return Ok(Answer::Yes),
                "a" | "yes to all" => return Ok(Answer::YesToAll),
                "n" | "no" => return Ok(Answer::No),
                "l" | "no to all" => return Ok(Answer::NoToAll),
                "?" | "help" => self.output.write_all(HELP.as_bytes())?,
                _ => {}
            }
        }
        Ok(Answer::NoToAll)
    }

    fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        let read = io::Read::take(&mut self.input, MAX_ANSWER).read_until(b'\n', &mut line)?;
        if read == 0 {
            // Ctrl-D leaves the cursor behind the question.
            writeln!(self.output)?;
        }
        // A console gives what is typed in its code page; no answer needs more than ASCII.
        Ok((read > 0).then(|| String::from_utf8_lossy(&line).trim().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(typed: impl AsRef<[u8]>) -> (Answer, String) {
        let mut output = Vec::new();
        let mut terminal = Terminal { input: typed.as_ref(), output: &mut output };
        let answer = terminal.confirm("Performing the operation \"Remove\" on target \"web01\".").unwrap();
        (answer, String::from_utf8(output).unwrap())
    }

    #[test]
    fn an_empty_answer_is_the_default_yes() {
        assert_eq!(asked("\n").0, Answer::Yes);
    }

    #[test]
    fn the_question_is_powershells() {
        let shown = "
Confirm
Are you sure you want to perform this action?
Performing the operation \"Remove\" on target \"web01\".
[Y] Yes  [A] Yes to All  [N] No  [L] No to All  [?] Help (default is \"Y\"): ";
        assert_eq!(asked("y\n").1, shown);
    }

    #[test]
    fn hotkeys_and_labels_are_taken_in_any_case_with_blanks_around() {
        for (typed, answer) in [
            ("y", Answer::Yes),
            ("Y", Answer::Yes),
            (" YES ", Answer::Yes),
            ("  ", Answer::Yes),
            ("a", Answer::YesToAll),
            ("A", Answer::YesToAll),
            (" yes to ALL ", Answer::YesToAll),
            ("n", Answer::No),
            ("No", Answer::No),
            ("L", Answer::NoToAll),
            ("no to all", Answer::NoToAll),
        ] {
            assert_eq!(asked(format!("{typed}\n")).0, answer, "{typed:?}");
        }
    }

    #[test]
    fn help_and_unknown_answers_ask_again() {
        let (answer, shown) = asked("what\n?\nn\n");
        assert_eq!(answer, Answer::No);
        assert_eq!(shown.matches("[Y] Yes").count(), 3);
        assert!(shown.contains(HELP));
    }

    #[test]
    fn what_is_no_utf_8_is_an_unknown_answer() {
        let (answer, shown) = asked(b"\x84\r\nno\r\n");
        assert_eq!(answer, Answer::No);
        assert_eq!(shown.matches("[Y] Yes").count(), 2);
    }

    #[test]
    fn the_end_of_input_leaves_everything() {
        assert_eq!(asked("").0, Answer::NoToAll);
    }

    #[test]
    fn the_guards_question_takes_only_a_clear_yes() {
        for (typed, expected) in [("y\n", true), ("YES\n", true), ("\n", false), ("", false), ("yo\n", false)]
        {
            let mut terminal = Terminal { input: typed.as_bytes(), output: Vec::new() };
            assert_eq!(terminal.yes_or_no("Close 12 sessions?").unwrap(), expected, "{typed:?}");
        }
    }
}
