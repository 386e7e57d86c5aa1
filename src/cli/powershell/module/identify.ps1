function Test-PssWSMan {
    <#
    .SYNOPSIS
    Asks a host, without logging in, whether it is WinRM, which version, and what logins it offers.

    .PARAMETER ComputerName
    A name, an address, or a URL.

    .PARAMETER Port
    The TCP port: 5985, or 5986 with -UseSSL, unless told otherwise.

    .PARAMETER UseSSL
    HTTPS.

    .PARAMETER ArgumentList
    Further options of the command. `pssession help identify` lists them.

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
