function Import-PssSession {
    <#
    .SYNOPSIS
    Imports sessions into the local table of the command pssession, so that Remove-PssSession accepts their Ids and names.

    .DESCRIPTION
    Reads objects from the pipeline, such as those of Get-PSSession, or files of NDJSON, JSON or CSV. If any
    object is invalid, nothing is imported.

    .PARAMETER InputObject
    Sessions from Get-PSSession or Get-PssSession.

    .PARAMETER Path
    Files of sessions; wildcards are allowed.

    .PARAMETER LiteralPath
    Files of sessions, without wildcards.

    .PARAMETER UseSSL
    Use HTTPS for objects without an endpoint.

    .PARAMETER ArgumentList
    Additional options of the command. See `pssession help import`.

    .OUTPUTS
    Pssession.Session

    .EXAMPLE
    Get-PSSession | Import-PssSession

    .LINK
    Get-PssSession
    #>
    [CmdletBinding(DefaultParameterSetName = 'InputObject')]
    [OutputType('Pssession.Session')]
    param(
        [Parameter(ParameterSetName = 'InputObject', Mandatory, ValueFromPipeline)]
        [ValidateNotNull()]
        [psobject[]] $InputObject,

        [Parameter(ParameterSetName = 'Path', Mandatory, Position = 0)]
        [ValidateNotNullOrEmpty()]
        [SupportsWildcards()]
        [string[]] $Path,

        [Parameter(ParameterSetName = 'LiteralPath', Mandatory)]
        [Alias('PSPath', 'LP')]
        [ValidateNotNullOrEmpty()]
        [string[]] $LiteralPath,

        [switch] $UseSSL,

        [ValidateNotNullOrEmpty()]
        [string[]] $ArgumentList
    )

    begin {
        {{preferences}}
        $objects = [System.Collections.Generic.List[string]]::new()
    }
    process {
        foreach ($one in $InputObject) { $objects.Add((ConvertTo-PssLine $one)) }
    }
    end {
        $files = switch ($PSCmdlet.ParameterSetName) {
            'InputObject' { if ($objects.Count) { '-' } }
            default { Resolve-PssPath $Path $LiteralPath $PSCmdlet }
        }
        if (-not $files) { return }
        $words = @('import', '--output', 'ndjson') + $ArgumentList
        if ($UseSSL) { $words += '--tls' }
        $words = @($words.Where({ $_ })) + '--' + $files
        $read = {
            param($Line)
            $Caller.WriteObject((ConvertFrom-PssLine $Line 'Pssession.Session'))
        }
        Invoke-Pssession -Word $words -InputLine $objects -Caller $PSCmdlet -OnLine $read
    }
}

# Paths of PowerShell as paths of the file system. What is not there is an error of the caller, and the rest goes on.
function Resolve-PssPath {
    param([string[]] $Path, [string[]] $LiteralPath, [System.Management.Automation.PSCmdlet] $Caller)

    $provider = $null
    foreach ($one in $Path) {
        try {
            # Asked first: what is thrown and caught here would still be in the caller's -ErrorVariable.
            if ($Caller.SessionState.InvokeProvider.Item.Exists($one)) {
                $Caller.SessionState.Path.GetResolvedProviderPathFromPSPath($one, [ref] $provider)
            }
            elseif (-not [wildcardpattern]::ContainsWildcardCharacters($one)) {
                $message = "Cannot find path '$one' because it does not exist."
                $exception = [System.Management.Automation.ItemNotFoundException]::new($message)
                $Caller.WriteError((New-PssErrorRecord $exception 'PathNotFound' 'ObjectNotFound' $one))
            }
        }
        catch [System.Management.Automation.MethodInvocationException] {
            $record = $_.Exception.GetBaseException().ErrorRecord
            $Caller.WriteError($(if ($record) { $record } else { $_ }))
        }
    }
    foreach ($one in $LiteralPath) { $Caller.SessionState.Path.GetUnresolvedProviderPathFromPSPath($one) }
}
