//! What no table knows: what a cmdlet is for, what it does here, and what to type.

use super::super::cmdlet::Cmdlet;
use super::Example;

/// The prose of a cmdlet.
pub(super) struct Prose {
    pub(super) description: &'static [&'static str],
    pub(super) inputs: &'static str,
    pub(super) outputs: &'static str,
    pub(super) notes: &'static [&'static str],
    pub(super) examples: &'static [Example],
    pub(super) related: &'static [&'static str],
}

pub(super) fn of(cmdlet: Cmdlet) -> Prose {
    match cmdlet {
        Cmdlet::RemovePSSession => REMOVE,
        Cmdlet::GetPSSession => GET,
    }
}

const QUOTING: &str = "Where a POSIX shell reads the line, quote what it would take for itself: wildcards, as in \
    -Name 'build-*', and dollar signs, as in '-Confirm:$false'. PowerShell's blanks around commas need no quotes.";
const ABBREVIATING: &str = "Names of parameters may be shortened while they stay unambiguous, in any case. A value \
    follows a blank or a colon; several are separated by commas.";
const OURS: &str = "Options of pssession itself keep their two dashes and go anywhere on the line: --output json, \
    --yes, --user, --on, --store and the rest that RELATED leads to.";
const PASSWORDS: &str = "A password is never typed on the line. It comes from a prompt, --password-file, \
    --password-command or the variable PSSESSION_PASSWORD.";
const LINKS: &str = "A link of this name, or of its alias, to the program pssession is the command itself: \
    ln -s pssession Remove-PSSession.";

const REMOVE: Prose = Prose {
    description: &[
        "Closes the sessions that one selector chooses: the commands that still run in a session are signalled, its \
         shell is deleted on the server, and the server is then listed again. Only a complete listing without the \
         session counts as closed; then it leaves the table as well.",
        "The table holds what was opened or imported, and it outlives the shell that you type in. With --on the \
         servers that are named there are asked instead. No session is opened or connected in order to close one, so \
         that it works where every quota is full, and on a session that is disconnected or busy elsewhere.",
        "One selector is needed, and no two of them go together: each stands for a parameter set of its own. All values \
         are looked up, and all errors told, before the first session is touched.",
    ],
    inputs: "Objects that Get-PSSession has written, of this command or, through ConvertTo-Json, Export-Csv or \
         Export-Clixml, of PowerShell. Without a selector they come out of a pipe, or a file, on stdin; -Session names \
         the file that holds them, and - is stdin. An object without ShellId and InstanceId chooses by its Id, Name, \
         ComputerName, ContainerId, VMId or VMName.",
    outputs: "None. With --output json, ndjson, csv or table it writes each session with its outcome.",
    notes: &[
        ABBREVIATING,
        QUOTING,
        OURS,
        PASSWORDS,
        "It asks before it closes what is not provably yours, what runs a command, or more than ten sessions. -Confirm \
         asks for each session, and '-Confirm:$false' for none. Where there is no terminal to ask on, it ends with \
         exit code 6 and has closed nothing.",
        "A name, a computer, an Id or an instance id that is not found is an error, and the others are removed all the \
         same; under -ErrorAction Stop nothing is. A pattern for -Name that fits nothing is no error, nor is anything \
         that -VMName, -VMId and -ContainerId do not find.",
        "Unlike PowerShell it tells each session that could not be closed, and keeps it in the table. It exits with 0 if \
         no error was told, with 1 after an error, and with 2 if the line could not be understood.",
        LINKS,
    ],
    examples: &[
        Example {
            title: "by Id",
            lines: &["Remove-PSSession -Id 1, 2"],
            remark: "Closes the sessions that the list shows as 1 and 2, in this order. Should one be missing, that is \
                 told, and the other is closed.",
        },
        Example {
            title: "every session of the table",
            lines: &[
                "Get-PSSession | Remove-PSSession",
                "Get-PSSession > sessions.ndjson; Remove-PSSession -Session sessions.ndjson",
            ],
            remark: "Two ways to the same end. A shell has no variables for objects: a file takes their place. Where \
                 there is no session, nothing is done, and that is a success.",
        },
        Example {
            title: "by the beginning of the computer's name",
            lines: &["Remove-PSSession -ComputerName 'Serv*'"],
            remark: "Closes what runs on computers whose names begin with Serv, in any case. If there is none, that is an \
                 error. Get-PSSession -ComputerName 'Serv*' lists them first; a name without a pattern is a server to ask.",
        },
        Example {
            title: "by a property, here the port",
            lines: &["Get-PSSession | jq -c 'select(.Port == 90)' | Remove-PSSession"],
            remark: "Get-PSSession writes one JSON object a line into a pipe, jq lets those pass that fit, and what \
                 comes through is closed. The port is a property here. Remove-PSSession -Name '*' -Port 90 needs no jq.",
        },
        Example {
            title: "by instance id",
            lines: &[
                "Get-PSSession | jq -r '[.ComputerName, .InstanceId] | @tsv'",
                "Remove-PSSession -InstanceId fc4e9dfa-f246-452d-9fa3-1adbdd64ae85",
            ],
            remark: "The first line shows which id is where, the second closes exactly one session. An id may be written \
                 with or without braces and dashes, in either case.",
        },
        Example {
            title: "a function for the end of the day",
            lines: &["EndPSS() { Get-PSSession | Remove-PSSession; }"],
            remark: "In a profile such as ~/.bashrc it makes EndPSS close all that the table holds.",
        },
        Example {
            title: "the same, but look first",
            lines: &["Remove-PSSession -Name 'build-*' -WhatIf"],
            remark: "Tells what would be closed, one line a session, and sends nothing that closes.",
        },
    ],
    related: &[
        "pssession help Get-PSSession     list sessions in PowerShell's spelling",
        "pssession help remove            the same work in this command's own spelling, with all its options",
        "pssession import --help          take sessions of PowerShell into the table",
        "pssession man Remove-PSSession   this page as a manual page",
    ],
};

