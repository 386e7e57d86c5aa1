//! Reading only what matters: what a query selects from the candidates is what it selects from everything.

use pssession::SessionDescriptor;
use pssession::session::{
    ComputerType, Filter, Selection, Selector, SessionQuery, WildcardPattern, parse_ids,
};
use pssession::store::{Origin, Row, RowMetadata, Rows, Store, StoreProblem, StoreReader};
use pssession::wsman::ShellId;
use rusqlite::Connection;
use uuid::Uuid;

use super::{Home, URL, at, ids, imported, listing, session, shells};

const DAY: u64 = 24 * 60 * 60;

fn patterns(texts: &[&str]) -> Vec<WildcardPattern> {
    texts.iter().map(|text| WildcardPattern::new(text).unwrap()).collect()
}

fn query(selectors: Vec<Selector>) -> SessionQuery {
    SessionQuery::new(selectors, Vec::new())
}

fn id(text: &str) -> Selector {
    Selector::Id(parse_ids(text).unwrap())
}

/// Four rows of each origin, with what each selector can look for.
fn filled(home: &Home) -> Store {
    let mut store = Store::open(home.table()).unwrap();
    let sessions = |origin: u128| {
        (0..4).map(move |number: u128| {
            let mut session = session("");
            session.shell_mut().shell_id = ShellId::from_guid(Uuid::from_u128(10 * origin + number));
            session.shell_mut().name =
                ["web-1", "WEB-2", "db", ""].get(usize::try_from(number).unwrap()).map(|name| (*name).into());
            session.computer_name = format!("host{number}").into();
            match number {
                0 => {
                    session.computer_type = ComputerType::VirtualMachine;
                    session.vm_id = Some(Uuid::from_u128(7));
                    session.vm_name = "lab".to_owned();
                }
                1 => {
                    session.computer_type = ComputerType::Container;
                    session.container_id = "c0ffee".to_owned();
                }
                _ => session.port = 5986,
            }
            session
        })
    };
    let listed: Vec<_> = sessions(0).collect();
    store.merge_listing(listing(0), &listed).unwrap();
    let mut rows: Vec<_> =
        sessions(1).map(|session| Row { session, note: RowMetadata::new(Origin::Imported) }).collect();
    store.import(&mut rows).unwrap();
    for session in sessions(2) {
        store.add_opened(&session, &RowMetadata::new(Origin::Opened)).unwrap();
    }
    store
}

/// What a query makes of these rows, by value.
fn outcome(query: &SessionQuery, rows: &Rows) -> (Vec<SessionDescriptor>, Selection) {
    let mut selection = query.select(rows.sessions());
    let chosen = selection.chosen.drain(..).map(|index| rows.sessions()[index].clone()).collect();
    (chosen, selection)
}

#[test]
fn a_query_selects_from_the_candidates_what_it_selects_from_all() {
    let home = Home::new();
    let _open = filled(&home);
    let reader = home.reader();
    let guids = |numbers: &[u128]| numbers.iter().copied().map(Uuid::from_u128).collect::<Vec<_>>();
    let selectors = [
        Selector::All,
        id("3"),
        id("12,99,7..5"),
        Selector::Name(patterns(&["web*", "gone", "db"])),
        Selector::ComputerName(patterns(&["HOST1", "host[23]", "mail"])),
        Selector::InstanceId(guids(&[12, 21, 99])),
        Selector::ContainerId(vec!["c0ffee".to_owned(), "C0FFEE".to_owned()]),
        Selector::VmId(guids(&[7, 8])),
        Selector::VmName(patterns(&["LAB", "gone*"])),
    ];
    let queries = selectors.iter().flat_map(|one| {
        let pairs = selectors.iter().map(|other| query(vec![one.clone(), other.clone()]));
        let narrowed = SessionQuery::new(vec![one.clone()], vec![Filter::Port(vec![5986])]);
        pairs.chain([query(vec![one.clone()]), narrowed])
    });
    for query in queries.chain([SessionQuery::default()]) {
        for origins in [&Origin::ALL[..], &Origin::CURRENT, &[Origin::Listed], &[]] {
            for now in [at(0), at(DAY + 1)] {
                let expected = outcome(&query, &reader.sessions(origins, now).unwrap());
                let candidates = reader.candidates(&query, origins, now).unwrap();
                assert_eq!(outcome(&query, &candidates), expected, "{query:?} among {origins:?}");
            }
        }
    }
}

