# SPDX-License-Identifier: MIT OR Apache-2.0
# GNU General Public License v3.0 compatible; see LICENSE-MIT and LICENSE-APACHE.
from __future__ import annotations

DOCUMENTATION = r"""
---
module: session_info
short_description: List the PowerShell sessions and WinRM shells of a Windows host
version_added: 0.1.0
description:
  - Lists the sessions on a host, with their owners, the addresses of their clients and their idle times.
  - Without a selector or a filter it lists all.
  - It runs C(pssession get) on the controller, with the login of the host's connection.
options:
  skip_running:
    description:
      - Leave out sessions in which a command runs, or may run.
    type: bool
    default: false
  skip_recent_mine:
    description:
      - Leave out sessions that are, or may be, of the login's account and that were used within this time, such as V(1m).
    type: str
  commands:
    description:
      - Ask for the commands that run in each session. This costs at least one request for each.
    type: bool
    default: false
extends_documentation_fragment:
  - pssession.winrm.selection
  - pssession.winrm.login
attributes:
  diff_mode:
    support: none
    details:
      - Nothing changes.
seealso:
  - module: pssession.winrm.session
author:
  - The pssession developers (@pssession)
"""

EXAMPLES = r"""
- name: Who uses the shells of this host?
  pssession.winrm.session_info:
  register: shells

- name: Print the owners
  ansible.builtin.debug:
    msg: "{{ shells.sessions | map(attribute='Owner') | unique }}"

- name: List what the CI account left disconnected
  pssession.winrm.session_info:
    owner: CONTOSO\ci-runner
    session_state: disconnected
    idle: 2h
"""

RETURN = r"""
sessions:
  description:
    - The sessions, with PowerShell's property names. Durations are in seconds, times are in UTC, and null means that the host did not
      report the value. The names below are some of them.
  returned: success
  type: list
  elements: dict
  contains:
    Id:
      description: The Id in the local table of the controller.
      type: int
    Name:
      description: The name that the client gave to the session.
      type: str
    InstanceId:
      description: The instance id.
      type: str
    Owner:
      description: The account that opened the session.
      type: str
    ClientIP:
      description: The address of the client.
      type: str
    State:
      description: V(Opened), V(Disconnected), V(Closed) or V(Broken).
      type: str
    ConfigurationName:
      description: The PowerShell configuration; null for a cmd shell.
      type: str
    ShellInactivity:
      description: For how many seconds nothing has happened in the session.
      type: float
    ShellRunTime:
      description: For how many seconds the session has existed.
      type: float
    CommandIds:
      description: The commands that run in the session; null where O(commands) is not set.
      type: list
      elements: str
  sample:
    - ClientIP: 192.0.2.20
      ConfigurationName: Microsoft.PowerShell
      Id: 1
      InstanceId: 910a2dec-8902-4cc1-beeb-8da1658eec67
      Name: build-1
      Owner: CONTOSO\ci-runner
      ShellInactivity: 1874
      ShellRunTime: 140834
      State: Disconnected
errors:
  description: The errors of the command, as it prints them with C(-o ndjson).
  returned: failure
  type: list
  elements: dict
exit_code:
  description: The exit code of the command.
  returned: always, if the command ran
  type: int
"""
