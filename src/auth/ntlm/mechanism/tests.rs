//! The handshake byte for byte, and what must not pass.

use proptest::prelude::*;

use super::*;
use crate::auth::ntlm::test_vectors::{self, hex};

fn options(seal: bool) -> NtlmOptions {
    NtlmOptions {
        spn: Some("HTTP/win01.example.com".to_owned()),
        workstation: String::new(),
        seal,
        now: UNIX_EPOCH,
        client_challenge: test_vectors::CLIENT_CHALLENGE,
        session_key: test_vectors::SESSION_KEY,
    }
}

fn ntlm(seal: bool) -> Ntlm {
    Ntlm::new(Credential::new(r"Domain\User", "Password".into()), options(seal))
}

fn token(progress: Progress) -> Vec<u8> {
    match progress {
        Progress::Continue(token) | Progress::Done(Some(token)) => token.bytes,
        Progress::Done(None) => panic!("no token"),
    }
}

fn challenged(seal: bool, challenge: &[u8]) -> (Ntlm, Result<Progress, AuthError>) {
    let mut login = ntlm(seal);
    login.step(None, None).unwrap();
    let answer = login.step(Some(challenge), None);
    (login, answer)
}

#[test]
fn the_whole_handshake_is_the_example_byte_for_byte() {
    let mut login = ntlm(true);
    assert_eq!(token(login.step(None, None).unwrap()), hex(test_vectors::NEGOTIATE));
    let Progress::Done(Some(authenticate)) = login.step(Some(&hex(test_vectors::CHALLENGE)), None).unwrap()
    else {
        panic!("not done")
    };
    assert_eq!((authenticate.bytes.len(), authenticate.shows), (300, Shown::Password));
    assert_eq!(authenticate.bytes, hex(test_vectors::AUTHENTICATE));
    assert!(login.wants_mic());

    let mut seal = Box::new(login).into_seal("p").unwrap();
    let sealed = seal.seal(b"<x/>").unwrap();
    assert_eq!(sealed.ciphertext, hex("389d425b"));
    assert_eq!(sealed.signature, hex("010000008c782f51e5334a7600000000"));
    assert_eq!(seal.protocol(), "p");
}

#[test]
fn the_session_key_is_wiped_as_soon_as_the_proof_bears_it() {
    let (login, answer) = challenged(true, &hex(test_vectors::CHALLENGE));
    answer.unwrap();
    assert_eq!(login.options.session_key, [0; 16]);
}

#[test]
fn there_are_no_keys_before_the_proof_and_no_step_after_it() {
    let mut login = ntlm(true);
    assert!(matches!(login.mic(b"x"), Err(AuthError::Malformed { .. })));
    let (mut login, answer) = challenged(true, &hex(test_vectors::CHALLENGE));
    answer.unwrap();
    assert!(matches!(login.step(Some(b"x"), None), Err(AuthError::Malformed { .. })));
    assert!(Box::new(login).into_seal("p").is_err());
}

#[test]
fn a_challenge_that_weakens_the_login_is_refused() {
    let without = |flag: u32| {
        let mut challenge = hex(test_vectors::CHALLENGE);
        let flags = u32::from_le_bytes(challenge[20..24].try_into().unwrap());
        challenge[20..24].copy_from_slice(&(flags & !flag).to_le_bytes());
        challenge
    };
    for (flag, name, always) in [
        (0x1, "UNICODE", true),
        (0x0008_0000, "EXTENDED_SESSIONSECURITY", true),
        (0x0080_0000, "TARGET_INFO", true),
        (0x10, "SIGN", false),
        (0x20, "SEAL", false),
        (0x2000_0000, "128", false),
        (0x4000_0000, "KEY_EXCH", false),
    ] {
        let error = challenged(true, &without(flag)).1.unwrap_err();
        assert_eq!(error, AuthError::Downgrade { what: name });
        assert_eq!(challenged(false, &without(flag)).1.is_err(), always, "{name} where nothing is sealed");
    }
    let mut empty = hex(test_vectors::CHALLENGE);
    empty[40..44].fill(0);
    let error = challenged(false, &empty).1.unwrap_err();
    assert_eq!(error, AuthError::Downgrade { what: "the target information" });
}

