//! What was seen of a host, for a person and for a program.

use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use pssession::interchange::timestamp as time;
use pssession::request::{ClockDifference, IdentifiedEndpoint};
use pssession::transport::{Certificate, TlsFound, TransportError};
use pssession::wsman::{one_line, printable};
use serde_json::{Map, Value, json};

use super::TrustSource;
use crate::cli::render;

/// The most of a server's own words that is shown, in characters.
const MAX_WORDS: usize = 200;

/// A certificate that ends sooner than this is told with more than a date.
const SOON: Duration = Duration::from_secs(30 * 86_400);

const DAY: u64 = 86_400;

/// Everything that an endpoint has shown, one thing a line.
pub(super) fn lines(
    one: &IdentifiedEndpoint,
    trust_source: TrustSource,
    now: SystemTime,
) -> Vec<(&'static str, String)> {
    let url = one.endpoint.url();
    let probe = match &one.response {
        Ok(probe) if one.is_winrm() => probe,
        Ok(probe) => {
            return vec![("Endpoint", format!("{url}: not WinRM, HTTP {}{}", probe.status, probe.excerpt))];
        }
        Err(error) => return vec![("Endpoint", format!("{url}: {}", innermost(error)))],
    };
    let identity = one.identity();
    let unsaid = "not reported without a login".to_owned();
    let reported = |text: Option<&str>| text.map_or_else(|| unsaid.clone(), |text| one_line(text, MAX_WORDS));
    let mut lines = vec![
        ("Endpoint", url.to_owned()),
        ("Vendor", reported(identity.and_then(|i| i.product_vendor.as_deref()))),
        ("Version", reported(identity.and_then(|i| i.product_version.as_deref()))),
        ("Protocol", reported(identity.map(|i| i.protocol_version.as_str()))),
        (
            "Server",
            probe.server.as_deref().map_or("not reported".to_owned(), |text| one_line(text, MAX_WORDS)),
        ),
        ("Authentication", printable(&probe.challenges.to_string())),
        ("Clock", clock(one.clock)),
    ];
    if let Some(tls) = &probe.tls {
        lines.extend(tls_lines(tls, trust_source, now));
    }
    lines
}

fn tls_lines(tls: &TlsFound, trust_source: TrustSource, now: SystemTime) -> Vec<(&'static str, String)> {
    let mut lines =
        vec![("TLS", tls.version.map_or("not reported".to_owned(), |version| version.to_string()))];
    match &tls.certificate {
        None => lines.push(("Certificate", "cannot be read".to_owned())),
        Some(certificate) => {
            let names: Vec<String> = certificate.names.iter().map(|name| one_line(name, MAX_WORDS)).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            lines.extend([
                ("Certificate", one_line(&certificate.subject, MAX_WORDS)),
                ("Issuer", one_line(&certificate.issuer, MAX_WORDS)),
                ("Valid", validity(certificate, now)),
                ("Names", names),
            ]);
        }
    }
    lines.push(("Pin", tls.pin.to_string()));
    let verdict = match &tls.distrust {
        Some(error) => format!("NOT TRUSTED: {}", error.reason()),
        None => trust_source.words().to_owned(),
    };
    lines.push(("Trust", verdict));
    lines
}

fn validity(certificate: &Certificate, now: SystemTime) -> String {
    let day = |time: SystemTime| {
        jiff::Timestamp::try_from(time).map_or("?".to_owned(), |t| t.strftime("%F").to_string())
    };
    let state = match (certificate.not_before.duration_since(now), certificate.not_after.duration_since(now))
    {
        (Ok(wait), _) if !wait.is_zero() => format!("valid in {}", render::duration(wait)),
        (_, Ok(left)) if left < SOON => format!("expires soon, {} left", render::plural(days(left), "day")),
        (_, Ok(left)) => format!("{} left", render::plural(days(left), "day")),
        (_, Err(over)) => format!("EXPIRED {} ago", render::duration(over.duration())),
    };
    format!("{} to {} ({state})", day(certificate.not_before), day(certificate.not_after))
}

fn days(left: Duration) -> usize {
    usize::try_from(left.as_secs() / DAY).unwrap_or(usize::MAX)
}

/// A server's clock in words.
pub(super) fn clock(clock: Option<ClockDifference>) -> String {
    match clock {
        None => "not reported".to_owned(),
        Some(ClockDifference::Same(within)) => {
            format!(
                "same as this machine, within {}",
                render::duration(Duration::from_secs(within.as_secs() + 1))
            )
        }
        Some(ClockDifference::Ahead(by)) => format!("{} ahead of this machine", render::duration(by)),
        Some(ClockDifference::Behind(by)) => format!("{} behind this machine", render::duration(by)),
    }
}

