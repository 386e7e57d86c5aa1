//! What a server echoes of a login is masked, before anybody reads it.

mod search;

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use memchr::memchr;
use secrecy::{ExposeSecret as _, SecretString};
use url::form_urlencoded;
use zeroize::{Zeroize as _, Zeroizing};

use self::search::{Kind, Secret, find, holds, rarest};
use super::Endpoint;
use crate::auth::Credential;
use crate::wsman::op::OPERATIONS;
use crate::wsman::xml::{Document, Element, escape_into};

/// What one endpoint's server has been shown of a login, so that it is found in what comes back: the password, as it is and
/// as XML, a URL and Base64 spell it, the Base64 of `user:password`, and each token of `Authorization` that was sent.
///
/// A secret of at least [`search::ANYWHERE`] characters is masked wherever it stands, a shorter one only as a word of its own, and
/// one below [`SHORTEST`] not at all: so short a text is found by chance, and masking it would spoil ordinary texts and show
/// where they have it. Nor is a password that stands in the user's name or in the endpoint's URL, in any case: we show these
/// ourselves, and an owner must stay comparable with the login.
#[derive(Default)]
pub(super) struct Redactor {
    secrets: Vec<Secret>,
    /// How the tokens that were sent begin.
    tokens: Mutex<Vec<Zeroizing<String>>>,
}

impl Redactor {
    /// For logins with this credential.
    pub(super) fn new(credential: &Credential, endpoint: &Endpoint) -> Self {
        let mut redactor = Self::default();
        let password = credential.password().expose_secret();
        if password.is_empty() {
            return redactor;
        }
        let shown = [credential.user(), endpoint.url(), endpoint.computer_name()].map(str::to_lowercase);
        let lower = Zeroizing::new(password.to_lowercase());
        if !shown.iter().any(|text| text.contains(lower.as_str())) {
            // With room for the longest, so that none grows and leaves a copy behind that nobody wipes.
            let mut escaped = String::with_capacity(LONGEST_ESCAPE * password.len());
            escape_into(&mut escaped, password);
            let mut in_url = String::with_capacity(LONGEST_ESCAPE * password.len());
            form_urlencoded::byte_serialize(password.as_bytes()).for_each(|part| in_url.push_str(part));
            redactor.add(password.to_owned(), Kind::Plain);
            redactor.add(escaped, Kind::Plain);
            redactor.add(in_url, Kind::Plain);
        }
        redactor.add(STANDARD_NO_PAD.encode(password), Kind::Base64);
        let mut units = Zeroizing::new(Vec::with_capacity(2 * password.len()));
        password.encode_utf16().for_each(|unit| units.extend_from_slice(&unit.to_le_bytes()));
        redactor.add(STANDARD_NO_PAD.encode(&*units), Kind::Base64);
        for user in [credential.user(), &credential.names().user] {
            let mut pair = Zeroizing::new(String::with_capacity(user.len() + 1 + password.len()));
            [user, ":", password].into_iter().for_each(|part| pair.push_str(part));
            redactor.add(STANDARD_NO_PAD.encode(&*pair), Kind::Base64);
        }
        redactor
    }

    fn add(&mut self, text: String, kind: Kind) {
        let text = Zeroizing::new(text);
        let is_known = self.secrets.iter().any(|secret| *secret.text == *text);
        if text.chars().count() >= SHORTEST && !is_known {
            let rarest = rarest(&text);
            self.secrets.push(Secret { text, kind, rarest });
        }
    }

    /// Remembers what is sent as `Authorization`.
    pub(super) fn sent(&self, authorization: &SecretString) {
        let Some((_, token)) = authorization.expose_secret().split_once(' ') else { return };
        let token = token.trim_end_matches('=');
        let beginning = token.get(..TOKEN_BEGINNING).unwrap_or(token);
        let mut tokens = self.tokens();
        if beginning.len() >= SHORTEST && !tokens.iter().any(|known| known.as_str() == beginning) {
            if tokens.len() == MAX_TOKENS {
                tokens.remove(0);
            }
            tokens.push(Zeroizing::new(beginning.to_owned()));
        }
    }

