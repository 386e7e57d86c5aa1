function Get-PssSession {
    <#
    .SYNOPSIS
    Lists PowerShell sessions of the local table or on servers.

    .DESCRIPTION
    Without -ComputerName or -ConnectionUri, it lists the sessions in the local table of the command pssession: those
    that were imported. With one of them, it queries the servers and returns every shell there, of every owner. This
    works on Linux and macOS, where Get-PSSession rejects -ComputerName.

{{Get-PSSession.help}}
    .PARAMETER ArgumentList
    Additional options of the command, such as '--owner', '*ci-runner'. See `pssession help get`.

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
