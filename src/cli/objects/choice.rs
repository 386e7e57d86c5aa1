//! What an object without a ShellId or InstanceId chooses: PowerShell binds its properties, by their names, to the
//! selectors of `Remove-PSSession`.
//!
//! PowerShell tries, in this order: a value of the right type for Id, its default; a value of the right type for another
//! selector; a value that has to be converted. So an integer Id comes first, in an object that is all text a name comes
//! before the Id, and an Id that is text counts where there is no name. Beyond PowerShell, several selectors must all
//! agree: an object never chooses more than each thing that it says.

use pssession::session::{IdRange, LocalId, Selector, WildcardPattern};

use super::intake::{Subject, Unfit};
use super::property::{Field, Properties, Property, Property as P};

/// The properties by which an object can say which session is meant.
pub(super) const IDENTIFYING: &[Property] =
    &[P::ShellId, P::InstanceId, P::Id, P::Name, P::ComputerName, P::ContainerId, P::VMId, P::VMName];

/// What the object chooses.
///
/// # Errors
/// A pattern that is none; or there is nothing to bind.
pub(super) fn subject(object: &Properties<'_>, id: Option<LocalId>) -> Result<Subject, Unfit> {
    let mut selectors = Vec::new();
    let name = pattern(object, P::Name)?.map(Selector::Name);
    let has_name = name.is_some();
    selectors.extend(name);
    selectors.extend(pattern(object, P::ComputerName)?.map(Selector::ComputerName));
    selectors.extend(object.text(P::ContainerId)?.map(|text| Selector::ContainerId(vec![text])));
    selectors.extend(object.guid(P::VMId)?.map(|guid| Selector::VmId(vec![guid])));
    selectors.extend(pattern(object, P::VMName)?.map(Selector::VmName));
    let is_integer = matches!(object.get(P::Id)?, Some(Field::Whole(_)));
    match id {
        Some(id) if is_integer || selectors.is_empty() => return Ok(Subject::Id { id, others: selectors }),
        Some(id) if !has_name => selectors.push(Selector::Id(vec![IdRange::single(id.0)])),
        _ => {}
    }
    if selectors.is_empty() {
        let names: Vec<_> = IDENTIFYING.iter().map(|property| property.name()).collect();
        return Err(Unfit::Unbound(format!("has none of {}", names.join(", "))));
    }
    Ok(Subject::Rows(selectors))
}

fn pattern(object: &Properties<'_>, property: Property) -> Result<Option<Vec<WildcardPattern>>, String> {
    let text = if property == P::ComputerName { computer_name(object)? } else { object.text(property)? };
    let Some(text) = text else { return Ok(None) };
    let pattern = WildcardPattern::new(&text).map_err(|error| format!("{}: {error}", property.name()))?;
    Ok(Some(vec![pattern]))
}

fn computer_name(object: &Properties<'_>) -> Result<Option<String>, String> {
    match object.name(P::ComputerName)? {
        // What stands before it may be a password, which an error would tell.
        Some(name) if name.contains('@') => {
            Err("ComputerName carries a user name; give the bare name".to_owned())
        }
        name => Ok(name),
    }
}

#[cfg(test)]
mod tests {
    use pssession::session::{LocalId, Selector, WildcardPattern};

    use crate::cli::objects::tests::{naming, now};
    use crate::cli::objects::{Subject, read};

    const GUID: &str = "b6631d8e-65a0-49f2-9053-a1b156c95777";

    fn chosen(text: &str) -> Subject {
        read(text.as_bytes(), now(), &naming(false))
            .unwrap_or_else(|e| panic!("{text}: {e:?}"))
            .remove(0)
            .subject
    }

    #[track_caller]
    fn by(text: &str, options: &[&str]) {
        let Subject::Rows(selectors) = chosen(text) else { panic!("{text} chooses no rows") };
        let option = |selector: &Selector| match selector {
            Selector::Id(ids) => format!("Id {}", ids[0]),
            Selector::Name(patterns) => format!("Name {}", patterns[0].as_str()),
            Selector::ComputerName(patterns) => format!("ComputerName {}", patterns[0].as_str()),
            Selector::ContainerId(texts) => format!("ContainerId {}", texts[0]),
            Selector::VmId(guids) => format!("VMId {}", guids[0]),
            Selector::VmName(patterns) => format!("VMName {}", patterns[0].as_str()),
            other => format!("{other:?}"),
        };
        assert_eq!(selectors.iter().map(option).collect::<Vec<_>>(), options, "{text}");
    }

    #[test]
    fn an_integer_id_comes_first_and_one_that_is_text_after_a_name() {
        let pattern = |text: &str| vec![WildcardPattern::new(text).unwrap()];
        let others = vec![Selector::Name(pattern("x")), Selector::ComputerName(pattern("y"))];
        let named = Subject::Id { id: LocalId(7), others };
        assert_eq!(chosen(r#"{"Id":7,"Name":"x","ComputerName":"y"}"#), named);
        let alone = Subject::Id { id: LocalId(7), others: Vec::new() };
        let in_a_vm = Subject::Id { id: LocalId(7), others: vec![Selector::VmName(pattern("db"))] };
        assert_eq!(chosen(r#"{"Id":7,"VMName":"db"}"#), in_a_vm);
        by("Id,Name\n7,x\n", &["Name x"]);
        by(r#"{"Id":"7","Name":"x"}"#, &["Name x"]);
        assert_eq!(chosen("Id\n7\n"), alone);
        assert_eq!(chosen("Id,Name\n7,\n"), alone);
    }

    #[test]
    fn each_selector_binds_by_its_name_and_several_must_all_agree() {
        by(r#"{"Name":"build-*"}"#, &["Name build-*"]);
        by(r#"{"computername":"Serv*"}"#, &["ComputerName Serv*"]);
        by(r#"{"ContainerId":"c0ffee*"}"#, &["ContainerId c0ffee*"]);
        by(&format!(r#"{{"VMId":"{{{GUID}}}"}}"#), &[&format!("VMId {GUID}")]);
        by("VMName\ndb?\n", &["VMName db?"]);
        by("Name,ComputerName,Id\nx,web01,7\n", &["Name x", "ComputerName web01"]);
        by("ComputerName,Id\nweb01,7\n", &["ComputerName web01", "Id 7"]);
    }

    #[test]
    fn what_cannot_be_bound_is_told_apart_from_what_is_wrong() {
        let refused = |text: &str| read(text.as_bytes(), now(), &naming(false)).unwrap_err();
        for text in
            ["1\n2\n", "build-7", "\"a\"", "[1,\"b\",null]", "{\"Port\":90}", "Name\n\"\"\n", "fc4e9dfa"]
        {
            assert!(refused(text).is_only_unbound(), "{text}");
        }
        assert_eq!(
            refused("1\n\n two words \n").lines(),
            ["line 1: a number, where an object is wanted", "line 3: a text, where an object is wanted"]
        );
        for text in
            ["{\"Name\":\"[z-a]\"}", "{\"Id\":0}", "[1,{\"Id\":0}]", "1,2\n", "{\"Port\":90}\n{", "\0"]
        {
            assert!(!refused(text).is_only_unbound(), "{text}");
        }
        for id in ["", r#""Id":1,"#] {
            let lines = refused(&format!(r#"{{{id}"ComputerName":"root:hunter2@web01"}}"#)).lines();
            assert!(lines[0].contains("carries a user name") && !lines[0].contains("hunter2"), "{lines:?}");
        }
    }
}
