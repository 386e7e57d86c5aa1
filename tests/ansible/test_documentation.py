"""What ansible-doc shows is what the actions accept, and the collection has the version of the command."""

import json
import re
import subprocess
import sys

import pytest
import yaml
from conftest import COLLECTION


def ansible(environment, *words):
    run = subprocess.run(
        [sys.executable, "-m", "ansible", *words], env=environment, capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.parametrize("module, needed", [("session", {"state"}), ("session_info", set())])
def test_ansible_doc_shows_each_option(ansible_environment, module, needed):
    name = "pssession.winrm." + module
    shown = ansible(ansible_environment, "doc", "-t", "module", name)
    assert "skip_recent_mine" in shown and "pssession" in shown
    described = json.loads(ansible(ansible_environment, "doc", "-t", "module", "--json", name))[name]
    options = described["doc"]["options"]
    assert {option for option, of in options.items() if of.get("required")} == needed
    assert {"owner", "idle", "client_ip", "password", "tls", "certificate_pin"} <= options.keys()
    assert all(of["description"] for of in options.values())
    for example in yaml.safe_load(described["examples"]):
        used = next(value for key, value in example.items() if key not in ("name", "register"))
        if any(key.startswith(name) and not key.endswith("_info") for key in example) and used:
            assert used.keys() <= options.keys()
    assert "sessions" in described["return"]


def test_the_versions_are_one():
    cargo = (COLLECTION.parent.parent / "Cargo.toml").read_text()
    version = re.search(r'^version = "(.*)"$', cargo, re.MULTILINE).group(1)
    assert yaml.safe_load((COLLECTION / "galaxy.yml").read_text())["version"] == version
    changelog = yaml.safe_load((COLLECTION / "changelogs" / "changelog.yaml").read_text())
    assert version in changelog["releases"]
