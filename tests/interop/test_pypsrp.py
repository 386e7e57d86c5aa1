"""pypsrp opens, uses, leaves, rejoins, lists and closes cmd shells and runspace pools."""

import pytest
from pypsrp.complex_objects import ObjectMeta
from pypsrp.host import PSHost
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.shell import Process, SignalCode, WinRS
from pypsrp.wsman import WSMan

LOGINS = {"basic": "never", "ntlm": "always", "negotiate": "always"}


@pytest.fixture(params=LOGINS)
def connect(simulator, request):
    """Connects anew each time; in the end no shell is left, and every body was sealed where it had to be."""

    def connect():
        return WSMan(
            "127.0.0.1",
            port=simulator.port,
            ssl=False,
            auth=request.param,
            encryption=LOGINS[request.param],
            username=simulator.user,
            password=simulator.password,
            operation_timeout=5,
            read_timeout=10,
        )

    yield connect
    assert simulator.shells == []
    assert {entry["Sealed"] for entry in simulator.log} == {request.param != "basic"}


def test_a_cmd_shell_runs_reads_and_is_interrupted(simulator, connect):
    with WinRS(connect()) as shell:
        process = Process(shell, "whoami")
        process.invoke()
        assert (process.stdout, process.rc) == (simulator.user.lower().encode() + b"\r\n", 0)
        process.signal(SignalCode.TERMINATE)
        process = Process(shell, "more")
        process.begin_invoke()
        process.send(b"in and out", end=True)
        process.end_invoke()
        assert (process.stdout, process.rc) == (b"in and out", 0)
        process = Process(shell, "sleep", ["3600"])
        process.begin_invoke()
        process.signal(SignalCode.CTRL_C)
        process.end_invoke()
        assert process.rc == 0xC000013A


def test_a_command_ends_when_the_clock_is_moved(simulator, connect):
    with WinRS(connect()) as shell:
        process = Process(shell, "sleep", ["3600"])
        process.begin_invoke()
        simulator.clock(3600)
        process.end_invoke()
        assert process.rc == 0


def test_a_runspace_pool_opens_answers_is_left_and_taken_back(connect):
    with RunspacePool(connect()) as pool:
        pipeline = PowerShell(pool)
        pipeline.add_script("1 + 1")
        assert pipeline.invoke() == ["2"]
        assert not pipeline.had_errors
        pool.disconnect()
        pool.connect()
        assert pool.protocol_version == "2.3"


def test_a_pool_counts_its_runspaces_is_reset_and_exchanges_keys(connect):
    with RunspacePool(connect(), max_runspaces=3) as pool:
        assert pool.get_available_runspaces() == 3
        pool.max_runspaces = 5
        pool.min_runspaces = 2
        assert (pool.min_runspaces, pool.max_runspaces) == (2, 5)
        assert pool.get_available_runspaces() == 5
        pool.reset_runspace_state()
        pool.exchange_keys()
        # The key is good for what follows: a secure string, encrypted, as an argument.
        pipeline = PowerShell(pool)
        pipeline.add_cmdlet("Write-Output").add_argument(pool.serialize("secret", ObjectMeta("SS")))
        pipeline.invoke()
        assert not pipeline.had_errors


def test_a_pipeline_fails_with_its_error_and_its_exit_code(connect):
    host = PSHost(None, None, False, "test", None, None, "1.0")
    with RunspacePool(connect(), host=host) as pool:
        pipeline = PowerShell(pool)
        pipeline.add_cmdlet("Get-Frobnication").add_parameter("All", True)
        assert pipeline.invoke() == []
        assert pipeline.had_errors
        assert "'Get-Frobnication' is not recognized" in str(pipeline.streams.error[0])
        assert host.rc == 1


def test_another_client_lists_and_adopts_a_pool_that_was_left(simulator, connect):
    pool = RunspacePool(connect())
    pool.open()
    pool.disconnect()
    assert simulator.shells[0]["State"] == "Disconnected"
    (found,) = RunspacePool.get_runspace_pools(connect())
    assert found.id.upper() == pool.id.upper()
    found.connect()
    assert simulator.shells[0]["State"] == "Connected"
    found.close()
