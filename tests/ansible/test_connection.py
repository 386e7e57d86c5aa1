"""The variables of an inventory as options of the command, each alone."""

import importlib
import pathlib
import sys
import types

import pytest

COLLECTION = pathlib.Path(__file__).parent.parent.parent / "packaging" / "ansible"

WINRM = {
    "remote_addr": "web01",
    "remote_user": "CONTOSO\\ann",
    "remote_password": "secret",
    "port": 5986,
    "scheme": None,
    "path": "/wsman",
    "transport": None,
    "kerberos_mode": None,
    "connection_timeout": None,
    "_extras": {},
}
PSRP = {
    "remote_addr": "web01",
    "remote_user": "CONTOSO\\ann",
    "remote_password": "secret",
    "port": None,
    "protocol": None,
    "path": "wsman",
    "auth": "negotiate",
    "cert_validation": "validate",
    "ca_cert": None,
    "message_encryption": "auto",
    "proxy": None,
    "negotiate_service": "WSMAN",
    "negotiate_hostname_override": None,
    "reconnection_retries": 0,
    "connection_timeout": 30,
    "operation_timeout": 20,
}
USER = "--user=CONTOSO\\ann"


@pytest.fixture(scope="module")
def collection():
    """The modules of the collection that need no Ansible, without its loader."""
    for name, path in [
        ("winrm_collection", COLLECTION),
        ("winrm_collection.plugins", COLLECTION / "plugins"),
        ("winrm_collection.plugins.plugin_utils", COLLECTION / "plugins" / "plugin_utils"),
        ("winrm_collection.plugins.doc_fragments", COLLECTION / "plugins" / "doc_fragments"),
        ("winrm_collection.plugins.modules", COLLECTION / "plugins" / "modules"),
    ]:
        package = types.ModuleType(name)
        package.__path__ = [str(path)]
        sys.modules[name] = package
    load = lambda name: importlib.import_module("winrm_collection.plugins." + name)
    return types.SimpleNamespace(
        connection=load("plugin_utils.connection"),
        arguments=load("plugin_utils.arguments"),
        problem=load("plugin_utils.problem").Problem,
        documentation=load("modules.session").DOCUMENTATION,
    )


@pytest.fixture
def endpoint(collection):
    """Where and how the command would connect, as one text; why it would not, if it is refused."""
    spec = collection.arguments.argument_spec(collection.documentation)

    def endpoint(transport, options, **task):
        args = {**{name: option.get("default") for name, option in spec.items()}, **task}
        try:
            found = collection.connection.endpoint(args, transport, options.__getitem__)
        except collection.problem as problem:
            return str(problem)
        assert not any("secret" in word for word in [found.url, *found.words])
        assert found.password == task.get("password", options.get("remote_password"))
        return " ".join([found.url, *found.words])

    return endpoint


HTTP = {"port": 5985}


