//! Our NTLM against an acceptor that shares no code with us: `pyspnego`, in a Python process of its own.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::UNIX_EPOCH;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pssession::auth::{
    Answer, AuthError, AuthScheme, Credential, Handshake, LoginPolicy, NtlmOptions, Offers, Protection, Seal,
    Step, handshake,
};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

#[test]
fn sealed_messages_of_every_size_pass_both_ways() {
    let Some(mut judge) = Acceptor::start() else { return };
    for (account, user, password) in [
        (("Domain", "User", "Password"), r"Domain\User", "Password"),
        (("Domain", "User", "Password"), r"domain\uSER", "Password"),
        (("", "user@example.com", "Password"), "user@EXAMPLE.com", "Password"),
        (("", "local", "Password"), r".\local", "Password"),
        (
            ("", "M\u{fc}ller", "p\u{e4}ssw\u{f6}rt\u{20ac}\u{1f511}"),
            "m\u{dc}LLER",
            "p\u{e4}ssw\u{f6}rt\u{20ac}\u{1f511}",
        ),
    ] {
        judge.account(account, None);
        let mut client = Client::new(user, password, true);
        let authenticate = client.prove(&mut judge, None).unwrap();
        let accepted = judge.token(&authenticate).unwrap_or_else(|error| panic!("{user}: {error}"));
        assert_eq!(accepted["complete"], true, "{user}");

        let Ok(Step::Established(Protection::Sealed(mut seal))) = client.finish(200) else {
            panic!("{user}")
        };
        for size in [0, 1, 3, 16, 255, 1_500, 4_096, 16_384, 65_537, 300_000] {
            let message: Vec<u8> = (0..size).map(|at: u32| at.wrapping_mul(31).to_le_bytes()[0]).collect();
            judge.exchange(&mut *seal, &message);
        }
    }
}

#[test]
fn a_wrong_password_is_refused() {
    let Some(mut judge) = Acceptor::start() else { return };
    judge.account(("", "User", "Password"), None);
    let mut client = Client::new("User", "password", true);
    let authenticate = client.prove(&mut judge, None).unwrap();
    let error = judge.token(&authenticate).unwrap_err();
    assert!(error.contains("Invalid NTLM response"), "{error}");
    assert!(matches!(client.finish(401), Err(AuthError::Refused { .. })));
}

#[test]
fn one_flipped_flag_breaks_the_mic() {
    let Some(mut judge) = Acceptor::start() else { return };
    // REQUEST_TARGET and TARGET_TYPE_DOMAIN play no part in the sums, so that only the MIC can notice.
    for (byte, bit) in [(60, 0x04), (62, 0x01)] {
        judge.account(("", "User", "Password"), None);
        let mut authenticate = Client::new("User", "Password", true).prove(&mut judge, None).unwrap();
        authenticate[byte] ^= bit;
        let error = judge.token(&authenticate).unwrap_err();
        assert!(error.contains("Invalid MIC"), "{error}");
    }
}

#[test]
fn the_right_channel_binding_is_accepted_and_a_wrong_or_missing_one_refused() {
    let Some(mut judge) = Acceptor::start() else { return };
    let (certificate, another) = (certificate(), certificate());
    let binding = [b"tls-server-end-point:".as_slice(), Sha256::digest(&certificate).as_slice()].concat();
    for (presented, accepted) in [(Some(&certificate), true), (Some(&another), false), (None, false)] {
        judge.account(("", "User", "Password"), Some(&binding));
        let mut client = Client::new("User", "Password", false);
        let authenticate = client.prove(&mut judge, presented.map(Vec::as_slice)).unwrap();
        match judge.token(&authenticate) {
            Ok(_) => assert!(accepted),
            Err(error) => assert!(!accepted && error.contains("BadBindingsError"), "{error}"),
        }
        assert!(matches!(client.finish(200), Ok(Step::Established(Protection::Connection))));
    }
}

#[test]
fn the_judge_notices_an_altered_message_and_so_do_we() {
    let Some(mut judge) = Acceptor::start() else { return };
    judge.account(("", "User", "Password"), None);
    let mut client = Client::new("User", "Password", true);
    let authenticate = client.prove(&mut judge, None).unwrap();
    judge.token(&authenticate).unwrap();
    let Ok(Step::Established(Protection::Sealed(mut seal))) = client.finish(200) else {
        panic!("not sealed")
    };

    let mut sealed = seal.seal(b"<x/>").unwrap();
    sealed.ciphertext[0] ^= 1;
    let request =
        json!({"op": "unwrap", "signature": hex(&sealed.signature), "data": hex(&sealed.ciphertext)});
    judge.ask(&request).unwrap_err();

    let answer = judge.ask(&json!({"op": "wrap", "data": hex(b"<y/>")})).unwrap();
    let (signature, mut data) = (unhex(&answer["signature"]), unhex(&answer["data"]));
    data[0] ^= 1;
    assert_eq!(seal.open(&signature, &data), Err(AuthError::BadSeal));
    assert_eq!(seal.seal(b"<z/>"), Err(AuthError::Poisoned));
}

