#!/usr/bin/env python3
"""What closing a fleet costs: `pssession` and other clients close the same shells on the same load server.

Usage: fleet.py [OPTIONS] [WORKLOAD ...]   (all of them without a name; `--list` shows them)

Each client runs in turn in each round, with a new server each time, so that a machine that gets slower gets slower for
all. CPU is that of the whole process, user and kernel, from its start to its end. A ratio is the median of the rounds'
ratios, all else the median of the rounds' values.
"""

import argparse
import dataclasses
import json
import os
import resource
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / "target" / "fleet"
VENV = BUILT / "venv"

BASIC = "--auth basic --dangerous-basic-over-http --dangerous-unencrypted"
NTLM = "--auth ntlm"


@dataclasses.dataclass(frozen=True)
class Workload:
    """The hosts, and how `pssession` and the others close what is on them."""

    what: str
    server: str
    ours: str
    # "basic" or "ntlm": how the others log in; None where only `pssession` runs.
    others: str | None = None
    connections: int = 2
    open_files: int | None = None
    # The workload whose wall time and CPU per close this one's are divided by.
    compared_with: str | None = None


ONE = "--connections-per-host 8 --signal never"
MANY = "--connections-per-host 2 --parallel-hosts 128 --signal never"
FLEET = "--hosts 200 --shells 10 --latency 20"

WORKLOADS = {
    "basic-1x2000": Workload("Basic, 1 host x 2,000", "--shells 2000", f"{BASIC} {ONE}", "basic", 8),
    "basic-200x10": Workload("Basic, 200 hosts x 10, 20 ms", FLEET, f"{BASIC} {MANY}", "basic"),
    "ntlm-200x10": Workload("NTLM, 200 hosts x 10, 20 ms", FLEET, f"{NTLM} {MANY}", "ntlm"),
    "ntlm-1x2000": Workload("NTLM, 1 host x 2,000", "--shells 2000", f"{NTLM} {ONE}", "ntlm", 8),
    "signal-idle": Workload(
        "as basic-1x2000, --signal auto, nothing runs",
        "--shells 2000",
        f"{BASIC} --connections-per-host 8",
        compared_with="basic-1x2000",
    ),
    "signal-running": Workload(
        "as basic-1x2000, --signal auto, each runs a command",
        "--shells 2000 --running",
        f"{BASIC} --connections-per-host 8",
        compared_with="basic-1x2000",
    ),
    "one-host-1000": Workload("1,000 sessions on one host", "--shells 1000", f"{BASIC} {ONE}"),
    "one-host-32000": Workload(
        "32,000 sessions on one host", "--shells 32000", f"{BASIC} {ONE}", compared_with="one-host-1000"
    ),
    "hosts-2000": Workload("2,000 hosts x 2, 20 ms, default options", "--hosts 2000 --shells 2 --latency 20", ""),
    "hosts-2000-files-256": Workload(
        "the same with 256 open files", "--hosts 2000 --shells 2 --latency 20", "", open_files=256
    ),
    "hosts-10000": Workload(
        "10,000 hosts x 1, 20 ms, Basic", "--hosts 10000 --shells 1 --latency 20", f"{BASIC} --signal never"
    ),
    "healthy-basic": Workload("180 hosts x 10, Basic", "--hosts 180 --shells 10 --latency 20", f"{BASIC} --signal never"),
    "hanging-basic": Workload(
        "and 20 that hang", f"{FLEET} --hanging 20", f"{BASIC} --signal never", compared_with="healthy-basic"
    ),
    "healthy-ntlm": Workload("180 hosts x 10, NTLM", "--hosts 180 --shells 10 --latency 20", f"{NTLM} --signal never"),
    "hanging-ntlm": Workload(
        "and 20 that hang", f"{FLEET} --hanging 20", f"{NTLM} --signal never", compared_with="healthy-ntlm"
    ),
    "refusing-ntlm": Workload(
        "and 20 that refuse TCP", f"{FLEET} --refusing 20", f"{NTLM} --signal never", compared_with="healthy-ntlm"
    ),
    "unavailable-ntlm": Workload(
        "and 20 that answer 503", f"{FLEET} --unavailable 20", f"{NTLM} --signal never", compared_with="healthy-ntlm"
    ),
}


