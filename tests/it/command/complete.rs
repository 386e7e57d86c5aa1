//! Completion, by real shells: what they offer, and what they make of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use pssession::SessionDescriptor;
use pssession::session::{ComputerType, SeenOn};
use pssession::store::{ListingContext, Store};
use pssession::wsman::{Shell, ShellId, uri};
use tempfile::TempDir;

use crate::support::command::Pssession;
use crate::support::fixtures::assert_snapshot;
use crate::support::pty::{self, Pty};
use crate::support::tools;

const FIRST: &str = "B6631D8E-65A0-49F2-9053-A1B156C95777";
const VM: &str = "79fcc2c2-8e4d-4a4a-bd6b-1d2c3f4a5b6c";
const LAST: &str = "0C2C5D0E-4B17-4B3C-8E0E-5C7A1D0B9A22";

/// Names that a shell or a pattern would take for something else; the first is Id 1.
const NAMES: [&str; 7] =
    ["build-7", "name with blank", "odd*[1]", "$(touch pwned)`id`", "esc\u{1b}[2J", "a,b", "!bang'n"];

/// A table and a place to work in.
struct CommandFixture {
    folder: TempDir,
}

impl CommandFixture {
    fn new() -> Self {
        let fixture = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(fixture.folder.path().join("my tables")).unwrap();
        let sessions: Vec<_> = (1..).zip(NAMES).map(|(number, name)| session(number, name)).collect();
        let sighting = ListingContext {
            endpoint_url: "http://web01:5985/wsman",
            seen_by: "ada",
            server_names: None,
            auth: None,
            seen_at: SystemTime::now(),
            complete: true,
        };
        let mut store = Store::open(fixture.table()).unwrap();
        store.merge_listing(sighting, &sessions).unwrap();
        let elsewhere = ListingContext { endpoint_url: "https://db01:5986/wsman", ..sighting };
        store.merge_listing(ListingContext { seen_at: SystemTime::UNIX_EPOCH, ..elsewhere }, &[]).unwrap();
        fixture
    }

    fn table(&self) -> PathBuf {
        self.folder.path().join("sessions.db")
    }

    fn env(&self) -> [(String, String); 5] {
        let table = self.table().to_str().unwrap().to_owned();
        let variables = [
            ("PATH", path()),
            ("PSSESSION_STORE", table),
            ("PS1", "ready> ".to_owned()),
            ("INPUTRC", "/dev/null".to_owned()),
            ("LC_ALL", "C.UTF-8".to_owned()),
        ];
        variables.map(|(name, value)| (name.to_owned(), value))
    }

    /// What bash would offer at the end of `line`.
    fn bash(&self, line: &str) -> Vec<String> {
        let wanted = line.rsplit([' ', '=', ':', '"', '\'']).next().unwrap();
        self.bash_for(line, wanted)
    }

    /// The same, where bash wants `wanted` completed.
    fn bash_for(&self, line: &str, wanted: &str) -> Vec<String> {
        let program = "source <(pssession completions bash); COMP_LINE=$1 COMP_POINT=${#1}; \
                       _pssession pssession \"$2\"; (( ${#COMPREPLY[@]} )) && printf '%s\\n' \"${COMPREPLY[@]}\"; true";
        self.run(Command::new("bash").args(["--norc", "-c", program, "bash", line, wanted]))
    }