/// So many that the table is walked, and not looked up row by row.
#[test]
fn many_rows_that_matter_are_the_same_ones() {
    let home = Home::new();
    let mut store = Store::open(home.table()).unwrap();
    let mut rows: Vec<_> = (0..12_000)
        .map(|number| {
            let mut row = imported(&format!("S{number}"), None);
            row.session.shell_mut().name = Some(if number % 10 == 3 { "db" } else { "web" }.into());
            row
        })
        .collect();
    store.import(&mut rows).unwrap();
    store.merge_listing(listing(0), &[session("listed")]).unwrap();
    let reader = home.reader();
    for selector in [Selector::Name(patterns(&["web"])), id("11900..50"), id("20..40"), Selector::All] {
        let query = query(vec![selector]);
        let expected = outcome(&query, &reader.sessions(&Origin::CURRENT, at(0)).unwrap());
        assert!(expected.0.len() > 10);
        let candidates = reader.candidates(&query, &Origin::CURRENT, at(0)).unwrap();
        assert_eq!(outcome(&query, &candidates), expected);
        assert_eq!(candidates.len(), expected.0.len());
    }
    assert_eq!(reader.count(&Origin::CURRENT, at(0)).unwrap(), 12_000);
}

#[test]
fn rows_that_do_not_matter_are_not_read() {
    let home = Home::new();
    drop(filled(&home));
    Connection::open(home.table())
        .unwrap()
        .execute("UPDATE session SET commands = 'no list' WHERE id <> 5", [])
        .unwrap();
    let reader = home.reader();
    let damaged = reader.all(at(0)).unwrap_err();
    assert_eq!(damaged.problem(), &StoreProblem::Corrupt);
    let found = |selectors| ids(&reader.candidates(&query(selectors), &Origin::ALL, at(0)).unwrap());
    assert_eq!(found(vec![id("5")]), [5]);
    assert_eq!(found(vec![Selector::InstanceId(vec![Uuid::from_u128(10)])]), [5]);
    let by_name = vec![Selector::Name(patterns(&["web-1"])), id("5")];
    assert!(reader.candidates(&query(by_name), &Origin::ALL, at(0)).is_err(), "a witness of web-1 is read");
}

#[test]
fn counting_agrees_with_reading() {
    let home = Home::new();
    assert_eq!(home.reader().count(&Origin::ALL, at(0)).unwrap(), 0);
    let _open = filled(&home);
    let reader = home.reader();
    for (origins, now, expected) in [
        (&Origin::ALL[..], at(0), 12),
        (&Origin::ALL[..], at(DAY + 1), 8),
        (&Origin::CURRENT, at(0), 8),
        (&[Origin::Listed], at(0), 4),
        (&[], at(0), 0),
    ] {
        assert_eq!(reader.count(origins, now).unwrap(), expected, "{origins:?}");
        assert_eq!(reader.count(origins, now).unwrap(), reader.sessions(origins, now).unwrap().len());
    }
}

#[test]
fn known_rows_come_in_the_order_of_the_keys_in_any_case_and_of_any_age() {
    let home = Home::new();
    let keys = [
        ("HTTP://web01:5985/WSMAN", "b"),
        (URL, "gone"),
        ("http://web02/wsman", "A"),
        (URL, "a"),
        (URL, "B"),
    ]
    .map(|(url, shell_id)| (url, ShellId::from_server(shell_id)));
    let known =
        |reader: &StoreReader| reader.known(keys.iter().map(|(url, shell_id)| (*url, shell_id))).unwrap();
    assert_eq!(known(&home.reader()), [None, None, None, None, None]);
    let mut store = Store::open(home.table()).unwrap();
    store.merge_listing(listing(0), &[session("A"), session("B")]).unwrap();
    store.merge_listing(listing(2 * DAY), &[session("B")]).unwrap();
    store.import(&mut [imported("A", None)]).unwrap();
    let rows = known(&home.reader());
    let found: Vec<_> = rows.iter().map(|row| row.as_ref().map(|row| row.session.id.unwrap().0)).collect();
    assert_eq!(found, [Some(2), None, None, Some(3), Some(2)]);
    let origins: Vec<_> = rows.iter().flatten().map(|row| row.note.origin).collect();
    assert_eq!(origins, [Origin::Listed, Origin::Imported, Origin::Listed]);
}

#[test]
fn a_hundred_thousand_keys_are_looked_up_in_one_call() {
    let home = Home::new();
    let mut store = Store::open(home.table()).unwrap();
    store.import(&mut [imported("S7", None)]).unwrap();
    let keys: Vec<_> = (0..100_000).map(|number| ShellId::from_server(format!("s{number}"))).collect();
    let rows = home.reader().known(keys.iter().map(|shell_id| (URL, shell_id))).unwrap();
    assert_eq!((rows.len(), rows.iter().flatten().count()), (keys.len(), 1));
    assert_eq!(rows[7].as_ref().map(|row| row.session.shell.shell_id.as_str()), Some("S7"));
    assert_eq!(shells(&store.all(at(0)).unwrap()), ["S7"]);
}
