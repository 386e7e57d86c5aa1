# SPDX-License-Identifier: MIT OR Apache-2.0
from __future__ import annotations

from typing import Any

from ..modules.session import DOCUMENTATION
from ..plugin_utils.action import CommandAction
from ..plugin_utils.arguments import SELECTING, options, selection_words
from ..plugin_utils.command import Command, Run
from ..plugin_utils.problem import Problem

PROVEN_GONE = ("Closed", "AlreadyGone")

# What a task says that leaves out nothing; the command has no word for it.
NO_TIME = ("0s", "0")


class ActionModule(CommandAction):
    """Closes the sessions of a host that match."""

    documentation = DOCUMENTATION

    def work(self, args: dict[str, Any]) -> dict[str, Any]:
        if not any(args[name] or args[name] == [] for name in SELECTING):
            raise Problem("no selector for the sessions to close", "set one, such as owner, name, or all: true")
        if args["skip_running"] and args["running"]:
            raise Problem("running and skip_running exclude each other", "remove one of them")
        if args["skip_running"] is None:
            args["skip_running"] = not args["running"]
        if args["skip_recent_mine"].strip() in NO_TIME:
            args["skip_recent_mine"] = None
        command = self.command(args)
        words = selection_words(args)
        if words is None:
            return {"changed": False, "sessions": []}
        before = self._before(command) if self._task.diff else None
        words += options(args, ("signal", "max_close", "max_close_percent", "session_deadline"))
        run = command.remove([*words, *(["--what-if"] if self._task.check_mode else [])])
        return _result(run, before)

    def _before(self, command: Command) -> list[dict[str, Any]] | None:
        """All sessions of the host; None if they cannot be listed, which the run reports itself."""
        run = command.get([])
        return run.records if run.exit_code == 0 else None


def _result(run: Run, before: list[dict[str, Any]] | None) -> dict[str, Any]:
    sessions = (run.report or {}).get("Sessions") or []
    for session in sessions:
        session["ProvenGone"] = session["Outcome"] in PROVEN_GONE
    what_if = bool(run.report and run.report["WhatIf"])
    gone = [session for session in sessions if session["ProvenGone"] or session["Outcome"] == "WhatIf"]
    kept = [session for session in sessions if session not in gone]
    changed = any(session["Outcome"] in ("Closed", "WhatIf") for session in sessions)
    result: dict[str, Any] = {"changed": changed, "sessions": sessions, "exit_code": run.exit_code}
    result["warnings"] = run.notes
    if run.report:
        result["counts"] = run.report["Counts"]
    if before is not None:
        result["diff"] = _diff(before, gone, what_if)
    if run.exit_code != 0 or kept:
        result.update(failed=True, msg=_failure(run, kept), errors=run.errors)
    return result


def _failure(run: Run, kept: list[dict[str, Any]]) -> str:
    if not kept:
        return run.message()
    count = "1 session is" if len(kept) == 1 else "%d sessions are" % len(kept)
    each = ["%s: %s" % (session["InstanceId"], session["Reason"] or session["Outcome"] or "no outcome") for session in kept]
    return "%s not proven gone: %s; %s" % (count, ", ".join(each), run.message())


def _diff(before: list[dict[str, Any]], gone: list[dict[str, Any]], what_if: bool) -> dict[str, str]:
    """The sessions of the host before, and without those that are gone."""
    ids = {session["InstanceId"] for session in gone}
    after = [session for session in before if session["InstanceId"] not in ids]
    return {
        "before_header": "sessions",
        "after_header": "sessions (check mode)" if what_if else "sessions",
        "before": _listed(before),
        "after": _listed(after),
    }


def _listed(sessions: list[dict[str, Any]]) -> str:
    names = ("InstanceId", "Owner", "Name", "State", "ClientIP")
    lines = [" ".join(str(session[name] or "-") for name in names) for session in sessions]
    return "".join(line + "\n" for line in sorted(lines))
