# What a command has said on stderr so far, and what is not yet told.
class PssTalk {
    # Lines for a person: an error of usage has no other form.
    [System.Collections.Generic.List[string]] $Plain = [System.Collections.Generic.List[string]]::new()
    # The last error, which counts for more where the command ends with it.
    [object] $Last
    # The sessions that are concluded, by endpoint and ShellId.
    [hashtable] $Session = @{}
    # Nothing but a failure of the whole is told.
    [bool] $Quiet
}

# One line of stderr, through the streams of the calling function.
function Write-PssTalk {
    param([string] $Line, [PssTalk] $Talk, [System.Management.Automation.PSCmdlet] $Caller)

    if ($Line.StartsWith('{')) {
        $earlier = $Talk.Last
        $Talk.Last = ConvertFrom-PssJson $Line
        if ($earlier -and -not $Talk.Quiet) { $Caller.WriteError((ConvertTo-PssErrorRecord $earlier $Talk 1)) }
    }
    elseif ($Line.StartsWith('VERBOSE: ')) {
        $Caller.WriteVerbose($Line.Substring(9))
    }
    elseif ($Line.StartsWith('WARNING: ')) {
        $Caller.WriteWarning($Line.Substring(9))
    }
    else {
        $Talk.Plain.Add($Line)
    }
}

# What is left to tell when the command has ended. Returns the record of a plan that needs a yes.
function Complete-PssTalk {
    param([PssTalk] $Talk, [int] $ExitCode, [System.Management.Automation.PSCmdlet] $Caller)

    $failed = $ExitCode -notin 0, 1
    $record = if ($Talk.Last) {
        ConvertTo-PssErrorRecord $Talk.Last $Talk $ExitCode
    }
    elseif ($failed -and $Talk.Plain.Count) {
        ConvertFrom-PssUsage $Talk.Plain
    }
    elseif ($failed) {
        $exception = [System.Management.Automation.RuntimeException]::new("pssession ended with exit code $ExitCode")
        New-PssErrorRecord $exception 'ExitCode' 'NotSpecified' $ExitCode
    }
    if ($Talk.Last -or -not $failed) { $Talk.Plain.ForEach({ $Caller.WriteWarning($_) }) }
    if (-not $record -or ($Talk.Quiet -and -not $failed)) { return }
    # What could not be bound has done nothing, as in a cmdlet.
    if ($ExitCode -eq 2) { $Caller.ThrowTerminatingError($record) }
    if ($ExitCode -eq 6) { return $record }
    $Caller.WriteError($record)
}

# The parser of options writes for a person: the error, advice, and how the command is used.
function ConvertFrom-PssUsage {
    param([string[]] $Line)

    $told = $Line.Where({ $_ -and $_ -notmatch '^(Usage:|For more information)' })
    $message = $told[0] -replace '^(error|[\w-]+): '
    $exception = [System.Management.Automation.ParameterBindingException]::new($message)
    $advice = $told | Select-Object -Skip 1 | ForEach-Object { $_.Trim() -replace '^(hint|tip): ' }
    New-PssErrorRecord $exception 'InvalidArgument' 'InvalidArgument' $null ($advice -join "`n")
}

function ConvertTo-PssErrorRecord {
    param([object] $Told, [PssTalk] $Talk, [int] $ExitCode)

    $message = (@($Told.Message) + @($Told.Causes) | Where-Object { $_ }) -join ': '
    $target = $Told.Target
    # The types of the exceptions and of the target objects are those of the cmdlet.
    $exception = switch -Wildcard ($Told.ErrorId) {
        'RemoteRunspaceNotAvailableFor*' {
            [System.ArgumentException]::new($message)
            if ($_ -like '*SessionId' -and $target -as [int]) { $target = [int] $target }
            if ($_ -like '*RunspaceId' -and $target -as [guid]) { $target = [guid] $target }
            break
        }
        'InvalidArgument' { [System.ArgumentException]::new($message); break }
        default {
            if ($ExitCode -eq 2) { [System.Management.Automation.ParameterBindingException]::new($message) }
            else { [System.Management.Automation.RuntimeException]::new($message) }
        }
    }
    if ($target -is [string] -and $Talk.Session.ContainsKey($target)) { $target = $Talk.Session[$target] }
    New-PssErrorRecord $exception $Told.ErrorId $Told.Category $target $Told.Hint
}

function New-PssErrorRecord {
    param([System.Exception] $Exception, [string] $Id, [string] $Category, [object] $Target, [string] $Hint)

    $known = $Category -as [System.Management.Automation.ErrorCategory]
    if ($null -eq $known) { $known = [System.Management.Automation.ErrorCategory]::NotSpecified }
    $record = [System.Management.Automation.ErrorRecord]::new($Exception, $Id, $known, $Target)
    if ($Hint) {
        $record.ErrorDetails = [System.Management.Automation.ErrorDetails]::new($Exception.Message)
        $record.ErrorDetails.RecommendedAction = $Hint
    }
    $record
}
