//! One page of an enumeration, as Enumerate and Pull both answer it.

use crate::wsman::ids::{EnumerationContext, MessageId};
use crate::wsman::shell::{Command, Shell};
use crate::wsman::uri;
use crate::wsman::xml::{Element, Malformed};
use crate::wsman::{Interner, plain_page};

/// What one answer of an enumeration holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The items, in the server's order.
    pub items: Vec<T>,
    /// What stood among the items or beside them and could not be read, where another item may be meant. The listing is
    /// then not complete, but the other items are as good as ever.
    pub undecodable: Vec<Malformed>,
    /// Where to pull the next page; `None` when the server said that this was the last one.
    pub next: Option<EnumerationContext>,
}

/// What an enumeration of shells or commands lists.
pub trait Item: Sized {
    /// The local name of an item's element.
    const ELEMENT: &'static str;

    /// Whether an element is such an item.
    fn is(element: Element<'_>) -> bool {
        element.is(uri::SHELL, Self::ELEMENT)
    }

    /// Reads one item of many, which share their `texts`.
    ///
    /// # Errors
    /// [`Malformed`] when the item lacks what identifies it.
    fn read(element: Element<'_>, texts: &mut Interner) -> Result<Self, Malformed>;

    /// Reads a whole answer, with this action and response, in the usual spelling; `None` where that is not sure.
    fn read_plain_page(
        _answer: &[u8],
        _action: &str,
        _message_id: MessageId,
        _local: &str,
    ) -> Option<Page<Self>> {
        None
    }
}

impl Item for Shell {
    const ELEMENT: &'static str = "Shell";

    fn is(element: Element<'_>) -> bool {
        Self::is_element(element)
    }

    fn read(element: Element<'_>, texts: &mut Interner) -> Result<Self, Malformed> {
        Shell::read_with(element, texts)
    }

    fn read_plain_page(
        answer: &[u8],
        action: &str,
        message_id: MessageId,
        local: &str,
    ) -> Option<Page<Self>> {
        plain_page::read(answer, action, message_id, local)
    }
}

impl Item for Command {
    const ELEMENT: &'static str = "Command";

    fn read(element: Element<'_>, _: &mut Interner) -> Result<Self, Malformed> {
        Command::read(element)
    }
}

impl<T: Item> Page<T> {
    /// Reads the `n:EnumerateResponse` or `n:PullResponse` (its local name is `local`) of an answer. Windows writes the
    /// wrappers of the first in the WS-Management namespace and those of the second in WS-Enumeration's; both are taken in
    /// both. What is neither theirs nor white space is undecodable.
    ///
    /// # Errors
    /// [`Malformed`] when the page neither ends the sequence nor says where it goes on.
    pub(super) fn read(body: Element<'_>, local: &str) -> Result<Self, Malformed> {
        let response = body.require(uri::ENUMERATION, local)?;
        let mut page = Self { items: Vec::new(), undecodable: Vec::new(), next: None };
        page.expect_no_text(body);
        page.expect_no_text(response);
        let others = body.children().filter(|child| !child.is(uri::ENUMERATION, local));
        let repeated = body.children().filter(|child| child.is(uri::ENUMERATION, local)).skip(1);
        page.undecodable
            .extend(others.chain(repeated).map(|child| child.malformed("content beside the response")));
        let mut ended = false;
        for child in response.children() {
            match (child.namespace(), child.local()) {
                (uri::WSMAN | uri::ENUMERATION, "Items") => page.read_items(child),
                (uri::WSMAN | uri::ENUMERATION, "EndOfSequence") => {
                    ended = true;
                    page.expect_empty(child);
                }
                (uri::ENUMERATION, "EnumerationContext") => {
                    page.expect_no_children(child);
                    if !child.text().is_empty() {
                        page.next = Some(EnumerationContext::from_server(child.text()));
                    }
                }
                // How long the enumeration lives: WS-Enumeration 3.1.
                (uri::ENUMERATION, "Expires") => page.expect_no_children(child),
                _ => page.undecodable.push(child.malformed("an element that no page has")),
            }
        }
        if ended {
            page.next = None;
        } else if page.next.is_none() {
            return Err(response.malformed("neither EndOfSequence nor an enumeration context"));
        }
        Ok(page)
    }

    fn expect_no_text(&mut self, element: Element<'_>) {
        if !element.text().is_empty() {
            self.undecodable.push(element.malformed("text where only elements are"));
        }
    }

    fn expect_no_children(&mut self, element: Element<'_>) {
        self.undecodable
            .extend(element.children().map(|child| child.malformed("an element where only text is")));
    }

    fn expect_empty(&mut self, element: Element<'_>) {
        self.expect_no_text(element);
        self.expect_no_children(element);
    }

