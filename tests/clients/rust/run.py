#!/usr/bin/env python3
"""Runs Rust's clients against a simulator, and sees that no shell is left: run.py SIMULATOR CLIENTS."""

import os
import subprocess
import sys

import pssession

with pssession.simulator(binary=sys.argv[1], allow_unencrypted=True) as server:
    login = {"PORT": str(server.port), "ACCOUNT": server.user, "PASSWORD": server.password}
    subprocess.run([sys.argv[2]], env={**os.environ, **login}, check=True, timeout=120)
    left, sealed = server.shells, {entry["Sealed"] for entry in server.log}
if left or sealed != {False, True}:
    sys.exit(f"left: {left}; sealed: {sealed}")
