//! The PowerShell module: its committed files are those of the command, and what its functions send is understood. Its own
//! tests run it in a real PowerShell.

use std::fs;

use super::{ALICE, BUILD_7, BUILD_8, host, leaked, left};
use crate::support::command::Pssession;
use crate::support::fixtures::{self, assert_snapshot};

const FILES: [&str; 4] =
    ["Pssession.Format.ps1xml", "Pssession.Types.ps1xml", "Pssession.psd1", "Pssession.psm1"];

#[test]
fn the_committed_files_are_those_that_the_command_writes() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().to_str().unwrap();
    Pssession::new(["man", "--powershell-module", to]).run_blocking().expect(0);
    let written = folder.path().join("Pssession");
    let mut names: Vec<_> = fs::read_dir(&written)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, FILES);
    for name in FILES {
        let text = fs::read_to_string(written.join(name)).unwrap();
        assert!(text.is_ascii(), "{name} is read by hosts that guess its encoding");
        assert_snapshot(&format!("../packaging/powershell/Pssession/{name}"), text.trim_end());
    }
}

#[test]
fn the_columns_are_well_formed_and_are_properties_of_a_session() {
    let text = String::from_utf8(fixtures::read("../packaging/powershell/Pssession/Pssession.Format.ps1xml"));
    let text = text.unwrap();
    let document = roxmltree::Document::parse(&text).unwrap();
    let texts = |name: &str| -> Vec<String> {
        let nodes = document.descendants().filter(|node| node.has_tag_name(name));
        nodes.map(|node| node.text().unwrap().to_owned()).collect()
    };
    assert_eq!(texts("Label"), texts("PropertyName"));
    assert_eq!(texts("Width").len(), 8 + 4);
}

#[test]
fn no_password_is_an_argument_and_nothing_is_evaluated() {
    let module = fixtures::read("../packaging/powershell/Pssession/Pssession.psm1");
    let module = String::from_utf8(module).unwrap();
    let with_password: Vec<&str> = module.lines().filter(|line| line.contains(".Password")).collect();
    assert_eq!(
        with_password,
        ["        $start.Environment['PSSESSION_PASSWORD'] = $Credential.GetNetworkCredential().Password"]
    );
    for evaluated in ["Invoke-Expression", "iex ", "ScriptBlock]::Create", "$env:PSSESSION_"] {
        assert!(!module.contains(evaluated), "{evaluated}");
    }
}

/// The words that `Get-PssSession` and `Remove-PssSession` make of their parameters.
#[tokio::test]
async fn words_with_their_values_behind_colons_are_understood() {
    let simulator = host(leaked()).await;
    let port = format!("-Port:{}", simulator.address().port());
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("sessions.db");
    let run = |words: &[&str], stdin: &str| {
        let run = Pssession::new(words).login(&simulator).stdin(stdin);
        run.env("PSSESSION_STORE", store.to_str().unwrap()).run()
    };
    let get = ["Get-PSSession", "--output", "ndjson", "-ComputerName:127.0.0.1", &port];
    let all = run(&get, "").await.expect(0);
    assert_eq!(all.records().len(), 3);
    let named = run(&[&get[..], &["-Name:build-7,x`,y*", "-UseSSL:$false"]].concat(), "").await;
    assert_eq!(named.records()[0]["ShellId"], BUILD_7);
    let remove = ["Remove-PSSession", "--output", "ndjson"];
    let objects: String = all.stdout.lines().take(2).map(|line| format!("{line}\r\n")).collect();
    let planned = run(&[&remove[..], &["-Session:-", "-WhatIf"]].concat(), &objects).await.expect(0);
    assert!(planned.records().iter().all(|record| record["Outcome"] == "WhatIf"));
    assert_eq!(left(&simulator), [BUILD_7, BUILD_8, ALICE]);
    let closed = run(&[&remove[..], &["-Id:1,2", "-Confirm:$false"]].concat(), "").await.expect(0);
    assert_eq!(closed.records().len(), 2);
    assert_eq!(left(&simulator), [ALICE]);
}