    fn read_items(&mut self, items: Element<'_>) {
        self.expect_no_text(items);
        let mut texts = Interner::default();
        for element in items.children() {
            let item = if T::is(element) {
                T::read(element, &mut texts)
            } else {
                Err(element.malformed(format!("an item that is not a {}", T::ELEMENT)))
            };
            match item {
                Ok(item) => self.items.push(item),
                Err(problem) => self.undecodable.push(problem),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wsman::xml::Document;

    fn page(children: &str) -> Result<Page<Command>, Malformed> {
        body(&format!("<n:PullResponse>{children}</n:PullResponse>"))
    }

    fn body(children: &str) -> Result<Page<Command>, Malformed> {
        let text = format!(
            r#"<Body xmlns:n="{}" xmlns:w="{}" xmlns:r="{}" xmlns:other="urn:other">{children}</Body>"#,
            uri::ENUMERATION,
            uri::WSMAN,
            uri::SHELL,
        );
        Page::read(Document::parse(&text).unwrap().root(), "PullResponse")
    }

    const ITEM: &str = "<r:Command><r:CommandId>C</r:CommandId></r:Command>";

    #[test]
    fn wrappers_of_both_namespaces_are_taken() {
        for (items, end) in [("n", "n"), ("w", "w"), ("n", "w"), ("w", "n")] {
            let page = page(&format!("<{items}:Items>{ITEM}</{items}:Items><{end}:EndOfSequence/>")).unwrap();
            assert_eq!((page.items.len(), page.next), (1, None));
        }
    }

    #[test]
    fn no_items_at_all_is_an_empty_page() {
        let page = page("<n:EnumerationContext/><w:EndOfSequence/>").unwrap();
        assert_eq!(page, Page { items: vec![], undecodable: vec![], next: None });
    }

    #[test]
    fn a_context_says_where_to_go_on_unless_the_sequence_has_ended() {
        let context = "<n:EnumerationContext> uuid:1 </n:EnumerationContext>";
        let next = page(context).unwrap().next;
        assert_eq!(next, Some(EnumerationContext::from_server("uuid:1")));
        assert_eq!(page(&format!("{context}<n:EndOfSequence/>")).unwrap().next, None);
    }

    #[test]
    fn a_page_that_neither_ends_nor_goes_on_is_malformed() {
        for children in ["", "<n:EnumerationContext> </n:EnumerationContext>", "<w:Items/>"] {
            let error = page(children).unwrap_err();
            assert_eq!(error.path, "/Body/PullResponse", "{children}");
        }
    }

    #[test]
    fn shells_of_the_cim_schema_are_items_of_a_listing() {
        let text = format!(
            r#"<Body xmlns:n="{}" xmlns:p="{}"><n:PullResponse><n:Items><p:Shell><p:ShellId>A</p:ShellId></p:Shell></n:Items>
            <n:EndOfSequence/></n:PullResponse></Body>"#,
            uri::ENUMERATION,
            uri::CIM_SHELL,
        );
        let page = Page::<Shell>::read(Document::parse(&text).unwrap().root(), "PullResponse").unwrap();
        assert_eq!((page.items.len(), page.undecodable.len()), (1, 0));
    }

    #[test]
    fn an_item_that_stands_where_none_is_read_keeps_the_page_from_being_complete() {
        let end = "<n:EndOfSequence/>";
        let page_of = |content: &str| format!("<n:PullResponse>{content}</n:PullResponse>");
        for children in [
            page_of(&format!("<other:Items>{ITEM}</other:Items>{end}")),
            page_of(&format!("<Items xmlns=''>{ITEM}</Items>{end}")),
            page_of(&format!("{ITEM}{end}")),
            page_of(&format!("<w:Items>&lt;r:Command/></w:Items>{end}")),
            page_of(&format!("C {end}")),
            page_of(&format!("<w:EndOfSequence>{ITEM}</w:EndOfSequence>")),
            page_of("<w:EndOfSequence>C</w:EndOfSequence>"),
            page_of(&format!("<n:EnumerationContext>a{ITEM}</n:EnumerationContext>{end}")),
            page_of(&format!("<n:Expires>PT1H{ITEM}</n:Expires>{end}")),
            page_of(end) + &page_of(&format!("<w:Items>{ITEM}</w:Items>{end}")),
            page_of(end) + ITEM,
            page_of(end) + "C",
        ] {
            let page = body(&children).unwrap();
            assert_eq!((page.items.len(), page.undecodable.len()), (0, 1), "{children}");
        }
        let usual = page_of(&format!("<n:Expires>PT1H</n:Expires> <w:Items> {ITEM} </w:Items> {end} "));
        let page = body(&usual).unwrap();
        assert_eq!((page.items.len(), page.undecodable.len()), (1, 0));
    }

    #[test]
    fn an_undecodable_item_does_not_hide_the_others() {
        let items = format!("<w:Items>{ITEM}<r:Command/><r:Shell/>{ITEM}</w:Items><w:EndOfSequence/>");
        let page = page(&items).unwrap();
        assert_eq!(page.items.len(), 2);
        let problems: Vec<_> = page.undecodable.iter().map(|problem| problem.problem.as_str()).collect();
        assert_eq!(problems, ["missing element CommandId", "an item that is not a Command"]);
    }
}
