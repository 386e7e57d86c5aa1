"""pywinrm opens, uses and closes a cmd shell."""

import pytest
from winrm.protocol import Protocol

LOGINS = {"basic": {}, "ntlm": {"message_encryption": "always"}}


@pytest.mark.parametrize("transport", LOGINS)
def test_a_cmd_shell_from_create_to_delete(simulator, transport):
    client = Protocol(
        endpoint=simulator.url,
        transport=transport,
        username=simulator.user,
        password=simulator.password,
        read_timeout_sec=10,
        operation_timeout_sec=5,
        **LOGINS[transport],
    )
    shell = client.open_shell()
    assert [left["Owner"] for left in simulator.shells] == [simulator.user]
    command = client.run_command(shell, "echo", ["hi"])
    assert client.get_command_output(shell, command) == (b"hi\r\n", b"", 0)
    client.cleanup_command(shell, command)
    command = client.run_command(shell, "frobnicate")
    _, stderr, code = client.get_command_output(shell, command)
    assert b"is not recognized" in stderr and code == 1
    client.cleanup_command(shell, command)
    assert simulator.shells[0]["Commands"] == []
    client.close_shell(shell)
    assert simulator.shells == []
    log = simulator.log
    assert [entry["Operation"] for entry in log] == ["Create", *["Command", "Receive", "Signal"] * 2, "Delete"]
    assert {entry["Status"] for entry in log} == {200}
    assert {entry["Sealed"] for entry in log} == {transport == "ntlm"}
