//! `identify` with several hosts: one line for each, and with `--doctor` whether it accepts the login.

use std::io::{self, Write as _};

use pssession::request::{Event, IdentifiedEndpoint, IdentifyRequest, LoginCheck, LoginCheckRequest};
use pssession::teardown::{ListingResult, RunStatus};
use pssession::wsman::{one_line, printable};
use serde_json::{Value, json};

use super::{IdentifyArgs, TrustSource, report};
use crate::cli::args::PlainFormat;
use crate::cli::caller::CommandCaller;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::hints::{advice_hint, kind, place};
use crate::cli::options::{ConnectionOptions, policy};
use crate::cli::render::{plural, text_table, visible};
use crate::cli::source;

/// The most of a server's own words that is shown in a cell, in characters.
const MAX_WORDS: usize = 60;

/// What hosts show without a login.
pub(super) async fn identify<F: Fn(&Event<'_>)>(
    args: &IdentifyArgs,
    connection: &ConnectionOptions,
    caller: &CommandCaller<'_, F>,
) -> Result<Exit, Diagnostic> {
    let identified = IdentifyRequest { hosts: connection.hosts.clone() }.run(caller).await?;
    let good = identified.iter().filter(|one| one.is_winrm_and_trusted()).count();
    match args.output.unwrap_or(PlainFormat::Table) {
        PlainFormat::Json => {
            let trust_source = TrustSource::of(args, connection);
            let object = report::json(&identified, trust_source, source::now());
            writeln!(io::stdout().lock(), "{}", visible(&object.to_string()))?;
        }
        PlainFormat::Table if caller.ui.is_quiet() => {}
        PlainFormat::Table => {
            let header = ["Host", "WinRM", "Version", "Authentication", "Problem"];
            let rows = identified.iter().map(identity_row).collect();
            writeln!(io::stdout().lock(), "{}", text_table(&header, rows))?;
        }
    }
    for one in identified.iter().filter(|one| one.is_winrm()) {
        if let Some(error) = one.distrust() {
            caller.ui.error(
                &super::untrusted(one)
                    .caused_by(error)
                    .with_hint(advice_hint(&error.advice(), &one.endpoint)),
            );
        }
    }
    let winrm = identified.iter().filter(|one| one.is_winrm()).count();
    Ok(match () {
        () if good == identified.len() => Exit::SUCCESS,
        () if winrm == 0 => Exit::COULD_NOT_BEGIN,
        () => RunStatus::Partial.into(),
    })
}

fn identity_row(one: &IdentifiedEndpoint) -> Vec<String> {
    let identity = one.identity();
    let version = identity.and_then(|identity| identity.product_version.as_deref());
    let offered = one.response.as_ref().ok().filter(|_| one.is_winrm());
    let problem = match (&one.response, one.distrust()) {
        (Err(error), _) => report::innermost(error),
        (Ok(probe), _) if !one.is_winrm() => format!("not WinRM, HTTP {}{}", probe.status, probe.excerpt),
        (_, Some(distrust)) => format!("not trusted: {}", distrust.reason()),
        _ => String::new(),
    };
    vec![
        place(&one.endpoint),
        if one.is_winrm() { "yes" } else { "no" }.to_owned(),
        version.map(|version| one_line(version, MAX_WORDS)).unwrap_or_default(),
        offered.map(|probe| printable(&probe.challenges.to_string())).unwrap_or_default(),
        problem,
    ]
}

/// Which hosts accept this login, and whether they show it the sessions of other people.
pub(super) async fn check_logins<F: Fn(&Event<'_>)>(
    args: &IdentifyArgs,
    connection: &ConnectionOptions,
    caller: &CommandCaller<'_, F>,
) -> Result<Exit, Diagnostic> {
    let limits = args.reach().limits;
    let policy = policy(&limits, &Default::default())?;
    let request = LoginCheckRequest { hosts: connection.hosts.clone(), policy };
    let mut checks = request.run(caller, caller.cancellation).await?;
    checks.interruption = caller.watch.stop();
    let hosts: Vec<LoginCheck<'_>> = checks.hosts().collect();
    match args.output.unwrap_or(PlainFormat::Table) {
        PlainFormat::Json => {
            let at = pssession::interchange::timestamp(source::now());
            let hosts: Vec<Value> = hosts.iter().map(object).collect();
            let object = json!({ "Schema": "pssession.logins/1", "At": at, "Hosts": hosts });
            writeln!(io::stdout().lock(), "{}", visible(&object.to_string()))?;
        }
        PlainFormat::Table if caller.ui.is_quiet() => {}
        PlainFormat::Table => {
            let header = ["Host", "Login", "Account", "Shells", "Owners", "Shows"];
            let rows = hosts.iter().map(login_row).collect();
            writeln!(io::stdout().lock(), "{}", text_table(&header, rows))?;
            let accepted = hosts.iter().filter(|host| is_accepted(host.result)).count();
            let total = plural(hosts.len(), "host");
            caller.ui.remark(&format!("{accepted} of {total} accepted the login"));
        }
    }
    Ok(checks.status().into())
}

fn is_accepted(result: ListingResult) -> bool {
    matches!(result, ListingResult::Complete | ListingResult::Incomplete | ListingResult::Denied)
}

fn login_row(host: &LoginCheck<'_>) -> Vec<String> {
    let count = |count: fn(&pssession::request::SeenShells) -> usize| {
        host.seen.as_ref().map(|seen| count(seen).to_string()).unwrap_or_default()
    };
    let shows = host.seen.map(|seen| if seen.others { "everybody's" } else { "maybe only its own" });
    vec![
        place(host.endpoint),
        login_word(host.result).to_owned(),
        printable(host.user),
        count(|seen| seen.shells),
        count(|seen| seen.owners),
        shows.unwrap_or_default().to_owned(),
    ]
}

fn login_word(result: ListingResult) -> &'static str {
    match result {
        ListingResult::Complete => "accepted",
        ListingResult::Incomplete => "accepted, listing incomplete",
        ListingResult::Denied => "accepted, may not list",
        ListingResult::CredentialRefused => "REFUSED",
        ListingResult::CredentialWithheld => "not tried",
        ListingResult::NotReached => "NOT REACHED",
    }
}

fn object(host: &LoginCheck<'_>) -> Value {
    json!({
        "Endpoint": host.endpoint.url(),
        "User": host.user,
        "Accepted": is_accepted(host.result),
        "ListingComplete": host.result == ListingResult::Complete,
        "Shells": host.seen.map(|seen| seen.shells),
        "Owners": host.seen.map(|seen| seen.owners),
        "ShowsOthers": host.seen.map(|seen| seen.others),
        "ErrorId": host.error.map(|error| kind(error).0),
        "Error": host.error.map(|error| error.chain()),
    })
}
