use super::*;

fn select(text: &str) -> Result<SelectedHosts, InventoryErrors> {
    Inventory::read("hosts", text).select(&[], InventoryOverrides::default())
}

/// Each host as `name address user port tls`.
fn hosts(text: &str) -> Vec<String> {
    shown(&select(text).unwrap())
}

fn shown(selected: &SelectedHosts) -> Vec<String> {
    let host = |host: &InventoryHost| {
        let InventoryHost { name, address, settings, .. } = host;
        let port = settings.port.map_or("-".to_owned(), |port| port.to_string());
        let tls = settings.tls.map_or("-", |tls| if tls { "https" } else { "http" });
        format!("{name} {address} {} {port} {tls}", settings.user.as_deref().unwrap_or("-"))
    };
    selected.hosts.iter().map(host).collect()
}

fn problems(text: &str) -> Vec<String> {
    select(text).unwrap_err().problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_list_has_one_host_or_range_a_line() {
    let text =
        "# lab\nweb[1-2].lab\n\n; old\n127.0.0.1:4001 # one\n127.0.0.1:4002\n[::1]\n@web\nhttps://db/wsman\n";
    let names: Vec<_> = select(text).unwrap().hosts.into_iter().map(|host| host.address).collect();
    assert_eq!(
        names,
        ["web1.lab", "web2.lab", "127.0.0.1:4001", "127.0.0.1:4002", "[::1]", "@web", "https://db/wsman"]
    );
}

const INI: &str = "
mail.lab
[web]
web[01:02].lab:5986 ansible_user='CORP\\ops'
www ansible_host=10.0.0.7
[db]
db01
[servers:children]
web
db
[web:vars]
ansible_connection = winrm
ansible_winrm_scheme = https
[all:vars]
ansible_user = 'all'
[linux]
lx01 ansible_connection=ssh
lx02 ansible_connection=ansible.builtin.local
";

#[test]
fn ini_has_groups_ranges_and_variables() {
    let selected = select(INI).unwrap();
    assert_eq!(
        shown(&selected),
        [
            "mail.lab mail.lab all - -",
            "web01.lab web01.lab CORP\\ops 5986 https",
            "web02.lab web02.lab CORP\\ops 5986 https",
            "www 10.0.0.7 all - https",
            "db01 db01 all - -",
        ]
    );
    assert_eq!((selected.skipped, selected.has_passwords), (2, false));
    assert_eq!(selected.hosts[3].place.to_string(), "hosts line 5");
}

#[test]
fn a_group_is_chosen_with_the_groups_below_it() {
    let inventory = Inventory::read("hosts", INI);
    let of = |groups: &[&str]| inventory.select(groups, InventoryOverrides::default());
    assert_eq!(of(&["servers"]).unwrap().hosts.len(), 4);
    assert_eq!(of(&["db", "ungrouped"]).unwrap().hosts.len(), 2);
    assert_eq!(of(&["linux"]).unwrap().skipped, 2);
    assert_eq!(of(&["wep"]).unwrap_err().problems[0].to_string(), "hosts: there is no group \"wep\"");
}

#[test]
fn yaml_has_nested_groups_and_hosts_with_variables() {
    let text = "
all:
  vars: {ansible_user: base}
  hosts:
    mail:
  children:
    web:
      vars:
        ansible_connection: winrm
        ansible_port: 5985
      hosts:
        web[1:2]: {ansible_user: ops}
        www: {ansible_host: '2001:db8::7', ansible_user: ~}
    old:
      hosts: box
      vars: {ansible_connection: psrp}
";
    assert_eq!(
        hosts(text),
        [
            "mail mail base - -",
            "web1 web1 ops 5985 http",
            "web2 web2 ops 5985 http",
            "www 2001:db8::7 - 5985 http",
            "box box base - https",
        ]
    );
}

#[test]
fn the_json_of_a_program_has_groups_and_variables_of_hosts() {
    let text = r#"{
        "_meta": {"hostvars": {"a": {"ansible_host": "10.0.0.1"}, "b": {"ansible_port": 5985}, "c[1:2]": {"ansible_host": "c"}, "nowhere": {}}},
        "all": {"children": ["web", "ungrouped"]},
        "web": {"hosts": ["a", "b"], "vars": {"ansible_connection": "winrm", "ansible_user": {"__ansible_unsafe": "ops"}}},
        "plain": ["c[1:2]"]
    }"#;
    assert_eq!(hosts(text), ["a 10.0.0.1 ops - https", "b b ops 5985 http", "c[1:2] c - - -"]);
}

#[test]
fn the_deeper_group_wins_then_priority_then_name_and_a_host_above_all() {
    let text = "
[z]
a
b
[y]
a
b ansible_user=host
[deep]
a
[z:children]
deep
[z:vars]
ansible_user=z
ansible_port=1
[y:vars]
ansible_user=y
ansible_winrm_scheme=http
ansible_group_priority=9
[deep:vars]
ansible_port=3
";
    assert_eq!(hosts(text), ["a a y 3 http", "b b host 1 http"]);
}

