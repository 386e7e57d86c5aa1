//! PowerShell's wildcards once more, read straight from their rules: every position of the pattern against every
//! position of the text, and every unit of a range one by one.

use std::collections::HashMap;
use std::sync::LazyLock;

enum Place {
    Star,
    Any,
    Unit(u16),
    Set(Vec<Member>),
}

/// From the first to the second unit, as written.
type Member = (u16, u16);

/// Whether a pattern covers a text; `None` if it is not valid.
pub(crate) fn matches(pattern: &str, text: &str) -> Option<bool> {
    let places = compile(pattern)?;
    // Which beginnings of the pattern cover what was read of the text so far.
    let mut covers = vec![false; places.len() + 1];
    covers[0] = true;
    skip_stars(&places, &mut covers);
    for unit in text.encode_utf16() {
        let mut next = vec![false; places.len() + 1];
        for (at, place) in places.iter().enumerate().filter(|(at, _)| covers[*at]) {
            match place {
                Place::Star => next[at] = true,
                place if accepts(place, unit) => next[at + 1] = true,
                _ => {}
            }
        }
        skip_stars(&places, &mut next);
        covers = next;
    }
    covers.last().copied()
}

/// A star may stand for nothing.
fn skip_stars(places: &[Place], covers: &mut [bool]) {
    for (at, place) in places.iter().enumerate() {
        if covers[at] && matches!(place, Place::Star) {
            covers[at + 1] = true;
        }
    }
}

fn accepts(place: &Place, unit: u16) -> bool {
    match place {
        Place::Star | Place::Any => true,
        Place::Unit(wanted) => lower(*wanted) == lower(unit),
        Place::Set(members) => {
            let same = SAME_LOWER.get(&lower(unit)).map_or(&[][..], Vec::as_slice);
            members.iter().any(|(first, last)| same.iter().any(|unit| (first..=last).contains(&unit)))
        }
    }
}

/// The units of each lower case.
static SAME_LOWER: LazyLock<HashMap<u16, Vec<u16>>> = LazyLock::new(|| {
    let mut same: HashMap<u16, Vec<u16>> = HashMap::new();
    for unit in 0..=u16::MAX {
        same.entry(lower(unit)).or_default().push(unit);
    }
    same
});

fn lower(unit: u16) -> u16 {
    let lowered: Vec<char> =
        char::from_u32(u32::from(unit)).map(|c| c.to_lowercase().collect()).unwrap_or_default();
    match lowered[..] {
        [one] => u16::try_from(u32::from(one)).unwrap_or(unit),
        _ => unit,
    }
}

fn compile(pattern: &str) -> Option<Vec<Place>> {
    let units: Vec<u16> = pattern.encode_utf16().collect();
    let is = |unit: u16, sign: u8| unit == u16::from(sign);
    let mut places = Vec::new();
    let mut at = 0;
    while at < units.len() {
        let unit = units[at];
        at += 1;
        if is(unit, b'*') {
            places.push(Place::Star);
        } else if is(unit, b'?') {
            places.push(Place::Any);
        } else if is(unit, b'`') && at < units.len() {
            places.push(Place::Unit(units[at]));
            at += 1;
        } else if is(unit, b'`') && units.len() == 1 {
            // Alone it is the empty pattern.
        } else if is(unit, b'[') {
            let mut content: Vec<(u16, bool)> = Vec::new();
            loop {
                let unit = *units.get(at)?;
                at += 1;
                if is(unit, b']') && !content.is_empty() {
                    break;
                }
                if is(unit, b'`') {
                    content.push((*units.get(at)?, false));
                    at += 1;
                } else {
                    content.push((unit, is(unit, b'-')));
                }
            }
            places.push(Place::Set(members(&content)?));
        } else {
            places.push(Place::Unit(unit));
        }
    }
    Some(places)
}

/// A dash with one unit on both sides makes a range of them, from left to right.
fn members(content: &[(u16, bool)]) -> Option<Vec<Member>> {
    let mut members = Vec::new();
    let mut at = 0;
    while at < content.len() {
        let (first, _) = content[at];
        let is_range = content.get(at + 1).is_some_and(|(_, is_dash)| *is_dash) && at + 2 < content.len();
        if is_range {
            let (last, _) = content[at + 2];
            if first > last || last == u16::from(b'[') {
                return None;
            }
            members.push((first, last));
            at += 3;
        } else {
            members.push((first, first));
            at += 1;
        }
    }
    Some(members)
}
