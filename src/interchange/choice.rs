//! What an object without a ShellId or InstanceId chooses: PowerShell binds its properties, by their names and aliases, to
//! the selectors of `Remove-PSSession`.
//!
//! PowerShell tries, in this order: a value of the right type for Id, its default; a value of the right type for another
//! selector; a value that has to be converted, for Id and then for another. So an integer Id comes first, in an object
//! that is all text a name comes before the Id, and an Id that is text before a VMId. Two names of different selectors are
//! an error. Beyond PowerShell, what an object says of its Id and of a computer must agree: it never chooses every session
//! of a computer where it names one of them.

use super::int32::powershell_int32;
use super::object::{InvalidObject, NameProperty, SessionReference};
use super::property::{Field, Properties, Property, Property as P};
use crate::session::{LocalId, Selector, WildcardPattern};

/// The properties by which an object can say which session is meant.
pub(super) const IDENTIFYING: &[Property] =
    &[P::ShellId, P::InstanceId, P::Id, P::Name, P::ComputerName, P::ContainerId, P::VMId, P::VMName];

/// What the object chooses.
///
/// # Errors
/// A pattern that is none; or there is nothing to bind, or too much.
pub(super) fn session_reference(object: &Properties<'_>) -> Result<SessionReference, InvalidObject> {
    let mut names = names(object)?;
    let given = object.get(P::Id)?;
    if let Some(Field::Whole(id)) = given {
        return Ok(SessionReference::Id { id: LocalId(*id), names });
    }
    let id = match given {
        Some(Field::Text(text)) => powershell_int32(text).map(|id| LocalId(id.into())),
        _ => None,
    };
    if let [one, other, ..] = names.as_slice() {
        let problem =
            format!("{} and {} belong to two parameter sets", one.property.name(), other.property.name());
        return Err(InvalidObject::Ambiguous(problem));
    }
    let Some(name) = names.pop() else {
        return match (id, object.guid(P::VMId).ok().flatten().or(object.guid(P::VMGuid).ok().flatten())) {
            (Some(id), _) => Ok(SessionReference::Id { id, names }),
            (None, Some(guid)) => {
                Ok(SessionReference::Rows { selector: Selector::VmId(vec![guid]), id: None })
            }
            (None, None) => {
                let names: Vec<_> = IDENTIFYING.iter().map(|property| property.name()).collect();
                Err(InvalidObject::Unbound(format!("has none of {}", names.join(", "))))
            }
        };
    };
    let id = id.filter(|_| name.property != P::Name);
    Ok(SessionReference::Rows { selector: selector(&name)?, id })
}

/// What it says of the selectors that take text.
fn names(object: &Properties<'_>) -> Result<Vec<NameProperty>, String> {
    let mut names = Vec::new();
    for property in [P::Name, P::ComputerName, P::ContainerId, P::VMName] {
        let text = match property {
            P::ComputerName => computer_name(object)?,
            _ => object.text(property)?,
        };
        names.extend(text.map(|text| NameProperty { property, text }));
    }
    Ok(names)
}

fn selector(name: &NameProperty) -> Result<Selector, String> {
    let pattern = || {
        let pattern = WildcardPattern::new(&name.text);
        pattern.map(|pattern| vec![pattern]).map_err(|error| format!("{}: {error}", name.property.name()))
    };
    Ok(match name.property {
        P::ContainerId => Selector::ContainerId(vec![name.text.clone()]),
        P::ComputerName => Selector::ComputerName(pattern()?),
        P::VMName => Selector::VmName(pattern()?),
        _ => Selector::Name(pattern()?),
    })
}

fn computer_name(object: &Properties<'_>) -> Result<Option<String>, String> {
    // The name wins over its alias.
    match object.name(P::ComputerName)?.or(object.name(P::Cn)?) {
        // What stands before it may be a password, which an error would tell.
        Some(name) if name.contains('@') => Err("ComputerName contains a user name; remove it".to_owned()),
        name => Ok(name),
    }
}

#[cfg(test)]
mod tests {
    use crate::interchange::tests::{naming, now};
    use crate::interchange::{SessionReference, UnboundReason, read, read_with_unbound};
    use crate::session::Selector;

    const GUID: &str = "b6631d8e-65a0-49f2-9053-a1b156c95777";

    /// What the only object chooses, in one line.
    #[track_caller]
    fn chosen(text: &str) -> String {
        let objects = read_with_unbound(text.as_bytes(), now(), &naming(false));
        let mut objects = objects.unwrap_or_else(|e| panic!("{text}: {e:?}"));
        assert_eq!(objects.len(), 1, "{text}");
        match objects.remove(0).reference {
            SessionReference::Session(row) => format!("session {}", row.session.shell.shell_id.as_str()),
            SessionReference::Id { id, names } => {
                let names = names.iter().map(|name| format!(" {}={}", name.property(), name.text));
                format!("Id {}{}", id.0, names.collect::<String>())
            }
            SessionReference::Rows { selector, id } => {
                let selector = match &selector {
                    Selector::Name(patterns) => format!("Name {}", patterns[0].as_str()),
                    Selector::ComputerName(patterns) => format!("ComputerName {}", patterns[0].as_str()),
                    Selector::ContainerId(texts) => format!("ContainerId {}", texts[0]),
                    Selector::VmId(guids) => format!("VMId {}", guids[0]),
                    Selector::VmName(patterns) => format!("VMName {}", patterns[0].as_str()),
                    other => format!("{other:?}"),
                };
                id.map_or(selector.clone(), |id| format!("{selector} of Id {}", id.0))
            }
            SessionReference::Unbound(unbound) => match unbound.reason {
                UnboundReason::NotBound => "not bound",
                UnboundReason::Ambiguous => "ambiguous",
                UnboundReason::Null => "null",
            }
            .to_owned(),
        }
    }