#[test]
fn files_beside_the_inventory_are_above_it() {
    let mut inventory =
        Inventory::read("hosts", "[web]\na ansible_user=line\nb\n[web:vars]\nansible_user=section\n");
    assert!(inventory.has(VariableOwner::Group, "web") && !inventory.has(VariableOwner::Host, "c"));
    for (owner, name, text) in [
        (VariableOwner::Group, "web", "---\nansible_user: file\nansible_port: 1\n"),
        (
            VariableOwner::Group,
            "all",
            "{\"ansible_user\": \"all\", \"ansible_port\": 2, \"ansible_password\": \"x\"}",
        ),
        (VariableOwner::Host, "b", "ansible_host: 10.0.0.2\n"),
        (VariableOwner::Host, "nobody", "ansible_host: [\n"),
    ] {
        inventory.add_variables(owner, name, &format!("{name}.yml"), text);
    }
    let selected = inventory.select(&[], InventoryOverrides::default()).unwrap();
    assert_eq!(shown(&selected), ["a a line 1 -", "b 10.0.0.2 file 1 -"]);
    assert!(selected.has_passwords);
}

#[test]
fn each_bad_line_is_a_problem_with_its_place() {
    let text = "web01\nweb 02\n[web\n[web:what]\nskipped here\n[a]\nx[1:\ny ansible_port=zero\n'z'\n\
                [b:vars]\nansible_password: geheim\n[a:children]\nc\n[a]\nw:99999\nu ansible_user='x\n";
    assert_eq!(
        problems(text),
        [
            "hosts line 2: \"web ...\" is not a host: only KEY=VALUE may follow the name",
            "hosts line 3: \"[web\": a range without its closing bracket",
            "hosts line 4: the section of \"web\" is not one of hosts, children and vars",
            "hosts line 7: \"x[1:\": a port is a number from 1 to 65535",
            "hosts line 9: \"'z'\" is not a host: it contains a quote or a backslash",
            "hosts line 11: it is not KEY=VALUE",
            "hosts line 15: \"w:99999\": a port is a number from 1 to 65535",
            "hosts line 16: a quote is not closed",
            "hosts line 10: there is no section [b]",
            "hosts line 13: there is no section [c]",
            "hosts line 8: ansible_port is not a port (1 to 65535) (host y)",
        ]
    );
}

#[test]
fn trees_are_refused_with_line_and_reason() {
    for (text, problem) in [
        ("all:\n  hosts:\n    - web01\n", "line 2: `hosts` of the group \"all\" is not a mapping"),
        (
            "web:\n  host:\n    a:\n",
            "line 2: the group \"web\" has a key that is not hosts, children or vars: \"host\"",
        ),
        ("web:\n  hosts:\n    a:\n    a:\n", "line 4: `hosts` of the group \"web\" has the same key twice"),
        ("web:\n  hosts: &a\n    a:\ndb:\n  hosts: *a\n", "line 5: an alias, which is not supported"),
        ("plugin: amazon.aws.aws_ec2\n", "line 1: it is the configuration of an inventory plugin"),
        ("a:\n  children:\n    b:\n      children:\n        a:\n", "the group a is part of itself"),
        ("{\"web\": {\"hosts\": [7, 8]}}", "hosts: \"7\" is not a host"),
        ("{\"web\": ", "line 1: not JSON, at column 8"),
        ("{\"web\": {\"hosts\": {\"a\": 7}}}", "hosts: the host \"a\" is not a mapping"),
    ] {
        let errors = select(text).unwrap_err();
        let shown = errors.problems[0].to_string();
        assert!(shown.contains(problem), "{text}: {shown}");
    }
}

