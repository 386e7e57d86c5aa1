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

const QUOTING: &str = "In a POSIX shell, quote wildcards, as in -Name 'build-*', and dollar signs, as in \
    '-Confirm:$false'. Spaces around commas need no quotes. fish drops a word with an unset variable, so that nothing is \
    left of -WhatIf:$true without quotes.";
const ABBREVIATING: &str = "Parameter names are case-insensitive and can be shortened to any unambiguous prefix. \
    A value follows a space or a colon; commas separate several values.";
const OURS: &str = "Options of pssession keep their two dashes and can be anywhere on the line: --output json, \
    --yes, --user, --on, --store and others; see RELATED.";
const PASSWORDS: &str = "A password is never an argument. It comes from a prompt, --password-file, \
    --password-command or the variable PSSESSION_PASSWORD.";
const LINKS: &str = "A link to pssession with the name or alias of the cmdlet works as the cmdlet: ln -s \
    pssession Remove-PSSession.";

const REMOVE: Prose = Prose {
    description: &[
        "Closes the sessions that one selector selects: signals the running commands of a session, deletes its \
         shell on the server, and lists the server again. A session counts as closed only if a complete listing \
         does not contain it; then it is also removed from the table.",
        "The table contains the sessions that were opened or imported, and persists after the shell ends. With \
         --on, the given servers are queried instead. Closing does not open or connect a session, so it works \
         when all quotas are full, and for sessions that are disconnected or busy elsewhere.",
        "Exactly one selector is required: each one is its own parameter set. All values are resolved, and all \
         errors reported, before the first session is closed.",
    ],
    inputs: "Objects written by Get-PSSession of this command or, through ConvertTo-Json, Export-Csv or \
        Export-Clixml, of PowerShell. Without a selector they are read from stdin, if it is a pipe or a file; \
        -Session gives a file, - for stdin, or the JSON itself. An object without ShellId and InstanceId selects by its Id, Name, \
        ComputerName, ContainerId, VMId or VMName.",
    outputs: "None. With --output json, ndjson, csv or table it writes each session with its outcome.",
    notes: &[
        ABBREVIATING,
        QUOTING,
        OURS,
        PASSWORDS,
        "It asks for confirmation before it closes sessions that are possibly not yours, sessions with a running \
         command, or more than ten sessions. -Confirm asks for each session, and '-Confirm:$false' for none. \
         Without a terminal, it closes nothing and the exit code is 6.",
        "A name, computer, Id or instance id that is not found is an error; the other sessions are still removed, \
         but not with -ErrorAction Stop. It is not an error if a pattern for -Name, or a value of -VMName, -VMId \
         or -ContainerId, matches nothing.",
        "Unlike PowerShell, it reports each session that could not be closed, and keeps it in the table. The exit code \
         is 0 without errors, 1 after an error, and 2 if the command line is invalid.",
        LINKS,
    ],
    examples: &[
        Example {
            title: "by Id",
            lines: &["Remove-PSSession -Id 1, 2"],
            remark: "Closes the sessions with the Ids 1 and 2, in this order. If one does not exist, an error is \
                reported and the other is closed.",
        },
        Example {
            title: "every session of the table",
            lines: &[
                "Get-PSSession | Remove-PSSession",
                "Get-PSSession > sessions.ndjson; Remove-PSSession -Session sessions.ndjson",
            ],
            remark: "Both close every session of the table. The second uses a file, because a shell has no \
                variables for objects. If there is no session, nothing is done, and the exit code is 0.",
        },
        Example {
            title: "by the beginning of the computer name",
            lines: &["Remove-PSSession -ComputerName 'Serv*'"],
            remark: "Closes the sessions on computers whose names begin with Serv, case-insensitively. It is an \
                error if there is none. To list them first, use Get-PSSession -ComputerName 'Serv*'; a name \
                without a pattern is a server to query.",
        },
        Example {
            title: "by a property, here the port",
            lines: &["Get-PSSession | jq -c 'select(.Port == 90)' | Remove-PSSession"],
            remark: "Get-PSSession writes one JSON object per line into a pipe, jq selects objects, and \
                Remove-PSSession closes these sessions. Without jq, use Remove-PSSession -Name '*' -Port 90.",
        },
        Example {
            title: "by instance id",
            lines: &[
                "Get-PSSession | jq -r '[.ComputerName, .InstanceId] | @tsv'",
                "Remove-PSSession -InstanceId fc4e9dfa-f246-452d-9fa3-1adbdd64ae85",
            ],
            remark: "The first line lists computers and ids, the second closes exactly one session. An id can be \
                written with or without braces and dashes, in upper or lower case.",
        },
        Example {
            title: "a function for the end of the day",
            lines: &["EndPSS() { Get-PSSession | Remove-PSSession; }"],
            remark: "In a profile such as ~/.bashrc, this defines EndPSS, which closes all sessions of the table.",
        },
        Example {
            title: "print the plan first",
            lines: &["Remove-PSSession -Name 'build-*' -WhatIf"],
            remark: "Prints two lines for each session that would be closed, and closes nothing.",
        },
    ],
    related: &[
        "pssession help Get-PSSession     list sessions with PowerShell syntax",
        "pssession help remove            the same with the command's own syntax, with all options",
        "pssession import --help          import PowerShell's sessions into the table",
        "pssession man Remove-PSSession   this page as a manual page",
    ],
};

