"""curl, with envelopes by hand: a shell is opened, runs a command, and is closed, with each login that curl knows."""

import base64
import re
import shutil
import subprocess
import uuid

import pytest

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
ENVELOPE = """<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
 xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
 xmlns:rsp="{shell}"><s:Header><a:To>{url}</a:To><w:ResourceURI s:mustUnderstand="true">{shell}/cmd</w:ResourceURI>
<a:ReplyTo><a:Address s:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address>
</a:ReplyTo><a:Action s:mustUnderstand="true">{action}</a:Action><a:MessageID>uuid:{id}</a:MessageID>
<w:MaxEnvelopeSize>153600</w:MaxEnvelopeSize><w:OperationTimeout>PT20S</w:OperationTimeout>{selectors}</s:Header>
<s:Body>{body}</s:Body></s:Envelope>"""


@pytest.mark.parametrize("login", ["--basic", "--ntlm", "--negotiate"])
def test_a_shell_from_create_to_delete(simulator, need, tmp_path, login):
    need("curl", shutil.which("curl"))
    domain, user = simulator.user.split("\\")
    # gss-ntlmssp, for --negotiate, reads the login from this file; no password is on a command line.
    users = tmp_path / "users"
    users.write_text(f"{domain}:{user}:{simulator.password}\n")
    config = tmp_path / "config"
    account = "" if login == "--negotiate" else f"{domain}\\\\{user}"
    password = "" if login == "--negotiate" else simulator.password
    config.write_text(f'user = "{account}:{password}"\n')

    def ask(action, body, shell_id=None):
        selectors = f'<w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet>'
        envelope = ENVELOPE.format(
            shell=SHELL, url=simulator.url, action=action, id=uuid.uuid4(), body=body, selectors=selectors if shell_id else ""
        )
        run = subprocess.run(
            ["curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "20", "--config", config, login]
            + ["--header", "Content-Type: application/soap+xml;charset=UTF-8", "--data-binary", "@-", simulator.url],
            input=envelope,
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "NTLM_USER_FILE": str(users)},
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0, (run.stdout, run.stderr, simulator.log)
        return run.stdout

    shell = "<rsp:Shell><rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>"
    created = ask(f"{TRANSFER}/Create", shell)
    shell_id = re.search('Name="ShellId">([^<]+)<', created).group(1)
    line = "<rsp:CommandLine><rsp:Command>whoami</rsp:Command></rsp:CommandLine>"
    command_id = re.search("<rsp:CommandId>([^<]+)<", ask(f"{SHELL}/Command", line, shell_id)).group(1)
    streams = f'<rsp:Receive><rsp:DesiredStream CommandId="{command_id}">stdout stderr</rsp:DesiredStream></rsp:Receive>'
    received = ask(f"{SHELL}/Receive", streams, shell_id)
    stdout = re.search('Name="stdout" CommandId="[^"]+">([^<]+)<', received).group(1)
    assert base64.b64decode(stdout).decode() == simulator.user.lower() + "\r\n"
    ask(f"{TRANSFER}/Delete", "", shell_id)
    assert simulator.shells == []
    assert {(entry["User"], entry["Status"]) for entry in simulator.log} == {(simulator.user, 200)}
