# SPDX-License-Identifier: MIT OR Apache-2.0
"""Where a host is and who logs in, from the options of a task and of the host's connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

from .arguments import option, options
from .problem import Problem

# What pywinrm calls transports, and what the command calls the same schemes.
TRANSPORTS = {
    ("kerberos",): "kerberos",
    ("ntlm",): "ntlm",
    ("kerberos", "ntlm"): "negotiate",
}
# Defaults of the psrp plugin, which are no choice of the user.
PSRP_CONNECTION_TIMEOUT = 30
PSRP_OPERATION_TIMEOUT = 20
BASIC = ("basic", "plaintext", "ssl")

# Options of a task that are options of the command.
LOGIN = (
    "account",
    "no_ntlm",
    "workstation",
    "certificate_pin",
    "tls_server_name",
    "dangerous_skip_certificate_check",
    "dangerous_basic_over_http",
    "dangerous_unencrypted",
    "connect_timeout",
    "login_timeout",
    "operation_timeout",
    "list_timeout",
    "deadline",
    "retries",
    "config",
    "store",
)


@dataclass
class Endpoint:
    """A host, and the login to it."""

    url: str
    words: list[str]
    password: str | None


@dataclass
class Inventory:
    """What the connection of a host says. The names are those of a task."""

    host: str | None = None
    port: int | None = None
    tls: bool | None = None
    path: str = "/wsman"
    user: str | None = None
    password: str | None = None
    auth: str | None = None
    # Why the command cannot log in as the connection does, if the task has no `auth`.
    refused_auth: Problem | None = None
    skips_certificate_check: bool = False
    ca_file: str | None = None
    spn: str | None = None
    message_encryption: str | None = None
    proxy: str | None = None
    connect_timeout: str | None = None
    operation_timeout: str | None = None
    retries: int | None = None


GetOption = Callable[[str], Any]


def endpoint(args: dict[str, Any], transport: str, get_option: GetOption) -> Endpoint:
    """Where the command connects to, and how; `transport` is the name of the connection, such as winrm."""
    inventory = _inventory(args, transport, get_option)
    args = dict(args)
    for name in ("host", "user", "password", "ca_file", "spn", "connect_timeout", "operation_timeout", "retries"):
        if args[name] is None:
            args[name] = getattr(inventory, name)
    _refuse(args, inventory)
    words = options(args, LOGIN) + options(args, ("user", "spn", "ca_file"))
    words += option("auth", args["auth"] or inventory.auth)
    return Endpoint(_url(args, inventory), words, args["password"])


def _inventory(args: dict[str, Any], transport: str, get_option: GetOption) -> Inventory:
    if transport == "winrm":
        return _winrm(get_option)
    if transport == "psrp":
        return _psrp(get_option)
    if args["host"] is None:
        raise Problem(
            "the connection of this host is %s, not winrm or psrp" % transport,
            "remove delegate_to, since the task runs on the controller by itself, or set host, user and password",
        )
    return Inventory()


def _winrm(get_option: GetOption) -> Inventory:
    extras = get_option("_extras") or {}

    def extra(name: str) -> Any:
        return extras.get("ansible_winrm_" + name)

    port, scheme = get_option("port"), get_option("scheme")
    # As the connection plugin has it.
    scheme = scheme or ("http" if int(port) == 5985 else "https")
    transports = tuple(sorted({str(name).lower() for name in get_option("transport") or [] if name}))
    auth, refused_auth = None, None
    if transports in TRANSPORTS:
        auth = TRANSPORTS[transports]
    elif transports:
        refused_auth = _refused("ansible_winrm_transport", ",".join(transports), set(transports) <= set(BASIC))
    if get_option("kerberos_mode") == "managed":
        refused_auth = Problem(
            "ansible_winrm_kinit_mode is managed, but the command uses the Kerberos tickets of the controller",
            "run kinit first and set ansible_winrm_kinit_mode to manual, or set auth",
        )
    if extra("keytab"):
        raise Problem("ansible_winrm_keytab is not supported", "set KRB5_CLIENT_KTNAME in the environment of Ansible")
    ca_file = extra("ca_trust_path")
    return Inventory(
        host=get_option("remote_addr"),
        port=int(port),
        tls=scheme == "https",
        path=get_option("path"),
        user=get_option("remote_user"),
        password=get_option("remote_password"),
        auth=auth,
        refused_auth=refused_auth,
        skips_certificate_check=extra("server_cert_validation") == "ignore",
        # pywinrm's name for the certificates that the system trusts.
        ca_file=None if ca_file == "legacy_requests" else ca_file,
        spn=_principal(extra("service"), "HTTP", extra("kerberos_hostname_override")),
        message_encryption=extra("message_encryption"),
        proxy=extra("proxy"),
        operation_timeout=_seconds(get_option("connection_timeout") or extra("operation_timeout_sec")),
    )


def _psrp(get_option: GetOption) -> Inventory:
    port, protocol = get_option("port"), get_option("protocol")
    # As the connection plugin has it.
    protocol = protocol or ("http" if port is not None and int(port) == 5985 else "https")
    auth, refused_auth = get_option("auth"), None
    if auth not in ("negotiate", "kerberos", "ntlm"):
        auth, refused_auth = None, _refused("ansible_psrp_auth", auth, auth in BASIC)
    return Inventory(
        host=get_option("remote_addr"),
        port=int(port) if port is not None else None,
        tls=protocol == "https",
        path=get_option("path"),
        user=get_option("remote_user"),
        password=get_option("remote_password"),
        auth=auth,
        refused_auth=refused_auth,
        skips_certificate_check=get_option("cert_validation") == "ignore",
        ca_file=get_option("ca_cert"),
        # The plugin's default, WSMAN, is no choice of the user, and both principals are the host's.
        spn=_principal(get_option("negotiate_service"), "WSMAN", get_option("negotiate_hostname_override")),
        message_encryption=get_option("message_encryption"),
        proxy=get_option("proxy"),
        connect_timeout=_seconds(get_option("connection_timeout"), PSRP_CONNECTION_TIMEOUT),
        operation_timeout=_seconds(get_option("operation_timeout"), PSRP_OPERATION_TIMEOUT),
        retries=get_option("reconnection_retries") or None,
    )


def _seconds(value: Any, default: int | None = None) -> str | None:
    """A time that somebody chose, in the command's form."""
    return "%ss" % value if value and int(value) != default else None


