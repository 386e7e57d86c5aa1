//! `wsman-schemas/uris.tsv` and `src/wsman/uri.rs` list the same URIs.

use std::collections::BTreeMap;

const TABLE: &str = include_str!("../../../wsman-schemas/uris.tsv");
const SOURCE: &str = include_str!("../../../src/wsman/uri.rs");
const KINDS: [&str; 5] = ["namespace", "resource", "dialect", "code", "action"];

/// The rows of the table: kind, name, URI, source.
fn rows() -> Vec<[&'static str; 4]> {
    let mut lines = TABLE.lines();
    assert_eq!(lines.next(), Some("kind\tname\turi\tsource"));
    lines
        .map(|line| {
            let cells: Vec<_> = line.split('\t').collect();
            cells.try_into().unwrap_or_else(|cells| panic!("not four cells: {cells:?}"))
        })
        .collect()
}

/// Every URI constant of the code by name; those of an action as `NAME.request` and `NAME.response`, one constant
/// that stands for another with the other's value.
fn constants() -> BTreeMap<String, String> {
    let code: String = SOURCE.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let mut found = BTreeMap::<String, String>::new();
    for constant in code.split("pub const ").skip(1) {
        let (name, rest) = constant.split_once(':').unwrap();
        let value = rest.split_once('=').unwrap().1.split(';').next().unwrap().trim();
        let literals: Vec<_> = value.split('"').skip(1).step_by(2).collect();
        match literals[..] {
            // A list of others.
            [] if value.starts_with("&[") => {}
            [] => drop(found.insert(name.to_owned(), found[value].clone())),
            [uri] => drop(found.insert(name.to_owned(), uri.to_owned())),
            [request, response] => {
                found.insert(format!("{name}.request"), request.to_owned());
                found.insert(format!("{name}.response"), response.to_owned());
            }
            _ => panic!("{name}: {value}"),
        }
    }
    found
}

#[test]
fn every_uri_of_the_code_is_in_the_table_and_every_row_is_in_the_code() {
    let listed: BTreeMap<_, _> =
        rows().into_iter().map(|[_, name, uri, _]| (name.to_owned(), uri.to_owned())).collect();
    assert_eq!(listed.len(), rows().len(), "a name is listed twice");
    assert_eq!(listed, constants());
}

#[test]
fn every_row_has_a_known_kind_and_a_source() {
    for [kind, name, _, source] in rows() {
        assert!(KINDS.contains(&kind), "{name}: {kind}");
        assert!(source.contains(", ") || source.contains("XML"), "{name}: {source}");
    }
}

#[test]
fn no_other_source_file_spells_a_listed_uri_out_except_in_a_template() {
    // The envelope's namespaces and the Identify request are literals, so that writing them costs one copy; each must
    // be a listed one.
    let templates =
        [include_str!("../../../src/wsman/envelope.rs"), include_str!("../../../src/wsman/op/identify.rs")];
    let constants = constants();
    for template in templates {
        for literal in template.split("xmlns:").skip(1) {
            let uri = literal.split('"').nth(1).unwrap();
            assert!(constants.values().any(|known| known == uri), "{uri}");
        }
    }
}
