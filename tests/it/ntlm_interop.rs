//! Our NTLM, by itself and in a negotiation, against an acceptor that shares no code with us: `pyspnego`, in a Python process of its own.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::UNIX_EPOCH;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pssession::auth::{
    Answer, AuthError, AuthScheme, Challenges, Credential, Handshake, LoginPolicy, NtlmOptions, Protection,
    Seal, Sealed, Step, handshake,
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
        // Its challenge names it, and that name is the domain of its own accounts.
        ((".", "local", "Password"), r".\local", "Password"),
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
        assert_eq!(accepted["workstation"], WORKSTATION, "{user}");

        let Ok(Step::Established(Protection::Sealed(mut seal))) = client.finish(200) else {
            panic!("{user}")
        };
        judge.exchange_all_sizes(&mut *seal);
    }
}

#[test]
fn a_negotiation_is_signed_on_both_sides_and_the_bodies_go_on_from_there() {
    let Some(mut judge) = Acceptor::start() else { return };
    for (mic, legs, is_signed) in [(Mic::Owed, 2, true), (Mic::Asked, 3, true), (Mic::None, 2, false)] {
        judge.begin(ACCOUNT, None, "negotiate", mic);
        let mut client = Client::negotiating("User", "Password", true);
        let mut ours = client.prove(&mut judge, None).unwrap();
        let mut sent = 2;
        let end = loop {
            let answer = judge.token(&ours).unwrap();
            let theirs = unhex(&answer["token"]);
            if answer["complete"] == true {
                break theirs;
            }
            ours = token(&client.finish_with(401, &theirs).unwrap());
            sent += 1;
        };
        assert_eq!(sent, legs, "{mic:?}");
        let Ok(Step::Established(Protection::Sealed(mut seal))) = client.finish_with(200, &end) else {
            panic!("{mic:?}")
        };
        let first = seal.seal(b"<x/>").unwrap();
        assert_eq!(first.signature[12..], [u8::from(is_signed), 0, 0, 0], "the number goes on");
        assert_eq!(judge.unwrap(&first).unwrap(), b"<x/>");
        judge.exchange_all_sizes(&mut *seal);
    }
}

#[test]
fn a_wrong_password_or_binding_in_a_negotiation_is_refused() {
    let Some(mut judge) = Acceptor::start() else { return };
    judge.begin(ACCOUNT, None, "negotiate", Mic::Owed);
    let proof = Client::negotiating("User", "password", true).prove(&mut judge, None).unwrap();
    let error = judge.token(&proof).unwrap_err();
    assert!(error.contains("Invalid NTLM response"), "{error}");

    let (certificate, another) = (certificate(), certificate());
    let binding = [b"tls-server-end-point:".as_slice(), Sha256::digest(&certificate).as_slice()].concat();
    for (presented, accepted) in [(Some(&certificate), true), (Some(&another), false), (None, false)] {
        judge.begin(ACCOUNT, Some(&binding), "negotiate", Mic::Owed);
        let mut client = Client::negotiating("User", "Password", false);
        let proof = client.prove(&mut judge, presented.map(Vec::as_slice)).unwrap();
        assert_eq!(judge.token(&proof).is_ok(), accepted);
    }
}

#[test]
fn an_altered_list_or_signature_of_a_negotiation_is_noticed_by_both() {
    let Some(mut judge) = Acceptor::start() else { return };
    judge.begin(ACCOUNT, None, "negotiate", Mic::Owed);
    let mut client = Client::negotiating("User", "Password", true);
    let mut proof = client.prove(&mut judge, None).unwrap();
    // The last bytes are our mechListMIC, its checksum eight bytes from the end.
    let at = proof.len() - 8;
    proof[at] ^= 1;
    judge.token(&proof).unwrap_err();

    judge.begin(ACCOUNT, None, "negotiate", Mic::Owed);
    let mut client = Client::negotiating("User", "Password", true);
    let proof = client.prove(&mut judge, None).unwrap();
    let mut end = unhex(&judge.token(&proof).unwrap()["token"]);
    let at = end.len() - 8;
    end[at] ^= 1;
    assert!(matches!(client.finish_with(200, &end), Err(AuthError::Downgrade { .. })));
}

/// How the list of a negotiation is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mic {
    /// By the client first, which owes it for the MIC in NTLM's last message.
    Owed,
    /// By the acceptor first, and then by the client.
    Asked,
    /// Not at all.
    None,
}

