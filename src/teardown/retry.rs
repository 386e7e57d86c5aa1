//! When a request that was turned away is sent again (pure: the jitter is an argument).

use std::time::Duration;

/// How often one request is repeated: three waits of together about two seconds outlast a short overload.
pub const MAX_RETRIES: u32 = 3;
/// The first wait.
const FIRST_DELAY: Duration = Duration::from_millis(250);
/// The longest wait, also when the server asks for more: the session's own deadline must not be slept away.
const MAX_DELAY: Duration = Duration::from_secs(8);

/// A random number for one wait, drawn by the caller: 0 shortens it by half, [`u16::MAX`] lengthens it by half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Jitter(pub(super) u16);

impl Jitter {
    /// No deviation.
    #[cfg_attr(not(any(feature = "client", test)), expect(dead_code, reason = "only the engine asks"))]
    pub(super) const NONE: Self = Self(1 << 15);
}

/// Doubling waits with a bound, for connect errors, 503 and operation quotas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    max_retries: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { max_retries: MAX_RETRIES }
    }
}

impl RetryPolicy {
    /// How often one request is repeated; zero means never. Default: 3 ([`MAX_RETRIES`]).
    #[must_use]
    pub fn with_max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// How long to wait after `retries` repetitions, or `None` to give up. What the server asked for
    /// (`Retry-After`) is the least, within the longest wait.
    #[must_use]
    pub(super) fn delay(
        &self,
        retries: u32,
        retry_after: Option<Duration>,
        jitter: Jitter,
    ) -> Option<Duration> {
        if retries >= self.max_retries {
            return None;
        }
        let doubled = FIRST_DELAY.saturating_mul(1_u32.checked_shl(retries).unwrap_or(u32::MAX));
        let permille = 500 + u32::from(jitter.0) * 1_000 / (1 << 16);
        let jittered = doubled.min(MAX_DELAY).saturating_mul(permille) / 1_000;
        Some(jittered.max(retry_after.unwrap_or_default()).min(MAX_DELAY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap_and_end_after_the_last_retry() {
        let policy = RetryPolicy::default().with_max_retries(8);
        let waits: Vec<_> = (0..9).map(|retry| policy.delay(retry, None, Jitter::NONE)).collect();
        let expected =
            [250, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000].map(|ms| Some(Duration::from_millis(ms)));
        assert_eq!(waits[..8], expected);
        assert_eq!(waits[8], None);
        assert_eq!(RetryPolicy::default().delay(3, None, Jitter::NONE), None);
    }

    #[test]
    fn jitter_is_half_up_or_half_down() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.delay(0, None, Jitter(0)), Some(Duration::from_millis(125)));
        let most = policy.delay(0, None, Jitter(u16::MAX)).unwrap();
        assert!(most > Duration::from_millis(370) && most <= Duration::from_millis(375), "{most:?}");
    }

    #[test]
    fn retry_after_is_the_least_wait_and_the_cap_the_most() {
        let policy = RetryPolicy::default();
        let second = Duration::from_secs(1);
        assert_eq!(policy.delay(0, Some(second), Jitter::NONE), Some(second));
        assert_eq!(policy.delay(0, Some(second * 3_600), Jitter(u16::MAX)), Some(MAX_DELAY));
    }
}
