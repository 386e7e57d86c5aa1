//! `pssession identify HOST`: is it WinRM, which version, and what logins does it offer. No credential is involved.

use std::io::Write as _;

use pssession::transport::{HttpOptions, Probe, Security, probe};
use pssession::wsman::op::identify;
use pssession::wsman::{one_line, printable};
use pssession::{Endpoint, Error};
use serde_json::json;

use crate::cli::args::{IdentifyArgs, PlainFormat};
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::hints::{hint, place, status_hint};
use crate::cli::intent::{Trust, parse_duration};

/// The most of a server's own words that is shown, in characters.
const MAX_WORDS: usize = 200;

pub(crate) async fn run(args: &IdentifyArgs) -> Result<Exit, Diagnostic> {
    let endpoint = Endpoint::parse(&args.host, args.tls).map_err(|error| {
        Diagnostic::usage(error.to_string())
            .with_hint("write web01, web01:5986, [2001:db8::1] or https://web01/wsman")
    })?;
    let probe =
        probe(&endpoint, &options(args)?).await.map_err(|error| not_reached(&endpoint, error.into()))?;
    let identity = probe.identity_body.as_deref().map(identify::read);
    let identity = match identity {
        Some(Ok(identity)) => Some(identity),
        Some(Err(error)) => return Err(not_winrm(&endpoint, &probe).caused_by(&error)),
        // A service that identifies itself to nobody still shows by its offer that it is one.
        None if probe.status == 401 && !probe.offers.is_empty() => None,
        None => return Err(not_winrm(&endpoint, &probe)),
    };
    let offers = probe.offers.to_string();
    let advice = login_hint(&endpoint, &probe);
    let vendor = identity.as_ref().and_then(|i| i.product_vendor.as_deref());
    let version = identity.as_ref().and_then(|i| i.product_version.as_deref());
    let protocol = identity.as_ref().map(|i| i.protocol_version.as_str());
    let mut out = std::io::stdout().lock();
    match args.output.unwrap_or(PlainFormat::Table) {
        PlainFormat::Json => writeln!(
            out,
            "{}",
            json!({
                "Schema": "pssession.identity/1",
                "Endpoint": endpoint.url(),
                "ProductVendor": vendor,
                "ProductVersion": version,
                "ProtocolVersion": protocol,
                "Server": probe.server,
                "Authentication": probe.offers.schemes(),
            })
        )?,
        PlainFormat::Table => {
            let unsaid = "not told without a login";
            writeln!(out, "Endpoint        {}", endpoint.url())?;
            writeln!(out, "Vendor          {}", printable(vendor.unwrap_or(unsaid)))?;
            writeln!(out, "Version         {}", printable(version.unwrap_or(unsaid)))?;
            writeln!(out, "Protocol        {}", printable(protocol.unwrap_or(unsaid)))?;
            writeln!(out, "Server          {}", printable(probe.server.as_deref().unwrap_or("not told")))?;
            writeln!(out, "Authentication  {}", printable(&offers))?;
            drop(out);
            if let Some(advice) = advice {
                writeln!(std::io::stderr().lock(), "\nhint: {advice}")?;
            }
        }
    }
    Ok(Exit::SUCCESS)
}

/// What the offer means for a login by this command; nothing where the default does.
fn login_hint(endpoint: &Endpoint, probe: &Probe) -> Option<String> {
    if probe.offers.has("Negotiate") || probe.offers.has("NTLM") {
        return None;
    }
    Some(if !probe.offers.has("Basic") {
        "this version logs in with NTLM through Negotiate, or with Basic; none of these is offered here"
            .to_owned()
    } else if endpoint.is_tls() {
        "only Basic is offered: a local user of that machine, and --auth basic".to_owned()
    } else {
        "only Basic is offered, and over HTTP everyone on the way can read it: use --tls if the server listens there"
            .to_owned()
    })
}

fn options(args: &IdentifyArgs) -> Result<HttpOptions, Diagnostic> {
    let security = Security {
        dangerous_skip_certificate_check: args.dangerous_skip_certificate_check,
        ..Security::default()
    };
    let mut options = Trust::read(&args.trust)?.apply(HttpOptions::default().with_security(security));
    if let Some(limit) = parse_duration("--connect-timeout", args.connect_timeout.as_deref())? {
        options = options.with_connect_timeout(limit).with_login_timeout(limit);
    }
    Ok(options)
}

fn not_reached(endpoint: &Endpoint, error: Error) -> Diagnostic {
    let hint = hint(&error, endpoint);
    let diagnostic = Diagnostic::new(
        "CannotConnect",
        "ConnectionError",
        format!("could not identify {}", place(endpoint)),
        Exit::COULD_NOT_BEGIN,
    );
    diagnostic.about(endpoint.url()).caused_by(&error).with_hint(hint)
}

fn not_winrm(endpoint: &Endpoint, probe: &Probe) -> Diagnostic {
    let server = probe.server.as_deref().map(|server| format!(", Server: {}", one_line(server, MAX_WORDS)));
    let message = format!(
        "{} is not WinRM: it answered Identify with HTTP {}{}{}",
        endpoint.url(),
        probe.status,
        probe.excerpt,
        server.unwrap_or_default()
    );
    // A 401 without an offer is no matter of a password: none was sent.
    let advice = status_hint(probe.status, endpoint).filter(|_| probe.status != 401).unwrap_or_else(|| {
        "WinRM listens on 5985 (HTTP) and 5986 (HTTPS, --tls) under /wsman; is that the port and the path?".to_owned()
    });
    Diagnostic::new("NotWinRM", "ProtocolError", message, Exit::COULD_NOT_BEGIN)
        .about(endpoint.url())
        .with_hint(advice)
}
