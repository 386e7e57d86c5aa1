//! What the variables of a host say of the way to it, and what of them is refused.

use super::lines::shown;
use super::problem::{InventoryPlace, InventoryProblemKind as Kind, Problems};
use super::variables::{Assigned, Setting, Variables};
use crate::request::HostSettings;
use crate::transport::Endpoint;

/// A host of an inventory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventoryHost {
    /// Its name in the inventory.
    pub name: String,
    /// Where it is reached, as it would be typed: `ansible_host`, else its name.
    pub address: String,
    /// What the inventory sets for it: `user`, `port` and `tls`. Nothing else of an inventory takes effect.
    pub settings: HostSettings,
    /// Where it is listed.
    pub place: InventoryPlace,
}

/// What a person said for this run, so that the inventory need not be asked: a value that would be refused is then none
/// of the problems.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InventoryOverrides {
    /// A user was named.
    pub user: bool,
    /// HTTPS was asked for.
    pub tls: bool,
    /// An authentication scheme was chosen, which may be Basic.
    pub authentication: bool,
    /// It was said whose certificate is accepted: a pin, an authority, or any.
    pub certificate: bool,
}

/// What becomes of a host.
pub(super) enum Resolved {
    Host(Box<InventoryHost>),
    /// Ansible reaches it over something else than WinRM.
    Skipped,
    /// It has been added to the problems.
    Refused,
}

/// The connection of Ansible by which a host is reached.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plugin {
    Unset,
    WinRm,
    Psrp,
}

/// The two ports that WinRM has for HTTP; PSRP also takes that of the web.
const HTTP: u16 = 5985;
const WEB: u16 = 80;

/// Logins that this crate has, as Ansible's plugins name them.
const OURS: [&str; 3] = ["kerberos", "negotiate", "ntlm"];
/// Logins that are Basic, or come down to it.
const BASIC: [&str; 3] = ["basic", "plaintext", "ssl"];

pub(super) fn resolve(
    name: &str,
    place: &InventoryPlace,
    variables: &Variables,
    overrides: InventoryOverrides,
    problems: &mut Problems,
) -> Resolved {
    let mut reader = Reader { host: shown(name), variables, problems, refused: false };
    if let Some(place) = variables.encrypted() {
        reader.refuse(place, Kind::Evaluated, "the file is encrypted with Ansible Vault");
        return Resolved::Refused;
    }
    let plugin = match reader.text(&["ansible_connection"], Kind::Evaluated) {
        None if reader.refused => return Resolved::Refused,
        None => Plugin::Unset,
        Some((variable, text, place)) => match text.rsplit('.').next() {
            Some("winrm") => Plugin::WinRm,
            Some("psrp") => Plugin::Psrp,
            _ if text.chars().all(|c| c.is_ascii_alphanumeric() || ['_', '.'].contains(&c)) => {
                return Resolved::Skipped;
            }
            _ => {
                reader.refuse(place, Kind::Malformed, format!("{variable} is not the name of a connection"));
                return Resolved::Refused;
            }
        },
    };
    let is_psrp = plugin == Plugin::Psrp;
    let of = |winrm: &'static str, psrp: &'static str| if is_psrp { psrp } else { winrm };

    let address =
        reader.text(&["ansible_host", of("ansible_winrm_host", "ansible_psrp_host")], Kind::Evaluated);
    let (address, address_place) = address.map_or((name, place), |(_, text, place)| (text, place));
    let address = address.to_owned();
    // A group of the caller's own is none of ours.
    if !address.starts_with('@')
        && let Err(error) = Endpoint::parse(&address, false)
    {
        reader.refuse(address_place, Kind::Malformed, error.to_string());
    }
    let user = match overrides.user {
        true => None,
        false => reader.text(&["ansible_user", of("ansible_winrm_user", "ansible_psrp_user")], Kind::User),
    };
    let user = user.map(|(_, text, _)| text.to_owned()).filter(|user| !user.is_empty());
    let port = reader.port(&["ansible_port", of("ansible_winrm_port", "ansible_psrp_port")]);
    let tls = match overrides.tls {
        true => Some(true),
        false => reader.tls(of("ansible_winrm_scheme", "ansible_psrp_protocol"), plugin, port),
    };
    reader.path(of("ansible_winrm_path", "ansible_psrp_path"));
    if !overrides.authentication {
        reader.authentication(of("ansible_winrm_transport", "ansible_psrp_auth"));
    }
    // Over HTTP there is no certificate.
    if !overrides.certificate && tls != Some(false) {
        reader.certificate(of("ansible_winrm_server_cert_validation", "ansible_psrp_cert_validation"));
    }
    if reader.refused {
        return Resolved::Refused;
    }
    let settings = HostSettings { user, port, tls, ..HostSettings::default() };
    Resolved::Host(Box::new(InventoryHost { name: name.to_owned(), address, settings, place: place.clone() }))
}

