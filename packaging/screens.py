#!/usr/bin/env python3
"""Makes the pictures of docs/screens.md: what the command shows on real terminals, as SVG.

Each command runs in tmux on a terminal of its own, against a table of made-up sessions or the simulator. Run it from the
repository after `cargo build`; it needs Python 3.9 and tmux. `--all DIR` writes every screen at 60, 80, 100 and 140
columns, dark and light, into DIR instead.
"""

import argparse
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import unicodedata
import urllib.request
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "target" / "debug" / "pssession"
SOCKET = f"pssession-screens-{os.getpid()}"

CELL, LINE, FONT, EDGE = 8.4, 18, 14, 12
FONTS = "DejaVu Sans Mono, Menlo, Consolas, Liberation Mono, Noto Sans Mono CJK SC, monospace"
THEMES = {
    "dark": {"back": "#1e1e1e", "text": "#d4d4d4", "31": "#f14c4c", "32": "#23d18b", "33": "#e5e510", "dim": "#8a8a8a"},
    "light": {"back": "#ffffff", "text": "#24292f", "31": "#cf222e", "32": "#116329", "33": "#7d5500", "dim": "#7a828a"},
}

# A loopback address that has the usual port free.
HOST = "127.1.1.1"

HOUR, DAY = 3600, 86400
POWERSHELL = "http://schemas.microsoft.com/powershell/"
CMD = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"
SESSIONS = [
    ("web01", 5985, "CONTOSO\\ci-runner", "build-7", "Microsoft.PowerShell", "Disconnected", 3 * HOUR),
    ("web01", 5985, "CONTOSO\\ci-runner", "build-8", "Microsoft.PowerShell", "Connected", 31 * 60),
    ("web01", 5985, "CONTOSO\\ci-runner", None, None, None, 12 * 60),
    ("web01", 5985, "CONTOSO\\alice", "Runspace12", "Microsoft.PowerShell", "Connected", 8),
    ("web02", 5985, "CONTOSO\\svc-deploy", "deploy-production-eu", "Microsoft.PowerShell", "Connected", 26 * HOUR),
    ("web02", 5985, "CONTOSO\\佐藤", "夜間ビルド", "Microsoft.PowerShell", "Disconnected", 4 * HOUR),
    ("sql-prod-01", 5986, "CONTOSO\\svc-monitoring", "nightly-check", "JEA.Maintenance", "Disconnected", 9 * DAY),
    ("gateway", 47001, "GATEWAY\\Administrator", "Runspace1", "Microsoft.PowerShell", "Connected", 95),
]


def objects():
    for number, (host, port, owner, name, configuration, state, idle) in enumerate(SESSIONS, 1):
        scheme = "https" if port == 5986 else "http"
        guid = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{host}-{number}")).upper()
        yield {
            "Schema": "pssession.session/1", "Name": name, "InstanceId": guid.lower(), "ShellId": guid,
            "ComputerName": host, "Port": port, "Endpoint": f"{scheme}://{host}:{port}/wsman",
            "ResourceUri": POWERSHELL + configuration if configuration else CMD,
            "ConfigurationName": configuration, "ServerState": state, "Owner": owner,
            "ClientIP": f"10.20.0.{10 + number}", "IdleTimeout": 7200, "ShellRunTime": idle + HOUR,
            "ShellInactivity": idle, "Transport": "WSMan", "State": "Disconnected" if state == "Disconnected" else "Opened",
        }


