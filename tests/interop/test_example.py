"""Does a deployment leave shells behind when its host is slow or drops the connection?"""

import pytest
import winrm
from winrm.exceptions import WinRMError


def deploy(simulator):
    """Stands for your own code."""
    session = winrm.Session(simulator.url, auth=(simulator.user, simulator.password), transport="ntlm")
    return session.run_cmd("echo", ["deployed"]).std_out


def test_a_deployment_leaves_no_shell_and_no_body_in_clear(simulator):
    assert deploy(simulator) == b"deployed\r\n"
    assert simulator.shells == []
    assert all(entry["Sealed"] for entry in simulator.log)


def test_a_full_host_is_an_error_of_the_deployment(simulator):
    for _ in range(30):
        simulator.order("POST", "/shells", Type="cmd", Owner=simulator.user)
    with pytest.raises(WinRMError, match="as many concurrent shells"):
        deploy(simulator)
    assert len(simulator.shells) == 30


def test_a_slow_command_is_waited_for(simulator):
    simulator.order("POST", "/faults", Fault="delay", Operation="Receive", Seconds=0.2)
    assert deploy(simulator) == b"deployed\r\n"
