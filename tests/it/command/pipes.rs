//! Objects in pipes between the cmdlets, and what Get-PSSession shows a person.

use super::{ALICE, BUILD_8, host, leaked};
use crate::support::command::{Pssession, Run};
use crate::support::home_fixture::{BACKUP, BUILD_7, FOREIGN, HomeFixture, NIGHTLY, PATCHING};
use crate::support::{pty, tools};

const ALL: [&str; 5] = [BUILD_7, NIGHTLY, PATCHING, FOREIGN, BACKUP];

/// Nothing was asked of a server beyond what filling the table asked.
#[track_caller]
fn untouched(home: &HomeFixture) {
    assert_eq!(home.left(), ALL);
    assert_eq!(home.servers.connections() + home.other.connections(), 2, "a server was asked");
}

#[tokio::test]
async fn sessions_go_through_a_pipe_in_every_shell_and_by_every_name() {
    for shell in ["bash", "zsh"].into_iter().filter(|shell| tools::has(shell)) {
        for script in ["Get-PSSession | Remove-PSSession", "gsn | rsn", "pssession gsn | pssession rsn"] {
            let home = HomeFixture::new().await;
            let run = home.shell(shell, script).await.expect(0);
            assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""), "{shell}: {script}");
            assert_eq!(home.left(), [FOREIGN], "{shell}: {script}");
        }
    }
}

#[tokio::test]
async fn what_stands_between_may_be_any_filter_table_or_file() {
    for script in [
        "gsn | grep nightly | rsn",
        "gsn --output json | rsn -WhatIf && gsn --output csv | sed '/nightly/!{1!d}' | rsn",
        "pssession get -o csv > all.csv; (head -1 all.csv; grep nightly all.csv) > edited.csv; rsn < edited.csv",
        "gsn -Name nightly > x.ndjson; rsn -Session x.ndjson",
        "gsn | pssession remove --session - --name nightly",
    ] {
        let home = HomeFixture::new().await;
        home.bash(script).await.expect(0);
        assert_eq!(home.left(), [BUILD_7, PATCHING, FOREIGN, BACKUP], "{script}");
    }
}

#[tokio::test]
async fn an_empty_pipe_closes_nothing_and_is_no_error() {
    let home = HomeFixture::new().await;
    let run = home.bash("gsn -Name 'nobody*' | rsn; echo $?; : | rsn; echo $?").await;
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("0\n0\n", ""));
    untouched(&home);
}

#[tokio::test]
async fn without_a_pipe_nothing_is_read_and_the_selector_is_missing() {
    let home = HomeFixture::new().await;
    for script in ["rsn", "rsn < /dev/null", "rsn <&-"] {
        let run = home.bash(script).await.expect(2);
        assert!(run.stderr.contains("the mandatory parameter -Id is missing"), "{script}: {}", run.stderr);
    }
    // A selector that is typed counts, and what comes by the pipe is left alone.
    home.bash("gsn | rsn -Name nightly").await.expect(0);
    assert_eq!(home.left(), [BUILD_7, PATCHING, FOREIGN, BACKUP]);
}

#[tokio::test]
async fn half_a_line_or_a_bad_pattern_sends_nothing() {
    for (script, code, reported) in [
        ("gsn | head -c 900 | rsn", 2, "the JSON ends unexpectedly"),
        ("(gsn; echo '{\"Id\":') | rsn", 2, "the JSON ends unexpectedly"),
        ("gsn --output csv | head -c 900 | rsn", 2, "the last line has no newline"),
        ("(gsn; gsn --output csv) | rsn", 2, "line 5: not JSON"),
        ("echo '[{\"Id\":1},{\"Name\":\"[z-a]\"}]' | rsn", 2, "item 2: Name: "),
    ] {
        let home = HomeFixture::new().await;
        let run = home.bash(script).await.expect(code);
        assert!(run.stderr.contains(reported), "{script}: {}", run.stderr);
        assert!(run.stderr.contains("nothing was sent"), "{script}: {}", run.stderr);
        untouched(&home);
    }
}

