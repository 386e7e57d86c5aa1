//! Three hosts called web01, web02 and web03, and a person at a terminal who types what a page says.
//!
//! Nobody resolves those names for a test, so the hosts listen on addresses of this machine that differ from the names
//! in their beginning alone: `web0` becomes `127.X.Y.` in what is typed, and is put back in what is shown. Linux gives
//! a process all of 127.0.0.0/8.

use std::fs::Permissions;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pssession::simulator::{Account, ChannelBinding, SimulatedShell, Simulator, World};
use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::pty::Pty;
use super::tls::{Authority, BOTH, Leaf, TlsHost, unchanging};

/// What the hosts' names have in common.
const NAME: &str = "web0";
/// Where WinRM listens.
const PORT: u16 = 5985;
/// Where it listens for TLS.
const TLS_PORT: u16 = 5986;
/// What the person finds where they work, and what the machine trusts: the authority that signed web02's certificate.
const AUTHORITY_FILE: &str = "contoso-ca.pem";
/// As many others may run such tests on this machine at a time, and more.
const MAX_TRIES: u32 = 100;
/// Wide enough for the widest table on a page.
const COLUMNS: u16 = 160;

const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3_600);
const MINUTE: Duration = Duration::from_secs(60);

/// The hosts, and the folder in which somebody works.
pub(crate) struct PageFixture {
    folder: TempDir,
    /// What stands for [`NAME`]: the first three numbers of an address and their dots.
    network: String,
    password: SecretString,
    windows: Vec<Simulator>,
    _behind_tls: Vec<TlsHost>,
    _web: MockServer,
}

/// Who sits at the terminal.
#[derive(Debug)]
pub(crate) enum Reader<'a> {
    /// Somebody who is not asked anything.
    Silent,
    /// Somebody who types this when asked for a yes.
    Answers(&'a str),
    /// Somebody who types Ctrl-C as soon as a line with this end is shown.
    Interrupts(&'a str),
    /// Nobody, as in a scheduled job.
    Nobody,
}

/// What one command line did.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    /// What stood on the terminal.
    pub(crate) screen: String,
}

