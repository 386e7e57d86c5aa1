//! The last look at a request before it is sent: what acts on a shell names one that this run may act on, and nothing
//! else is ever changed.

use crate::wsman::uri;
use crate::wsman::xml::{Document, Element};

/// The actions that change nothing.
const READING: [&str; 4] =
    [uri::GET.request, uri::ENUMERATE.request, uri::PULL.request, uri::RELEASE.request];

/// What stands at the end of the actions that change something.
const CHANGING: [&str; 9] =
    ["/Create", "/Put", "/Delete", "/Signal", "/Send", "/Receive", "/Disconnect", "/Reconnect", "/Connect"];

/// Whether this request may be sent. `permitted` are the shells of this run and the one that cannot exist.
pub(super) fn permits(body: &[u8], permitted: &[String], may_create: bool) -> bool {
    let Ok(text) = std::str::from_utf8(body) else { return body.is_empty() };
    let Ok(document) = Document::parse(text) else {
        // Who reads it in spite of that must find nothing to do in it.
        return !CHANGING.iter().any(|end| text.contains(end)) && !text.contains("CommandLine");
    };
    let header = document.root().children().find(|child| child.local() == "Header");
    let field = |name: &str| {
        let fields = header.into_iter().flat_map(Element::children);
        fields.filter(|field| field.local() == name).map(Element::text).collect::<Vec<_>>()
    };
    let actions = field("Action");
    match actions.as_slice() {
        [] => true,
        [action] if READING.contains(action) => true,
        [action] if *action == uri::CREATE.request => {
            may_create
                && is_shell(&field("ResourceURI"))
                && proposed(document.root()).is_none_or(|id| is_one(id, permitted))
        }
        [action] if action.starts_with(uri::SHELL) || *action == uri::DELETE.request => {
            let sets =
                header.into_iter().flat_map(Element::children).filter(|one| one.local() == "SelectorSet");
            let selectors: Vec<_> = sets.flat_map(Element::children).collect();
            let names_one_of_ours = match selectors.as_slice() {
                [one] => {
                    one.attribute("Name").is_some_and(|name| name.eq_ignore_ascii_case("ShellId"))
                        && is_one(one.text(), permitted)
                }
                _ => false,
            };
            is_shell(&field("ResourceURI")) && names_one_of_ours
        }
        [action] => !action.starts_with(uri::TRANSFER) && !CHANGING.iter().any(|end| action.ends_with(end)),
        _ => false,
    }
}

fn is_one(id: &str, permitted: &[String]) -> bool {
    permitted.iter().any(|ours| ours.eq_ignore_ascii_case(id))
}

/// Whether the resource is that of a shell: no listener, no configuration.
fn is_shell(resource_uris: &[&str]) -> bool {
    matches!(resource_uris, [one] if *one == uri::SHELL_RESOURCE
        || *one == uri::CMD_RESOURCE
        || one.starts_with(uri::POWERSHELL_PREFIX))
}

/// The ShellId that a Create proposes.
fn proposed(envelope: Element<'_>) -> Option<&str> {
    let body = envelope.child(uri::SOAP, "Body")?;
    body.child(uri::SHELL, "Shell")?.attribute("ShellId").filter(|id| uuid::Uuid::try_parse(id).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "11111111-1111-4111-8111-111111111111";
    const THEIRS: &str = "22222222-2222-4222-8222-222222222222";

    fn envelope(action: &str, resource_uri: &str, selectors: &[(&str, &str)], body: &str) -> String {
        let selectors: String = selectors
            .iter()
            .map(|(name, value)| format!(r#"<w:Selector Name="{name}">{value}</w:Selector>"#))
            .collect();
        format!(
            r#"<s:Envelope xmlns:s="{}" xmlns:a="{}" xmlns:w="{}" xmlns:rsp="{}"><s:Header><a:Action>{action}</a:Action><w:ResourceURI>{resource_uri}</w:ResourceURI><w:SelectorSet>{selectors}</w:SelectorSet></s:Header><s:Body>{body}</s:Body></s:Envelope>"#,
            uri::SOAP,
            uri::ADDRESSING,
            uri::WSMAN,
            uri::SHELL
        )
    }

    fn may(text: &str) -> bool {
        permits(text.as_bytes(), &[OURS.to_owned()], true)
    }

    #[test]
    fn what_acts_on_a_shell_names_one_of_ours_and_nothing_beside_it() {
        let actions =
            [uri::DELETE, uri::SIGNAL, uri::SEND, uri::RECEIVE, uri::COMMAND, uri::DISCONNECT, uri::CONNECT];
        for action in actions.map(|action| action.request) {
            let of = |selectors: &[(&str, &str)]| envelope(action, uri::SHELL_RESOURCE, selectors, "");
            assert!(may(&of(&[("ShellId", OURS)])), "{action}");
            assert!(may(&of(&[("shellid", &OURS.to_lowercase())])), "{action}");
            assert!(!may(&of(&[("ShellId", THEIRS)])), "{action}");
            assert!(!may(&of(&[])), "{action}");
            assert!(!may(&of(&[("ShellId", OURS), ("ShellId", THEIRS)])), "{action}");
            assert!(!may(&of(&[("Name", OURS)])), "{action}");
        }
    }

    #[test]
    fn no_other_resource_is_ever_changed() {
        let listener = "http://schemas.microsoft.com/wbem/wsman/1/config/listener";
        assert!(!may(&envelope(uri::DELETE.request, listener, &[("ShellId", OURS)], "")));
        let put = format!("{}/Put", uri::TRANSFER);
        assert!(!may(&envelope(&put, uri::SHELL_RESOURCE, &[("ShellId", OURS)], "")));
        assert!(!may(&envelope(uri::CREATE.request, listener, &[], "")));
    }

    #[test]
    fn a_shell_is_created_only_where_that_is_allowed_and_under_an_id_of_ours() {
        let shell = |id: &str| format!(r#"<rsp:Shell ShellId="{id}"/>"#);
        let create = |body: &str| envelope(uri::CREATE.request, uri::CMD_RESOURCE, &[], body);
        assert!(
            may(&create("<rsp:Shell/>")) && may(&create(&shell(OURS))) && may(&create(&shell("no guid")))
        );
        assert!(!may(&create(&shell(THEIRS))));
        assert!(!permits(create("<rsp:Shell/>").as_bytes(), &[], false));
    }

    #[test]
    fn what_cannot_be_read_holds_nothing_to_do() {
        let delete = envelope(uri::DELETE.request, uri::SHELL_RESOURCE, &[("ShellId", OURS)], "");
        assert!(!may(&delete.replace("</s:Envelope>", "")));
        assert!(!may(&format!("<!DOCTYPE a>{delete}")));
        let get = envelope(uri::GET.request, uri::SHELL_RESOURCE, &[("ShellId", THEIRS)], "");
        assert!(may(&get) && may(&get.replace("</s:Envelope>", "")) && may(""));
    }
}
