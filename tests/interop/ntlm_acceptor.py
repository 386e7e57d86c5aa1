"""An NTLM acceptor on stdin and stdout for tests/it/ntlm_interop.rs: one JSON object per line, answered by one.

  {"op": "start", "domain": "", "user": "", "password": "", "binding": null | hex of the application data,
   "protocol": "ntlm" | "negotiate", "timeless": bool, "unsigned": bool}
     negotiate is SPNEGO around NTLM; a timeless challenge has no timestamp, so that there is no MIC in NTLM's last
     message and the client owes none around it; the acceptor then signs first and waits for the client's, and
     if it is unsigned it does neither
     the domain . stands for the acceptor's own NetBIOS name
  {"op": "token", "token": hex}                     -> {"token": hex, "complete": bool}
     and of NTLM's last message as it is, without SPNEGO, the names in it: "domain", "user", "workstation"
  {"op": "unwrap", "signature": hex, "data": hex}   -> {"data": hex}
  {"op": "wrap", "data": hex}                       -> {"signature": hex, "data": hex}

What fails is answered by {"error": the name of the exception, "message": its text}.
"""

import json
import os
import socket
import sys
import tempfile

import spnego
import spnego._negotiate
import spnego._ntlm
import spnego.channel_bindings
from spnego._ntlm_raw.messages import Authenticate


class Timeless(spnego._ntlm.TargetInfo):
    def __setitem__(self, key, value):
        if key != spnego._ntlm.AvId.timestamp:
            super().__setitem__(key, value)


TIMED = spnego._ntlm.TargetInfo
WANTS_MIC = spnego._ntlm.NTLMProxy._requires_mech_list_mic
# NTLM alone, whatever else is installed: what it prefers decides whether it asks for a mechListMIC.
spnego._negotiate.NegotiateProxy.available_protocols = classmethod(lambda cls, options=None: ["ntlm", "negotiate"])


def start(request, users):
    with open(users, "w", encoding="utf-8") as file:
        domain = socket.gethostname().upper() if request["domain"] == "." else request["domain"]
        file.write("{}:{user}:{password}\n".format(domain, **request))
    bindings = None
    if request["binding"] is not None:
        bindings = spnego.channel_bindings.GssChannelBindings(application_data=bytes.fromhex(request["binding"]))
    spnego._ntlm.TargetInfo = Timeless if request["timeless"] else TIMED
    unsigned = property(lambda self: False)
    spnego._ntlm.NTLMProxy._requires_mech_list_mic = unsigned if request["unsigned"] else WANTS_MIC
    options = spnego.NegotiateOptions.use_ntlm
    if request["protocol"] == "negotiate":
        options |= spnego.NegotiateOptions.use_negotiate
    return spnego.server(protocol=request["protocol"], options=options, channel_bindings=bindings)


def names(token):
    if not token.startswith(b"NTLMSSP\0\x03"):
        return {}
    message = Authenticate.unpack(token)
    return {"domain": message.domain_name, "user": message.user_name, "workstation": message.workstation}


def answer(acceptor, request):
    if request["op"] == "token":
        taken = bytes.fromhex(request["token"])
        token = acceptor.step(taken)
        return {"token": (token or b"").hex(), "complete": acceptor.complete, **names(taken)}
    if request["op"] == "unwrap":
        return {"data": acceptor.unwrap_winrm(bytes.fromhex(request["signature"]), bytes.fromhex(request["data"])).hex()}
    if request["op"] == "wrap":
        wrapped = acceptor.wrap_winrm(bytes.fromhex(request["data"]))
        return {"signature": wrapped.header.hex(), "data": wrapped.data.hex()}
    raise ValueError("unknown op")


def main():
    acceptor = None
    with tempfile.TemporaryDirectory() as directory:
        users = os.path.join(directory, "users")
        os.environ["NTLM_USER_FILE"] = users
        for line in sys.stdin:
            request = json.loads(line)
            try:
                if request["op"] == "start":
                    acceptor = start(request, users)
                    result = {}
                else:
                    result = answer(acceptor, request)
            except Exception as error:  # The test judges every failure by its name.
                result = {"error": type(error).__name__, "message": str(error)}
            print(json.dumps(result), flush=True)


main()