    fn run(&self, command: &mut Command) -> Vec<String> {
        let command = command.env_clear().envs(self.env()).env("HOME", self.folder.path());
        let output = command.current_dir(self.folder.path()).stdin(Stdio::null()).output().unwrap();
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    /// A shell on a terminal.
    fn terminal(&self, words: &[&str]) -> Pty {
        let pty = Pty::running(words.iter().copied()).env("TERM", "dumb");
        let pty = pty.env("HOME", self.folder.path().to_str().unwrap());
        self.env().iter().fold(pty, |pty, (name, value)| pty.env(name, value))
    }
}

/// The command under test is the one on the path.
fn path() -> String {
    let folder = Path::new(env!("CARGO_BIN_EXE_pssession")).parent().unwrap();
    format!("{}:/usr/bin:/bin", folder.display())
}

fn session(number: usize, name: &str) -> SessionDescriptor {
    let id = match number {
        1 => FIRST.to_owned(),
        7 => LAST.to_owned(),
        _ => format!("0000000{number}-65A0-49F2-9053-A1B156C95777"),
    };
    let mut shell = Shell::new(ShellId::from_server(id), uri::CMD_RESOURCE);
    shell.name = Some(name.into());
    shell.owner = Some(r"CONTOSO\ci-runner".into());
    let seen_on = SeenOn { host: "web01", url: "http://web01:5985/wsman", port: 5985 };
    let mut session = SessionDescriptor::from_shell(shell, seen_on, "ada", SystemTime::now());
    match number {
        2 => {
            session.computer_type = ComputerType::VirtualMachine;
            session.vm_id = Some(VM.parse().unwrap());
            session.vm_name = "build vm".to_owned();
        }
        3 => {
            session.computer_type = ComputerType::Container;
            session.container_id = "d4c0ffee".to_owned();
        }
        _ => {}
    }
    session
}

#[test]
fn bash_completes_commands_options_and_enum_values() {
    let fixture = CommandFixture::new();
    assert_eq!(fixture.bash("pssession rem"), ["remove"]);
    assert!(fixture.bash("pssession ").contains(&"completions".to_owned()));
    assert_eq!(fixture.bash("pssession get --comp"), ["--computer-name"]);
    assert_eq!(fixture.bash("pssession get -o nd"), ["ndjson"]);
    assert_eq!(fixture.bash("pssession get --output=nd"), ["ndjson"]);
    assert_eq!(fixture.bash("pssession man rem"), ["remove", "Remove-PSSession"]);
    assert_eq!(fixture.bash("pssession Rem"), ["Remove-PSSession"]);
    assert_eq!(fixture.bash("pssession completions z"), ["zsh"]);
}

/// What each option with a list of words takes. Each shell is answered with the words, and a help text behind some.
const WORDS: [(&str, &str, &[&str]); 9] = [
    ("get", "--state", &["opened", "disconnected", "closed", "broken", "unknown"]),
    ("get", "--type", &["ps", "cmd"]),
    ("get", "--per", &["owner", "client-ip", "computer-name", "name", "type", "configuration-name"]),
    ("get", "--auth", &["auto", "negotiate", "kerberos", "ntlm", "basic"]),
    ("get", "--output", &["table", "wide", "list", "json", "ndjson", "csv", "name"]),
    ("remove", "--signal", &["auto", "never"]),
    ("remove", "--error-action", &["continue", "stop", "silentlycontinue", "ignore", "inquire"]),
    ("get", "--owner", &[r"CONTOSO\ci-runner"]),
    ("remove", "--not-owner", &[r"CONTOSO\ci-runner"]),
];

#[test]
fn each_shell_is_offered_the_words_of_an_option() {
    let fixture = CommandFixture::new();
    let table = fixture.table();
    let without_help = |lines: Vec<String>| -> Vec<String> {
        lines.into_iter().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
    };
    for (verb, option, words) in WORDS {
        let ask = |shell: &str, line: &[&str]| -> Vec<String> {
            let run = Pssession::new([&["--", "pssession"], line].concat()).env("PSSESSION_COMPLETE", shell);
            let run = run.env("PSSESSION_STORE", table.to_str().unwrap()).run_blocking().expect(0);
            run.stdout.lines().map(str::to_owned).collect()
        };
        let bash: Vec<_> = words.iter().map(|word| word.replace('\\', r"\\")).collect();
        assert_eq!(fixture.bash(&format!("pssession {verb} {option} ")), bash, "{option}");
        assert_eq!(without_help(ask("powershell", &[verb, option, "|"])), words, "{option}");
        assert_eq!(without_help(ask("fish", &[verb, option, ""])), words, "{option}");
        let zsh = ask("zsh", &[verb, option, ""]);
        let zsh: Vec<_> =
            zsh.iter().map(|line| line.split(':').next().unwrap().replace(r"\\", r"\")).collect();
        assert_eq!(zsh, words, "{option}");
    }
    assert_eq!(fixture.bash("pssession get --state opened,dis"), ["opened,disconnected"]);
    assert_eq!(fixture.bash("pssession get --owner ci"), ["ci-runner"]);
}

#[test]
fn values_without_an_option_are_completed() {
    let fixture = CommandFixture::new();
    assert_eq!(fixture.bash("pssession rm ")[..7], ["7", "6", "5", "4", "3", "2", "1"]);
    assert_eq!(fixture.bash("pssession rm 3 7"), ["7"]);
    assert_eq!(fixture.bash("pssession rm --id 3 7"), ["7"]);
    assert_eq!(fixture.bash("pssession get we"), ["web01"]);
}

/// Nothing can see a word that the shell has dropped.
#[test]
fn fish_drops_a_word_with_an_unset_variable_and_its_script_warns() {
    let script = Pssession::new(["completions", "fish"]).run_blocking().expect(0).stdout;
    assert!(script.starts_with("# fish drops a word with an unset variable"), "{script}");
    if !tools::has("fish") {
        return;
    }
    let fixture = CommandFixture::new();
    let words = |line: &str| {
        fixture.run(Command::new("fish").args(["--no-config", "--command", &format!("printf '<%s>' {line}")]))
    };
    assert_eq!(words("-Id 1 -WhatIf:$true"), ["<-Id><1>"]);
    assert_eq!(words("-Id 1 '-WhatIf:$true'"), ["<-Id><1><-WhatIf:$true>"]);
}

#[test]
fn bash_completes_what_the_table_knows_the_newest_first() {
    let fixture = CommandFixture::new();
    assert_eq!(fixture.bash("pssession remove --id "), ["7", "6", "5", "4", "3", "2", "1"]);
    assert_eq!(fixture.bash("pssession remove --id 1,3,7"), ["1,3,7"]);
    assert_eq!(fixture.bash("pssession get --name bui"), ["build-7"]);
    assert_eq!(fixture.bash("pssession get --exclude=bui"), ["build-7"]);
    assert_eq!(fixture.bash("pssession get --computer-name "), ["web01"]);
    assert_eq!(fixture.bash("pssession rm --instance-id b66"), [FIRST]);
    assert_eq!(fixture.bash("pssession rm --instance-id x,0c2C"), [format!("x,{LAST}")]);
    assert_eq!(fixture.bash("pssession get --owner "), [r"CONTOSO\\ci-runner"]);
    assert_eq!(fixture.bash("pssession get --on "), ["web01", "db01:5986"]);
    assert_eq!(fixture.bash("pssession get --on web02,d"), ["web02,db01:5986"]);
    assert_eq!(fixture.bash("pssession get --on db01:59"), ["5986"]);
}

#[test]
fn bash_gets_values_quoted_and_none_that_would_reach_the_terminal_raw() {
    let fixture = CommandFixture::new();
    let names =
        [r"\!bang\'n", r"\$\(touch\ pwned\)\`\`id\`\`", r"odd\`\*\`\[1\`\]", r"name\ with\ blank", "build-7"];
    assert_eq!(fixture.bash_for("pssession get --name ", "")[2..], names[2..]);
    assert_eq!(fixture.bash_for("pssession get --name ", "").len(), names.len());
    assert_eq!(fixture.bash_for(r"pssession get --name name\ w", r"name\ w"), [r"name\ with\ blank"]);
    assert_eq!(fixture.bash_for("pssession get --name \"name w", "name w"), ["name with blank"]);
    assert_eq!(fixture.bash_for("pssession get --name '!b", "!b"), [r"!bang'\''n"]);
}

#[test]
fn bash_completes_the_hosts_and_groups_of_the_config_before_those_of_the_table() {
    let fixture = CommandFixture::new();
    let config = "[group]\nfarm = ['web07', 'web01']\n[[host]]\nname = ['win01', 'web*']";
    fs::write(fixture.folder.path().join("config.toml"), config).unwrap();
    let line = |rest: &str| format!("pssession get --config config.toml --on {rest}");
    assert_eq!(fixture.bash(&line("")), ["@farm", "win01", "web07", "web01", "db01:5986"]);
    assert_eq!(fixture.bash(&line("web")), ["web07", "web01"]);
    assert_eq!(fixture.bash_for(&line("@f"), "@f"), ["@farm"]);
    assert_eq!(fixture.bash("pssession identify --config config.toml w"), ["win01", "web07", "web01"]);
    // What is wrong with it is for the command to say.
    fs::write(fixture.folder.path().join("config.toml"), "[").unwrap();
    assert_eq!(fixture.bash(&line("")), ["web01", "db01:5986"]);
}

#[test]
fn bash_completes_powershells_spelling_as_a_word_and_as_a_link() {
    let fixture = CommandFixture::new();
    for cmdlet in ["pssession Remove-PSSession", "pssession rsn", "Remove-PSSession", "rsn"] {
        let ask = |rest: &str| fixture.bash(&format!("{cmdlet} {rest}"));
        assert_eq!(ask("-comp"), ["-ComputerName"]);
        assert_eq!(ask("-Id "), ["7", "6", "5", "4", "3", "2", "1"]);
        assert_eq!(ask("-Id 1,3,7"), ["1,3,7"]);
        assert_eq!(ask("-name bui"), ["build-7"]);
        assert_eq!(ask("-Name:bui"), ["build-7"]);
        assert_eq!(ask("-cn "), ["web01"]);
        assert_eq!(ask("-InstanceId b66"), [FIRST]);
        assert_eq!(ask("-VMName "), [r"build\ vm"]);
        assert_eq!(ask("-VMId "), [VM]);
        assert_eq!(ask("-ContainerId d4"), ["d4c0ffee"]);
        assert_eq!(ask("-ErrorAction s"), ["SilentlyContinue", "Stop"]);
        assert_eq!(ask("-Confirm:"), [r"\$true", r"\$false"]);
        assert_eq!(ask("-Id 1 --outp"), ["--output"]);
        assert_eq!(ask("-Id 1 --output nd"), ["ndjson"]);
    }
    for cmdlet in ["pssession Get-PSSession", "pssession GSN", "Get-PSSession", "gsn"] {
        let ask = |rest: &str| fixture.bash(&format!("{cmdlet} {rest}"));
        assert_eq!(ask("-ComputerName "), ["web01", "db01:5986"]);
        assert_eq!(ask("-cn web01 -State b"), ["Broken"]);
        assert_eq!(ask("-Auth"), ["-Authentication"]);
        assert!(ask("-What").is_empty());
    }
}

#[test]
fn a_store_on_the_line_is_the_one_that_is_looked_at() {
    let fixture = CommandFixture::new();
    fs::rename(fixture.table(), fixture.folder.path().join("other.db")).unwrap();
    assert!(fixture.bash("pssession get --id ").is_empty());
    for store in ["--store other.db", "--store=other.db", "--store ~/other.db"] {
        assert_eq!(fixture.bash(&format!("pssession get {store} --name bui")), ["build-7"], "{store}");
    }
}

#[test]
fn trouble_with_the_table_is_silence_and_leaves_it_alone() {
    let fixture = CommandFixture::new();
    let ask = "pssession get --id ";
    let untouched = |bytes: &[u8]| {
        fs::write(fixture.table(), bytes).unwrap();
        assert!(fixture.bash(ask).is_empty());
        assert_eq!(fs::read(fixture.table()).unwrap(), bytes);
    };
    let mut newer = fs::read(fixture.table()).unwrap();
    newer[60..64].copy_from_slice(&u32::MAX.to_be_bytes());
    untouched(b"not a table");
    untouched(&newer);
    fs::remove_file(fixture.table()).unwrap();
    assert!(fixture.bash(ask).is_empty());
    assert!(!fixture.table().exists());
    fs::create_dir(fixture.table()).unwrap();
    assert!(fixture.bash(ask).is_empty());
}

#[tokio::test]
async fn tab_in_bash_writes_a_name_with_blanks_that_bash_reads_back() {
    if !pty::available() {
        return;
    }
    let fixture = CommandFixture::new();
    let answers = [
        ("ready> ", "source <(pssession completions bash)\r"),
        ("ready> ", "pssession get --name na\t"),
        ("blank ", "--id=1,7\t"),
        (" ", "--on db01:\t"),
        ("5986 ", "--store ~/my\t"),
        ("tables/", "\x01printf '<%s>' \r"),
        ("<name with blank>", "exit\r"),
    ];
    let shown = fixture.terminal(&["bash", "--norc", "--noprofile", "-i"]).answer(&answers).await;
    shown.shows("<pssession><get><--name><name with blank><--id=1,7><--on><db01:5986>");
    shown.shows(&format!("<--store><{}/my tables/>", fixture.folder.path().display()));
}

#[tokio::test]
async fn tab_in_zsh_writes_a_name_with_blanks_that_zsh_reads_back() {
    if !pty::available() || !tools::has("zsh") {
        return;
    }
    let fixture = CommandFixture::new();
    let sourced = "autoload -U compinit; compinit -D -u; source <(pssession completions zsh)\r";
    let script = Pssession::new(["completions", "zsh"]).run().await.expect(0).stdout;
    fs::write(fixture.folder.path().join("_pssession"), script).unwrap();
    let folder = fixture.folder.path().display();
    let autoloaded = format!("fpath=({folder} $fpath); autoload -U compinit; compinit -D -u\r");
    for set_up in [sourced, &autoloaded] {
        tab_in_zsh(&fixture, set_up).await;
    }
}

async fn tab_in_zsh(fixture: &CommandFixture, set_up: &str) {
    let answers = [
        ("ready> ", set_up),
        ("ready> ", "pssession rem\t"),
        ("remove ", "--name na\t"),
        ("blank ", "--id=1,7\t"),
        (" ", "--name '$\t"),
        ("id", " --on db01:\t"),
        ("5986 ", "--store ~/my\t"),
        ("tables/", "\x01printf '<%s>' \r"),
        ("<name with blank>", "exit\r"),
    ];
    let shown = fixture.terminal(&["zsh", "-f", "-i"]).answer(&answers).await;
    shown.shows(
        "<pssession><remove><--name><name with blank><--id=1,7><--name><$(touch pwned)``id``><--on><db01:5986>",
    );
    shown.shows(&format!("<--store><{}/my tables", fixture.folder.path().display()));
}

#[tokio::test]
async fn tab_in_zsh_and_bash_runs_nothing_of_a_name_in_powershells_spelling() {
    if !pty::available() {
        return;
    }
    let fixture = CommandFixture::new();
    let shells: [(&[&str], &str); 2] = [
        (&["bash", "--norc", "--noprofile", "-i"], "source <(pssession completions bash)\r"),
        (&["zsh", "-f", "-i"], "autoload -U compinit; compinit -D -u; source <(pssession completions zsh)\r"),
    ];
    for (words, set_up) in shells.into_iter().filter(|(words, _)| tools::has(words[0])) {
        let answers = [
            ("ready> ", set_up),
            ("ready> ", "pssession rsn -comp\t"),
            ("ComputerName ", "web\t"),
            ("web01 ", "-Name '$\t"),
            ("id", " -Name na\t"),
            ("blank ", "\x01printf '<%s>' \r"),
            ("<name with blank>", "exit\r"),
        ];
        let shown = fixture.terminal(words).answer(&answers).await;
        shown.shows("<rsn><-ComputerName><web01><-Name><$(touch pwned)``id``><-Name><name with blank>");
        assert!(!fixture.folder.path().join("pwned").exists());
    }
}

#[test]
fn fish_offers_the_same_with_a_word_on_each() {
    if !tools::has("fish") {
        return;
    }
    let fixture = CommandFixture::new();
    let ask = |line: &str| {
        let program = format!("pssession completions fish | source; complete --do-complete '{line}'");
        fixture.run(Command::new("fish").args(["--no-config", "--command", &program]))
    };
    assert_eq!(ask("pssession rem"), ["remove\tClose sessions and shells, and prove that they are gone"]);
    assert_eq!(ask("pssession get -o nd"), ["ndjson\tOne JSON object per line"]);
    let words = |line: &str| -> Vec<String> {
        ask(line).iter().map(|candidate| candidate.split('\t').next().unwrap().to_owned()).collect()
    };
    assert_eq!(words("pssession get --sort i"), ["id", "idle", "instance-id", "idle-timeout"]);
    assert_eq!(words("pssession get --sort=-ag"), ["--sort=-age"]);
    assert_eq!(words("pssession get --columns id,ho"), ["id,host"]);
    assert_eq!(words("pssession get --count --by o"), ["owner"]);
    assert_eq!(words("pssession remove --color n"), ["never"]);
    assert_eq!(ask("pssession get --name na"), ["name with blank\ton web01"]);
    assert_eq!(ask("pssession get --name \"name w"), ["name with blank\ton web01"]);
    assert_eq!(ask("pssession remove --id 3,7"), ["3,7\t!bang\u{27}n on web01"]);
    assert_eq!(ask("pssession rm --instance-id b66"), [format!("{FIRST}\tbuild-7 on web01")]);
    for cmdlet in ["pssession Remove-PSSession", "rsn", "Remove-PSSession"] {
        let ask = |rest: &str| ask(&format!("{cmdlet} {rest}"));
        assert_eq!(ask("-vmn"), ["-VMName\tThe virtual machine\u{27}s name, with wildcards"]);
        assert_eq!(ask("-Name na"), ["name with blank\ton web01"]);
        assert_eq!(ask("-ErrorAction sto"), ["Stop"]);
        assert_eq!(ask("-Id 3,7"), ["3,7\t!bang\u{27}n on web01"]);
        assert_eq!(
            ask("--outp"),
            ["--output\tOutput format [default: table on a terminal, ndjson into a pipe]"]
        );
    }
    assert_eq!(ask("gsn -State Op"), ["Opened"]);
}

#[test]
fn the_script_for_powershell_asks_with_the_words_of_the_line() {
    let script = Pssession::new(["completions", "powershell"]).run_blocking().expect(0).stdout;
    assert_eq!(script, Pssession::new(["completions", "pwsh"]).run_blocking().expect(0).stdout);
    // At a Tab nothing of what is typed may be carried out.
    assert!(!script.contains("Invoke-Expression"), "{script}");
    assert_snapshot("completions/pssession.ps1", script.trim_end());
}

/// What it is told is what it inserts; the tests of the module try that in a real one.
#[test]
fn powershell_is_answered_with_values_in_its_own_quotes() {
    let fixture = CommandFixture::new();
    let table = fixture.table();
    let ask = |words: &[&str]| {
        let line = ["--", "pssession"].iter().chain(words);
        let run = Pssession::new(line).env("PSSESSION_COMPLETE", "powershell");
        run.env("PSSESSION_STORE", table.to_str().unwrap()).run_blocking().expect(0).stdout
    };
    assert_eq!(ask(&["rsn", "|-vmn"]), "-VMName\tThe virtual machine's name, with wildcards\n");
    assert_eq!(ask(&["rsn", "-Name", "|$("]), "'$(touch pwned)``id``'\ton web01\n");
    assert_eq!(ask(&["get", "--name", "|'name w"]), "'name with blank'\ton web01\n");
    assert!(ask(&["rsn", "-Id", "1", "|"]).starts_with("-ConnectionUri\t"));
}

#[test]
fn a_shell_that_is_not_known_changes_nothing() {
    for value in ["", "0", "elvish"] {
        let run = Pssession::new(["explain", "5"]).env("PSSESSION_COMPLETE", value).run_blocking().expect(0);
        assert!(run.stdout.contains("ERROR_ACCESS_DENIED"), "{}", run.stdout);
    }
}
