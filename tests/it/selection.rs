//! Selection through the public API: PowerShell's wildcards row by row, and every selector's rules.

use std::time::SystemTime;

use proptest::prelude::*;
use pssession::session::{
    ComputerType, Filter, IdRange, LocalId, Miss, SeenOn, Selector, SelectorProperty, SessionDescriptor,
    SessionQuery, WildcardPattern, parse_guid, parse_ids,
};
use pssession::wsman::{Shell, ShellId};

#[test]
fn each_row_of_the_wildcard_truth_table_holds() {
    assert_eq!(TRUTH_TABLE.len(), 93);
    for (pattern, input, expected) in TRUTH_TABLE {
        let verdict = match WildcardPattern::new(pattern) {
            Ok(compiled) if compiled.matches(input) => Yes,
            Ok(_) => No,
            Err(_) => Invalid,
        };
        assert_eq!(verdict, *expected, "pattern {pattern:?} against {input:?}");
    }
}

#[test]
fn a_name_is_a_pattern_and_only_a_literal_miss_is_loud() {
    let sessions = [named("Alpha"), named("alps"), named("beta")];
    assert_eq!(chosen(vec![names(&["ALP*"])], &sessions), [0, 1]);
    assert_eq!(
        misses(vec![names(&["alp", "gone*", "x]", "x`*", "beta", "alp"])], &sessions),
        [
            miss(SelectorProperty::Name, "alp", false),
            miss(SelectorProperty::Name, "gone*", true),
            miss(SelectorProperty::Name, "x]", true),
            miss(SelectorProperty::Name, "x`*", false),
            miss(SelectorProperty::Name, "alp", false),
        ]
    );
}

#[test]
fn a_session_without_a_name_is_not_even_found_by_a_star() {
    let sessions = [bare(), named("a")];
    assert_eq!(chosen(vec![names(&["*"])], &sessions), [1]);
}

#[test]
fn a_computer_name_misses_loudly_even_with_a_wildcard() {
    let sessions = [on("Web01"), on("web02"), on("db01")];
    assert_eq!(chosen(vec![computers(&["WEB*"])], &sessions), [0, 1]);
    assert_eq!(
        misses(vec![computers(&["mail*", "web03", "db01"])], &sessions),
        [
            miss(SelectorProperty::ComputerName, "mail*", false),
            miss(SelectorProperty::ComputerName, "web03", false)
        ]
    );
    assert_eq!(misses(vec![computers(&["*"])], &[]), [miss(SelectorProperty::ComputerName, "*", false)]);
}

#[test]
fn a_dot_is_localhost_and_nothing_else_is() {
    let sessions = [on("web01"), on("LocalHost")];
    assert_eq!(chosen(vec![computers(&["."])], &sessions), [1]);
    assert_eq!(
        misses(vec![computers(&["."])], &sessions[..1]),
        [miss(SelectorProperty::ComputerName, ".", false)]
    );
}

#[test]
fn an_ipv6_address_is_found_with_and_without_brackets_and_is_never_a_set() {
    let sessions = [on("1"), on("2001:db8::1"), on("fe80::1%12")];
    for text in ["2001:db8::1", "[2001:db8::1]", "2001:DB8:0::1"] {
        assert_eq!(chosen(vec![computers(&[text])], &sessions), [1], "{text}");
    }
    assert_eq!(chosen(vec![computers(&["fe80::1%12"])], &sessions), [2]);
    assert_eq!(
        misses(vec![computers(&["[::1]"])], &sessions),
        [miss(SelectorProperty::ComputerName, "[::1]", false)]
    );
    assert_eq!(chosen(vec![computers(&["`[2001*"])], &sessions), [1]);
}

#[test]
fn an_instance_id_is_found_in_any_spelling_and_misses_in_one() {
    let of = |id: &str| {
        let mut session = bare();
        session.shell_mut().shell_id = ShellId::from_server(id);
        session
    };
    let sessions = [of("not a guid"), of("uuid:fc4e9dfa-f246-452d-9fa3-1adbdd64ae85")];
    let wanted = parse_guid("{0xFC4E9DFA,0xF246,0x452D,{0x9F,0xA3,0x1A,0xDB,0xDD,0x64,0xAE,0x85}}").unwrap();
    let other = parse_guid("(B6631D8E-65A0-49F2-9053-A1B156C95777)").unwrap();
    let selector = Selector::InstanceId(vec![wanted, other, other]);
    let selection = SessionQuery::new(vec![selector], Vec::new()).select(&sessions);
    assert_eq!(selection.chosen, [1]);
    let expected = miss(SelectorProperty::InstanceId, "b6631d8e-65a0-49f2-9053-a1b156c95777", false);
    assert_eq!(selection.misses, [expected.clone(), expected]);
}

