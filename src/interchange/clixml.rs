//! CLIXML: what PowerShell's `Export-Clixml` writes. MS-PSRP, Serialization, has its elements.
//!
//! The library's XML reader refuses what could hurt (DTDs, entities, depth, size). Here a reference is followed once, to
//! one value; and as thousands of them may stand for the same long text or list, what they stand for has a limit, too.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::intake::Intake;
use super::object::{InvalidObject, ObjectPosition};
use super::property::{Field, MAX_LIST, MAX_TEXT, Properties, Property};
use crate::wsman::Malformed;
use crate::wsman::clixml::code_units;
use crate::wsman::xml::{Document, Element};

/// How many of an object's children are looked at for the number or the text that it stands for: of an enumeration's
/// value there are three.
const MAX_LOOKED_AT: usize = 16;

/// How many properties of a `Runspace`, or of what is in it, are looked at: there are at most 40.
const MAX_MEMBERS: usize = 64;

/// What all references of a file may stand for, in bytes of text and values of lists: of a real one it is some words for
/// each session, and less than the file may be long.
const MAX_REFERRED: usize = 1024 * 1024;

/// Reads every object of the file, and of the lists in it.
pub(super) fn read(text: &str, intake: &mut Intake) {
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let above = text.get(..error.offset).unwrap_or(text);
            return intake.refuse(ObjectPosition::Line(1 + above.matches('\n').count()), problem(&error));
        }
    };
    let root = document.root();
    if root.local() != "Objs" {
        let problem = "XML, but not what Export-Clixml writes: it does not begin with Objs";
        return intake.refuse(ObjectPosition::Line(1), problem.to_owned());
    }
    let objects = Objects::of(root);
    let mut reader = Reader { objects: &objects, intake, taken: HashSet::new(), items: 0, referred: 0 };
    for child in root.children() {
        if !reader.entry(child, false) {
            return;
        }
    }
}

fn problem(error: &Malformed) -> String {
    let Malformed { problem, path, .. } = error;
    match problem.as_str() {
        "the document ends within an element" => format!("the XML ends unexpectedly in {path}"),
        limit if limit.contains("more than") => {
            format!("{limit} at {path}; export fewer sessions at once, or use ConvertTo-Json or Export-Csv")
        }
        _ => format!("not valid XML: {problem} at {path}"),
    }
}

/// The objects that have a number, by it.
struct Objects<'d> {
    by_ref_id: HashMap<&'d str, Element<'d>>,
}

impl<'d> Objects<'d> {
    fn of(root: Element<'d>) -> Self {
        let mut by_ref_id = HashMap::new();
        let mut waiting = vec![root];
        while let Some(element) = waiting.pop() {
            if let (true, Some(id)) = (element.local() == "Obj", element.attribute("RefId")) {
                by_ref_id.entry(id).or_insert(element);
            }
            waiting.extend(element.children());
        }
        Self { by_ref_id }
    }

    /// The object that an element is or refers to.
    fn object(&self, element: Element<'d>) -> Option<Element<'d>> {
        match element.local() {
            "Obj" => Some(element),
            "Ref" => self.by_ref_id.get(element.attribute("RefId")?).copied(),
            _ => None,
        }
    }
}

struct Reader<'d, 'i, 'e> {
    objects: &'d Objects<'d>,
    intake: &'i mut Intake<'e>,
    /// The numbers of those that were taken: one that is referred to is the same once more.
    taken: HashSet<&'d str>,
    items: usize,
    /// What the references that were followed stand for.
    referred: usize,
}

impl<'d> Reader<'d, '_, '_> {
    /// One value of the file, or of a list in it. Whether to read on.
    fn entry(&mut self, element: Element<'d>, is_item: bool) -> bool {
        if let (false, "Obj", Some(list)) = (is_item, element.local(), list_of(element)) {
            return list.children().all(|item| self.entry(item, true));
        }
        self.items += 1;
        let position = ObjectPosition::Item(self.items);
        let found = match element.local() {
            "Obj" => {
                self.taken.extend(element.attribute("RefId"));
                self.properties(element).map_err(InvalidObject::Wrong)
            }
            "Ref" => match element.attribute("RefId") {
                Some(id) if self.taken.contains(id) => return true,
                _ => Err(InvalidObject::Wrong("refers to an object that does not precede it".to_owned())),
            },
            "Nil" => Err(InvalidObject::Null(InvalidObject::found("null"))),
            other => Err(InvalidObject::Unbound(InvalidObject::found(kind_of(other)))),
        };
        self.intake.take(position, found).is_ok()
    }

