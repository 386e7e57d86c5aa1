"""pypsrp asks the service for its configuration, and goes by it."""

import pytest
from pypsrp.shell import Process, WinRS
from pypsrp.wsman import WSMan


@pytest.mark.parametrize("auth, encryption", [("basic", "never"), ("negotiate", "always")])
def test_the_size_of_payloads_is_what_the_server_says(simulator, auth, encryption):
    wsman = WSMan(
        "127.0.0.1",
        port=simulator.port,
        ssl=False,
        auth=auth,
        encryption=encryption,
        username=simulator.user,
        password=simulator.password,
    )
    assert wsman.max_envelope_size == 153600
    before = wsman.max_payload_size
    wsman.update_max_payload_size()
    assert wsman.max_envelope_size == 512000
    assert wsman.max_payload_size > 3 * before
    with WinRS(wsman) as shell:
        process = Process(shell, "more")
        process.begin_invoke()
        text = b"x" * 200_000
        process.send(text, end=True)
        process.end_invoke()
        assert (process.stdout, process.rc) == (text, 0)