/// The machine from which our end logs in.
const WORKSTATION: &str = "CLIENT1";

/// The account of most tests: domain, user, password.
const ACCOUNT: (&str, &str, &str) = ("", "User", "Password");

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
    judge.unwrap(&sealed).unwrap_err();

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
        Self::with(AuthScheme::Ntlm, user, password, seal)
    }

    fn negotiating(user: &str, password: &str, seal: bool) -> Self {
        Self::with(AuthScheme::Negotiate, user, password, seal)
    }

    fn with(scheme: AuthScheme, user: &str, password: &str, seal: bool) -> Self {
        let options = NtlmOptions {
            spn: Some("HTTP/win01.example.com".to_owned()),
            workstation: WORKSTATION.to_owned(),
            seal,
            now: UNIX_EPOCH,
            client_challenge: *b"12345678",
            session_key: *b"sixteen randoms!",
        };
        let policy = LoginPolicy { tls: !seal, ..LoginPolicy::default() };
        let credential = Credential::new(user, password.into());
        Self { login: handshake(scheme, &credential, policy, &options).unwrap() }
    }

    /// Both messages up to AUTHENTICATE, which is given back unsent.
    fn prove(&mut self, judge: &mut Acceptor, certificate: Option<&[u8]>) -> Result<Vec<u8>, AuthError> {
        let mut first = self.login.step(None)?;
        if matches!(&first, Step::Send(leg) if leg.authorization.is_none()) {
            // A negotiation that could come to Kerberos asks for the certificate before its first token.
            let challenges = Challenges::parse(["Negotiate"]);
            let answer = Answer { status: 401, challenges: &challenges, server_certificate: certificate };
            first = self.login.step(Some(&answer))?;
        }
        let negotiate = token(&first);
        let challenge = unhex(&judge.token(&negotiate).expect("a challenge")["token"]);
        let header = format!("Negotiate {}", STANDARD.encode(challenge));
        let challenges = Challenges::parse([header.as_str()]);
        let answer = Answer { status: 401, challenges: &challenges, server_certificate: certificate };
        Ok(token(&self.login.step(Some(&answer))?))
    }

    fn finish(&mut self, status: u16) -> Result<Step, AuthError> {
        self.finish_with(status, b"")
    }

    /// The last answer, with a token.
    fn finish_with(&mut self, status: u16, token: &[u8]) -> Result<Step, AuthError> {
        let header = format!("Negotiate {}", STANDARD.encode(token));
        let challenges = Challenges::parse([header.as_str()]);
        self.login.step(Some(&Answer { status, challenges: &challenges, server_certificate: None }))
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
    pub(crate) fn account(&mut self, account: (&str, &str, &str), binding: Option<&[u8]>) {
        self.begin(account, binding, "ntlm", Mic::Owed);
    }

    /// The same, raw or in a negotiation.
    pub(crate) fn begin(
        &mut self,
        (domain, user, password): (&str, &str, &str),
        binding: Option<&[u8]>,
        protocol: &str,
        mic: Mic,
    ) {
        let binding = binding.map(hex);
        let request = json!({
            "op": "start", "domain": domain, "user": user, "password": password, "binding": binding,
            "protocol": protocol, "timeless": mic != Mic::Owed, "unsigned": mic == Mic::None,
        });
        self.ask(&request).expect("the judge takes the account");
    }

    fn unwrap(&mut self, sealed: &Sealed) -> Result<Vec<u8>, String> {
        let request =
            json!({"op": "unwrap", "signature": hex(&sealed.signature), "data": hex(&sealed.ciphertext)});
        Ok(unhex(&self.ask(&request)?["data"]))
    }

    fn exchange_all_sizes(&mut self, seal: &mut dyn Seal) {
        for size in [0, 1, 3, 16, 255, 1_500, 4_096, 16_384, 65_537, 300_000] {
            let message: Vec<u8> = (0..size).map(|at: u32| at.wrapping_mul(31).to_le_bytes()[0]).collect();
            self.exchange(seal, &message);
        }
    }

    pub(crate) fn token(&mut self, token: &[u8]) -> Result<Value, String> {
        self.ask(&json!({"op": "token", "token": hex(token)}))
    }

    /// One message each way, and both must arrive as they were sent.
    fn exchange(&mut self, seal: &mut dyn Seal, message: &[u8]) {
        let sealed = seal.seal(message).unwrap();
        assert!(self.unwrap(&sealed).unwrap() == message, "{} bytes to the judge", message.len());

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
