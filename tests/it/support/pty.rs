//! Runs the built command on a terminal of its own, through `script` of util-linux, and types when it asks.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};

use pssession::simulator::Simulator;
use secrecy::ExposeSecret as _;
use tempfile::TempDir;

/// One run on a terminal to come.
pub(crate) struct Pty {
    words: String,
    columns: u16,
    env: Vec<(String, String)>,
    after: String,
    home: TempDir,
}

/// What a run left behind: all that the terminal showed, and the exit code.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) code: i32,
    bytes: String,
    /// All of it, without what moves the cursor to the start of a line.
    pub(crate) screen: String,
}

/// Whether there is a `script` that can do it; says loudly if not.
pub(crate) fn available() -> bool {
    let reported = Command::new("script").arg("--version").output();
    let there =
        reported.is_ok_and(|reported| String::from_utf8_lossy(&reported.stdout).contains("util-linux"));
    if !there {
        // Straight to stderr: what a test prints is shown only when it fails.
        let _ = std::io::stderr()
            .write_all(b"SKIPPED: no `script` of util-linux, so nothing is tried on a terminal\n");
    }
    there
}

impl Pty {
    /// `pssession ARGS` on a terminal of 160 columns.
    pub(crate) fn new<S: AsRef<str>>(args: impl IntoIterator<Item = S>) -> Self {
        let args = args.into_iter().map(|arg| arg.as_ref().to_owned());
        Self::running([env!("CARGO_BIN_EXE_pssession").to_owned()].into_iter().chain(args))
    }

    /// Another program on such a terminal.
    pub(crate) fn running<S: Into<String>>(words: impl IntoIterator<Item = S>) -> Self {
        let words: Vec<String> = words.into_iter().map(|word| quoted(word.into())).collect();
        let home = tempfile::tempdir().unwrap();
        let env = [("PATH", "/usr/bin:/bin"), ("TERM", "xterm"), ("NO_COLOR", "1")];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { words: words.join(" "), columns: 160, env, after: String::new(), home }
    }

    /// `pssession VERB --on HOST ...`, logged in.
    pub(crate) fn on(simulator: &Simulator, verb: &str, args: &[&str]) -> Self {
        let address = simulator.address().to_string();
        Self::new([&[verb, "--on", &address], args].concat())
            .env("PSSESSION_USER", &simulator.user())
            .env("PSSESSION_PASSWORD", simulator.password().expose_secret())
    }

    pub(crate) fn columns(mut self, columns: u16) -> Self {
        self.columns = columns;
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds shell text behind the command: redirections, or what is to run afterwards.
    pub(crate) fn and(mut self, shell: &str) -> Self {
        self.after = shell.to_owned();
        self
    }

    /// Waits for each question in turn, types its answer, and runs to the end.
    pub(crate) async fn answer(self, answers: &[(&str, &str)]) -> Shown {
        let answers: Vec<(String, String)> =
            answers.iter().map(|(question, typed)| ((*question).to_owned(), (*typed).to_owned())).collect();
        tokio::task::spawn_blocking(move || self.converse(&answers)).await.unwrap()
    }

    fn converse(self, answers: &[(String, String)]) -> Shown {
        // A shell that is interrupted with its child must live on to say how that ended.
        let line = format!("trap : INT; stty rows 24 cols {}; {} {}", self.columns, self.words, self.after);
        let mut script = self.start(&line);
        let (mut keyboard, mut display) = (script.stdin.take().unwrap(), script.stdout.take().unwrap());
        let (mut seen, mut read, mut answers) = (Vec::new(), 0, answers.iter());
        let mut next = answers.next();
        let mut some = [0; 4096];
        loop {
            match display.read(&mut some) {
                Ok(0) | Err(_) => break,
                Ok(count) => seen.extend_from_slice(&some[..count]),
            }
            while let Some((question, typed)) = next {
                let unread = String::from_utf8_lossy(&seen[read..]).into_owned();
                if !unread.contains(question.as_str()) {
                    break;
                }
                read = seen.len();
                keyboard.write_all(typed.as_bytes()).unwrap();
                keyboard.flush().unwrap();
                next = answers.next();
            }
        }
        let code = script.wait().unwrap().code().unwrap_or(-1);
        let bytes = String::from_utf8(seen).unwrap();
        let screen = bytes.replace('\r', "");
        assert!(next.is_none(), "nobody asked {next:?}, exit code {code}:\n{screen}");
        Shown { code, bytes, screen }
    }

    /// `timeout` ends what waits for an answer that no test gives.
    fn start(&self, line: &str) -> Child {
        Command::new("timeout")
            .args([
                "--foreground",
                "60",
                "script",
                "--quiet",
                "--return",
                "--flush",
                "--command",
                line,
                "/dev/null",
            ])
            .env_clear()
            .env("HOME", self.home.path())
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap()
    }
}

impl Shown {
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.screen);
        self
    }

    /// What stands there in the end: text that was written over is gone.
    pub(crate) fn left(&self) -> String {
        let standing = |line: &str| {
            let mut cells: Vec<char> = Vec::new();
            for text in line.split('\r') {
                let text: Vec<char> = text.chars().collect();
                let kept = cells.split_off(text.len().min(cells.len()));
                cells = [text, kept].concat();
            }
            cells.iter().collect::<String>().trim_end().to_owned()
        };
        self.bytes.lines().map(standing).collect::<Vec<_>>().join("\n")
    }

    #[track_caller]
    pub(crate) fn shows(&self, text: &str) {
        assert!(self.screen.contains(text), "no {text:?} in:\n{}", self.screen);
    }
}

fn quoted(word: String) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
