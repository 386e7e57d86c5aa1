//! Get of `winrm/config` and of plug-ins: in the form of a recorded Windows, with the values of each generation.

use std::time::Duration;

use pssession::simulator::{Account, Caller, Profile, World};

use super::wire::*;

const CONFIG: &str = "http://schemas.microsoft.com/wbem/wsman/1/config";

fn ask(world: &mut World, account: Account, request: &str) -> (u16, String) {
    let caller = Caller { account: Some(account), connection: 1, sealed: true };
    let response = world.handle(&caller, request.as_bytes(), Duration::ZERO);
    (response.status, String::from_utf8(response.body).unwrap())
}

fn admin() -> Account {
    Account::administrator("CONTOSO\\admin")
}

fn get_config(part: &str) -> String {
    request(&format!("{TRANSFER}/Get"), &format!("{CONFIG}{part}"), None, "")
}

fn get_plugin(name: &str) -> String {
    get_config("/plugin").replace(
        "</s:Header>",
        &format!(r#"<w:SelectorSet><w:Selector Name="Name">{name}</w:Selector></w:SelectorSet></s:Header>"#),
    )
}

/// The names of all elements, in their order.
fn names(text: &str) -> Vec<&str> {
    let document = roxmltree::Document::parse(text).unwrap();
    let body = document.descendants().find(|node| node.tag_name().name() == "Body").unwrap();
    let range = |node: roxmltree::Node<'_, '_>| node.range();
    body.descendants()
        .filter(|node| node.is_element())
        .map(|node| text[range(node)].trim_start_matches('<').split([' ', '>', '/']).next().unwrap())
        .collect()
}

/// What a Windows host answered to pypsrp 0.5 (its recording `test_wsman_update_envelope_size_500`), in order.
const RECORDED: &str = "
    Config MaxEnvelopeSizekb MaxTimeoutms MaxBatchItems MaxProviderRequests Client NetworkDelayms URLPrefix
    AllowUnencrypted Auth Basic Digest Kerberos Negotiate Certificate CredSSP DefaultPorts HTTP HTTPS TrustedHosts
    Service RootSDDL MaxConcurrentOperations MaxConcurrentOperationsPerUser EnumerationTimeoutms MaxConnections
    MaxPacketRetrievalTimeSeconds AllowUnencrypted Auth Basic Kerberos Negotiate Certificate CredSSP
    CbtHardeningLevel DefaultPorts HTTP HTTPS IPv4Filter IPv6Filter EnableCompatibilityHttpListener
    EnableCompatibilityHttpsListener CertificateThumbprint AllowRemoteAccess Winrs AllowRemoteShellAccess
    IdleTimeout MaxConcurrentUsers MaxShellRunTime MaxProcessesPerShell MaxMemoryPerShellMB MaxShellsPerUser";

#[test]
fn the_configuration_has_the_elements_of_a_recorded_one() {
    let (status, text) = ask(&mut World::new("sim01"), admin(), &get_config(""));
    let recorded: Vec<_> = RECORDED.split_whitespace().collect();
    let names: Vec<_> = names(&text)[1..].iter().map(|name| name.strip_prefix("cfg:").unwrap()).collect();
    assert_eq!((status, names), (200, recorded));
}

#[test]
fn its_values_are_those_of_the_generation_and_of_this_host() {
    let table: Vec<String> = Profile::ALL
        .iter()
        .map(|profile| {
            let mut world = World::new("sim01").with_profile(*profile);
            let (status, text) = ask(&mut world, admin(), &get_config(""));
            let (_, plugin) = ask(&mut world, admin(), &get_plugin("Microsoft.PowerShell"));
            let value = |name: &str| match status {
                200 => element(&text, &format!("cfg:{name}")).to_owned(),
                _ => "-".to_owned(),
            };
            let attribute = |name: &str| {
                let found = plugin.split_once(&format!(" {name}=\"")).map(|(_, rest)| rest.split('"').next());
                found.flatten().unwrap_or("-").to_owned()
            };
            [
                profile.name().to_owned(),
                status.to_string(),
                value("MaxEnvelopeSizekb"),
                value("MaxConcurrentOperationsPerUser"),
                value("MaxConnections"),
                value("MaxConcurrentUsers"),
                value("MaxShellsPerUser"),
                value("CbtHardeningLevel"),
                attribute("MaxShellsPerUser"),
                attribute("MaxShells"),
            ]
            .join(" ")
        })
        .collect();
    let expected = [
        "2008r2 200 150 15 25 5 5 Relaxed 5 25",
        "2012r2 200 500 1500 300 10 30 Relaxed 25 25",
        "2016 200 500 1500 300 2147483647 30 Relaxed 2147483647 2147483647",
        "2019 200 500 1500 300 2147483647 30 Relaxed 2147483647 2147483647",
        "2022 200 500 1500 300 2147483647 30 Relaxed 2147483647 2147483647",
        "2025 200 500 1500 300 2147483647 30 Relaxed 2147483647 2147483647",
        "2025-hardened 200 500 1500 300 2147483647 30 Strict 2147483647 2147483647",
        "exchange 500 - - - - - - - -",
        "omi 500 - - - - - - - -",
    ];
    assert_eq!(table.join("\n"), expected.join("\n"));
    let mut world = World::new("sim01");
    world.set_max_shells_per_user(7);
    let (_, text) = ask(&mut world, admin(), &get_config("/winrs"));
    assert_eq!(element(&text, "cfg:MaxShellsPerUser"), "7");
    assert_eq!(names(&text)[..2], ["s:Body", "cfg:Winrs"]);
}

#[test]
fn parts_of_it_and_plugins_are_resources_of_their_own_for_administrators() {
    let mut world = World::new("sim01");
    for (part, root) in [("/client", "cfg:Client"), ("/service", "cfg:Service"), ("/winrs", "cfg:Winrs")] {
        let (status, text) = ask(&mut world, admin(), &get_config(part));
        assert_eq!((status, names(&text)[1]), (200, root));
    }
    let (status, text) = ask(&mut world, admin(), &get_plugin("microsoft.powershell32"));
    assert_eq!((status, names(&text)[1]), (200, "PlugInConfiguration"));
    for (request, account, code) in [
        (get_plugin("nothing"), admin(), "2150858843"),
        (get_config("/plugin"), admin(), "2150858842"),
        (get_config("/nothing"), admin(), "2150858811"),
        (get_config(""), Account::user("CONTOSO\\alice"), "5"),
        (get_plugin("Microsoft.PowerShell"), Account::user("CONTOSO\\alice"), "5"),
    ] {
        let (status, text) = ask(&mut world, account, &request);
        assert!(status == 500 && text.contains(&format!(r#"Code="{code}""#)), "{code}: {text}");
    }
}