    /// An object's own properties, and those that were added to it.
    fn properties(&mut self, object: Element<'d>) -> Result<Properties<'d>, String> {
        let mut properties = Properties::default();
        let groups = object.children().filter(|child| matches!(child.local(), "Props" | "MS"));
        for member in groups.flat_map(|group| group.children()) {
            let Some(name) = member.attribute("N") else { continue };
            let name = unescaped(name)?;
            match Property::find(&name, properties.len()) {
                Some(Property::Runspace) => {
                    let runspace = self.runspace(member)?;
                    properties.add(Property::Runspace, runspace)?;
                }
                Some(property) => properties.add(property, self.field(member)?)?,
                None => properties.add_other(&name)?,
            }
        }
        Ok(properties)
    }

    /// Of a `Runspace`: `ConnectionInfo.ConnectionUri`, `RunspaceStateInfo.State` and `RunspaceAvailability`.
    fn runspace(&mut self, element: Element<'d>) -> Result<Field<'d>, String> {
        let mut parts = Vec::new();
        for (name, inner) in [
            ("ConnectionInfo", "ConnectionUri"),
            ("RunspaceStateInfo", "State"),
            ("RunspaceAvailability", ""),
        ] {
            let Some(member) = self.member(element, name) else { continue };
            let field = match self.member(member, inner) {
                Some(within) => Field::Parts(vec![(inner.to_ascii_lowercase(), self.field(within)?)]),
                None => self.field(member)?,
            };
            if [element, member].iter().any(|part| part.local() == "Ref") {
                self.referred = self.referred.saturating_add(weight(&field));
            }
            parts.push((name.to_ascii_lowercase(), field));
        }
        if self.referred > MAX_REFERRED {
            return Err(too_much_referred());
        }
        Ok(Field::Parts(parts))
    }

    /// The property of this name of the object that an element is or refers to.
    fn member(&self, element: Element<'d>, name: &str) -> Option<Element<'d>> {
        let groups = self.objects.object(element)?.children().take(MAX_LOOKED_AT);
        let mut members =
            groups.filter(|child| matches!(child.local(), "Props" | "MS")).flat_map(|group| group.children());
        members.by_ref().take(MAX_MEMBERS).find(|member| member.attribute("N") == Some(name))
    }

    fn field(&mut self, element: Element<'d>) -> Result<Field<'d>, String> {
        if !matches!(element.local(), "Obj" | "Ref") {
            return Ok(primitive(element)?.unwrap_or_else(|| Field::Parts(Vec::new())));
        }
        let is_reference = element.local() == "Ref";
        if is_reference && self.referred > MAX_REFERRED {
            return Err(too_much_referred());
        }
        let object =
            self.objects.object(element).ok_or("a property refers to an object that does not exist")?;
        let field = match list_of(object) {
            Some(list) => items(list)?,
            None => worth(object)?.unwrap_or_else(|| Field::Parts(Vec::new())),
        };
        if is_reference {
            self.referred = self.referred.saturating_add(weight(&field));
        }
        Ok(field)
    }
}

fn too_much_referred() -> String {
    format!("references expand to more than {MAX_REFERRED} bytes; export fewer sessions at once")
}

/// The items of an object that is a list.
fn list_of(object: Element<'_>) -> Option<Element<'_>> {
    let mut looked_at = object.children().take(MAX_LOOKED_AT);
    looked_at.find(|child| matches!(child.local(), "LST" | "IE" | "QUE" | "STK"))
}

fn items<'d>(list: Element<'d>) -> Result<Field<'d>, String> {
    let mut fields = Vec::new();
    for item in list.children() {
        if fields.len() == MAX_LIST {
            return Ok(Field::TooLong);
        }
        fields.push(primitive(item)?.unwrap_or_else(|| Field::Parts(Vec::new())));
    }
    Ok(Field::List(fields))
}

/// The bytes of its texts, and one for each value.
fn weight(field: &Field<'_>) -> usize {
    match field {
        Field::Text(text) => text.len().saturating_add(1),
        Field::List(items) => items.iter().map(weight).fold(1, usize::saturating_add),
        Field::Parts(parts) => parts.iter().map(|(_, part)| weight(part)).fold(1, usize::saturating_add),
        // Looked at to its limit, and dropped.
        Field::TooLong => MAX_TEXT,
        _ => 1,
    }
}

/// What an object is worth as a single value: the number of an enumeration, the text to which properties were added.
fn worth<'d>(object: Element<'d>) -> Result<Option<Field<'d>>, String> {
    for child in object.children().take(MAX_LOOKED_AT).filter(|child| child.local() != "ToString") {
        if let Some(field) = primitive(child)? {
            return Ok(Some(field));
        }
    }
    Ok(None)
}

/// A value that is no object.
fn primitive<'d>(element: Element<'d>) -> Result<Option<Field<'d>>, String> {
    let text = element.text();
    Ok(Some(match element.local() {
        "Nil" => Field::Nothing,
        // Blanks around it belong to it.
        "S" => Field::text(unescaped(element.whole_text())?),
        "URI" => Field::text(unescaped(text)?),
        "G" | "DT" | "TS" | "Version" => Field::text(text),
        "B" => Field::Flag(text.eq_ignore_ascii_case("true")),
        "By" | "SB" | "U16" | "I16" | "U32" | "I32" | "U64" | "I64" => {
            text.parse().map_or_else(|_| Field::text(text), Field::Whole)
        }
        "Sg" | "Db" | "D" => text.parse().map_or_else(|_| Field::text(text), Field::Real),
        _ => return Ok(None),
    }))
}

