//! What a simulated server says of itself.

use crate::auth::ServerNames;

/// The names of a machine in this domain; without one it stands alone, in a workgroup.
pub(super) fn of(machine: &str, domain: &str) -> ServerNames {
    let netbios_computer = netbios_name(machine);
    if domain.is_empty() {
        let dns_domain = netbios_computer.to_lowercase();
        return ServerNames {
            netbios_domain: netbios_computer.clone(),
            netbios_computer,
            dns_domain,
            realm: String::new(),
        };
    }
    let dns_domain = format!("{}.example", domain.to_lowercase());
    ServerNames { netbios_domain: domain.to_owned(), netbios_computer, dns_domain, realm: String::new() }
}

/// Upper case, up to the first dot, at most 15 characters.
fn netbios_name(machine: &str) -> String {
    let label = machine.split('.').next().unwrap_or_default();
    label.to_uppercase().chars().take(15).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_a_member_of_a_domain_or_stands_alone() {
        let texts = |names: ServerNames| [names.netbios_domain, names.netbios_computer, names.dns_domain];
        assert_eq!(texts(of("web01.lab", "CORP")), ["CORP", "WEB01", "corp.example"]);
        assert_eq!(texts(of("web01.lab", "")), ["WEB01", "WEB01", "web01"]);
    }
}
