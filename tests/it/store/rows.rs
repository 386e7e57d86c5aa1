//! What comes in comes out again, and what each call does to the rows.

use std::time::Duration;

use pssession::session::{
    Availability, ComputerType, IdRange, LocalId, SeenOn, Selector, SessionQuery, SessionState, Stated,
    Transport,
};
use pssession::store::{
    InvalidRow, ListedShells, ListingContext, Origin, Row, RowMetadata, Store, StoreProblem, StoreReader,
};
use pssession::wsman::{CommandId, SessionId, ShellId, ShellSchema};
use uuid::Uuid;

use super::{Home, URL, at, ids, imported, listing, session, session_at, shells};

const DAY: u64 = 24 * 60 * 60;

/// A row in which every property has a value of its own.
fn full_row() -> Row {
    let mut session = session("uuid:full");
    session.computer_type = ComputerType::VirtualMachine;
    session.vm_id = Some(Uuid::from_u128(1));
    session.vm_name = "db".to_owned();
    session.container_id = "c0ffee".to_owned();
    session.port = 65_535;
    session.transport = Transport::Other("VMBus".to_owned());
    session.stated = Some(Stated { state: SessionState::Closed, availability: Availability::Available });
    session.commands = Some(vec![CommandId::from_server("quote\"newline\né"), CommandId::from_server("")]);
    let shell = session.shell_mut();
    shell.name = Some("Näme".into());
    shell.owner = Some(r"LAB\ada".into());
    shell.client_ip = Some("fe80::1%12".into());
    shell.process_id = Some(u32::MAX);
    shell.state = Some("Hibernating".into());
    shell.idle_timeout = Some(Duration::from_millis(1));
    shell.max_idle_timeout = Some(Duration::from_millis(2_147_483_647));
    shell.shell_run_time = Some(Duration::from_secs(3));
    shell.shell_inactivity = Some(Duration::ZERO);
    Row {
        session,
        note: RowMetadata {
            user: Some("ada@lab".into()),
            auth: Some("ntlm".into()),
            session_id: Some(SessionId::new(Uuid::from_u128(2))),
            ..RowMetadata::new(Origin::Imported)
        },
    }
}

