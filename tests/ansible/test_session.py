"""The modules on simulated hosts, over the connections of an inventory."""

import json
import pathlib
import re
import stat

import pssession
import pytest
from conftest import over_psrp, over_winrm

INFO = {"name": "info", "pssession.winrm.session_info": {}}
LEAKED = {"owner": "*ci-runner", "idle": "30m"}


def absent(name="absent", **options):
    keywords = {key: options.pop(key) for key in ("check_mode", "diff", "ignore_errors") if key in options}
    return {"name": name, "pssession.winrm.session": {"state": "absent", **options}, **keywords}


@pytest.fixture
def server():
    with pssession.simulator() as server:
        server.seed(name="build-7", owner="CONTOSO\\ci-runner", shell_inactivity=7200, state="Disconnected")
        server.seed(name="build-8", owner="CONTOSO\\ci-runner", shell_inactivity=3600)
        server.seed(name="build-9", owner="CONTOSO\\ci-runner", shell_inactivity=60)
        server.seed(type="cmd", owner="CONTOSO\\alice", shell_inactivity=7200)
        yield server


def names(server):
    return [shell["Name"] for shell in server.shells]


@pytest.mark.parametrize("connection", [over_winrm, over_psrp])
def test_sessions_are_listed_and_closed_once(server, play, connection):
    results = play(
        {"web01": connection(server)},
        INFO,
        absent("plan", **LEAKED, check_mode=True, diff=True),
        absent("close", **LEAKED, diff=True),
        absent("again", **LEAKED, diff=True),
        {"name": "left", "pssession.winrm.session_info": {"owner": ["alice"], "commands": True}},
    )
    info = results.of("info")
    assert (info["changed"], info["exit_code"], len(info["sessions"])) == (False, 0, 4)
    assert {session["Schema"] for session in info["sessions"]} == {"pssession.session/1"}
    rows = {session["InstanceId"]: (session["Owner"], session["Name"]) for session in info["sessions"]}

    plan, closed, again = results.of("plan"), results.of("close"), results.of("again")
    for result, outcome, gone in [(plan, "WhatIf", False), (closed, "Closed", True)]:
        assert result["changed"] and result["status"] == "ok", results.output
        assert sorted(session["Name"] for session in result["sessions"]) == ["build-7", "build-8"]
        assert {(session["Outcome"], session["ProvenGone"]) for session in result["sessions"]} == {(outcome, gone)}
        assert result["counts"][outcome] == 2
        diff = result["diff"]
        before, after = diff["before"].splitlines(), diff["after"].splitlines()
        assert {line.split()[0] for line in before} == rows.keys()
        closed_lines = [line for line in before if line not in after]
        assert sorted(line.split()[2] for line in closed_lines) == ["build-7", "build-8"]
        assert set(after) < set(before) and len(after) == 2
    assert (again["changed"], again["status"], again["sessions"]) == (False, "ok", [])
    assert again["diff"]["before"] == again["diff"]["after"] == closed["diff"]["after"]

    (left,) = results.of("left")["sessions"]
    assert (left["Owner"], left["CommandIds"]) == ("CONTOSO\\alice", [])
    assert names(server) == ["build-9", None]
    operations = [entry["Operation"] for entry in server.log]
    assert operations.count("Delete") == 2 and "Create" not in operations
    assert all(entry["Sealed"] for entry in server.log)


def test_what_is_not_proven_gone_fails(server, play):
    server.fault("fault", "Delete", fault_code=5, times=9)
    failed = play({"web01": over_winrm(server)}, absent(name="absent", owner="alice")).of("absent")
    assert (failed["status"], failed["changed"], failed["exit_code"]) == ("failed", False, 4)
    (session,) = failed["sessions"]
    assert (session["Outcome"], session["ProvenGone"], session["FaultCode"]) == ("Failed", False, 5)
    assert failed["msg"].startswith("1 session is not proven gone: " + session["InstanceId"])
    assert failed["errors"] and len(server.shells) == 4


def test_a_wrong_password_is_one_failed_logon(server, play):
    results = play({"web01": over_winrm(server, ansible_password="wrong")}, absent(all=True, diff=False))
    failed = results.of("absent")
    assert (failed["status"], failed["changed"], failed["exit_code"]) == ("failed", False, 5)
    assert "the server refused the credential of CONTOSO\\admin" in failed["msg"]
    assert "hint: check the user" in failed["msg"]
    refused = [entry for entry in server.log if entry["Reason"]]
    assert len(refused) == 1 and len(server.shells) == 4


