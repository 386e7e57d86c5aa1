# Errors are those of PowerShell's cmdlets, as far as there is one.
#Requires -Version 7.2
#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.0' }

BeforeAll { . (Join-Path $PSScriptRoot 'Simulator.ps1') }
AfterAll { Remove-TestTable }

Describe 'Errors' {
    BeforeDiscovery {
        $id = [guid]::NewGuid()
        $misses = @(
            @{ Selector = @{ Id = 99 }; Error = 'SessionId'; Target = 99 }
            @{ Selector = @{ Name = 'nobody' }; Error = 'Name'; Target = 'nobody' }
            @{ Selector = @{ InstanceId = $id }; Error = 'RunspaceId'; Target = $id }
            @{ Selector = @{ ComputerName = 'nowhere' }; Error = 'Computer'; Target = 'nowhere' }
        )
    }

    It 'has the types of the cmdlet where <selector.Keys> finds nothing' -ForEach $misses {
        Remove-PssSession @selector -ErrorVariable told -ErrorAction SilentlyContinue
        $told.Count | Should -Be 1
        $told[0].FullyQualifiedErrorId | Should -BeLike "RemoteRunspaceNotAvailableForSpecified$error,*"
        $told[0].Exception | Should -BeOfType [System.ArgumentException]
        $told[0].TargetObject | Should -Be $target
        $told[0].TargetObject.GetType() | Should -Be $target.GetType()
        $told[0].CategoryInfo.Category | Should -Be 'InvalidArgument'
    }

    It 'is one terminating error where an option is unknown' {
        $run = { Get-PssSession -ArgumentList '--bogus' -WarningVariable script:warned 3>$null }
        $run | Should -Throw -ExceptionType ([System.Management.Automation.ParameterBindingException]) `
            -ExpectedMessage "unexpected argument '--bogus' found"
        $warned | Should -BeNullOrEmpty
        { Import-PssSession -Path $PSCommandPath -ArgumentList '--bogus' } | Should -Throw -ExpectedMessage '*--bogus*'
        { Test-PssWSMan -ArgumentList '--bogus' } | Should -Throw -ExpectedMessage '*--bogus*'
    }

    It 'says what a command that is missing is called' {
        $path = $env:PATH
        try {
            $env:PATH = ''
            { Get-PssSession } | Should -Throw -ErrorId 'CommandNotFound,*' `
                -ExceptionType ([System.Management.Automation.CommandNotFoundException])
        }
        finally { $env:PATH = $path }
    }

    It 'takes an empty credential for none' {
        $run = { Get-PssSession -ComputerName 127.0.0.1 -Port 9 -Credential ([pscredential]::Empty) -ErrorAction Stop }
        $run | Should -Throw -ExpectedMessage '*no user to log in as*'
    }

    Context 'files' {
        BeforeAll {
            $one = [pscustomobject]@{ Name = 'one'; ComputerName = 'web01'; InstanceId = [guid]::NewGuid(); State = 'Opened' }
            $two = [pscustomobject]@{ Name = 'two'; ComputerName = 'web01'; InstanceId = [guid]::NewGuid(); State = 'Opened' }
            $null = New-PSDrive -Name Sessions -PSProvider FileSystem -Root $folder -Scope Global
            $one | ConvertTo-Json | Set-Content -LiteralPath (Join-Path $folder 'a[1].json')
            $two | ConvertTo-Json | Set-Content -LiteralPath (Join-Path $folder 'a1.json')
        }
        AfterAll { Remove-PSDrive -Name Sessions }

        It 'reads -Path as PowerShell does' {
            (Import-PssSession -Path 'Sessions:/a[[]1].json').Name | Should -Be 'one'
            (Import-PssSession -Path 'Sessions:/a[1].json').Name | Should -Be 'two'
            (Import-PssSession 'Sessions:/a*.json').Name | Sort-Object | Should -Be 'one', 'two'
        }

        It 'reads -LiteralPath as it is written' {
            (Import-PssSession -LiteralPath 'Sessions:/a[1].json').Name | Should -Be 'one'
        }

        It 'looks from where PowerShell is' {
            Push-Location $folder
            try { (Import-PssSession -Path ./a1.json).Name | Should -Be 'two' }
            finally { Pop-Location }
        }

        It 'has an error for a path that is not there' {
            Import-PssSession -Path 'Sessions:/none.json' -ErrorVariable told -ErrorAction SilentlyContinue
            $told[0].FullyQualifiedErrorId | Should -BeLike 'PathNotFound,*'
            $told[0].CategoryInfo.Category | Should -Be 'ObjectNotFound'
        }
    }
}
