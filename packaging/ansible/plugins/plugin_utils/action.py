# SPDX-License-Identifier: MIT OR Apache-2.0
"""What both actions share."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from .arguments import MUTUALLY_EXCLUSIVE, argument_spec
from .command import Command
from .connection import endpoint
from .problem import Problem

display = Display()


class CommandAction(ActionBase):
    """A task that runs the command on the controller, and opens no connection of Ansible's."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    documentation = ""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        del tmp
        args = self.validate_argument_spec(
            argument_spec(self.documentation),
            mutually_exclusive=MUTUALLY_EXCLUSIVE,
            required_by={"per": "keep_newest"},
        )[1]
        try:
            result.update(self.work(args))
        except Problem as problem:
            raise AnsibleActionFail(to_text(problem)) from None
        return result

    def work(self, args: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def command(self, args: dict[str, Any]) -> Command:
        """The command, with the login of this host."""

        def get_option(name: str) -> Any:
            value = self._connection.get_option(name)
            # Secrets of a vault are texts of their own kind in some versions of Ansible.
            return to_text(value) if name in ("remote_user", "remote_password") and value is not None else value

        where = endpoint(args, self._connection.transport, get_option)
        command = Command(where, args["executable"])
        display.vvv("PSSESSION ON %s" % where.url, host=self._play_context.remote_addr)
        return command
