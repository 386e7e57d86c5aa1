use std::time::UNIX_EPOCH;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret as _;

use super::*;
use crate::auth::ntlm::test_vectors::{self, hex};
use crate::auth::ntlm::{Ntlm, NtlmSeal};
use crate::auth::{Challenges, Credential, Leg, NtlmOptions, Protection, Seal, sealing};

/// The mechanism list of a negotiation of NTLM alone.
const NTLM_LIST: &str = "300c060a2b06010401823702020a";

fn ntlm() -> Box<dyn Mechanism> {
    let options = NtlmOptions {
        spn: Some("HTTP/win01.example.com".to_owned()),
        workstation: String::new(),
        seal: true,
        now: UNIX_EPOCH,
        client_challenge: test_vectors::CLIENT_CHALLENGE,
        session_key: test_vectors::SESSION_KEY,
    };
    Box::new(Ntlm::new(Credential::new(r"Domain\User", "Password".into()), options))
}

/// A mechanism of one round trip that logs in with a ticket.
#[derive(Debug)]
struct Tickets {
    has_one: bool,
}

impl Mechanism for Tickets {
    fn name(&self) -> &'static str {
        "tickets"
    }

    fn oids(&self) -> &'static [&'static str] {
        &["1.2.840.48018.1.2.2", "1.2.840.113554.1.2.2"]
    }

    fn binds_first_token(&self) -> bool {
        true
    }

    fn step(&mut self, token: Option<&[u8]>, certificate: Option<&[u8]>) -> Result<Progress, AuthError> {
        match token {
            None if self.has_one => {
                let bytes = [b"request".as_slice(), certificate.unwrap_or_default()].concat();
                Ok(Progress::Continue(Token { bytes, shows: Shown::Ticket }))
            }
            None => Err(AuthError::Unusable { problem: "no ticket".to_owned() }),
            Some(b"reply") => Ok(Progress::Done(None)),
            Some(_) => Err(AuthError::BadSeal),
        }
    }

    fn wants_mic(&self) -> bool {
        false
    }

    fn mic(&mut self, _: &[u8]) -> Result<Vec<u8>, AuthError> {
        Ok(b"our mic".to_vec())
    }

    fn verify_mic(&mut self, _: &[u8], mic: &[u8]) -> Result<(), AuthError> {
        if mic == b"their mic" { Ok(()) } else { Err(AuthError::Downgrade { what: "the right mechListMIC" }) }
    }

    fn refused(&mut self, token: Option<&[u8]>) -> AuthError {
        AuthError::Unusable { problem: format!("refused: {}", token.is_some()) }
    }

    fn into_seal(self: Box<Self>, _: &'static str) -> Result<Box<dyn Seal>, AuthError> {
        Err(AuthError::Poisoned)
    }
}

fn config(sealed: bool, tls: bool) -> CarrierConfig {
    CarrierConfig {
        headers: &["Negotiate"],
        header: "Negotiate",
        sealed: sealed.then_some(sealing::SPNEGO),
        tls,
    }
}

/// A negotiation of NTLM alone over plain HTTP, and its first message.
fn of_ntlm() -> (Spnego, Vec<u8>) {
    begun(vec![ntlm()], config(true, false))
}

/// The same with tickets first.
fn of_both(sealed: bool) -> (Spnego, Vec<u8>) {
    begun(vec![Box::new(Tickets { has_one: true }), ntlm()], config(sealed, false))
}

fn begun(mechanisms: Vec<Box<dyn Mechanism>>, config: CarrierConfig) -> (Spnego, Vec<u8>) {
    let mut login = Spnego::new(mechanisms, config);
    let first = bytes(&leg(login.step(None)));
    (login, first)
}

fn leg(step: Result<Step, AuthError>) -> Leg {
    match step.unwrap() {
        Step::Send(leg) => leg,
        other => panic!("{other:?}"),
    }
}

fn bytes(leg: &Leg) -> Vec<u8> {
    assert!(!leg.identify);
    let header = leg.authorization.as_ref().unwrap().expose_secret();
    STANDARD.decode(header.strip_prefix("Negotiate ").unwrap()).unwrap()
}

fn sent(step: Result<Step, AuthError>) -> NegTokenResp {
    NegTokenResp::read(&bytes(&leg(step))).unwrap()
}

/// The server's answer.
fn answer(login: &mut Spnego, status: u16, header: &str) -> Result<Step, AuthError> {
    let challenges = Challenges::parse([header]);
    login.step(Some(&Answer { status, challenges: &challenges, server_certificate: None }))
}