    #[test]
    fn an_integer_id_comes_first_and_all_names_beside_it_must_agree() {
        for (text, expected) in [
            (r#"{"Id":7}"#, "Id 7"),
            (r#"{"Id":-1}"#, "Id -1"),
            (r#"{"Id":7,"Name":"[x","Cn":"y"}"#, "Id 7 Name=[x ComputerName=y"),
            (r#"{"Id":7,"VMName":"db","ContainerId":"c"}"#, "Id 7 ContainerId=c VMName=db"),
        ] {
            assert_eq!(chosen(text), expected, "{text}");
        }
        assert_eq!(chosen(&format!(r#"{{"Id":7,"VMId":"{GUID}"}}"#)), "Id 7");
    }

    #[test]
    fn a_name_comes_before_an_id_that_is_text_and_that_before_a_guid() {
        for (text, expected) in [
            (r#"{"Id":"7","Name":"x"}"#, "Name x"),
            ("Id,Name\n7,x\n", "Name x"),
            ("Id,Name\n7,\n", "Id 7"),
            ("Id\n1e2\n", "Id 100"),
            (r#"{"Id":"3.0"}"#, "Id 3"),
            (r#"{"Id":"seven"}"#, "not bound"),
            (r#"{"Id":"seven","Name":"x"}"#, "Name x"),
            // A computer, and one of its sessions.
            (r#"{"Id":"4","Cn":"10.0.0.70"}"#, "ComputerName 10.0.0.70 of Id 4"),
            ("ComputerName,Id\nweb01,7\n", "ComputerName web01 of Id 7"),
            (r#"{"Id":"4","ContainerId":"c"}"#, "ContainerId c of Id 4"),
        ] {
            assert_eq!(chosen(text), expected, "{text}");
        }
        assert_eq!(chosen(&format!("Id,VMId\n7,{GUID}\n")), "Id 7");
        assert_eq!(chosen(&format!(r#"{{"VMId":"{GUID}","ComputerName":"x"}}"#)), "ComputerName x");
    }

    #[test]
    fn each_selector_binds_by_its_name_or_alias_and_two_are_ambiguous() {
        for (text, expected) in [
            (r#"{"Name":"build-*"}"#, "Name build-*"),
            (r#"{"Name":" "}"#, "Name  "),
            (r#"{"computername":"Serv*"}"#, "ComputerName Serv*"),
            (r#"{"CN":"web01"}"#, "ComputerName web01"),
            (r#"{"Cn":"a","ComputerName":"b"}"#, "ComputerName b"),
            (r#"{"ContainerId":"c0ffee*"}"#, "ContainerId c0ffee*"),
            ("VMName\ndb?\n", "VMName db?"),
            (r#"{"Name":"`","Cn":"*"}"#, "ambiguous"),
            (r#"{"Name":"x","ComputerName":"y","Id":"7"}"#, "ambiguous"),
            (r#"{"VMName":"x","ContainerId":"y"}"#, "ambiguous"),
            (r#"{"Other":"x"}"#, "not bound"),
            (r#"{"VMId":"x"}"#, "not bound"),
            (r#"{"VMId":"x","VMName":"db"}"#, "VMName db"),
            ("3", "not bound"),
            ("[null]", "null"),
        ] {
            assert_eq!(chosen(text), expected, "{text}");
        }
        for alias in ["VMId", "VMGuid"] {
            assert_eq!(chosen(&format!(r#"{{"{alias}":"{{{GUID}}}"}}"#)), format!("VMId {GUID}"));
        }
    }

    #[test]
    fn what_cannot_be_bound_is_no_error_of_the_others_but_what_is_wrong_is() {
        let each =
            |text: &str| read_with_unbound(text.as_bytes(), now(), &naming(false)).map(|found| found.len());
        let all = |text: &str| read(text.as_bytes(), now(), &naming(false)).unwrap_err().lines();
        assert_eq!(each("[1,{\"Id\":0},null,{\"Port\":90},[]]"), Ok(5));
        assert_eq!(all("[{\"Id\":1},1,null]").len(), 2);
        assert_eq!(all("1\n\n two words \n"), ["line 3: expected an object, found a text"]);
        for text in ["{\"Name\":\"[z-a]\"}", "1,2\n", "{\"Port\":90}\n{", "\0"] {
            assert!(each(text).is_err(), "{text}");
        }
        for id in ["", r#""Id":1,"#] {
            let lines = all(&format!(r#"{{{id}"ComputerName":"root:hunter2@web01"}}"#));
            assert!(lines[0].contains("contains a user name") && !lines[0].contains("hunter2"), "{lines:?}");
        }
    }
}