def test_a_host_that_is_down_or_refuses_holds_up_no_other(server, play):
    hosts = {
        "web01": over_winrm(server),
        "web02": over_winrm(server, ansible_user="CONTOSO\\nobody"),
        "web03": over_winrm(server, ansible_host="web03.invalid"),
        "web04": over_winrm(server, ansible_port=1, ansible_winrm_scheme="http"),
    }
    results = play(hosts, absent(owner="alice"), keywords={"throttle": 4})
    assert results.of("absent", "web01")["changed"]
    for host, code, said in [
        ("web02", 5, "the server refused the credential of CONTOSO\\nobody"),
        ("web03", 1, "web03.invalid"),
        ("web04", 1, "cannot connect to http://127.0.0.1:1/wsman"),
    ]:
        failed = results.of("absent", host)
        assert (failed["status"], failed["exit_code"]) == ("failed", code), results.output
        assert said in failed["msg"]
    assert names(server) == ["build-7", "build-8", "build-9"]


def test_what_cannot_be_meant_is_refused_before_anything_is_sent(server, play):
    rows = [
        (absent("none"), "no selector for the sessions to close"),
        (absent("empty", all=False), "no selector for the sessions to close"),
        (absent("both", running=True, skip_running=True), "running and skip_running exclude each other"),
        (absent("mine", mine=True, not_mine=True), "mutually exclusive"),
        (absent("per", all=True, per="owner"), "missing parameter(s) required by 'per': keep_newest"),
        (absent("idle", idle="3x"), '--idle: "3x" is not a duration'),
        (absent("slip", ownr="x"), "Unsupported parameters"),
        ({"name": "state", "pssession.winrm.session": {"all": True}}, "missing required arguments: state"),
        ({**absent("delegated", all=True), "delegate_to": "localhost"}, "the connection of this host is local"),
        (absent("executable", all=True, executable="/nowhere/pssession"), "cannot run /nowhere/pssession"),
        (absent("many", all=True, max_close=1, skip_recent_mine="0s"), "nothing was closed: 4 sessions selected, more than 1"),
    ]
    tasks = [{**task, "ignore_errors": True} for task, _ in rows]
    results = play({"web01": over_winrm(server)}, *tasks)
    for task, said in rows:
        failed = results.of(task["name"])
        assert failed["status"] == "failed" and said in failed["msg"], (task, failed)
    assert len(server.shells) == 4 and "Delete" not in [entry["Operation"] for entry in server.log]


def test_objects_of_a_listing_are_closed_and_an_empty_list_closes_nothing(server, play):
    filtered = "{{ found.sessions | selectattr('Name', 'equalto', 'build-9') }}"
    results = play(
        {"web01": over_winrm(server)},
        {**INFO, "register": "found"},
        absent("nothing", session="{{ found.sessions | selectattr('Name', 'equalto', 'nobody') }}", owner="*"),
        absent("chosen", session=filtered),
    )
    nothing, chosen = results.of("nothing"), results.of("chosen")
    assert (nothing["status"], nothing["changed"], nothing["sessions"]) == ("ok", False, [])
    assert [session["Outcome"] for session in chosen["sessions"]] == ["Closed"]
    assert names(server) == ["build-7", "build-8", None]


def test_the_password_is_in_no_output_and_no_argument(server, play, tmp_path):
    seen = tmp_path / "seen"
    spy = tmp_path / "spy"
    real = play.__globals__["os"].environ["PSSESSION"]
    # Every command line of the machine while the command runs, its own included.
    spy.write_text(
        f'#!/bin/sh\nfor process in /proc/[0-9]*/cmdline; do tr "\\0" " " <"$process"; echo; done >>"{seen}" 2>/dev/null\n'
        f'exec "{real}" "$@"\n'
    )
    spy.chmod(spy.stat().st_mode | stat.S_IXUSR)
    server.fault("fault", "Delete", fault_code=5, times=9)
    of_task = {"user": server.user, "password": server.password}
    results = play(
        {"web01": over_winrm(server), "web02": over_psrp(server), "web03": over_winrm(server, ansible_password="x")},
        INFO,
        absent("absent", all=True, diff=True, ignore_errors=True),
        absent("of the task", all=True, ignore_errors=True, **of_task),
        options=["-vvvv"],
        environment={"PSSESSION": str(spy)},
    )
    assert "PSSESSION ON http://127.0.0.1:" in results.output
    assert server.password not in results.output
    assert server.password not in json.dumps(results)
    lines = seen.read_text()
    assert f"{spy} remove --on=" in lines and "--supervised" in lines
    assert server.password not in lines