    fn tokens(&self) -> MutexGuard<'_, Vec<Zeroizing<String>>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The text with each secret masked.
    pub(super) fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !self.is_in(text) {
            return Cow::Borrowed(text);
        }
        let mut spans: Vec<Range<usize>> = Vec::new();
        for secret in &self.secrets {
            find(text, &secret.text, secret.kind, &mut spans);
        }
        for token in self.tokens().iter() {
            find(text, token, Kind::Base64, &mut spans);
        }
        if spans.is_empty() {
            return Cow::Borrowed(text);
        }
        spans.sort_by_key(|span| span.start);
        let mut masked = String::with_capacity(text.len());
        let mut at = 0;
        for span in spans {
            if span.start >= at {
                masked.push_str(text.get(at..span.start).unwrap_or_default());
                masked.push_str(MASK);
            }
            at = at.max(span.end);
        }
        masked.push_str(text.get(at..).unwrap_or_default());
        Cow::Owned(masked)
    }

    /// Masks what is not read as XML, such as a web page.
    pub(super) fn page(&self, body: &mut Vec<u8>) {
        let text = String::from_utf8_lossy(body);
        if let Cow::Owned(masked) = self.text(&text) {
            drop(text);
            replace(body, masked);
        }
    }

    /// Masks the texts of an envelope that answers `request`. What the protocol gives back stays byte for byte, such as a
    /// ShellId and an enumeration's context, and so do numbers. An envelope in which nothing is found is not touched.
    pub(super) fn envelope(&self, body: &mut Vec<u8>, request: &str) {
        let Ok(text) = std::str::from_utf8(body) else { return };
        if !self.may_be_in(text) {
            return;
        }
        let masked = match Document::parse(text) {
            Ok(document) => {
                let mut writer = Writer::new(self, request, document.root());
                writer.element(document.root(), true);
                writer.changed.then_some(writer.out)
            }
            // What is no XML is quoted in an error.
            Err(_) => match self.text(text) {
                Cow::Owned(masked) => Some(masked),
                Cow::Borrowed(_) => None,
            },
        };
        if let Some(masked) = masked {
            replace(body, masked);
        }
    }

    /// Whether some secret may be in this XML: it is there as it stands, or something is spelt in another way.
    fn may_be_in(&self, text: &str) -> bool {
        memchr(b'&', text.as_bytes()).is_some() || holds(text, "<!", 1) || self.is_in(text)
    }

    /// Whether some secret stands in this text, as part of whatever.
    fn is_in(&self, text: &str) -> bool {
        self.secrets.iter().any(|secret| holds(text, &secret.text, secret.rarest))
            || self.tokens().iter().any(|token| holds(text, token, rarest(token)))
    }
}

fn replace(body: &mut Vec<u8>, masked: String) {
    body.zeroize();
    *body = masked.into_bytes();
}

/// Writes a document anew, as its reader understands it.
struct Writer<'a> {
    redactor: &'a Redactor,
    request: &'a str,
    /// In the order in which they are met.
    namespaces: Vec<&'a str>,
    numbers: HashMap<&'a str, usize>,
    out: String,
    changed: bool,
}

impl<'a> Writer<'a> {
    fn new(redactor: &'a Redactor, request: &'a str, root: Element<'a>) -> Self {
        let (namespaces, numbers) = (Vec::new(), HashMap::new());
        let mut writer = Self { redactor, request, namespaces, numbers, out: String::new(), changed: false };
        writer.meet(root);
        writer
    }

