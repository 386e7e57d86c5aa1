//! The hosts: their addresses, how each behaves, and its shells.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddrV4};

use crate::options::Options;
use crate::shells::{Shells, shell_id};

/// Two bytes of the address are the host's number.
pub const MOST_HOSTS: usize = 60_000;

/// So many of the bad hosts stand first in the list, where a client that goes by the list meets them at once.
const FIRST: usize = 5;

/// In the last byte of an address neither 0 nor 255 stands.
const PER_BYTE: usize = 250;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    Healthy,
    /// Takes connections and requests, and never answers.
    Hanging,
    /// Has a port of its own, on which nobody listens.
    Refusing,
    /// Answers 503.
    Unavailable,
}

#[derive(Debug)]
pub struct Host {
    pub address: SocketAddrV4,
    pub behaviour: Behaviour,
    pub shells: Shells,
}

/// All hosts, in the order of the list. `refusing` is the port of those that refuse.
pub fn build(options: &Options, port: u16, refusing: u16) -> Vec<Host> {
    let behaviours = behaviours(options);
    let host = |(number, behaviour)| {
        let shells = if behaviour == Behaviour::Healthy { options.shells } else { 0 };
        let shells = Shells::new(shells);
        let shells = if options.is_running { shells.with_commands() } else { shells };
        let port = if behaviour == Behaviour::Refusing { refusing } else { port };
        Host { address: SocketAddrV4::new(address(number), port), behaviour, shells }
    };
    behaviours.into_iter().enumerate().map(host).collect()
}

fn address(number: usize) -> Ipv4Addr {
    let byte = |value: usize| u8::try_from(value + 1).unwrap_or(u8::MAX);
    Ipv4Addr::new(127, 0, byte(number / PER_BYTE), byte(number % PER_BYTE))
}

/// The number of the host that has the address.
pub fn number(address: Ipv4Addr) -> Option<usize> {
    let [127, 0, high, low] = address.octets() else { return None };
    Some(usize::from(high.checked_sub(1)?) * PER_BYTE + usize::from(low.checked_sub(1)?))
}

fn behaviours(options: &Options) -> Vec<Behaviour> {
    let bad: Vec<Behaviour> = [
        (Behaviour::Hanging, options.hanging),
        (Behaviour::Refusing, options.refusing),
        (Behaviour::Unavailable, options.unavailable),
    ]
    .into_iter()
    .flat_map(|(behaviour, count)| std::iter::repeat_n(behaviour, count))
    .collect();
    let mut all = vec![Behaviour::Healthy; options.hosts];
    let first = bad.len().min(FIRST);
    let spread = bad.len() - first;
    for (number, behaviour) in bad.into_iter().enumerate() {
        let position = match number.checked_sub(first) {
            None => number,
            Some(number) => first + number * (options.hosts - first) / spread,
        };
        all[position] = behaviour;
    }
    all
}

/// One host a line.
pub fn inventory(hosts: &[Host]) -> String {
    hosts.iter().fold(String::new(), |mut text, host| {
        let _ = writeln!(text, "{}", host.address);
        text
    })
}

/// One shell a line, host by host.
pub fn targets(hosts: &[Host]) -> String {
    let mut text = String::new();
    for (number, host) in hosts.iter().enumerate() {
        for shell in 0..host.shells.len() {
            let _ = writeln!(text, "{} {}", host.address, shell_id(number, shell));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_bad_hosts_stand_first_and_the_others_are_spread() {
        let options = Options { hosts: 200, hanging: 20, ..Options::default() };
        let all = behaviours(&options);
        assert_eq!(all.iter().filter(|one| **one == Behaviour::Hanging).count(), 20);
        assert!(all[..6].iter().all(|one| *one == Behaviour::Hanging));
        assert!(all[190..].iter().all(|one| *one == Behaviour::Healthy));
        assert!(all[100..].contains(&Behaviour::Hanging));
    }

    #[test]
    fn all_hosts_may_be_bad() {
        let options = Options { hosts: 7, hanging: 3, refusing: 2, unavailable: 2, ..Options::default() };
        assert!(!behaviours(&options).contains(&Behaviour::Healthy));
    }

    #[test]
    fn each_host_has_an_address_of_its_own() {
        let addresses: std::collections::HashSet<_> = (0..MOST_HOSTS).map(address).collect();
        assert_eq!(addresses.len(), MOST_HOSTS);
        assert!((0..MOST_HOSTS).all(|host| number(address(host)) == Some(host)));
        assert_eq!(number(Ipv4Addr::LOCALHOST), None);
    }
}
