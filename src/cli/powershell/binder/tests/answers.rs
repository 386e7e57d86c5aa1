//! What PowerShell 7.6.9 bound to values, or refused, held against binding here.

use super::*;

/// Each row: the parameter (`0` is position 0), what was typed, the bound values or the error's id, and what took them.
#[test]
fn values_are_bound_as_powershell_binds_them() {
    let text = include_str!("../../../../../fixtures/powershell/conversions.tsv");
    assert!(text.lines().count() > 450);
    let mut differences = Vec::new();
    for line in text.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let [parameter, typed, answer, taker] = columns.try_into().unwrap();
        let typed: String = serde_json::from_str(typed).unwrap();
        let name = format!("-{parameter}");
        let words = [name.as_str(), &typed];
        let found = command(Cmdlet::RemovePSSession, if parameter == "0" { &words[1..] } else { &words });
        let found = match found {
            Err(error) => error.id().to_owned(),
            Ok(bound) => {
                let given = &bound.selection;
                let values: Vec<String> = match if parameter == "0" { taker } else { parameter } {
                    "Id" => given.id.iter().map(ToString::to_string).collect(),
                    "InstanceId" => given.instance_id.iter().map(ToString::to_string).collect(),
                    // It misses in silence, so that nobody saw what was bound.
                    "VMId" if !given.vm_id.is_empty() => Vec::new(),
                    _ => given.computer_name.clone(),
                };
                if parameter == "VMId" { "null".to_owned() } else { serde_json::json!(values).to_string() }
            }
        };
        let same = serde_json::from_str::<Vec<String>>(answer)
            .ok()
            .map(|values| serde_json::json!(values).to_string());
        if found != same.unwrap_or_else(|| answer.to_owned()) {
            differences.push(format!("{line}: {found}"));
        }
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}