struct Reader<'r> {
    host: &'r str,
    variables: &'r Variables,
    problems: &'r mut Problems,
    refused: bool,
}

impl<'r> Reader<'r> {
    fn refuse(&mut self, place: &InventoryPlace, kind: Kind, reason: impl Into<String>) {
        self.problems.of_host(place, kind, self.host, reason);
        self.refused = true;
    }

    /// The text of the last of these variables that is set. What only Ansible can evaluate is refused.
    fn text(
        &mut self,
        names: &[&'static str],
        evaluated: Kind,
    ) -> Option<(&'static str, &'r str, &'r InventoryPlace)> {
        let (name, Assigned { setting, place }) = self.variables.last_of(names)?;
        match setting {
            Setting::Text(text) if text.contains("{{") || text.contains("{%") => {
                self.refuse(place, evaluated, format!("{name} is a template, which only Ansible evaluates"));
            }
            Setting::Text(text) if text.chars().any(char::is_control) => {
                self.refuse(place, Kind::Malformed, format!("{name} contains a control character"));
            }
            Setting::Text(text) => return Some((name, text, place)),
            Setting::Encrypted => {
                self.refuse(place, evaluated, format!("{name} is encrypted with Ansible Vault"));
            }
            Setting::Wrong(reason) => self.refuse(place, Kind::Malformed, format!("{name} {reason}")),
            Setting::Unset => {}
        }
        None
    }

    fn port(&mut self, names: &[&'static str]) -> Option<u16> {
        let (name, text, place) = self.text(names, Kind::Evaluated)?;
        let port = text.parse().ok().filter(|port| *port > 0);
        if port.is_none() {
            self.refuse(place, Kind::Malformed, format!("{name} is not a port (1 to 65535)"));
        }
        port
    }

    /// Whether TLS protects the way, as the plugin would decide it; `None` where the inventory leaves it open.
    fn tls(&mut self, name: &'static str, plugin: Plugin, port: Option<u16>) -> Option<bool> {
        match self.text(&[name], Kind::Evaluated) {
            Some((_, "https", _)) => Some(true),
            Some((_, "http", _)) => Some(false),
            Some((name, _, place)) => {
                self.refuse(place, Kind::Malformed, format!("{name} is neither http nor https"));
                None
            }
            None => match plugin {
                Plugin::Unset => None,
                Plugin::WinRm => Some(port != Some(HTTP)),
                Plugin::Psrp => Some(![Some(HTTP), Some(WEB)].contains(&port)),
            },
        }
    }

    fn path(&mut self, name: &'static str) {
        if let Some((name, text, place)) = self.text(&[name], Kind::Evaluated)
            && text.trim_matches('/') != "wsman"
        {
            self.refuse(
                place,
                Kind::Malformed,
                format!("{name} is not /wsman, the only path that is supported"),
            );
        }
    }

    fn authentication(&mut self, name: &'static str) {
        let Some((name, text, place)) = self.text(&[name], Kind::Authentication) else { return };
        let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let schemes: Vec<&str> = text.split(|c| !is_letter(c)).filter(|word| !word.is_empty()).collect();
        let any_of = |known: &[&str]| schemes.iter().any(|scheme| known.contains(scheme));
        if schemes.is_empty() || any_of(&OURS) {
            return;
        }
        match any_of(&BASIC) {
            true => self.refuse(place, Kind::Basic, format!("{name} asks for Basic authentication")),
            false => self.refuse(
                place,
                Kind::Authentication,
                format!("{name} asks for a login that is not supported"),
            ),
        }
    }

    fn certificate(&mut self, name: &'static str) {
        if let Some((name, text, place)) = self.text(&[name], Kind::Certificate)
            && !text.eq_ignore_ascii_case("validate")
        {
            self.refuse(place, Kind::Certificate, format!("{name} turns the check of the certificate off"));
        }
    }
}
