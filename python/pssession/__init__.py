"""A simulated WinRM host for tests of WinRM and PowerShell remoting clients.

    import pssession

    with pssession.simulator() as server:
        ...  # your client connects to server.url, as server.user with server.password

With pytest, the fixture ``winrm_server`` gives each test a host of its own. It needs no Windows.
"""

from ._simulator import Simulator, SimulatorError, simulator
from ._types import Command, LogEntry, Rule, Shell

__all__ = ["Command", "LogEntry", "Rule", "Shell", "Simulator", "SimulatorError", "simulator"]
