//! What a listing or an import makes of a row that is there: the rules, without the table.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::error::InvalidRow;
use super::row::{ListingContext, Origin, Row, RowMetadata};
use crate::session::{ComputerType, LoginAccount, SessionDescriptor, Stated, Visibility};
use crate::wsman::Shell;

/// A session that was only seen on a server is forgotten when nobody has seen it for this long: servers drop idle
/// shells after hours, and a list of yesterday's is noise.
pub(super) const LISTED_EXPIRES_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// The row of a session that a listing shows. What a person gave (origin, name, computer, login) stays; what the
/// server says is new. Commands that this listing did not ask for are unknown again.
pub(super) fn seen(
    known: Option<Row>,
    found: SessionDescriptor,
    listing_context: ListingContext<'_>,
    by_listing: &RowMetadata,
) -> Row {
    let mut session = found;
    session.id = None;
    // Mostly it shares these with the other sessions of its listing.
    if *session.endpoint_url != *listing_context.endpoint_url {
        session.endpoint_url = listing_context.endpoint_url.into();
    }
    if *session.seen_by != *listing_context.seen_by {
        session.seen_by = listing_context.seen_by.into();
    }
    session.seen_at = listing_context.seen_at;
    let by_listing = by_listing.clone();
    let Some(known) = known else { return Row { session, note: by_listing } };
    session.id = known.session.id;
    if known.note.origin == Origin::Listed {
        // Who does not say how the login went does not make it forgotten.
        let auth = by_listing.auth.or(known.note.auth);
        return Row { session, note: RowMetadata { session_id: known.note.session_id, auth, ..by_listing } };
    }
    let given = known.session;
    if given.name().is_some() {
        session.shell_mut().name.clone_from(&given.shell.name);
    }
    session.computer_name = given.computer_name;
    session.computer_type = given.computer_type;
    session.vm_id = given.vm_id;
    session.vm_name = given.vm_name;
    session.container_id = given.container_id;
    let note = RowMetadata {
        user: known.note.user.or(by_listing.user),
        auth: known.note.auth.or(by_listing.auth),
        ..known.note
    };
    Row { session, note }
}

/// What a listing says of how its sessions are reached.
pub(super) fn by_listing(listing_context: ListingContext<'_>) -> RowMetadata {
    RowMetadata {
        origin: Origin::Listed,
        user: Some(listing_context.seen_by.into()).filter(|user: &Arc<str>| !user.is_empty()),
        auth: listing_context.auth.map(Into::into),
        session_id: None,
    }
}

/// What becomes of a row whose session a listing does not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowAction {
    /// The listing says nothing about it.
    Stays,
    /// It leaves the table.
    Leaves,
    /// It stays, as `Broken`.
    Breaks,
}

/// What the account of a listing sees at its endpoint, as far as that listing shows.
pub(super) fn visibility(listing_context: ListingContext<'_>, found: &[&Shell]) -> Visibility {
    let names = listing_context.server_names.cloned().unwrap_or_default();
    let account = LoginAccount::new(listing_context.seen_by).at(names);
    let mut visibility = Visibility::new(account, listing_context.seen_at);
    visibility.listed(found.iter().copied());
    visibility
}

/// Absence counts only in a complete listing by an account that could have seen the session.
pub(super) fn absent(row: &Row, complete: bool, visibility: &Visibility) -> RowAction {
    match row.note.origin {
        _ if !complete || !visibility.could_see(&row.session, false) => RowAction::Stays,
        Origin::Listed => RowAction::Leaves,
        Origin::Opened | Origin::Imported if row.session.stated == Some(Stated::BROKEN) => RowAction::Stays,
        Origin::Opened | Origin::Imported => RowAction::Breaks,
    }
}

