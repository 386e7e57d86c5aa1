//! What a server offers: the schemes and tokens of its `WWW-Authenticate` headers.

use std::fmt;

/// The parsed `WWW-Authenticate` headers of one answer: several headers, or comma-joined, in any case (RFC 9110,
/// section 11.6.1, WWW-Authenticate).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Challenges {
    items: Vec<Challenge>,
}

#[derive(Clone, PartialEq, Eq)]
struct Challenge {
    scheme: String,
    token: Option<String>,
}

impl Challenges {
    /// Parses the values of all `WWW-Authenticate` headers of an answer. What does not parse is passed over, up to
    /// the next comma: a server's slip in one scheme must not hide another.
    pub fn parse<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut items = Vec::new();
        for value in values {
            if value.len() <= MAX_VALUE_BYTES {
                read_value(value, &mut items);
            }
        }
        Self { items }
    }

    /// Whether `scheme` is offered, in any case.
    #[must_use]
    pub fn has(&self, scheme: &str) -> bool {
        self.items.iter().any(|offer| offer.is(scheme))
    }

    /// Whether nothing is offered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The names of the schemes, as the server spells them, each once.
    #[must_use]
    pub fn schemes(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for offer in &self.items {
            if !names.iter().any(|name| name.eq_ignore_ascii_case(&offer.scheme)) {
                names.push(&offer.scheme);
            }
        }
        names
    }

    /// The token (token68) that follows `scheme`, if there is one.
    #[must_use]
    pub fn token(&self, scheme: &str) -> Option<&str> {
        self.items.iter().filter(|offer| offer.is(scheme)).find_map(|offer| offer.token.as_deref())
    }
}

impl Challenge {
    fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }
}

/// The names for a message, such as `Negotiate, Kerberos`, or `no authentication`.
impl fmt::Display for Challenges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.items.is_empty() {
            return f.write_str("no authentication");
        }
        f.write_str(&self.schemes().join(", "))
    }
}

/// The names only: a token does not belong in a log.
impl fmt::Debug for Challenges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Challenges({self})")
    }
}

/// Reads the challenges of one header value.
fn read_value(value: &str, items: &mut Vec<Challenge>) {
    let mut rest = value;
    while items.len() < MAX_OFFERS {
        rest = rest.trim_start_matches([',', ' ', '\t']);
        if rest.is_empty() {
            return;
        }
        let (scheme, after) = split_run(rest, is_token_char);
        if scheme.is_empty() || scheme.len() > MAX_SCHEME_BYTES {
            rest = skip_element(rest);
            continue;
        }
        let (token, after) = read_token68(after);
        items.push(Challenge { scheme: scheme.to_owned(), token: token.map(str::to_owned) });
        rest = if token.is_some() { after } else { skip_parameters(after) };
    }
}

/// A token68 that ends its element, and what follows it; without one, the text unchanged.
fn read_token68(text: &str) -> (Option<&str>, &str) {
    let start = skip_blank(text);
    if start.len() == text.len() {
        return (None, text);
    }
    let (run, after) = split_run(start, |c| c.is_ascii_alphanumeric() || "-._~+/".contains(c));
    let end = after.trim_start_matches('=');
    let token = start.get(..start.len() - end.len()).unwrap_or_default();
    let end = skip_blank(end);
    if !run.is_empty() && (end.is_empty() || end.starts_with(',')) {
        (Some(token), end)
    } else {
        (None, text)
    }
}

/// Passes over the rest of this element, and over each further element of the form `name=value`.
fn skip_parameters(text: &str) -> &str {
    let mut rest = skip_element(text);
    loop {
        let next = rest.trim_start_matches([',', ' ', '\t']);
        let (name, after) = split_run(next, is_token_char);
        if name.is_empty() || !skip_blank(after).starts_with('=') {
            return rest;
        }
        rest = skip_element(next);
    }
}

/// Passes over everything up to the next comma outside a quoted string.
fn skip_element(text: &str) -> &str {
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => return text.get(at..).unwrap_or_default(),
            _ => {}
        }
    }
    ""
}

fn skip_blank(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

fn split_run(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    let rest = text.trim_start_matches(belongs);
    text.split_at_checked(text.len() - rest.len()).unwrap_or((text, ""))
}

/// A `tchar` of RFC 9110, section 5.6.2, Tokens.
fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

/// The longest header value that is read. The largest NTLM challenge, 64 KiB of target information, is 88 kB here.
const MAX_VALUE_BYTES: usize = 128 * 1024;

/// How many schemes are remembered; a WinRM service knows five.
const MAX_OFFERS: usize = 32;

/// The longest scheme name that is believed, so that messages stay readable.
const MAX_SCHEME_BYTES: usize = 40;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn challenges(values: &[&str]) -> Challenges {
        Challenges::parse(values.iter().copied())
    }

    #[test]
    fn schemes_come_in_several_headers_or_comma_joined() {
        for values in [
            &["Negotiate", "Kerberos", "Basic realm=\"WSMAN\""][..],
            &["Negotiate, Kerberos, Basic realm=\"WSMAN\""],
            &["Basic realm=\"WSMAN\", Negotiate,Kerberos"],
            &[" , Basic realm = \"a, Digest\\\" b\" , charset=\"UTF-8\",Negotiate", "", "Kerberos"],
            &["Basic realm=WSMAN, Negotiate, Kerberos"],
        ] {
            let challenges = challenges(values);
            assert!(
                challenges.has("negotiate") && challenges.has("KERBEROS") && challenges.has("Basic"),
                "{values:?}"
            );
            assert!(
                !challenges.has("Digest") && !challenges.has("charset") && !challenges.has("realm"),
                "{values:?}"
            );
            assert_eq!(challenges.token("Basic"), None, "{values:?}");
            assert_eq!(challenges.token("Negotiate"), None, "{values:?}");
        }
    }

    #[test]
    fn a_token_follows_its_scheme() {
        let token = "TlRMTVNTUAACAAAA+/09==";
        for value in [
            format!("Negotiate {token}"),
            format!("negotiate   {token} ,Basic realm=\"x\""),
            format!("Negotiate, NEGOTIATE {token}"),
            format!("Basic realm=\"x\", Negotiate {token}, Kerberos"),
        ] {
            assert_eq!(challenges(&[&value]).token("Negotiate"), Some(token), "{value}");
        }
        assert_eq!(challenges(&["Negotiate abc def"]).token("Negotiate"), None);
    }

    #[test]
    fn messages_name_each_scheme_once() {
        assert_eq!(
            challenges(&["Negotiate", "negotiate abc", "Kerberos"]).to_string(),
            "Negotiate, Kerberos"
        );
        assert_eq!(challenges(&[]).to_string(), "no authentication");
        assert!(!format!("{:?}", challenges(&["Negotiate c2VjcmV0"])).contains("c2VjcmV0"));
    }

    #[test]
    fn hostile_headers_are_bounded() {
        assert_eq!(challenges(&[&"a,".repeat(10_000)]).items.len(), MAX_OFFERS);
        assert_eq!(challenges(&[&"a".repeat(MAX_VALUE_BYTES + 1)]), Challenges::default());
        assert!(!challenges(&[&"a".repeat(100)]).has(&"a".repeat(100)));
        assert!(!challenges(&["Basic realm=\"never closed, Negotiate"]).has("Negotiate"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(values in prop::collection::vec("[ -~\u{e9}\t]{0,60}|\\PC{0,40}", 0..4)) {
            let challenges = Challenges::parse(values.iter().map(String::as_str));
            let _ = (challenges.to_string(), challenges.token("Negotiate").map(str::len));
        }
    }
}
