"""pyspnego's NTLM, with what a client may leave out: SEAL, SIGN, the MIC, the mechListMIC."""

import base64
import http.client

import pytest
import spnego
import spnego._negotiate
import spnego._ntlm

IDENTIFY = (
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    b'xmlns:wsmid="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">'
    b"<s:Header/><s:Body><wsmid:Identify/></s:Body></s:Envelope>"
)
FLAGS = {
    "none": spnego.ContextReq.none,
    "sign": spnego.ContextReq.integrity,
    "seal": spnego.ContextReq.integrity | spnego.ContextReq.confidentiality,
}


@pytest.fixture(params=["mic", "no-mic"])
def mic(request, monkeypatch):
    if request.param == "no-mic":
        never = property(lambda self: False, lambda self, value: None)
        monkeypatch.setattr(spnego._ntlm.NTLMProxy, "_mic_required", never, raising=False)
        # Its SPNEGO would ask for a mechListMIC, which makes a MIC of NTLM's last message due, too.
        monkeypatch.setattr(spnego._ntlm.NTLMProxy, "_requires_mech_list_mic", property(lambda self: False))
    return request.param


@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize(
    "scheme, protocol", [("Negotiate", "ntlm"), ("NTLM", "ntlm"), ("Negotiate", "negotiate")]
)
def test_a_login_stands_with_whatever_it_leaves_out(simulator, monkeypatch, mic, scheme, protocol, flags):
    only_ntlm = classmethod(lambda cls, options=None: ["ntlm", "negotiate"])
    monkeypatch.setattr(spnego._negotiate.NegotiateProxy, "available_protocols", only_ntlm)
    options = spnego.NegotiateOptions.use_ntlm
    if protocol == "negotiate":
        options |= spnego.NegotiateOptions.use_negotiate
    client = spnego.client(
        simulator.user,
        simulator.password,
        hostname="127.0.0.1",
        service="HTTP",
        protocol=protocol,
        context_req=FLAGS[flags],
        options=options,
    )
    connection = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=10)

    def ask(body, headers):
        connection.request("POST", "/wsman", body, headers)
        response = connection.getresponse()
        return response, response.read()

    response, token = None, client.step()
    while token:
        response, _ = ask(b"", {"Authorization": scheme + " " + base64.b64encode(token).decode()})
        answered = response.getheader("WWW-Authenticate") or ""
        assert not answered or answered.startswith(scheme + " "), simulator.log
        token = client.step(base64.b64decode(answered[len(scheme) :])) if answered else None
    assert (response.status, client.complete) == (200, True), simulator.log
    response, body = ask(IDENTIFY, {"Content-Type": "application/soap+xml;charset=UTF-8"})
    assert response.status == 200 and b"IdentifyResponse" in body
    assert [(entry["User"], entry["Reason"]) for entry in simulator.log] == [(simulator.user, None)]
