#!/usr/bin/env python3
"""Does the load server speak as the simulator does? The same shells in both, the same requests to both, and the answers
are the same bytes but for ids and seconds; then `pssession` lists and closes on both, with NTLM sealed and with Basic.

Usage: same_protocol.py PSSESSION LOAD_SERVER
"""

import base64
import contextlib
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer/"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/"
SHELLS = 5

IDENTIFY = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:wsmid="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">'
    "<s:Header/><s:Body><wsmid:Identify/></s:Body></s:Envelope>"
)


def envelope(action, body="", shell_id=None, uri=SHELL):
    selectors = shell_id and f'<w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet>'
    return (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
        'xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration" '
        f'xmlns:rsp="{SHELL}" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"><s:Header>'
        f'<a:To>http://host/wsman</a:To><w:ResourceURI s:mustUnderstand="true">{uri}</w:ResourceURI>'
        '<a:ReplyTo><a:Address s:mustUnderstand="true">'
        "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>"
        f'<a:Action s:mustUnderstand="true">{action}</a:Action>'
        '<w:MaxEnvelopeSize s:mustUnderstand="true">512000</w:MaxEnvelopeSize>'
        f"<a:MessageID>uuid:6B0E4C0A-0B62-4E0C-9C4E-0D8D4A7C1F11</a:MessageID>{selectors or ''}"
        f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )


def enumerate_shells(most):
    return envelope(
        ENUMERATION + "Enumerate",
        f"<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>{most}</w:MaxElements></n:Enumerate>",
    )


def enumerate_commands(shell_id):
    dialect = "http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter"
    return envelope(
        ENUMERATION + "Enumerate",
        "<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>32000</w:MaxElements>"
        f'<w:Filter Dialect="{dialect}"><w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector>'
        "</w:SelectorSet></w:Filter></n:Enumerate>",
        uri=SHELL + "/Command",
    )


def with_context(action, context, more=""):
    body = f"<n:{action}><n:EnumerationContext>{context}</n:EnumerationContext>{more}</n:{action}>"
    return envelope(ENUMERATION + action, body)


def signal(shell_id, command_id):
    code = f"<rsp:Code>{SHELL}/signal/Terminate</rsp:Code>"
    return envelope(SHELL + "/Signal", f'<rsp:Signal CommandId="{command_id}">{code}</rsp:Signal>', shell_id)


class Server:
    """One of the two: what it announced, and its answers without what must differ."""

    def __init__(self, address, user, password):
        self.address, self.user, self.password = address, user, password
        self.connection = http.client.HTTPConnection(address, timeout=10)
        self.last = ""

    def ask(self, body, authorized=True, **headers):
        headers["Content-Type"] = "application/soap+xml;charset=UTF-8"
        if authorized:
            pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            headers["Authorization"] = "Basic " + pair
        self.connection.request("POST", "/wsman", body, headers)
        answer = self.connection.getresponse()
        self.last = answer.read().decode()
        kept = [(name.lower(), value) for name, value in answer.getheaders()]
        return answer.status, sorted(pair for pair in kept if pair[0] not in ("date", "content-length")), same(self.last)

    def found(self, pattern):
        return re.findall(pattern, self.last)


def same(text):
    """Without the ids that a server makes up, and without seconds."""
    text = re.sub(r"(MessageID>|EnumerationContext>)uuid:[0-9A-F-]{36}<", r"\1uuid:X<", text)
    text = re.sub(r"CommandId>[0-9A-F-]{36}<", "CommandId>X<", text)
    return re.sub(r"M\d+S</rsp:Shell", "MxS</rsp:Shell", text)