def test_a_shell_that_a_play_works_in_survives(server, play):
    """One host of the play runs a command over winrm while the task closes everything on the same server."""
    server.script({"match": "long-job", "stdout": "done", "delay": 3600})
    server.seed(name="mine-now", owner=server.user, shell_inactivity=5)
    server.seed(name="mine-old", owner=server.user, shell_inactivity=600)
    server.seed(name="busy", owner="CONTOSO\\bob", shell_inactivity=600, running=["1 + 1"])
    busy, cutter = "inventory_hostname == 'busy'", "inventory_hostname == 'cutter'"
    results = play(
        {"busy": over_winrm(server), "cutter": over_psrp(server)},
        {"name": "work", "ansible.builtin.raw": "long-job", "when": busy},
        {
            "name": "wait",
            "pssession.winrm.session_info": {"mine": True, "running": True},
            "register": "own",
            "until": "own.sessions | length > 0",
            "retries": 100,
            "delay": 0,
            "when": cutter,
        },
        {**absent("close", all=True), "when": cutter},
        {
            "name": "end",
            "ansible.builtin.uri": {
                "url": server._control + "/clock",
                "method": "POST",
                "headers": {"Authorization": "Bearer " + server._token},
                "body": {"Seconds": 3600},
                "body_format": "json",
            },
            "delegate_to": "localhost",
            "vars": {"ansible_connection": "local"},
            "when": cutter,
        },
        keywords={"strategy": "free"},
    )
    work, closed = results.of("work", "busy"), results.of("close", "cutter")
    assert (work["rc"], work["stdout"].strip()) == (0, "done"), results.output
    assert closed["status"] == "ok" and closed["counts"]["Closed"] == 5
    assert sorted(names(server)) == ["busy", "mine-now"]


def test_with_the_words_of_the_user_busy_and_recent_sessions_are_closed(server, play):
    server.seed(name="mine-now", owner=server.user, shell_inactivity=5)
    server.seed(name="busy", owner="CONTOSO\\bob", shell_inactivity=600, running=["1 + 1"])
    everything = absent("close", all=True, skip_running=False, skip_recent_mine="0s")
    closed = play({"web01": over_winrm(server)}, everything).of("close")
    assert closed["counts"]["Closed"] == 6 and server.shells == []


def test_tls_is_checked_unless_the_task_says_otherwise(play):
    with pssession.simulator(tls=True, shells=2) as server:
        ignored = {"ansible_winrm_scheme": "https", "ansible_winrm_server_cert_validation": "ignore"}
        trusted = {"ansible_psrp_protocol": "https", "ansible_psrp_ca_cert": server.ca_file}
        results = play(
            {
                "ignored": over_winrm(server, **ignored),
                "untrusted": over_winrm(server, ansible_winrm_scheme="https"),
                "trusted": over_psrp(server, **trusted),
            },
            {**INFO, "ignore_errors": True},
            {"name": "skipped", "pssession.winrm.session_info": {"dangerous_skip_certificate_check": True}},
        )
    assert "the inventory says to ignore the certificate" in results.of("info", "ignored")["msg"]
    assert "certificate is not trusted" in results.of("info", "untrusted")["msg"]
    for task, host in [("info", "trusted"), ("skipped", "ignored"), ("skipped", "untrusted")]:
        assert len(results.of(task, host)["sessions"]) == 2, results.output


def test_a_task_that_is_timed_out_leaves_no_command_behind(server, play, tmp_path):
    server.fault("delay", "Delete", seconds=600, times=9)
    task = {**absent(owner="alice", session_deadline="5m"), "timeout": 2}
    failed = play({"web01": over_winrm(server)}, task, environment={"TMPDIR": str(tmp_path)}).of("absent")
    # It is Ansible's own message, in the words of its version.
    assert failed["status"] == "failed" and re.search("[Tt]imed out|time frame", failed["msg"]), failed
    commands = [path.read_bytes() for path in pathlib.Path("/proc").glob("[0-9]*/cmdline") if _is_readable(path)]
    assert not [words for words in commands if str(tmp_path).encode() in words and b"--supervised" in words]


def _is_readable(path):
    try:
        return bool(path.read_bytes())
    except OSError:
        return False
