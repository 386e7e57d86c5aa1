# Runs the module against `pssession simulator`: Invoke-Pester ./packaging/powershell
#Requires -Version 7.2
#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.0' }

BeforeAll { . (Join-Path $PSScriptRoot 'Simulator.ps1') }
AfterAll { Remove-TestTable }

Describe 'Pssession' {
    BeforeEach { Start-Simulator }
    AfterEach { Stop-Simulator }

    It 'lists every shell of a server as objects, on every operating system' {
        $sessions = @(Get-PssSession @there)
        $sessions.Count | Should -Be 8
        $sessions[0].PSObject.TypeNames[0] | Should -Be 'Pssession.Session'
        $sessions.State | Should -Contain 'Opened'
        $sessions.Owner | Should -Contain 'CONTOSO\ci-runner'
    }

    It 'leaves no password in its own environment' {
        $null = Get-PssSession @there
        $env:PSSESSION_PASSWORD | Should -BeNullOrEmpty
    }

    It 'narrows by state and by name' {
        @(Get-PssSession @there -State Disconnected).State | Sort-Object -Unique | Should -Be 'Disconnected'
        @(Get-PssSession @there -Name 'build-*').Name | Should -BeLike 'build-*'
    }

    It 'says what it would close, and closes nothing' {
        $session = @(Get-PssSession @there)[0]
        $planned = $session | Remove-PssSession -Credential $me -WhatIf -PassThru
        $planned.Outcome | Should -Be 'WhatIf'
        @(Get-PssSession @there).Count | Should -Be 8
    }

    It 'closes what comes through the pipe, and gives nothing unless it is asked' {
        $chosen = @(Get-PssSession @there | Where-Object State -EQ 'Disconnected')
        $chosen | Remove-PssSession -Credential $me -Confirm:$false | Should -BeNullOrEmpty
        @(Get-PssSession @there -State Disconnected).Count | Should -Be 0
        @(Get-PssSession @there).Count | Should -Be (8 - $chosen.Count)
    }

    It 'closes by Id, and gives the outcome' {
        $ids = @(Get-PssSession @there).Id
        $removed = @(Remove-PssSession -Id $ids[0], $ids[1] -Credential $me -Confirm:$false -PassThru)
        $removed.Outcome | Should -Be @('Closed', 'Closed')
    }

    It 'does nothing for an empty pipeline' {
        @() | Remove-PssSession -Credential $me | Should -BeNullOrEmpty
    }

    It 'imports objects, which then have names' {
        $session = @(Get-PssSession @there -Name 'build-*')[0]
        ($session | Import-PssSession).Name | Should -Be $session.Name
        (Get-PssSession -Name $session.Name).InstanceId | Should -Contain $session.InstanceId
    }

    It 'tells a literal miss as the cmdlet does' {
        Remove-PssSession -Name 'nobody at all' -Credential $me -ErrorVariable told -ErrorAction SilentlyContinue
        $told[0].FullyQualifiedErrorId | Should -BeLike 'RemoteRunspaceNotAvailableForSpecifiedName,*'
        $told[0].CategoryInfo.Category | Should -Be 'InvalidArgument'
        { Remove-PssSession -Name 'nobody at all' -Credential $me -ErrorAction Stop } | Should -Throw
    }

    It 'refuses two selectors together' {
        { Remove-PssSession -Id 1 -Name 'x' } | Should -Throw -ErrorId 'AmbiguousParameterSet,*'
    }

    It 'asks a host for its logins without one' {
        $identity = Test-PssWSMan -ComputerName 127.0.0.1 -Port $simulator.Port
        $identity.Authentication | Should -Contain 'Negotiate'
    }
}
