//! The service's configuration, and the quotas in it.

use super::ask::Facts;
use super::check::{LiveCheck, Needs};
use super::envelope::Envelope;
use super::seen::{Seen, name};
use super::verdict::{Next, Or, failed, judged, passed, reported};
use crate::conformance::section::{Section, section};
use crate::wsman::uri;
use crate::wsman::xml::Element;

const CONFIG: Section = section("MS-WSMV", "2.2.4.10", "ConfigType");
const WINRS: Section = section("MS-WSMV", "2.2.4.42", "WinrsType");

pub(super) const CHECKS: &[LiveCheck] = &[
    LiveCheck::new(
        "quotas/config",
        "the configuration can be read",
        section("MS-WSMV", "3.1.4.2", "Get"),
        "GetResponse with a Config",
        Needs::Login,
        config,
    ),
    LiveCheck::new(
        "quotas/envelope-size",
        "the largest envelope is a number",
        CONFIG,
        "MaxEnvelopeSizekb of 32 at least",
        Needs::Login,
        envelope_size,
    ),
    LiveCheck::new(
        "quotas/timeout",
        "the longest operation is a number",
        CONFIG,
        "MaxTimeoutms of 500 at least",
        Needs::Login,
        timeout,
    ),
    LiveCheck::new(
        "quotas/shells-per-user",
        "the quota of shells is a number",
        WINRS,
        "Winrs/MaxShellsPerUser, a number",
        Needs::Login,
        shells_per_user,
    ),
    LiveCheck::new(
        "quotas/idle-timeout",
        "the idle time of shells is a number",
        WINRS,
        "Winrs/IdleTimeout, a number",
        Needs::Login,
        idle_timeout,
    ),
    LiveCheck::new(
        "quotas/rights",
        "which rights it takes to read the quotas",
        section("MS-WSMV", "3.1.4.1.28", "Security"),
        "open question: whether this account may read the configuration",
        Needs::Login,
        rights,
    ),
];

/// The resource of the whole configuration.
const RESOURCE: &str = "http://schemas.microsoft.com/wbem/wsman/1/config";

fn get(facts: &Facts) -> Next {
    Envelope::new(facts, uri::GET.request, RESOURCE).ask().next()
}

/// The text at this path in the configuration.
fn text(seen: &Seen, path: &[&str]) -> Or<String> {
    let found = seen.body(|body| {
        let config = body.child(RESOURCE, "Config")?;
        let found = path.iter().try_fold(config, |at, local| at.child(RESOURCE, local));
        Some(found.map(|element| element.text().to_owned()))
    })?;
    match found {
        None => failed(format!("{} instead of a Config", seen.describe())),
        Some(None) => failed(format!("no {}", path.join("/"))),
        Some(Some(text)) => Or::Continue(text),
    }
}

fn is_number(seen: &Seen, path: &[&str], least: u64) -> Next {
    let text = text(seen, path)?;
    judged(text.parse::<u64>().is_ok_and(|number| number >= least), format!("{} {text}", path.join("/")))
}

fn config(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return get(facts) };
    let count = first.body(|body| {
        body.child(RESOURCE, "Config").map(|config| config.children().map(Element::local).count())
    })?;
    match count {
        Some(count) => passed(format!("a Config of {count} elements")),
        None => failed(format!("{} instead of a Config", first.describe())),
    }
}

fn envelope_size(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return get(facts) };
    is_number(first, &["MaxEnvelopeSizekb"], 32)
}

fn timeout(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return get(facts) };
    is_number(first, &["MaxTimeoutms"], 500)
}

fn shells_per_user(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return get(facts) };
    is_number(first, &["Winrs", "MaxShellsPerUser"], 0)
}

fn idle_timeout(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return get(facts) };
    is_number(first, &["Winrs", "IdleTimeout"], 0)
}

fn rights(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return get(facts) };
    match first.fault_if_any()? {
        None => reported("this account may read the configuration"),
        Some(fault) if fault.is_access_denied() => {
            reported(format!("this account may not read the configuration: fault {}", name(&fault)))
        }
        Some(fault) => reported(format!("fault {}", name(&fault))),
    }
}