class Simulator:
    """One simulated host at the usual port, which can be told to refuse."""

    def __init__(self, address):
        command = [PROGRAM, "simulator", "--shells", "5", "--listen", address, "--port", "5985", "-o", "json"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.told = json.loads(self.process.stdout.readline())

    def order(self, **body):
        request = urllib.request.Request(
            self.told["Control"] + "/faults", json.dumps(body).encode(), method="POST",
            headers={"Authorization": f"Bearer {self.told['Token']}", "Content-Type": "application/json"},
        )
        urllib.request.urlopen(request).close()

    def end(self):
        self.process.terminate()
        self.process.wait()


def tmux(*words):
    return subprocess.run(["tmux", "-L", SOCKET, "-f", "/dev/null", *words], check=True, capture_output=True, text=True).stdout


def screen(command, columns, lines, environment):
    """What a terminal of this size shows of a command, with its colours."""
    shown = command.replace("'", "'\\''")
    exports = "; ".join(f"export {name}={shlex.quote(value)}" for name, value in environment.items())
    line = f"{exports}; clear; printf '%s\\n' '$ {shown}'; {command}; tmux -L {SOCKET} wait-for -S done; sleep 99"
    tmux("new-session", "-d", "-s", "screen", "-x", str(columns), "-y", str(lines), "bash", "-c", line)
    tmux("wait-for", "done")
    text = tmux("capture-pane", "-e", "-p", "-t", "screen")
    tmux("kill-session", "-t", "screen")
    return text.rstrip("\n").split("\n")


def width(character):
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def runs(line):
    """The texts of a line: where each begins, how wide it is, and what is set for it."""
    column, codes, found = 0, set(), []
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if part.startswith("\x1b["):
            for code in part[2:-1].split(";"):
                codes = set() if code in ("", "0", "39") else codes | {code}
            continue
        for piece in re.findall(r"[\u1100-\uffff]+| +|[^ \u1100-\uffff]+", part):
            wide = sum(map(width, piece))
            if piece.strip():
                found.append((column, wide, piece, frozenset(codes)))
            column += wide
    return found


def svg(lines, columns, theme):
    colours = THEMES[theme]
    across, down = round(columns * CELL + 2 * EDGE), len(lines) * LINE + 2 * EDGE
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{across}" height="{down}" viewBox="0 0 {across} {down}">',
        f'<rect width="{across}" height="{down}" rx="6" fill="{colours["back"]}"/>',
        f'<g font-family="{FONTS}" font-size="{FONT}" fill="{colours["text"]}" xml:space="preserve">',
    ]
    for number, line in enumerate(lines):
        for column, wide, text, codes in runs(line):
            fill = next((colours[code] for code in ("31", "32", "33") if code in codes), None)
            fill = colours["dim"] if "2" in codes else fill
            paint = f' fill="{fill}"' if fill else ""
            text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            x, y = EDGE + column * CELL, EDGE + number * LINE + FONT
            out.append(f'<text x="{x:.1f}" y="{y}" textLength="{wide * CELL:.1f}" lengthAdjust="spacingAndGlyphs"{paint}>{text}</text>')
    return "\n".join([*out, "</g>", "</svg>", ""])


# The file, the columns, the theme, and what is shown.
KEPT = [
    ("get-60", 60, "light", "get"),
    ("get-80", 80, "dark", "get"),
    ("remove-100", 100, "dark", "remove"),
    ("wide-140", 140, "light", "wide"),
]
COMMANDS = {
    "get": ["pssession get --cached --sort host,-idle"],
    "wide": ["pssession get --cached --count --by owner,host", "pssession get --cached --columns id,host,owner,name,client-ip,age,idle,endpoint"],
    "remove": ["pssession remove --on {host} --type ps --yes"],
}


def picture(what, columns, theme, home):
    environment = {
        "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "HOME": home, "XDG_STATE_HOME": f"{home}/state",
        "XDG_CONFIG_HOME": f"{home}/config", "LC_ALL": "C.UTF-8",
    }
    simulator = None
    try:
        if what == "remove":
            simulator = Simulator(HOST)
            environment.update(PSSESSION_USER=simulator.told["User"], PSSESSION_PASSWORD=simulator.told["Password"])
            environment["PSSESSION_STORE"] = f"{home}/remove-{columns}-{theme}.db"
            listed = subprocess.run([PROGRAM, "get", "--on", HOST, "-o", "json"], env=environment, check=True, capture_output=True)
            sessions = json.loads(listed.stdout)
            simulator.order(Fault="fault", FaultCode=5, Operation="Delete", ShellId=sessions[1]["ShellId"], Times=9)
        lines = []
        for command in COMMANDS[what]:
            lines += screen(command.format(host=HOST), columns, 40, environment)
    finally:
        if simulator:
            simulator.end()
    return svg(lines, columns, theme), lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--all", metavar="DIR", type=pathlib.Path, help="every screen in every size and theme, into DIR")
    wanted = parser.parse_args().all
    kept = KEPT
    if wanted:
        wanted.mkdir(parents=True, exist_ok=True)
        kept = [(f"{what}-{columns}-{theme}", columns, theme, what) for what in COMMANDS for columns in (60, 80, 100, 140) for theme in THEMES]
    folder = wanted or ROOT / "docs" / "screens"
    with tempfile.TemporaryDirectory() as home:
        text = "\n".join(map(json.dumps, objects()))
        environment = {**os.environ, "HOME": home, "XDG_STATE_HOME": f"{home}/state"}
        subprocess.run([PROGRAM, "import", "-q", "-"], input=text, text=True, check=True, env=environment)
        # A server without a session ends.
        tmux("new-session", "-d", "-s", "keeper", "sleep", "9999")
        try:
            for name, columns, theme, what in kept:
                image, lines = picture(what, columns, theme, home)
                (folder / f"{name}.svg").write_text(image, encoding="utf-8")
                print("\n".join(lines) if wanted else f"{folder.name}/{name}.svg")
        finally:
            subprocess.run(["tmux", "-L", SOCKET, "kill-server"], capture_output=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
