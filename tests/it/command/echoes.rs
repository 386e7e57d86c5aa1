//! A server that gives back what it was shown of a login: nothing of it is in the output, the log, the report or the table.

use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pssession::simulator::{Account, SimulatedShell, Simulator, World};
use pssession::wsman::uri::{self, ADDRESSING, ENUMERATION, SHELL, SOAP, WSMAN, WSMAN_FAULT};
use secrecy::SecretString;

use super::{ALICE, BUILD_7, COMMAND};
use crate::support::command::Pssession;
use crate::support::ntlm::FakeNtlm;
use crate::support::raw::{Act, RawServer, Response, Seen};

const USER: &str = r"LAB\ann";
/// With what XML and a URL spell otherwise.
const PASSWORD: &str = "Hunter2&co-geheim";

/// The forms of the password, each as it would be found in a file.
fn forms() -> Vec<String> {
    let units: Vec<u8> = PASSWORD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        PASSWORD.to_owned(),
        PASSWORD.replace('&', "&amp;"),
        PASSWORD.replace('&', "%26"),
        STANDARD.encode(PASSWORD),
        STANDARD.encode(units),
        STANDARD.encode(format!("{USER}:{PASSWORD}")),
        STANDARD.encode(format!("ann:{PASSWORD}")),
    ]
}

/// Where the echo stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In Name, Owner and State of a shell, in a CommandLine, and in the fault that a Delete gets.
    Texts,
    /// Beside an item that has no ShellId.
    NoShellId,
    Action,
    RelatesTo,
    /// In an answer that breaks off.
    Broken,
    /// In the fault that a listing gets.
    Fault,
    Page,
    Redirect,
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
}

/// The answer to a request, as a WinRM service writes it, with `echo` at its place.
fn answer(seen: &Seen, place: Place, echo: &str) -> Act {
    let request = String::from_utf8_lossy(&seen.body);
    let between = |from: &str, to: &str| {
        let behind = request.split_once(from).map(|(_, behind)| behind);
        behind.and_then(|behind| behind.split_once(to)).map_or("", |(text, _)| text).to_owned()
    };
    let message_id = between("MessageID>", "</");
    let echo = escaped(echo);
    let envelope = |action: &str, related: &str, body: &str| {
        format!(
            "<s:Envelope xmlns:s='{SOAP}' xmlns:a='{ADDRESSING}' xmlns:n='{ENUMERATION}' xmlns:w='{WSMAN}' \
             xmlns:r='{SHELL}' xmlns:f='{WSMAN_FAULT}'><s:Header><a:Action>{action}</a:Action>\
             <a:RelatesTo>{related}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
        )
    };
    let fault = |status: u16| {
        let body = format!(
            "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{echo}</s:Value></s:Subcode></s:Code>\
             <s:Reason><s:Text xml:lang='en-US'>{echo}</s:Text></s:Reason><s:Detail><w:FaultDetail>x/{echo}\
             </w:FaultDetail><f:WSManFault Code='5' Machine='{echo}'><f:Message>for {echo}<f:ProviderFault \
             provider='{echo}'>{echo}</f:ProviderFault></f:Message></f:WSManFault></s:Detail></s:Fault>"
        );
        Act::Answer(Response::soap(status, &envelope("urn:fault", &message_id, &body)))
    };
    if request.contains("wsmanidentity.xsd") {
        return Act::Answer(Response::soap(200, &envelope("x", "x", "")));
    }
    let shell = |id: &str| {
        let id = if id.is_empty() { String::new() } else { format!("<r:ShellId>{id}</r:ShellId>") };
        format!(
            "<r:Shell>{id}<r:Name>{echo}</r:Name><r:ResourceUri>{}</r:ResourceUri><r:Owner>LAB\\{echo}</r:Owner>\
             <r:ClientIP>{echo}</r:ClientIP><r:State>{echo}</r:State></r:Shell>",
            uri::POWERSHELL_RESOURCE
        )
    };
    let page = |items: &str| {
        let items = format!("<w:Items>{items}</w:Items><w:EndOfSequence/>");
        format!("<n:EnumerateResponse><n:EnumerationContext/>{items}</n:EnumerateResponse>")
    };
    let listed = |items: &str| {
        Act::Answer(Response::soap(200, &envelope(uri::ENUMERATE.response, &message_id, &page(items))))
    };
    let is_listing = request.contains("<n:Enumerate>");
    match place {
        Place::Texts if request.contains(uri::COMMAND_RESOURCE) && is_listing => listed(&format!(
            "<r:Command><r:CommandId>{COMMAND}</r:CommandId><r:CommandLine>run {echo}</r:CommandLine>\
             <r:CommandState>{echo}</r:CommandState></r:Command>"
        )),
        Place::Texts if is_listing => listed(&(shell(BUILD_7) + &shell(ALICE))),
        Place::NoShellId if is_listing => listed(&(shell(BUILD_7) + &shell(""))),
        Place::Action if is_listing => {
            Act::Answer(Response::soap(200, &envelope(&echo, &message_id, &page(&shell(BUILD_7)))))
        }
        Place::RelatesTo if is_listing => {
            Act::Answer(Response::soap(200, &envelope(uri::ENUMERATE.response, &echo, &page(""))))
        }
        Place::Broken => Act::Answer(Response::soap(200, &format!("<a b='{echo}'><c></{echo}>"))),
        Place::Page => Act::Answer(Response::new(403).body("text/html", format!("<p>you are {echo}"))),
        Place::Redirect => {
            let target = format!("http://elsewhere/?a={}", echo.replace("&amp;", "%26"));
            Act::Answer(Response::new(302).header("Location", target))
        }
        _ => fault(500),
    }
}

