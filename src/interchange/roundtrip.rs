//! What is written is read back, and no bytes do harm.

use std::time::Duration;

use proptest::option::of;
use proptest::prelude::*;
use uuid::Uuid;

use super::tests::{naming, now};
use super::*;
use crate::session::{
    Availability, ComputerType, LocalId, SeenOn, SessionDescriptor, SessionState, Stated, Transport,
};
use crate::store::{Origin, Row, RowMetadata};
use crate::wsman::{CommandId, SessionId, Shell, ShellId, ShellSchema};

/// Any text that says something.
fn text() -> impl Strategy<Value = String> {
    "[^\\x00]{1,12}".prop_filter("blank", |text| !text.trim().is_empty())
}

/// One line that names something.
fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9äß夜_.\"',;-][a-zA-Z0-9äß夜 _.\"',;-]{0,10}[a-z]"
}

fn duration() -> impl Strategy<Value = Duration> {
    (0..1_u64 << 40).prop_map(Duration::from_millis)
}

fn shell() -> impl Strategy<Value = Shell> {
    let shell_id = prop_oneof![
        any::<u128>().prop_map(|bits| ShellId::from_guid(Uuid::from_u128(bits))),
        any::<u128>().prop_map(|bits| ShellId::from_server(format!("uuid:{}", Uuid::from_u128(bits)))),
        name().prop_map(ShellId::from_server),
    ];
    let texts = (shell_id, name(), of(text()), of(text()), of(name()), of(text()));
    let numbers = (of(any::<u32>()), of(duration()), of(duration()), of(duration()), of(duration()));
    (texts, numbers).prop_map(|(texts, numbers)| {
        let (shell_id, resource_uri, name, owner, client_ip, state) = texts;
        let (process_id, idle_timeout, max_idle_timeout, shell_run_time, shell_inactivity) = numbers;
        Shell {
            schema: ShellSchema::Windows,
            shell_id,
            resource_uri: resource_uri.into(),
            name: name.map(Into::into),
            owner: owner.map(Into::into),
            client_ip: client_ip.map(Into::into),
            process_id,
            state: state.map(Into::into),
            idle_timeout,
            max_idle_timeout,
            shell_run_time,
            shell_inactivity,
        }
    })
}

fn stated() -> impl Strategy<Value = Stated> {
    let state = prop_oneof![
        Just(SessionState::Opened),
        Just(SessionState::Disconnected),
        Just(SessionState::Closed),
        Just(SessionState::Broken),
        Just(SessionState::Unknown),
    ];
    let availability =
        prop_oneof![Just(Availability::None), Just(Availability::Available), Just(Availability::Busy)];
    (state, availability).prop_map(|(state, availability)| Stated { state, availability })
}

fn row() -> impl Strategy<Value = Row> {
    let place = prop_oneof![
        Just(("http://web01:5985/wsman", 5985, Transport::WsMan)),
        Just(("https://[2001:db8::1]/wsman", 443, Transport::WsMan)),
        Just(("", 0, Transport::WsMan)),
        Just(("", 22, Transport::Other("SSH".to_owned()))),
        Just(("http://host1:5985/wsman", 5985, Transport::Other("VMBus".to_owned()))),
    ];
    let kind = prop_oneof![
        Just(ComputerType::RemoteMachine),
        Just(ComputerType::VirtualMachine),
        Just(ComputerType::Container),
    ];
    // One with white space in it is not taken from a server.
    let command_id = "[a-zA-Z0-9äß夜_.\"',;-]{1,12}".prop_map(CommandId::from_server);
    let commands = of(proptest::collection::vec(command_id, 0..3));
    let session = (
        shell(),
        place,
        of(1..i64::MAX),
        name(),
        kind,
        of(any::<u128>()),
        of(text()),
        of(name()),
        of(stated()),
        commands,
        0..1_700_000_000_000_u64,
    );
    (session, of(name()), of(any::<u128>()), any::<bool>()).prop_map(|(session, user, session_id, auth)| {
        let (
            shell,
            (url, port, transport),
            id,
            host,
            kind,
            vm_id,
            vm_name,
            container,
            stated,
            commands,
            seen,
        ) = session;
        // A computer without an endpoint gets one, so that one of WSMan without endpoint has no computer.
        let host = if url.is_empty() && transport == Transport::WsMan { String::new() } else { host };
        let seen_on = SeenOn { host: &host, url, port };
        let seen_at = SystemTime::UNIX_EPOCH + Duration::from_millis(seen);
        let mut session = SessionDescriptor::from_shell(shell, seen_on, "somebody", seen_at);
        session.computer_name = host.into();
        session.id = id.map(LocalId);
        session.computer_type = kind;
        session.transport = transport;
        session.vm_id = vm_id.map(Uuid::from_u128);
        session.vm_name = vm_name.unwrap_or_default();
        session.container_id = container.unwrap_or_default();
        session.commands = commands;
        // What only repeats the server's word is no statement.
        let (state, availability) = (session.state(), session.availability());
        session.stated = stated.filter(|stated| (stated.state, stated.availability) != (state, availability));
        // Where the server said it, it is known.
        let is_known = session.shell.state.is_some();
        session.stated = session.stated.filter(|stated| !is_known || stated.state != SessionState::Unknown);
        let note = RowMetadata {
            origin: Origin::Listed,
            user: user.map(Into::into),
            auth: auth.then(|| "ntlm".into()),
            session_id: session_id.map(|bits| SessionId::new(Uuid::from_u128(bits))),
        };
        Row { session, note }
    })
}

proptest! {
    #[test]
    fn a_session_that_is_written_is_read_back_but_for_who_saw_it(rows in proptest::collection::vec(row(), 0..3)) {
        let records: Vec<_> = rows.iter().map(|row| session_record(&row.session, Some(&row.note))).collect();
        let lines: Vec<_> = records.iter().map(|record| serde_json::to_string(record).unwrap() + "\n").collect();
        let expected: Vec<_> = rows.into_iter().map(|mut row| {
            row.session.seen_by = "".into();
            row.note.origin = Origin::Imported;
            SessionReference::Session(Box::new(row))
        }).collect();
        for text in [lines.concat(), serde_json::to_string_pretty(&records).unwrap()] {
            let read = read(text.as_bytes(), now(), &naming(true)).map_err(|e| TestCaseError::fail(format!("{e:?}")))?;
            let read: Vec<_> = read.into_iter().map(|object| object.reference).collect();
            prop_assert_eq!(&read, &expected);
        }
    }

    #[test]
    fn half_an_object_is_never_taken(row in row(), at in any::<proptest::sample::Index>()) {
        let text = serde_json::to_string(&session_record(&row.session, Some(&row.note))).unwrap();
        let half = text.as_bytes().get(..1 + at.index(text.len() - 1)).unwrap();
        prop_assert!(read(half, now(), &naming(false)).is_err());
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes, now(), &naming(false));
    }

    #[test]
    fn nothing_that_looks_like_objects_panics(
        text in "([\\[\\]{},:;\"\n]|\"(Id|ShellId|value|State|SeenAt|IdleTimeout|Guid)\":?|#TYPE|/Date\\(|-?[0-9]{1,20}|\\\\u[d0]800|é){0,30}"
    ) {
        let _ = read(text.as_bytes(), now(), &naming(false));
    }
}
