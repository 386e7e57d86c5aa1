"""pypsrp, with a Kerberos ticket of this environment, in a cmd shell and a runspace pool of a simulator.

Arguments: the port, and pypsrp's word for the login. Prints what the shells answered.
"""

import json
import sys

from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.shell import Process, WinRS
from pypsrp.wsman import WSMan


def connect(port, auth):
    return WSMan(
        "localhost",
        port=port,
        ssl=False,
        auth=auth,
        encryption="always",
        negotiate_service="HTTP",
        operation_timeout=5,
        read_timeout=10,
    )


def main(port, auth):
    with WinRS(connect(port, auth)) as shell:
        process = Process(shell, "whoami")
        process.invoke()
        whoami = process.stdout.decode().strip()
    with RunspacePool(connect(port, auth)) as pool:
        pipeline = PowerShell(pool)
        pipeline.add_script("1 + 1")
        print(json.dumps({"whoami": whoami, "sum": pipeline.invoke()}))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