#[test]
fn a_token_that_is_no_challenge_is_malformed() {
    let spnego = hex("a1073005a0030a0102");
    let mut authenticate = hex(test_vectors::CHALLENGE);
    authenticate[8] = 3;
    let mut cut_pair = hex(test_vectors::CHALLENGE);
    cut_pair[70] = 0xff;
    let mut short_time = hex(test_vectors::CHALLENGE);
    short_time[102] = 6;
    for bytes in
        [spnego, authenticate, cut_pair, short_time, hex(test_vectors::CHALLENGE)[..47].to_vec(), vec![]]
    {
        let error = challenged(true, &bytes).1.unwrap_err();
        assert!(matches!(error, AuthError::Malformed { .. }), "{error}");
    }
}

#[test]
fn a_challenge_without_a_version_or_with_a_strange_name_is_answered() {
    let with_version = hex(test_vectors::CHALLENGE);
    let mut short = with_version[..48].to_vec();
    short[23] &= !0x02;
    short[40..48].copy_from_slice(&[4, 0, 4, 0, 48, 0, 0, 0]);
    short.extend_from_slice(&[0, 0, 0, 0]);
    // A lone end marker is no target information; the next one has a name pair.
    assert!(matches!(challenged(true, &short).1, Err(AuthError::Downgrade { .. })));
    short.truncate(48);
    short[40] = 6;
    short[42] = 6;
    short.extend_from_slice(&[1, 0, 2, 0, 0x41, 0]);
    assert_eq!(short.len(), 54);
    token(challenged(true, &short).1.unwrap());

    let mut strange = with_version;
    strange[56..58].copy_from_slice(&[0x00, 0xd8]);
    token(challenged(true, &strange).1.unwrap());
}

/// The fields of an AUTHENTICATE as the codec reads them, without the MIC that it does not know.
fn fields(message: &[u8]) -> (ntlmclient::AuthenticateMessage, Vec<ntlmclient::TargetInfoEntry>) {
    let ntlmclient::Message::Authenticate(fields) = ntlmclient::Message::try_from(message).unwrap() else {
        panic!("another message")
    };
    let mut rest = &fields.ntlm_response[44..];
    let mut pairs = Vec::new();
    while rest.len() > 4 {
        let (pair, next) = ntlmclient::TargetInfoEntry::try_from_bytes(rest).unwrap();
        pairs.push(pair);
        rest = next;
    }
    assert_eq!(rest, [0; 4]);
    (fields, pairs)
}

#[test]
fn without_a_timestamp_the_clock_and_lmv2_are_used_and_there_is_no_mic() {
    let mut challenge = hex(test_vectors::CHALLENGE);
    challenge[100] = 3;
    let message = token(challenged(true, &challenge).1.unwrap());
    assert_eq!(message[72..88], [0; 16]);
    let (fields, pairs) = fields(&message);
    assert_eq!(fields.lm_response[16..], test_vectors::CLIENT_CHALLENGE);
    assert_eq!(fields.ntlm_response[24..32], UNIX_EPOCH_AS_FILE_TIME.to_le_bytes());
    assert!(pairs.iter().all(|pair| pair.entry_type != ntlmclient::TargetInfoType::Flags));
}

/// MS-NLMP 2.2.2.1, AV_PAIR: the names that the example's challenge has, and a DNS domain.
fn named_challenge() -> Vec<u8> {
    let mut challenge = hex(test_vectors::CHALLENGE);
    challenge.truncate(112);
    challenge.extend_from_slice(&hex("04001000 6c00610062002e0074006500730074 00".replace(' ', "").as_str()));
    challenge.extend_from_slice(&[0; 4]);
    let length = u16::try_from(challenge.len() - 68).unwrap().to_le_bytes();
    challenge[40..42].copy_from_slice(&length);
    challenge[42..44].copy_from_slice(&length);
    challenge
}

#[test]
fn the_challenge_names_the_server_where_a_mic_vouches_for_it() {
    let (login, answer) = challenged(true, &named_challenge());
    answer.unwrap();
    let names = login.server_names().unwrap();
    let names = [&names.netbios_domain, &names.netbios_computer, &names.dns_domain];
    assert_eq!(names, ["Domain", "Server", "lab.test"]);

    let mut timeless = named_challenge();
    timeless[100] = 5;
    let (login, answer) = challenged(true, &timeless);
    answer.unwrap();
    assert_eq!(login.server_names(), None);
}