fn say(login: &mut Spnego, status: u16, resp: &NegTokenResp) -> Result<Step, AuthError> {
    answer(login, status, &format!("Negotiate {}", STANDARD.encode(resp.write().unwrap())))
}

fn resp(state: NegState) -> NegTokenResp {
    NegTokenResp { neg_state: Some(state), ..NegTokenResp::default() }
}

fn octet(bytes: &[u8]) -> Option<OctetString> {
    Some(OctetString::new(bytes.to_vec()).unwrap())
}

fn oid(text: &str) -> Option<ObjectIdentifier> {
    Some(ObjectIdentifier::new(text).unwrap())
}

const NTLM: &str = "1.3.6.1.4.1.311.2.2.10";

fn challenge(bytes: &[u8]) -> NegTokenResp {
    NegTokenResp {
        supported_mech: oid(NTLM),
        response_token: octet(bytes),
        ..resp(NegState::AcceptIncomplete)
    }
}

/// A challenge without a time, so that NTLM's last message bears no MIC.
fn timeless() -> Vec<u8> {
    let mut challenge = hex(test_vectors::CHALLENGE);
    challenge[100] = 3;
    challenge
}

fn seal(step: Result<Step, AuthError>) -> Box<dyn Seal> {
    match step.unwrap() {
        Step::Established(Protection::Sealed(seal)) => seal,
        other => panic!("{other:?}"),
    }
}

fn last(mic: &[u8]) -> NegTokenResp {
    NegTokenResp { mech_list_mic: octet(mic), ..resp(NegState::AcceptCompleted) }
}

#[test]
fn ntlm_in_a_negotiation_is_the_example_byte_for_byte() {
    let (mut login, first) = of_ntlm();
    let init = "604806062b0601050502a03e303ca00e300c060a2b06010401823702020aa22a0428";
    assert_eq!(first, [hex(init), hex(test_vectors::NEGOTIATE)].concat());

    let proof = leg(say(&mut login, 401, &challenge(&hex(test_vectors::CHALLENGE))));
    assert!(proof.proves && !proof.begins);
    let proof = NegTokenResp::read(&bytes(&proof)).unwrap();
    assert_eq!(proof.neg_state, Some(NegState::AcceptIncomplete));
    assert_eq!(proof.response_token, octet(&hex(test_vectors::AUTHENTICATE)));
    assert_eq!(proof.mech_list_mic, octet(&hex("0100000022a3984fefbb9c3200000000")));

    let mut seal = seal(say(&mut login, 200, &last(&hex("010000007dd6da05648a73ae00000000"))));
    assert_eq!(seal.protocol(), "application/HTTP-SPNEGO-session-encrypted");
    let sealed = seal.seal(b"<x/>").unwrap();
    assert_eq!(sealed.signature, hex("0100000021bfb35d71557bb401000000"));
    assert_eq!(sealed.ciphertext, hex("389d425b"));
    let opened = seal.open(&hex("010000008b0b7ef33fa14db401000000"), &hex("7a713289"));
    assert_eq!(opened.as_deref(), Ok(&b"<y/>"[..]));
}

#[test]
fn without_a_mic_in_ntlm_there_is_none_around_it_and_bodies_begin_with_number_zero() {
    for header in ["", "Negotiate oQcwBaADCgEA"] {
        let (mut login, _) = of_ntlm();
        let proof = sent(say(&mut login, 401, &challenge(&timeless())));
        assert_eq!(proof.mech_list_mic, None);
        let sealed = seal(answer(&mut login, 200, header)).seal(b"<x/>").unwrap();
        assert_eq!(sealed.signature, hex("010000008c782f51e5334a7600000000"));
    }
}

#[test]
fn a_missing_or_wrong_mech_list_mic_is_a_downgrade() {
    let missing = AuthError::Downgrade { what: "the mechListMIC" };
    let wrong = AuthError::Downgrade { what: "the right mechListMIC" };
    for (end, expected) in [
        (None, &missing),
        (Some(resp(NegState::AcceptCompleted)), &missing),
        (Some(last(&[0; 16])), &wrong),
        (Some(last(b"short")), &wrong),
        // Our own, sent back.
        (Some(last(&hex("0100000022a3984fefbb9c3200000000"))), &wrong),
    ] {
        let (mut login, _) = of_ntlm();
        sent(say(&mut login, 401, &challenge(&hex(test_vectors::CHALLENGE))));
        let step = match &end {
            Some(end) => say(&mut login, 200, end),
            None => answer(&mut login, 200, ""),
        };
        assert_eq!(step.unwrap_err(), *expected, "{end:?}");
        assert!(answer(&mut login, 200, "").is_err());
    }
}