    /// Notes the namespaces that are in use.
    fn meet(&mut self, element: Element<'a>) {
        let of_attributes = element.attributes().map(|(namespace, ..)| namespace);
        for namespace in std::iter::once(element.namespace()).chain(of_attributes) {
            if !["", XML].contains(&namespace) && !self.numbers.contains_key(namespace) {
                self.numbers.insert(namespace, self.namespaces.len());
                self.namespaces.push(namespace);
            }
        }
        element.children().for_each(|child| self.meet(child));
    }

    fn element(&mut self, element: Element<'a>, is_root: bool) {
        self.out.push('<');
        self.name(element.namespace(), element.local());
        if is_root {
            for number in 0..self.namespaces.len() {
                self.out.push_str(&format!(" xmlns:n{number}=\""));
                escape_into(&mut self.out, self.namespaces.get(number).copied().unwrap_or_default());
                self.out.push('"');
            }
        }
        for (namespace, local, value) in element.attributes() {
            self.out.push(' ');
            self.name(namespace, local);
            self.out.push_str("=\"");
            self.value(value, KEPT_ATTRIBUTES.contains(&local));
            self.out.push('"');
        }
        self.out.push('>');
        self.value(element.text(), is_kept(element, self.request));
        element.children().for_each(|child| self.element(child, false));
        self.out.push_str("</");
        self.name(element.namespace(), element.local());
        self.out.push('>');
    }

    fn name(&mut self, namespace: &str, local: &str) {
        if namespace == XML {
            self.out.push_str("xml:");
        } else if let Some(number) = self.numbers.get(namespace) {
            self.out.push_str(&format!("n{number}:"));
        }
        self.out.push_str(local);
    }

    fn value(&mut self, text: &str, is_kept: bool) {
        let text = if is_kept { Cow::Borrowed(text) } else { self.redactor.text(text) };
        self.changed |= matches!(text, Cow::Owned(_));
        escape_into(&mut self.out, &text);
    }
}

/// Whether the text of an element belongs to the protocol: what goes back to the server, what must be what we sent, what
/// must be a word of the protocol's, and numbers.
fn is_kept(element: Element<'_>, request: &str) -> bool {
    match element.local() {
        "RelatesTo" => request.contains(element.text()),
        "Action" => {
            OPERATIONS.iter().any(|row| row.action.is_some_and(|action| action.response == element.text()))
        }
        local => KEPT_ELEMENTS.contains(&local),
    }
}

/// What is sent back as it came, and numbers.
const KEPT_ELEMENTS: &[&str] = &[
    "ShellId",
    "CommandId",
    "ResourceUri",
    "EnumerationContext",
    "MessageID",
    "ProcessId",
    "IdleTimeOut",
    "MaxIdleTimeOut",
    "ShellRunTime",
    "ShellInactivity",
    "error_Code",
];

/// The code of a WSManFault, and `xsi:nil`.
const KEPT_ATTRIBUTES: &[&str] = &["Code", "nil"];

const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// What stands for a secret; it does not tell its length.
const MASK: &str = "***";

/// The shortest text that is masked, in characters.
const SHORTEST: usize = 4;

/// The most bytes that a byte becomes in XML (`&quot;`); in a URL it is three.
const LONGEST_ESCAPE: usize = 6;

/// How much of a token is remembered, in characters: the head of an NTLM message and its first lengths.
const TOKEN_BEGINNING: usize = 32;

