//! Listings: Enumerate, Pull and Release.

use std::collections::BTreeSet;

use super::ask::Facts;
use super::check::{LiveCheck, Needs};
use super::envelope::{Envelope, OPTIMIZED, shell_filter, unknown_configuration};
use super::seen::{Seen, name};
use super::target::Target;
use super::verdict::{Next, Or, failed, judged, passed, reported, skipped};
use crate::conformance::section::{Section, section};
use crate::wsman::xml::Element;
use crate::wsman::{Fault, uri};

const ENUMERATE: Section = section("DSP0226", "8.2", "Enumerate");
const OPTIMIZATION: Section =
    section("DSP0226", "8.2.3", "Optimization for enumerations with small result sets");
const PULL: Section = section("DSP0226", "8.4", "Pull");
const RELEASE: Section = section("DSP0226", "8.5", "Release");
const REMOTE_SHELLS: Section = section("MS-WSMV", "3.1.4.8.2", "Remote Shells");

pub(super) const CHECKS: &[LiveCheck] = &[
    LiveCheck::new(
        "enumerate/optimized",
        "an optimised Enumerate is answered with items or the end",
        OPTIMIZATION,
        "EnumerateResponse with wsman:Items, wsman:EndOfSequence, or a context to pull",
        Needs::Login,
        optimized,
    ),
    LiveCheck::new(
        "enumerate/plain",
        "a plain Enumerate is answered with a context",
        ENUMERATE,
        "an EnumerationContext that is not empty",
        Needs::Login,
        plain,
    ),
    LiveCheck::new(
        "enumerate/items",
        "each item is a shell",
        section("MS-WSMV", "2.2.4.37", "Shell"),
        "each item is a Shell with a ShellId",
        Needs::Login,
        items,
    ),
    LiveCheck::new(
        "enumerate/pull",
        "a listing can be pulled to its end",
        PULL,
        "PullResponse with wsen:Items or wsen:EndOfSequence",
        Needs::Login,
        pull,
    ),
    LiveCheck::new(
        "enumerate/same-shells",
        "an optimised listing and a pulled one hold the same",
        OPTIMIZATION,
        "as many items in both",
        Needs::Login,
        same_shells,
    ),
    LiveCheck::new(
        "enumerate/max-elements",
        "a page is no larger than was asked",
        section("MS-WSMV", "3.1.4.1.14", "wsen:Pull/wsen:MaxElements"),
        "one item at most for MaxElements 1",
        Needs::Login,
        max_elements,
    ),
    LiveCheck::new(
        "enumerate/pull-after-end",
        "a context is unknown after the end of its listing",
        PULL,
        "fault InvalidEnumerationContext",
        Needs::Login,
        pull_after_end,
    ),
    LiveCheck::new(
        "enumerate/pull-unknown-context",
        "an unknown context is refused",
        PULL,
        "fault InvalidEnumerationContext",
        Needs::Login,
        pull_unknown_context,
    ),
    LiveCheck::new(
        "enumerate/release",
        "a listing can be released",
        RELEASE,
        "ReleaseResponse with an empty body",
        Needs::Login,
        release,
    ),
    LiveCheck::new(
        "enumerate/pull-after-release",
        "a context is unknown after Release",
        RELEASE,
        "fault InvalidEnumerationContext",
        Needs::Login,
        pull_after_release,
    ),
    LiveCheck::new(
        "enumerate/release-unknown-context",
        "Release of an unknown context is refused",
        RELEASE,
        "fault InvalidEnumerationContext",
        Needs::Login,
        release_unknown_context,
    ),
    LiveCheck::new(
        "enumerate/empty-body",
        "an Enumerate without its element is refused",
        section("DSP0226", "14.6", "Master faults"),
        "fault SchemaValidationError",
        Needs::Login,
        empty_body,
    ),
    LiveCheck::new(
        "enumerate/unknown-resource",
        "a resource that is not there is refused",
        section("DSP0226", "5.1.2.1", "ResourceURI"),
        "fault DestinationUnreachable",
        Needs::Login,
        unknown_resource,
    ),
    LiveCheck::new(
        "enumerate/filter",
        "a filter on the shells is refused",
        REMOTE_SHELLS,
        "fault FilteringNotSupported",
        Needs::Login,
        filter,
    ),
    LiveCheck::new(
        "enumerate/commands-filter",
        "a listing of commands without a filter is refused",
        REMOTE_SHELLS,
        "a fault of the sender",
        Needs::Login,
        commands_filter,
    ),
    LiveCheck::new(
        "enumerate/commands-of-no-shell",
        "commands of a shell that is not there are refused",
        REMOTE_SHELLS,
        "fault InvalidSelectors",
        Needs::Login,
        commands_of_no_shell,
    ),
    LiveCheck::new(
        "enumerate/foreign-shells",
        "whether this account is shown the shells of others",
        REMOTE_SHELLS,
        "open question: what an account that is no administrator is shown",
        Needs::Login,
        foreign_shells,
    ),
];