#[test]
fn request_mic_makes_a_mech_list_mic_a_must() {
    let (mut login, _) = of_ntlm();
    let asking = NegTokenResp { neg_state: Some(NegState::RequestMic), ..challenge(&timeless()) };
    let ours = sent(say(&mut login, 401, &asking)).mech_list_mic.unwrap();
    let mut server = NtlmSeal::server(test_vectors::SESSION_KEY);
    server.verify_mic(&hex(NTLM_LIST), ours.as_bytes()).unwrap();
    assert_eq!(answer(&mut login, 200, "").unwrap_err(), AuthError::Downgrade { what: "the mechListMIC" });
}

#[test]
fn a_server_that_signs_on_its_own_gets_our_mech_list_mic_once_and_alone() {
    let (mut login, _) = of_ntlm();
    assert_eq!(sent(say(&mut login, 401, &challenge(&timeless()))).mech_list_mic, None);
    let mut server = NtlmSeal::server(test_vectors::SESSION_KEY);
    let theirs = server.mic(&hex(NTLM_LIST)).unwrap();
    let waiting = NegTokenResp { mech_list_mic: octet(&theirs), ..resp(NegState::AcceptIncomplete) };
    let alone = leg(say(&mut login, 401, &waiting));
    assert!(!alone.proves && !alone.begins, "no second logon is counted");
    let alone = NegTokenResp::read(&bytes(&alone)).unwrap();
    assert_eq!(alone.response_token, None);
    server.verify_mic(&hex(NTLM_LIST), alone.mech_list_mic.unwrap().as_bytes()).unwrap();
    let sealed = seal(say(&mut login, 200, &resp(NegState::AcceptCompleted))).seal(b"<x/>").unwrap();
    assert_eq!(server.open(&sealed.signature, &sealed.ciphertext).as_deref(), Ok(&b"<x/>"[..]));
}

#[test]
fn a_server_that_takes_the_second_mechanism_must_sign_the_list_of_both() {
    let (mut login, first) = of_both(true);
    assert!(first.windows(7).any(|window| window == b"request"));
    let other = NegTokenResp { supported_mech: oid(NTLM), ..resp(NegState::RequestMic) };
    let negotiate = leg(say(&mut login, 401, &other));
    assert!(!negotiate.proves && !negotiate.begins);
    let negotiate = NegTokenResp::read(&bytes(&negotiate)).unwrap();
    assert_eq!(negotiate.response_token, octet(&hex(test_vectors::NEGOTIATE)));
    assert_eq!(negotiate.mech_list_mic, None);

    let further = NegTokenResp { supported_mech: None, ..challenge(&timeless()) };
    let proof = sent(say(&mut login, 401, &further));
    let list = hex("302206092a864882f71201020206092a864886f712010202060a2b06010401823702020a");
    let mut server = NtlmSeal::server(test_vectors::SESSION_KEY);
    server.verify_mic(&list, proof.mech_list_mic.unwrap().as_bytes()).unwrap();
    let mic = server.mic(&list).unwrap();
    seal(say(&mut login, 200, &last(&mic)));

    // Whoever only let the second one be chosen cannot sign for it.
    let (mut login, _) = of_both(true);
    sent(say(&mut login, 401, &other));
    sent(say(&mut login, 401, &further));
    let error = say(&mut login, 200, &resp(NegState::AcceptCompleted)).unwrap_err();
    assert_eq!(error, AuthError::Downgrade { what: "the mechListMIC" });
}

#[test]
fn a_mechanism_that_was_not_offered_or_a_second_choice_is_a_downgrade() {
    let expected = AuthError::Downgrade { what: "the mechanism that was offered" };
    let (mut login, _) = of_ntlm();
    let stranger =
        NegTokenResp { supported_mech: oid("1.2.840.113554.1.2.2"), ..resp(NegState::AcceptIncomplete) };
    assert_eq!(say(&mut login, 401, &stranger).unwrap_err(), expected);

    let (mut login, _) = of_both(true);
    sent(say(&mut login, 401, &NegTokenResp { supported_mech: oid(NTLM), ..resp(NegState::RequestMic) }));
    let back = NegTokenResp { supported_mech: oid("1.2.840.48018.1.2.2"), ..challenge(&timeless()) };
    assert_eq!(say(&mut login, 401, &back).unwrap_err(), expected);
}

