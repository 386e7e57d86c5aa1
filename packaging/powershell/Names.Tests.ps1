# Names reach the command as they are, whatever is in them.
#Requires -Version 7.2
#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.0' }

BeforeDiscovery {
    $chosen = @(
        @{ Patterns = @('ends`', 'next'); Names = @('ends`', 'next') }
        @{ Patterns = @('ends``,next'); Names = @('ends`,next') }
        @{ Patterns = @('ends,next'); Names = @('ends,next') }
        @{ Patterns = @('ends`,next'); Names = @('ends,next') }
        @{ Patterns = @('ends```,next', 'next'); Names = @('ends`,next', 'next') }
        @{ Patterns = @("'quoted'", 'next'); Names = @("'quoted'", 'next') }
        @{ Patterns = @('"a"'); Names = @('"a"') }
        @{ Patterns = @(' blank ', '-dash:x'); Names = @(' blank ', '-dash:x') }
        @{ Patterns = @('n*t'); Names = @('next') }
    )
}

BeforeAll {
    . (Join-Path $PSScriptRoot 'Simulator.ps1')
    $names = 'ends,next', 'ends`,next', 'ends`', 'next', "'quoted'", 'quoted', '"a"', 'a', ' blank ', '-dash:x'
    $names.ForEach({
        [pscustomobject]@{ Name = $_; ComputerName = 'web01'; InstanceId = [guid]::NewGuid(); State = 'Opened' }
    }) | Import-PssSession | Out-Null
}
AfterAll { Remove-TestTable }

Describe 'Names' {
    It 'chooses <names> by <patterns>' -ForEach $chosen {
        (Get-PssSession -Name $patterns).Name | Sort-Object | Should -Be ($names | Sort-Object)
    }
}