#[test]
fn what_weakens_a_login_or_needs_ansible_refuses_the_host() {
    use InventoryProblemKind as Kind;
    let overridden = |kind| match kind {
        Kind::User => InventoryOverrides { user: true, ..InventoryOverrides::default() },
        Kind::Basic | Kind::Authentication => {
            InventoryOverrides { authentication: true, ..InventoryOverrides::default() }
        }
        Kind::Certificate => InventoryOverrides { certificate: true, ..InventoryOverrides::default() },
        _ => InventoryOverrides::default(),
    };
    for (variables, kind) in [
        ("ansible_user: \"{{ who }}\"", Kind::User),
        ("ansible_user: !vault |\n        $ANSIBLE_VAULT;1.1;AES256\n        6162", Kind::User),
        ("ansible_host: \"{{ ip }}\"", Kind::Evaluated),
        ("ansible_connection: '{% if x %}winrm{% endif %}'", Kind::Evaluated),
        ("ansible_port: !vault x", Kind::Evaluated),
        ("ansible_winrm_transport: basic", Kind::Basic),
        ("ansible_winrm_transport: ssl", Kind::Basic),
        ("ansible_winrm_transport: [basic, certificate]", Kind::Basic),
        ("ansible_winrm_transport: credssp", Kind::Authentication),
        ("ansible_winrm_server_cert_validation: ignore", Kind::Certificate),
        ("ansible_winrm_path: /x", Kind::Malformed),
        ("ansible_winrm_scheme: ftp", Kind::Malformed),
        ("ansible_port: 0", Kind::Malformed),
        ("ansible_user: [a, {b: c}]", Kind::Malformed),
        ("ansible_user: \"a\\nb\"", Kind::Malformed),
    ] {
        let text = format!("web:\n  hosts:\n    a:\n    b:\n  vars:\n      {variables}\n");
        let inventory = Inventory::read("hosts", &text);
        let errors = inventory.select(&[], InventoryOverrides::default()).unwrap_err();
        assert_eq!(errors.problems.len(), 1, "{variables}: {errors}");
        let problem = &errors.problems[0];
        let hosts = Some(("a".to_owned(), 2));
        assert_eq!((problem.kind, &problem.hosts, problem.place.line), (kind, &hosts, Some(6)), "{errors}");
        let again = inventory.select(&[], overridden(kind));
        let allowed = ![Kind::Evaluated, Kind::Malformed].contains(&kind);
        assert_eq!(again.is_ok(), allowed, "{variables}");
    }
}

#[test]
fn what_takes_no_effect_refuses_no_host() {
    for variables in [
        "ansible_winrm_transport: [kerberos, basic]",
        "ansible_winrm_transport: ntlm",
        "ansible_winrm_server_cert_validation: validate",
        "{ansible_winrm_server_cert_validation: ignore, ansible_winrm_scheme: http}",
        "{ansible_connection: psrp, ansible_winrm_transport: basic}",
        "app_url: \"{{ inventory_hostname }}\"",
        "ansible_password: !vault x",
        "{ansible_connection: ssh, ansible_host: '{{ ip }}'}",
    ] {
        let variables =
            if variables.starts_with('{') { variables.to_owned() } else { format!("{{{variables}}}") };
        let text = format!("web:\n  hosts:\n    a: {variables}\n");
        assert!(select(&text).is_ok(), "{variables}: {:?}", select(&text));
    }
}

#[test]
fn passwords_are_noted_and_not_kept() {
    let text = "web01 ansible_password=geheim ansible_winrm_pass=geheim\n";
    let inventory = Inventory::read("hosts", text);
    assert!(!format!("{inventory:?}").contains("geheim"));
    let selected = inventory.select(&[], InventoryOverrides::default()).unwrap();
    assert!(selected.has_passwords);
    // Nor is what may be one quoted.
    for text in [
        "ann:geheim@web01 x\n",
        "ann:geheim@web01 x=1 y\n",
        "ann:geheim@web01[ x=1\n",
        "web:\n  hosts:\n    ann:geheim@web01: 7\n",
    ] {
        let errors = select(text).unwrap_err();
        assert!(!format!("{errors} {errors:?}").contains("geheim"), "{errors:?}");
    }
}

#[test]
fn an_encrypted_file_refuses_its_hosts() {
    let mut inventory = Inventory::read("hosts", "[web]\na\n[db]\nb\n");
    inventory.add_variables(
        VariableOwner::Group,
        "web",
        "group_vars/web",
        "$ANSIBLE_VAULT;1.1;AES256\n6162\n",
    );
    let errors = inventory.select(&[], InventoryOverrides::default()).unwrap_err();
    let shown: Vec<_> = errors.problems.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["group_vars/web: the file is encrypted with Ansible Vault (host a)"]);
    assert!(inventory.select(&["db"], InventoryOverrides::default()).is_ok());
}

#[test]
fn one_name_with_two_ports_is_refused_where_ansible_would_take_the_first() {
    assert_eq!(
        problems("[web]\na:1\na:1\na:2\n"),
        ["hosts line 4: a has another port at hosts line 2; give one of them another name"]
    );
}

#[test]
fn the_number_of_hosts_is_bounded() {
    let text = "[a]\nx[000001:100000]\ny\n";
    assert_eq!(problems(text), ["hosts line 3: more than 100000 hosts"]);
    assert_eq!(problems("x[1:9999999999]\n"), ["hosts line 1: \"x[1:9999999999]\": more than 100000 hosts"]);
}

#[test]
fn the_form_is_recognised_by_the_text() {
    for (text, found) in [
        ("web01\n", None),
        ("web01:5986\n", None),
        ("[::1]:5985\n", None),
        ("web01 note=\"a: b\"\n", None),
        ("https://web01/wsman\n", None),
        ("# x\n---\nall:\n", Some(Form::Yaml)),
        ("all:  # x\n", Some(Form::Yaml)),
        ("all: {hosts: {a: }}\n", Some(Form::Yaml)),
        ("\n {\"a\": []}", Some(Form::Json)),
        ("", None),
    ] {
        assert_eq!(form(text), found, "{text}");
    }
}
