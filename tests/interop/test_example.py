"""Does a deployment leave shells behind when its host is slow, full, or runs out of space?"""

import pytest
import winrm
from winrm.exceptions import WinRMError


def deploy(server):
    """Stands for your own code."""
    session = winrm.Session(server.url, auth=(server.user, server.password), transport="ntlm")
    result = session.run_ps("Install-Thing -Path C:\\thing")
    if result.status_code != 0:
        raise RuntimeError(result.std_err.decode())
    return result.std_out


def test_a_deployment_leaves_no_shell_and_no_body_in_clear(winrm_server):
    winrm_server.script({"match": "Install-Thing *", "stdout": "installed\n"})
    assert deploy(winrm_server) == b"installed\r\n"
    assert winrm_server.shells == []
    assert all(entry["Sealed"] for entry in winrm_server.log)
    assert [entry["CommandLine"] for entry in winrm_server.log if entry["Operation"] == "Command"] == [
        "Install-Thing -Path C:\\thing"
    ]


@pytest.mark.winrm_server(script=[{"match": "*", "stderr": "disk full\n", "exit_code": 3}])
def test_a_full_disk_is_an_error_of_the_deployment(winrm_server):
    with pytest.raises(RuntimeError, match="disk full"):
        deploy(winrm_server)
    assert winrm_server.shells == []


@pytest.mark.winrm_server(profile="2008r2")
def test_a_host_without_a_free_shell_is_an_error_of_the_deployment(winrm_server):
    for _ in range(5):
        winrm_server.seed(type="cmd", owner=winrm_server.user)
    with pytest.raises(WinRMError, match="as many concurrent shells"):
        deploy(winrm_server)
    assert len(winrm_server.shells) == 5


def test_a_slow_command_is_waited_for(winrm_server):
    winrm_server.script({"match": "Install-Thing *", "stdout": "installed\n", "delay": 0.2})
    winrm_server.fault("delay", "Receive", seconds=0.2)
    assert deploy(winrm_server) == b"installed\r\n"
