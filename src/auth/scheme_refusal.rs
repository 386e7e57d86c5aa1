//! Why an authentication scheme may not be used.

/// Why a scheme may not be used here. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemeRefusal {
    /// It sends the password itself, and the way is plain HTTP.
    #[error("Basic over plain HTTP exposes the password on the network")]
    PasswordInClear,
    /// It cannot seal bodies, and the way is plain HTTP.
    #[error("it cannot encrypt messages")]
    BodiesInClear,
    /// The policy forbids NTLM.
    #[error("NTLM is disabled, and no other mechanism is left")]
    NtlmDisabled,
    /// This build lacks it.
    #[error("this build does not include {}", .0.mechanism)]
    NotBuilt(&'static MissingFeature),
}

/// What a build lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingFeature {
    /// What is missing.
    pub mechanism: &'static str,
    /// The feature of this package that adds it.
    pub feature: &'static str,
    /// What a build with that feature needs of the machine, if it needs anything.
    pub needs: Option<&'static str>,
}