const GET: Prose = Prose {
    description: &[
        "Without -ComputerName or -ConnectionUri it lists the sessions of the table: those that were opened or imported. \
         The table outlives the shell that you type in.",
        "With -ComputerName or -ConnectionUri it asks the servers and shows every shell that runs there, whoever owns \
         it and whatever has opened it: PowerShell, WinRS, Ansible, Packer. Each gets an Id, which Remove-PSSession \
         understands from then on. This works on every operating system.",
        "-Name, -InstanceId, -State and -ConfigurationName narrow what is shown.",
    ],
    inputs: "None.",
    outputs: "Sessions: a table on a terminal, one JSON object a line into a pipe or a file. --output table, wide, list, \
         json, ndjson, csv or name decides otherwise.",
    notes: &[
        ABBREVIATING,
        QUOTING,
        OURS,
        PASSWORDS,
        "A session on a server is Disconnected only if the server says so, and otherwise Opened and Busy. PowerShell \
         calls both Disconnected, which would let -State Disconnected lead to sessions in which somebody works.",
        "What was only seen on a server is left out of a plain list; --cached shows it, too.",
        "A server that cannot be reached is an error, and the others are listed all the same.",
    ],
    examples: &[
        Example {
            title: "the table",
            lines: &["Get-PSSession"],
            remark: "Lists every session that was opened or imported.",
        },
        Example {
            title: "a server",
            lines: &["Get-PSSession -ComputerName web01 -Credential 'CONTOSO\\alice'"],
            remark: "Asks web01 and shows all shells there. The password is asked for.",
        },
        Example {
            title: "several servers, by HTTPS, only what is disconnected",
            lines: &["Get-PSSession -ComputerName web01, web02 -UseSSL -State Disconnected"],
            remark: "Servers are asked at the same time. The port is 5986 with -UseSSL and 5985 without, unless -Port \
                 says otherwise.",
        },
        Example {
            title: "all properties",
            lines: &["Get-PSSession -Id 3 --output list"],
            remark: "One property a line, as Format-List would show them.",
        },
        Example {
            title: "by name",
            lines: &["Get-PSSession -Name 'build-*', 'nightly-*'"],
            remark: "Lists sessions of the table whose name fits one of the patterns.",
        },
        Example {
            title: "into another program",
            lines: &["Get-PSSession -ComputerName web01 | jq -r .Owner | sort | uniq -c"],
            remark: "Counts the shells that each account holds on web01.",
        },
    ],
    related: &[
        "pssession help Remove-PSSession  close sessions in PowerShell's spelling",
        "pssession help get               the same work in this command's own spelling, with all its options",
        "pssession import --help          take sessions of PowerShell into the table",
        "pssession man Get-PSSession      this page as a manual page",
    ],
};
