//! The reader as a whole: every form, every meaning, every refusal.

use std::time::Duration;

use uuid::Uuid;

use super::property::{MAX_LIST, MAX_OTHERS, MAX_TEXT, Property};
use super::*;
use crate::session::{Availability, ComputerType, LocalId, SessionState, Stated, Transport};
use crate::store::{Origin, Row, RowMetadata};
use crate::transport::{Endpoint, EndpointError};
use crate::wsman::{SessionId, ShellId};

const BUILD_7: &str = "B6631D8E-65A0-49F2-9053-A1B156C95777";
const NIGHTLY: &str = "0C2C5D0E-4B17-4B3C-8E0E-5C7A1D0B9A22";

/// By hand, from the documented behaviour of both PowerShells; none was printed by Windows.
const SAMPLES: [(&str, &str); 9] = [
    ("windows-powershell-5.1.json", include_str!("../../fixtures/objects/windows-powershell-5.1.json")),
    ("-wrapped.json", include_str!("../../fixtures/objects/windows-powershell-5.1-wrapped.json")),
    ("powershell-7.json", include_str!("../../fixtures/objects/powershell-7.json")),
    ("-enums", include_str!("../../fixtures/objects/powershell-7-enums-as-strings.json")),
    ("windows-powershell-5.1.csv", include_str!("../../fixtures/objects/windows-powershell-5.1.csv")),
    ("powershell-7.csv", include_str!("../../fixtures/objects/powershell-7.csv")),
    ("5.1.clixml", include_str!("../../fixtures/objects/windows-powershell-5.1.clixml")),
    ("7.clixml", include_str!("../../fixtures/objects/powershell-7.clixml")),
    ("spreadsheet.csv", include_str!("../../fixtures/objects/spreadsheet.csv")),
];

pub(super) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

/// Without defaults for hosts.
pub(super) fn naming(tls: bool) -> impl Fn(&str) -> Result<Endpoint, EndpointError> {
    move |host| Endpoint::parse(host, tls)
}

#[track_caller]
fn rows(bytes: impl AsRef<[u8]>) -> Vec<Row> {
    is_the_same_in_pieces(bytes.as_ref());
    let objects = read(bytes.as_ref(), now(), &naming(false)).unwrap_or_else(|refused| panic!("{refused:?}"));
    let row = |object: SessionObject| match object.reference {
        SessionReference::Session(row) => *row,
        other => panic!("{other:?} is no session"),
    };
    objects.into_iter().map(row).collect()
}