@pytest.mark.parametrize(
    "options, task, expected",
    [
        ({}, {}, f"https://web01:5986/wsman {USER}"),
        (HTTP, {}, f"http://web01:5985/wsman {USER}"),
        ({"port": 80, "scheme": "http"}, {}, f"http://web01:80/wsman {USER}"),
        ({"port": 5985, "scheme": "https"}, {}, f"https://web01:5985/wsman {USER}"),
        ({"remote_addr": "2001:db8::7"}, {}, f"https://[2001:db8::7]:5986/wsman {USER}"),
        ({"remote_addr": "web01/x"}, {}, "'web01/x' is not the name or address of a host"),
        ({"remote_addr": "web01,web02"}, {}, "'web01,web02' is not the name"),
        ({"path": "/other"}, {}, "the path of the endpoint is /other"),
        ({"transport": ["ntlm"]}, {}, f"https://web01:5986/wsman {USER} --auth=ntlm"),
        ({"transport": ["kerberos"]}, {}, f"https://web01:5986/wsman {USER} --auth=kerberos"),
        ({"transport": ["ntlm", "kerberos"]}, {}, f"https://web01:5986/wsman {USER} --auth=negotiate"),
        ({"transport": ["credssp"]}, {}, "ansible_winrm_transport is credssp, which the command does not have; hint: set auth"),
        ({"transport": ["certificate"]}, {}, "ansible_winrm_transport is certificate, which the command does not have"),
        ({"transport": ["kerberos", "credssp"]}, {}, "ansible_winrm_transport is credssp,kerberos, which the command"),
        ({"transport": ["ssl"]}, {}, "ansible_winrm_transport is ssl, which sends the password to the host"),
        ({"transport": ["basic"], **HTTP}, {}, "ansible_winrm_transport is basic, which sends the password to the host"),
        ({"transport": ["ssl"]}, {"auth": "basic"}, f"https://web01:5986/wsman {USER} --auth=basic"),
        ({"transport": ["credssp"]}, {"auth": "negotiate"}, f"https://web01:5986/wsman {USER} --auth=negotiate"),
        ({"transport": ["kerberos"], "kerberos_mode": "managed"}, {}, "ansible_winrm_kinit_mode is managed"),
        ({"transport": ["kerberos"], "kerberos_mode": "manual"}, {}, f"https://web01:5986/wsman {USER} --auth=kerberos"),
        ({"connection_timeout": 90}, {}, f"https://web01:5986/wsman --operation-timeout=90s {USER}"),
        ({"connection_timeout": 90}, {"operation_timeout": "5s"}, f"https://web01:5986/wsman --operation-timeout=5s {USER}"),
        ({"remote_user": None, "remote_password": None}, {}, "https://web01:5986/wsman"),
        ({}, {"host": "db01", "port": 443, "tls": True, "user": "-x"}, "https://db01:443/wsman --user=-x"),
        ({}, {"tls": False, "port": 5985}, f"http://web01:5985/wsman {USER}"),
        ({}, {"password": "of the task"}, f"https://web01:5986/wsman {USER}"),
    ],
)
def test_a_winrm_connection(endpoint, options, task, expected):
    assert endpoint("winrm", {**WINRM, **options}, **task).startswith(expected)


@pytest.mark.parametrize(
    "extras, task, expected",
    [
        ({"server_cert_validation": "ignore"}, {}, "the inventory says to ignore the certificate of the host; hint: set certificate_pin"),
        (
            {"server_cert_validation": "ignore"},
            {"dangerous_skip_certificate_check": True},
            f"https://web01:5986/wsman --dangerous-skip-certificate-check {USER}",
        ),
        (
            {"server_cert_validation": "ignore"},
            {"certificate_pin": "sha256/AA="},
            f"https://web01:5986/wsman --certificate-pin=sha256/AA= {USER}",
        ),
        ({"server_cert_validation": "ignore"}, {"tls": False, "port": 5985}, f"http://web01:5985/wsman {USER}"),
        ({"ca_trust_path": "/ca.pem"}, {}, f"https://web01:5986/wsman {USER} --ca-file=/ca.pem"),
        ({"ca_trust_path": "legacy_requests"}, {}, f"https://web01:5986/wsman {USER}"),
        ({"message_encryption": "always"}, {}, "message encryption is set to always"),
        ({"message_encryption": "always"}, {"tls": False, "port": 5985}, f"http://web01:5985/wsman {USER}"),
        ({"message_encryption": "never"}, {"tls": False, "port": 5985}, f"http://web01:5985/wsman {USER}"),
        ({"kerberos_hostname_override": "web01.lab"}, {}, f"https://web01:5986/wsman {USER} --spn=HTTP/web01.lab"),
        ({"service": "host"}, {}, f"https://web01:5986/wsman {USER} --spn=host"),
        ({"service": "HTTP", "kerberos_delegation": True}, {}, f"https://web01:5986/wsman {USER}"),
        ({"keytab": "/k"}, {}, "ansible_winrm_keytab is not supported"),
        ({"proxy": "http://proxy"}, {}, "the connection has a proxy"),
        ({"operation_timeout_sec": 40}, {}, f"https://web01:5986/wsman --operation-timeout=40s {USER}"),
    ],
)
def test_what_pywinrm_alone_knows(endpoint, extras, task, expected):
    options = {**WINRM, "_extras": {"ansible_winrm_" + name: value for name, value in extras.items()}}
    said = endpoint("winrm", options, **task)
    assert said == expected if said.startswith("http") else said.startswith(expected)