#[test]
fn every_property_comes_out_as_it_went_in() {
    let home = Home::new();
    let mut store = Store::open(home.table()).unwrap();
    let mut full = full_row();
    let mut bare = imported("bare", None);
    bare.session.commands = Some(Vec::new());
    store.import(&mut [full.clone(), bare.clone()]).unwrap();
    for (row, id) in [(&mut full, 1), (&mut bare, 2)] {
        row.session.id = Some(LocalId(id));
        // No listing has shown them.
        row.session.seen_by = "".into();
    }
    let expected = vec![full, bare];
    assert_eq!(store.all(at(0)).unwrap().into_iter().collect::<Vec<_>>(), expected);
    drop(store);
    let reader = home.reader();
    assert_eq!(reader.all(at(0)).unwrap().into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_listing_comes_back_in_its_order_with_the_ids_that_its_sessions_have() {
    let home = Home::new();
    let mut store = Store::open(home.table()).unwrap();
    let first = store.merge_listing(listing(0), &[session("A"), session("B")]).unwrap();
    assert_eq!(ids(&first), [1, 2]);
    let second = store.merge_listing(listing(1), &[session("C"), session("b"), session("a")]).unwrap();
    assert_eq!((ids(&second), shells(&second)), (vec![3, 2, 1], vec!["C", "b", "a"]));
    assert_eq!(ids(&store.all(at(1)).unwrap()), [1, 2, 3]);
    assert!(second.notes().iter().all(|note| note.origin == Origin::Listed));
}

#[test]
fn a_shell_that_a_server_lists_twice_has_one_row() {
    let home = Home::new();
    let mut store = Store::open(home.table()).unwrap();
    let rows = store.merge_listing(listing(0), &[session("A"), session("a"), session("B")]).unwrap();
    assert_eq!(ids(&rows), [1, 1, 2]);
    assert_eq!(store.all(at(0)).unwrap().len(), 2);
}

#[test]
fn a_complete_listing_drops_absent_listed_sessions_and_breaks_those_that_are_a_persons() {
    let home = Home::new();
    let mut store = Store::open(home.table()).unwrap();
    store.merge_listing(listing(0), &[session("gone"), session("stays")]).unwrap();
    let elsewhere = ListingContext { endpoint_url: "http://web02:5985/wsman", ..listing(0) };
    store.merge_listing(elsewhere, &[session("elsewhere")]).unwrap();
    let mut mine = imported("mine", None);
    mine.note.user = Some("ada".into());
    store.import(&mut [mine]).unwrap();
    store.add_opened(&session("ours"), &RowMetadata::new(Origin::Opened)).unwrap();

    let incomplete = ListingContext { complete: false, ..listing(1) };
    store.merge_listing(incomplete, &[session("stays")]).unwrap();
    assert_eq!(store.all(at(1)).unwrap().len(), 5, "an incomplete listing proves nothing");
    let by_another = ListingContext { seen_by: "bob", ..listing(1) };
    store.merge_listing(by_another, &[]).unwrap();
    assert_eq!(store.all(at(1)).unwrap().len(), 5, "bob may not have been shown them");

    store.merge_listing(listing(2), &[]).unwrap();
    let rows = store.all(at(2)).unwrap();
    // bob saw none of them, so that "stays" is still ada's.
    assert_eq!(shells(&rows), ["elsewhere", "mine", "ours"]);
    let states: Vec<_> = rows.sessions().iter().map(|session| session.state()).collect();
    // Nobody was ever shown "mine", which only a file has named.
    assert_eq!(states, [SessionState::Opened, SessionState::Opened, SessionState::Broken]);

    for (seconds, found, state) in [
        (3, &[session("MINE")][..], SessionState::Opened),
        (4, &[], SessionState::Broken),
        (5, &[session("MINE")], SessionState::Opened),
    ] {
        store.merge_listing(listing(seconds), found).unwrap();
        assert_eq!(store.all(at(seconds)).unwrap().sessions()[1].state(), state, "{seconds}");
    }
}

#[test]
fn a_listed_session_expires_after_a_day_and_a_persons_does_not() {
    let home = Home::new();
    let mut store = Store::open(home.table()).unwrap();
    store.merge_listing(listing(0), &[session("listed")]).unwrap();
    store.import(&mut [imported("mine", None)]).unwrap();
    assert_eq!(store.all(at(DAY)).unwrap().len(), 2);
    assert_eq!(shells(&store.all(at(DAY + 1)).unwrap()), ["mine"], "it is not shown");
    assert_eq!(store.all(at(DAY)).unwrap().len(), 2, "looking changes nothing");
    let elsewhere = ListingContext { endpoint_url: "http://web02:5985/wsman", ..listing(DAY + 1) };
    store.merge_listing(elsewhere, &[]).unwrap();
    assert_eq!(shells(&store.all(at(DAY)).unwrap()), ["mine"], "and leaves with the next listing");
}

#[test]
fn an_import_says_which_id_each_object_has_now() {
    let home = Home::new();
    let mut store = Store::open(home.table()).unwrap();
    store.merge_listing(listing(0), &[session("A"), session("B")]).unwrap();
    let outcome = store
        .import(&mut [
            imported("C", Some(1)),
            imported("D", Some(3)),
            imported("a", Some(9)),
            imported("E", None),
        ])
        .unwrap();
    let mapping: Vec<_> =
        outcome.iter().map(|one| (one.given.map(|id| id.0), one.id.0, one.is_new)).collect();
    // 9 is above every Id and stays free for nobody else, although A has its Id already.
    assert_eq!(mapping, [(Some(1), 10, true), (Some(3), 3, true), (Some(9), 1, false), (None, 11, true)]);
    assert_eq!(ids(&home.reader().sessions(&Origin::CURRENT, at(0)).unwrap()), [1, 10, 3, 11]);
}

/// As PowerShell announces its sessions: in the order in which they came, whatever their Ids are.
#[test]
fn rows_stand_in_the_order_in_which_they_were_added() {
    let home = Home::new();
    let mut store = Store::open(home.table()).unwrap();
    store.import(&mut [imported("a", Some(7)), imported("b", Some(3))]).unwrap();
    store.import(&mut [imported("c", Some(16)), imported("d", None), imported("e", Some(12))]).unwrap();
    store.add_opened(&session("f"), &RowMetadata::new(Origin::Opened)).unwrap();
    let all = store.all(at(0)).unwrap();
    assert_eq!(shells(&all), ["a", "b", "c", "d", "e", "f"]);
    assert_eq!(ids(&all), [7, 3, 16, 17, 12, 18]);
    let some = SessionQuery::new(vec![Selector::Id(vec![IdRange { first: 3, last: 12 }])], Vec::new());
    let some = home.reader().candidates(&some, &Origin::ALL, at(0)).unwrap();
    assert_eq!(ids(&some), [7, 3, 12]);
    // An import of what is known moves nothing.
    store.import(&mut [imported("e", Some(12)), imported("a", Some(7))]).unwrap();
    assert_eq!(ids(&store.all(at(0)).unwrap()), [7, 3, 16, 17, 12, 18]);
}

#[test]
fn an_imported_row_is_afterwards_as_it_stands_in_the_table() {
    let home = Home::new();
    let mut store = Store::open(home.table()).unwrap();
    store.merge_listing(listing(0), &[session("known")]).unwrap();
    let between = |row: &mut Row| {
        row.session.seen_at += Duration::from_nanos(1_234_567);
        row.session.shell_mut().idle_timeout = Some(Duration::from_nanos(7_200_000_000_001));
        row.session.shell_mut().schema = ShellSchema::Cim;
        row.session.seen_by = "mallory".into();
    };
    let mut rows = [imported("known", Some(7)), imported("new", Some(9)), full_row(), imported("new", None)];
    rows.iter_mut().for_each(between);
    rows[3].session.shell_mut().name = Some("renamed".into());
    store.import(&mut rows).unwrap();
    let standing = store.all(at(0)).unwrap();
    for row in &rows {
        let id = standing.sessions().iter().position(|session| session.id == row.session.id).unwrap();
        let (session, note) = standing.get(id).unwrap();
        assert_eq!((&row.session, &row.note), (session, note));
    }
    assert_eq!((rows[1].session.name(), &rows[1]), (Some("renamed"), &rows[3]));
}

#[test]
fn an_import_of_what_was_exported_changes_nothing() {
    let home = Home::new();
    let mut store = Store::open(home.table()).unwrap();
    store.import(&mut [full_row(), imported("B", Some(40))]).unwrap();
    let before = store.all(at(0)).unwrap();
    let outcome = store.import(&mut before.clone().into_iter().collect::<Vec<_>>()).unwrap();
    assert!(outcome.iter().all(|one| one.given == Some(one.id) && !one.is_new));
    assert_eq!(store.all(at(0)).unwrap(), before);
}

#[test]
fn an_import_does_not_say_who_has_seen_a_session() {
    let home = Home::new();
    let mut store = Store::open(home.table()).unwrap();
    let seen_by = |store: &Store| -> Vec<String> {
        store.all(at(2)).unwrap().into_iter().map(|row| row.session.seen_by.to_string()).collect()
    };
    let forged = |shell_id: &str| {
        let mut row = imported(shell_id, None);
        row.session.seen_by = "mallory".into();
        row.session.seen_at = at(9);
        row
    };
    store.merge_listing(listing(0), &[session("A")]).unwrap();
    for _ in 0..2 {
        store.import(&mut [forged("A"), forged("B")]).unwrap();
        assert_eq!(seen_by(&store), ["ada", ""]);
    }
    // Mallory's listing has seen neither, and makes neither of them Broken.
    store.merge_listing(ListingContext { seen_by: "mallory", ..listing(1) }, &[]).unwrap();
    let rows = store.all(at(2)).unwrap();
    assert!(rows.sessions().iter().all(|session| session.state() == SessionState::Opened));
    store.merge_listing(listing(1), &[session("B")]).unwrap();
    assert_eq!(seen_by(&store), ["ada", "ada"]);
}

#[test]
fn an_import_is_all_or_nothing() {
    let home = Home::new();
    let mut store = Store::open(home.table()).unwrap();
    let mut bad = imported("B", None);
    bad.session.endpoint_url = "http://ada:secret@web01/wsman".into();
    let error = store.import(&mut [imported("A", None), bad]).unwrap_err();
    assert_eq!(error.problem(), &StoreProblem::InvalidRow(InvalidRow::LoginInUrl));
    assert!(!format!("{error} {error:?}").contains("secret"));
    let error = store.import(&mut [imported("A", None), imported("", None)]).unwrap_err();
    assert_eq!(error.problem(), &StoreProblem::InvalidRow(InvalidRow::NoShellId));
    assert!(store.all(at(0)).unwrap().is_empty());
}

#[test]
fn an_id_is_never_given_twice() {
    let home = Home::new();
    let mut store = Store::open(home.table()).unwrap();
    store.merge_listing(listing(0), &[session("A"), session("B")]).unwrap();
    assert_eq!(store.forget([LocalId(1), LocalId(2), LocalId(99)]).unwrap(), 2);
    drop(store);
    let mut store = Store::open(home.table()).unwrap();
    assert_eq!(ids(&store.merge_listing(listing(0), &[session("A")]).unwrap()), [3]);
    store.import(&mut [imported("C", Some(50))]).unwrap();
    store.forget([LocalId(50)]).unwrap();
    assert_eq!(store.import(&mut [imported("C", Some(50))]).unwrap()[0].id, LocalId(51));
    // Seeing it again uses up none.
    for _ in 0..3 {
        store.merge_listing(listing(0), &[session("A")]).unwrap();
    }
    assert_eq!(store.add_opened(&session("D"), &RowMetadata::new(Origin::Opened)).unwrap(), LocalId(52));
}

#[test]
fn an_absurd_id_in_an_import_does_not_use_up_the_others() {
    let home = Home::new();
    let mut store = Store::open(home.table()).unwrap();
    let outcome = store.import(&mut [imported("A", Some(i64::MAX)), imported("B", Some(i64::MIN))]).unwrap();
    assert_eq!((outcome[0].id, outcome[1].id), (LocalId(1), LocalId(2)));
}

#[test]
fn what_is_gone_leaves_by_endpoint_and_shell_id_in_any_case() {
    let home = Home::new();
    let mut store = Store::open(home.table()).unwrap();
    store.merge_listing(listing(0), &[session("A"), session("B")]).unwrap();
    let elsewhere = ListingContext { endpoint_url: "http://web02:5985/wsman", ..listing(0) };
    store.merge_listing(elsewhere, &[session("A")]).unwrap();
    let gone = ShellId::from_server("a");
    assert_eq!(store.remove_gone([("HTTP://WEB01:5985/wsman", &gone), (URL, &gone)]).unwrap(), 1);
    assert_eq!(ids(&store.all(at(0)).unwrap()), [2, 3]);
}

#[test]
fn only_the_sessions_of_the_asked_origins_come_out() {
    let home = Home::new();
    let mut store = Store::open(home.table()).unwrap();
    store.merge_listing(listing(0), &[session("listed")]).unwrap();
    store.import(&mut [imported("imported", None)]).unwrap();
    store.add_opened(&session("opened"), &RowMetadata::new(Origin::Listed)).unwrap();
    let of = |origins: &[Origin]| {
        let rows = home.reader().sessions(origins, at(0)).unwrap();
        shells(&rows).join(" ")
    };
    assert_eq!(of(&Origin::CURRENT), "imported opened");
    assert_eq!(of(&[Origin::Listed]), "listed");
    assert_eq!(of(&[]), "");
}

#[test]
fn an_endpoint_is_known_once_it_was_listed_and_not_by_an_import() {
    let home = Home::new();
    let mut store = Store::open(home.table()).unwrap();
    let poisoned =
        Row { session: session_at("http://evil/wsman", "A"), note: RowMetadata::new(Origin::Opened) };
    store.import(&mut [poisoned]).unwrap();
    assert!(!home.reader().knows_endpoint("http://evil/wsman").unwrap());
    store.merge_listing(listing(0), &[]).unwrap();
    assert!(home.reader().knows_endpoint("HTTP://WEB01:5985/wsman").unwrap());
    assert!(home.reader().knows_endpoint(URL).unwrap());
    let newer = ListingContext { endpoint_url: "http://db01:5985/wsman", ..listing(60) };
    store.merge_listing(newer, &[]).unwrap();
    let reader = home.reader();
    assert_eq!(reader.known_endpoints().unwrap(), [newer.endpoint_url, URL]);
    assert!(
        StoreReader::open(home.table().with_extension("none")).unwrap().known_endpoints().unwrap().is_empty()
    );
}

#[test]
fn an_account_was_accepted_where_it_listed_and_not_where_a_file_says_so() {
    let home = Home::new();
    let mut store = Store::open(home.table()).unwrap();
    let stated =
        Row { session: session_at("http://evil/wsman", "A"), note: RowMetadata::new(Origin::Opened) };
    store.import(&mut [stated]).unwrap();
    store.merge_listing(listing(0), &[session("A")]).unwrap();
    let bobs = ListingContext { seen_by: "bob", ..listing(60) };
    store.merge_listing(bobs, &[session("B")]).unwrap();
    let reader = home.reader();
    let accepted = |url: &str, user: &str| reader.was_listed_by(url, user).unwrap();
    assert!(accepted(URL, "bob") && accepted("HTTP://WEB01:5985/wsman", "BOB"));
    assert!(!accepted(URL, "mallory") && !accepted("http://evil/wsman", "ada"));
    assert!(!accepted("http://db01:5985/wsman", "bob"));
    let absent = StoreReader::open(home.table().with_extension("none")).unwrap();
    assert!(!absent.was_listed_by(URL, "bob").unwrap());
}

#[test]
fn a_query_selects_from_what_comes_out() {
    let home = Home::new();
    let mut store = Store::open(home.table()).unwrap();
    store.merge_listing(listing(0), &[session("A"), session("B")]).unwrap();
    let rows = store.all(at(0)).unwrap();
    let chosen =
        SessionQuery::new(vec![pssession::session::Selector::All], Vec::new()).select(rows.sessions());
    let (session, note) = rows.get(chosen.chosen[1]).unwrap();
    assert_eq!((session.id, note.user.as_deref()), (Some(LocalId(2)), Some("ada")));
}

#[test]
fn a_listing_may_give_ids_whose_rows_come_later_or_never() {
    let home = Home::new();
    let mut store = Store::open(home.table()).unwrap();
    let found: Vec<_> = ["A", "B", "C"].map(|id| session(id).shell).into();
    let merge = |store: &mut Store, writes_new| {
        let seen_on = SeenOn { host: "web01", url: URL, port: 5985 };
        let listed = ListedShells { context: listing(0), seen_on, account: None, shells: &found, writes_new };
        store.merge_listings([listed]).unwrap().remove(0)
    };
    let merged = merge(&mut store, false);
    assert_eq!((ids(&merged.rows), &*merged.unwritten), (vec![1, 2, 3], &[1, 2, 3].map(LocalId)[..]));
    assert!(store.all(at(0)).unwrap().is_empty());

    let (row, note) = merged.rows.get(1).unwrap();
    store.add_listed([(row, note)]).unwrap();
    let again = merge(&mut store, true);
    assert_eq!((ids(&again.rows), again.unwritten.len()), (vec![4, 2, 5], 0), "no Id is given twice");
    // In the meantime A has come back as 4: that is what it stays.
    let (row, note) = merged.rows.get(0).unwrap();
    store.add_listed([(row, note)]).unwrap();
    assert_eq!(ids(&store.all(at(0)).unwrap()), [2, 4, 5]);
}
