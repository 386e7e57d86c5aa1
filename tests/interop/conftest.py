"""A simulated WinRM host for each test, and orders to it."""

import json
import os
import subprocess
import urllib.request

import pytest


class Simulator:
    def __init__(self, announcement):
        self.url, self.port = announcement["Url"], announcement["Port"]
        self.user, self.password = announcement["User"], announcement["Password"]
        self._control, self._token = announcement["Control"], announcement["Token"]

    def order(self, method, path, **fields):
        """Sends one order to the control endpoint, and gives its answer."""
        request = urllib.request.Request(
            self._control + path,
            method=method,
            data=json.dumps(fields).encode() if fields else None,
            headers={"Authorization": "Bearer " + self._token},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    @property
    def shells(self):
        return self.order("GET", "/shells")["Shells"]

    @property
    def log(self):
        return self.order("GET", "/log")["Log"]


@pytest.fixture
def simulator():
    command = [os.environ.get("PSSESSION", "pssession"), "simulator", "--shells", "0", "--allow-unencrypted"]
    with subprocess.Popen([*command, "--output", "json"], stdout=subprocess.PIPE, text=True) as process:
        try:
            # One line, written when it listens; the password and the token are new at each start.
            yield Simulator(json.loads(process.stdout.readline()))
        finally:
            process.terminate()