/// The most pages that a check pulls.
const MAX_PAGES: usize = 50;

/// A context that the server has not given.
fn unknown_context(facts: &Facts) -> String {
    format!("uuid:{}", facts.command_id.to_string().to_uppercase())
}

/// What one answer of a listing holds.
struct PageSeen {
    context: String,
    items: usize,
    ends: bool,
    has_items: bool,
}

/// Reads `local`, whose wrappers are in this namespace.
fn page(seen: &Seen, local: &str, wrappers: &str) -> Or<PageSeen> {
    let found = seen.body(|body| {
        let response = body.child(uri::ENUMERATION, local)?;
        let items = response.child(wrappers, "Items");
        Some(PageSeen {
            context: response
                .child(uri::ENUMERATION, "EnumerationContext")
                .map_or("", Element::text)
                .to_owned(),
            items: items.map_or(0, |items| items.children().count()),
            ends: response.child(wrappers, "EndOfSequence").is_some(),
            has_items: items.is_some(),
        })
    })?;
    match found {
        Some(page) => Or::Continue(page),
        None => failed(format!("{} instead of {local}", seen.describe())),
    }
}

fn first_page(seen: &Seen) -> Or<PageSeen> {
    page(seen, "EnumerateResponse", uri::WSMAN)
}

fn pulled_page(seen: &Seen) -> Or<PageSeen> {
    page(seen, "PullResponse", uri::ENUMERATION)
}

/// Reads each item of an optimised listing.
fn listed<T>(seen: &Seen, read: impl FnMut(Element<'_>) -> T) -> Or<Vec<T>> {
    let items = seen.body(|body| {
        let response = body.child(uri::ENUMERATION, "EnumerateResponse")?;
        let items = response.child(uri::WSMAN, "Items").into_iter().flat_map(Element::children);
        Some(items.map(read).collect())
    })?;
    match items {
        Some(items) => Or::Continue(items),
        None => failed(format!("{} instead of EnumerateResponse", seen.describe())),
    }
}

/// The texts of one field in the items of an optimised listing; empty where an item does not have it.
pub(super) fn listed_texts(seen: &Seen, field: &str) -> Or<Vec<String>> {
    listed(seen, |item| item.child_named(field).map_or("", Element::text).to_owned())
}

fn optimized(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::enumerate(facts, OPTIMIZED).ask().next() };
    let page = first_page(first)?;
    judged(
        page.ends || !page.context.is_empty(),
        format!("{} items, {}", page.items, if page.ends { "the end" } else { "not the end" }),
    )
}

fn plain(facts: &Facts, seen: &[Seen]) -> Next {
    match seen {
        [] => Envelope::enumerate(facts, "").ask().next(),
        [first] => match first_page(first)? {
            page if page.context.is_empty() => failed("no EnumerationContext"),
            page => Envelope::release(facts, &page.context).ask().next(),
        },
        [..] => passed("an EnumerationContext"),
    }
}

fn items(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::enumerate(facts, OPTIMIZED).ask().next() };
    let items = listed(first, |item| {
        item.local() == "Shell" && item.child_named("ShellId").is_some_and(|id| !id.text().is_empty())
    })?;
    let shells = items.iter().filter(|is_shell| **is_shell).count();
    match items.len() {
        0 => skipped("no shell is there to be listed"),
        items => judged(items == shells, format!("{shells} of {items} items are shells with a ShellId")),
    }
}

/// Begins a listing and pulls it to its end; then `finish` goes on, with the context that was pulled last.
fn pull_to_end(facts: &Facts, seen: &[Seen], finish: impl FnOnce(&str, usize, &[Seen]) -> Next) -> Next {
    let [first, pulled @ ..] = seen else { return Envelope::enumerate(facts, "").ask().next() };
    let page = first_page(first)?;
    if page.context.is_empty() {
        return failed("no EnumerationContext");
    }
    let (mut context, mut items) = (page.context, 0);
    for (position, seen) in pulled.iter().enumerate() {
        let page = pulled_page(seen)?;
        items += page.items;
        if page.ends {
            return finish(&context, items, pulled.get(position + 1..).unwrap_or_default());
        }
        if !page.has_items && page.context.is_empty() {
            return failed("a PullResponse without wsen:Items, wsen:EndOfSequence and EnumerationContext");
        }
        if !page.context.is_empty() {
            context = page.context;
        }
    }
    if pulled.len() >= MAX_PAGES {
        return failed(format!("no end after {MAX_PAGES} pages"));
    }
    Envelope::pull(facts, &context, ALL).ask().next()
}

/// As many items as a page may have.
const ALL: &str = "32000";

fn pull(facts: &Facts, seen: &[Seen]) -> Next {
    pull_to_end(facts, seen, |_, items, _| passed(format!("{items} items, and the end")))
}

