//! From the text of the file to what it says, or to the first line that cannot be meant.

use std::collections::BTreeMap;

use pssession::Endpoint;
use pssession::request::{MAX_INVENTORY_HOSTS, expand_host_range};
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::host::{Host, Name};
use super::key::{KEYS, NAME, Places, likeliest, refused, texts};

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) hosts: Vec<Host>,
    pub(super) groups: BTreeMap<String, Vec<String>>,
}

/// What is wrong with a file, where, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) line: usize,
    pub(super) problem: String,
    pub(super) advice: String,
}

/// Reads the text of a file.
///
/// # Errors
/// [`Wrong`] is about the first thing that is. It never quotes a value that may be a secret.
pub(super) fn read(text: &str, places: &Places) -> Result<Read, Wrong> {
    let file = File { text, places };
    // The error's own rendering would quote the line, and that may hold a password.
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        file.wrong(
            at,
            format!("it is not TOML: {}", error.message()),
            "write strings in quotes; see https://toml.io",
        )
    })?;
    let mut read = Read::default();
    for (key, value) in in_order(table.get_ref()) {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("host", DeValue::Array(hosts)) => {
                for host in hosts {
                    let host = file.host(host.span().start, host.get_ref())?;
                    read.hosts.push(host);
                }
            }
            ("host", _) => return Err(file.not_doubled(value.span().start)),
            ("group", DeValue::Table(groups)) => {
                for (name, members) in groups {
                    let name = file.group_name(name.span().start, name.get_ref())?;
                    read.groups.insert(name, file.members(members.span().start, members.get_ref())?);
                }
            }
            (name, _) => return Err(file.unknown(key.span().start, name, &["host", "group"])),
        }
    }
    Ok(read)
}

/// The entries of a table as they stand in the file.
fn in_order<'t, 'i>(table: &'t DeTable<'i>) -> Vec<Entry<'t, 'i>> {
    let mut entries: Vec<Entry<'t, 'i>> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

type Entry<'t, 'i> = (&'t Spanned<DeString<'i>>, &'t Spanned<DeValue<'i>>);

/// The text, to tell lines by.
struct File<'a> {
    text: &'a str,
    places: &'a Places,
}

impl File<'_> {
    fn host(&self, at: usize, value: &DeValue<'_>) -> Result<Host, Wrong> {
        let Some(table) = value.as_table() else { return Err(self.not_doubled(at)) };
        let mut host = Host::default();
        for (key, value) in in_order(table) {
            let name = key.get_ref().as_ref();
            let at = key.span().start;
            let wrong = |problem: String| self.wrong(at, format!("{name}: {problem}"), VALUE_ADVICE);
            if name == NAME {
                let names =
                    texts(value.get_ref()).and_then(|names| names.into_iter().map(Name::read).collect());
                host.names =
                    names.map_err(|problem| self.wrong(at, format!("{name}: {problem}"), NAME_ADVICE))?;
                continue;
            }
            let Some(known) = KEYS.iter().find(|known| known.name == name) else {
                let names: Vec<&str> = [NAME].into_iter().chain(KEYS.iter().map(|key| key.name)).collect();
                return Err(self.unknown(at, name, &names));
            };
            (known.set)(&mut host.settings, value.get_ref(), self.places).map_err(wrong)?;
        }
        match host.names.is_empty() {
            true => Err(self.wrong(
                at,
                "a host without a name",
                "add the hosts: name = \"web01\", or \"*\" for all",
            )),
            false => Ok(host),
        }
    }

    /// What can be typed behind `@` in a list.
    fn group_name(&self, at: usize, name: &str) -> Result<String, Wrong> {
        let fits = |letter: char| letter.is_alphanumeric() || ['-', '_', '.'].contains(&letter);
        match !name.is_empty() && name.chars().all(fits) {
            true => Ok(name.to_owned()),
            false => Err(self.wrong(
                at,
                "a group name consists of letters, digits, -, _ and .",
                "the group is used as --on @NAME",
            )),
        }
    }

    fn members(&self, at: usize, value: &DeValue<'_>) -> Result<Vec<String>, Wrong> {
        let advice =
            "a group is a list of hosts as in --on: web = [\"web01\", \"web02:5986\", \"db[01-12]\"]";
        let texts = texts(value).map_err(|problem| self.wrong(at, format!("group: {problem}"), advice))?;
        let mut members = Vec::new();
        for text in texts {
            let left = MAX_INVENTORY_HOSTS.saturating_sub(members.len());
            let hosts = expand_host_range(text, left);
            members.extend(hosts.map_err(|problem| self.wrong(at, format!("{text:?}: {problem}"), advice))?);
        }
        for member in &members {
            Endpoint::parse(member, false).map_err(|error| self.wrong(at, error.to_string(), advice))?;
        }
        Ok(members)
    }

    fn unknown(&self, at: usize, name: &str, names: &[&str]) -> Wrong {
        if let Some((problem, advice)) = refused(name) {
            return self.wrong(at, format!("{name}: {problem}"), advice);
        }
        let advice = match likeliest(name, names.iter().copied()) {
            Some(likely) => format!("did you mean {likely}?"),
            None => format!("there is {}", names.join(", ")),
        };
        let shown: String = name.chars().take(MAX_SHOWN).collect();
        self.wrong(at, format!("unknown key {shown:?}"), advice)
    }

    fn not_doubled(&self, at: usize) -> Wrong {
        self.wrong(at, "`host` must be a list of tables", "write [[host]], with two brackets")
    }

    fn wrong(&self, at: usize, problem: impl Into<String>, advice: impl Into<String>) -> Wrong {
        Wrong { line: self.line(at), problem: problem.into(), advice: advice.into() }
    }

    /// The line of a byte, from 1.
    fn line(&self, at: usize) -> usize {
        self.text.bytes().take(at).filter(|byte| *byte == b'\n').count().saturating_add(1)
    }
}

