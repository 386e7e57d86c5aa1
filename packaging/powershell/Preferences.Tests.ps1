# What the caller prefers holds for the functions that it calls, as it does for a cmdlet.
#Requires -Version 7.2
#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.0' }

BeforeAll {
    . (Join-Path $PSScriptRoot 'Simulator.ps1')

    function Clear-My {
        [CmdletBinding(SupportsShouldProcess)]
        param($Object)
        $Object | Remove-PssSession -Credential $me -PassThru
    }

    function Clear-Named {
        [CmdletBinding()]
        param($Name)
        Remove-PssSession -Name $Name -Credential $me
        'went on'
    }

    function Import-Bad {
        [CmdletBinding()]
        param()
        [pscustomobject]@{ Id = 'no number'; InstanceId = 'no id' } | Import-PssSession
        'went on'
    }
}
AfterAll { Remove-TestTable }

Describe 'Preferences of the caller' {
    BeforeEach { Start-Simulator }
    AfterEach { Stop-Simulator }

    It 'closes nothing where the caller was called with -WhatIf' {
        $session = @(Get-PssSession @there)[0]
        (Clear-My $session -WhatIf).Outcome | Should -Be 'WhatIf'
        @(Get-PssSession @there).Count | Should -Be 8
    }

    It 'closes nothing where $WhatIfPreference is true in the caller' {
        $session = @(Get-PssSession @there)[0]
        & {
            $WhatIfPreference = $true
            Clear-My $session
        } | ForEach-Object Outcome | Should -Be 'WhatIf'
        @(Get-PssSession @there).Count | Should -Be 8
    }

    It 'heeds a -WhatIf:$false of its own more' {
        $session = @(Get-PssSession @there)[0]
        & {
            $WhatIfPreference = $true
            $session | Remove-PssSession -Credential $me -WhatIf:$false -Confirm:$false
        }
        @(Get-PssSession @there).Count | Should -Be 7
    }

    It 'asks nothing where the caller was called with -Confirm:$false' {
        # Ten are not asked about by themselves; what is not ours is.
        $session = @(Get-PssSession @there | Where-Object Owner -EQ 'CONTOSO\ci-runner')[0]
        (Clear-My $session -Confirm:$false).Outcome | Should -Be 'Closed'
    }

    It 'stops at an error where the caller does' {
        { Clear-Named 'nobody' -ErrorAction Stop } | Should -Throw -ErrorId 'RemoteRunspaceNotAvailableForSpecifiedName,*'
        Clear-Named 'nobody' -ErrorAction SilentlyContinue 2>&1 | Should -Be 'went on'
        Clear-Named 'nobody' -ErrorAction Ignore 2>&1 | Should -Be 'went on'
    }

    It 'is verbose where the caller is' {
        $said = Clear-My @(Get-PssSession @there)[0] -Confirm:$false -Verbose 4>&1
        $said -join '|' | Should -BeLike '*Performing the operation "Remove" on target "127.0.0.1".*'
    }
}
