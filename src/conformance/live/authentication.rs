//! How the endpoint lets somebody log in. Every token but those of the one login belongs to no account: nothing here
//! counts as a failed logon.

use super::ask::{Ask, Facts, Over};
use super::check::{LiveCheck, Needs};
use super::envelope::{Envelope, OPTIMIZED};
use super::ntlm_challenge::{
    EOL, NB_COMPUTER_NAME, NB_DOMAIN_NAME, NEEDED, NtlmChallenge, TIMESTAMP, decode, in_spnego, raw,
    unknown_mechanism,
};
use super::seen::{Seen, name};
use super::verdict::{Next, Or, failed, judged, passed, reported, skipped};
use crate::conformance::section::{Section, section};

const PROCESS: Section = section("RFC 4559", "4", "HTTP Negotiate Authentication Scheme");
const CHALLENGE: Section = section("MS-NLMP", "2.2.1.2", "CHALLENGE_MESSAGE");
const AV_PAIR: Section = section("MS-NLMP", "2.2.2.1", "AV_PAIR");
const RESPONSE: Section = section("RFC 4178", "4.2.2", "negTokenResp");
const SECURITY: Section = section("MS-WSMV", "3.1.4.1.28", "Security");

pub(super) const CHECKS: &[LiveCheck] = &[
    LiveCheck::new(
        "authentication/login",
        "the credential of this run logs in",
        PROCESS,
        "the login is accepted",
        Needs::Login,
        login,
    ),
    LiveCheck::new(
        "authentication/per-connection",
        "a login holds for its connection alone",
        section("RFC 4559", "6", "Security Considerations"),
        "HTTP 401 on another connection",
        Needs::Login,
        per_connection,
    ),
    LiveCheck::new(
        "authentication/malformed-token",
        "a token that is none is refused",
        PROCESS,
        "HTTP 401 or 400",
        Needs::Nothing,
        malformed_token,
    ),
    LiveCheck::new(
        "authentication/ntlm-challenge",
        "NEGOTIATE is answered with CHALLENGE",
        CHALLENGE,
        "HTTP 401, Negotiate with a CHALLENGE_MESSAGE",
        Needs::Nothing,
        ntlm_challenge,
    ),
    LiveCheck::new(
        "authentication/ntlm-flags",
        "the challenge grants what sealing needs",
        section("MS-NLMP", "2.2.2.5", "NEGOTIATE"),
        "UNICODE, SIGN, SEAL, EXTENDED_SESSIONSECURITY, TARGET_INFO and 128, which NEGOTIATE asks for",
        Needs::Nothing,
        ntlm_flags,
    ),
    LiveCheck::new(
        "authentication/ntlm-target-info",
        "the challenge names the server and its domain",
        AV_PAIR,
        "MsvAvNbComputerName, MsvAvNbDomainName, and MsvAvEOL at the end",
        Needs::Nothing,
        ntlm_target_info,
    ),
    LiveCheck::new(
        "authentication/ntlm-timestamp",
        "the challenge has the time",
        AV_PAIR,
        "MsvAvTimestamp of 8 bytes, so that the client sends a MIC",
        Needs::Nothing,
        ntlm_timestamp,
    ),
    LiveCheck::new(
        "authentication/ntlm-nonce",
        "two challenges differ",
        CHALLENGE,
        "another ServerChallenge for each login",
        Needs::Nothing,
        ntlm_nonce,
    ),
    LiveCheck::new(
        "authentication/spnego-challenge",
        "a negotiation that offers NTLM goes on with NTLM",
        RESPONSE,
        "a negTokenResp that is not reject, with a CHALLENGE_MESSAGE or the choice of NTLM",
        Needs::Nothing,
        spnego_challenge,
    ),
    LiveCheck::new(
        "authentication/spnego-unknown-mechanism",
        "a negotiation that offers no known mechanism is rejected",
        RESPONSE,
        "an error status without a token, or with reject",
        Needs::Nothing,
        spnego_unknown_mechanism,
    ),
    LiveCheck::new(
        "authentication/principal",
        "which service principal a Kerberos login needs",
        section("RFC 4559", "4.1", "The WWW-Authenticate Response Header"),
        "open question: HTTP or HOST; log in with Kerberos, once with each service",
        Needs::Login,
        principal,
    ),
    LiveCheck::new(
        "authentication/unauthorized-account",
        "what an account gets that may log in and do nothing",
        SECURITY,
        "open question: HTTP 401 or a fault AccessDenied; run it as such an account",
        Needs::Login,
        unauthorized_account,
    ),
];

/// A request that begins a login.
fn begin(authorization: String) -> Ask {
    Ask::empty().authorization(authorization)
}

fn login(facts: &Facts, _: &[Seen]) -> Next {
    match &facts.login {
        Some(login) if login.encrypts => passed(format!("{}, messages are encrypted", login.scheme)),
        Some(login) => passed(login.scheme),
        None => skipped("this run does not log in"),
    }
}

fn per_connection(facts: &Facts, seen: &[Seen]) -> Next {
    match seen {
        [] => Envelope::get_absent(facts).ask().next(),
        [first] => {
            first.fault_if_any()?;
            Envelope::get_absent(facts).ask().over(Over::NoLogin).next()
        }
        [_, second, ..] => judged(second.answer()?.status == 401, second.describe()),
    }
}

fn malformed_token(_: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return begin("Negotiate AAAA".to_owned()).next() };
    judged([400, 401].contains(&first.answer()?.status), first.describe())
}

