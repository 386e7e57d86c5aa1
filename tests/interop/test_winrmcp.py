"""Packer's winrmcp, and with it Go's winrm, uploads a file: it appends to a file by `echo`, and decodes it in PowerShell."""

import shutil
import subprocess


def test_an_upload(simulator, need, tmp_path):
    need("winrmcp", shutil.which("winrmcp"))
    file = tmp_path / "file"
    # Two appends: a command line has room for about 6 kB.
    file.write_bytes(bytes(range(256)) * 40)
    run = subprocess.run(
        ["winrmcp", "-user", simulator.user, "-pass", simulator.password, "-addr", f"127.0.0.1:{simulator.port}"]
        + [file, "C:\\file"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert simulator.shells == []
    lines = [entry["CommandLine"] for entry in simulator.log if entry["Operation"] == "Command"]
    assert [line.startswith("echo ") for line in lines] == [True, True, False, False], lines
    assert "[System.Convert]::FromBase64String" in lines[2] and "Remove-Item" in lines[3]