impl PageFixture {
    /// web01 and web02 are Windows hosts on which `CONTOSO\admin` and `CONTOSO\alice` may do everything; web03 is a web server
    /// that is no WinRM. Over TLS web01 has a certificate that signed itself, and web02 one of CONTOSO's own authority.
    pub(crate) async fn set() -> Self {
        for number in 0..MAX_TRIES {
            // Numbers of two digits keep an address as narrow as the column that shows it.
            let draw = std::process::id().wrapping_add(number).wrapping_mul(2_654_435_761) >> 8;
            let network = [10 + draw % 90, 10 + draw / 90 % 90].map(|part| u8::try_from(part).unwrap());
            let address = |host| Ipv4Addr::new(127, network[0], network[1], host);
            let Ok(listener) = TcpListener::bind((address(3), PORT)) else { continue };
            let password = SecretString::from(uuid::Uuid::new_v4().to_string());
            let Ok(first) = host("web01", shells_of_web01(), address(1), &password).await else { continue };
            let Ok(second) = host("web02", shells_of_web02(), address(2), &password).await else { continue };
            let authority = Authority::new("CONTOSO CA");
            let leaf = authority.issue(&[&address(2).to_string(), "srv2.contoso.com"], |params| {
                params.not_before = rcgen::date_time_ymd(2026, 1, 1);
                params.not_after = rcgen::date_time_ymd(2098, 12, 31);
            });
            let own = unchanging("srv1.contoso.com");
            let first_tls = behind_tls(shells_of_web01(), address(1), &password, &own);
            let second_tls = behind_tls(shells_of_web02(), address(2), &password, &leaf);
            let (Ok(first_tls), Ok(second_tls)) = (first_tls.await, second_tls.await) else { continue };
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(AUTHORITY_FILE), &authority.pem).unwrap();
            let page = ResponseTemplate::new(404).set_body_raw("<html>Welcome to nginx", "text/html");
            let web = MockServer::builder().listener(listener).start().await;
            Mock::given(any()).respond_with(page).mount(&web).await;
            return Self {
                folder,
                network: format!("127.{}.{}.", network[0], network[1]),
                password,
                windows: vec![first, second],
                _behind_tls: vec![first_tls, second_tls],
                _web: web,
            };
        }
        panic!("no free addresses with port {PORT} in 127.0.0.0/8");
    }

    /// Puts a file where the person works.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, self.hidden(text)).unwrap();
    }

    /// What a file there holds.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// Where the programs of a test are.
    #[expect(clippy::unused_self, reason = "it is a part of the place")]
    pub(crate) fn programs(&self) -> &'static str {
        Path::new(env!("CARGO_BIN_EXE_pssession")).parent().unwrap().to_str().unwrap()
    }

    /// The state of web01 or web02, by its number.
    pub(crate) fn world(&self, number: usize) -> Arc<Mutex<World>> {
        self.windows[number - 1].world()
    }

    /// The ids of its shells.
    pub(crate) fn shells(&self, number: usize) -> Vec<String> {
        let world = self.world(number);
        let world = world.lock().unwrap();
        world.shells().iter().map(|shell| shell.shell_id.clone()).collect()
    }

    /// Somebody opens a session on web01 in a PowerShell window elsewhere.
    pub(crate) fn open_session(&self, name: &str) {
        let shell = session("6B0E4C0A-0B62-4E0C-9C4E-0D8D4A7C1F11", name, r"CONTOSO\admin");
        self.windows[0].world().lock().unwrap().add(shell);
    }

    /// Bash runs `script` on a terminal, logged in by environment variables, with a table and a home of its own, in which
    /// `.winrm-password` holds the password as well.
    pub(crate) async fn run(&self, script: &str, reader: &Reader<'_>) -> Done {
        self.write(".winrm-password", self.password.expose_secret());
        let for_its_owner = Permissions::from_mode(0o600);
        std::fs::set_permissions(self.folder.path().join(".winrm-password"), for_its_owner).unwrap();
        let place = self.folder.path().to_str().unwrap();
        let path = Path::new(env!("CARGO_BIN_EXE_pssession")).parent().unwrap();
        let line = format!("cd {place}\nset -euo pipefail\n{}", self.hidden(script));
        // In a session of its own, bash still writes to the terminal and can no longer ask there.
        let alone: &[&str] = if matches!(reader, Reader::Nobody) { &["setsid", "--wait"] } else { &[] };
        let shown = match reader {
            // At the end of its line, so that what Ctrl-C shows is not in it.
            Reader::Interrupts(text) => format!("{}\r\n", self.hidden(text)),
            _ => String::new(),
        };
        let interrupts = [(shown.as_str(), "\x03")];
        let answers = match reader {
            Reader::Answers(typed) => &[("[y/N] ", *typed)][..],
            Reader::Interrupts(_) => &interrupts,
            Reader::Silent | Reader::Nobody => &[],
        };
        let shown = Pty::running([alone, &["bash", "--norc", "-c", &line]].concat())
            .columns(COLUMNS)
            .env("PATH", &format!("{}:/usr/bin:/bin", path.display()))
            .env("HOME", place)
            .env("SSL_CERT_FILE", &format!("{place}/{AUTHORITY_FILE}"))
            .env("PSSESSION_USER", r"CONTOSO\admin")
            .env("PSSESSION_PASSWORD", self.password.expose_secret())
            .env("PSSESSION_STORE", &format!("{place}/.sessions.db"))
            .answer(answers)
            .await;
        assert!(!shown.screen.contains(self.password.expose_secret()), "the password is shown");
        Done { code: shown.code, screen: self.shown(&shown.screen).replace(place, "~") }
    }

    fn hidden(&self, text: &str) -> String {
        text.replace(NAME, &self.network)
    }

    /// The names again, and as many blanks behind them in a table as the addresses took more.
    fn shown(&self, text: &str) -> String {
        let gap = " ".repeat(self.network.len() - NAME.len());
        let mut text = text.to_owned();
        for host in 1..=3 {
            let address = format!("{}{host}", self.network);
            text = text.replace(&format!("{address}  "), &format!("{NAME}{host}  {gap}"));
        }
        without_colours(&text.replace(&self.network, NAME))
    }
}