/// The most of a key that is quoted, in characters.
const MAX_SHOWN: usize = 60;

const NAME_ADVICE: &str = "a host by name or address, or a pattern such as \"web*\", or a list of these";

const VALUE_ADVICE: &str =
    "each key accepts the values of the option with its name; see `pssession get --help`";

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> Wrong {
        read(text, &Places::default()).unwrap_err()
    }

    #[test]
    fn each_setting_is_read() {
        let text = r#"
            [group]
            web = ["web01", "web02:5986"]
            db = "db01"
            [[host]]
            name = ["web01", "db*", "::1"]
            user = 'ops@contoso.example'
            account = 'CONTOSO\ops'
            workstation = "JUMP1"
            password-command = "pass show ops"
            auth = "ntlm"
            no-ntlm = false
            spn = "host"
            tls = true
            port = 0x1762
            ca-file = "ca.pem"
            certificate-pin = "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
            tls-server-name = "web.example"
            connect-timeout = "3s"
            login-timeout = "4s"
            [[host]]
            name = "*"
            password-file = "~/secret"
        "#;
        let places = Places { folder: "/etc/x".into(), home: Some("/home/ops".into()) };
        let found = read(text, &places).unwrap();
        assert_eq!(found.groups["web"], ["web01", "web02:5986"]);
        assert_eq!(found.groups["db"], ["db01"]);
        let [first, second] = &found.hosts[..] else { panic!("{found:?}") };
        assert_eq!(first.exact_names().collect::<Vec<_>>(), ["web01", "::1"]);
        let settings = &first.settings;
        assert_eq!(settings.user.as_deref(), Some("ops@contoso.example"));
        assert_eq!(settings.account.as_deref(), Some("CONTOSO\\ops"));
        assert_eq!(settings.workstation.as_deref(), Some("JUMP1"));
        assert_eq!((settings.no_ntlm, settings.spn.as_deref()), (Some(false), Some("host")));
        assert_eq!((settings.tls, settings.port), (Some(true), Some(5986)));
        assert_eq!(settings.ca_file.as_deref(), Some("/etc/x/ca.pem".as_ref()));
        assert_eq!(settings.certificate_pin.len(), 1);
        assert_eq!(settings.connect_timeout, Some(std::time::Duration::from_secs(3)));
        assert_eq!(settings.login_timeout, Some(std::time::Duration::from_secs(4)));
        let secret = pssession::request::PasswordSource::File("/home/ops/secret".into());
        assert_eq!(second.settings.password, Some(secret));
    }

    #[test]
    fn what_cannot_be_meant_is_told_with_its_line() {
        for (text, line, problem, advice) in [
            ("\nhosts = 1", 2, "unknown key \"hosts\"", "did you mean host?"),
            ("[host]\nname = 'a'", 1, "`host` must be a list of tables", "[[host]]"),
            ("[[host]]\nname = 'a'\nca_file = 'x'", 3, "unknown key \"ca_file\"", "did you mean ca-file?"),
            ("[[host]]\nname = 'a'\nzzz = 'x'", 3, "unknown key \"zzz\"", "there is name, user,"),
            ("\n[[host]]\nuser = 'a'", 2, "a host without a name", "name = "),
            ("[[host]]\nname = 'web[0'", 2, "name: ", "pattern"),
            ("[[host]]\nname = 'web01:80'", 2, "it contains more than a host; write \"web01\"", "pattern"),
            ("[[host]]\nname = []", 2, "name: it is empty", "pattern"),
            ("[[host]]\nname = 'a'\nport = 65536", 3, "port: it is not a port", "--help"),
            ("[[host]]\nname = 'a'\nport = '80'", 3, "port: it is not a port", "--help"),
            ("[[host]]\nname = 'a'\ntls = 'yes'", 3, "tls: it is neither true nor false", "--help"),
            ("[[host]]\nname = 'a'\nspn = 'a@B'", 3, "spn: it is not a service principal", "--help"),
            ("[[host]]\nname = 'a'\nuser = 7", 3, "user: it is not a string", "--help"),
            (
                "[[host]]\nname = 'a'\nauth = 'digest'",
                3,
                "auth: it is not an authentication scheme: auto,",
                "--help",
            ),
            ("[[host]]\nname = 'a'\nconnect-timeout = '0s'", 3, "the limit is zero", "--help"),
            ("[[host]]\nname = 'a'\nca-file = '-'", 3, "stdin is allowed only on the command line", "--help"),
            ("[[host]]\nname = 'a'\nca-file = '~/x'", 3, "there is no home directory", "--help"),
            (
                "[[host]]\nname='a'\npassword-file='x'\npassword-command='y'",
                4,
                "cannot be used together",
                "--help",
            ),
            ("[group]\n'a b' = ['x']", 2, "a group name", "--on @NAME"),
            ("[group]\na = ['x:y']", 2, "is not a port", "a list of hosts"),
            ("[group]\na = 7", 2, "it is not a string", "a list of hosts"),
            ("[[host]]\nname = ", 2, "it is not TOML", "quotes"),
        ] {
            let wrong = wrong(text);
            assert_eq!(wrong.line, line, "{text}: {wrong:?}");
            assert!(wrong.problem.contains(problem) && wrong.advice.contains(advice), "{text}: {wrong:?}");
        }
    }

    #[test]
    fn what_is_dangerous_or_secret_is_refused_and_a_secret_is_not_repeated() {
        for key in ["dangerous-basic-over-http", "dangerous_unencrypted", "dangerous-skip-certificate-check"]
        {
            for text in [format!("[[host]]\nname = 'a'\n{key} = true"), format!("\n\n{key} = true")] {
                let wrong = wrong(&text);
                assert_eq!(wrong.line, 3);
                assert!(wrong.problem.contains("accepted only on the command line"), "{wrong:?}");
            }
        }
        for value in ["'hunter2'", "hunter2", "\"hunter2", "['hunter2', hunter2]"] {
            let wrong = wrong(&format!("[[host]]\nname = 'a'\npassword = {value}\n"));
            assert!(!format!("{wrong:?}").contains("hunter2"), "{wrong:?}");
            assert_eq!(wrong.line, 3, "{wrong:?}");
        }
        for key in ["auth", "spn", "certificate-pin", "connect-timeout", "account", "tls", "port", "no-ntlm"]
        {
            let wrong = wrong(&format!("[[host]]\nname = 'a'\n{key} = 'hunter2@'\n"));
            assert!(!format!("{wrong:?}").contains("hunter2"), "{wrong:?}");
            assert!(wrong.problem.starts_with(&format!("{key}: it is ")) && wrong.line == 3, "{wrong:?}");
        }
        let wrong = wrong("[[host]]\nname = 'a'\npassword = 'hunter2'");
        assert!(wrong.advice.contains("`password-file` or `password-command`"), "{wrong:?}");
    }

    #[test]
    fn a_deep_file_is_refused_and_a_mark_of_the_encoding_is_not_in_the_way() {
        let deep = format!("host = {}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(wrong(&deep).problem.contains("TOML"));
        assert_eq!(read("\u{feff}[[host]]\nname = 'a'", &Places::default()).unwrap().hosts.len(), 1);
    }
}
