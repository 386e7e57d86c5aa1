#!/usr/bin/env python3
"""Runs programs that try a client against a simulator, and sees that each leaves no shell: run.py SIMULATOR CLIENT..."""

import os
import subprocess
import sys

import pssession

for client in sys.argv[2:]:
    with pssession.simulator(binary=sys.argv[1], allow_unencrypted=True) as server:
        login = {"PORT": str(server.port), "ACCOUNT": server.user, "PASSWORD": server.password}
        subprocess.run([client], env={**os.environ, **login}, check=True, timeout=120)
        deletes = sum(entry["Operation"] == "Delete" for entry in server.log)
        if server.shells or not deletes:
            sys.exit(f"{client} closed {deletes} shells, and left {server.shells}")
