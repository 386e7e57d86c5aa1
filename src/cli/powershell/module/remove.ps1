function Remove-PssSession {
    <#
    .SYNOPSIS
    Closes PowerShell sessions, and proves that they are gone.

    .DESCRIPTION
    Signals what still runs in each session, deletes its shell on the server, and lists the server again: only a complete
    listing without the session counts as closed. It also asks before it closes what is not provably yours, what runs a
    command, or more than ten sessions; -Confirm:$false asks nothing. What is asked about is listed with the question,
    and a yes closes exactly those sessions.

{{Remove-PSSession.help}}
    .PARAMETER PassThru
    Gives each session with its outcome.

    .PARAMETER ArgumentList
    Further options of the command, such as '--signal', 'never'. `pssession help remove` lists them.

    .INPUTS
    Sessions of Get-PssSession, or of Get-PSSession.

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