/// What an object that a person imports makes of the row that its session has. It is theirs from now on. It never
/// overrides what a server said or how the session is reached: it fills gaps, names, and renews what came by import
/// before.
pub(super) fn imported(known: Row, given: &Row) -> Row {
    let was_shown = !known.session.seen_by.is_empty();
    let is_import = known.note.origin == Origin::Imported && !was_shown;
    let renews = is_import && given.session.seen_at > known.session.seen_at;
    let (mut session, other) = if renews {
        let mut session = given.session.clone();
        make_unseen(&mut session);
        (session, &known.session)
    } else {
        (known.session.clone(), &given.session)
    };
    session.id = known.session.id;
    session.endpoint_url.clone_from(&known.session.endpoint_url);
    let shell = session.shell_mut();
    shell.shell_id.clone_from(&known.session.shell.shell_id);
    if given.session.name().is_some() {
        shell.name.clone_from(&given.session.shell.name);
    }
    if given.session.computer_type != ComputerType::RemoteMachine {
        // No listing says that a shell leads on into a virtual machine or a container; who opened it knows.
        session.computer_type = given.session.computer_type;
        session.computer_name.clone_from(&given.session.computer_name);
        session.vm_name.clone_from(&given.session.vm_name);
        session.container_id.clone_from(&given.session.container_id);
        session.vm_id = given.session.vm_id;
    }
    fill(&mut session, other);
    let origin = match known.note.origin {
        Origin::Opened => Origin::Opened,
        Origin::Imported | Origin::Listed => Origin::Imported,
    };
    let note = RowMetadata {
        origin,
        user: known.note.user.or_else(|| given.note.user.clone()),
        auth: known.note.auth.or_else(|| given.note.auth.clone()),
        session_id: known.note.session_id.or(given.note.session_id),
    };
    Row { session, note }
}

/// An imported session as it may stand in the table. Only what this program saw proves who can see a session, so that
/// nobody has seen it yet, whatever the object says.
pub(super) fn make_unseen(session: &mut SessionDescriptor) {
    session.seen_by = "".into();
    session.account = None;
}

/// Takes from `other` what `session` does not say. How it stands and what runs in it grow old, and are not taken.
fn fill(session: &mut SessionDescriptor, other: &SessionDescriptor) {
    fn gap<T: Clone>(here: &mut Option<T>, there: Option<&T>) {
        if here.is_none() {
            *here = there.cloned();
        }
    }
    fn blank(here: &mut String, there: &str) {
        if here.is_empty() {
            there.clone_into(here);
        }
    }
    let was_shown = !session.seen_by.is_empty();
    let (shell, there) = (session.shell_mut(), &other.shell);
    gap(&mut shell.name, there.name.as_ref());
    if !was_shown {
        // Beside what a server said it would pass for the server's word, and absence would prove something.
        gap(&mut shell.owner, there.owner.as_ref());
    }
    gap(&mut shell.client_ip, there.client_ip.as_ref());
    gap(&mut shell.process_id, there.process_id.as_ref());
    gap(&mut shell.idle_timeout, there.idle_timeout.as_ref());
    gap(&mut shell.max_idle_timeout, there.max_idle_timeout.as_ref());
    gap(&mut session.vm_id, other.vm_id.as_ref());
    blank(&mut session.vm_name, &other.vm_name);
    blank(&mut session.container_id, &other.container_id);
}

/// Whether the table may keep a row of this session.
///
/// # Errors
/// [`InvalidRow`] says what is wrong with it.
pub(super) fn check(session: &SessionDescriptor) -> Result<(), InvalidRow> {
    if session.shell.shell_id.as_str().is_empty() {
        return Err(InvalidRow::NoShellId);
    }
    check_endpoint(&session.endpoint_url)
}

/// Whether the table may keep this endpoint URL: one with a login in it would put a password on the disk.
pub(super) fn check_endpoint(url: &str) -> Result<(), InvalidRow> {
    let after_scheme = url.split_once("//").map_or(url, |(_scheme, rest)| rest);
    let authority = after_scheme.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') { Err(InvalidRow::LoginInUrl) } else { Ok(()) }
}