/// What a value is, where an object is wanted.
fn kind_of(element: &str) -> &'static str {
    match element {
        "Nil" => "null",
        "S" | "URI" | "G" => "a text",
        "B" => "true or false",
        "By" | "SB" | "U16" | "I16" | "U32" | "I32" | "U64" | "I64" | "Sg" | "Db" | "D" => "a number",
        _ => "a value",
    }
}

/// The text with its escapes resolved.
fn unescaped(text: &str) -> Result<Cow<'_, str>, String> {
    if !text.contains("_x") {
        return Ok(Cow::Borrowed(text));
    }
    let text = String::from_utf16(&code_units(text))
        .map_err(|_| "half a character is escaped (a lone surrogate)")?;
    Ok(Cow::Owned(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::interchange::tests::{naming, now};
    use crate::interchange::{NameProperty, SessionReference, read};
    use crate::session::{ComputerType, LocalId, SessionState};

    #[test]
    fn escapes_stand_for_code_units_and_what_is_none_stays() {
        for (escaped, text) in [
            ("build-7", "build-7"),
            ("a_x000A_b", "a\nb"),
            ("_x005F_x000A_", "_x000A_"),
            ("_xD83D__xDE80_!", "🚀!"),
            ("_x00e4_", "ä"),
            ("_x_x1_x+123__x12é_", "_x_x1_x+123__x12é_"),
            ("_x0041", "_x0041"),
        ] {
            assert_eq!(unescaped(escaped).unwrap(), text, "{escaped}");
        }
        assert!(unescaped("_xD83D_").unwrap_err().contains("lone surrogate"));
    }

    const HEAD: &str = r#"<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">"#;
    const SESSION: &str =
        r#"<Obj RefId="0"><Props><I32 N="Id">3</I32><S N="Name">a_x005F_xb</S></Props></Obj>"#;

    fn subjects(inside: &str) -> Vec<(String, SessionReference)> {
        let found = read(format!("{HEAD}{inside}</Objs>").as_bytes(), now(), &naming(false));
        let found = found.unwrap_or_else(|refused| panic!("{inside}: {refused:?}"));
        found.into_iter().map(|object| (object.position.to_string(), object.reference)).collect()
    }

    #[track_caller]
    fn is_refused(text: &str, place: &str, reason: &str) {
        let lines = read(text.as_bytes(), now(), &naming(false)).unwrap_err().lines();
        assert!(lines[0].starts_with(&format!("{place}: ")) && lines[0].contains(reason), "{lines:?}");
    }

    #[test]
    fn objects_stand_alone_in_lists_or_once_more_by_a_reference() {
        let name = |name: &str| NameProperty { property: Property::Name, text: name.to_owned() };
        let id = |id| SessionReference::Id { id: LocalId(id), names: vec![name("a_xb")] };
        assert_eq!(subjects(SESSION), [("item 1".to_owned(), id(3))]);
        let list = format!(r#"<Obj RefId="9"><LST>{SESSION}<Ref RefId="0" /></LST></Obj>"#);
        assert_eq!(subjects(&list), [("item 1".to_owned(), id(3))]);
        assert_eq!(subjects(""), []);
        let added = r#"<Obj RefId="0"><MS><S N="Id">4</S></MS></Obj>"#;
        assert_eq!(subjects(&format!("{SESSION}\n{}", added.replace("RefId=\"0\"", ""))).len(), 2);
    }

    #[test]
    fn a_value_is_also_an_enumeration_a_reference_to_one_or_a_text_with_more_to_it() {
        let session = |properties: &str| {
            let text = format!(r#"<Obj><Props><S N="ShellId">A</S>{properties}</Props></Obj>"#);
            let Some((_, SessionReference::Session(row))) = subjects(&text).pop() else {
                panic!("{properties}")
            };
            row.session
        };
        let state =
            r#"<Obj N="State" RefId="5"><TNRef RefId="1"/><ToString>Broken</ToString><I32>5</I32></Obj>"#;
        assert_eq!(session(state).state(), SessionState::Broken);
        let type_of = r#"<Obj N="x" RefId="7"><I32>1</I32></Obj><Ref N="ComputerType" RefId="7"/>"#;
        assert_eq!(session(type_of).computer_type, ComputerType::VirtualMachine);
        let name = r#"<Obj N="Name" RefId="6"><S>x_x000A_y</S><MS><S N="z">1</S></MS></Obj>"#;
        assert_eq!(session(name).name(), Some("x\ny"));
        let commands = r#"<Obj N="CommandIds" RefId="6"><LST><S>a</S><S>b</S></LST></Obj>"#;
        assert_eq!(session(commands).commands.map(|ids| ids.len()), Some(2));
    }

    #[test]
    fn what_is_broken_or_hostile_is_refused_with_its_place() {
        let whole = |inside: &str| format!("{HEAD}{inside}</Objs>");
        for (text, place, reason) in [
            (format!("{HEAD}\n{SESSION}\n<Obj>"), "line 3", "the XML ends unexpectedly in /Objs/Obj"),
            (format!("{HEAD}\n{}", SESSION.replace("><", "")), "line 2", "not valid XML"),
            ("<html/>".to_owned(), "line 1", "it does not begin with Objs"),
            (format!("<!DOCTYPE x [<!ENTITY a \"b\">]>{HEAD}</Objs>"), "line 1", "a DTD"),
            (whole("<Obj><Props><S N=\"Name\">&lol;</S></Props></Obj>"), "line 1", "undefined entity lol"),
            (whole(&"<Obj>".repeat(100)), "line 1", "nesting deeper than 64"),
            (whole("<S>build-7</S>"), "item 1", "expected an object, found a text"),
            (whole("<I32>3</I32>"), "item 1", "expected an object, found a number"),
            (whole("<Obj><LST><Nil/></LST></Obj>"), "item 1", "expected an object, found null"),
            (whole("<Obj RefId=\"1\"/>"), "item 1", "has none of ShellId"),
            (whole("<Ref RefId=\"1\"/>"), "item 1", "does not precede it"),
            (whole("<Obj><Props><Ref N=\"Name\" RefId=\"1\"/></Props></Obj>"), "item 1", "does not exist"),
            (whole("<Obj><Props><SS N=\"Name\">x</SS></Props></Obj>"), "item 1", "Name is an object"),
            (whole("<Obj><Props><S N=\"Name\">_xD83D_</S></Props></Obj>"), "item 1", "lone surrogate"),
            (
                whole("<Obj><Props><I32 N=\"Id\">1</I32></Props><MS><I32 N=\"id\">2</I32></MS></Obj>"),
                "item 1",
                "duplicate property \"Id\"",
            ),
            (
                whole(
                    "<Obj><Props><I32 N=\"Id\">9999999999</I32><S N=\"ShellId\">A</S></Props></Obj>"
                        .replace("9999999999", "99999999999999999999")
                        .as_str(),
                ),
                "item 1",
                "Id is \"",
            ),
        ] {
            is_refused(&text, place, reason);
        }
        let mixed = whole(&format!("{SESSION}<S>x</S>"));
        is_refused(&mixed, "item 2", "expected an object, found a text");
        let large = whole(&SESSION.repeat(30_000));
        is_refused(&large, "line 1", "more than the limit of 2097152 at /; export fewer sessions at once");
    }

    #[test]
    fn references_to_one_another_cost_no_more_than_they_are_long() {
        let ring = r#"<Obj RefId="0"><Props><Ref N="Name" RefId="1"/></Props></Obj>
            <Obj RefId="1"><Props><Ref N="Name" RefId="0"/></Props></Obj>"#;
        is_refused(&format!("{HEAD}{ring}</Objs>"), "item 1", "Name is an object");
        let wide = format!(r#"<Obj RefId="0"><Props>{}</Props></Obj>"#, r#"<Obj N="a"/>"#.repeat(900));
        let many = format!("{HEAD}{SESSION}{wide}{}</Objs>", r#"<Ref RefId="0"/>"#.repeat(80_000));
        is_refused(&many, "item 2", "duplicate property \"a\"");
    }

    /// 8,000 references to a text of 64 KB, or to a list of 4,096 values, would fill the memory.
    #[test]
    fn many_references_to_one_long_value_are_refused() {
        let text = format!(r#"<Obj N="Name" RefId="1"><S>{}</S></Obj>"#, "x".repeat(60_000));
        let list = format!(r#"<Obj N="CommandIds" RefId="1"><LST>{}</LST></Obj>"#, "<S>a</S>".repeat(4_000));
        for (property, value) in [("Name", text), ("CommandIds", list)] {
            let session = |what: &str| format!(r#"<Obj><Props><S N="ShellId">A</S>{what}</Props></Obj>"#);
            let others = session(&format!(r#"<Ref N="{property}" RefId="1"/>"#)).repeat(2_000);
            let bomb = format!("{HEAD}{}{others}</Objs>", session(&value));
            let lines = read(bomb.as_bytes(), now(), &naming(false)).unwrap_err().lines();
            assert!(lines[0].contains("references expand to more than 1048576 bytes"), "{lines:?}");
        }
    }

    const SAMPLE: &str = include_str!("../../fixtures/objects/powershell-7.clixml");

    proptest! {
        #[test]
        fn half_a_file_is_never_taken(at in any::<proptest::sample::Index>()) {
            let half = SAMPLE.as_bytes().get(..1 + at.index(SAMPLE.len() - 1)).unwrap();
            prop_assert!(read(half, now(), &naming(false)).is_err());
        }

        #[test]
        fn nothing_that_looks_like_clixml_panics(
            inside in "(<(Obj|Ref|LST|Props|MS|S|I32|G|Nil|TN|DCT)( N=\"(Id|Name|State|ShellId)\")?( RefId=\"[01]\")?/?>\
                       |</(Obj|LST|Props|MS|S|I32)>|_x[d0]8[0-9a]{2}_|[0-9]{1,20}|&lt;|é){0,30}"
        ) {
            let _ = read(format!("{HEAD}{inside}</Objs>").as_bytes(), now(), &naming(false));
        }
    }
}