@dataclasses.dataclass
class Run:
    """One client's run, in seconds and bytes, and what the server says of it."""

    wall: float
    cpu: float
    rss: int
    code: int | None
    server: dict
    shells: int

    def per_close(self, value):
        """In microseconds."""
        return value * 1e6 / self.server["deleted"] if self.server["deleted"] else float("nan")

    @property
    def server_per_request(self):
        used = self.server["cpu_user"] + self.server["cpu_system"]
        return used / self.server["requests"] if self.server["requests"] else float("nan")


class LoadServer:
    """A load server with new shells, for one run of one client."""

    def __init__(self, program, arguments, folder):
        self.targets, self.inventory = folder / "targets", folder / "inventory"
        command = [program, *shlex.split(arguments), "--targets", self.targets, "--inventory", self.inventory]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            sys.exit("the load server did not start")
        self.announced = json.loads(line)

    def end(self):
        self.process.stdin.close()
        line = self.process.stdout.readline()
        if self.process.wait() or not line:
            sys.exit("the load server ended early")
        return json.loads(line)


def measure(command, environment, folder, limit, open_files):
    """Runs a command to its end, or until the limit: wall, CPU, peak of resident memory, exit code."""

    def prepare():
        if open_files:
            resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, open_files))

    with open(folder / "out", "wb") as out, open(folder / "errors", "wb") as errors:
        began = time.monotonic()
        # With a pipe as stdin that never closes it could not be told from a person who thinks.
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, preexec_fn=prepare
        )
        timer = threading.Timer(limit, os.kill, (process.pid, signal.SIGKILL))
        timer.start()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
    code = None if process.returncode == -signal.SIGKILL else process.returncode
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, code


class Bench:
    """The programs, and how each is called."""

    def __init__(self, options):
        self.options = options
        self.load_server = BUILT / "release" / "load_server"

    def clients(self, workload):
        """The clients of a workload: their names and commands, without what the server decides."""
        clients = {}
        if workload.others:
            others = dict.fromkeys(self.options.others.split(","))
            if "bare" in others:
                clients["bare client"] = [BUILT / "release" / "bare_client"]
            if "winrm-rs" in others:
                clients["winrm-rs"] = [BUILT / "release" / "winrm_rs_client"]
            for name in ("pypsrp", "pywinrm"):
                if name in others:
                    clients[name] = [VENV / "bin" / "python", ROOT / "benches" / "peers" / "python.py", name]
        return {"pssession": None, **clients}

    def ours(self, workload, server):
        command = f"{self.options.pssession} remove --all --yes {workload.ours}"
        return [*shlex.split(command), "--user", server.announced["user"], "--inventory", server.inventory]

    def run(self, workload, name, command):
        with tempfile.TemporaryDirectory() as text:
            folder = Path(text)
            server = LoadServer(self.load_server, workload.server, folder)
            password = server.announced["password"]
            environment = {
                **os.environ,
                "PSSESSION_PASSWORD": password,
                "LOAD_PASSWORD": password,
                "PSSESSION_STORE": str(folder / "store"),
            }
            if name == "pssession":
                command = self.ours(workload, server)
            else:
                # The bare client knows Basic alone, and is the floor with both.
                login = [] if name == "bare client" else [workload.others]
                user = server.announced["user"]
                command = [*command, server.targets, user, str(workload.connections), "128", *login]
            limit = self.options.limit
            wall, cpu, rss, code = measure(command, environment, folder, limit, workload.open_files)
            report = server.end()
            if report["left"]:
                errors = (folder / "errors").read_text(errors="replace").strip().splitlines()
                print(f"  {name} left {report['left']}: {errors[-1] if errors else 'no message'}", file=sys.stderr)
            return Run(wall, cpu, rss, code, report, server.announced["shells"])

    def workload(self, workload):
        """All clients, round by round."""
        clients = self.clients(workload)
        runs = {name: [] for name in clients}
        for _ in range(self.options.rounds):
            for name, command in clients.items():
                runs[name].append(self.run(workload, name, command))
        return runs


def build(options):
    """What is missing of the programs; the command itself only where none was given."""
    cargo = ["cargo", "build", "--quiet", "--release", "--locked", "--target-dir", BUILT]
    subprocess.run([*cargo, "--manifest-path", ROOT / "benches/load_server/Cargo.toml"], check=True)
    if not options.pssession:
        subprocess.run(["cargo", "build", "--release", "--bin", "pssession"], cwd=ROOT, check=True)
        options.pssession = ROOT / "target/release/pssession"
    if not any(WORKLOADS[name].others for name in options.workloads):
        return
    if "winrm-rs" in options.others:
        manifest = ROOT / "benches/peers/winrm-rs/Cargo.toml"
        subprocess.run([*cargo, "--ignore-rust-version", "--manifest-path", manifest], check=True)
    if "py" in options.others and not (VENV / "bin/pypsrp-is-there").exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        pip = [VENV / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "-r"]
        subprocess.run([*pip, ROOT / "benches/peers/requirements.txt"], check=True)
        (VENV / "bin/pypsrp-is-there").touch()


