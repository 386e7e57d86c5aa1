# Which command the functions run. That of a package from the gallery is tried by `cargo test --test it gallery`.
#Requires -Version 7.2
#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.0' }

BeforeAll { . (Join-Path $PSScriptRoot 'Simulator.ps1') }
AfterAll { Remove-TestTable }

Describe 'Command' {
    BeforeEach { $previousPath = $env:PATH }
    AfterEach {
        $env:PATH = $previousPath
        $env:PSSESSION = $null
    }

    It 'is the one that PSSESSION names' {
        $env:PATH = ''
        $env:PSSESSION = $command
        Get-PssSession | Should -BeNullOrEmpty
        Push-Location -LiteralPath (Split-Path $command)
        try {
            $env:PSSESSION = Join-Path '.' (Split-Path -Leaf $command)
            Get-PssSession | Should -BeNullOrEmpty
        }
        finally { Pop-Location }
    }

    It 'is the one of that name on the PATH' {
        $env:PSSESSION = Split-Path -Leaf $command
        Get-PssSession | Should -BeNullOrEmpty
    }

    It 'is no other than <Named>, although there is one on the PATH' -ForEach @(
        @{ Named = '/nowhere/pssession' }
        @{ Named = 'psses*' }
    ) {
        $env:PSSESSION = $named
        $run = { Get-PssSession -ErrorVariable script:told }
        $run | Should -Throw -ErrorId 'CommandNotFound,*' -ExpectedMessage "*'$([wildcardpattern]::Escape($named))'*PSSESSION*"
    }

    It 'is looked for where this platform has it' {
        $architecture = [System.Runtime.InteropServices.RuntimeInformation]::OSArchitecture
        $system = if ($IsWindows) { 'win' } elseif ($IsMacOS) { 'osx' } else { 'linux' }
        InModuleScope Pssession { Get-PssPlatform } | Should -BeExactly "$system-$architecture".ToLowerInvariant()
    }

    It 'says what to do where there is none' {
        $env:PATH = ''
        $failure = try { Get-PssSession } catch { $_ }
        $failure.Exception.Message | Should -Be 'the command pssession is not on the PATH'
        $failure.ErrorDetails.RecommendedAction | Should -BeLike 'install the command *PSSESSION*'
    }

    It 'is an error where it cannot be run' -Skip:$IsWindows {
        $file = Join-Path $folder 'it''s no command'
        Set-Content -LiteralPath $file -Value '' -NoNewline
        $env:PSSESSION = $file
        $failure = try { Get-PssSession } catch { $_ }
        $failure.FullyQualifiedErrorId | Should -BeLike 'NativeCommandFailed,*'
        $failure.Exception.Message | Should -Be "cannot run ${file}: Permission denied"
        $failure.ErrorDetails.RecommendedAction | Should -Be "make it executable: sudo chmod a+x '$($file.Replace("'", "'\''"))'"
        (Get-Item -LiteralPath $file).UnixMode | Should -Not -Match 'x'
    }
}
