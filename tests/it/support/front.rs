//! `tests/interop/winrm_front.py`: a WinRM service whose logins and sealing are not ours, with the simulator behind it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use pssession::simulator::{Simulator, World};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// A certificate of its own for `localhost`: its PEM files, and the application data of its channel binding in hex.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
    pub(crate) binding: String,
}

impl Identity {
    /// Writes `NAME.pem` and `NAME.key` into `folder`.
    pub(crate) fn write(folder: &Path, name: &str) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        Self::of(folder, name, made.cert.der(), &made.cert.pem(), &made.signing_key.serialize_pem())
    }

    /// Writes the same for a certificate that is there.
    pub(crate) fn of(folder: &Path, name: &str, der: &[u8], certificate: &str, key: &str) -> Self {
        let file = |kind: &str, text: &str| {
            let path = folder.join(format!("{name}.{kind}"));
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        // RFC 5929, section 4, The tls-server-end-point Channel Binding Type.
        let data = [&b"tls-server-end-point:"[..], &Sha256::digest(der)].concat();
        Self {
            certificate: file("pem", certificate),
            key: file("key", key),
            binding: data.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

/// The service at work.
pub(crate) struct Front {
    child: Child,
    reported: Receiver<Value>,
    port: u16,
    pub(crate) simulator: Simulator,
}

impl Front {
    /// Starts it before `world`. `settings` are those that the script names; `environment` is what its library reads.
    /// `None`, and loudly, if there is no such Python here.
    pub(crate) async fn start(world: World, settings: Value, environment: &[(&str, &Path)]) -> Option<Self> {
        let python = python()?;
        let simulator =
            Simulator::builder().world(world).allow_basic().allow_unencrypted().start().await.unwrap();
        let mut all = json!({
            "upstream": simulator.port(),
            "user": simulator.user(),
            "password": simulator.password().expose_secret(),
        });
        all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        let mut child = Command::new(python)
            .arg(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/interop/winrm_front.py"))
            .arg(all.to_string())
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (teller, reported) = channel();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = teller.send(serde_json::from_str(&line).unwrap());
            }
        });
        let mut front = Self { child, reported, port: 0, simulator };
        let first = front.reported.recv_timeout(Duration::from_secs(30)).expect("the front listens");
        front.port = first["port"].as_u64().unwrap() as u16;
        Some(front)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What it has told since the last time.
    pub(crate) fn reported(&self) -> Vec<Value> {
        self.reported.try_iter().collect()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The Python that has pyspnego and GSS-API; where `PSSESSION_REQUIRE_TOOLS` is set there must be one.
pub(crate) fn python() -> Option<PathBuf> {
    let python = std::env::var_os("PSSESSION_INTEROP_PYTHON").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".venv-interop/bin/python"),
        PathBuf::from,
    );
    let usable = Command::new(&python)
        .args(["-c", "import gssapi, krb5, spnego"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    assert!(usable || std::env::var_os("PSSESSION_REQUIRE_TOOLS").is_none(), "no {}", python.display());
    if !usable {
        // Straight to stderr: what a test prints is shown only when it fails.
        let notice = "SKIPPED: pyspnego with GSS-API is not there; see tests/interop/requirements.txt\n";
        let _ = std::io::stderr().write_all(notice.as_bytes());
    }
    usable.then_some(python)
}
