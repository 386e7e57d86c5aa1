//! The questions asked of a [`Fault`], so that nobody compares codes or, worse, texts.
//!
//! A code that we know decides alone. Without one, and with one that we do not know, the standard's words decide:
//! the subcode and the fault detail (DSP0226 14.6, Master faults).

use super::fault::Fault;
use super::fault_code::{FaultGroup, explain};

impl Fault {
    /// The shell (or command) that the request named is not there, or is closing: success for a Signal or Delete,
    /// once a listing agrees. Also 995 and 1223: the wait was cut short because the shell was closed. Not so
    /// 2150858752, which may as well mean a [wrong resource](Self::is_wrong_resource).
    #[must_use]
    pub fn is_shell_gone(&self) -> bool {
        // A request that names no shell, or two, gets the same subcode, but its shell may well be there.
        let ours = ["InsufficientSelectors", "DuplicateSelectors", "AmbiguousSelectors"];
        self.speaks_of(GONE) && !self.detail.as_deref().is_some_and(|detail| ours.contains(&detail))
    }

    /// The server knows no shell (or command) with that id: 2150858843, and no other way of being
    /// [gone](Self::is_shell_gone).
    #[must_use]
    pub fn is_no_such_shell(&self) -> bool {
        self.is_shell_gone() && self.speaks_of(NO_SUCH_SHELL)
    }

    /// The resource URI was refused: the endpoint is unregistered or renamed; the generic shell URI may do.
    #[must_use]
    pub fn is_wrong_resource(&self) -> bool {
        self.speaks_of(WRONG_RESOURCE)
    }

    /// The server does not offer the operation, or finds the request wrong.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        self.group() == Some(FaultGroup::Unsupported) || self.speaks_of(UNSUPPORTED)
    }

    /// A time limit ran out (2150858793, subcode `TimedOut`): the operation may still complete. Not
    /// [retryable](Self::is_retryable) as such: what only reads may be sent again, a Delete is verified first.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.speaks_of(TIMEOUT)
    }

    /// A quota is full.
    #[must_use]
    pub fn is_quota(&self) -> bool {
        self.group() == Some(FaultGroup::Quota) || self.speaks_of(QUOTA)
    }

    /// Access was denied to an authenticated user.
    #[must_use]
    pub fn is_access_denied(&self) -> bool {
        self.speaks_of(ACCESS_DENIED)
    }

    /// The login itself was refused (wrong password, disabled or locked account): never try it again.
    #[must_use]
    pub fn is_logon_failure(&self) -> bool {
        self.speaks_of(LOGON_FAILURE)
    }

    /// The same request may succeed a little later: busy, an operation quota, a restart.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.speaks_of(RETRYABLE)
    }

    /// The enumeration context is no longer known: enumerate again.
    #[must_use]
    pub fn is_stale_context(&self) -> bool {
        self.speaks_of(STALE_CONTEXT)
    }

    /// The shell is disconnected or bound to another client; a Delete through the generic URI may still do.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        self.speaks_of(DISCONNECTED)
    }

    /// The answer would have been too large: ask for fewer items at a time.
    #[must_use]
    pub fn is_envelope_too_large(&self) -> bool {
        self.speaks_of(ENVELOPE_TOO_LARGE)
    }

    /// The server refuses to promise answers as large as `MaxEnvelopeSize` allows: ask for 153,600 bytes.
    #[must_use]
    pub fn is_envelope_size_refused(&self) -> bool {
        self.speaks_of(ENVELOPE_SIZE_REFUSED)
    }

    /// The operation succeeded, and only its answer could not be given: success.
    #[must_use]
    pub fn is_unreportable_success(&self) -> bool {
        self.speaks_of(UNREPORTABLE_SUCCESS)
    }

    /// What the code is about; `None` without a code, or with one that the table lacks.
    #[must_use]
    pub fn group(&self) -> Option<FaultGroup> {
        self.code.and_then(explain).map(|row| row.group)
    }

    fn speaks_of(&self, subject: Subject) -> bool {
        if let Some(code) = self.code {
            if subject.codes.contains(&code.normalized().0) {
                return true;
            }
            if explain(code).is_some() {
                return false;
            }
        }
        let words = [self.subcode.as_deref(), self.detail.as_deref()];
        words.into_iter().flatten().any(|word| subject.words.contains(&word))
    }
}

/// What one question looks for: normalised codes, and subcodes or details for a fault without a known code.
#[derive(Clone, Copy)]
struct Subject {
    codes: &'static [u32],
    words: &'static [&'static str],
}

