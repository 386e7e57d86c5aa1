# The completion script, as PowerShell calls it at a Tab.
#Requires -Version 7.2
#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.0' }

BeforeDiscovery {
    # A line, and what it becomes: the first answer, and how many there are.
    $lines = @(
        @{ Line = 'pssession rsn -Name:b'; Becomes = 'pssession rsn -Name:build-2'; Count = 2 }
        @{ Line = 'pssession rsn -Name b'; Becomes = 'pssession rsn -Name build-2'; Count = 2 }
        @{ Line = 'pssession rsn -Name build-1,b'; Becomes = 'pssession rsn -Name build-1,build-2'; Count = 2 }
        @{ Line = 'pssession rsn -Name build-1, b'; Becomes = 'pssession rsn -Name build-1, build-2'; Count = 2 }
        @{ Line = 'pssession rsn -Name:build-1,b'; Becomes = 'pssession rsn -Name:build-1,build-2'; Count = 2 }
        @{ Line = 'pssession rsn -Id 3,'; Becomes = 'pssession rsn -Id 3,4'; Count = 4 }
        @{ Line = 'pssession rsn -Id:'; Becomes = 'pssession rsn -Id:4'; Count = 4 }
        @{ Line = 'pssession rsn -Name "nam'; Becomes = "pssession rsn -Name 'name with blank'"; Count = 1 }
        @{ Line = "pssession rsn -Name:'nam"; Becomes = "pssession rsn -Name:'name with blank'"; Count = 1 }
        @{ Line = 'pssession rsn -Name it'; Becomes = "pssession rsn -Name 'it''s'"; Count = 1 }
        @{ Line = 'pssession get --name=b'; Becomes = 'pssession get --name=build-2'; Count = 2 }
        @{ Line = 'pssession get --name=build-1,b'; Becomes = 'pssession get --name=build-1,build-2'; Count = 2 }
        @{ Line = 'pssession rsn -ea:S'; Becomes = 'pssession rsn -ea:SilentlyContinue'; Count = 2 }
        @{ Line = 'pssession rsn -Confirm:'; Becomes = "pssession rsn -Confirm:'`$true'"; Count = 2 }
        @{ Line = 'pssession get --inventory fil'; Becomes = 'pssession get --inventory file.txt'; Count = 1 }
        @{ Line = 'pssession get --idle '; Becomes = 'pssession get --idle  '; Count = 1 }
        @{ Line = 'pssession get --owner fil'; Becomes = 'pssession get --owner fil'; Count = 1 }
        @{ Line = 'pssession get --on '; Becomes = 'pssession get --on  '; Count = 1 }
        @{ Line = 'pssession rsn -Name build-1,nam'; Becomes = 'pssession rsn -Name build-1,nam'; Count = 1 }
        @{ Line = 'rsn -Na'; Becomes = 'rsn -Name'; Count = 1 }
    )
}

BeforeAll {
    . (Join-Path $PSScriptRoot 'Simulator.ps1')
    'build-1', 'build-2', 'name with blank', "it's" | ForEach-Object {
        [pscustomobject]@{ Name = $_; ComputerName = 'web01'; InstanceId = [guid]::NewGuid(); State = 'Opened' }
    } | Import-PssSession | Out-Null
    Push-Location $folder
    $null = New-Item -ItemType File file.txt
    . ([scriptblock]::Create((& $command completions powershell) -join "`n"))
}
AfterAll {
    Pop-Location
    Remove-TestTable
}

Describe 'Completion' {
    It 'makes <becomes> of <line>' -ForEach $lines {
        $answer = TabExpansion2 $line $line.Length
        $answer.CompletionMatches.Count | Should -Be $count
        $end = $answer.ReplacementIndex + $answer.ReplacementLength
        $text = $answer.CompletionMatches[0].CompletionText
        $line.Substring(0, $answer.ReplacementIndex) + $text + $line.Substring($end) | Should -BeExactly $becomes
    }

    It 'leaves no trace' {
        $global:LASTEXITCODE = 42
        $null = TabExpansion2 'pssession rsn -Name b' 21
        $global:LASTEXITCODE | Should -Be 42
        $env:PSSESSION_COMPLETE | Should -BeNullOrEmpty
    }

    It 'carries out nothing that is typed' {
        $line = 'pssession rsn $(New-Item made) -Na'
        $null = TabExpansion2 $line $line.Length
        Test-Path made | Should -BeFalse
    }
}
