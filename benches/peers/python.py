"""Closes the shells of a file with pypsrp or pywinrm, by Deletes alone.

Usage: python.py pypsrp|pywinrm TARGETS USER CONNECTIONS-PER-HOST PARALLEL-HOSTS basic|ntlm, the password in
LOAD_PASSWORD. It prints one object of JSON.
"""

import collections
import concurrent.futures
import itertools
import json
import os
import sys
import threading

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"


def pypsrp_client(host, port, user, password, auth):
    from pypsrp.wsman import SelectorSet, WSMan

    wsman = WSMan(
        host,
        port=port,
        ssl=False,
        username=user,
        password=password,
        auth=auth,
        encryption="never" if auth == "basic" else "always",
        no_proxy=True,
    )

    def delete(shell_id):
        selectors = SelectorSet()
        selectors.add_option("ShellId", shell_id)
        wsman.delete(SHELL, selector_set=selectors)

    return delete


def pywinrm_client(host, port, user, password, auth):
    from winrm.protocol import Protocol

    protocol = Protocol(
        f"http://{host}:{port}/wsman",
        transport=auth,
        username=user,
        password=password,
        message_encryption="never" if auth == "basic" else "always",
        proxy=None,
    )
    return lambda shell_id: protocol.close_shell(shell_id, close_session=False)


def main():
    kind, targets, user, per_host, parallel, auth = sys.argv[1:]
    client = {"pypsrp": pypsrp_client, "pywinrm": pywinrm_client}[kind]
    password = os.environ["LOAD_PASSWORD"]
    with open(targets, encoding="utf-8") as file:
        lines = [line.split() for line in file]
    counts = {"closed": 0, "failed": 0}
    lock = threading.Lock()

    def work(address, ids):
        host, port = address.split(":")
        delete = client(host, int(port), user, password, auth)
        while True:
            try:
                shell_id = ids.popleft()
            except IndexError:
                return
            try:
                delete(shell_id)
                outcome = "closed"
            except Exception as error:  # Whatever a library raises is a shell that was not closed.
                outcome = "failed"
                if counts["failed"] == 0:
                    print(f"{address}: {error!r}", file=sys.stderr)
            with lock:
                counts[outcome] += 1

    # At most 64 threads: more only wait for the interpreter's lock.
    workers = min(64, int(per_host) * int(parallel))
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for address, group in itertools.groupby(lines, key=lambda line: line[0]):
            ids = collections.deque(shell_id for _, shell_id in group)
            for _ in range(min(int(per_host), len(ids))):
                pool.submit(work, address, ids)
    print(json.dumps(counts))


main()