const NO_SUCH_SHELL: Subject = Subject { codes: &[2_150_858_843], words: GONE.words };

const GONE: Subject = Subject {
    codes: &[
        2_150_858_843, // no shell or command with that id
        995,
        1223,
        2_150_859_082, // shell being closed
        2_150_859_087, // command being closed
        2_150_859_212, // command terminated
        2_150_859_034, // selectors match nothing known
        2_152_991_676, // PowerShell endpoint lost the shell
        2_152_991_677, // PowerShell endpoint lost the command
        2_152_992_673, // PowerShell endpoint is closing it
    ],
    words: &["InvalidSelectors", "UnexpectedSelectors"],
};

const WRONG_RESOURCE: Subject = Subject {
    codes: &[2_150_858_811, 2_150_858_754, 2_150_858_801, 2_150_858_752],
    words: &["InvalidResourceURI", "ActionMismatch"],
};

const UNSUPPORTED: Subject =
    Subject { codes: &[], words: &["ActionNotSupported", "UnsupportedFeature", "DestinationUnreachable"] };

const TIMEOUT: Subject =
    Subject { codes: &[2_150_858_793, 2_150_858_780, 2_150_859_046, 2_150_859_228], words: &["TimedOut"] };

const QUOTA: Subject = Subject { codes: &[2_150_858_815], words: &["QuotaLimit"] };

const ACCESS_DENIED: Subject = Subject { codes: &[5], words: &["AccessDenied"] };

/// From `ERROR_LOGON_FAILURE` on: account restriction, logon hours, workstation, password expired, account disabled;
/// then: password must change, account locked out.
const LOGON_FAILURE: Subject =
    Subject { codes: &[1326, 1327, 1328, 1329, 1330, 1331, 1907, 1909], words: &[] };

const RETRYABLE: Subject = Subject {
    codes: &[
        2_150_858_802, // concurrency
        2_150_858_815, // service busy
        2_150_858_772, // resource offline
        2_150_859_177, // token changed
        2_150_859_258, // service restarted
        2_150_858_904, // client session closing
        1115,          // host shutting down
        1722,          // host process did not answer
        14,            // out of memory
        2_150_859_174, // operations of the user
        2_150_859_175, // load of the user
        2_150_859_176, // load of the system
        2_150_859_239, // operations of the endpoint
        2_150_859_240, // operations of the user at the endpoint
        2_150_859_242, // endpoint lacks resources
        1311,          // no domain controller
        2_150_858_770, // unreachable
        2_150_859_026, // HTTP 503
        2_150_859_001, // encryption out of step
        2_150_858_755, // plugin failed
        2_150_858_883, // plugin gave nothing
        1018,          // profile being unloaded
    ],
    words: &["QuotaLimit", "Concurrency", "EndpointUnavailable"],
};

const STALE_CONTEXT: Subject =
    Subject { codes: &[2_150_858_779, 2_150_858_759], words: &["InvalidEnumerationContext"] };

const DISCONNECTED: Subject = Subject {
    codes: &[2_150_859_204, 2_150_859_206, 2_150_859_213, 2_150_859_214, 2_150_859_215, 2_150_859_230],
    words: &[],
};

const ENVELOPE_TOO_LARGE: Subject = Subject {
    codes: &[2_150_858_824, 2_150_858_825, 2_150_858_790],
    words: &["MaxEnvelopeSizeExceeded", "ServiceEnvelopeLimit"],
};

const ENVELOPE_SIZE_REFUSED: Subject = Subject { codes: &[2_150_858_823], words: &["MaxEnvelopeSize"] };

const UNREPORTABLE_SUCCESS: Subject = Subject { codes: &[], words: &["UnreportableSuccess"] };

#[cfg(test)]
mod tests {
    use super::super::fault_code::FaultCode;
    use super::super::fault_table::FAULTS;
    use super::*;

    fn fault(code: Option<u32>, subcode: Option<&str>, detail: Option<&str>) -> Fault {
        Fault {
            code: code.map(FaultCode),
            sender: "Sender".to_owned(),
            subcode: subcode.map(Box::from),
            detail: detail.map(Box::from),
            reason: String::new(),
            machine: None,
            provider: None,
        }
    }