const GET: Prose = Prose {
    description: &[
        "Without -ComputerName or -ConnectionUri, it lists the sessions of the table: those that were opened or \
         imported. The table persists after the shell ends.",
        "With -ComputerName or -ConnectionUri, it queries the servers and shows every shell there, of every owner \
         and every client: PowerShell, WinRS, Ansible, Packer. Each gets an Id, which Remove-PSSession accepts \
         from then on. This works on every operating system.",
        "-Name, -InstanceId, -State and -ConfigurationName filter the list.",
    ],
    inputs: "None.",
    outputs: "Sessions: a table on a terminal, one JSON object per line into a pipe or a file. To choose a \
        format, use --output table, wide, list, json, ndjson, csv or name.",
    notes: &[
        ABBREVIATING,
        QUOTING,
        OURS,
        PASSWORDS,
        "A session on a server is Disconnected only if the server reports this, and otherwise Opened and Busy. \
         PowerShell reports both as Disconnected, so -State Disconnected would also match sessions in use.",
        "Sessions that were only listed on a server are not shown; --cached includes them.",
        "A server that cannot be reached is an error; the other servers are still listed.",
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
            remark: "Queries web01 and shows all shells there. The command prompts for the password.",
        },
        Example {
            title: "several servers, with HTTPS, only disconnected sessions",
            lines: &["Get-PSSession -ComputerName web01, web02 -UseSSL -State Disconnected"],
            remark: "Servers are queried at the same time. The default port is 5986 with -UseSSL and 5985 without.",
        },
        Example {
            title: "all properties",
            lines: &["Get-PSSession -Id 3 --output list"],
            remark: "One property per line, as with Format-List.",
        },
        Example {
            title: "by name",
            lines: &["Get-PSSession -Name 'build-*', 'nightly-*'"],
            remark: "Lists sessions of the table whose name matches one of the patterns.",
        },
        Example {
            title: "into another program",
            lines: &["Get-PSSession -ComputerName web01 | jq -r .Owner | sort | uniq -c"],
            remark: "Counts the shells of each account on web01.",
        },
    ],
    related: &[
        "pssession help Remove-PSSession  close sessions with PowerShell syntax",
        "pssession help get               the same with the command's own syntax, with all options",
        "pssession import --help          import PowerShell's sessions into the table",
        "pssession man Get-PSSession      this page as a manual page",
    ],
};