#[test]
fn an_account_of_the_server_is_one_of_its_own_name_and_the_workstation_is_told() {
    let sent = |user: &str, challenge: &[u8]| {
        let mut options = options(true);
        options.workstation = "CLIENT1".to_owned();
        let mut login = Ntlm::new(Credential::new(user, "Password".into()), options);
        login.step(None, None).unwrap();
        let (fields, _) = fields(&token(login.step(Some(challenge), None).unwrap()));
        [fields.domain_name, fields.user_name, fields.workstation_name]
    };
    let challenge = hex(test_vectors::CHALLENGE);
    assert_eq!(sent(r".\ann", &challenge), ["Server", "ann", "CLIENT1"]);
    assert_eq!(sent("ann", &challenge), ["", "ann", "CLIENT1"]);
    assert_eq!(sent(r"LAB\ann", &challenge), ["LAB", "ann", "CLIENT1"]);
    // A challenge that does not say how the server is called.
    let mut nameless = challenge;
    nameless[84] = 5;
    assert_eq!(sent(r".\ann", &nameless), ["", "ann", "CLIENT1"]);
}

#[test]
fn over_tls_the_login_is_bound_to_the_certificate() {
    use ntlmclient::TargetInfoType as Type;

    let certificate = channel_binding::sample_certificate("06082a8648ce3d040302");
    let mut login = ntlm(false);
    login.step(None, None).unwrap();
    let message = token(login.step(Some(&hex(test_vectors::CHALLENGE)), Some(&certificate)).unwrap());
    let (fields, pairs) = fields(&message);
    assert_eq!(fields.session_key.len(), 16);
    let order: Vec<Type> = pairs.iter().map(|pair| pair.entry_type).collect();
    assert_eq!(order[3..], [Type::Flags, Type::ChannelBindings, Type::TargetName, Type::Terminator]);
    let expected = channel_binding::channel_binding(&channel_binding::end_point_hash(&certificate).unwrap());
    assert_eq!(pairs[4].data, expected);

    let mut login = ntlm(false);
    login.step(None, None).unwrap();
    let error = login.step(Some(&hex(test_vectors::CHALLENGE)), Some(b"no certificate")).unwrap_err();
    assert_eq!(error, AuthError::Certificate);
}

#[test]
fn the_pairs_that_are_ours_replace_the_servers() {
    let mut challenge = hex(test_vectors::CHALLENGE);
    challenge.truncate(112);
    for pair in
        ["0600040005000000", "0a001000ffffffffffffffffffffffffffffffff", "09000200ff00", "00000000", "0700"]
    {
        challenge.extend_from_slice(&hex(pair));
    }
    let length = u16::try_from(challenge.len() - 68 - 2).unwrap().to_le_bytes();
    challenge[40..42].copy_from_slice(&length);
    let (_, pairs) = fields(&token(challenged(true, &challenge).1.unwrap()));
    assert_eq!(pairs.len(), 6);
    assert_eq!(pairs[3].data, [7, 0, 0, 0]);
    assert_eq!(pairs[4].to_string().unwrap(), "HTTP/win01.example.com");
}

#[test]
fn names_and_principals_that_do_not_fit_are_refused_before_anything_is_sent() {
    let long = "x".repeat(40_000);
    let mut too_long = options(true);
    too_long.spn = Some(long.clone());
    let user = Credential::new(long, "Password".into());
    for mut login in [Ntlm::new(user, options(true)), Ntlm::new(Credential::new("u", "p".into()), too_long)] {
        assert!(matches!(login.step(None, None), Err(AuthError::Unusable { .. })));
    }
}

#[test]
fn target_information_that_cannot_be_answered_is_refused() {
    let mut challenge = hex(test_vectors::CHALLENGE)[..68].to_vec();
    challenge.extend_from_slice(&[1, 0, 0xf0, 0xff]);
    challenge.extend_from_slice(&[0; 0xfff0]);
    challenge[40..42].copy_from_slice(&0xfff4_u16.to_le_bytes());
    assert!(matches!(challenged(true, &challenge).1, Err(AuthError::Malformed { .. })));
}

#[test]
fn debug_shows_no_secret() {
    let (login, answer) = challenged(true, &hex(test_vectors::CHALLENGE));
    let shown = format!("{login:?} {:?}", answer.unwrap());
    let shown = shown.replace("shows: Password", "");
    assert!(!shown.contains("Password") && !shown.contains("78, 84") && !shown.contains("85"), "{shown}");
}

proptest! {
    #[test]
    fn no_bytes_of_a_challenge_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), seal: bool) {
        let _ = challenged(seal, &bytes).1;
    }

    #[test]
    fn no_change_of_a_good_challenge_makes_it_panic(
        changes in prop::collection::vec((0usize..116, any::<u8>()), 0..6),
        cut in 0usize..140,
        seal: bool,
    ) {
        let mut bytes = hex(test_vectors::CHALLENGE);
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        bytes.resize(cut, 0);
        if let Ok(answer) = challenged(seal, &bytes).1 {
            fields(&token(answer));
        }
    }
}