/// As in PowerShell, what cannot be bound is an error of its own and ends nothing.
#[tokio::test]
async fn what_cannot_be_bound_is_told_and_the_others_go_on() {
    for (script, reported) in [
        ("(gsn -Name nightly; echo 3) | rsn", "line 2: expected an object, found a number"),
        ("(echo '{\"Id\":\"x\"}'; gsn -Name nightly) | rsn", "line 1: has none of ShellId"),
        ("(echo '{\"Id\":0}'; gsn -Name nightly) | rsn", "no session has the id \"0\""),
        ("(gsn -Name nightly; echo null) | rsn", "line 2: expected an object, found null"),
        ("(gsn -Name nightly; echo '{\"Name\":\"`\",\"Cn\":\"*\"}') | rsn", "belong to two parameter sets"),
    ] {
        let home = HomeFixture::new().await;
        let run = home.bash(script).await.expect(1);
        assert!(run.stderr.contains(reported), "{script}: {}", run.stderr);
        assert_eq!(home.left(), [BUILD_7, PATCHING, FOREIGN, BACKUP], "{script}");
    }
    let home = HomeFixture::new().await;
    home.bash("(echo 3; gsn) | rsn -ErrorAction Stop").await.expect(1);
    untouched(&home);
}

/// An Id beside the name of a computer never closes every session of that computer.
#[tokio::test]
async fn an_id_and_a_computer_must_agree() {
    for (object, left) in [
        (r#"{"Id":"1","Cn":"server*"}"#, &[NIGHTLY, PATCHING, FOREIGN, BACKUP][..]),
        (r#"{"Id":1,"ComputerName":"server01","Name":"build-7"}"#, &[NIGHTLY, PATCHING, FOREIGN, BACKUP]),
    ] {
        let home = HomeFixture::new().await;
        home.command(&["rsn"]).stdin(object).run().await.expect(0);
        assert_eq!(home.left(), left, "{object}");
    }
    for object in [r#"{"Id":"99","Cn":"server*"}"#, r#"{"Id":1,"Cn":"nowhere"}"#] {
        let home = HomeFixture::new().await;
        let run = home.command(&["rsn"]).stdin(object).run().await.expect(2);
        assert!(run.stderr.contains("nothing was sent"), "{object}: {}", run.stderr);
        untouched(&home);
    }
}

#[tokio::test]
async fn plain_numbers_and_texts_are_not_bound_and_each_is_told() {
    let home = HomeFixture::new().await;
    let run = home.bash("printf '1\\n\\nnightly\\n' | rsn -vb").await.expect(1);
    let reported: Vec<&str> =
        run.stderr.lines().filter(|line| line.starts_with("Remove-PSSession: ")).collect();
    let cannot = "Remove-PSSession: the input object cannot be bound to a parameter of Remove-PSSession";
    let expected = [
        format!("{cannot}: line 1: expected an object, found a number"),
        format!("{cannot}: line 3: expected an object, found a text"),
    ];
    assert_eq!(reported, expected);
    assert_eq!(run.stderr.matches("FullyQualifiedErrorId: InputObjectNotBound,Microsoft").count(), 2);
    let run = home.bash("gsn --output name | rsn --output json").await.expect(1);
    let errors: Vec<serde_json::Value> =
        run.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(errors.len(), 4);
    assert!(errors.iter().all(|error| error["ErrorId"] == "InputObjectNotBound"), "{errors:?}");
    // In our own spelling numbers are Ids, and other text is an error of the input.
    let run = home.bash("printf '1\\nnightly\\n' | pssession remove --session -").await.expect(2);
    assert!(run.stderr.contains("line 2: expected an object, found a text"), "{}", run.stderr);
    untouched(&home);
}

#[tokio::test]
async fn objects_without_an_identity_choose_by_their_properties() {
    for (objects, left) in [
        (r#"{"Id":1,"Name":"build-7"}"#, &[NIGHTLY, PATCHING, FOREIGN, BACKUP][..]),
        (r#"{"ComputerName":"serv*"}"#, &[FOREIGN, BACKUP]),
        (r#"{"Cn":"serv*","VMId":"fc4e9dfa-f246-452d-9fa3-1adbdd64ae85"}"#, &[FOREIGN, BACKUP]),
        ("\"Id\",\"Name\"\n\"1\",\"nightly\"\n", &[BUILD_7, PATCHING, FOREIGN, BACKUP]),
        ("\"Id\",\"Port\"\n\"1\",\"90\"\n", &[NIGHTLY, PATCHING, FOREIGN, BACKUP]),
        (r#"{"VMName":"*"}"#, &ALL),
        (r#"{"Name":"nobody*"}"#, &ALL),
    ] {
        let home = HomeFixture::new().await;
        let run = home.command(&["rsn"]).stdin(objects).run().await.expect(0);
        assert_eq!(run.stderr, "", "{objects}");
        assert_eq!(home.left(), left, "{objects}");
    }
    let home = HomeFixture::new().await;
    let objects =
        "{\"Name\":\"nobody\"}\n{\"ComputerName\":\"nowhere*\"}\n{\"Id\":77}\n{\"Name\":\"backup\"}\n";
    let run = home.command(&["rsn"]).stdin(objects).run().await.expect(1);
    let expected = [
        "Remove-PSSession: no session has the name \"nobody\"",
        "Remove-PSSession: no session has the computer name \"nowhere*\"",
        "Remove-PSSession: no session has the id \"77\"",
    ];
    assert_eq!(run.stderr.lines().collect::<Vec<_>>(), expected);
    assert_eq!(home.left(), [BUILD_7, NIGHTLY, PATCHING, FOREIGN]);
}

#[tokio::test]
async fn a_hundred_thousand_objects_are_taken_or_refused_in_good_time() {
    let home = HomeFixture::new().await;
    let run = home.command(&["rsn", "-WhatIf"]).stdin("{\"Id\":1}\n".repeat(100_000)).run().await.expect(0);
    assert_eq!(run.stdout.lines().count(), 2);
    let run = home.command(&["rsn"]).stdin("{\"Name\":\"x\"}\n".repeat(100_000)).run().await.expect(2);
    assert!(run.stderr.contains("line 10001: more than 10000 objects"), "{}", run.stderr);
    let run = home.command(&["rsn"]).stdin("7\n".repeat(100_000)).run().await.expect(1);
    let lines = run.stderr.lines().count();
    assert!(lines < 50 && run.stderr.contains("99980 more"), "{lines} lines");
    untouched(&home);
}

#[tokio::test]
async fn an_object_leads_no_login_to_where_nobody_sent_one() {
    let home = HomeFixture::new().await;
    let stranger = host(leaked()).await;
    let object = format!(
        "{{\"ShellId\":\"{BUILD_8}\",\"Name\":\"nightly\",\"Endpoint\":\"http://{}/wsman\"}}\n",
        stranger.address()
    );
    let run = home.command(&["rsn", "-Confirm:$false"]).stdin(&object).run().await.expect(6);
    assert!(run.stderr.contains(&stranger.address().to_string()), "{}", run.stderr);
    assert_eq!(stranger.connections(), 0);
    untouched(&home);
}

#[tokio::test]
async fn what_export_clixml_wrote_goes_the_same_way() {
    let home = HomeFixture::new().await;
    let session = |id: &str, port: u16| {
        format!(
            "<Obj RefId=\"{port}\"><Props><S N=\"ComputerName\">127.0.0.1</S><G N=\"InstanceId\">{id}</G>\
             <I32 N=\"Id\">12</I32></Props><MS><I32 N=\"Port\">{port}</I32></MS></Obj>"
        )
    };
    let text = format!(
        "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">{}</Objs>",
        session(&NIGHTLY.to_lowercase(), home.servers.port())
    );
    home.command(&["rsn"]).stdin(&text).run().await.expect(0);
    assert_eq!(home.left(), [BUILD_7, PATCHING, FOREIGN, BACKUP]);
}

fn lines(run: &Run) -> Vec<&str> {
    run.stdout.lines().collect()
}

#[tokio::test]
async fn a_computer_that_is_named_is_asked_and_shows_its_cmd_shells_too() {
    let home = HomeFixture::new().await;
    let port = home.servers.port().to_string();
    let words = ["Get-PSSession", "-ComputerName", "127.0.0.1", "-Port", &port, "--output", "table"];
    let run = home.command(&words).run().await.expect(0);
    assert_eq!(lines(&run).len(), 8, "{}", run.stdout);
    let cmd = "Runspace5       WSMan     127.0.0.1       RemoteMachine   Opened                                      Busy";
    assert!(lines(&run).iter().any(|line| line.ends_with(cmd)), "{}", run.stdout);
}

#[tokio::test]
async fn a_computer_that_is_asked_misses_names_only_if_it_has_sessions_that_pass() {
    let home = HomeFixture::new().await;
    let port = home.servers.port().to_string();
    let run = async |more: &[&str]| {
        let words = [&["Get-PSSession", "127.0.0.1", "-Port", &port, "-vb"], more].concat();
        home.command(&words).run().await
    };
    for (more, id) in [
        (&["-Name", "nobody"][..], "PSSessionNameMatchFail"),
        (&["-Name", "nobody*"], "PSSessionNameMatchFail"),
        (&["-Name", "nightly", "-State", "Disconnected"], "PSSessionNameMatchFail"),
        (&["-InstanceId", BACKUP], "PSSessionIdMatchFail"),
    ] {
        let run = run(more).await.expect(1);
        assert!(run.stderr.contains(&format!("FullyQualifiedErrorId: {id},")), "{more:?}: {}", run.stderr);
        assert!(run.stderr.contains("Category: InvalidOperation"), "{more:?}: {}", run.stderr);
    }
    let run = run(&["-Name", "nobody", "-State", "Broken"]).await.expect(0);
    assert!(!run.stderr.contains("FullyQualifiedErrorId"), "{}", run.stderr);
    let run = home.command(&["Get-PSSession", "-Name", "nobody*"]).run().await.expect(0);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
}

#[tokio::test]
async fn a_list_has_the_properties_of_powershell_and_more() {
    let home = HomeFixture::new().await;
    let run = home.command(&["gsn", "-Id", "1", "--output", "list"]).run().await.expect(0);
    let lines = lines(&run);
    assert_eq!((lines[0], lines[1], lines[2]), ("", "Id                : 1", "Name              : build-7"));
    assert!(lines.contains(&"VMName            :"), "{}", run.stdout);
    assert!(lines.contains(&"Owner             : CONTOSO\\ci-runner"), "{}", run.stdout);
}

#[tokio::test]
async fn on_a_terminal_it_is_powershells_table_and_in_our_own_spelling_our_own() {
    if !pty::available() {
        return;
    }
    let home = HomeFixture::new().await;
    let shown = async |words: &[&str], columns| {
        let run =
            pty::Pty::new(words).columns(columns).env("PSSESSION_STORE", home.table().to_str().unwrap());
        run.answer(&[]).await.expect(0)
    };
    let powershell = shown(&["Get-PSSession"], 120).await;
    powershell.shows("\n Id Name            Transport ComputerName    ComputerType    State ");
    powershell.shows("\n  1 build-7         WSMan     Server01        RemoteMachine   Disconnected ");
    let narrow = shown(&["Get-PSSession"], 80).await;
    narrow.shows(" ComputerType    State\n");
    shown(&["get"], 120).await.shows("Owner");
}

#[tokio::test]
async fn a_listing_goes_straight_into_a_removal_which_asks_about_what_is_not_ours() {
    let simulator = host(leaked()).await;
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("sessions.db");
    let run = |words: &[&str]| {
        Pssession::new(words).login(&simulator).env("PSSESSION_STORE", table.to_str().unwrap())
    };
    let port = simulator.port().to_string();
    let objects = run(&["gsn", "127.0.0.1", "-Port", &port]).run().await.expect(0).stdout;
    let asked = run(&["rsn"]).stdin(&objects).run().await.expect(6);
    assert!(asked.stderr.contains("'-Confirm:$false'"), "{}", asked.stderr);
    let others: String =
        objects.lines().filter(|line| !line.contains(ALICE)).map(|line| format!("{line}\n")).collect();
    run(&["rsn", "-Confirm:$false"]).stdin(&others).run().await.expect(0);
    assert_eq!(super::left(&simulator), [ALICE]);
}

/// `-Session "$s"`, as it is typed in PowerShell.
#[tokio::test]
async fn a_variable_with_objects_is_a_value_of_session() {
    for line in [
        "s=$(Get-PSSession); Remove-PSSession -Session \"$s\"",
        "s=$(Get-PSSession --output json); Remove-PSSession -Session \"$s\"",
        "s=$(Get-PSSession); pssession remove --session \"$s\" --yes",
        "s=$(Get-PSSession); pssession remove --session \"$s\" --yes --report report.json",
    ] {
        let home = HomeFixture::new().await;
        home.bash(line).await.expect(0);
        assert_eq!(home.left(), [FOREIGN], "{line}");
    }
    let home = HomeFixture::new().await;
    let run = home.bash("rsn -Session '{\"Id\": 1' -WhatIf").await.expect(2);
    assert!(run.stderr.contains("cannot read {"), "{}", run.stderr);
    let run = home.bash("rsn -Session '[{\"Id\": \"x\"}]' --output json").await;
    assert!(!run.stderr.contains("cannot read"), "{}", run.stderr);
    // A file of that name is a file.
    let run = home.bash("Get-PSSession -Id 1 > '[1]'; rsn -Session '[1]' -WhatIf").await.expect(0);
    assert_eq!(run.stdout.lines().count(), 2);
    untouched(&home);
}
