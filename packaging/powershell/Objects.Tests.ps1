# What goes to the command and comes back is the same session.
#Requires -Version 7.2
#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.0' }

BeforeAll {
    . (Join-Path $PSScriptRoot 'Simulator.ps1')
    $module = Get-Module Pssession

    # A session of PowerShell's own without a connection: its constructor is not public.
    function New-RealSession {
        param([string] $Scheme = 'https', [string] $Computer = 'web01', [int] $Port = 5986, [string] $Path = '/wsman')
        $any = [System.Reflection.BindingFlags] 'Instance, NonPublic, Public'
        $ssh = [System.Management.Automation.Runspaces.SSHConnectionInfo]::new('nobody', $Computer, '', 22)
        $types = [System.Management.Automation.Runspaces.TypeTable]::LoadDefaultTypeFiles()
        $runspace = [runspacefactory]::CreateRunspace($ssh, $Host, $types)
        $shell = 'http://schemas.microsoft.com/powershell/Microsoft.PowerShell'
        $wsman = [System.Management.Automation.Runspaces.WSManConnectionInfo]::new($Scheme, $Computer, $Port, $Path, $shell, $null)
        $runspace.GetType().GetField('_connectionInfo', $any).SetValue($runspace, $wsman)
        [System.Management.Automation.Runspaces.PSSession].GetConstructors($any)[0].Invoke(@($runspace))
    }

    function Get-Sent { param($Object) & $module { ConvertTo-PssLine $args[0] } $Object | ConvertFrom-Json }
}
AfterAll { Remove-TestTable }

