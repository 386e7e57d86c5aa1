# SPDX-License-Identifier: MIT OR Apache-2.0
"""The options of a task: their types come from the documentation, their words are those of the command."""

from __future__ import annotations

from typing import Any

import yaml

from ..doc_fragments.login import ModuleDocFragment as LoginFragment
from ..doc_fragments.selection import ModuleDocFragment as SelectionFragment
from .problem import Problem

# What the command calls by another name.
WORDS = {"session_state": "state"}

# Lists whose values are left out: without a value nothing is left out. Any other list without a value matches nothing.
EXCLUDING = ("not_owner", "exclude")

# Each of these alone says which sessions are meant.
SELECTING = (
    "id",
    "name",
    "instance_id",
    "session",
    "all",
    "owner",
    "not_owner",
    "mine",
    "not_mine",
    "client_ip",
    "session_state",
    "type",
    "configuration_name",
    "idle",
    "age",
    "exclude",
    "running",
    "keep_newest",
)

MUTUALLY_EXCLUSIVE = [
    ("mine", "not_mine"),
    ("id", "instance_id", "session"),
]


def argument_spec(documentation: str) -> dict[str, dict[str, Any]]:
    """What a module documents, with its fragments, as Ansible's validator takes it."""
    spec = {}
    for text in (SelectionFragment.DOCUMENTATION, LoginFragment.DOCUMENTATION, documentation):
        for name, documented in yaml.safe_load(text)["options"].items():
            kept = ("type", "elements", "choices", "default", "required")
            spec[name] = {key: documented[key] for key in kept if key in documented}
    spec["password"]["no_log"] = True
    return spec


def selection_words(args: dict[str, Any]) -> list[str] | None:
    """The selectors and filters as options of the command; None if an empty list selects nothing."""
    words = []
    given = dict(args)
    sessions = given.pop("session", None)
    if sessions is not None:
        given["instance_id"] = [_instance_id(session) for session in sessions]
    for name in (*SELECTING, "per", "skip_running", "skip_recent_mine"):
        value = given.get(name)
        if value is None or value is False:
            continue
        if value == [] and name not in EXCLUDING:
            return None
        words += option(name, value)
    return words


def option(name: str, value: Any) -> list[str]:
    """One option of the command. Its value stands in the same word, so that it is never read as an option."""
    flag = "--" + WORDS.get(name, name).replace("_", "-")
    if value is None or value is False:
        return []
    if value is True:
        return [flag]
    words = []
    for element in value if isinstance(value, list) else [value]:
        text = str(element)
        if "\0" in text:
            raise Problem("%s: a value contains a null character" % name, "remove it")
        if isinstance(value, list) and "," in text:
            raise Problem("%s: the value %r contains a comma" % (name, text), "use several values, or the wildcard ? for a comma")
        words.append("%s=%s" % (flag, text))
    return words


def options(args: dict[str, Any], names: tuple[str, ...]) -> list[str]:
    return [word for name in names for word in option(name, args.get(name))]


def _instance_id(session: dict[str, Any]) -> str:
    instance_id = session.get("InstanceId")
    if not instance_id:
        raise Problem(
            "session: an object has no InstanceId",
            "use objects that pssession.winrm.session_info returned",
        )
    return instance_id
