function Test-PssWSMan {
    <#
    .SYNOPSIS
    Shows, without a login, whether a host is WinRM, its version and its authentication schemes.

    .PARAMETER ComputerName
    A name, address or URL.

    .PARAMETER Port
    The TCP port. The default is 5985, or 5986 with -UseSSL.

    .PARAMETER UseSSL
    Use HTTPS.

    .PARAMETER ArgumentList
    Additional options of the command. See `pssession help identify`.

    .OUTPUTS
    Pssession.Identity

    .EXAMPLE
    Test-PssWSMan -ComputerName web01
    #>
    [CmdletBinding()]
    [OutputType('Pssession.Identity')]
    param(
        [Parameter(Position = 0)]
        [ValidateNotNullOrEmpty()]
        [string] $ComputerName = 'localhost',

        [ValidateRange(1, 65535)]
        [int] $Port,

        [switch] $UseSSL,

        [ValidateNotNullOrEmpty()]
        [string[]] $ArgumentList
    )

    {{preferences}}
    $place = $ComputerName
    if ($Port) {
        $bare = $ComputerName.Contains(':') -and -not $ComputerName.StartsWith('[')
        $place = if ($bare) { "[$ComputerName]:$Port" } else { "${ComputerName}:$Port" }
    }
    $words = @('identify', '--output', 'json') + $ArgumentList
    if ($UseSSL) { $words += '--tls' }
    $words = @($words.Where({ $_ })) + '--' + $place
    $read = {
        param($Line)
        $Caller.WriteObject((ConvertFrom-PssLine $Line 'Pssession.Identity'))
    }
    Invoke-Pssession -Word $words -Caller $PSCmdlet -OnLine $read
}
