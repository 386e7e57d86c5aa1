# SPDX-License-Identifier: MIT OR Apache-2.0
from __future__ import annotations


class ModuleDocFragment:
    """Which sessions: the selectors and filters of the command."""

    DOCUMENTATION = r"""
options:
  id:
    description:
      - Sessions by the Id of the local table of the controller, as C(pssession get) shows it there. Numbers and ranges such as
        V(4..7).
    type: list
    elements: str
  name:
    description:
      - Sessions by name, with PowerShell's wildcards.
    type: list
    elements: str
  instance_id:
    description:
      - Sessions by instance id.
    type: list
    elements: str
  session:
    description:
      - Session objects, as RV(pssession.winrm.session_info#module:sessions) has them. They are selected by their C(InstanceId), so that
        a session of another host is never selected.
    type: list
    elements: dict
  all:
    description:
      - Every session.
    type: bool
    default: false
  owner:
    description:
      - Owned by one of these accounts, with PowerShell's wildcards. A name without C(\) or C(@) is that name under any authority.
    type: list
    elements: str
  not_owner:
    description:
      - Leave out the sessions that are, or may be, owned by one of these accounts.
    type: list
    elements: str
  mine:
    description:
      - Owned by the account of the login.
    type: bool
    default: false
  not_mine:
    description:
      - Owned by another account than that of the login.
    type: bool
    default: false
  client_ip:
    description:
      - Opened from one of these addresses or networks.
    type: list
    elements: str
  session_state:
    description:
      - In one of these states. The command calls this option C(--state).
    type: list
    elements: str
    choices: [opened, connected, disconnected, closed, broken]
  type:
    description:
      - Of one of these types, which are V(ps) or V(powershell), V(cmd), and resource URIs.
    type: list
    elements: str
  configuration_name:
    description:
      - Of one of these PowerShell configurations, with wildcards.
    type: list
    elements: str
  idle:
    description:
      - Idle for at least this long, such as V(8s), V(30m), V(2h) or V(1d). V(<10m) means less than that.
    type: str
  age:
    description:
      - Open for at least this long, written as O(idle).
    type: str
  exclude:
    description:
      - Leave out the sessions with one of these names, with wildcards.
    type: list
    elements: str
  running:
    description:
      - Only sessions in which a command runs.
    type: bool
    default: false
  keep_newest:
    description:
      - Leave out this many of the newest of the selected sessions.
    type: int
  per:
    description:
      - Apply O(keep_newest) to each group of these properties.
    type: list
    elements: str
    choices: [owner, client-ip, computer-name, name, type, configuration-name]
"""