#[test]
fn a_challenge_within_a_negotiation_must_not_drop_sign_or_seal() {
    for (at, bit, what) in [(20, 0x10, "SIGN"), (20, 0x20, "SEAL"), (23, 0x40, "KEY_EXCH")] {
        for sealed in [true, false] {
            let mut weak = hex(test_vectors::CHALLENGE);
            weak[at] &= !bit;
            let (mut login, _) = begun(vec![ntlm()], config(sealed, !sealed));
            assert_eq!(say(&mut login, 401, &challenge(&weak)).unwrap_err(), AuthError::Downgrade { what });
        }
    }
}

#[test]
fn a_401_after_the_proof_is_a_definite_refusal() {
    let refused = AuthError::Refused { user: r"Domain\User".into(), scheme: "ntlm" };
    for header in ["Negotiate", "", "Negotiate oQcwBaADCgEC", "Negotiate oQcwBaADCgEB"] {
        let (mut login, _) = of_ntlm();
        sent(say(&mut login, 401, &challenge(&hex(test_vectors::CHALLENGE))));
        assert_eq!(answer(&mut login, 401, header).unwrap_err(), refused, "{header}");
    }
}

#[test]
fn accept_completed_with_a_401_says_that_the_password_is_right() {
    let right = hex("010000007dd6da05648a73ae00000000");
    let not_authorized = AuthError::NotAuthorized { user: r"Domain\User".into(), scheme: "ntlm" };
    let wrong = AuthError::Downgrade { what: "the right mechListMIC" };
    for (end, expected) in [
        (resp(NegState::AcceptCompleted), &not_authorized),
        (last(&right), &not_authorized),
        (last(&[0; 16]), &wrong),
    ] {
        let (mut login, _) = of_ntlm();
        sent(say(&mut login, 401, &challenge(&hex(test_vectors::CHALLENGE))));
        assert_eq!(say(&mut login, 401, &end).unwrap_err(), *expected, "{end:?}");
        assert!(answer(&mut login, 200, "").is_err());
    }
}

#[test]
fn only_a_mech_list_mic_that_verifies_shows_in_the_exchange_that_the_server_accepted() {
    let (mut login, _) = of_ntlm();
    sent(say(&mut login, 401, &challenge(&hex(test_vectors::CHALLENGE))));
    assert!(!login.is_accepted());
    assert!(say(&mut login, 200, &last(&hex("010000007dd6da05648a73ae00000000"))).is_ok());
    assert!(login.is_accepted());
    let (mut login, _) = of_ntlm();
    sent(say(&mut login, 401, &challenge(&timeless())));
    assert!(answer(&mut login, 200, "").is_ok());
    assert!(!login.is_accepted());
}

#[test]
fn a_401_after_the_proof_is_a_refusal_whatever_its_token_is() {
    for header in ["Negotiate abc", "Negotiate TlRMTVNTUAACAAAA", "Negotiate oQcwBaADCgEE"] {
        let (mut login, _) = of_ntlm();
        sent(say(&mut login, 401, &challenge(&timeless())));
        let error = answer(&mut login, 401, header).unwrap_err();
        assert!(matches!(error, AuthError::Refused { .. }), "{header}: {error}");
    }
}

#[test]
fn a_no_before_any_credential_refuses_nobody() {
    for (status, header, is_reject) in [
        (401, "Negotiate oQcwBaADCgEC", true),
        (401, "Negotiate", false),
        (401, "Kerberos", false),
        (200, "", false),
    ] {
        let (mut login, _) = of_ntlm();
        let error = answer(&mut login, status, header).unwrap_err();
        let expected = if is_reject {
            matches!(error, AuthError::Rejected { offered: "ntlm" })
        } else {
            matches!(error, AuthError::NotOffered { .. })
        };
        assert!(expected, "{header}: {error}");
    }
}