def median(values):
    return statistics.median(values)


def ratio(runs, others, value):
    """The median of the rounds' ratios."""
    pairs = zip(runs, others, strict=True)
    return median([value(run) / value(other) if value(other) else float("nan") for run, other in pairs])


HEAD = (
    "| workload | client | CPU a close | wall a close | wall | peak memory | closed | CPU / winrm-rs | CPU / bare "
    "| wall / winrm-rs | server a request |\n|---|---|---|---|---|---|---|---|---|---|---|"
)


def cpu_per_close(run):
    return run.per_close(run.cpu)


def wall_per_close(run):
    return run.per_close(run.wall)


def row(name, client, runs):
    """One line of the table."""
    of = runs[client]

    def against(other, value):
        return f"{ratio(of, runs[other], value):.2f}" if other in runs and other != client else ""

    shells = of[0].shells
    closed = min(run.server["deleted"] for run in of)
    killed = "over " if any(run.code is None for run in of) else ""
    return (
        f"| {name} | {client} | {median([cpu_per_close(run) for run in of]):.0f} µs "
        f"| {median([wall_per_close(run) for run in of]):.0f} µs | {killed}{median([run.wall for run in of]):.2f} s "
        f"| {median([run.rss for run in of]) / 2**20:.0f} MiB "
        f"| {'all' if closed == shells else f'{closed} of {shells}'} "
        f"| {against('winrm-rs', cpu_per_close)} | {against('bare client', cpu_per_close)} "
        f"| {against('winrm-rs', wall_per_close)} | {median([run.server_per_request for run in of]):.1f} µs |"
    )


def to_last_delete(run):
    """From the first connection to the last Delete, as the server saw it: when the healthy hosts were done."""
    return run.server["to_last_delete"] / 1e6


def comparison(name, runs, other_name, others):
    """What a workload is to the one that it is compared with."""
    ours, theirs = runs["pssession"], others["pssession"]
    requests = median([run.server["requests"] / max(1, run.server["deleted"]) for run in ours])
    return (
        f"{name} / {other_name}: CPU a close {ratio(ours, theirs, cpu_per_close):.2f}, "
        f"run {ratio(ours, theirs, lambda run: run.wall):.2f}, last Delete "
        f"{ratio(ours, theirs, to_last_delete):.2f} ({median([to_last_delete(run) for run in ours]):.2f} s); "
        f"{requests:.2f} requests a close"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help="which, by name [default: all]")
    parser.add_argument("--list", action="store_true", help="print the workloads and end")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, whose medians are printed [default: 3]")
    parser.add_argument("--others", default="bare,winrm-rs,pypsrp,pywinrm", help="the clients to compare with")
    parser.add_argument("--pssession", type=Path, help="the command to measure [default: built here for release]")
    parser.add_argument("--limit", type=float, default=300, help="seconds after which a run is killed [default: 300]")
    parser.add_argument("--json", type=Path, help="also write every run to this file")
    options = parser.parse_args()
    if options.list:
        for name, workload in WORKLOADS.items():
            print(f"{name:22}{workload.what}\n{'':22}load_server {workload.server}")
            print(f"{'':22}pssession remove --all --yes {workload.ours}\n")
        return
    unknown = [name for name in options.workloads if name not in WORKLOADS]
    if unknown:
        parser.error(f"no workload is called {', '.join(unknown)}; --list shows all")
    options.workloads = options.workloads or list(WORKLOADS)
    build(options)
    bench = Bench(options)
    print(HEAD, flush=True)
    done, notes = {}, []
    for name in options.workloads:
        workload = WORKLOADS[name]
        done[name] = bench.workload(workload)
        for client in done[name]:
            print(row(name, client, done[name]), flush=True)
        if workload.compared_with in done:
            notes.append(comparison(name, done[name], workload.compared_with, done[workload.compared_with]))
    print("\n" + "\n".join(notes) if notes else "", flush=True)
    if options.json:
        runs = {
            name: {client: [dataclasses.asdict(run) for run in runs] for client, runs in clients.items()}
            for name, clients in done.items()
        }
        options.json.write_text(json.dumps(runs, indent=1))


main()
