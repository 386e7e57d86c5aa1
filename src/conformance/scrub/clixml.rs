//! Serialized objects (MS-PSRP 2.2.5, Serialization): the structure and PowerShell's own properties stay.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::placeholders::{Placeholders, ReplacedKind};
use super::{values, vocabulary};
use crate::wsman::xml::{Element, Rewrite};

pub(super) struct Clixml<'p>(pub(super) &'p mut Placeholders);

impl Rewrite for Clixml<'_> {
    fn namespace<'v>(&mut self, namespace: &'v str) -> Cow<'v, str> {
        values::uri(namespace, self.0)
    }

    fn prefix<'v>(&mut self, prefix: &'v str) -> Cow<'v, str> {
        values::prefix(prefix, self.0)
    }

    fn name<'v>(&mut self, _namespace: &str, local: &'v str) -> Cow<'v, str> {
        match vocabulary::is_clixml(local) {
            true => Cow::Borrowed(local),
            false => self.0.of(ReplacedKind::Vocabulary, local).into(),
        }
    }

    fn attribute<'v>(&mut self, _: Element<'_>, _: &str, local: &str, value: &'v str) -> Cow<'v, str> {
        let is_kept = match local {
            "N" => vocabulary::is_property(value),
            "RefId" | "Version" => values::is_version(value),
            _ => value.is_empty(),
        };
        if is_kept { Cow::Borrowed(value) } else { self.0.of(ReplacedKind::Vocabulary, value).into() }
    }

    fn text<'v>(&mut self, element: Element<'_>, text: &'v str) -> Cow<'v, str> {
        let is_ours = is_known(element) || element.parent().is_some_and(is_known);
        let is_kept = match element.local() {
            "T" => vocabulary::is_type(text),
            "ToString" | "S" => vocabulary::are_members(text),
            "B" => matches!(text, "true" | "false"),
            "Version" => values::is_version(text),
            "By" | "SB" | "U16" | "I16" | "U32" | "I32" | "U64" | "I64" => is_ours && values::is_scalar(text),
            _ => false,
        };
        if is_kept {
            return Cow::Borrowed(text);
        }
        match element.local() {
            "B" => "false".into(),
            "C" | "By" | "SB" | "U16" | "I16" | "U32" | "I32" | "U64" | "I64" | "Sg" | "Db" | "D" => {
                "0".into()
            }
            "Version" => "0.0".into(),
            "DT" => "2000-01-01T00:00:00Z".into(),
            "TS" => "PT0S".into(),
            "G" => match uuid::Uuid::try_parse(text) {
                Ok(id) => self.0.guid(id).to_string().into(),
                Err(_) => uuid::Uuid::nil().to_string().into(),
            },
            "BA" => BASE64.encode(self.0.of(ReplacedKind::Stream, text)).into(),
            _ => self.0.of(ReplacedKind::Stream, text).into(),
        }
    }
}

/// Whether it is a property of PowerShell's own messages.
fn is_known(element: Element<'_>) -> bool {
    element.attribute("N").is_some_and(vocabulary::is_property)
}
