function Get-PssSession {
    <#
    .SYNOPSIS
    Lists PowerShell sessions: the remembered ones, or those on servers.

    .DESCRIPTION
    Without -ComputerName or -ConnectionUri it lists the sessions that the command pssession remembers: those that were
    imported. With one of them it asks the servers and gives every shell that runs there, whoever owns it. This works
    on Linux and macOS, where Get-PSSession refuses -ComputerName.

{{Get-PSSession.help}}
    .PARAMETER ArgumentList
    Further options of the command, such as '--owner', '*ci-runner'. `pssession help get` lists them.

    .OUTPUTS
    Pssession.Session

    .EXAMPLE
    Get-PssSession -ComputerName web01, web02 -Credential (Get-Credential)

    .EXAMPLE
    Get-PssSession -ComputerName web01 | Group-Object -Property Owner -NoElement

    .LINK
    Remove-PssSession
    #>
    [CmdletBinding(DefaultParameterSetName = 'Name')]
    [OutputType('Pssession.Session')]
    param(
{{Get-PSSession.parameters}}
        [ValidateNotNullOrEmpty()]
        [string[]] $ArgumentList
    )

    {{preferences}}
    $names = @(
{{Get-PSSession.names}}
    )
    $words = @('Get-PSSession', '--output', 'ndjson') + @(ConvertTo-PssWord $PSBoundParameters $names) + $ArgumentList
    if ($VerbosePreference -ne 'SilentlyContinue') { $words += '-Verbose' }
    if ($ErrorActionPreference -eq 'Stop') { $words += '-ErrorAction:Stop' }
    $read = {
        param($Line)
        $Caller.WriteObject((ConvertFrom-PssLine $Line 'Pssession.Session'))
    }
    Invoke-Pssession -Word $words.Where({ $_ }) -Credential $Credential -Caller $PSCmdlet -OnLine $read
}
