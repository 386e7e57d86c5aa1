# What is known comes at once, and what was done is told when the caller stops.
#Requires -Version 7.2
#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.0' }

BeforeAll {
    . (Join-Path $PSScriptRoot 'Simulator.ps1')

    function Get-Child { @(Get-Process -Name pssession | Where-Object { $_.Parent.Id -eq $PID -and $_.Id -ne $process.Id }) }

    function Wait-For {
        param([scriptblock] $Condition)
        $watch = [System.Diagnostics.Stopwatch]::StartNew()
        while (-not (& $Condition)) {
            if ($watch.Elapsed.TotalSeconds -gt 60) { throw "waited for $Condition" }
            [System.Threading.Thread]::Sleep(20)
        }
    }

    function Start-Shell {
        param([powershell] $Shell)
        $none = [System.Management.Automation.PSDataCollection[psobject]]::new()
        $none.Complete()
        $output = [System.Management.Automation.PSDataCollection[psobject]]::new()
        $null = $Shell.BeginInvoke($none, $output)
        , $output
    }
}
AfterAll { Remove-TestTable }

Describe 'Stopping' {
    BeforeEach { Start-Simulator }
    AfterEach { Stop-Simulator }

    It 'gives each outcome as it is known, and tells at a stop what became of the rest' {
        $sessions = @(Get-PssSession @there)
        $null = Send-Order '/faults' @{ Fault = 'hang'; Operation = 'Delete'; ShellId = $sessions[5].ShellId }
        $shell = New-Shell { param($Sessions, $Me)
            $Sessions | Remove-PssSession -Credential $Me -Confirm:$false -PassThru } $sessions, $me
        $output = Start-Shell $shell
        # The one that hangs keeps the command from its end.
        Wait-For { $output.Count -ge 7 }
        # To enumerate it would wait for the end.
        foreach ($at in 0..6) { $output[$at].Outcome | Should -Be 'Closed' }
        $shell.InvocationStateInfo.State | Should -Be 'Running'
        $shell.Stop()
        $output.Count | Should -Be 8
        $output[7].ShellId | Should -Be $sessions[5].ShellId
        $output[7].Outcome | Should -Be 'Unknown'
        "$($shell.Streams.Warning)" | Should -BeLike "*: 1 Unknown, 7 Closed`nnot closed: build-6 $($sessions[5].ShellId) *"
        $shell.Streams.Error[0].TargetObject.ShellId | Should -Be $sessions[5].ShellId
        Get-Child | Should -BeNullOrEmpty
    }

    It 'begins nothing that was not begun' {
        $sessions = @(Get-PssSession @there)
        $null = Send-Order '/faults' @{ Fault = 'hang'; Operation = 'Enumerate' }
        $shell = New-Shell { param($Sessions, $Me)
            $Sessions | Remove-PssSession -Credential $Me -Confirm:$false -PassThru } $sessions, $me
        $output = Start-Shell $shell
        Wait-For { Get-Child }
        $shell.Stop()
        $output.Outcome | Should -Not -Contain 'Closed'
        # Stopped before it asked, the command left the fault for the next listing.
        Clear-Fault
        @(Get-PssSession @there).Count | Should -Be 8
    }

    It 'ends a listing at once' {
        $null = Send-Order '/faults' @{ Fault = 'hang'; Operation = 'Enumerate' }
        $shell = New-Shell { param($There) Get-PssSession @There } $there
        $null = Start-Shell $shell
        Wait-For { Get-Child }
        $shell.Stop()
        Wait-For { -not (Get-Child) }
    }

    It 'ends the command where nobody wants more' {
        @(Get-PssSession @there | Select-Object -First 1).Count | Should -Be 1
        Wait-For { -not (Get-Child) }
    }
}
