//! The same error on many hosts, as one message for a person.

use pssession::Endpoint;

use super::diagnostic::Diagnostic;
use super::hints::place;

/// How many hosts are named in one message.
pub(super) const MAX_NAMES: usize = 5;

/// From so many hosts on one message is easier to read.
const MIN_HOSTS: usize = 3;

/// Stands for the host where texts are compared.
const HOST: &str = "\u{0}";

/// Errors of the same words but for the host become one that names the first hosts; the others stay. Each is where the
/// first of its kind was.
pub(super) fn fold(errors: Vec<(&Endpoint, Diagnostic)>) -> Vec<Diagnostic> {
    let mut kinds: Vec<(Kind, Vec<(&Endpoint, Diagnostic)>)> = Vec::new();
    for (endpoint, error) in errors {
        let kind = Kind::of(endpoint, &error);
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, same)) => same.push((endpoint, error)),
            None => kinds.push((kind, vec![(endpoint, error)])),
        }
    }
    let folded = kinds.into_iter().flat_map(|(kind, same)| match same.len() < MIN_HOSTS {
        true => same.into_iter().map(|(_, error)| error).collect(),
        false => Vec::from_iter(kind.on_all(same)),
    });
    folded.collect()
}

/// `web01, web02 and 7 more`.
pub(super) fn names<'a>(endpoints: impl ExactSizeIterator<Item = &'a Endpoint>) -> String {
    let more = endpoints.len().saturating_sub(MAX_NAMES);
    let mut names: Vec<String> = endpoints.take(MAX_NAMES).map(place).collect();
    match (more, names.pop()) {
        (0, Some(last)) if names.is_empty() => last,
        (0, Some(last)) => format!("{} and {last}", names.join(", ")),
        (_, last) => {
            names.extend(last);
            format!("{} and {more} more", names.join(", "))
        }
    }
}

/// What errors have in common that differ in their host alone.
#[derive(PartialEq, Eq)]
struct Kind {
    id: &'static str,
    message: String,
    causes: Vec<String>,
    hint: Option<String>,
}

impl Kind {
    fn of(endpoint: &Endpoint, error: &Diagnostic) -> Self {
        let place = place(endpoint);
        let names = [endpoint.url(), place.as_str(), endpoint.computer_name()];
        let common = |text: &String| names.iter().fold(text.clone(), |text, name| text.replace(name, HOST));
        Self {
            id: error.id,
            message: common(&error.message),
            causes: error.causes.iter().map(common).collect(),
            hint: error.hint.as_ref().map(common),
        }
    }

    /// The first error, with the names of all.
    fn on_all(&self, same: Vec<(&Endpoint, Diagnostic)>) -> Option<Diagnostic> {
        let count = same.len();
        let endpoints: Vec<&Endpoint> = same.iter().map(|(endpoint, _)| *endpoint).collect();
        let (_, mut error) = same.into_iter().next()?;
        error.message =
            self.message.replace(HOST, &format!("{count} hosts ({})", names(endpoints.into_iter())));
        // What names one host says no more than the message.
        let general = || self.causes.iter().filter(|cause| !cause.contains(HOST));
        if general().next().is_some() {
            error.causes = general().cloned().collect();
        }
        Some(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::exit::Exit;

    fn endpoint(number: usize) -> Endpoint {
        Endpoint::parse(&format!("web{number:02}"), false).unwrap()
    }

    fn error(endpoint: &Endpoint, cause: &str) -> Diagnostic {
        let message = format!("cannot list the sessions on {}", place(endpoint));
        let mut error = Diagnostic::new("CannotConnect", "ConnectionError", message, Exit::COULD_NOT_BEGIN)
            .with_hint(format!("start WinRM on {}", endpoint.computer_name()));
        error.causes = vec![format!("cannot connect to {}", endpoint.url()), cause.to_owned()];
        error
    }

    #[test]
    fn the_same_error_on_many_hosts_is_one_that_names_the_first() {
        let hosts: Vec<Endpoint> = (1..=9).map(endpoint).collect();
        let cause = |number: usize| if number == 4 { "no route" } else { "refused" };
        let errors = hosts.iter().enumerate().map(|(number, host)| (host, error(host, cause(number))));
        let folded = fold(errors.collect());
        let shown: Vec<_> =
            folded.iter().map(|error| (error.message.as_str(), error.causes.join("; "))).collect();
        assert_eq!(
            shown,
            [
                (
                    "cannot list the sessions on 8 hosts (web01, web02, web03, web04, web06 and 3 more)",
                    "refused".to_owned()
                ),
                (
                    "cannot list the sessions on web05",
                    "cannot connect to http://web05:5985/wsman; no route".to_owned()
                ),
            ]
        );
    }

    #[test]
    fn two_hosts_keep_their_own_errors() {
        let hosts = [endpoint(1), endpoint(2)];
        let folded = fold(hosts.iter().map(|host| (host, error(host, "refused"))).collect());
        assert_eq!(folded.len(), 2);
    }

    #[test]
    fn names_are_listed_as_a_person_would() {
        let hosts: Vec<Endpoint> = (1..=7).map(endpoint).collect();
        for (count, expected) in [
            (1, "web01"),
            (2, "web01 and web02"),
            (5, "web01, web02, web03, web04 and web05"),
            (7, "web01, web02, web03, web04, web05 and 2 more"),
        ] {
            assert_eq!(names(hosts.iter().take(count)), expected);
        }
    }
}