def _principal(service: str | None, default: str, host: str | None) -> str | None:
    if host:
        return "%s/%s" % (service or default, host)
    return service if service and service.upper() != default else None


def _refused(variable: str, value: str, is_basic: bool) -> Problem:
    if is_basic:
        return Problem(
            "%s is %s, which sends the password to the host" % (variable, value),
            "set auth to negotiate, or to basic if the host offers nothing else",
        )
    return Problem("%s is %s, which the command does not have" % (variable, value), "set auth to negotiate")


def _refuse(args: dict[str, Any], inventory: Inventory) -> None:
    """Refuses what the inventory asks for and the command would not do, before anything is sent."""
    tls = _tls(args, inventory)
    if inventory.refused_auth and args["auth"] is None:
        raise inventory.refused_auth
    if (inventory.path or "/wsman").strip("/") != "wsman":
        raise Problem("the path of the endpoint is %s" % inventory.path, "remove it: the command connects to /wsman")
    if inventory.proxy:
        raise Problem("the connection has a proxy, and the command connects directly", "remove the proxy of the host")
    if tls and inventory.message_encryption == "always":
        raise Problem(
            "message encryption is set to always, and the command does not encrypt messages within TLS",
            "set it to auto, or use HTTP, where each message is encrypted",
        )
    checked = args["certificate_pin"] or args["ca_file"] or args["dangerous_skip_certificate_check"]
    if tls and inventory.skips_certificate_check and not checked:
        raise Problem(
            "the inventory says to ignore the certificate of the host",
            "set certificate_pin or ca_file, or dangerous_skip_certificate_check in the task",
        )


def _tls(args: dict[str, Any], inventory: Inventory) -> bool:
    return args["tls"] if args["tls"] is not None else bool(inventory.tls)


def _url(args: dict[str, Any], inventory: Inventory) -> str:
    tls = _tls(args, inventory)
    port = args["port"] or inventory.port or (5986 if tls else 5985)
    host = str(args["host"])
    if ":" in host and not host.startswith("["):
        host = "[%s]" % host
    if not host or any(character in host for character in "/@?#, \0"):
        raise Problem("%r is not the name or address of a host" % host, "correct host or ansible_host")
    return "%s://%s:%s/wsman" % ("https" if tls else "http", host, port)
