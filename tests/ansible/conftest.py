"""Plays of ansible-core with the collection of packaging/ansible, on simulated hosts."""

import importlib.util
import json
import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
COLLECTION = HERE.parent.parent / "packaging" / "ansible"


@pytest.fixture(autouse=True)
def ansible_core():
    if importlib.util.find_spec("ansible") is None:
        missing = pytest.fail if "PSSESSION_REQUIRE_TOOLS" in os.environ else pytest.skip
        missing("ansible-core is not installed")


@pytest.fixture
def collections(tmp_path):
    """A folder of collections that has ours."""
    place = tmp_path / "collections" / "ansible_collections" / "pssession" / "winrm"
    place.parent.mkdir(parents=True)
    place.symlink_to(COLLECTION)
    return tmp_path / "collections"


class Results(list):
    """Results of the tasks of a play, and its whole output."""

    output = ""

    def of(self, task, host=None):
        """The one result of this task, with how it ended as `status`."""
        found = [record for record in self if record["task"] == task and host in (None, record["host"])]
        assert len(found) == 1, self.output
        return {**found[0]["result"], "status": found[0]["status"]}


def over_winrm(server, **variables):
    """The variables of a host over NTLM and HTTP."""
    return {
        "ansible_connection": "winrm",
        "ansible_winrm_scheme": "http",
        "ansible_winrm_transport": "ntlm",
        **_at(server),
        **variables,
    }


def over_psrp(server, **variables):
    return {"ansible_connection": "psrp", "ansible_psrp_protocol": "http", **_at(server), **variables}


def _at(server):
    return {
        "ansible_host": "127.0.0.1",
        "ansible_port": server.port,
        "ansible_user": server.user,
        "ansible_password": server.password,
    }


@pytest.fixture
def ansible_environment(tmp_path, collections):
    """So that no configuration of the machine counts."""
    config = tmp_path / "ansible.cfg"
    config.touch()
    return {
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PSSESSION": os.environ["PSSESSION"],
        "ANSIBLE_CONFIG": str(config),
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
        "ANSIBLE_CALLBACKS_ENABLED": "results",
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }


@pytest.fixture
def play(tmp_path, ansible_environment):
    """Runs tasks on hosts, given by their variables; `options` are those of ansible-playbook."""

    def play(hosts, *tasks, options=(), keywords=None, environment=None):
        inventory = tmp_path / "hosts.json"
        inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
        playbook = tmp_path / "play.json"
        playbook.write_text(
            json.dumps([{"hosts": "all", "gather_facts": False, "tasks": list(tasks), **(keywords or {})}])
        )
        written = tmp_path / "results.ndjson"
        written.unlink(missing_ok=True)
        run = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", "-i", inventory, *options, playbook],
            env={**ansible_environment, "RESULTS": str(written), **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=180,
        )
        assert written.exists(), run.stdout
        results = Results(json.loads(line) for line in written.read_text().splitlines())
        results.output = run.stdout
        return results

    return play
