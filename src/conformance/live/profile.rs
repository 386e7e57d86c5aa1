//! Where a generation of servers is known not to do as the specifications say.

use super::verdict::Verdict;
use crate::session::WildcardPattern;
use crate::simulator::Profile;

/// One thing that is known of a generation.
struct Deviation {
    profiles: &'static [Profile],
    /// The checks, as patterns of ids.
    checks: &'static [&'static str],
    known: &'static str,
}

const DEVIATIONS: &[Deviation] = &[
    Deviation {
        profiles: &[Profile::Windows2008R2],
        checks: &["shells/proposed-id", "shells/id-in-use", "shells/id-no-guid"],
        known: "WinRM 2.0 gives each shell an id of its own",
    },
    Deviation {
        profiles: &[Profile::Windows2008R2],
        checks: &["shells/name"],
        known: "shells of WinRM 2.0 have no name",
    },
    Deviation {
        profiles: &[Profile::Windows2008R2],
        checks: &["shells/command-listed", "enumerate/commands-*"],
        known: "WinRM 2.0 does not list commands",
    },
    Deviation {
        profiles: &[Profile::Omi],
        checks: &[
            "http/unauthorized",
            "http/challenge",
            "http/known-scheme",
            "http/no-token-unasked",
            "http/persistent",
            "http/media-type",
            "http/unsupported-media-type",
            "authentication/per-connection",
            "identify/anonymous",
            "identify/without-header",
            "identify/no-profiles",
            "identify/no-version",
        ],
        known: "OMI does not answer a request without Authorization",
    },
    Deviation {
        profiles: &[Profile::Omi],
        checks: &["http/path", "http/method", "http/unknown-scheme"],
        known: "OMI takes any path, and answers nothing else",
    },
    Deviation {
        profiles: &[Profile::Exchange],
        checks: &["quotas/*"],
        known: "an endpoint of IIS does not serve the configuration of the service",
    },
    Deviation {
        profiles: &[Profile::Omi],
        checks: &["identify/namespace"],
        known: "OMI puts IdentifyResponse into SOAP's namespace",
    },
    Deviation {
        profiles: &[Profile::Omi],
        checks: &[
            "addressing/no-*",
            "addressing/unknown-*",
            "addressing/*-elsewhere",
            "must-understand/true",
            "must-understand/one",
            "must-understand/before-the-operation",
            "must-understand/locale",
            "faults/detail",
            "faults/number*",
            "faults/machine",
            "limits/*",
            "get/*",
            "signal/*",
            "delete/*",
            "quotas/*",
            "enumerate/*",
            "addressing/relates-to",
            "addressing/action",
        ],
        known: "OMI has faults of its own, which have no codes of Windows and often no subcode of the protocol",
    },
    Deviation {
        profiles: &[Profile::Omi],
        checks: &["shells/*"],
        known: "shells of OMI's PowerShell provider are no command shells, and differ in their faults",
    },
    Deviation {
        profiles: &[Profile::Omi],
        checks: &["encryption/tabs"],
        known: "OMI closes the connection at a frame with tabs",
    },
];

fn matches(pattern: &str, id: &str) -> bool {
    WildcardPattern::new(pattern).is_ok_and(|pattern| pattern.matches(id))
}

/// The verdict as it counts for a server of this generation.
pub(super) fn allowed_for(profile: Option<Profile>, id: &str, verdict: Verdict) -> Verdict {
    let Verdict::Failed(seen) = verdict else { return verdict };
    let known = profile.and_then(|profile| {
        let mut rows = DEVIATIONS.iter().filter(|row| row.profiles.contains(&profile));
        rows.find(|row| row.checks.iter().any(|pattern| matches(pattern, id)))
    });
    match known {
        Some(row) => Verdict::Deviates(format!("{seen}: {}", row.known)),
        None => Verdict::Failed(seen),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::live::checks;

    #[test]
    fn each_deviation_names_checks_that_there_are() {
        for pattern in DEVIATIONS.iter().flat_map(|row| row.checks) {
            assert!(checks().any(|check| matches(pattern, check.id)), "{pattern}");
        }
    }

    #[test]
    fn only_a_failure_of_the_chosen_generation_is_allowed() {
        let failed = || Verdict::Failed("another id".to_owned());
        let allowed = allowed_for(Some(Profile::Windows2008R2), "shells/proposed-id", failed());
        assert_eq!(allowed.as_str(), "deviates");
        assert!(allowed_for(Some(Profile::Windows2016), "shells/proposed-id", failed()).is_failure());
        assert!(allowed_for(None, "shells/proposed-id", failed()).is_failure());
        let passed = Verdict::Passed("the proposed id".to_owned());
        assert_eq!(allowed_for(Some(Profile::Windows2008R2), "shells/proposed-id", passed.clone()), passed);
    }
}
