//! The channel binding of every kind of certificate (RFC 5929, section 4.1), as openssl has made and hashed them.

use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use pssession::auth::{
    Answer, AuthScheme, Challenges, Credential, LoginPolicy, NtlmOptions, Step, handshake,
};
use secrecy::ExposeSecret as _;

use crate::support::ntlm::{FLAGS, challenge};

/// Each row of `hashes.tsv`: the certificate's name, its DER, and the digest that counts.
fn certificates() -> Vec<(String, Vec<u8>, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/certificates");
    let table = std::fs::read_to_string(folder.join("hashes.tsv")).unwrap();
    let row = |line: &str| {
        let [name, _, digest] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let byte = |at: usize| u8::from_str_radix(&digest[at..at + 2], 16).unwrap();
        let digest = (0..digest.len()).step_by(2).map(byte).collect();
        (name.to_owned(), std::fs::read(folder.join(format!("{name}.der"))).unwrap(), digest)
    };
    table.lines().skip(1).map(row).collect()
}

/// AUTHENTICATE to a server that showed this certificate. Its NT response carries the AV_PAIRs in clear.
fn authenticate(certificate: &[u8]) -> Vec<u8> {
    let options = NtlmOptions {
        spn: None,
        workstation: String::new(),
        seal: false,
        now: UNIX_EPOCH,
        client_challenge: *b"12345678",
        session_key: *b"sixteen randoms!",
    };
    let credential = Credential::new("User", "Password".into());
    let policy = LoginPolicy { tls: true, ..LoginPolicy::default() };
    let mut login = handshake(AuthScheme::Ntlm, &credential, policy, &options).unwrap();
    login.step(None).unwrap();
    let challenges = Challenges::parse([format!("Negotiate {}", STANDARD.encode(challenge(FLAGS))).as_str()]);
    let answer = Answer { status: 401, challenges: &challenges, server_certificate: Some(certificate) };
    let Ok(Step::Send(leg)) = login.step(Some(&answer)) else { panic!("no AUTHENTICATE") };
    let header = leg.authorization.unwrap();
    STANDARD.decode(header.expose_secret().strip_prefix("Negotiate ").unwrap()).unwrap()
}

/// `MsvAvChannelBindings` of an AUTHENTICATE that was made for `digest`.
fn pair(digest: &[u8]) -> Vec<u8> {
    let data = [b"tls-server-end-point:", digest].concat();
    let length = u32::try_from(data.len()).unwrap().to_le_bytes();
    let binding = Md5::digest([&[0; 16][..], &length, &data].concat());
    [&[10, 0, 16, 0][..], &binding].concat()
}

#[test]
fn each_certificate_is_bound_by_the_hash_that_openssl_computes() {
    let certificates = certificates();
    assert!(certificates.len() > 27, "{}", certificates.len());
    for (name, der, digest) in certificates {
        let message = authenticate(&der);
        let pair = pair(&digest);
        assert!(message.windows(pair.len()).any(|window| window == pair), "{name}");
    }
}
