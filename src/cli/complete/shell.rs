//! Each shell's script, and how it wants to be answered.

use std::io;

use clap_complete::env::{EnvCompleter as _, Fish};

use super::VARIABLE;
use crate::cli::args::Shell;

const NAME: &str = "pssession";

/// Bash inserts an answer as it is, and splits words at `=` and `:` as well: it is sent the whole line, and quoting is
/// done on this side. `read` and not `mapfile`, which the bash of macOS lacks.
const BASH: &str = r#"_pssession() {
    local answer
    COMPREPLY=()
    while IFS= read -r answer; do
        COMPREPLY+=("$answer")
    done < <(VARIABLE=bash pssession -- "$2" "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o nosort -F _pssession pssession 2>/dev/null || complete -F _pssession pssession
"#;

/// Zsh quotes what it inserts, also the `~` of a home, which it therefore completes itself; what was typed is sent
/// unquoted. The script may be sourced, or lie in a folder of `fpath`.
const ZSH: &str = r#"#compdef pssession
_pssession() {
    local -a answers folders
    if [[ $PREFIX == \~* ]]; then
        _files
        return
    fi
    answers=("${(@f)$(VARIABLE=zsh pssession -- "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    folders=(${(M)answers:#*/})
    answers=(${answers:#*/})
    [[ -n $folders ]] && _describe -V folder folders -S ''
    [[ -n $answers ]] && _describe -V answer answers
}
if [[ $funcstack[1] == _pssession ]]; then
    _pssession "$@"
else
    compdef _pssession pssession
fi
"#;

/// PowerShell has taken the line apart: the words are passed on as they stand, for to build a command of them would carry
/// out what is only typed yet (`$(...)`, `> file`).
const POWERSHELL: &str = r#"Register-ArgumentCompleter -Native -CommandName pssession -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @(foreach ($element in $commandAst.CommandElements) {
        $extent = $element.Extent
        if ($extent.EndOffset -lt $cursorPosition) {
            if ($element -is [System.Management.Automation.Language.StringConstantExpressionAst]) {
                $element.Value
            } else {
                $extent.Text
            }
        } elseif ($extent.StartOffset -lt $cursorPosition) {
            $extent.Text.Substring(0, $cursorPosition - $extent.StartOffset)
        }
    })
    if ($wordToComplete -eq '') {
        $words += ''
    }
    $before = $env:VARIABLE
    try {
        $env:VARIABLE = 'powershell'
        $answers = & pssession '--' @words 2>$null
    } finally {
        $env:VARIABLE = $before
    }
    foreach ($answer in $answers) {
        $value, $help = $answer -split "`t", 2
        if (-not $help) {
            $help = $value
        }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
    }
}
"#;

/// The script that the user sources.
pub(crate) fn script(shell: Shell) -> io::Result<String> {
    match shell {
        Shell::Bash => Ok(BASH.replace("VARIABLE", VARIABLE)),
        Shell::Zsh => Ok(ZSH.replace("VARIABLE", VARIABLE)),
        Shell::Fish => {
            let mut script = Vec::new();
            Fish.write_registration(VARIABLE, NAME, NAME, NAME, &mut script)?;
            String::from_utf8(script).map_err(io::Error::other)
        }
        Shell::Powershell => Ok(POWERSHELL.replace("VARIABLE", VARIABLE)),
    }
}

/// One line of an answer.
pub(super) fn answer(shell: Shell, value: &str, help: &str) -> String {
    let value = match shell {
        Shell::Bash | Shell::Fish => value.to_owned(),
        Shell::Zsh => value.replace('\\', r"\\").replace(':', r"\:"),
        Shell::Powershell => powershell(value),
    };
    let between = if shell == Shell::Zsh { ':' } else { '\t' };
    if help.is_empty() { value } else { format!("{value}{between}{help}") }
}

/// PowerShell inserts an answer as it is; its single quotes are five characters, each of which is written twice.
fn powershell(value: &str) -> String {
    if value.chars().all(|character| character.is_ascii_alphanumeric() || "-_./:=\\".contains(character)) {
        return value.to_owned();
    }
    let mut quoted = String::from("'");
    for character in value.chars() {
        quoted.extend("'\u{2018}\u{2019}\u{201a}\u{201b}".contains(character).then_some(character));
        quoted.push(character);
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_reads_a_value_back_as_it_is() {
        let value = r"a: 'b\’ $(c)";
        assert_eq!(answer(Shell::Fish, value, "on web01"), format!("{value}\ton web01"));
        assert_eq!(answer(Shell::Zsh, value, "on web01"), r"a\: 'b\\’ $(c):on web01");
        assert_eq!(answer(Shell::Powershell, value, ""), r"'a: ''b\’’ $(c)'");
        assert_eq!(answer(Shell::Powershell, "--name", ""), "--name");
    }
}
