//! A throw-away realm: a KDC of MIT Kerberos on loopback, its database and its keytab in a temporary folder.

use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use tempfile::TempDir;

use crate::support::command::Pssession;
use crate::support::tools;

/// The realm, and the user whose password is [`PASSWORD`].
pub(crate) const REALM: &str = "LAB.TEST";
pub(crate) const ANN: &str = "ann@LAB.TEST";
const PASSWORD: &str = "throw-away";

/// The default encryption type of today, and the newer one.
pub(crate) const AES_SHA1: &str = "aes256-cts-hmac-sha1-96";

/// Where no KDC listens. A port that was just closed may be another test's by the time it is tried.
const NOBODY: u16 = 1;

pub(crate) struct Realm {
    folder: TempDir,
    kdc: Child,
    port: u16,
}

impl Realm {
    /// Makes the realm and starts its KDC, or says loudly that this machine has none.
    pub(crate) fn start() -> Option<Self> {
        if !["krb5kdc", "kadmin.local", "kdb5_util", "kinit"].iter().all(|program| has(program)) {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        write_settings(folder.path(), port);
        admin(folder.path(), "kdb5_util", &["create", "-s", "-r", REALM, "-P", "master"]);
        for query in [
            &format!("addprinc -pw {PASSWORD} ann"),
            &format!("addprinc -pw {PASSWORD} bob"),
            "addprinc -randkey HTTP/localhost",
            "addprinc -randkey host/localhost",
            "ktadd -k server.keytab HTTP/localhost",
            "ktadd -k client.keytab -norandkey ann",
        ] {
            admin(folder.path(), "kadmin.local", &["-r", REALM, "-q", query]);
        }
        let kdc = command(folder.path(), "krb5kdc")
            .args(["-n", "-r", REALM, "-P"])
            .arg(folder.path().join("kdc.pid"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let realm = Self { folder, kdc, port };
        realm.wait();
        Some(realm)
    }

    /// Until the KDC listens.
    fn wait(&self) {
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(30), "the KDC does not listen");
            std::thread::yield_now();
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A ticket of `user` in a cache of its own, with this encryption type alone for all that follows.
    pub(crate) fn ticket(&self, user: &str, encryption: &str) -> Ticket {
        let name = format!("{user}-{encryption}");
        let settings = self.path(&format!("{name}.conf"));
        fs::write(&settings, client_settings(self.port, encryption)).unwrap();
        let ticket = Ticket { settings, cache: self.path(&format!("{name}.cache")) };
        let mut kinit = command(self.folder.path(), "kinit")
            .env("KRB5_CONFIG", &ticket.settings)
            .arg("-c")
            .arg(&ticket.cache)
            .args(["-l", "10h", user])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        writeln!(kinit.stdin.take().unwrap(), "{PASSWORD}").unwrap();
        assert!(kinit.wait().unwrap().success(), "kinit {user}");
        ticket
    }

    /// What a client needs that has no ticket yet.
    pub(crate) fn no_ticket(&self) -> Ticket {
        let settings = self.path("client.conf");
        fs::write(&settings, client_settings(self.port, AES_SHA1)).unwrap();
        Ticket { settings, cache: self.path("nothing.cache") }
    }

    /// The same ticket where cannot reach a KDC.
    pub(crate) fn without_kdc(&self, ticket: &Ticket) -> Ticket {
        let settings = self.path("lonely.conf");
        fs::write(&settings, client_settings(NOBODY, AES_SHA1)).unwrap();
        Ticket { settings, cache: ticket.cache.clone() }
    }

    /// The same ticket, which has expired a year after 2001.
    pub(crate) fn expired(&self, ticket: &Ticket) -> Ticket {
        let mut bytes = fs::read(&ticket.cache).unwrap();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let mut changed = 0;
        for at in 0..bytes.len() - 16 {
            let [auth, start, end, _] = [0, 4, 8, 12]
                .map(|field| u32::from_be_bytes(bytes[at + field..at + field + 4].try_into().unwrap()));
            // The times of a ticket: when its user proved himself, its begin and its end.
            if auth.abs_diff(now as u32) < 600
                && start.abs_diff(auth) < 60
                && end.abs_diff(auth + 36_000) < 60
            {
                bytes[at + 8..at + 12].copy_from_slice(&1_000_000_000_u32.to_be_bytes());
                changed += 1;
            }
        }
        assert!(changed > 0, "no times in the cache");
        self.cache("expired.cache", ticket, &bytes)
    }

    /// The same ticket on a machine whose clock is this much wrong: the cache says how far the KDC's is from ours.
    pub(crate) fn skewed(&self, ticket: &Ticket, seconds: i32) -> Ticket {
        let bytes = fs::read(&ticket.cache).unwrap();
        assert_eq!(bytes[..2], [5, 4], "the fourth version of the format");
        let header = usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
        let offset = [&[0, 12, 0, 1, 0, 8][..], &seconds.to_be_bytes(), &[0; 4]].concat();
        self.cache("skewed.cache", ticket, &[&bytes[..2], &offset, &bytes[4 + header..]].concat())
    }

    fn cache(&self, name: &str, ticket: &Ticket, bytes: &[u8]) -> Ticket {
        let cache = self.path(name);
        fs::write(&cache, bytes).unwrap();
        Ticket { settings: ticket.settings.clone(), cache }
    }
}

impl Drop for Realm {
    fn drop(&mut self) {
        let _ = self.kdc.kill();
        let _ = self.kdc.wait();
    }
}

/// A ticket cache, and the settings that go with it.
pub(crate) struct Ticket {
    pub(crate) settings: PathBuf,
    pub(crate) cache: PathBuf,
}

impl Ticket {
    /// Lets the command use it.
    pub(crate) fn give(&self, command: Pssession) -> Pssession {
        command
            .env("KRB5_CONFIG", self.settings.to_str().unwrap())
            .env("KRB5CCNAME", &format!("FILE:{}", self.cache.display()))
    }
}

fn write_settings(folder: &Path, port: u16) {
    let types =
        "aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha256-128:normal aes256-cts-hmac-sha384-192:normal";
    let kdc = format!(
        "[kdcdefaults]\n kdc_listen = 127.0.0.1:{port}\n kdc_tcp_listen = 127.0.0.1:{port}\n\
         [realms]\n {REALM} = {{\n  database_name = {0}/principal\n  key_stash_file = {0}/stash\n  \
         acl_file = {0}/acl\n  supported_enctypes = {types}\n  max_life = 10h\n }}\n",
        folder.display()
    );
    fs::write(folder.join("kdc.conf"), kdc).unwrap();
    fs::write(folder.join("krb5.conf"), client_settings(port, "")).unwrap();
}

/// A krb5.conf that knows this KDC, asks no name service, and permits one encryption type, or the default ones.
fn client_settings(port: u16, encryption: &str) -> String {
    let permitted = match encryption {
        "" => String::new(),
        encryption => format!(" permitted_enctypes = {encryption}\n"),
    };
    format!(
        "[libdefaults]\n default_realm = {REALM}\n dns_lookup_kdc = false\n dns_lookup_realm = false\n \
         dns_canonicalize_hostname = false\n rdns = false\n{permitted}\
         [realms]\n {REALM} = {{\n  kdc = 127.0.0.1:{port}\n }}\n"
    )
}

fn admin(folder: &Path, program: &str, args: &[&str]) {
    let output = command(folder, program).args(args).output().unwrap();
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn command(folder: &Path, program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env("PATH", PATH)
        .env("KRB5_CONFIG", folder.join("krb5.conf"))
        .env("KRB5_KDC_PROFILE", folder.join("kdc.conf"))
        .stdin(Stdio::null());
    command
}

fn has(program: &str) -> bool {
    let there = PATH.split(':').any(|folder| Path::new(folder).join(program).exists());
    tools::needs(program, there)
}

/// A KDC's programs are for the administrator.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";
