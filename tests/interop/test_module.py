"""The module itself: what it takes, and what it says when that is wrong."""

import pssession
import pytest
import winrm


def test_what_is_wrong_with_an_order_is_said(winrm_server):
    for order, said in [
        (lambda: winrm_server.fault("dance", "Receive"), "POST /faults: Fault must be one of delay"),
        (lambda: winrm_server.script({"match": "x", "stdot": "y"}), 'unknown key "stdot"; did you mean "stdout"'),
        (lambda: winrm_server.seed(type="ssh"), "Type must be ps or cmd"),
        (lambda: winrm_server.clock(-1), "Seconds must be a number of seconds"),
    ]:
        with pytest.raises(pssession.SimulatorError, match=said):
            order()


def test_why_it_does_not_start_is_said(tmp_path):
    script = tmp_path / "answers.yml"
    script.write_text("- match: whoami\n  stdot: me\n")
    for options, said in [
        ({"script": script}, r'answers.yml:2: unknown key "stdot"; did you mean "stdout"'),
        ({"script": tmp_path / "none.yml"}, "cannot read the script"),
        ({"profile": "2003"}, "2008r2"),
        ({"script": [{"match": "[a"}]}, r"stdin:1: the wildcard pattern"),
    ]:
        with pytest.raises(pssession.SimulatorError, match=said):
            pssession.simulator(**options)


def test_tls_is_verified_with_the_file_that_it_names():
    with pssession.simulator(tls=True) as server:
        session = winrm.Session(
            server.url, auth=(server.user, server.password), transport="ntlm", ca_trust_path=server.ca_file
        )
        assert session.run_cmd("echo", ["hi"]).std_out == b"hi\r\n"
        assert server.url.startswith("https:") and server.shells == []


def test_it_starts_as_it_is_asked_and_is_reset():
    rules = {"match": "x", "stdout": "start"}
    with pssession.simulator(user="LAB\\ci", shells=3, script=rules) as server:
        assert (server.user, server.profile, len(server.shells)) == ("LAB\\ci", "2022", 3)
        server.seed(name="build-7", state="Disconnected", idle_timeout=60, running=["1 + 1"])
        assert server.shells[3]["Commands"][0]["CommandLine"] == "1 + 1"
        server.reset()
        assert (server.shells, server.log) == ([], [])
    with pytest.raises(OSError):
        server.shells
