# What a removal asks goes through the host, and a yes closes exactly what was shown.
#Requires -Version 7.2
#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.0' }

BeforeAll {
    . (Join-Path $PSScriptRoot 'Simulator.ps1')
    . (Join-Path $PSScriptRoot 'AnsweringHost.ps1')

    # Runs a script on a host that gives these answers: its output, its errors, and the questions.
    function Invoke-Answered {
        param([string[]] $Answer, [scriptblock] $Script, [object[]] $Argument)
        $answering = [AnsweringHost]::new()
        $Answer.ForEach({ $answering.Talk.Answers.Enqueue($_) })
        $shell = New-Shell $Script $Argument $answering
        try {
            $output = @($shell.Invoke())
            [pscustomobject]@{
                Output = $output
                Errors = @($shell.Streams.Error)
                Asked  = @($answering.Talk.Asked)
                Unused = $answering.Talk.Answers.Count
            }
        }
        finally {
            $shell.Runspace.Dispose()
            $shell.Dispose()
        }
    }
}
AfterAll { Remove-TestTable }

Describe 'Questions' {
    BeforeEach {
        Start-Simulator
        $sessions = @(Get-PssSession @there)
        $theirs = @($sessions | Where-Object Owner -EQ 'CONTOSO\ci-runner')
        $theirs.Count | Should -BeGreaterThan 1
        $remove = { param($Sessions, $Me) $Sessions | Remove-PssSession -Credential $Me -PassThru }
        $confirm = { param($Sessions, $Me) $Sessions | Remove-PssSession -Credential $Me -PassThru -Confirm }
    }
    AfterEach { Stop-Simulator }

    It 'asks once about what is not ours, and closes exactly that' {
        $run = Invoke-Answered 'Yes' $remove $theirs, $me
        $run.Asked.Count | Should -Be 1
        $run.Asked[0] | Should -BeLike "Confirm*not yours*Close $($theirs.Count) session(s) on 1 host(s)[?]"
        $theirs.ForEach({ $run.Asked[0] | Should -BeLike "*$($_.ShellId)*" })
        $run.Output.Outcome | Sort-Object -Unique | Should -Be 'Closed'
        $run.Errors | Should -BeNullOrEmpty
        @(Get-PssSession @there).ShellId | Should -Be @($sessions.Where({ $_ -notin $theirs }).ShellId)
    }

    It 'closes nothing at a no' {
        $run = Invoke-Answered 'No' $remove $theirs, $me
        $run.Output.Outcome | Sort-Object -Unique | Should -Be 'Declined'
        @(Get-PssSession @there).Count | Should -Be 8
    }

    It 'asks for what is selected on the server as well' {
        $select = { param($Id, $Me) Remove-PssSession -Id $Id -Credential $Me -PassThru }
        $run = Invoke-Answered 'Yes' $select $theirs.Id, $me
        $run.Output.Outcome | Sort-Object -Unique | Should -Be 'Closed'
        @(Get-PssSession @there).Count | Should -Be (8 - $theirs.Count)
    }

    It 'is an error where nobody can be asked' {
        $run = Invoke-Answered @() $remove $theirs, $me
        $run.Errors[0].FullyQualifiedErrorId | Should -Be 'ConfirmationNeeded,Remove-PssSession'
        @(Get-PssSession @there).Count | Should -Be 8
    }

    It 'asks about each session under -Confirm' {
        $three = $sessions[0..2]
        $run = Invoke-Answered 'Yes', 'No', 'Yes' $confirm $three, $me
        $run.Asked.Count | Should -Be 3
        $first = 'Confirm*Are you sure*Performing the operation "Remove" on target "127.0.0.1".*'
        $run.Asked[0] | Should -BeLike "$first$($three[0].ShellId)*"
        $run.Output.Outcome | Sort-Object | Should -Be 'Closed', 'Closed', 'Declined'
        @(Get-PssSession @there).ShellId | Should -Be @($sessions.Where({ $_ -notin $three[0, 2] }).ShellId)
    }

    It 'heeds an answer to all' {
        $run = Invoke-Answered 'Yes to All' $confirm $sessions, $me
        $run.Asked.Count | Should -Be 1
        @(Get-PssSession @there).Count | Should -Be 0
    }

    It 'asks for nothing else where $ConfirmPreference asks for each' {
        $prefer = {
            param($Sessions, $Me)
            $ConfirmPreference = 'Medium'
            $Sessions | Remove-PssSession -Credential $Me -PassThru
        }
        $run = Invoke-Answered 'No to All' $prefer $theirs, $me
        $run.Asked.Count | Should -Be 1
        $run.Output.Outcome | Sort-Object -Unique | Should -Be 'Declined'
    }

    It 'asks before it logs in where nobody has logged in before, and then about the sessions' {
        $env:PSSESSION_STORE = Join-Path $folder "$([guid]::NewGuid()).db"
        $run = Invoke-Answered 'No' $remove $theirs, $me
        $run.Asked[0] | Should -BeLike "*refusing to log in to http://127.0.0.1:$($simulator.Port)/wsman: *Log in there[?]"
        $run.Output.Outcome | Sort-Object -Unique | Should -Be 'Declined'
        $run = Invoke-Answered 'Yes', 'Yes' $remove $theirs, $me
        $run.Asked[1] | Should -BeLike '*not yours*'
        $run.Output.Outcome | Sort-Object -Unique | Should -Be 'Closed'
    }

    It 'chooses no second time among what was said yes to' {
        $keep = {
            param($Sessions, $Me)
            $Sessions | Remove-PssSession -Credential $Me -PassThru -ArgumentList '--keep-newest', '1'
        }
        $run = Invoke-Answered 'Yes' $keep $theirs, $me
        $run.Output.Count | Should -Be ($theirs.Count - 1)
        $run.Output.Outcome | Sort-Object -Unique | Should -Be 'Closed'
    }
}