#[test]
fn tickets_take_one_round_trip_and_need_the_servers_proof() {
    let proof = NegTokenResp {
        supported_mech: oid("1.2.840.113554.1.2.2"),
        response_token: octet(b"reply"),
        ..resp(NegState::AcceptCompleted)
    };
    let (mut login, _) = of_both(false);
    assert!(matches!(say(&mut login, 200, &proof), Ok(Step::Established(Protection::Connection))));

    let signed = |mic: &[u8]| NegTokenResp { mech_list_mic: octet(mic), ..proof.clone() };
    let (mut login, _) = of_both(false);
    assert!(say(&mut login, 200, &signed(b"their mic")).is_ok());
    let (mut login, _) = of_both(false);
    assert!(matches!(say(&mut login, 200, &signed(b"another")), Err(AuthError::Downgrade { .. })));

    let (mut login, _) = of_both(false);
    let error = say(&mut login, 200, &resp(NegState::AcceptCompleted)).unwrap_err();
    assert_eq!(error, AuthError::Downgrade { what: "the server's own proof" });

    for (header, with_token) in [("Negotiate", false), ("Negotiate oQ0wC6ADCgECogQEAm5v", true)] {
        let (mut login, _) = of_both(false);
        let error = answer(&mut login, 401, header).unwrap_err();
        assert_eq!(error, AuthError::Unusable { problem: format!("refused: {with_token}") });
    }
}

#[test]
fn tickets_and_request_mic_sign_both_ways_before_the_success() {
    let (mut login, _) = of_both(false);
    let asking = NegTokenResp {
        response_token: octet(b"reply"),
        mech_list_mic: octet(b"their mic"),
        ..resp(NegState::RequestMic)
    };
    let ours = sent(say(&mut login, 401, &asking));
    assert_eq!((ours.response_token, ours.mech_list_mic), (None, octet(b"our mic")));
    assert!(say(&mut login, 200, &resp(NegState::AcceptCompleted)).is_ok());
}

#[test]
fn over_tls_the_first_token_waits_for_the_certificate() {
    let mut login = Spnego::new(vec![Box::new(Tickets { has_one: true }), ntlm()], config(false, true));
    assert!(leg(login.step(None)).authorization.is_none());
    let challenges = Challenges::parse(["Negotiate"]);
    let answer = Answer { status: 401, challenges: &challenges, server_certificate: Some(b"certificate") };
    let first = bytes(&leg(login.step(Some(&answer))));
    assert!(first.windows(18).any(|window| window == b"requestcertificate"));
}

#[test]
fn without_a_ticket_only_ntlm_is_offered_and_nothing_if_that_is_forbidden() {
    let (_, first) = begun(vec![Box::new(Tickets { has_one: false }), ntlm()], config(true, false));
    assert_eq!(first, of_ntlm().1);
    let mut alone = Spnego::new(vec![Box::new(Tickets { has_one: false })], config(true, false));
    assert_eq!(alone.step(None).unwrap_err(), AuthError::Unusable { problem: "no ticket".to_owned() });
}

#[test]
fn tokens_that_break_the_protocol_are_malformed() {
    let with_token =
        NegTokenResp { response_token: octet(b"x"), supported_mech: oid(NTLM), ..resp(NegState::RequestMic) };
    let (mut login, _) = of_both(true);
    assert!(matches!(say(&mut login, 401, &with_token), Err(AuthError::Malformed { .. })));
    for header in ["Negotiate abc", "Negotiate TlRMTVNTUAACAAAA", "Negotiate oQcwBaADCgEE", "Negotiate YAA="]
    {
        let (mut login, _) = of_ntlm();
        let error = answer(&mut login, 401, header).unwrap_err();
        assert!(matches!(error, AuthError::Malformed { scheme: "negotiate", .. }), "{header}: {error}");
    }
    for state in [NegState::AcceptIncomplete, NegState::Reject, NegState::RequestMic] {
        let (mut login, _) = of_ntlm();
        sent(say(&mut login, 401, &challenge(&timeless())));
        assert!(matches!(say(&mut login, 200, &resp(state)), Err(AuthError::Malformed { .. })), "{state:?}");
    }
}

#[test]
fn a_mic_that_is_the_token_again_is_passed_over() {
    let (mut login, _) = of_ntlm();
    let bytes = hex(test_vectors::CHALLENGE);
    let doubled = NegTokenResp { mech_list_mic: octet(&bytes), ..challenge(&bytes) };
    assert!(sent(say(&mut login, 401, &doubled)).mech_list_mic.is_some());
}

#[test]
fn debug_shows_no_secret() {
    let (mut login, _) = of_ntlm();
    sent(say(&mut login, 401, &challenge(&hex(test_vectors::CHALLENGE))));
    let shown = format!("{login:?}").replace("shown: Password", "");
    assert!(!shown.contains("Password") && !shown.contains("85"), "{shown}");
}
