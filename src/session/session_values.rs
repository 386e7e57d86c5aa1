//! Reads what names single sessions without saying of what kind each name is: Ids, ranges of Ids and instance ids.

use super::error::QueryError;
use super::parse::{parse_guid, parse_id_range};
use super::selector::Selector;

/// Reads what names single sessions: local numbers, ranges of them, and instance ids, each text a value or several with
/// commas between them. The selector picks in the order of the values.
///
/// ```
/// # use pssession::session::{IdRange, Selector, parse_session_values};
/// let ids = vec![IdRange::single(3), IdRange { first: 7, last: 9 }];
/// assert_eq!(parse_session_values(&["3", "7..9"]), Ok(Selector::Id(ids)));
/// ```
///
/// # Errors
/// [`QueryError::Value`] quotes the item that is neither.
pub fn parse_session_values(texts: &[impl AsRef<str>]) -> Result<Selector, QueryError> {
    let mut selectors: Vec<Selector> = Vec::new();
    let mut add = |item: &str| -> Result<(), QueryError> {
        match (parse_session_value(item)?, selectors.last_mut()) {
            (Selector::Id(more), Some(Selector::Id(ids))) => ids.extend(more),
            (Selector::InstanceId(more), Some(Selector::InstanceId(guids))) => guids.extend(more),
            (selector, _) => selectors.push(selector),
        }
        Ok(())
    };
    for text in texts.iter().map(AsRef::as_ref) {
        // There is a form of a GUID with commas.
        match parse_guid(text) {
            Ok(_) => add(text)?,
            Err(_) => text.split(',').try_for_each(&mut add)?,
        }
    }
    Ok(match selectors.len() {
        1 => selectors.remove(0),
        _ => Selector::AnyOf(selectors),
    })
}

fn parse_session_value(item: &str) -> Result<Selector, QueryError> {
    if let Ok(guid) = parse_guid(item) {
        return Ok(Selector::InstanceId(vec![guid]));
    }
    parse_id_range(item).map(|ids| Selector::Id(vec![ids])).map_err(|_| {
        QueryError::value(
            item,
            "an Id, a range of Ids or an instance id",
            "write whole numbers, ranges such as 4..7, and GUIDs as `get` shows them",
        )
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::session::IdRange;

    const GUID: Uuid = Uuid::from_u128(0xfc4e9dfa_f246_452d_9fa3_1adbdd64ae85);

    #[test]
    fn single_sessions_are_named_by_ids_and_guids_in_any_order() {
        let ids = |ids: &[(i64, i64)]| {
            Selector::Id(ids.iter().map(|&(first, last)| IdRange { first, last }).collect())
        };
        let guids = Selector::InstanceId(vec![GUID]);
        let braces = "{0xfc4e9dfa,0xf246,0x452d,{0x9f,0xa3,0x1a,0xdb,0xdd,0x64,0xae,0x85}}";
        for (texts, selector) in [
            (&["3", "5", "7..9"][..], ids(&[(3, 3), (5, 5), (7, 9)])),
            (&["1,4..7"], ids(&[(1, 1), (4, 7)])),
            (&["fc4e9dfaf246452d9fa31adbdd64ae85"], guids.clone()),
            (&[braces], guids.clone()),
            (
                &["3,fc4e9dfa-f246-452d-9fa3-1adbdd64ae85", "5"],
                Selector::AnyOf(vec![ids(&[(3, 3)]), guids, ids(&[(5, 5)])]),
            ),
        ] {
            assert_eq!(parse_session_values(texts), Ok(selector), "{texts:?}");
        }
        for (texts, item) in [(&["3", "web01"][..], "web01"), (&["3,"], ""), (&["fc4e9dfa"], "fc4e9dfa")] {
            match parse_session_values(texts) {
                Err(QueryError::Value { text, .. }) => assert_eq!(text, item),
                other => panic!("{texts:?} gave {other:?}"),
            }
        }
    }
}
