# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs the command on the controller."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
import tempfile
from dataclasses import dataclass, field
from typing import Any

from .connection import Endpoint
from .problem import Problem

# How long the command may take to verify what it sent, once it was interrupted, in seconds.
GRACE = 10


@dataclass
class Run:
    """What the command printed."""

    exit_code: int
    records: list[dict[str, Any]]
    errors: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    # The report of `remove`; None if it ended before there was one.
    report: dict[str, Any] | None = None

    def message(self) -> str:
        """Why it failed, with its first hint."""
        messages = [": ".join([error["Message"], *error["Causes"]]) for error in self.errors]
        hint = next((error["Hint"] for error in self.errors if error.get("Hint")), None)
        text = "; ".join(messages) or "pssession ended with exit code %d" % self.exit_code
        return "%s; hint: %s" % (text, hint) if hint else text


class Command:
    """The command, and the host that it works on."""

    def __init__(self, endpoint: Endpoint, executable: str | None) -> None:
        self._executable = executable or _executable()
        self._endpoint = endpoint

    def words(self, name: str, words: list[str]) -> list[str]:
        """The command line, which holds no secret."""
        on = ["--on=" + self._endpoint.url, "--output=ndjson", "--color=never"]
        return [self._executable, name, *on, *self._endpoint.words, *words]

    def get(self, words: list[str]) -> Run:
        return self._run(self.words("get", words), watches_stdin=False)

    def remove(self, words: list[str]) -> Run:
        """Closes sessions. If this process ends, the command ends as with Ctrl-C: what it sent is verified."""
        words = self.words("remove", [*words, "--yes", "--ignore-not-found", "--supervised"])
        with tempfile.TemporaryDirectory(prefix="pssession-") as folder:
            path = os.path.join(folder, "report.json")
            run = self._run([*words, "--report=" + path], watches_stdin=True)
            if os.path.exists(path):
                with open(path, encoding="utf-8") as file:
                    run.report = json.load(file)
        return run

    def _run(self, words: list[str], watches_stdin: bool) -> Run:
        stdin = subprocess.PIPE if watches_stdin else subprocess.DEVNULL
        with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
            try:
                # In a session of its own it has no terminal on which it could ask.
                process = subprocess.Popen(
                    words, stdin=stdin, stdout=stdout, stderr=stderr, env=self._environment(), start_new_session=True
                )
            except OSError as error:
                raise Problem(
                    "cannot run %s: %s" % (words[0], error.strerror),
                    "install pssession on the controller, or set executable",
                ) from None
            try:
                exit_code = process.wait()
            except BaseException:
                _end(process)
                raise
            finally:
                if process.stdin:
                    process.stdin.close()
            records = [json.loads(line) for line in _lines(stdout)]
            return _with_messages(Run(exit_code, records), _lines(stderr))

    def _environment(self) -> dict[str, str]:
        environment = dict(os.environ)
        if self._endpoint.password is not None:
            if "\0" in self._endpoint.password:
                raise Problem("the password contains a null character", "correct the password")
            environment["PSSESSION_PASSWORD"] = self._endpoint.password
        return environment


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        process.stdin.close()
        try:
            process.wait(GRACE)
            return
        except subprocess.TimeoutExpired:
            pass
    process.kill()
    process.wait()


def _lines(file: Any) -> list[str]:
    file.seek(0)
    return [line for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()]


def _with_messages(run: Run, lines: list[str]) -> Run:
    """Sorts what came on stderr: errors are objects, all else is text for people."""
    for line in lines:
        try:
            error = json.loads(line)
        except ValueError:
            error = None
        if isinstance(error, dict) and "Message" in error:
            run.errors.append(error)
        elif line.startswith(" ") and run.notes:
            run.notes[-1] += " " + line.strip()
        else:
            run.notes.append(line)
    return run


def _executable() -> str:
    """The command: the one that is named, the one beside this Python, or the one of the PATH."""
    beside = os.path.join(sysconfig.get_path("scripts"), "pssession")
    found = os.environ.get("PSSESSION") or shutil.which(beside) or shutil.which("pssession")
    if not found:
        raise Problem("pssession is not in the PATH of the controller", "install it there, or set executable")
    return found
