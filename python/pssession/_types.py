"""What the control endpoint of the simulator takes and gives."""

from __future__ import annotations

from typing import List, Optional, TypedDict


class _Match(TypedDict):
    match: str


class Rule(_Match, total=False):
    """What commands and pipelines answer whose text ``match`` matches, a pattern with PowerShell's wildcards."""

    stdout: str
    stderr: str
    exit_code: int
    # In seconds.
    delay: float
    # "cmd" or "ps"; without it the rule is for both.
    type: str
    reads_stdin: bool
    times: int


class Command(TypedDict):
    """A command of a shell."""

    CommandId: str
    CommandLine: str
    State: str


class Shell(TypedDict):
    """An open shell. Durations are in seconds."""

    ShellId: str
    Name: Optional[str]
    ResourceUri: str
    Owner: str
    ClientIP: str
    State: Optional[str]
    IdleTimeout: float
    ShellRunTime: float
    ShellInactivity: float
    Commands: List[Command]


class LogEntry(TypedDict):
    """An operation that a client asked for, or a login that was refused."""

    Operation: str
    ShellId: Optional[str]
    CommandId: Optional[str]
    # What the operation started, decoded.
    CommandLine: Optional[str]
    ResourceUri: str
    User: Optional[str]
    Connection: int
    Sealed: bool
    MessageId: Optional[str]
    # In seconds since the start.
    Time: float
    Status: int
    FaultCode: Optional[int]
    # Why a login was refused.
    Reason: Optional[str]