/// All that a run of the command leaves: what it says, and each file of its folder.
async fn left_by(host: &str, folder: &Path, more: &[&str]) -> (String, Vec<(String, Vec<u8>)>) {
    let (store, report) = (folder.join("sessions.db"), folder.join("report.json"));
    let words = ["remove", "--on", host, "--all", "--yes", "-vvv", "-o", "json", "--report"];
    let run = Pssession::new([&words[..], &[report.to_str().unwrap()], more].concat())
        .env("PSSESSION_USER", USER)
        .env("PSSESSION_PASSWORD", PASSWORD)
        .env("PSSESSION_STORE", store.to_str().unwrap())
        .env("RUST_LOG", "trace")
        .run()
        .await;
    let said = format!("{}\n{}", run.stdout, run.stderr);
    let mut files = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        files.push((path.display().to_string(), std::fs::read(&path).unwrap()));
    }
    (said, files)
}

#[track_caller]
fn assert_hidden(secrets: &[String], said: &str, files: &[(String, Vec<u8>)], place: Place) {
    for secret in secrets {
        let secret = secret.trim_end_matches('=');
        assert!(!said.contains(secret), "{place:?}: {secret}\n{said}");
        for (name, bytes) in files {
            let is_there = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!is_there, "{place:?}: {secret} in {name}");
        }
    }
}

const PLACES: [Place; 8] = [
    Place::Texts,
    Place::NoShellId,
    Place::Action,
    Place::RelatesTo,
    Place::Broken,
    Place::Fault,
    Place::Page,
    Place::Redirect,
];

/// Each form of the password, and each token that was sent.
fn echo_of(tokens: &[String]) -> String {
    let forms = [PASSWORD.to_owned(), forms()[2..].join(" ")];
    format!("{} {}", forms.join(", "), tokens.join(" "))
}

/// The server's part of a login: `None` once the request is let in.
type Login = Box<dyn Fn(&Seen) -> Option<Act> + Send + Sync>;

