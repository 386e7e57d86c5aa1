"""npm's winrm-client, which logs in with Basic where the user has no domain, else with NTLM, and never seals."""

import os
import shutil
import subprocess

import pytest

# Where `npm install winrm-client` was run.
FOLDER = os.environ.get("PSSESSION_INTEROP_NODE", "")
SCRIPT = """
const client = require('winrm-client');
const login = ['127.0.0.1', process.env.ACCOUNT, process.env.PASSWORD, Number(process.env.PORT)];
(async () => {
    console.log(await client.runCommand('whoami', ...login));
    console.log(await client.runPowershell("Write-Output 'two words'", ...login));
})().catch((error) => { console.error(error); process.exit(1); });
"""


@pytest.mark.parametrize("scheme", ["basic", "ntlm"])
def test_a_command_and_a_script(simulator, need, scheme):
    need("node", shutil.which("node"))
    need("winrm-client", os.path.isdir(os.path.join(FOLDER, "node_modules/winrm-client")))
    account = simulator.user if scheme == "ntlm" else simulator.user.split("\\")[1]
    run = subprocess.run(
        ["node", "-e", SCRIPT],
        cwd=FOLDER,
        env={**os.environ, "ACCOUNT": account, "PASSWORD": simulator.password, "PORT": str(simulator.port)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.stdout.split("\n") == [simulator.user.lower(), "two words", ""], run.stderr
    assert simulator.shells == []
    assert {entry["Sealed"] for entry in simulator.log} == {False}