#[test]
fn ids_come_in_the_order_in_which_they_were_written() {
    let sessions = [numbered(1), numbered(2), bare(), numbered(3), numbered(7)];
    assert_eq!(chosen(vec![ids("3..1")], &sessions), [3, 1, 0]);
    assert_eq!(chosen(vec![ids("7,1..3,2")], &sessions), [4, 0, 1, 3]);
    assert_eq!(
        misses(vec![ids("9,-1,1,9")], &sessions),
        [
            miss(SelectorProperty::Id, "9", false),
            miss(SelectorProperty::Id, "-1", false),
            miss(SelectorProperty::Id, "9", false)
        ]
    );
}

#[test]
fn a_range_misses_once_and_only_as_a_whole() {
    let sessions = [numbered(5)];
    assert_eq!(misses(vec![ids("1..9")], &sessions), []);
    assert_eq!(
        misses(vec![ids("6..2147483647")], &sessions),
        [miss(SelectorProperty::Id, "6..2147483647", false)]
    );
    let everything = format!("{}..{}", i64::MAX, i64::MIN);
    assert_eq!(chosen(vec![ids(&everything)], &sessions), [0]);
}

proptest! {
    #[test]
    fn ranges_choose_what_counting_through_them_would(
        ids in prop::collection::vec(-9_i64..9, 0..12),
        ends in prop::collection::vec((-12_i64..12, -12_i64..12), 0..5),
    ) {
        let sessions: Vec<_> = ids.iter().map(|&id| numbered(id)).collect();
        let mut expected = Vec::new();
        for &(first, last) in &ends {
            let numbers: Vec<_> = if first <= last { (first..=last).collect() } else { (last..=first).rev().collect() };
            for number in numbers {
                for (index, &id) in ids.iter().enumerate() {
                    if id == number && !expected.contains(&index) {
                        expected.push(index);
                    }
                }
            }
        }
        let ranges = ends.iter().map(|&(first, last)| IdRange { first, last }).collect();
        prop_assert_eq!(chosen(vec![Selector::Id(ranges)], &sessions), expected);
    }
}

#[test]
fn a_container_id_is_exact_and_silent_and_only_for_containers() {
    let in_container = |id: &str| {
        let mut session = bare();
        session.computer_type = ComputerType::Container;
        session.container_id = id.to_owned();
        session
    };
    let mut elsewhere = in_container("AbC1");
    elsewhere.computer_type = ComputerType::RemoteMachine;
    let sessions = [elsewhere, in_container("AbC1"), in_container("abc1")];
    let selector = |id: &str| vec![Selector::ContainerId(vec![id.to_owned()])];
    assert_eq!(chosen(selector("AbC1"), &sessions), [1]);
    for absent in ["AbC", "*", ""] {
        assert_eq!(misses(selector(absent), &sessions), [miss(SelectorProperty::ContainerId, absent, true)]);
    }
}

#[test]
fn a_virtual_machine_is_found_by_id_and_name_and_misses_silently() {
    let vm = uuid::Uuid::from_u128(7);
    let mut inside = bare();
    inside.computer_type = ComputerType::VirtualMachine;
    inside.vm_name = "Lab-DC".to_owned();
    inside.vm_id = Some(vm);
    let mut elsewhere = inside.clone();
    elsewhere.computer_type = ComputerType::RemoteMachine;
    let sessions = [elsewhere, inside, bare()];
    assert_eq!(chosen(vec![Selector::VmId(vec![vm])], &sessions), [1]);
    assert_eq!(chosen(vec![Selector::VmName(patterns(&["lab-*"]))], &sessions), [1]);
    assert_eq!(chosen(vec![Selector::VmName(patterns(&["*"]))], &sessions), [1]);
    assert_eq!(
        misses(
            vec![Selector::VmName(patterns(&["gone", "gone*"])), Selector::VmId(vec![uuid::Uuid::nil()])],
            &sessions
        ),
        [
            miss(SelectorProperty::VmName, "gone", true),
            miss(SelectorProperty::VmName, "gone*", true),
            miss(SelectorProperty::VmId, "00000000-0000-0000-0000-000000000000", true),
        ]
    );
}

