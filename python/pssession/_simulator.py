"""Starts ``pssession simulator``, and gives it orders."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
import tempfile
import urllib.error
import urllib.request
from types import TracebackType
from typing import Any, Dict, List, Mapping, Optional, Sequence, Type, Union, cast

from ._types import LogEntry, Rule, Shell

Script = Union[str, "os.PathLike[str]", Rule, Sequence[Rule]]

# How long the program may take to end, and to answer a control request, in seconds.
_TIMEOUT = 10


class SimulatorError(Exception):
    """The simulator did not start, or refused an order; the message says why."""


def simulator(
    *,
    profile: str = "2022",
    shells: int = 0,
    user: Optional[str] = None,
    script: Optional[Script] = None,
    allow_unencrypted: bool = False,
    tls: bool = False,
    options: Sequence[str] = (),
    binary: Optional[str] = None,
) -> Simulator:
    """Starts a simulated WinRM host on a free port of this machine; it ends with the ``with`` block.

    ``profile`` is the server's generation, ``shells`` how many shells it has at the start, ``user`` its administrator
    (``DOMAIN\\name``), ``script`` what commands and pipelines answer: a file, a rule, or a list of rules.
    ``allow_unencrypted`` offers Basic and takes bodies in clear; ``tls`` speaks TLS alone, with a certificate that
    ``ca_file`` verifies. ``options`` are more of the command's own, and ``binary`` is the command, if it is not the one
    that this package brought.
    """
    return Simulator(
        [
            binary or _binary(),
            "simulator",
            "--output=json",
            f"--profile={profile}",
            f"--shells={shells}",
            *([] if user is None else [f"--user={user}"]),
            *(["--allow-unencrypted"] if allow_unencrypted else []),
            *(["--tls"] if tls else []),
            *options,
        ],
        script,
    )


class Simulator:
    """A simulated WinRM host that runs."""

    def __init__(self, command: Sequence[str], script: Optional[Script] = None) -> None:
        rules = None
        if isinstance(script, (str, os.PathLike)):
            command = [*command, f"--script={os.fspath(script)}"]
        elif script is not None:
            command, rules = [*command, "--script=-"], json.dumps(script)
        with tempfile.TemporaryFile("w+") as stderr:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, universal_newlines=True
            )
            assert self._process.stdin and self._process.stdout
            try:
                if rules is not None:
                    self._process.stdin.write(rules)
                self._process.stdin.close()
            except BrokenPipeError:
                # It has ended, and says why.
                pass
            # One line, written when it listens.
            line = self._process.stdout.readline()
            if not line:
                self.close()
                stderr.seek(0)
                raise SimulatorError(_reason(stderr.read()))
        started = json.loads(line)
        self.url: str = started["Url"]
        """Where clients connect to."""
        self.port: int = started["Port"]
        self.user: str = started["User"]
        """The administrator, as ``DOMAIN\\name``."""
        self.password: str = started["Password"]
        """Drawn at the start; it is good for this simulator only."""
        self.profile: str = started["Profile"]
        self.ca_file: Optional[str] = started.get("CaFile")
        """With TLS, the file that verifies its certificate; it is there until the simulator ends."""
        self._control: str = started["Control"]
        self._token: str = started["Token"]

    def __enter__(self) -> Simulator:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the simulator."""
        self._process.terminate()
        try:
            self._process.wait(_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    @property
    def shells(self) -> List[Shell]:
        """The shells that are open."""
        return cast(List[Shell], self._order("GET", "/shells")["Shells"])

    @property
    def log(self) -> List[LogEntry]:
        """What clients asked for, oldest first."""
        return cast(List[LogEntry], self._order("GET", "/log")["Log"])

    def clear_log(self) -> None:
        self._order("DELETE", "/log")

    def seed(
        self,
        count: Optional[int] = None,
        *,
        type: Optional[str] = None,
        shell_id: Optional[str] = None,
        name: Optional[str] = None,
        owner: Optional[str] = None,
        configuration_name: Optional[str] = None,
        state: Optional[str] = None,
        idle_timeout: Optional[float] = None,
        shell_inactivity: Optional[float] = None,
        shell_run_time: Optional[float] = None,
        running: Sequence[str] = (),
    ) -> None:
        """Opens ``count`` shells of several owners, or one as it is described; ``type`` is "ps" or "cmd"."""
        self._order(
            "POST",
            "/shells",
            {
                "Count": count,
                "Type": type,
                "ShellId": shell_id,
                "Name": name,
                "Owner": owner,
                "ConfigurationName": configuration_name,
                "State": state,
                "IdleTimeout": idle_timeout,
                "ShellInactivity": shell_inactivity,
                "ShellRunTime": shell_run_time,
                "Running": list(running) or None,
            },
        )

    def fault(
        self,
        fault: str,
        operation: str,
        *,
        times: int = 1,
        shell_id: Optional[str] = None,
        seconds: Optional[float] = None,
        fault_code: Optional[int] = None,
    ) -> None:
        """Makes the next operations of that kind go wrong, such as ``fault("delay", "Receive", seconds=1)``."""
        fields = {"ShellId": shell_id, "Seconds": seconds, "FaultCode": fault_code}
        self._order("POST", "/faults", {"Fault": fault, "Operation": operation, "Times": times, **fields})

    def clear_faults(self) -> None:
        self._order("DELETE", "/faults")

    def script(self, *rules: Rule) -> None:
        """Adds rules; they are asked before those that are there, and the first one that matches answers."""
        self._order("POST", "/scripts", rules)

    def clear_scripts(self) -> None:
        """Removes the rules that were added; those of the start stay."""
        self._order("DELETE", "/scripts")

    def clock(self, seconds: float) -> None:
        """Moves the clock: commands end, and shells that were idle for long enough are gone."""
        self._order("POST", "/clock", {"Seconds": seconds})

    def reset(self) -> None:
        """Removes shells, added rules, injected faults and the log, and sets the clock back."""
        self._order("POST", "/reset")

    def _order(self, method: str, path: str, body: Union[None, Mapping[str, Any], Sequence[Rule]] = None) -> Dict[str, Any]:
        if isinstance(body, Mapping):
            body = {name: value for name, value in body.items() if value is not None}
        request = urllib.request.Request(
            self._control + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "Bearer " + self._token},
        )
        # The endpoint is on this machine: a proxy of the environment is not asked.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=_TIMEOUT) as answer:
                return cast(Dict[str, Any], json.load(answer))
        except urllib.error.HTTPError as refused:
            with refused:
                message = json.load(refused)["Message"]
            raise SimulatorError(f"{method} {path}: {message}") from None


def _reason(stderr: str) -> str:
    """Why the command ended, of the JSON that it writes, or of whatever it wrote."""
    try:
        error = json.loads(stderr)
        return ": ".join([error["Message"], *error["Causes"]])
    except (ValueError, KeyError, TypeError):
        return stderr.strip() or "the simulator ended and wrote no error"


def _binary() -> str:
    """The command: the one that is named, the one that this package brought, or the one of the PATH."""
    named = os.environ.get("PSSESSION")
    brought = os.path.join(sysconfig.get_path("scripts"), "pssession")
    return named or shutil.which(brought) or shutil.which("pssession") or "pssession"