Describe 'Objects' {
    BeforeEach { Start-Simulator }
    AfterEach { Stop-Simulator }

    It 'reads its own objects back with their endpoint' {
        $session = @(Get-PssSession @there -Name 'build-*')[0]
        $env:PSSESSION_STORE = Join-Path $folder "$([guid]::NewGuid()).db"
        $imported = $session | Import-PssSession
        foreach ($name in 'Endpoint', 'Port', 'ShellId', 'Name', 'Owner', 'State', 'Availability', 'ResourceUri', 'ClientIP') {
            $imported.$name | Should -Be $session.$name -Because $name
        }
    }

    It 'reads them back after a selection, a file and a CSV of PowerShell' {
        $session = @(Get-PssSession @there -Name 'build-*')[0]
        $paths = 'clixml', 'json', 'csv' | ForEach-Object { Join-Path $folder "session.$_" }
        $session | Export-Clixml $paths[0]
        $session | ConvertTo-Json | Set-Content $paths[1]
        $session | Export-Csv $paths[2]
        $read = (Import-Clixml $paths[0]), (Get-Content $paths[1] -Raw | ConvertFrom-Json), (Import-Csv $paths[2])
        foreach ($one in @($read) + ($session | Select-Object ComputerName, Endpoint, ShellId, Owner)) {
            $env:PSSESSION_STORE = Join-Path $folder "$([guid]::NewGuid()).db"
            ($one | Import-PssSession).Endpoint | Should -Be $session.Endpoint
        }
    }

    It 'sends of a session of PowerShell what tells it from others, and how it is reached' {
        $session = New-RealSession -Port 8443 -Path '/other'
        $sent = Get-Sent $session
        $sent.Id | Should -Be $session.Id
        $sent.InstanceId | Should -Be "$($session.InstanceId)"
        $sent.ComputerName | Should -Be 'web01'
        $sent.State | Should -Be 'BeforeOpen'
        $sent.Availability | Should -Be 'None'
        $sent.ConfigurationName | Should -Be 'Microsoft.PowerShell'
        $sent.Runspace.ConnectionInfo.ConnectionUri | Should -Be 'https://web01:8443/other'
        # Neither the rest of the runspace nor anything private.
        $sent.Runspace.PSObject.Properties.Name | Should -Be 'ConnectionInfo'
        $sent.PSObject.Properties.Name | Should -Not -Contain 'ApplicationPrivateData'
    }

    It 'is read with the port and the path of that connection' {
        $imported = New-RealSession -Port 8443 -Path '/other' | Import-PssSession
        $imported.Endpoint | Should -Be 'https://web01:8443/other'
        (New-RealSession -Scheme http -Port 0 | Import-PssSession).Endpoint | Should -Be 'http://web01:5985/wsman'
    }

    It 'sends a port of 80 that is meant' {
        $sent = Get-Sent (New-RealSession -Scheme http -Port 80)
        $sent.Runspace.ConnectionInfo.ConnectionUri | Should -Be 'http://web01:80/wsman'
        $sent = Get-Sent (New-RealSession -Scheme http -Port 0)
        $sent.Runspace.ConnectionInfo.ConnectionUri | Should -Be 'http://web01/wsman'
    }

    It 'sends a text as its text, and what is no object as what it is' {
        $name = 'x' | Add-Member -NotePropertyName Other -NotePropertyValue 1 -PassThru
        (Get-Sent ([pscustomobject]@{ Name = $name; CommandIds = @() })).Name | Should -Be 'x'
        & $module { ConvertTo-PssLine 5 } | Should -Be '5'
        & $module { ConvertTo-PssLine 'x' } | Should -Be '"x"'
    }

    It 'leaves a name that looks like a date as it is' {
        $date = '2024-01-01T00:00:00'
        $one = [pscustomobject]@{ Name = $date; ComputerName = 'web01'; InstanceId = [guid]::NewGuid(); State = 'Opened' }
        $one | Import-PssSession | ForEach-Object Name | Should -BeExactly $date
        (Get-PssSession -Name $date).Name | Should -BeOfType [string]
        $line = '{"Name":"2024-01-01T00:00:00","List":[1,2.5,null,{"a":true}],"None":null,"Empty":[]}'
        $old = & $module { ConvertFrom-PssElement ([System.Text.Json.JsonDocument]::Parse($args[0]).RootElement) } $line
        $old.Name | Should -BeOfType [string]
        ConvertTo-Json $old -Compress | Should -Be $line
    }

    It 'takes a session at position 0: its own, one of PowerShell, and several' {
        $own = @(Get-PssSession @there)
        (Remove-PssSession $own[0] -Credential $me -WhatIf -PassThru).ShellId | Should -Be $own[0].ShellId
        (Remove-PssSession $own[0, 1] -Credential $me -WhatIf -PassThru).ShellId | Should -Be $own[0, 1].ShellId
        $real = New-RealSession
        (Remove-PssSession $real -WhatIf -PassThru).InstanceId | Should -Be "$($real.InstanceId)"
        $two = (New-RealSession), $real
        (Remove-PssSession $two -WhatIf -PassThru).InstanceId | Should -Be @($two.InstanceId.ForEach({ "$_" }))
        $real | Remove-PssSession -WhatIf -PassThru | ForEach-Object InstanceId | Should -Be "$($real.InstanceId)"
        # An Id or a computer is still one.
        (Remove-PssSession $own[0].Id -Credential $me -WhatIf -PassThru).ShellId | Should -Be $own[0].ShellId
        (Remove-PssSession ([long] $own[0].Id) -Credential $me -WhatIf -PassThru).ShellId | Should -Be $own[0].ShellId
        { Remove-PssSession 'nowhere' -WhatIf -ErrorAction Stop } |
            Should -Throw -ErrorId 'RemoteRunspaceNotAvailableForSpecifiedComputer,*'
    }

    It 'gives Ids that are Int32, also after an import of the last one' {
        $far = [pscustomobject]@{ Id = [int]::MaxValue; ComputerName = 'web01'; InstanceId = [guid]::NewGuid(); State = 'Opened' }
        ($far | Import-PssSession).Id | Should -Be ([int]::MaxValue)
        $next = [pscustomobject]@{ ComputerName = 'web01'; InstanceId = [guid]::NewGuid(); State = 'Opened' }
        ($next | Import-PssSession).Id | Should -BeLessThan 1000000
        (Get-PssSession @there)[0].Id | Should -BeOfType [int]
    }

    It 'shows what became of sessions in a table of its own' {
        $session = @(Get-PssSession @there)[0]
        $shown = $session | Remove-PssSession -Credential $me -Confirm:$false -PassThru | Out-String
        $shown | Should -Match '(?m)^ +Id +Name +ComputerName +Outcome +Reason\s*$'
    }

    It 'completes the properties of what it gives' {
        (TabExpansion2 'Get-PssSession | Where-Object Own' 32).CompletionMatches.CompletionText | Should -Contain 'Owner'
        (TabExpansion2 '(Get-PssSession).Sh' 19).CompletionMatches.CompletionText | Should -Contain 'ShellId'
        $line = 'Remove-PssSession -Id 1 -PassThru | Select-Object Out'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Contain 'Outcome'
    }
}