/// The most beginnings of tokens that are remembered. Those of one credential are nearly always the same.
const MAX_TOKENS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wsman::xml::MAX_BYTES;

    fn redactor(user: &str, password: &str) -> Redactor {
        let endpoint = Endpoint::parse("web01", false).unwrap();
        Redactor::new(&Credential::new(user, password.into()), &endpoint)
    }

    fn masked(user: &str, password: &str, text: &str) -> String {
        redactor(user, password).text(text).into_owned()
    }

    #[test]
    fn each_form_of_a_password_is_masked() {
        let password = "p&ss <w0rd>";
        for (text, shown) in [
            ("it was p&ss <w0rd>, no?", "it was ***, no?"),
            ("it was p&amp;ss &lt;w0rd&gt;", "it was ***"),
            ("/?pw=p%26ss+%3Cw0rd%3E&x", "/?pw=***&x"),
            ("xp&ss <w0rd>y and p&ss <w0rd>", "x***y and ***"),
            ("Basic TEFCXGFubjpwJnNzIDx3MHJkPg==.", "Basic ***."),
            ("password cCZzcyA8dzByZD4=", "password ***"),
            ("cAAmAHMAcwAgADwAdwAwAHIAZAA+AA==", "***"),
            ("p&ss", "p&ss"),
        ] {
            assert_eq!(masked(r"LAB\ann", password, text), shown);
        }
        assert_eq!(masked("ann", "secret-word", "Basic YW5uOnNlY3JldC13b3Jk"), "Basic ***");
    }

    #[test]
    fn a_short_password_is_masked_as_a_word_and_a_very_short_one_not_at_all() {
        for (password, text, shown) in [
            ("deny", "access denied: deny, (deny) deny", "access denied: ***, (***) ***"),
            ("deny", "xdeny denyx", "xdeny denyx"),
            ("den", "den den", "den den"),
            ("", "nothing", "nothing"),
            ("7chars!", "a7chars! 7chars!", "a7chars! ***"),
            ("geheim", "Z2VoZWlt", "***"),
        ] {
            assert_eq!(masked("ann", password, text), shown, "{password}");
        }
    }

    #[test]
    fn a_password_that_is_shown_anyway_is_not_masked() {
        assert_eq!(
            masked(r"CORP\Administrator", "administrator", r"CORP\administrator"),
            r"CORP\administrator"
        );
        assert_eq!(masked("ann", "WEB01", "on WEB01"), "on WEB01");
        // Its other forms are.
        assert_eq!(masked("administrator", "administrator", "YWRtaW5pc3RyYXRvcg=="), "***");
    }

    #[test]
    fn each_token_that_was_sent_is_masked_to_its_end_also_where_the_echo_is_cut() {
        let redactor = Redactor::default();
        let token = format!("TlRMTVNTUAADAAAAGAAYAH{}==", "4AAABmAGYA".repeat(20));
        redactor.sent(&format!("Negotiate {token}").into());
        redactor.sent(&"Negotiate".into());
        for text in [format!("Negotiate {token}"), format!("Negotiate {token:.40}")] {
            assert_eq!(redactor.text(&text), "Negotiate ***");
        }
        for number in 0..1_000 {
            redactor.sent(&format!("Negotiate {number:032}").into());
        }
        assert_eq!(redactor.tokens().len(), MAX_TOKENS);
        assert_eq!(redactor.text("TlRMTVNTUAAC"), "TlRMTVNTUAAC");
    }

    fn envelope(content: &str) -> String {
        format!("<s:Envelope xmlns:s='urn:s' xmlns='urn:d'>{content}</s:Envelope>")
    }

    /// The envelope, masked, read again.
    fn texts(content: &str, request: &str) -> Vec<(String, String)> {
        let mut body = envelope(content).into_bytes();
        redactor("ann", "hunter2-hunter2").envelope(&mut body, request);
        let text = String::from_utf8(body).unwrap();
        let document = Document::parse(&text).unwrap();
        let mut found = Vec::new();
        fn walk(element: Element<'_>, found: &mut Vec<(String, String)>) {
            let name = format!("{{{}}}{}", element.namespace(), element.local());
            found.push((name, element.text().to_owned()));
            found.extend(
                element
                    .attributes()
                    .map(|(space, local, value)| (format!("@{{{space}}}{local}"), value.to_owned())),
            );
            element.children().for_each(|child| walk(child, found));
        }
        walk(document.root(), &mut found);
        found
    }

    #[test]
    fn texts_and_attributes_are_masked_and_all_else_is_read_as_before() {
        let secret = "hunter2-hunter2";
        let content = format!(
            "<s:Text xml:lang='en-US' b:x='{secret}' xmlns:b='urn:b'>it was <i>not</i> hunter&#50;<![CDATA[-hunter2]]>, \
             &lt;sorry&gt;</s:Text><f Code='5' Machine='a{secret}' xmlns=''/><Name> {secret} </Name><State/>"
        );
        let name = |space: &str, local: &str| format!("{{{space}}}{local}");
        let expected = [
            (name("urn:s", "Envelope"), ""),
            (name("urn:s", "Text"), "it was  ***, <sorry>"),
            (format!("@{}", name(XML, "lang")), "en-US"),
            (format!("@{}", name("urn:b", "x")), "***"),
            (name("urn:d", "i"), "not"),
            (name("", "f"), ""),
            (format!("@{}", name("", "Code")), "5"),
            (format!("@{}", name("", "Machine")), "a***"),
            (name("urn:d", "Name"), "***"),
            (name("urn:d", "State"), ""),
        ];
        let expected = expected.map(|(name, text)| (name, text.to_owned()));
        assert_eq!(texts(&content, ""), expected);
    }

    #[test]
    fn what_the_protocol_gives_back_stays() {
        let secret = "hunter2-hunter2";
        for local in KEPT_ELEMENTS {
            let content = format!("<{local}>{secret}</{local}><Name>{secret}</Name>");
            let texts = texts(&content, "");
            assert_eq!((texts[1].1.as_str(), texts[2].1.as_str()), (secret, "***"), "{local}");
        }
        let related = format!("<RelatesTo>{secret}</RelatesTo><Action>{secret}</Action>");
        assert_eq!(
            texts(&related, "")[1..].iter().map(|text| text.1.as_str()).collect::<Vec<_>>(),
            ["***", "***"]
        );
        let request = format!("<a:MessageID>{secret}</a:MessageID>");
        assert_eq!(texts(&related, &request)[1].1, secret);
        let mut action =
            envelope("<Action>http://schemas.xmlsoap.org/ws/2004/09/transfer/GetResponse</Action>&#32;");
        let before = action.clone();
        let mut body = std::mem::take(&mut action).into_bytes();
        redactor("ann", "GetResponse").envelope(&mut body, "");
        assert_eq!(body, before.as_bytes());
    }

    /// Neither costs more than a moment, however a server combines them.
    #[test]
    fn many_echoes_and_many_namespaces_cost_no_more_than_their_length() {
        let redactor = redactor("ann", "hunter2-hunter2");
        let tokens = STANDARD_NO_PAD.encode("hunter2-hunter2").repeat(MAX_BYTES / 32);
        assert_eq!(redactor.text(&tokens), MASK);
        let elements: String = (0..40_000).map(|number| format!("<a xmlns='urn:{number}'/>")).collect();
        let mut body = envelope(&(elements + "hunter2-hunter2")).into_bytes();
        redactor.envelope(&mut body, "");
        assert!(!String::from_utf8(body).unwrap().contains("hunter2"));
    }

    #[test]
    fn an_envelope_without_a_secret_is_not_touched_and_what_is_no_xml_is_masked_as_it_stands() {
        let redactor = redactor("ann", "hunter2-hunter2");
        for text in [envelope("<a>&amp; <!-- hunter2-hunter2 --> x</a>"), envelope("x"), "<a".to_owned()] {
            let mut body = text.clone().into_bytes();
            redactor.envelope(&mut body, "");
            assert_eq!(body, text.as_bytes());
        }
        let mut body = b"<a>hunter2-hunter2 <b".to_vec();
        redactor.envelope(&mut body, "");
        assert_eq!(body, b"<a>*** <b");
        let mut body = b"\xff hunter2-hunter2".to_vec();
        redactor.page(&mut body);
        assert_eq!(String::from_utf8(body).unwrap(), "\u{fffd} ***");
    }
}