    /// The names of all questions that are answered with yes.
    fn answers(fault: &Fault) -> String {
        let questions = [
            ("gone", fault.is_shell_gone()),
            ("unknown", fault.is_no_such_shell()),
            ("resource", fault.is_wrong_resource()),
            ("timeout", fault.is_timeout()),
            ("quota", fault.is_quota()),
            ("denied", fault.is_access_denied()),
            ("logon", fault.is_logon_failure()),
            ("retry", fault.is_retryable()),
            ("stale", fault.is_stale_context()),
            ("disconnected", fault.is_disconnected()),
            ("large", fault.is_envelope_too_large()),
            ("size", fault.is_envelope_size_refused()),
            ("success", fault.is_unreportable_success()),
        ];
        let yes: Vec<_> = questions.iter().filter(|question| question.1).map(|question| question.0).collect();
        yes.join(" ")
    }

    #[test]
    fn the_codes_answer_the_questions_as_the_specification_says() {
        let rows = [
            (2_150_858_843, "gone unknown"),
            (995, "gone"),
            (0x8007_03E3, "gone"),
            (1223, "gone"),
            (2_150_858_752, "resource"),
            (2_150_858_811, "resource"),
            (2_150_858_754, "resource"),
            (2_150_858_801, "resource"),
            (2_150_858_793, "timeout"),
            (2_150_858_780, "timeout"),
            (2_150_859_173, "quota"),
            (2_150_859_236, "quota"),
            (2_150_859_174, "quota retry"),
            (2_150_858_815, "quota retry"),
            (2_150_858_802, "retry"),
            (5, "denied"),
            (0x8007_0005, "denied"),
            (1326, "logon"),
            (1331, "logon"),
            (1909, "logon"),
            (1330, "logon"),
            (1018, "retry"),
            (2_147_943_418, "retry"),
            (2_150_858_779, "stale"),
            (2_150_858_759, "stale"),
            (2_150_859_204, "disconnected"),
            (2_150_859_213, "disconnected"),
            (2_150_858_824, "large"),
            (2_150_858_825, "large"),
            (2_150_858_823, "size"),
            (87, ""),
            (4_000_000_000, ""),
        ];
        for (code, expected) in rows {
            assert_eq!(answers(&fault(Some(code), None, None)), expected, "{code}");
        }
    }

    #[test]
    fn without_a_code_the_subcode_and_the_detail_decide() {
        let rows = [
            ("InvalidSelectors", "UnexpectedSelectors", "gone unknown"),
            ("InvalidSelectors", "InsufficientSelectors", ""),
            ("DestinationUnreachable", "InvalidResourceURI", "resource"),
            ("AccessDenied", "", "denied"),
            ("QuotaLimit", "", "quota retry"),
            ("Concurrency", "", "retry"),
            ("EndpointUnavailable", "", "retry"),
            ("TimedOut", "", "timeout"),
            ("InvalidEnumerationContext", "", "stale"),
            ("EncodingLimit", "MaxEnvelopeSizeExceeded", "large"),
            ("EncodingLimit", "MaxEnvelopeSize", "size"),
            ("DeliveryRefused", "UnreportableSuccess", "success"),
            ("InternalError", "", ""),
        ];
        for (subcode, detail, expected) in rows {
            let fault = fault(None, Some(subcode), Some(detail));
            assert_eq!(answers(&fault), expected, "{subcode} {detail}");
        }
    }

    #[test]
    fn a_known_code_outweighs_the_words_and_an_unknown_one_does_not() {
        assert_eq!(answers(&fault(Some(87), Some("TimedOut"), None)), "");
        assert_eq!(answers(&fault(Some(4_000_000_000), Some("AccessDenied"), None)), "denied");
    }

    #[test]
    fn no_fault_is_both_gone_and_worth_a_retry() {
        for row in FAULTS {
            let fault = fault(Some(row.code.0), None, None);
            assert!(
                !(fault.is_shell_gone() && (fault.is_retryable() || fault.is_wrong_resource())),
                "{}",
                row.code
            );
        }
    }

    #[test]
    fn every_code_in_a_question_is_explained_or_a_logon_failure() {
        let subjects = [
            GONE,
            NO_SUCH_SHELL,
            WRONG_RESOURCE,
            TIMEOUT,
            QUOTA,
            ACCESS_DENIED,
            RETRYABLE,
            STALE_CONTEXT,
            DISCONNECTED,
            ENVELOPE_TOO_LARGE,
            ENVELOPE_SIZE_REFUSED,
        ];
        for code in subjects.iter().flat_map(|subject| subject.codes) {
            assert!(explain(FaultCode(*code)).is_some(), "{code}");
        }
    }
}