@pytest.mark.parametrize(
    "options, task, expected",
    [
        ({}, {}, f"https://web01:5986/wsman {USER} --auth=negotiate"),
        ({"port": 5985}, {}, f"http://web01:5985/wsman {USER} --auth=negotiate"),
        ({"protocol": "http"}, {}, f"http://web01:5985/wsman {USER} --auth=negotiate"),
        ({"port": 80}, {}, f"https://web01:80/wsman {USER} --auth=negotiate"),
        ({"auth": "kerberos"}, {}, f"https://web01:5986/wsman {USER} --auth=kerberos"),
        ({"auth": "basic"}, {}, "ansible_psrp_auth is basic, which sends the password to the host"),
        ({"auth": "basic"}, {"auth": "basic"}, f"https://web01:5986/wsman {USER} --auth=basic"),
        ({"auth": "certificate"}, {}, "ansible_psrp_auth is certificate, which the command does not have"),
        ({"auth": "credssp"}, {}, "ansible_psrp_auth is credssp, which the command does not have"),
        ({"cert_validation": "ignore"}, {}, "the inventory says to ignore the certificate of the host"),
        ({"ca_cert": "/ca.pem"}, {}, f"https://web01:5986/wsman {USER} --ca-file=/ca.pem --auth=negotiate"),
        ({"message_encryption": "always"}, {}, "message encryption is set to always"),
        ({"path": "other"}, {}, "the path of the endpoint is other"),
        ({"proxy": "http://proxy"}, {}, "the connection has a proxy"),
        (
            {"negotiate_hostname_override": "web01.lab"},
            {},
            f"https://web01:5986/wsman {USER} --spn=WSMAN/web01.lab --auth=negotiate",
        ),
        ({"negotiate_service": "HTTP"}, {}, f"https://web01:5986/wsman {USER} --spn=HTTP --auth=negotiate"),
        ({"connection_timeout": 5}, {}, f"https://web01:5986/wsman --connect-timeout=5s {USER} --auth=negotiate"),
        ({"operation_timeout": 50}, {}, f"https://web01:5986/wsman --operation-timeout=50s {USER} --auth=negotiate"),
        ({"reconnection_retries": 3}, {}, f"https://web01:5986/wsman --retries=3 {USER} --auth=negotiate"),
    ],
)
def test_a_psrp_connection(endpoint, options, task, expected):
    said = endpoint("psrp", {**PSRP, **options}, **task)
    assert said == expected if said.startswith("http") else said.startswith(expected)


def test_another_connection_needs_the_host_of_the_task(endpoint):
    assert endpoint("local", {}).startswith("the connection of this host is local, not winrm or psrp; hint: remove delegate_to")
    task = {"host": "web01", "user": "ann", "password": "x"}
    assert endpoint("ssh", {}, **task) == "http://web01:5985/wsman --user=ann"


def test_selectors_are_words_of_the_command(collection):
    words = collection.arguments.selection_words
    assert words({"owner": ["*ci", "-o"], "all": True, "idle": "<2h", "mine": False, "session_state": ["opened"]}) == [
        "--all",
        "--owner=*ci",
        "--owner=-o",
        "--state=opened",
        "--idle=<2h",
    ]
    assert words({"session": [{"InstanceId": "a"}, {"InstanceId": "b"}]}) == ["--instance-id=a", "--instance-id=b"]
    # An empty list selects nothing; an empty list of exceptions has none.
    assert words({"owner": ["x"], "instance_id": []}) is None
    assert words({"owner": ["x"], "session": []}) is None
    assert words({"owner": ["x"], "exclude": [], "not_owner": []}) == ["--owner=x"]
    for args, said in [
        ({"name": ["a,b"]}, "the value 'a,b' contains a comma"),
        ({"session": [{"Name": "x"}]}, "an object has no InstanceId"),
        ({"name": ["a\0b"]}, "contains a null character"),
    ]:
        with pytest.raises(collection.problem, match=said):
            words(args)
