# SPDX-License-Identifier: MIT OR Apache-2.0
# GNU General Public License v3.0 compatible; see LICENSE-MIT and LICENSE-APACHE.
from __future__ import annotations

DOCUMENTATION = r"""
---
module: session
short_description: Close PowerShell sessions and WinRM shells of a Windows host
version_added: 0.1.0
description:
  - Closes the sessions of a host that match, and then asks the host again. The task fails if one of them is not proven gone.
  - If no session matches, nothing changes and the task succeeds.
  - It runs C(pssession remove) on the controller, with the login of the host's connection.
  - Different options must all match. The values of one option are alternatives. An option with an empty list matches nothing, except
    O(not_owner) and O(exclude).
  - At least one option that selects is required. Use O(all) to close every session.
options:
  state:
    description:
      - The sessions that match are gone afterwards.
    type: str
    choices: [absent]
    required: true
  skip_running:
    description:
      - Leave out sessions in which a command runs, or may run, such as the shell of another play that works on the host.
      - The default is V(true), unless O(running) is set.
    type: bool
  skip_recent_mine:
    description:
      - Leave out sessions that are, or may be, of the login's account and that were used within this time. They may be of this play
        or of another that works on the host now.
      - V(0s) leaves out none.
    type: str
    default: 1m
  signal:
    description:
      - Whether to signal the commands of a session before it is deleted. With V(never) the host ends them.
    type: str
    choices: [auto, never]
    default: auto
  max_close:
    description:
      - Close nothing, and fail, if more sessions than this are selected.
    type: int
  max_close_percent:
    description:
      - Close nothing, and fail, if more than this part of the listed sessions is selected.
    type: int
  session_deadline:
    description:
      - The time to close and verify one session, such as V(120s).
    type: str
extends_documentation_fragment:
  - pssession.winrm.selection
  - pssession.winrm.login
seealso:
  - module: pssession.winrm.session_info
author:
  - The pssession developers (@pssession)
"""

EXAMPLES = r"""
- name: Close what the CI account leaked
  pssession.winrm.session:
    state: absent
    owner: '*ci-runner'
    idle: 2h
    max_close: 30

- name: Cut one owner, whatever runs in the sessions
  pssession.winrm.session:
    state: absent
    owner: CONTOSO\mallory
    skip_running: false

- name: Keep the newest session of each client of ours
  pssession.winrm.session:
    state: absent
    mine: true
    keep_newest: 1
    per: client-ip

- name: List the sessions
  pssession.winrm.session_info:
  register: found

- name: Close those that a filter of Jinja selects
  pssession.winrm.session:
    state: absent
    session: "{{ found.sessions | selectattr('ShellRunTime', '>', 86400) }}"
"""

RETURN = r"""
sessions:
  description:
    - The selected sessions, with PowerShell's property names (see RV(pssession.winrm.session_info#module:sessions)), and what became of
      them.
  returned: always, if there was a plan
  type: list
  elements: dict
  contains:
    Outcome:
      description:
        - V(Closed) and V(AlreadyGone) are proven. V(Failed) means that the session is still there or could not be touched, V(Unknown)
          that there is no proof, and V(WhatIf) that the task ran in check mode.
      type: str
    ProvenGone:
      description: Whether the host was asked again and proved that the session is gone.
      type: bool
    Reason:
      description: Why the outcome is not V(Closed).
      type: str
    FaultCode:
      description: The code of the WSMan fault of the host.
      type: int
    Signals:
      description: How many commands of the session were signalled.
      type: int
    ElapsedMs:
      description: How many milliseconds it took to close and verify the session.
      type: int
  sample:
    - InstanceId: 910a2dec-8902-4cc1-beeb-8da1658eec67
      Name: build-1
      Outcome: Closed
      Owner: CONTOSO\ci-runner
      ProvenGone: true
      Reason:
      Signals: 0
counts:
  description: How many sessions have each outcome.
  returned: always, if there was a plan
  type: dict
  sample: {AlreadyGone: 0, Closed: 2, Declined: 0, Failed: 0, NotStarted: 0, Unknown: 0, WhatIf: 0}
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
