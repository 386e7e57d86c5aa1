//! Troubles of the language: faults, and envelopes that are not the answer.

use pssession::wsman::uri;

use super::fault::{Deed, Fault, Reach, Strike};

pub(super) const FAULTS: &[Fault] = &[
    envelope("truncated XML", |strike| strike.envelope.as_bytes()[..strike.envelope.len() / 2].to_vec()),
    envelope("malformed XML", |strike| strike.envelope.replace("</s:Header>", "</s:Footer>").into()),
    envelope("another message's RelatesTo", |strike| {
        strike.envelope.replace(strike.message_id, "uuid:00000000-0000-0000-0000-000000000000").into()
    }),
    envelope("no RelatesTo", |strike| {
        let relates_to = format!("<a:RelatesTo>{}</a:RelatesTo>", strike.message_id);
        strike.envelope.replace(&relates_to, "").into()
    }),
    envelope("the answer to another operation", other_operation),
    Fault::new("a fault with HTTP 200", Reach::Envelopes, Deed::Fault(5, 200)),
    Fault::new("fault 5, access denied", Reach::Envelopes, Deed::Fault(5, 500)),
    Fault::new("fault 5, access denied, but done", Reach::Acts, Deed::FaultAfter(5)),
    Fault::new("fault 2150859173, too many shells", Reach::Envelopes, Deed::Fault(2_150_859_173, 500)),
    Fault::new("fault 2150859174, too many operations", Reach::Envelopes, Deed::Fault(2_150_859_174, 500)),
    Fault::new(
        "fault 2150859174, too many operations, but done",
        Reach::Acts,
        Deed::FaultAfter(2_150_859_174),
    ),
    Fault::new("fault 2150858793, timed out, not done", Reach::Envelopes, Deed::Fault(2_150_858_793, 500)),
    Fault::new("fault 2150858793, timed out, but done", Reach::Envelopes, Deed::FaultAfter(2_150_858_793)),
    Fault::new("fault 2150858843, gone, of what is there", Reach::Envelopes, Deed::Fault(2_150_858_843, 500)),
    Fault::new(
        "another owner between plan and Delete",
        Reach::Delete,
        Deed::Meanwhile(|world| world.shells_mut()[0].owner = r"CONTOSO\mallory".to_owned()),
    ),
];

const fn envelope(name: &'static str, change: fn(&Strike<'_>) -> Vec<u8>) -> Fault {
    Fault::new(name, Reach::Envelopes, Deed::Envelope(change))
}

/// To a Release, which nobody asked for here.
fn other_operation(strike: &Strike<'_>) -> Vec<u8> {
    let (head, _) = strike.envelope.split_once("<s:Body>").unwrap();
    let (before, action) = head.split_once("<a:Action>").unwrap();
    let (_, after) = action.split_once("</a:Action>").unwrap();
    let action = uri::RELEASE.response;
    format!("{before}<a:Action>{action}</a:Action>{after}<s:Body></s:Body></s:Envelope>").into()
}