def conversation(server, is_running):
    """Asks for everything that the load server knows; yields a name and an answer."""
    yield "no login", server.ask(IDENTIFY, authorized=False)
    yield "anonymous identify", server.ask(IDENTIFY, authorized=False, WSMANIDENTIFY="unauthenticated")
    yield "identify", server.ask(IDENTIFY)
    yield "whole listing", server.ask(enumerate_shells(32000))
    ids = server.found(r"ShellId>([^<]+)<")
    assert len(ids) == SHELLS, server.last
    yield "first page", server.ask(enumerate_shells(2))
    context = server.found(r"EnumerationContext>([^<]+)<")[0]
    most = "<n:MaxElements>2</n:MaxElements>"
    for page in ("second page", "last page", "page after the last"):
        yield page, server.ask(with_context("Pull", context, most))
    yield "listing by context alone", server.ask(envelope(ENUMERATION + "Enumerate", "<n:Enumerate/>"))
    context = server.found(r"EnumerationContext>([^<]+)<")[0]
    yield "release", server.ask(with_context("Release", context))
    yield "release again", server.ask(with_context("Release", context))
    yield "get", server.ask(envelope(TRANSFER + "Get", shell_id=ids[0]))
    yield "get in small letters", server.ask(envelope(TRANSFER + "Get", shell_id=ids[0].lower()))
    yield "commands", server.ask(enumerate_commands(ids[0]))
    if is_running:
        command = server.found(r"CommandId>([^<]+)<")[0]
        yield "signal", server.ask(signal(ids[0], command))
        yield "signal again", server.ask(signal(ids[0], command))
    yield "delete", server.ask(envelope(TRANSFER + "Delete", shell_id=ids[0]))
    yield "delete again", server.ask(envelope(TRANSFER + "Delete", shell_id=ids[0]))
    yield "get after delete", server.ask(envelope(TRANSFER + "Get", shell_id=ids[0]))
    yield "commands after delete", server.ask(enumerate_commands(ids[0]))
    yield "signal after delete", server.ask(signal(ids[0], ids[0]))
    yield "listing after delete", server.ask(enumerate_shells(32000))


@contextlib.contextmanager
def started(command):
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


@contextlib.contextmanager
def both(pssession, load_server, kind, is_running):
    """The two servers with the same shells."""
    simulator = [pssession, "simulator", "--shells", "0", "--allow-unencrypted", "-o", "json"]
    load = [load_server, "--shells", str(SHELLS), "--kind", kind, *(["--running"] if is_running else [])]
    with started(simulator) as one, started(load) as other:
        for number in range(SHELLS):
            shell = {
                "Type": kind,
                "ShellId": f"00000000-5E55-4000-8000-{number:012X}",
                "Owner": ["LAB\\ci", "LAB\\alice"][number % 2],
                "ShellRunTime": 3600,
                "ShellInactivity": 600,
            }
            if kind == "ps":
                shell["Name"] = f"Runspace{number + 1}"
            if is_running:
                shell["Running"] = ["" if kind == "ps" else "msbuild.exe web.sln"]
            request = urllib.request.Request(
                one["Control"] + "/shells",
                data=json.dumps(shell).encode(),
                headers={"Authorization": "Bearer " + one["Token"]},
            )
            urllib.request.urlopen(request, timeout=10).close()
        yield (
            Server(f"127.0.0.1:{one['Port']}", one["User"], one["Password"]),
            Server(other["hosts"][0], other["user"], other["password"]),
        )


def objects(pssession, server, arguments):
    """What the command prints, without what must differ."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PSSESSION_PASSWORD": server.password, "PSSESSION_STORE": folder + "/store"}
        command = [pssession, *arguments, "--on", server.address, "--user", server.user, "-o", "ndjson"]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    kept = ("Name", "ShellId", "ResourceUri", "Owner", "ClientIP", "ServerState", "Outcome", "Signals", "IdleTimeout")
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    return ran.returncode, sorted(json.dumps({name: line.get(name) for name in kept}) for line in lines)


def main():
    pssession, load_server = sys.argv[1:]
    compared = 0

    def compare(what, one, other):
        nonlocal compared
        compared += 1
        if one != other:
            sys.exit(f"{what} differs\nsimulator:   {one}\nload server: {other}")

    for kind, is_running in (("ps", False), ("ps", True), ("cmd", True)):
        with both(pssession, load_server, kind, is_running) as (simulator, load):
            pairs = zip(conversation(simulator, is_running), conversation(load, is_running), strict=True)
            for (name, one), (_, other) in pairs:
                compare(f"{kind}: {name}", one, other)
    basic = ["--auth", "basic", "--dangerous-basic-over-http", "--dangerous-unencrypted"]
    for login in (["--auth", "ntlm"], ["--auth", "negotiate"], basic):
        with both(pssession, load_server, "ps", True) as servers:
            for arguments in (["get"], ["remove", "--all", "--yes"], ["get"]):
                one, other = (objects(pssession, server, arguments + login) for server in servers)
                assert one[0] == 0, one
                compare(" ".join(arguments + login), one, other)
    print(f"the load server answers as the simulator does: {compared} comparisons")


main()
