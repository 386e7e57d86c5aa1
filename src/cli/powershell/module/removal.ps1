# One removal: what chooses, what else is said, and what became of it.
class PssRemoval {
    [System.Management.Automation.PSCmdlet] $Caller
    [pscredential] $Credential
    [bool] $PassThru
    [string[]] $Selection
    [string[]] $Objects
    # What still holds when exactly the planned sessions are named.
    [string[]] $How
    # How often each outcome was seen.
    [hashtable] $Count = @{}
    # The sessions that may still be there.
    [System.Collections.Generic.List[string]] $Left = [System.Collections.Generic.List[string]]::new()
}

function Invoke-PssRemoval {
    param([PssRemoval] $Run, [string[]] $More, [scriptblock] $OnLine, [switch] $Quiet)

    # Questions are asked through the host, which knows how; a terminal need not be there.
    $words = @('Remove-PSSession', '--output', 'ndjson', '--supervised') + $Run.Selection + $More
    $how = @{ InputLine = $Run.Objects; Credential = $Run.Credential; Caller = $Run.Caller; OnLine = $OnLine }
    Invoke-Pssession -Word $words.Where({ $_ }) @how -Supervised -Quiet:$Quiet
}

# -WhatIf: the plan, and nothing of it is done.
function Show-PssPlan {
    param([PssRemoval] $Run)

    Invoke-PssRemoval $Run '-WhatIf' {
        param($Line)
        $removal = ConvertFrom-PssLine $Line 'Pssession.Removal'
        $null = $Caller.ShouldProcess((ConvertTo-PssShown $removal.ComputerName), 'Remove')
        if ($Run.PassThru) { $Caller.WriteObject($removal) }
    }
}

# The plan as lines that name its sessions.
function Get-PssPlan {
    param([PssRemoval] $Run, [switch] $Quiet)

    $plan = [System.Collections.Generic.List[string]]::new()
    $null = Invoke-PssRemoval $Run '-WhatIf' {
        param($Line)
        $plan.Add($Line)
    } -Quiet:$Quiet
    $plan
}

# -Confirm: asks about each session of the plan, and closes those that were said yes to.
function Confirm-PssPlan {
    param([PssRemoval] $Run)

    $chosen = foreach ($line in Get-PssPlan $Run) {
        $removal = ConvertFrom-PssLine $line 'Pssession.Removal'
        $what = "Performing the operation `"Remove`" on target `"$(ConvertTo-PssShown $removal.ComputerName)`"."
        $query = "Are you sure you want to perform this action?`n$what`n$(Format-PssSession $removal)"
        if ($Run.Caller.ShouldProcess($what, $query, 'Confirm')) { $line } else { Write-PssDeclined $Run $removal }
    }
    if (-not $chosen) { return }
    $Run.Selection = @('-Session:-') + $Run.How.Where({ $_ -ne '-Verbose' })
    $Run.Objects = @($chosen)
    Complete-PssRemoval $Run $true
}

# Closes what is chosen. Where an answer is needed, the planned sessions are shown with the question, and a yes closes
# exactly those.
function Complete-PssRemoval {
    param([PssRemoval] $Run, [bool] $Yes)

    $more, $plan, $concluded = @(), $null, $false
    $read = {
        param($Line)
        $removal = ConvertFrom-PssLine $Line 'Pssession.Removal'
        $talk.Session["$($removal.Endpoint) $($removal.ShellId)"] = $removal
        $Run.Count[$removal.Outcome]++
        if ($removal.Outcome -notin 'Closed', 'AlreadyGone') { $Run.Left.Add((Format-PssSession $removal)) }
        if ($Run.PassThru) { $Caller.WriteObject($removal) }
    }
    try {
        while ($true) {
            $words = @($more) + $(if ($Yes) { '-Confirm:$false' })
            $refusal = Invoke-PssRemoval $Run $words $read
            if (-not $refusal) { break }
            if (-not $plan) {
                $plan = Get-PssPlan $Run -Quiet
                if (-not $plan) { break }
                $Run.Selection = @('-Session:-') + $Run.How
                $Run.Objects = @($plan)
            }
            $answer = Request-PssAnswer $Run $refusal
            if ($null -eq $answer) {
                $Run.Caller.WriteError($refusal)
                break
            }
            if (-not $answer) {
                foreach ($line in $plan) { Write-PssDeclined $Run (ConvertFrom-PssLine $line 'Pssession.Removal') }
                break
            }
            if ($refusal.FullyQualifiedErrorId -eq 'UntrustedEndpoint') {
                $more = $refusal.TargetObject.Split(' ').ForEach({ '--on'; $_ })
            }
            else { $Yes = $true }
        }
        $concluded = $true
    }
    finally {
        if (-not $concluded -and $Run.Count.Count) {
            $counts = $Run.Count.GetEnumerator().ForEach({ "$($_.Value) $($_.Key)" }) | Sort-Object
            $left = @($Run.Left | Select-Object -First 20).ForEach({ "`
not closed: $_" })
            if ($Run.Left.Count -gt 20) { $left += "`
... and $($Run.Left.Count - 20) more" }
            $told = "stopped early; outcomes so far: $($counts -join ', ')"
            $Run.Caller.WriteWarning($told + $left)
        }
    }
}

# Asks through the host: yes, no, or nothing where it cannot ask.
function Request-PssAnswer {
    param([PssRemoval] $Run, [System.Management.Automation.ErrorRecord] $Refusal)

    $removals = @(foreach ($line in $Run.Objects) { ConvertFrom-PssLine $line 'Pssession.Removal' })
    $hosts = @($removals.Endpoint | Sort-Object -Unique).Count
    $shown = @($removals | Select-Object -First 20 | ForEach-Object { Format-PssSession $_ })
    if ($removals.Count -gt 20) { $shown += "... and $($removals.Count - 20) more" }
    $end = if ($Refusal.FullyQualifiedErrorId -eq 'UntrustedEndpoint') { 'Log in there?' } else {
        "Close $($removals.Count) session(s) on $hosts host(s)?"
    }
    $why = ConvertTo-PssShown $Refusal.Exception.Message
    try { $Run.Caller.ShouldContinue("$($shown -join "`n")`n$why.`n$end", 'Confirm') }
    catch [System.Management.Automation.PipelineStoppedException] { throw }
    catch { Write-Debug "$_" }
}

function Write-PssDeclined {
    param([PssRemoval] $Run, [object] $Removal)

    $Removal.Outcome = 'Declined'
    if ($Run.PassThru) { $Run.Caller.WriteObject($Removal) }
}

# What tells a session from the others on its computer.
function Format-PssSession {
    param([object] $Removal)

    $name = if ($null -ne $Removal.Name) { $Removal.Name } else { '(no name)' }
    $owner = if ($null -ne $Removal.Owner) { $Removal.Owner } else { 'not reported' }
    ConvertTo-PssShown "$name $($Removal.ShellId) on $($Removal.ComputerName), owner $owner, $($Removal.State)"
}

# A text that a server chose, without what a terminal would obey.
function ConvertTo-PssShown {
    param([string] $Text)

    $Text -replace '\p{C}', '?'
}

# The further options that still hold where exactly the planned sessions are named: these would choose once more.
function Select-PssArgument {
    param([string[]] $Argument)

    for ($at = 0; $at -lt $Argument.Count; $at++) {
        switch -Regex ($Argument[$at]) {
            '^--(keep-newest|per)$' { $at++ }
            '^--((keep-newest|per)=.*|cached)$' { }
            default { $_ }
        }
    }
}