#[test]
fn all_takes_every_session_and_never_misses() {
    assert_eq!(chosen(vec![Selector::All], &[bare(), named("a")]), [0, 1]);
    assert_eq!(misses(vec![Selector::All], &[]), []);
}

#[test]
fn values_of_one_selector_add_and_different_selectors_must_agree() {
    let mut sessions = [named("a"), named("b"), named("c"), named("d")];
    for session in &mut sessions[1..] {
        session.computer_name = "web02".into();
    }
    assert_eq!(chosen(vec![names(&["d", "a"])], &sessions), [3, 0]);
    assert_eq!(chosen(vec![names(&["d", "a", "[b-d]"]), computers(&["web02"])], &sessions), [3, 1, 2]);
    assert_eq!(chosen(vec![computers(&["web02"]), names(&["d", "a", "b"])], &sessions), [1, 3]);
}

#[test]
fn a_session_that_two_values_find_is_kept_once_at_its_first_position() {
    let sessions = [named("a1"), named("b1"), named("a2")];
    assert_eq!(chosen(vec![names(&["b*", "*1", "*"])], &sessions), [1, 0, 2]);
}

#[test]
fn misses_are_judged_for_each_selector_on_its_own_and_before_filters() {
    let sessions = [named("a"), on("web02")];
    let query = SessionQuery::new(
        vec![names(&["a"]), computers(&["web02"])],
        vec![Filter::Exclude(patterns(&["a"])), Filter::Port(vec![1])],
    );
    let selection = query.select(&sessions);
    assert!(selection.chosen.is_empty());
    assert_eq!(selection.misses, []);
}

#[test]
fn filters_alone_narrow_everything_and_different_filters_must_agree() {
    let mut sessions = [named("a"), named("b"), named("c")];
    sessions[2].port = 5986;
    let filters = vec![Filter::Exclude(patterns(&["a"])), Filter::Port(vec![5985, 443])];
    assert_eq!(SessionQuery::new(Vec::new(), filters).select(&sessions).chosen, [1]);
    let empty = SessionQuery::default();
    assert!(empty.is_empty());
    assert_eq!(empty.select(&sessions).chosen, [0, 1, 2]);
}

fn bare() -> SessionDescriptor {
    on("web01")
}

fn on(host: &str) -> SessionDescriptor {
    let shell = Shell::new(
        ShellId::from_server("8DF1C2A4-0000-0000-0000-000000000001"),
        "http://schemas.microsoft.com/powershell/Microsoft.PowerShell",
    );
    let seen_on = SeenOn { host, url: "http://web01:5985/wsman", port: 5985 };
    SessionDescriptor::from_shell(shell, seen_on, "ada", SystemTime::UNIX_EPOCH)
}

fn named(name: &str) -> SessionDescriptor {
    let mut session = bare();
    session.shell_mut().name = Some(name.into());
    session
}

fn numbered(id: i64) -> SessionDescriptor {
    let mut session = bare();
    session.id = Some(LocalId(id));
    session
}

fn patterns(texts: &[&str]) -> Vec<WildcardPattern> {
    texts.iter().map(|text| WildcardPattern::new(text).unwrap()).collect()
}

fn names(texts: &[&str]) -> Selector {
    Selector::Name(patterns(texts))
}

fn computers(texts: &[&str]) -> Selector {
    Selector::ComputerName(patterns(texts))
}

fn ids(text: &str) -> Selector {
    Selector::Id(parse_ids(text).unwrap())
}

fn miss(property: SelectorProperty, value: &str, silent: bool) -> Miss {
    let literal = match property {
        SelectorProperty::Name => !silent,
        SelectorProperty::VmName | SelectorProperty::ComputerName => !value.contains(['*', '?']),
        _ => true,
    };
    Miss { property, value: value.to_owned(), silent, literal }
}

