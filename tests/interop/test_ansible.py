"""Ansible over its winrm and psrp connections: `raw`, `win_ping`, and a module that a rule answers for."""

import contextlib
import importlib.util
import json
import subprocess
import sys

import pssession
import pytest

# The variables of each login, and whether its bodies are sealed.
LOGINS = {
    "winrm-basic": ({"ansible_connection": "winrm", "ansible_winrm_transport": "basic"}, False),
    "winrm-ntlm": ({"ansible_connection": "winrm", "ansible_winrm_transport": "ntlm"}, True),
    "psrp-basic": (
        {"ansible_connection": "psrp", "ansible_psrp_auth": "basic", "ansible_psrp_message_encryption": "never"},
        False,
    ),
    "psrp-ntlm": ({"ansible_connection": "psrp", "ansible_psrp_auth": "ntlm"}, True),
}
SERVICE = json.dumps({"changed": True, "name": "W32Time", "state": "running"})


@pytest.fixture
def servers():
    """A simulator for each login, so that one run of Ansible, which takes seconds, tries them all."""
    with contextlib.ExitStack() as stack:
        start = lambda: stack.enter_context(pssession.simulator(allow_unencrypted=True))
        yield {login: start() for login in LOGINS}


@pytest.fixture
def ansible(servers, need, tmp_path):
    """Runs one module on each simulator, and gives the results."""
    need("ansible-core", importlib.util.find_spec("ansible"))
    need("ansible.windows", importlib.util.find_spec("ansible_collections"))
    hosts = {
        login: {
            "ansible_host": "127.0.0.1",
            "ansible_port": server.port,
            "ansible_user": server.user,
            "ansible_password": server.password,
            "ansible_winrm_scheme": "http",
            "ansible_psrp_protocol": "http",
            **LOGINS[login][0],
        }
        for login, server in servers.items()
    }
    inventory = tmp_path / "hosts.json"
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
    # Empty, so that no configuration of the machine counts.
    config = tmp_path / "ansible.cfg"
    config.touch()

    def ansible(*module):
        results = tmp_path / "results"
        run = subprocess.run(
            [sys.executable, "-m", "ansible", "adhoc", "all", "-i", inventory, "--tree", results, "-m", *module],
            env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "ANSIBLE_CONFIG": str(config)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        found = {file.name: json.loads(file.read_text()) for file in results.glob("*")}
        assert found.keys() == LOGINS.keys(), run.stdout
        return found

    return ansible


def test_raw_win_ping_and_a_rule(servers, ansible):
    for login, result in ansible("raw", "-a", "whoami").items():
        assert (result["rc"], result["stdout"].strip()) == (0, "contoso\\admin"), (login, result)
    for login, result in ansible("ansible.windows.win_ping", "-a", "data=hello").items():
        assert (result["changed"], result.get("ping")) == (False, "hello"), (login, result)
    for login, server in servers.items():
        assert server.shells == [], login
        assert {entry["Sealed"] for entry in server.log} == {LOGINS[login][1]}, login
        assert 'ansible.windows.win_ping {"data":"hello"}' in [entry["CommandLine"] for entry in server.log], login

    for server in servers.values():
        server.script({"match": "ansible.windows.win_service *", "stdout": SERVICE})
    for login, result in ansible("ansible.windows.win_service", "-a", "name=W32Time state=started").items():
        assert (result["changed"], result.get("state")) == (True, "running"), (login, result)
    for login, result in ansible("ansible.windows.win_file", "-a", "path=C:\\x state=absent").items():
        assert "no rule for the module ansible.windows.win_file" in result["msg"], (login, result)