/// Before which moment a listed session must have been seen to be expired at `now`.
pub(super) fn expiry(now: SystemTime) -> SystemTime {
    now.checked_sub(LISTED_EXPIRES_AFTER).unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::ServerNames;
    use crate::session::LocalId;
    use crate::session::{SeenOn, SessionState};
    use crate::wsman::{CommandId, Shell, ShellId};

    const URL: &str = "http://web01:5985/wsman";

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn session(change: impl FnOnce(&mut Shell)) -> SessionDescriptor {
        let mut shell = Shell::new(ShellId::from_server("A"), "urn:shell");
        change(&mut shell);
        SessionDescriptor::from_shell(shell, SeenOn { host: "web01", url: URL, port: 5985 }, "ada", at(100))
    }

    fn row(origin: Origin, change: impl FnOnce(&mut Shell)) -> Row {
        let mut session = session(change);
        session.id = Some(LocalId(7));
        Row { session, note: RowMetadata::new(origin) }
    }

    fn listing_context(seen_by: &str) -> ListingContext<'_> {
        ListingContext {
            endpoint_url: URL,
            seen_by,
            server_names: None,
            auth: Some("ntlm"),
            seen_at: at(200),
            complete: true,
        }
    }

    fn name(text: &str) -> impl FnOnce(&mut Shell) {
        let text = text.to_owned();
        |shell| shell.name = Some(text.into())
    }

    #[test]
    fn a_session_seen_for_the_first_time_is_listed_and_reached_as_it_was_seen() {
        let row = seen(None, session(|_| ()), listing_context("bob"), &by_listing(listing_context("bob")));
        assert_eq!((row.session.id, row.note.origin), (None, Origin::Listed));
        assert_eq!((row.note.user.as_deref(), row.note.auth.as_deref()), (Some("bob"), Some("ntlm")));
        assert_eq!((&*row.session.seen_by, row.session.seen_at), ("bob", at(200)));
    }

    #[test]
    fn a_row_that_is_seen_again_keeps_its_id_and_what_a_person_gave() {
        for (origin, before, now, kept) in [
            (Origin::Listed, "old", "new", "new"),
            (Origin::Imported, "given", "new", "given"),
            (Origin::Opened, "given", "new", "given"),
            (Origin::Imported, "", "new", "new"),
        ] {
            let known = row(origin, name(before));
            let merged = seen(
                Some(known),
                session(name(now)),
                listing_context("bob"),
                &by_listing(listing_context("bob")),
            );
            let outcome = (merged.session.id, merged.note.origin, merged.session.name());
            assert_eq!(outcome, (Some(LocalId(7)), origin, Some(kept)));
        }
    }

    #[test]
    fn a_persons_computer_and_login_stay_and_a_missing_login_is_the_one_that_worked() {
        let mut known = row(Origin::Imported, |_| ());
        known.session.computer_type = ComputerType::VirtualMachine;
        known.session.vm_name = "db".to_owned();
        known.session.computer_name = "db".into();
        known.note.user = Some("eve".into());
        let merged =
            seen(Some(known), session(|_| ()), listing_context("bob"), &by_listing(listing_context("bob")));
        assert_eq!((merged.session.vm_name.as_str(), &*merged.session.computer_name), ("db", "db"));
        assert_eq!(merged.session.computer_type, ComputerType::VirtualMachine);
        assert_eq!((merged.note.user.as_deref(), merged.note.auth.as_deref()), (Some("eve"), Some("ntlm")));
    }

    #[test]
    fn what_is_seen_is_no_longer_broken_and_its_old_commands_are_unknown() {
        let mut known = row(Origin::Opened, |_| ());
        known.session.stated = Some(Stated::BROKEN);
        known.session.commands = Some(vec![CommandId::from_server("C")]);
        let merged =
            seen(Some(known), session(|_| ()), listing_context("ada"), &by_listing(listing_context("ada")));
        assert_eq!((merged.session.state(), merged.session.is_running()), (SessionState::Opened, None));
    }

    fn member() -> ServerNames {
        ServerNames {
            netbios_domain: "CORP".to_owned(),
            netbios_computer: "WEB01".to_owned(),
            dns_domain: "corp.example".to_owned(),
            realm: String::new(),
        }
    }

    fn owned(owner: &str) -> impl FnOnce(&mut Shell) {
        let owner = owner.to_owned();
        |shell| shell.owner = Some(owner.into())
    }

    #[test]
    fn absence_counts_only_where_the_account_could_have_seen_it() {
        use RowAction::{Breaks, Leaves, Stays};
        let names = member();
        let boss = || row(Origin::Listed, owned(r"CORP\boss"));
        for (row, lister, shown, listed, others) in [
            (row(Origin::Listed, |_| ()), "ADA", &[][..], Leaves, Breaks),
            (row(Origin::Listed, |_| ()), "bob", &[], Stays, Stays),
            (row(Origin::Listed, |_| ()), "", &[], Stays, Stays),
            (boss(), r"corp\BOSS", &[], Leaves, Breaks),
            (boss(), r"corp.example\boss", &[], Leaves, Breaks),
            (boss(), "boss@corp.example", &[], Stays, Stays),
            (boss(), r"WEB01\boss", &[], Stays, Stays),
            // A local account, and one that is named by its UPN, are not who their names look like.
            (boss(), "boss", &[], Stays, Stays),
            (boss(), "john.doe@corp.example", &[r"CORP\jdoe"], Stays, Stays),
            (boss(), "john.doe@corp.example", &[r"CORP\jdoe", r"CORP\svc"], Leaves, Breaks),
            (boss(), r"CORP\jdoe", &[r"CORP\svc"], Leaves, Breaks),
        ] {
            let found: Vec<_> = shown.iter().map(|owner| session(owned(owner))).collect();
            let shells: Vec<&Shell> = found.iter().map(|session| &*session.shell).collect();
            let visibility =
                visibility(ListingContext { server_names: Some(&names), ..listing_context(lister) }, &shells);
            assert_eq!(absent(&row, true, &visibility), listed, "{lister} {shown:?} {row:?}");
            for origin in Origin::CURRENT {
                let row = Row { note: RowMetadata::new(origin), ..row.clone() };
                assert_eq!(absent(&row, true, &visibility), others, "{lister} {shown:?} {row:?}");
            }
        }
    }

    #[test]
    fn absence_from_an_incomplete_listing_means_nothing() {
        for origin in Origin::ALL {
            let visibility = visibility(listing_context("ada"), &[]);
            assert_eq!(absent(&row(origin, |_| ()), false, &visibility), RowAction::Stays);
        }
    }

    #[test]
    fn the_account_with_which_a_row_is_reached_need_not_have_seen_it() {
        let mut row = row(Origin::Imported, |_| ());
        row.session.seen_by = "".into();
        row.note.user = Some("bob".into());
        assert_eq!(absent(&row, true, &visibility(listing_context("bob"), &[])), RowAction::Stays);
    }

    #[test]
    fn what_is_broken_stays_so() {
        let mut row = row(Origin::Opened, |_| ());
        row.session.stated = Some(Stated::BROKEN);
        assert_eq!(absent(&row, true, &visibility(listing_context("ada"), &[])), RowAction::Stays);
    }

    #[test]
    fn an_import_makes_a_session_a_persons_own_unless_we_opened_it() {
        for (before, after) in [
            (Origin::Listed, Origin::Imported),
            (Origin::Imported, Origin::Imported),
            (Origin::Opened, Origin::Opened),
        ] {
            let mut given = row(Origin::Opened, name("mine"));
            given.session.id = Some(LocalId(99));
            let merged = imported(row(before, |_| ()), &given);
            assert_eq!((merged.note.origin, merged.session.name()), (after, Some("mine")));
            assert_eq!(merged.session.id, Some(LocalId(7)));
        }
    }

    #[test]
    fn an_import_says_that_a_listed_session_leads_into_a_virtual_machine() {
        let mut given = row(Origin::Imported, |_| ());
        given.session.computer_type = ComputerType::VirtualMachine;
        given.session.computer_name = "db".into();
        given.session.vm_name = "db".to_owned();
        let merged = imported(row(Origin::Listed, |_| ()), &given).session;
        assert_eq!((merged.computer_type, merged.vm_name.as_str()), (ComputerType::VirtualMachine, "db"));
        assert_eq!((&*merged.computer_name, &*merged.endpoint_url), ("db", URL));
    }

    #[test]
    fn an_import_completes_but_never_overrides_what_a_server_said() {
        let known = row(Origin::Listed, |shell| shell.owner = Some("ada".into()));
        let mut given = row(Origin::Imported, |shell| {
            shell.shell_id = ShellId::from_server("a");
            shell.owner = Some("mallory".into());
            shell.client_ip = Some("192.0.2.7".into());
            shell.state = Some("Disconnected".into());
        });
        given.session.seen_at = at(900);
        given.note.auth = Some("basic".into());
        let merged =
            imported(Row { note: RowMetadata { auth: Some("ntlm".into()), ..known.note }, ..known }, &given);
        assert_eq!(merged.session.shell.shell_id.as_str(), "A");
        assert_eq!(merged.session.shell.owner.as_deref(), Some("ada"));
        assert_eq!(merged.session.shell.client_ip.as_deref(), Some("192.0.2.7"));
        assert_eq!(merged.session.state(), SessionState::Opened);
        assert_eq!(merged.note.auth.as_deref(), Some("ntlm"));
        let mut without_owner = row(Origin::Listed, |_| ());
        assert_eq!(imported(without_owner.clone(), &given).session.shell.owner, None);
        without_owner.session.seen_by = "".into();
        let owner = imported(without_owner, &given).session.shell.owner.clone();
        assert_eq!(owner.as_deref(), Some("mallory"));
    }

    #[test]
    fn a_later_import_renews_an_earlier_one_and_an_older_one_does_not() {
        let mut known = row(Origin::Imported, |shell| shell.state = Some("Connected".into()));
        known.session.seen_by = "".into();
        for (seen_at, state) in [(at(101), SessionState::Disconnected), (at(99), SessionState::Opened)] {
            let mut given = row(Origin::Imported, |shell| shell.state = Some("Disconnected".into()));
            given.session.seen_at = seen_at;
            assert_eq!(imported(known.clone(), &given).session.state(), state);
        }
    }

    #[test]
    fn an_import_neither_says_who_saw_a_session_nor_renews_what_a_listing_said() {
        for (origin, seen_by) in [
            (Origin::Listed, "ada"),
            (Origin::Opened, "ada"),
            (Origin::Imported, "ada"),
            (Origin::Opened, ""),
            (Origin::Imported, ""),
        ] {
            let mut known = row(origin, |shell| shell.owner = Some("ada".into()));
            known.session.seen_by = seen_by.into();
            let mut given = row(Origin::Imported, |shell| shell.owner = Some("mallory".into()));
            given.session.seen_by = "mallory".into();
            given.session.seen_at = at(900);
            let merged = imported(known, &given).session;
            assert_eq!(merged.seen_by, seen_by.into(), "{origin:?}");
            let renews = origin == Origin::Imported && seen_by.is_empty();
            assert_eq!(merged.shell.owner.as_deref(), Some(if renews { "mallory" } else { "ada" }));
        }
        let mut session = session(|_| ());
        make_unseen(&mut session);
        assert_eq!(*session.seen_by, *"");
    }

    #[test]
    fn a_url_with_a_login_in_it_is_not_kept() {
        for url in
            ["http://ada:secret@web01/wsman", "https://ada@web01:5986/", r"http://a:b@web01\wsman", "a:b@c"]
        {
            assert_eq!(check_endpoint(url), Err(InvalidRow::LoginInUrl), "{url}");
        }
        for url in [URL, "http://web01/x@y", "http://[::1]:5985/wsman?a=@", ""] {
            assert_eq!(check_endpoint(url), Ok(()), "{url}");
        }
    }
}