fn chosen(selectors: Vec<Selector>, sessions: &[SessionDescriptor]) -> Vec<usize> {
    SessionQuery::new(selectors, Vec::new()).select(sessions).chosen
}

fn misses(selectors: Vec<Selector>, sessions: &[SessionDescriptor]) -> Vec<Miss> {
    SessionQuery::new(selectors, Vec::new()).select(sessions).misses
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Yes,
    No,
    Invalid,
}
use Verdict::{Invalid, No, Yes};

/// Pattern, input, and what PowerShell makes of them.
#[rustfmt::skip]
const TRUTH_TABLE: &[(&str, &str, Verdict)] = &[
    ("*", "", Yes),
    ("*", "anything at all", Yes),
    ("**", "abc", Yes),
    ("?", "", No),
    ("?", "a", Yes),
    ("?", "ab", No),
    ("??", "ab", Yes),
    ("abc", "abc", Yes),
    ("abc", "ABC", Yes),
    ("abc", "abcd", No),
    ("", "", Yes),
    ("", "a", No),
    ("serv*", "Server01", Yes),
    ("serv*", "serv", Yes),
    ("serv*", "MyServer", No),
    ("SERV*", "server01", Yes),
    ("*01", "Server01", Yes),
    ("*01", "Server012", No),
    ("s*1", "Server01", Yes),
    ("s*1", "s1", Yes),
    ("s?rver", "server", Yes),
    ("s?rver", "srver", No),
    ("*er*", "Server01", Yes),
    ("*er*", "abc", No),
    ("a*b*c", "aXbYc", Yes),
    ("a*b*c", "abc", Yes),
    ("a*b*c", "acb", No),
    ("[abc]", "b", Yes),
    ("[abc]", "d", No),
    ("[abc]", "B", Yes),
    ("[a-c]x", "bx", Yes),
    ("[a-c]x", "BX", Yes),
    ("[a-c]x", "dx", No),
    ("[A-C]x", "bx", Yes),
    ("srv[0-9]", "srv7", Yes),
    ("srv[0-9]", "srvA", No),
    ("srv[0-9]", "srv12", No),
    ("[!a]", "b", No),
    ("[!a]", "!", Yes),
    ("[!a]", "a", Yes),
    ("[^a]", "b", No),
    ("[^a]", "^", Yes),
    ("[-a]", "-", Yes),
    ("[a-]", "-", Yes),
    ("[a-]", "b", No),
    ("[a`-c]", "b", No),
    ("[a`-c]", "-", Yes),
    ("[a-c-e]", "d", No),
    ("[a-c-e]", "-", Yes),
    ("[a-c-e]", "e", Yes),
    ("[]]", "]", Yes),
    ("[]a]", "a", Yes),
    ("[][]", "[", Yes),
    ("[[]", "[", Yes),
    ("[`]]", "]", Yes),
    ("a]", "a]", Yes),
    ("]", "]", Yes),
    ("a`*", "a*", Yes),
    ("a`*", "ab", No),
    ("a`?", "a?", Yes),
    ("`[x`]", "[x]", Yes),
    ("a`]b", "a]b", Yes),
    ("`a", "a", Yes),
    ("abc`def", "abc`def", No),
    ("abc`def", "abcdef", Yes),
    ("abc``def", "abc`def", Yes),
    ("a`", "a`", Yes),
    ("`", "", Yes),
    ("`", "`", No),
    ("``", "`", Yes),
    ("```", "``", Yes),
    ("[", "[", Invalid),
    ("a[", "a[", Invalid),
    ("[]", "[]", Invalid),
    ("[]", "a", Invalid),
    ("[abc", "a", Invalid),
    ("[z-a]", "m", Invalid),
    ("[a-Z]", "b", Invalid),
    ("[`]", "]", Invalid),
    ("[[:alpha:]]", "a", No),
    ("[[:alpha:]]", "a]", Yes),
    ("[A-z]", "_", Yes),
    ("[*]", "*", Yes),
    ("[*]", "a", No),
    ("[?]", "?", Yes),
    ("[?]", "x", No),
    ("a.c", "abc", No),
    ("a.c*", "abc1", No),
    (r"a\*", r"a\b", Yes),
    ("*", "line1\nline2", Yes),
    ("a?b", "a\nb", Yes),
    (r"[\d]", "5", No),
    (r"[\d]", r"\", Yes),
];
