# SPDX-License-Identifier: MIT OR Apache-2.0
from __future__ import annotations

from typing import Any

from ..modules.session_info import DOCUMENTATION
from ..plugin_utils.action import CommandAction
from ..plugin_utils.arguments import option, selection_words


class ActionModule(CommandAction):
    """Lists the sessions of a host."""

    documentation = DOCUMENTATION

    def work(self, args: dict[str, Any]) -> dict[str, Any]:
        command = self.command(args)
        words = selection_words(args)
        if words is None:
            return {"changed": False, "sessions": []}
        run = command.get([*words, *option("commands", args["commands"]), "--ignore-not-found"])
        result = {"changed": False, "sessions": run.records, "exit_code": run.exit_code, "warnings": run.notes}
        if run.exit_code != 0:
            result.update(failed=True, msg=run.message(), errors=run.errors)
        return result
