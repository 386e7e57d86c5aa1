//! What one place of a pattern accepts, ignoring case: any unit, this one, or one of a set.

use std::ops::RangeInclusive;
use std::sync::LazyLock;

/// One place of a pattern. It takes exactly one UTF-16 unit, and is compared with units in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Any one unit.
    Any,
    /// This unit, in lower case.
    Unit(u16),
    /// One of these, in lower case.
    Set(Vec<RangeInclusive<u16>>),
}

impl Place {
    /// Whether it accepts a unit, which is given in lower case.
    pub(super) fn accepts(&self, lowered: u16) -> bool {
        match self {
            Self::Any => true,
            Self::Unit(wanted) => *wanted == lowered,
            Self::Set(ranges) => ranges.iter().any(|range| range.contains(&lowered)),
        }
    }

    /// What it accepts, as ranges of units in lower case.
    pub(super) fn ranges(&self) -> Vec<RangeInclusive<u16>> {
        match self {
            Self::Any => vec![0..=u16::MAX],
            Self::Unit(unit) => vec![*unit..=*unit],
            Self::Set(ranges) => ranges.clone(),
        }
    }
}

/// Adds to a set the units whose lower case is that of a unit in `written`.
pub(super) fn add_ignoring_case(set: &mut Vec<RangeInclusive<u16>>, written: RangeInclusive<u16>) {
    // What is not in lower case in it accepts nothing: only units in lower case are compared with it.
    set.push(written.clone());
    let from = CASED.partition_point(|(unit, _)| unit < written.start());
    let cased = CASED.iter().skip(from).take_while(|(unit, _)| unit <= written.end());
    let lowered = cased.map(|(_, lowered)| *lowered).filter(|lowered| !written.contains(lowered));
    set.extend(lowered.map(|lowered| lowered..=lowered));
}

/// The same units in as few ranges as hold them.
pub(super) fn merged(mut set: Vec<RangeInclusive<u16>>) -> Vec<RangeInclusive<u16>> {
    set.sort_unstable_by_key(|range| *range.start());
    set.dedup_by(|next, range| {
        let joins = range.end().checked_add(1).is_none_or(|behind| *next.start() <= behind);
        if joins {
            *range = *range.start()..=*range.end().max(next.end());
        }
        joins
    });
    set
}

/// The units that are not in lower case, in their order, each with its lower case.
static CASED: LazyLock<Vec<(u16, u16)>> = LazyLock::new(|| {
    let lowered = (0..=u16::MAX).map(|unit| (unit, lower(unit)));
    lowered.filter(|(unit, lowered)| unit != lowered).collect()
});

/// The lower case of a unit, where that is one unit; else the unit itself, as for half of a surrogate pair.
#[inline]
pub(super) fn lower(unit: u16) -> u16 {
    match unit {
        0x41..=0x5A => unit + ASCII_CASE_BIT,
        0x00..=0x7F => unit,
        _ => lower_beyond_ascii(unit).unwrap_or(unit),
    }
}

fn lower_beyond_ascii(unit: u16) -> Option<u16> {
    let mut mapping = char::from_u32(u32::from(unit))?.to_lowercase();
    let lowered = u16::try_from(u32::from(mapping.next()?)).ok()?;
    if mapping.next().is_none() { Some(lowered) } else { None }
}

const ASCII_CASE_BIT: u16 = 0x20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_case_is_its_own_lower_case() {
        let raised: Vec<u16> = (0..=u16::MAX).filter(|unit| lower(lower(*unit)) != lower(*unit)).collect();
        assert_eq!(raised, [0_u16; 0]);
    }

    #[test]
    fn a_range_accepts_what_shares_its_lower_case_with_a_unit_in_it() {
        for written in [0x41..=0x5A, 0x30..=0x61, 0x212A..=0x212A, 0x71..=0x212A, 0x01..=0x0432, 0xC0..=0xDE]
        {
            let mut set = Vec::new();
            add_ignoring_case(&mut set, written.clone());
            let place = Place::Set(merged(set));
            let inside: std::collections::HashSet<u16> = written.clone().map(lower).collect();
            for unit in 0..=u16::MAX {
                assert_eq!(
                    place.accepts(lower(unit)),
                    inside.contains(&lower(unit)),
                    "{written:?} {unit:#x}"
                );
            }
        }
    }
}