/// Columns of a name and what was seen, in one block for each endpoint.
pub(super) fn write(out: &mut impl Write, endpoints: &[Vec<(&'static str, String)>]) -> io::Result<()> {
    for (number, lines) in endpoints.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        for (name, text) in lines {
            writeln!(out, "{name:<14}  {text}")?;
        }
    }
    Ok(())
}

/// The object of `pssession.identity/1`: the first endpoint that is WinRM, and under `Endpoints` each that was asked.
pub(super) fn json(identified: &[IdentifiedEndpoint], trust_source: TrustSource, now: SystemTime) -> Value {
    let mut object = Map::from_iter([("Schema".to_owned(), json!("pssession.identity/1"))]);
    object.extend(
        identified
            .iter()
            .find(|one| one.is_winrm())
            .map(|one| endpoint(one, trust_source, now))
            .unwrap_or_default(),
    );
    let endpoints: Vec<Value> =
        identified.iter().map(|one| Value::Object(endpoint(one, trust_source, now))).collect();
    object.insert("Endpoints".to_owned(), Value::Array(endpoints));
    Value::Object(object)
}

fn endpoint(one: &IdentifiedEndpoint, trust_source: TrustSource, now: SystemTime) -> Map<String, Value> {
    let probe = one.response.as_ref().ok();
    let tls = probe.and_then(|probe| probe.tls.as_ref());
    let identity = one.identity();
    let error = match &one.response {
        Err(error) => Some(innermost(error)),
        Ok(probe) if !one.is_winrm() => Some(format!("not WinRM, HTTP {}{}", probe.status, probe.excerpt)),
        Ok(_) => None,
    };
    let pairs = [
        ("Endpoint", json!(one.endpoint.url())),
        ("ProductVendor", json!(identity.and_then(|i| i.product_vendor.as_deref()))),
        ("ProductVersion", json!(identity.and_then(|i| i.product_version.as_deref()))),
        ("ProtocolVersion", json!(identity.map(|i| i.protocol_version.as_str()))),
        ("Server", json!(probe.and_then(|probe| probe.server.as_deref()))),
        ("Authentication", json!(probe.filter(|_| error.is_none()).map(|probe| probe.challenges.schemes()))),
        ("ClockDifference", json!(one.clock.map(seconds_ahead))),
        ("Tls", json!(tls.and_then(|tls| tls.version).map(|version| version.to_string()))),
        ("Certificate", json!(tls.map(|tls| certificate(tls, trust_source, now)))),
        ("Error", json!(error)),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn certificate(tls: &TlsFound, trust_source: TrustSource, now: SystemTime) -> Value {
    let read = tls.certificate.as_ref();
    let left = read.map(|certificate| match certificate.not_after.duration_since(now) {
        Ok(left) => i64::try_from(left.as_secs() / DAY).unwrap_or(i64::MAX),
        Err(over) => -i64::try_from(over.duration().as_secs() / DAY).unwrap_or(i64::MAX) - 1,
    });
    json!({
        "Subject": read.map(|certificate| certificate.subject.as_str()),
        "Issuer": read.map(|certificate| certificate.issuer.as_str()),
        "NotBefore": read.map(|certificate| time(certificate.not_before)),
        "NotAfter": read.map(|certificate| time(certificate.not_after)),
        "DaysLeft": left,
        "Names": read.map(|certificate| certificate.names.as_slice()),
        "Pin": tls.pin.to_string(),
        "Trusted": tls.distrust.is_none() && trust_source != TrustSource::Nobody,
        "Problem": tls.distrust.as_ref().map(|error| error.reason()),
    })
}

fn seconds_ahead(clock: ClockDifference) -> i64 {
    let seconds = |by: Duration| i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
    match clock {
        ClockDifference::Same(_) => 0,
        ClockDifference::Ahead(by) => seconds(by).max(1),
        ClockDifference::Behind(by) => -seconds(by).max(1),
    }
}

/// The last cause of a failed connection: the endpoint is named already.
pub(super) fn innermost(error: &TransportError) -> String {
    if let Some(tls) = error.tls() {
        return tls.to_string();
    }
    let mut last: &dyn std::error::Error = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    one_line(&last.to_string(), MAX_WORDS)
}
