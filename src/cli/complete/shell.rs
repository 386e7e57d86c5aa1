//! Each shell's script, and how it wants to be answered.

use std::io;

use clap::ValueEnum;
use clap_complete::env::{EnvCompleter as _, Fish};

use super::VARIABLE;
use crate::cli::powershell::Cmdlet;

/// A shell that can ask for completions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
    #[value(name = "powershell", alias = "pwsh")]
    Powershell,
}

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
complete -o nosort -F _pssession NAMES 2>/dev/null || complete -F _pssession NAMES
"#;

/// A case that was typed otherwise is no obstacle, as it is none to the command.
///
/// Zsh quotes what it inserts, also the `~` of a home, which it therefore completes itself; what was typed is sent
/// unquoted. The script may be sourced, or lie in a folder of `fpath`.
const ZSH: &str = r#"#compdef NAMES
_pssession() {
    local -a answers folders
    if [[ $PREFIX == \~* ]]; then
        _files
        return
    fi
    answers=("${(@f)$(VARIABLE=zsh pssession -- "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    folders=(${(M)answers:#*/})
    answers=(${answers:#*/})
    [[ -n $folders ]] && _describe -V folder folders -S '' -M 'm:{a-zA-Z}={A-Za-z}'
    [[ -n $answers ]] && _describe -V answer answers -M 'm:{a-zA-Z}={A-Za-z}'
}
if [[ $funcstack[1] == _pssession ]]; then
    _pssession "$@"
else
    compdef _pssession NAMES
fi
"#;

/// PowerShell has taken the line apart: the words are passed on as they stand, for to build a command of them would carry
/// out what is only typed yet (`$(...)`, `> file`). Its own cmdlets keep its own completion. Older versions drop an
/// empty argument, so a mark stands before the last one.
const POWERSHELL: &str = r#"Register-ArgumentCompleter -Native -CommandName pssession -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $last = ''
    $words = @(foreach ($element in $commandAst.CommandElements) {
        $extent = $element.Extent
        if ($extent.EndOffset -lt $cursorPosition) {
            if ($element -is [System.Management.Automation.Language.StringConstantExpressionAst]) {
                $element.Value
            } else {
                $extent.Text
            }
        } elseif ($extent.StartOffset -lt $cursorPosition) {
            $last = $extent.Text.Substring(0, $cursorPosition - $extent.StartOffset)
        }
    })
    $before, $code = $env:VARIABLE, $global:LASTEXITCODE
    try {
        $env:VARIABLE = 'powershell'
        $answers = & pssession '--' @words "MARK$last" 2>$null
    } finally {
        $env:VARIABLE = $before
        $global:LASTEXITCODE = $code
    }
    foreach ($answer in $answers) {
        $value, $help = $answer -split "`t", 2
        if (-not $help) {
            $help = $value
        }
        # Without an answer PowerShell would offer the names of files, so the last one may be what stands there.
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
    }
}
"#;

/// Fish drops a word with a variable that is not set, and the command cannot see what is not there.
const FISH_WARNING: &str = "\
# fish drops a word with an unset variable: `Remove-PSSession -Id 1 -WhatIf:$true` removes the session.
# Write `-WhatIf`, and put values such as '-Confirm:$false' in quotes.
";

/// What stands before the word that PowerShell wants completed.
const MARK: &str = "|";

/// The script that the user sources. It serves the command, and links that have a cmdlet's name.
pub(crate) fn script(shell: Shell) -> io::Result<String> {
    let names: Vec<&str> = names().collect();
    match shell {
        Shell::Bash => Ok(BASH.replace("VARIABLE", VARIABLE).replace("NAMES", &names.join(" "))),
        Shell::Zsh => Ok(ZSH.replace("VARIABLE", VARIABLE).replace("NAMES", &names.join(" "))),
        Shell::Fish => {
            let mut script = FISH_WARNING.as_bytes().to_vec();
            for name in names {
                Fish.write_registration(VARIABLE, name, name, NAME, &mut script)?;
            }
            String::from_utf8(script).map_err(io::Error::other)
        }
        Shell::Powershell => Ok(POWERSHELL.replace("VARIABLE", VARIABLE).replace("MARK", MARK)),
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    let cmdlets = Cmdlet::ALL.into_iter().flat_map(|cmdlet| [cmdlet.name(), cmdlet.alias()]);
    std::iter::once(NAME).chain(cmdlets)
}

/// The word that PowerShell wants completed, without its mark.
pub(super) fn unmarked(word: &str) -> &str {
    word.strip_prefix(MARK).unwrap_or(word)
}

/// One line of an answer.
pub(super) fn answer(shell: Shell, value: &str, help: &str) -> String {
    let value = match shell {
        // Bash and PowerShell are given what they insert.
        Shell::Bash | Shell::Fish | Shell::Powershell => value.to_owned(),
        Shell::Zsh => value.replace('\\', r"\\").replace(':', r"\:"),
    };
    let between = if shell == Shell::Zsh { ':' } else { '\t' };
    if help.is_empty() { value } else { format!("{value}{between}{help}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_reads_a_value_back_as_it_is() {
        let value = r"a: 'b\’ $(c)";
        assert_eq!(answer(Shell::Fish, value, "on web01"), format!("{value}\ton web01"));
        assert_eq!(answer(Shell::Zsh, value, "on web01"), r"a\: 'b\\’ $(c):on web01");
    }
}
