//! What a config means for a host.

use pssession::request::PasswordSource;

use super::key::Places;
use super::*;

fn config(text: &str) -> Config {
    let read = reading::read(text, &Places::default()).unwrap();
    Config { path: Some("config.toml".into()), hosts: read.hosts, groups: read.groups }
}

fn of(config: &Config, host: &str) -> HostSettings {
    config.of(&Endpoint::parse(host, false).unwrap())
}

#[test]
fn of_each_setting_the_first_host_that_fits_and_names_it_counts() {
    let config = config(
        "[[host]]\nname = 'web01'\nuser = 'ann'\n\
         [[host]]\nname = ['WEB*', '10.*']\nuser = 'bob'\nauth = 'ntlm'\n\
         [[host]]\nname = '*'\nuser = 'cy'\nauth = 'basic'\nconnect-timeout = '1s'",
    );
    let user = |host: &str| of(&config, host).user.unwrap();
    assert_eq!(
        [user("web01"), user("Web02:90"), user("https://10.0.0.7/x"), user("db")],
        ["ann", "bob", "bob", "cy"]
    );
    let settings = of(&config, "web01");
    assert_eq!(settings.auth.unwrap().name(), "ntlm");
    assert!(settings.connect_timeout.is_some());
}

#[test]
fn an_address_is_one_host_however_it_is_written() {
    let config = config(
        "[[host]]\nname = '[2001:db8:0:0::1]'\nuser = 'ann'\n[[host]]\nname = 'fe80::*'\nuser = 'bob'",
    );
    assert_eq!(of(&config, "2001:db8::1").user.as_deref(), Some("ann"));
    assert_eq!(of(&config, "[fe80::7]:90").user.as_deref(), Some("bob"));
    assert_eq!(of(&config, "web01"), HostSettings::default());
}

#[test]
fn a_password_does_not_go_to_a_user_whom_somebody_else_has_named() {
    let text = "[[host]]\nname = 'web*'\nuser = 'bob'\npassword-file = 'b'\n[[host]]\nname = 'db'\npassword-file = 'd'";
    let config = config(text);
    let named = |user: &str| HostSettings { user: Some(user.to_owned()), ..HostSettings::default() };
    assert_eq!(named("ann").or(&of(&config, "web01")).password, None);
    assert_eq!(named("BOB").or(&of(&config, "web01")).password, Some(PasswordSource::File("b".into())));
    assert_eq!(named("ann").or(&of(&config, "db")).password, Some(PasswordSource::File("d".into())));
}

#[test]
fn an_account_is_that_of_the_user_beside_it() {
    let config = config("[[host]]\nname = '*'\nuser = 'bob@lab'\naccount = 'LAB\\bob'\nworkstation = 'JUMP'");
    let named = |user: &str| HostSettings { user: Some(user.to_owned()), ..HostSettings::default() };
    let settings = |user: &str| named(user).or(&of(&config, "web01"));
    assert_eq!(settings("BOB@lab").account.as_deref(), Some(r"LAB\bob"));
    assert_eq!((settings("ann").account, settings("ann").workstation.as_deref()), (None, Some("JUMP")));
}

#[test]
fn what_a_name_does_not_say_of_its_endpoint_is_looked_up() {
    let config = config(
        "[[host]]\nname = ['web*', '::1']\ntls = true\nport = 8443\n[[host]]\nname = 'db'\nport = 5986",
    );
    let on = |text: &str, tls: bool| {
        Naming { config: config.clone(), tls }.endpoint(text).unwrap().url().to_owned()
    };
    assert_eq!(on("web01", false), "https://web01:8443/wsman");
    assert_eq!(on("::1", false), "https://[::1]:8443/wsman");
    assert_eq!(on("[::1]", false), "https://[::1]:8443/wsman");
    assert_eq!(on("web01:5985", false), "https://web01:5985/wsman");
    assert_eq!(on("http://web01", false), "http://web01/wsman");
    assert_eq!(on("db", false), "https://db:5986/wsman");
    assert_eq!(on("other", false), "http://other:5985/wsman");
    assert_eq!(on("other", true), "https://other:5986/wsman");
}

#[test]
fn only_a_whole_name_or_a_member_of_a_group_names_an_endpoint() {
    let config = config(
        "[group]\nweb = ['web01:90', 'db02']\n[[host]]\nname = ['db01', 'db0*']\ntls = true\n[[host]]\nname = '*'",
    );
    let naming = Naming { config, tls: false };
    let names = |url: &str| naming.named().any(|endpoint| endpoint.url() == url);
    assert!(
        names("https://db01:5986/wsman")
            && names("https://db02:5986/wsman")
            && names("http://web01:90/wsman")
    );
    // The same host by another way than the config's is another endpoint.
    assert!(
        !names("http://db01:5985/wsman")
            && !names("https://db03:5986/wsman")
            && !names("http://web01:5985/wsman")
    );
}

#[test]
fn a_group_that_is_not_there_is_told_which_is_likely() {
    let config = config("[group]\nweb = ['web01']");
    assert_eq!(config.group("WEB").unwrap(), ["web01"]);
    assert!(config.group("wev").unwrap_err().contains("did you mean @web?"));
    assert!(Config::default().group("web").unwrap_err().contains("there is no config"));
}

#[test]
fn what_an_inventory_sets_of_a_host_is_above_the_config() {
    let naming = Naming { config: config("[[host]]\nname = 'web01'\ntls = true\nport = 7000"), tls: false };
    let url = |port, tls, naming: &Naming| {
        let own = HostSettings { port, tls, ..HostSettings::default() };
        naming.endpoint_with("web01", &own).unwrap().url().to_owned()
    };
    assert_eq!(url(None, None, &naming), "https://web01:7000/wsman");
    assert_eq!(url(Some(1), None, &naming), "https://web01:1/wsman");
    // Said to be http, also where the port would mean https.
    assert_eq!(url(Some(5986), Some(false), &naming), "http://web01:5986/wsman");
    let naming = Naming { tls: true, ..naming };
    assert_eq!(url(Some(5985), Some(false), &naming), "https://web01:5985/wsman");
}

#[test]
fn a_group_takes_ranges_and_a_host_its_own_number_of_connections() {
    let config = config(
        "[group]\nweb = ['web[01-03].lab', 'db:5986']\n[[host]]\nname = 'web*'\nconnections-per-host = 1",
    );
    assert_eq!(config.group("web").unwrap(), ["web01.lab", "web02.lab", "web03.lab", "db:5986"]);
    assert_eq!((of(&config, "web02.lab").connections, of(&config, "db").connections), (Some(1), None));
    for (text, problem) in [
        ("[group]\nweb = 'web[01-'", "web[01-"),
        ("[group]\nweb = 'web[1-999999]'", "more than 100000"),
        ("[[host]]\nname = 'a'\nconnections-per-host = 0", "it is not a number from 1 to 16"),
    ] {
        let (_, found) = check(text, "".into()).unwrap_err();
        assert!(found.contains(problem), "{found}");
    }
}
