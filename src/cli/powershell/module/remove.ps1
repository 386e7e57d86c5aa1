function Remove-PssSession {
    <#
    .SYNOPSIS
    Closes PowerShell sessions, and verifies that they are gone.

    .DESCRIPTION
    Signals the running commands of each session, deletes its shell on the server, and lists the server again: a session
    counts as closed only if a complete listing does not contain it. It asks for confirmation before it closes sessions
    that are possibly not yours, sessions with a running command, or more than ten sessions; -Confirm:$false skips the
    confirmation. The question lists the sessions, and Yes closes exactly those.

{{Remove-PSSession.help}}
    .PARAMETER PassThru
    Returns each session with its outcome.

    .PARAMETER ArgumentList
    Additional options of the command, such as '--signal', 'never'. See `pssession help remove`.

    .INPUTS
    Sessions from Get-PssSession or Get-PSSession.

    .OUTPUTS
    None, or with -PassThru Pssession.Removal.

    .EXAMPLE
    Remove-PssSession -Id 1, 2

    .EXAMPLE
    Get-PssSession -ComputerName web01 -Credential $me | Where-Object Owner -like '*ci-runner' | Remove-PssSession -Credential $me -WhatIf

    .LINK
    Get-PssSession
    #>
    [System.Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSShouldProcess', '', Justification = 'a function below does')]
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium', DefaultParameterSetName = 'Id')]
    [OutputType('Pssession.Removal')]
    param(
{{Remove-PSSession.parameters}}
        # PowerShell's own sessions at position 0, which it binds by their type.
        [Parameter(ParameterSetName = 'PSSession', Mandatory, Position = 0, DontShow)]
        [ValidateNotNull()]
        [System.Management.Automation.Runspaces.PSSession[]] $PSSession,

        [switch] $PassThru,

        [ValidateNotNullOrEmpty()]
        [string[]] $ArgumentList
    )

    begin {
        {{preferences}}
        {{preferences of ShouldProcess}}
        $objects = [System.Collections.Generic.List[string]]::new()
    }
    process {
        foreach ($one in $Session) { $objects.Add((ConvertTo-PssLine $one)) }
        foreach ($one in $PSSession) { $objects.Add((ConvertTo-PssLine $one)) }
    }
    end {
        $names = @(
{{Remove-PSSession.names}}
        )
        $selectors = @(
{{Remove-PSSession.selectors}}
        )
        $bound = $PSBoundParameters
        $selected = $selectors.Where({ $bound.ContainsKey($_) })
        # An empty pipeline is nothing to do.
        if (-not $selected -and $objects.Count -eq 0) { return }
        $common = @()
        if ($VerbosePreference -ne 'SilentlyContinue') { $common += '-Verbose' }
        if ($ErrorActionPreference -eq 'Stop') { $common += '-ErrorAction:Stop' }
        $words = @(ConvertTo-PssWord $bound $names) + $common + $ArgumentList
        if (-not $selected) { $words += '-Session:-' }
        $run = [PssRemoval]::new()
        $run.Caller = $PSCmdlet
        $run.Credential = $Credential
        $run.PassThru = $PassThru
        $run.Selection = $words.Where({ $_ })
        $run.Objects = $objects
        # Of what was chosen by them, they would choose again; the rest says where, as whom and how.
        $how = @(ConvertTo-PssWord $bound @('Authentication', 'ThrottleLimit')) + $common
        $how += Select-PssArgument $ArgumentList
        $run.How = $how.Where({ $_ })
        if ($WhatIfPreference) { Show-PssPlan $run }
        elseif ($ConfirmPreference -eq 'None') { Complete-PssRemoval $run $true }
        elseif ($ConfirmPreference -eq 'High') { Complete-PssRemoval $run $false }
        else { Confirm-PssPlan $run }
    }
}
