# Words reach the command as they are, through the one line of arguments that Windows PowerShell's .NET takes.
#Requires -Version 7.2
#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.0' }

BeforeAll { Import-Module (Join-Path $PSScriptRoot 'Pssession' 'Pssession.psd1') -Force }

Describe 'Arguments' -Skip:(-not (Get-Command -Name printf -CommandType Application -ErrorAction Ignore)) {
    BeforeAll {
        # What a program gets of words, read by .NET as CommandLineToArgvW reads it.
        function Read-Back([string[]] $Word) {
            $program = (Get-Command -Name printf -CommandType Application -TotalCount 1).Source
            $start = [System.Diagnostics.ProcessStartInfo]::new($program)
            $start.Arguments = InModuleScope Pssession -Parameters @{ Word = @('%s\0') + $Word } {
                $Word.ForEach({ ConvertTo-PssArgument $_ }) -join ' '
            }
            $start.RedirectStandardOutput = $true
            $start.StandardOutputEncoding = [System.Text.UTF8Encoding]::new($false)
            $process = [System.Diagnostics.Process]::Start($start)
            $text = $process.StandardOutput.ReadToEnd()
            $process.WaitForExit()
            $text.Split([char] 0) | Select-Object -SkipLast 1
        }
    }

    It 'is read back where it is <What>' -ForEach @(
        @{ What = 'empty'; Word = '' }
        @{ What = 'a blank'; Word = ' ' }
        @{ What = 'words'; Word = 'two words' }
        @{ What = 'a tab'; Word = "a`tb" }
        @{ What = 'two lines'; Word = "a`nb" }
        @{ What = 'a quote'; Word = '"' }
        @{ What = 'quoted'; Word = '"two words"' }
        @{ What = 'two quotes'; Word = '""' }
        @{ What = 'a backslash'; Word = '\' }
        @{ What = 'an account'; Word = 'CONTOSO\ci-runner' }
        @{ What = 'a folder'; Word = 'C:\Program Files\' }
        @{ What = 'backslashes before a quote'; Word = 'a\\"b' }
        @{ What = 'backslashes before a blank'; Word = 'a\\ b' }
        @{ What = 'backslashes at the end'; Word = 'a b\\' }
        @{ What = 'what a shell would change'; Word = '$(x) `y` ''z'' *?[a] %PATH% ^ & | <' }
        @{ What = 'not ASCII'; Word = [string] [char] 0xE9 + [char]::ConvertFromUtf32(0x1F600) + [char] 0xA0 }
    ) {
        $read = @(Read-Back 'before', $Word, 'after')
        $read.Count | Should -Be 3
        $read[1] | Should -BeExactly $Word
        $read[2] | Should -BeExactly 'after'
    }

    It 'is read back whatever it is made of' {
        $random = [System.Random]::new(21)
        $letters = 'a', '\', '\', '"', ' ', "`t", "`n", "'"
        $words = foreach ($one in 1..500) {
            -join @(foreach ($letter in 0..$random.Next(8)) { $letters[$random.Next($letters.Count)] })
        }
        @(Read-Back $words) -join '|' | Should -BeExactly ($words -join '|')
    }
}
