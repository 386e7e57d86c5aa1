//! Ids that look drawn at random and are the same in every run.

use uuid::Uuid;

/// A deterministic stream of GUIDs (SplitMix64), so that a world is a value that tests can compare.
#[derive(Clone, Debug)]
pub(super) struct Guids {
    state: u64,
}

impl Guids {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(super) fn next_guid(&mut self) -> Uuid {
        let (high, low) = (self.next_number(), self.next_number());
        uuid::Builder::from_random_bytes(((u128::from(high) << 64) | u128::from(low)).to_be_bytes())
            .into_uuid()
    }

    pub(super) fn next_number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// Spells a GUID as Windows does: dashed capitals.
pub(super) fn upper(guid: Uuid) -> String {
    let mut buffer = Uuid::encode_buffer();
    guid.hyphenated().encode_upper(&mut buffer).to_owned()
}
