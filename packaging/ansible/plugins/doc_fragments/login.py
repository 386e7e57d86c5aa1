# SPDX-License-Identifier: MIT OR Apache-2.0
from __future__ import annotations


class ModuleDocFragment:
    """Where the host is and who logs in; the variables of the inventory are the defaults."""

    DOCUMENTATION = r"""
options:
  host:
    description:
      - The address of the host.
      - The default is that of the connection, such as C(ansible_host).
      - Required where the host's connection is neither P(ansible.builtin.winrm#connection) nor P(ansible.builtin.psrp#connection).
    type: str
  port:
    description:
      - The port of WinRM. The default is that of the connection.
    type: int
  tls:
    description:
      - Use HTTPS. The default is that of the connection.
    type: bool
  user:
    description:
      - The account, as C(user), C(DOMAIN\user) or C(user@realm). The default is that of the connection.
    type: str
  password:
    description:
      - The password. The default is that of the connection.
      - The command gets it in its environment, never as an argument.
    type: str
  account:
    description:
      - The account of this login, C(DOMAIN\name), to find out which sessions are yours. It is not used to log in.
    type: str
  auth:
    description:
      - The authentication scheme. The default is that of the connection, if the command has the same.
      - V(auto) selects the strongest that the host offers, and never V(basic).
    type: str
    choices: [auto, negotiate, kerberos, ntlm, basic]
  no_ntlm:
    description:
      - Never log in with NTLM, not even within V(negotiate).
    type: bool
    default: false
  spn:
    description:
      - The service principal for Kerberos and NTLM, a full name or a service. The default is that of the connection.
    type: str
  workstation:
    description:
      - The name of the workstation that NTLM sends to the host; an empty one sends none.
    type: str
  ca_file:
    description:
      - A PEM file of certificate authorities to trust instead of the system's. The default is that of the connection.
    type: path
  certificate_pin:
    description:
      - Trust the certificate with this fingerprint, C(sha256/BASE64), regardless of its issuer and name.
    type: str
  tls_server_name:
    description:
      - The name that is expected in the certificate. The default is the host.
    type: str
  dangerous_skip_certificate_check:
    description:
      - Trust any certificate.
      - C(ansible_winrm_server_cert_validation=ignore) and C(ansible_psrp_cert_validation=ignore) do not imply it. A host with one of
        them is refused until the task has this option, O(certificate_pin) or O(ca_file).
    type: bool
    default: false
  dangerous_basic_over_http:
    description:
      - Send the password unencrypted over plain HTTP.
    type: bool
    default: false
  dangerous_unencrypted:
    description:
      - Send and accept unencrypted messages over plain HTTP.
    type: bool
    default: false
  connect_timeout:
    description:
      - The time to connect, TLS included, such as V(10s). The default is C(ansible_psrp_connection_timeout), if it is set.
    type: str
  login_timeout:
    description:
      - The time for one login.
    type: str
  operation_timeout:
    description:
      - The time for one operation on the host. The default is C(ansible_winrm_connection_timeout) or
        C(ansible_psrp_operation_timeout), if one is set.
    type: str
  list_timeout:
    description:
      - The time to list all sessions of the host.
    type: str
  deadline:
    description:
      - The time for the whole task. Nothing new begins after it.
    type: str
  retries:
    description:
      - Repeat connecting this often. A login is never repeated.
    type: int
  config:
    description:
      - The config file of the command. The default is the one in the config folder of the controller's user.
    type: path
  store:
    description:
      - The file of the local session table. The default is the one in the state folder of the controller's user.
    type: path
  executable:
    description:
      - The command. The default is the variable C(PSSESSION) of the controller's environment, then the command beside the Python
        that runs Ansible, then C(pssession) in the C(PATH).
    type: path
requirements:
  - the command C(pssession) on the controller
attributes:
  check_mode:
    description: Can run in check mode and return the result without closing anything.
    support: full
  diff_mode:
    description: Can show the sessions of the host before and after.
    support: full
  action_group:
    description: Use C(group/pssession.winrm.all) in C(module_defaults) to set options of both modules.
    support: full
    membership:
      - pssession.winrm.all
  delegation:
    description: Can be delegated.
    support: none
    details:
      - The task runs on the controller by itself. Where it is delegated, the variables of the host's connection are not known, and
        O(host) is required.
notes:
  - No shell is opened on the host, so the task works when every quota is full.
"""
