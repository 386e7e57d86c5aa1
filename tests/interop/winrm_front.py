"""A WinRM service whose logins and sealing are not ours: HTTP(S), pyspnego, and the simulator behind it.

It takes one JSON object as its argument:
  upstream, user, password   where the simulator listens, and its Basic account: it gets the bodies in clear
  header                     the word in WWW-Authenticate: "Kerberos", "Negotiate" or "Basic", which Werkzeug reads
  account                    of Basic: [user, password]
  protocol                   pyspnego's name for what is spoken below it: "kerberos", "negotiate" or "ntlm"
  certificate, key           PEM files: HTTPS, and the login is all that is protected by it
  tls                        the highest version, in Python's words: "TLSv1_2"; or null
  binding                    hex of the application data that a login must be bound to, or null
  ntlm                       NTLM alone, by pyspnego's own code: "signed", or "unsigned" where a negotiation is not
                             protected by a mechListMIC; or null
  denied                     a right password is answered 401 all the same, with the token that completes the login
  injected_fault                   what is done to sealed answers: "alter", "replay" (always the first one) or "sign" (signed,
                             not encrypted); or null

On stdout it writes one JSON object a line: {"event": "listening", "port": n}, then what happens to each connection.
It ends when its stdin does.
"""

import base64
import http.client
import json
import os
import ssl
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import gssapi
import spnego
import spnego._negotiate
import spnego._ntlm
import spnego.channel_bindings
from werkzeug.datastructures import Authorization, WWWAuthenticate

# Else a refusal that has a token to go with it hides its reason.
gssapi.SecurityContext.__DEFER_STEP_ERRORS__ = False

CHANNEL_BOUND = 0x800
DELEGATED = 0x1
BOUNDARY = b"--Encrypted Boundary"
PROTOCOLS = {
    "Kerberos": "application/HTTP-Kerberos-session-encrypted",
    "Negotiate": "application/HTTP-SPNEGO-session-encrypted",
}

settings = json.loads(sys.argv[1])

class Timeless(spnego._ntlm.TargetInfo):
    """Without a timestamp in its challenge NTLM's last message bears no MIC."""

    def __setitem__(self, key, value):
        if key != spnego._ntlm.AvId.timestamp:
            super().__setitem__(key, value)


if settings.get("ntlm"):
    spnego._negotiate.NegotiateProxy.available_protocols = classmethod(lambda cls, options=None: ["ntlm", "negotiate"])
if settings.get("ntlm") == "unsigned":
    spnego._ntlm.TargetInfo = Timeless
    spnego._ntlm.NTLMProxy._requires_mech_list_mic = property(lambda self: False)

lock = threading.Lock()
sent = []


def tell(**event):
    with lock:
        print(json.dumps(event), flush=True)


def acceptor():
    bindings = None
    if settings.get("binding"):
        bindings = spnego.channel_bindings.GssChannelBindings(application_data=bytes.fromhex(settings["binding"]))
    options = spnego.NegotiateOptions.none
    if settings.get("ntlm"):
        options = spnego.NegotiateOptions.use_ntlm | spnego.NegotiateOptions.use_negotiate
    return spnego.server(
        hostname="localhost",
        service="HTTP",
        protocol=settings["protocol"],
        channel_bindings=bindings,
        options=options,
    )


def gss_flags(context):
    """All flags of the GSS-API context below, also those that pyspnego has no name for."""
    inner = getattr(context, "_context", None)
    if isinstance(inner, spnego.ContextProxy):
        return gss_flags(inner)
    return int(getattr(inner, "actual_flags", 0))


def cut(body):
    """The header and the data of the one pair of parts."""
    head, _, rest = body.partition(b"\r\nContent-Type: application/octet-stream\r\n")
    assert head.startswith(BOUNDARY + b"\r\nContent-Type: "), head
    assert head.endswith(BOUNDARY), head
    tail = BOUNDARY + b"--\r\n"
    assert rest.endswith(tail), rest[-40:]
    rest = rest[: -len(tail)]
    (length,) = struct.unpack("<I", rest[:4])
    announced = int(head.split(b"Length=")[1].split(b"\r\n")[0])
    protocol = head.split(b"\r\n")[1].split(b": ")[1].decode()
    return rest[4 : 4 + length], rest[4 + length :], announced, protocol


class Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Front/1"

    def setup(self):
        super().setup()
        self.context = None
        self.stands = False
        self.round_trips = 0
        self.header_length = None

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        try:
            self.serve(body)
        except Exception as error:  # The test judges every failure by its name.
            tell(event="failed", error=type(error).__name__, message=str(error))
            self.answer(401, close=True)

    def serve(self, body):
        authorization = self.headers.get("Authorization")
        if settings["header"] == "Basic":
            return self.basic(authorization, body)
        if not self.stands:
            self.round_trips += 1
            if authorization is None:
                return self.answer(401)
            word, _, token = authorization.partition(" ")
            if word != settings["header"]:
                return self.answer(401)
            return self.login(base64.b64decode(token))
        assert authorization is None, "a token on a connection whose login stands"
        if self.header_length is None and not settings.get("certificate"):
            self.header_length = 0
        self.operation(body)

    def basic(self, authorization, body):
        """Each request bears the password; none is answered before it does."""
        shown = Authorization.from_header(authorization)
        if shown is None or shown.type != "basic":
            return self.answer(401)
        if [shown.username, shown.password] != settings["account"]:
            raise PermissionError("Basic: no such account")
        if not self.stands:
            self.stands = True
            tell(event="login", principal=shown.username)
        status, answer = forward(body)
        self.answer(status, body=answer, content_type="application/soap+xml;charset=UTF-8")

    def login(self, token):
        self.context = self.context or acceptor()
        out = self.context.step(token)
        if not self.context.complete:
            return self.answer(401, token=out)
        if settings.get("denied"):
            tell(event="denied", principal=self.context.client_principal)
            return self.answer(401, token=out)
        flags = gss_flags(self.context)
        # pyspnego's NTLM refuses a login that is not bound by itself.
        if settings.get("binding") and not settings.get("ntlm") and not flags & CHANNEL_BOUND:
            raise PermissionError("the login is not bound to the channel")
        self.stands = True
        tell(
            event="login",
            principal=self.context.client_principal,
            round_trips=self.round_trips,
            bound=bool(flags & CHANNEL_BOUND),
            delegated=bool(flags & DELEGATED),
        )
        self.answer(200, token=out)

    def operation(self, body):
        sealed = self.headers["Content-Type"].startswith("multipart/encrypted")
        protocol = PROTOCOLS[settings["header"]]
        if sealed:
            header, data, announced, said = cut(body)
            assert said == protocol and protocol in self.headers["Content-Type"], said
            envelope = self.context.unwrap_winrm(header, data)
            assert len(envelope) == announced, (len(envelope), announced)
            if not self.header_length:
                self.header_length = len(header)
                tell(event="sealed", header=len(header), protocol=said)
        else:
            assert settings.get("certificate"), "a body in clear over plain HTTP"
            envelope = body
        status, answer = forward(envelope)
        content_type = "application/soap+xml;charset=UTF-8"
        if sealed:
            header, data, length = self.seal(answer)
            content_type = f'multipart/encrypted;protocol="{protocol}";boundary="Encrypted Boundary"'
            answer = b"".join(
                [
                    BOUNDARY + b"\r\n\tContent-Type: " + protocol.encode() + b"\r\n\tOriginalContent: ",
                    b"type=application/soap+xml;charset=UTF-8;Length=%d\r\n" % length,
                    BOUNDARY + b"\r\n\tContent-Type: application/octet-stream\r\n",
                    struct.pack("<I", len(header)) + header + data,
                    BOUNDARY + b"--\r\n",
                ]
            )
        self.answer(status, body=answer, content_type=content_type)

    def seal(self, answer):
        """Header, data and announced length of a sealed answer, rightly or as the test's injected_fault has it."""
        injected_fault = settings.get("injected_fault")
        if injected_fault == "replay" and sent:
            return sent[0]
        if injected_fault == "sign":
            token = self.context.wrap(answer, encrypt=False).data
            cut = len(token) - len(answer)
            return token[:cut], token[cut:], len(answer)
        wrapped = self.context.wrap_winrm(answer)
        data = wrapped.data
        if injected_fault == "alter":
            data = bytes([data[0] ^ 1]) + data[1:]
        sent.append((wrapped.header, data, len(answer) + wrapped.padding_length))
        return sent[-1]

    def answer(self, status, token=None, body=b"", content_type=None, close=False):
        self.send_response(status)
        if token is not None:
            self.send_header("WWW-Authenticate", f"{settings['header']} {base64.b64encode(token).decode()}")
        elif status == 401 and settings["header"] == "Basic":
            self.send_header("WWW-Authenticate", WWWAuthenticate("basic", {"realm": "WSMAN"}).to_header())
        elif status == 401:
            self.send_header("WWW-Authenticate", settings["header"])
        if content_type:
            self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if close:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)


def forward(envelope):
    upstream = http.client.HTTPConnection("127.0.0.1", settings["upstream"], timeout=30)
    account = base64.b64encode(f"{settings['user']}:{settings['password']}".encode()).decode()
    headers = {"Content-Type": "application/soap+xml;charset=UTF-8", "Authorization": f"Basic {account}"}
    upstream.request("POST", "/wsman", envelope, headers)
    response = upstream.getresponse()
    answer = response.read()
    upstream.close()
    return response.status, answer


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Connection)
    server.daemon_threads = True
    if settings.get("certificate"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = ssl.TLSVersion[settings.get("tls") or "TLSv1_3"]
        context.load_cert_chain(settings["certificate"], settings["key"])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    tell(event="listening", port=server.server_address[1])
    sys.stdin.read()
    os._exit(0)


main()