/// The one session of an object with a ShellId and these properties beside it.
#[track_caller]
fn of(properties: &str) -> Row {
    rows(format!(r#"{{"ShellId":"A",{properties}}}"#)).remove(0)
}

/// The same for PowerShell's own, which has no ShellId.
#[track_caller]
fn of_powershell(properties: &str) -> Row {
    rows(format!(r#"{{"InstanceId":"{BUILD_7}",{properties}}}"#)).remove(0)
}

/// However an input is cut, the same comes of it.
#[track_caller]
fn is_the_same_in_pieces(bytes: &[u8]) {
    let whole = read_all(bytes, now(), &naming(false), SingleValues::Choose);
    let lengths: &[usize] = if bytes.len() < 10_000 { &[1, 7] } else { &[5_000] };
    for length in lengths {
        let (mut objects, endpoint_of) = (Vec::new(), naming(false));
        let mut reader = ObjectReader::new(now(), &endpoint_of, |object| objects.push(object));
        bytes.chunks(*length).take_while(|piece| reader.feed(piece)).count();
        let read = reader.finish().map(|()| objects);
        assert!(read == whole, "{length}: {:?}\n{:?}", read.err(), whole.err());
    }
}

#[track_caller]
fn refused(bytes: impl AsRef<[u8]>) -> Vec<String> {
    let bytes = bytes.as_ref();
    is_the_same_in_pieces(bytes);
    match read(bytes, now(), &naming(false)) {
        Err(refused) => refused.lines(),
        Ok(objects) => panic!("{} is taken: {objects:?}", String::from_utf8_lossy(bytes)),
    }
}

#[track_caller]
fn is_refused(bytes: impl AsRef<[u8]>, place: &str, reason: &str) {
    let lines = refused(bytes);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with(&format!("{place}: ")) && lines[0].contains(reason), "{lines:?}");
}

#[test]
fn every_sample_says_the_same_two_sessions_in_every_encoding() {
    for (name, text) in SAMPLES {
        let utf16 = |unit: fn(u16) -> [u8; 2], text: &str| text.encode_utf16().flat_map(unit).collect();
        let marked = format!("\u{feff}{text}");
        let encoded: [Vec<u8>; 5] = [
            text.into(),
            marked.clone().into(),
            utf16(u16::to_le_bytes, text),
            utf16(u16::to_le_bytes, &marked),
            utf16(u16::to_be_bytes, &marked),
        ];
        for bytes in encoded {
            let [build, nightly] = rows(&bytes).try_into().unwrap();
            let session = &build.session;
            assert_eq!((session.id, session.name()), (Some(LocalId(3)), Some("build-7")), "{name}");
            assert_eq!(session.shell.shell_id.as_str(), BUILD_7, "{name}");
            assert_eq!(session.endpoint_url, "http://web01:5985/wsman".into(), "{name}");
            assert_eq!(session.configuration_name(), Some("Microsoft.PowerShell"), "{name}");
            assert_eq!(session.shell.idle_timeout, Some(Duration::from_secs(7_200)), "{name}");
            let opened = Stated { state: SessionState::Opened, availability: Availability::Available };
            assert_eq!(session.stated, Some(opened), "{name}");
            assert_eq!((&*session.seen_by, session.seen_at), ("", now()), "{name}");
            assert_eq!(build.note, RowMetadata::new(Origin::Imported), "{name}");
            let session = &nightly.session;
            assert_eq!((session.id, session.shell.shell_id.as_str()), (Some(LocalId(4)), NIGHTLY), "{name}");
            let away = Stated { state: SessionState::Disconnected, availability: Availability::None };
            assert_eq!((session.stated, session.shell.idle_timeout), (Some(away), None), "{name}");
        }
    }
}

#[test]
fn objects_come_one_a_line_in_arrays_one_after_the_other_or_not_at_all() {
    let places = |text: &str| -> Vec<String> {
        read(text.as_bytes(), now(), &naming(false))
            .unwrap()
            .iter()
            .map(|object| object.position.to_string())
            .collect()
    };
    assert_eq!(places("{\"Id\":1}\n\n{\"Id\":2}\r\n"), ["line 1", "line 3"]);
    assert_eq!(places("\n{\n\"Id\":1\n}{\"Id\":2}\n {\"Id\":3}"), ["line 2", "line 4", "line 5"]);
    assert_eq!(places("[{\"Id\":1},\n{\"Id\":2}] [{\"Id\":3}]"), ["item 1", "item 2", "item 3"]);
    assert_eq!(places("{\"Count\":1,\"VALUE\":[{\"Id\":1}]}"), ["item 1"]);
    assert_eq!(places("\nId\n\n7\n8\n"), ["line 4", "line 5"]);
    for nothing in ["", " \r\n", "[]", "null", "\u{feff}", "{\"value\":[],\"Count\":0}", "Id,Name\n"] {
        assert!(places(nothing).is_empty(), "{nothing:?}");
    }
}

#[test]
fn a_shell_id_or_an_instance_id_makes_a_session_and_an_id_alone_names_a_row() {
    let subject = |text: &str| read(text.as_bytes(), now(), &naming(false)).unwrap().remove(0).reference;
    let name = NameProperty { property: Property::Name, text: "x".to_owned() };
    let by_id = SessionReference::Id { id: LocalId(7), names: vec![name] };
    assert_eq!(subject(r#"{"id":7,"name":"x"}"#), by_id);
    for text in
        [r#"{"Id":7,"ShellId":"uuid:a"}"#, "Id,InstanceId\n7,{b6631d8e-65a0-49f2-9053-a1b156c95777}\n"]
    {
        let SessionReference::Session(row) = subject(text) else { panic!("{text}") };
        assert_eq!(row.session.id, Some(LocalId(7)));
    }
}

#[test]
fn a_shell_id_is_kept_as_it_stands_and_an_instance_id_is_sent_upper_case() {
    let lower = BUILD_7.to_lowercase();
    let shell_id = |row: Row| row.session.shell.shell_id.as_str().to_owned();
    assert_eq!(shell_id(of(&format!(r#""InstanceId":null,"shellID2":"{lower}""#))), "A");
    let both = format!(r#"{{"ShellId":"uuid:{lower}","InstanceId":"{BUILD_7}"}}"#);
    assert_eq!(shell_id(rows(both).remove(0)), format!("uuid:{lower}"));
    for spelt in [format!(r#""{lower}""#), format!(r#"{{"Guid":"{lower}"}}"#), format!(r#""({lower})""#)] {
        assert_eq!(shell_id(rows(format!(r#"{{"InstanceId":{spelt}}}"#)).remove(0)), BUILD_7);
    }
    let two = format!(r#"{{"ShellId":"{NIGHTLY}","InstanceId":"{BUILD_7}"}}"#);
    is_refused(two, "line 1", "two different sessions");
}

#[test]
fn an_endpoint_is_as_given_or_follows_from_the_computer() {
    for (properties, tls, url, port, computer) in [
        (r#""ComputerName":"web01""#, false, "http://web01:5985/wsman", 5985, "web01"),
        (r#""ComputerName":"web01""#, true, "https://web01:5986/wsman", 5986, "web01"),
        (r#""ComputerName":"web01","Port":5986"#, false, "https://web01:5986/wsman", 5986, "web01"),
        (r#""ComputerName":"web01","Port":"443""#, false, "https://web01/wsman", 443, "web01"),
        (r#""ComputerName":"web01","Port":8080"#, false, "http://web01:8080/wsman", 8080, "web01"),
        (r#""ComputerName":"::1","Port":80"#, false, "http://[::1]/wsman", 80, "[::1]"),
        (r#""ComputerName":".""#, false, "http://localhost:5985/wsman", 5985, "localhost"),
        (r#""Endpoint":"https://web01""#, false, "https://web01/wsman", 443, "web01"),
        (
            r#""ComputerName":"web01","Runspace":{"Id":4,"ConnectionInfo":{"ConnectionUri":"https://web01:5986/wsman"}}"#,
            false,
            "https://web01:5986/wsman",
            5986,
            "web01",
        ),
        (
            r#""Endpoint":"http://a:1/x","ConnectionUri":"http://b:2/y","ComputerName":"c""#,
            false,
            "http://a:1/x",
            1,
            "c",
        ),
        // Of a session that was opened by the computer's name the port is WinRM's own, and the URI has none.
        (r#""ConnectionUri":"http://web01/wsman""#, false, "http://web01:5985/wsman", 5985, "web01"),
        (r#""ConnectionUri":"HTTPS://web01/x?y""#, false, "https://web01:5986/x?y", 5986, "web01"),
        (r#""ConnectionUri":"http://[::1]""#, false, "http://[::1]:5985/wsman", 5985, "[::1]"),
        (r#""ConnectionUri":"http://web01:80/wsman""#, false, "http://web01/wsman", 80, "web01"),
        (r#""ConnectionUri":"http://web04:8080/wsman""#, false, "http://web04:8080/wsman", 8080, "web04"),
        (
            r#""ComputerName":"h","Transport":"SSH","Runspace":{"ConnectionInfo":{"ConnectionUri":"http://h:1"}}"#,
            false,
            "",
            0,
            "h",
        ),
        (r#""ComputerName":".","ComputerType":1"#, false, "", 0, "."),
        (r#""Endpoint":"http://web01:1/x","ComputerName":"db""#, true, "http://web01:1/x", 1, "db"),
        (r#""ComputerName":"db","Transport":"SSH","Port":22"#, false, "", 22, "db"),
        (r#""ComputerName":"db","ComputerType":1"#, false, "", 0, "db"),
        (r#""Transport":"wsman""#, false, "", 0, ""),
        (r#""ComputerName":"  ","Endpoint":"""#, false, "", 0, ""),
    ] {
        let text = format!(r#"{{"ShellId":"A",{properties}}}"#);
        let Ok([SessionObject { reference: SessionReference::Session(row), .. }]) =
            <[SessionObject; 1]>::try_from(
                read(text.as_bytes(), now(), &naming(tls)).unwrap_or_else(|e| panic!("{text}: {e:?}")),
            )
        else {
            panic!("{text}")
        };
        let session = &row.session;
        let found = (&*session.endpoint_url, session.port, &*session.computer_name);
        assert_eq!(found, (url, port, computer), "{text}");
    }
}

#[test]
fn what_is_no_computer_is_reached_over_the_hypervisor_unless_its_object_says_otherwise() {
    let of = |properties: &str| of(&format!(r#""ComputerName":"x",{properties}"#)).session;
    let vm = of(&format!(r#""ComputerType":"virtualmachine","VMId":"{NIGHTLY}","VMName":"db""#));
    assert_eq!((vm.computer_type, vm.transport()), (ComputerType::VirtualMachine, "VMBus"));
    assert_eq!((vm.vm_id, &*vm.vm_name), (Uuid::try_parse(NIGHTLY).ok(), "db"));
    let container = of(r#""ComputerType":2,"ContainerId":"c0ffee""#);
    assert_eq!((container.transport(), &*container.container_id), ("Container", "c0ffee"));
    let recorded = of(r#""ComputerType":1,"Endpoint":"http://host1:5985/wsman""#);
    assert_eq!((recorded.transport, &*recorded.computer_name), (Transport::WsMan, "x"));
}

#[test]
fn a_configuration_is_a_resource_of_powershell_unless_it_is_one_already() {
    for (properties, uri) in [
        (r#""ConfigurationName":"JEA""#, "http://schemas.microsoft.com/powershell/JEA"),
        (r#""ConfigurationName":"http://x/y""#, "http://x/y"),
        (r#""ConfigurationName":"JEA","ResourceUri":"urn:r""#, "urn:r"),
        (r#""ConfigurationName":"""#, ""),
    ] {
        assert_eq!(of(properties).session.shell.resource_uri, uri.into(), "{properties}");
    }
}

#[test]
fn states_are_numbers_or_words_and_what_passes_becomes_where_it_leads() {
    for (state, expected) in [
        (r#"1"#, SessionState::Opened),
        (r#""2""#, SessionState::Opened),
        (r#""CLOSING""#, SessionState::Closed),
        (r#"5"#, SessionState::Broken),
        (r#""Disconnecting""#, SessionState::Disconnected),
        (r#"8"#, SessionState::Opened),
        (r#"{"value":7,"Value":"Disconnected"}"#, SessionState::Disconnected),
    ] {
        let stated = of_powershell(&format!(r#""State":{state},"Availability":3"#)).session.stated;
        assert_eq!(stated, Some(Stated { state: expected, availability: Availability::Busy }), "{state}");
    }
    for (properties, state, availability) in [
        (r#""Availability":1"#, SessionState::Unknown, Availability::Available),
        (r#""State":2"#, SessionState::Opened, Availability::Unknown),
        (r#""State":7"#, SessionState::Disconnected, Availability::None),
        (r#""Name":"  ""#, SessionState::Unknown, Availability::Unknown),
        (r#""State":"Unknown""#, SessionState::Unknown, Availability::Unknown),
        (
            r#""Runspace":{"RunspaceStateInfo":{"State":7,"Reason":null},"RunspaceAvailability":0}"#,
            SessionState::Disconnected,
            Availability::None,
        ),
        (
            r#""Runspace":{"RunspaceStateInfo":"Opened"},"Availability":3"#,
            SessionState::Opened,
            Availability::Busy,
        ),
        (r#""Runspace":{"RunspaceStateInfo":"System.Object"}"#, SessionState::Unknown, Availability::Unknown),
    ] {
        let session = of_powershell(properties).session;
        // A name of blanks is a name.
        assert_eq!(session.name().is_some(), properties.starts_with(r#""Name""#), "{properties}");
        let stated = session.stated;
        assert_eq!(stated, Some(Stated { state, availability }), "{properties}");
    }
    is_refused(
        r#"{"Id":1,"ShellId":"A","State":9}"#,
        "line 1",
        "State is 9, but must be one of BeforeOpen, ",
    );
    is_refused(r#"{"ShellId":"A","Availability":"Free"}"#, "line 1", "Availability is \"Free\"");
}

#[test]
fn of_our_own_objects_the_servers_word_counts_and_ours_only_where_it_says_something_else() {
    let own = |rest: &str| of(&format!(r#""Schema":"pssession.session/1",{rest}"#)).session;
    let plain = own(r#""State":"Disconnected","Availability":"None","ServerState":"Disconnected""#);
    assert_eq!((plain.stated, plain.shell.state.as_deref()), (None, Some("Disconnected")));
    assert_eq!(own(r#""State":"Opened","Availability":"Busy","ServerState":null"#).stated, None);
    let broken = own(r#""State":"Broken","Availability":"None","ServerState":"Connected""#);
    assert_eq!((broken.stated, broken.shell.state.as_deref()), (Some(Stated::BROKEN), Some("Connected")));
}

#[test]
fn durations_are_seconds_of_ours_and_an_idle_timeout_of_powershells_is_milliseconds() {
    let millis = |row: Row| row.session.shell.idle_timeout.map(|limit| limit.as_millis());
    for (value, ours, powershells) in [
        ("7200", Some(7_200_000), Some(7_200)),
        ("2147483.647", Some(2_147_483_647), Some(2_147_484)),
        (r#""7200""#, Some(7_200_000), Some(7_200)),
        ("-1", None, None),
        (r#""-1""#, None, None),
        ("null", None, None),
        (r#""PT7200.500S""#, Some(7_200_500), Some(7_200_500)),
        (r#""02:00:00""#, Some(7_200_000), Some(7_200_000)),
        (r#""1.00:00:01.5000000""#, Some(86_401_500), Some(86_401_500)),
        (r#"{"Ticks":72000000000,"Hours":2}"#, Some(7_200_000), Some(7_200_000)),
    ] {
        let property = format!(r#""IdleTimeout":{value}"#);
        assert_eq!(millis(of(&property)), ours, "{value}");
        assert_eq!(millis(of_powershell(&property)), powershells, "{value}");
    }
    // What cannot be read is unknown, and refuses no file: a culture writes 2147483,647.
    for unknown in [
        "true",
        "1e300",
        r#""soon""#,
        r#""2147483,647""#,
        r#""1:2""#,
        r#""NaN""#,
        r#""inf""#,
        "18446744073709551615",
        "[1]",
    ] {
        assert_eq!(millis(of(&format!(r#""IdleTimeout":{unknown}"#))), None, "{unknown}");
    }
}

#[test]
fn a_session_was_seen_when_its_object_says_but_never_later_than_now() {
    let seen = |value: &str| {
        let at = of(&format!(r#""SeenAt":{value}"#)).session.seen_at;
        now().duration_since(at).unwrap().as_millis()
    };
    assert_eq!(seen(r#""2023-11-14T22:13:19Z""#), 1_000);
    assert_eq!(seen(r#""2023-11-14T23:13:19.5000000+01:00""#), 500);
    assert_eq!(seen(r#""2023-11-14T22:13:19""#), 1_000);
    assert_eq!(seen(r#""\/Date(1699999999000)\/""#), 1_000);
    assert_eq!(seen(r#""/Date(1699999999000+0100)/""#), 1_000);
    assert_eq!(seen(r#""/Date(-1000)/""#), 1_700_000_001_000);
    assert_eq!((seen(r#""9999-01-01T00:00:00Z""#), seen("null")), (0, 0));
    // In a culture's format it is unknown, and that object was seen now.
    for unknown in
        ["\"14.11.2023 22:13:19\"", "\"/Date()/\"", "\"/Date(1\"", "5", "\"/Date(99999999999999999)/\""]
    {
        assert_eq!(seen(unknown), 0, "{unknown}");
    }
}

#[test]
fn how_a_session_is_reached_again_is_kept_and_who_has_seen_it_is_not() {
    let row = of(&format!(
        r#""User":"LAB\\ada","Auth":"NTLM","SessionId":"{BUILD_7}","Origin":"Opened","SeenBy":"root""#
    ));
    let note = RowMetadata {
        user: Some("LAB\\ada".into()),
        auth: Some("ntlm".into()),
        session_id: Uuid::try_parse(BUILD_7).ok().map(SessionId::new),
        ..RowMetadata::new(Origin::Imported)
    };
    assert_eq!((row.note, &*row.session.seen_by), (note, ""));
}

#[test]
fn a_password_in_a_url_is_refused_and_not_told() {
    for property in ["Endpoint", "ComputerName", "ResourceUri", "ConfigurationName"] {
        for url in
            ["http://root:hunter2@web01/wsman", "http://root:hun ter2@web01", "https://root:hun/ter2@x"]
        {
            let lines = refused(format!(r#"{{"ShellId":"A","{property}":"{url}"}}"#));
            assert!(lines[0].contains("contains a user name"), "{lines:?}");
            assert!(!lines[0].contains("hun") && !lines[0].contains("ter2"), "{lines:?}");
        }
    }
}

#[test]
fn what_is_broken_or_hostile_is_refused_with_its_place_and_its_reason() {
    for (text, place, reason) in [
        ("{\"Id\":1}\n{\"Id\":", "line 2", "ends unexpectedly"),
        ("[{\"Id\":1},\n{\"Id\":2}", "line 2", "ends unexpectedly"),
        ("{\"Id\":1}\n{Id:2}", "line 2", "not JSON: key must be a string at column 2"),
        ("{\"Id\":1} x", "line 1", "not JSON"),
        ("[{\"Id\":1},5]", "item 2", "expected an object, found a number"),
        ("[[{\"Id\":1}]]", "item 1", "found a list"),
        ("[null]", "item 1", "found null"),
        ("{\"Id\":1}\n\"x\"", "line 2", "found a text"),
        ("[true]", "item 1", "found true or false"),
        ("{\"Id\":1,\"ID\":2}", "line 1", "duplicate property \"Id\""),
        ("{\"Id\":1,\"x\":2,\"X\":3}", "line 1", "duplicate property \"X\""),
        ("{\"Id\":1,\"value\":[]}", "line 1", "both an object and a wrapped list"),
        ("{\"Id\":0,\"ShellId\":\"A\"}", "line 1", "a number above 0"),
        ("{\"ShellId\":[\"A\"]}", "line 1", "ShellId is a list, but must be a text"),
        ("{\"ShellId\":\"a\\u0000b\"}", "line 1", "NUL"),
        ("{\"ShellId\":\"a\\nb\"}", "line 1", "control character"),
        ("{\"Name\":\"\\ud800\",\"Id\":1}", "line 1", "not JSON"),
        ("{\"InstanceId\":\"x\"}", "line 1", "InstanceId is \"x\", but must be a GUID"),
        ("{\"InstanceId\":\"x\",\"Cn\":\"*\"}", "line 1", "InstanceId is \"x\", but must be a GUID"),
        ("{\"ShellId\":\"A\",\"Port\":65536}", "line 1", "a port"),
        ("{\"ShellId\":\"A\",\"Endpoint\":\"http://a:1/\",\"Port\":2}", "line 1", "not the port of Endpoint"),
        ("{\"ShellId\":\"A\",\"Endpoint\":\"ftp://a\"}", "line 1", "neither http nor https"),
        ("{\"ShellId\":\"A\",\"ComputerName\":\"http://a\"}", "line 1", "call it Endpoint"),
        ("{\"ShellId\":\"A\",\"Auth\":\"magic\"}", "line 1", "is not an authentication scheme"),
        ("{\"Schema\":\"pssession.error/1\",\"Id\":1}", "line 1", "not a session"),
        ("{\"Schema\":\"pssession.session/2\",\"Id\":1}", "line 1", "newer version"),
        ("\n<Objs Version=\"1.1.0.1\">", "line 2", "the XML ends unexpectedly in /Objs"),
        ("hello", "line 1", "expected an object, found a text"),
        ("a,b\n1,2", "line 1", "neither JSON nor CSV"),
        ("Id,NAME,name\n1,2,3", "line 1", "duplicate column"),
        ("Id,Name\n1,ab", "line 2", "the last line has no newline"),
        ("#TYPE x\nId,Name\n1,a\n2\n", "line 4", "1 fields, but the header has 2"),
        ("Id,Name\n1,\"a\n", "line 2", "a quote is not closed"),
        ("Id,ShellId\nx,a\n", "line 2", "Id is \"x\""),
        ("Id|Name|InstanceId\n1|a|b\n2|a|b\n", "line 1", "separated by |"),
        ("\n Id Name    Transport ComputerName\n -- ----\n  1 a b c\n", "line 2", "a printed table"),
        ("Id           : 1\nName         : build-1\n\nId : 2\n", "line 1", "a printed list"),
        ("\u{feff}\0", "line 1", "neither JSON nor CSV"),
    ] {
        is_refused(text, place, reason);
    }
    is_refused(b"{\"Id\":1}\n\xff", "line 2", "neither UTF-8 nor UTF-16");
}

#[test]
fn depth_is_no_danger() {
    let deep = "[".repeat(100_000);
    is_refused(&deep, "line 1", "ends unexpectedly");
    is_refused(format!("{deep}{}", "]".repeat(100_000)), "item 1", "a list");
    let nested = format!(r#"{{"ShellId":"A","Runspace":{}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(rows(&nested).len(), 1);
    let known = format!(r#"{{"ShellId":"A","Name":{}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    is_refused(known, "line 1", "Name is a list");
}

#[test]
fn texts_lists_and_objects_beyond_the_limits_are_refused() {
    let long = "x".repeat(MAX_TEXT + 1);
    is_refused(format!(r#"{{"ShellId":"{long}"}}"#), "line 1", "ShellId is longer than 65536 bytes");
    is_refused(format!("ShellId\n{long}\n"), "line 2", "ShellId is longer");
    let many = vec!["\"c\""; MAX_LIST + 1].join(",");
    is_refused(format!(r#"{{"ShellId":"A","CommandIds":[{many}]}}"#), "line 1", "CommandIds is longer");
    let strange = (0..=MAX_OTHERS).map(|n| format!(",\"p{n}\":{n}")).collect::<String>();
    is_refused(format!("{{\"Id\":1{strange}}}"), "line 1", "more than 1000 unknown properties");
    let (fits, more) = ("{\"Id\":1}\n".repeat(MAX_OBJECTS), "{\"Id\":1}\n");
    is_refused(fits.clone() + more + more, "line 250001", "more than 250000 objects");
    let array = fits.trim_end().replace('\n', ",");
    is_refused(format!("[{array},{{\"Id\":1}},{{\"Id\":1}}]"), "item 250001", "more than 250000 objects");
}

#[test]
fn every_error_is_told_up_to_a_point_and_the_rest_counted() {
    let lines = refused("{\"Id\":1}\n{}\n".repeat(30));
    assert_eq!(lines.len(), 21);
    assert!(lines[0].starts_with("line 2: has none of ShellId, InstanceId, Id, Name, "), "{lines:?}");
    assert_eq!(lines[20], "and 10 more");
}

#[test]
fn a_list_of_commands_is_a_list_or_a_text_with_blanks() {
    let commands = |row: Row| row.session.commands.map(|ids| ids.len());
    assert_eq!(commands(of(r#""CommandIds":["a","b"]"#)), Some(2));
    assert_eq!(commands(of(r#""CommandIds":"a b c""#)), Some(3));
    assert_eq!(commands(of(r#""CommandIds":[]"#)), Some(0));
    assert_eq!(commands(of(r#""CommandIds":null"#)), None);
    is_refused(r#"{"ShellId":"A","CommandIds":[{"a":1}]}"#, "line 1", "must be a list of ids");
}

#[test]
fn a_shell_id_that_is_no_guid_stays_what_it_is() {
    assert_eq!(rows("ShellId;Id\nshell;1\n")[0].session.shell.shell_id, ShellId::from_server("SHELL"));
}