async fn in_each_place(auth: &[&str], login: fn() -> Login) {
    for place in PLACES {
        let (tokens, login) = (Arc::new(Mutex::new(Vec::<String>::new())), login());
        let (seen_tokens, asked) = (Arc::clone(&tokens), Arc::new(Mutex::new(0)));
        let count = Arc::clone(&asked);
        let server = RawServer::start(move |seen| {
            if let Some((_, token)) = seen.header("authorization").and_then(|header| header.split_once(' ')) {
                seen_tokens.lock().unwrap().push(token.to_owned());
            }
            login(seen).unwrap_or_else(|| {
                *count.lock().unwrap() += 1;
                answer(seen, place, &echo_of(&seen_tokens.lock().unwrap()))
            })
        })
        .await;
        let folder = tempfile::tempdir().unwrap();
        let (said, files) = left_by(&server.address.to_string(), folder.path(), auth).await;
        let secrets = [forms(), tokens.lock().unwrap().clone()].concat();
        assert!(*asked.lock().unwrap() > 0 && secrets.len() > forms().len(), "{place:?}: {said}");
        assert_hidden(&secrets, &said, &files, place);
        // An item without its id is not quoted.
        assert!(
            said.contains("***") || matches!(place, Place::NoShellId | Place::Broken),
            "{place:?}: {said}"
        );
        if place == Place::Texts {
            assert!(said.contains(BUILD_7) && said.contains("WSManFault 5"), "{said}");
            let report = files.iter().find(|(name, _)| name.ends_with("report.json")).unwrap();
            assert!(String::from_utf8_lossy(&report.1).contains("***"), "{report:?}");
            assert!(files.iter().any(|(name, _)| name.ends_with("sessions.db")));
        }
    }
}

#[tokio::test]
async fn a_server_of_basic_that_echoes_the_login_is_told_without_it() {
    let auth = ["--auth", "basic", "--dangerous-basic-over-http"];
    in_each_place(&auth, || {
        Box::new(|seen| {
            let is_in = seen.header("authorization").is_some_and(|header| header.starts_with("Basic "));
            let offer = || Act::Answer(Response::new(401).header("WWW-Authenticate", "Basic realm=x"));
            let identifies = String::from_utf8_lossy(&seen.body).contains("wsmanidentity.xsd");
            match is_in {
                true if identifies => {
                    Some(Act::Answer(Response::soap(200, "<s:Envelope>identified</s:Envelope>")))
                }
                true => None,
                false => Some(offer()),
            }
        })
    })
    .await;
}

#[tokio::test]
async fn a_server_of_ntlm_that_echoes_the_login_is_told_without_it() {
    in_each_place(&["--auth", "ntlm", "--dangerous-unencrypted"], || {
        let fake = FakeNtlm::accepting();
        Box::new(move |seen| {
            let is_in = Mutex::new(false);
            let act = fake.act(seen, |_| {
                *is_in.lock().unwrap() = true;
                Act::Close
            });
            if is_in.into_inner().unwrap() { None } else { Some(act) }
        })
    })
    .await;
}

#[tokio::test]
async fn what_is_echoed_in_a_sealed_answer_is_masked_as_well() {
    let mut world = World::new("web01");
    let owner = format!(r"LAB\{PASSWORD}");
    world.add(SimulatedShell::powershell(BUILD_7, PASSWORD, &owner, "Microsoft.PowerShell"));
    world.add(SimulatedShell::cmd(ALICE, &owner).running(COMMAND, &echo_of(&[])));
    let builder = Simulator::builder().world(world);
    let builder = builder.account(Account::administrator(USER), SecretString::from(PASSWORD));
    let simulator = builder.start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (said, files) = left_by(&simulator.address().to_string(), folder.path(), &[]).await;
    assert_hidden(&forms(), &said, &files, Place::Texts);
    assert!(said.contains("***") && said.contains("\"Outcome\": \"Closed\""), "{said}");
    assert!(simulator.world().lock().unwrap().shells().is_empty());
}