/// Our end of one login.
struct Client {
    login: Box<dyn Handshake>,
}

impl Client {
    fn new(user: &str, password: &str, seal: bool) -> Self {
        let options = NtlmOptions {
            spn: Some("HTTP/win01.example.com".to_owned()),
            seal,
            now: UNIX_EPOCH,
            client_challenge: *b"12345678",
            session_key: *b"sixteen randoms!",
        };
        let policy = LoginPolicy { tls: !seal, ..LoginPolicy::default() };
        let credential = Credential::new(user, password.into());
        Self { login: handshake(AuthScheme::Ntlm, &credential, policy, &options).unwrap() }
    }

    /// Both messages up to AUTHENTICATE, which is given back unsent.
    fn prove(&mut self, judge: &mut Acceptor, certificate: Option<&[u8]>) -> Result<Vec<u8>, AuthError> {
        let negotiate = token(&self.login.step(None)?);
        let challenge = unhex(&judge.token(&negotiate).expect("a challenge")["token"]);
        let header = format!("Negotiate {}", STANDARD.encode(challenge));
        let offers = Offers::parse([header.as_str()]);
        let answer = Answer { status: 401, offers: &offers, server_certificate: certificate };
        Ok(token(&self.login.step(Some(&answer))?))
    }

    fn finish(&mut self, status: u16) -> Result<Step, AuthError> {
        let offers = Offers::default();
        self.login.step(Some(&Answer { status, offers: &offers, server_certificate: None }))
    }
}

/// The acceptor's process: one JSON object per line, each way.
pub(crate) struct Acceptor {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Acceptor {
    /// Starts the judge, or says loudly that there is none.
    pub(crate) fn start() -> Option<Self> {
        let python = python();
        let usable = Command::new(&python)
            .args(["-c", "import spnego"])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !usable {
            skipped(&python);
            return None;
        }
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/interop/ntlm_acceptor.py");
        let mut child = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the judge starts");
        let input = child.stdin.take().expect("a pipe");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        Some(Self { child, input, output })
    }

    /// Begins a login for one account, with the application data of its channel binding.
    pub(crate) fn account(&mut self, (domain, user, password): (&str, &str, &str), binding: Option<&[u8]>) {
        let binding = binding.map(hex);
        let request =
            json!({"op": "start", "domain": domain, "user": user, "password": password, "binding": binding});
        self.ask(&request).expect("the judge takes the account");
    }

    pub(crate) fn token(&mut self, token: &[u8]) -> Result<Value, String> {
        self.ask(&json!({"op": "token", "token": hex(token)}))
    }

    /// One message each way, and both must arrive as they were sent.
    fn exchange(&mut self, seal: &mut dyn Seal, message: &[u8]) {
        let sealed = seal.seal(message).unwrap();
        let request =
            json!({"op": "unwrap", "signature": hex(&sealed.signature), "data": hex(&sealed.ciphertext)});
        assert!(
            unhex(&self.ask(&request).unwrap()["data"]) == message,
            "{} bytes to the judge",
            message.len()
        );

        let answer = self.ask(&json!({"op": "wrap", "data": hex(message)})).unwrap();
        let opened = seal.open(&unhex(&answer["signature"]), &unhex(&answer["data"])).unwrap();
        assert!(opened == message, "{} bytes from the judge", message.len());
    }

    fn ask(&mut self, request: &Value) -> Result<Value, String> {
        writeln!(self.input, "{request}").expect("the judge listens");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the judge answers");
        let answer: Value = serde_json::from_str(&line).expect("the judge answers in JSON");
        match answer["error"].as_str() {
            Some(name) => Err(format!("{name}: {}", answer["message"])),
            None => Ok(answer),
        }
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn python() -> PathBuf {
    let named = std::env::var_os("PSSESSION_INTEROP_PYTHON");
    named.map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".venv-interop/bin/python"),
        PathBuf::from,
    )
}

/// Straight to stderr: what `eprintln!` writes, the test harness hides when a test passes.
fn skipped(python: &Path) {
    let notice = format!(
        "SKIPPED: pyspnego is not there ({}); see tests/interop/requirements.txt\n",
        python.display()
    );
    let _ = std::io::stderr().write_all(notice.as_bytes());
}

fn token(step: &Step) -> Vec<u8> {
    let Step::Send(leg) = step else { panic!("{step:?}") };
    let header = leg.authorization.as_ref().unwrap().expose_secret();
    STANDARD.decode(header.strip_prefix("Negotiate ").unwrap()).unwrap()
}

fn certificate() -> Vec<u8> {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let certificate =
        rcgen::CertificateParams::new(vec!["win01".to_owned()]).unwrap().self_signed(&key).unwrap();
    certificate.der().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhex(text: &Value) -> Vec<u8> {
    let digit = |byte: &u8| u8::try_from(char::from(*byte).to_digit(16).unwrap()).unwrap();
    text.as_str().unwrap().as_bytes().chunks(2).map(|pair| digit(&pair[0]) << 4 | digit(&pair[1])).collect()
}