fn same_shells(facts: &Facts, seen: &[Seen]) -> Next {
    pull_to_end(facts, seen, |_, pulled, after| {
        let [optimized, ..] = after else { return Envelope::enumerate(facts, OPTIMIZED).ask().next() };
        let page = first_page(optimized)?;
        if !page.ends {
            return skipped("the listing has more than one page");
        }
        judged(page.items == pulled, format!("{} items at once, {pulled} pulled", page.items))
    })
}

fn max_elements(facts: &Facts, seen: &[Seen]) -> Next {
    match seen {
        [] => {
            let one = "<w:OptimizeEnumeration/><w:MaxElements>1</w:MaxElements>";
            Envelope::enumerate(facts, one).ask().next()
        }
        [first] => match first_page(first)? {
            page if page.items > 1 => failed(format!("{} items", page.items)),
            page if page.ends => match page.items {
                0 => skipped("no shell is there to be listed"),
                _ => passed("1 item, and the end"),
            },
            page => Envelope::pull(facts, &page.context, "1").ask().next(),
        },
        [first, second] => {
            let (begun, page) = (first_page(first)?, pulled_page(second)?);
            if page.ends {
                return judged(page.items <= 1, format!("{} items in a Pull", page.items));
            }
            let context = if page.context.is_empty() { begun.context } else { page.context };
            Envelope::release(facts, &context).ask().next()
        }
        [_, second, ..] => {
            let page = pulled_page(second)?;
            judged(page.items <= 1, format!("{} items in a Pull", page.items))
        }
    }
}

fn pull_after_end(facts: &Facts, seen: &[Seen]) -> Next {
    pull_to_end(facts, seen, |context, _, after| match after {
        [] => Envelope::pull(facts, context, ALL).ask().next(),
        [again, ..] => again.is_fault_of(&["InvalidEnumerationContext"]),
    })
}

fn pull_unknown_context(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        return Envelope::pull(facts, &unknown_context(facts), ALL).ask().next();
    };
    first.is_fault_of(&["InvalidEnumerationContext"])
}

/// Begins a listing and releases it.
fn released(facts: &Facts, seen: &[Seen], finish: impl FnOnce(&str, &Seen, &[Seen]) -> Next) -> Next {
    let [first, rest @ ..] = seen else { return Envelope::enumerate(facts, "").ask().next() };
    let context = first_page(first)?.context;
    match rest {
        [] => Envelope::release(facts, &context).ask().next(),
        [released, after @ ..] => finish(&context, released, after),
    }
}

fn release(facts: &Facts, seen: &[Seen]) -> Next {
    released(facts, seen, |_, released, _| {
        let is_empty = released.body(|body| body.children().next().is_none())?;
        judged(is_empty, if is_empty { "an empty body" } else { "a body that is not empty" })
    })
}

fn pull_after_release(facts: &Facts, seen: &[Seen]) -> Next {
    released(facts, seen, |context, _, after| match after {
        [] => Envelope::pull(facts, context, ALL).ask().next(),
        [again, ..] => again.is_fault_of(&["InvalidEnumerationContext"]),
    })
}

fn release_unknown_context(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::release(facts, &unknown_context(facts)).ask().next() };
    first.is_fault_of(&["InvalidEnumerationContext"])
}

fn empty_body(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::enumerate(facts, "").body("").ask().next() };
    first.is_fault_of(&["SchemaValidationError"])
}

fn unknown_resource(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        return Envelope::enumerate_of(facts, &unknown_configuration(), OPTIMIZED).ask().next();
    };
    first.is_fault_of(&["DestinationUnreachable"])
}

fn filter(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let filter = [OPTIMIZED, &shell_filter(Target::absent(facts).shell_id())].concat();
        return Envelope::enumerate_of(facts, uri::CMD_RESOURCE, &filter).ask().next();
    };
    first.is_fault_of(&["FilteringNotSupported"])
}

fn commands_filter(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        return Envelope::enumerate_of(facts, uri::COMMAND_RESOURCE, OPTIMIZED).ask().next();
    };
    let fault = first.fault()?;
    let subcode = fault.subcode.as_deref().unwrap_or_default();
    judged(fault.sender == "Sender" && subcode != "DestinationUnreachable", first.describe())
}

fn commands_of_no_shell(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let filter = [OPTIMIZED, &shell_filter(Target::absent(facts).shell_id())].concat();
        return Envelope::enumerate_of(facts, uri::COMMAND_RESOURCE, &filter).ask().next();
    };
    first.is_fault_of(&["InvalidSelectors"])
}

fn foreign_shells(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::enumerate(facts, OPTIMIZED).ask().next() };
    if let Some(fault) = first.fault_if_any()?.filter(Fault::is_access_denied) {
        return reported(format!("this account may list nothing: fault {}", name(&fault)));
    }
    let owners = listed_texts(first, "Owner")?;
    let different: BTreeSet<String> = owners.iter().map(|owner| owner.to_lowercase()).collect();
    reported(format!("{} shells of {} owners", owners.len(), different.len()))
}