/// The token of an answer; without one NTLM cannot be judged.
fn token(seen: &Seen) -> Or<Vec<u8>> {
    let answer = seen.answer()?;
    match answer.challenges.token("Negotiate").map(decode) {
        None => skipped(format!("HTTP {} without a token: NTLM may be off", answer.status)),
        Some(None) => failed("the token is no base64"),
        Some(Some(token)) => Or::Continue(token),
    }
}

fn challenge_in(seen: &Seen) -> Or<NtlmChallenge> {
    match NtlmChallenge::read(&token(seen)?) {
        Some(challenge) => Or::Continue(challenge),
        None => failed("the token is no CHALLENGE_MESSAGE"),
    }
}

fn ntlm_challenge(_: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return begin(raw()).next() };
    let status = first.answer()?.status;
    challenge_in(first)?;
    judged(status == 401, format!("HTTP {status} with a CHALLENGE_MESSAGE"))
}

fn ntlm_flags(_: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return begin(raw()).next() };
    let flags = challenge_in(first)?.flags;
    let missing: Vec<&str> =
        NEEDED.iter().filter(|(flag, _)| flags & flag == 0).map(|(_, name)| *name).collect();
    match missing.as_slice() {
        [] => passed(format!("0x{flags:08X}")),
        missing => failed(format!("0x{flags:08X} lacks {}", missing.join(", "))),
    }
}

fn ntlm_target_info(_: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return begin(raw()).next() };
    let challenge = challenge_in(first)?;
    let named = |id| challenge.name(id).filter(|name| !name.is_empty());
    let ends = challenge.pairs.last().is_some_and(|(id, _)| *id == EOL);
    match (named(NB_COMPUTER_NAME), named(NB_DOMAIN_NAME)) {
        (Some(_), Some(_)) => judged(ends, if ends { "both names" } else { "no MsvAvEOL" }),
        (None, _) => failed("no MsvAvNbComputerName"),
        (_, None) => failed("no MsvAvNbDomainName"),
    }
}

fn ntlm_timestamp(_: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return begin(raw()).next() };
    match challenge_in(first)?.pair(TIMESTAMP) {
        Some(time) => judged(time.len() == 8, format!("MsvAvTimestamp of {} bytes", time.len())),
        None => failed("no MsvAvTimestamp"),
    }
}

fn ntlm_nonce(_: &Facts, seen: &[Seen]) -> Next {
    let [first, second, ..] = seen else { return begin(raw()).next() };
    let challenges = (challenge_in(first)?.server_challenge, challenge_in(second)?.server_challenge);
    judged(
        challenges.0 != challenges.1,
        if challenges.0 == challenges.1 { "twice the same" } else { "they differ" },
    )
}

fn spnego_challenge(_: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return begin(in_spnego()).next() };
    let status = first.answer()?.status;
    let token = token(first)?;
    if NtlmChallenge::read(&token).is_some() {
        return failed("a CHALLENGE_MESSAGE without a negTokenResp around it");
    }
    let is_response = token.first() == Some(&NEG_TOKEN_RESP) && !is_reject(&token);
    let names_ntlm = NtlmChallenge::find(&token).is_some() || holds(&token, NTLM_OID);
    judged(
        status == 401 && is_response && names_ntlm,
        if is_response { "a negTokenResp" } else { "no negTokenResp, or reject" },
    )
}

fn spnego_unknown_mechanism(_: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return begin(unknown_mechanism()).next() };
    let answer = first.answer()?;
    let token = answer.challenges.token("Negotiate").and_then(decode);
    let says = match &token {
        None => "no token",
        Some(token) if is_reject(token) => "reject",
        Some(_) => "a token that is not reject",
    };
    let is_refused = answer.status >= 400 && token.is_none_or(|token| is_reject(&token));
    judged(is_refused, format!("HTTP {}, {says}", answer.status))
}

fn principal(facts: &Facts, _: &[Seen]) -> Next {
    match &facts.login {
        Some(login) if login.scheme.to_ascii_lowercase().contains("kerberos") => {
            reported(format!("a Kerberos login as {} was accepted", facts.principal))
        }
        Some(login) => reported(format!(
            "the login was {}, which tells nothing; log in with Kerberos, once with the service HTTP and once with HOST",
            login.scheme
        )),
        None => skipped("this run does not log in"),
    }
}

fn unauthorized_account(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::enumerate(facts, OPTIMIZED).ask().next() };
    if first.answer()?.status == 401 {
        return reported("the login is accepted, and the first request is answered with HTTP 401");
    }
    match first.fault_if_any()? {
        Some(fault) if fault.is_access_denied() => {
            reported(format!("the login is accepted, and Enumerate is answered with fault {}", name(&fault)))
        }
        _ => reported(
            "this account may list shells; run it again as one that is in neither Administrators nor Remote \
             Management Users",
        ),
    }
}

/// The tag of a negTokenResp.
const NEG_TOKEN_RESP: u8 = 0xa1;
/// `negState` reject, in its field.
const REJECT: &[u8] = b"\xa0\x03\x0a\x01\x02";
/// 1.3.6.1.4.1.311.2.2.10.
const NTLM_OID: &[u8] = b"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a";

fn is_reject(token: &[u8]) -> bool {
    holds(token, REJECT)
}

fn holds(token: &[u8], part: &[u8]) -> bool {
    token.windows(part.len()).any(|found| found == part)
}