/// Some versions of jq paint in spite of `NO_COLOR`.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| plain + part.split_once('m').map_or(part, |(_, rest)| rest))
}

/// The same hosts over TLS: as strict about channel bindings as Windows can be, and Basic is allowed there.
async fn behind_tls(
    shells: Vec<SimulatedShell>,
    address: Ipv4Addr,
    password: &SecretString,
    leaf: &Leaf,
) -> std::io::Result<TlsHost> {
    let listener = tokio::net::TcpListener::bind((address, TLS_PORT)).await?;
    let mut world = World::new("web");
    shells.into_iter().for_each(|shell| world.add(shell));
    let builder = Simulator::builder().world(world).channel_binding(ChannelBinding::Strict).allow_basic();
    let account = Account::administrator(r"CONTOSO\admin");
    let simulator = builder.account(account, password.clone()).start().await?;
    Ok(TlsHost::around(simulator, leaf, leaf.acceptor(BOTH), listener))
}

async fn host(
    name: &str,
    shells: Vec<SimulatedShell>,
    address: Ipv4Addr,
    password: &SecretString,
) -> std::io::Result<Simulator> {
    let mut world = World::new(name);
    shells.into_iter().for_each(|shell| world.add(shell));
    Simulator::builder()
        .world(world)
        .bind(IpAddr::V4(address))
        .port(PORT)
        .account(Account::administrator(r"CONTOSO\admin"), password.clone())
        .account(Account::administrator(r"CONTOSO\alice"), password.clone())
        .start()
        .await
}

fn shells_of_web01() -> Vec<SimulatedShell> {
    let cmd = from("192.0.2.20", SimulatedShell::cmd("16758727-2751-4CAF-9B67-9C859ACD7AAF", CI));
    vec![
        session("B6631D8E-65A0-49F2-9053-A1B156C95777", "build-7", CI).aged(DAY, 3 * HOUR).disconnected(),
        session("0C2C5D0E-4B17-4B3C-8E0E-5C7A1D0B9A22", "build-8", CI)
            .aged(5 * HOUR, 4 * HOUR)
            .disconnected(),
        cmd.aged(4 * HOUR, 3 * HOUR).running("CF84C20A-0A35-43FA-AF78-0B4711DA5F30", "msbuild.exe web.sln"),
        session("975835DE-1C97-46CE-BFC8-46100BFC1E42", "build-9", CI).aged(HOUR, 5 * MINUTE),
        from("192.0.2.61", session("E2A7C9B4-5D31-4F60-8A1E-3B9D0C7F6E58", "Runspace1", r"CONTOSO\alice"))
            .aged(2 * HOUR, 12 * MINUTE),
    ]
}

fn shells_of_web02() -> Vec<SimulatedShell> {
    let cmd = SimulatedShell::cmd("333C04E0-9D9A-4712-9D3E-47ECAD6EF3D4", r"CONTOSO\svc-deploy");
    vec![
        session("910A2DEC-8902-4CC1-BEEB-8DA1658EEC67", "build-3", CI).aged(2 * DAY, 5 * HOUR).disconnected(),
        from("192.0.2.30", cmd)
            .aged(3 * HOUR, MINUTE)
            .running("7E1D0B52-3C48-4B8A-9F0B-6A52D7E4C913", "msdeploy.exe"),
    ]
}

const CI: &str = r"CONTOSO\ci-runner";

/// A PowerShell session that came from the build server.
fn session(shell_id: &str, name: &str, owner: &str) -> SimulatedShell {
    from("192.0.2.20", SimulatedShell::powershell(shell_id, name, owner, "Microsoft.PowerShell"))
}

/// A shell opened from an address, which Windows does not end before a week is over.
fn from(client_ip: &str, shell: SimulatedShell) -> SimulatedShell {
    SimulatedShell { client_ip: client_ip.to_owned(), idle_timeout: 7 * DAY, ..shell }
}
