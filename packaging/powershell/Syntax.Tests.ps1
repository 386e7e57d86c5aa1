# What Windows PowerShell 5.1 could not read or would not have. It is not run here: this is what can be seen without it.
#Requires -Version 7.2
#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.0' }

Describe 'Syntax' {
    BeforeAll {
        $file = Join-Path $PSScriptRoot 'Pssession' 'Pssession.psm1'
        $tokens, $errors = $null, $null
        $tree = [System.Management.Automation.Language.Parser]::ParseFile($file, [ref] $tokens, [ref] $errors)
        function Find-Part([string] $Type) {
            $tree.FindAll({ param($Part) $Part.GetType().Name -eq $Type }.GetNewClosure(), $true)
        }
    }

    It 'is read without an error' {
        $errors | Should -BeNullOrEmpty
    }

    It 'has no operator of a later version' {
        $later = 'QuestionQuestion', 'QuestionQuestionEquals', 'QuestionDot', 'QuestionLBracket', 'QuestionMark', 'AndAnd', 'OrOr', 'Clean'
        $tokens.Where({ "$($_.Kind)" -in $later }).Text | Should -BeNullOrEmpty
        $tokens.Where({ $_.Kind -eq 'Number' -and $_.Text -match '(^0b|[uysn][sl]?$)' }).Text | Should -BeNullOrEmpty
        $tokens.Where({ $_.Kind -like '*Expandable' -and $_.Text -match '`[eu]' }).Text | Should -BeNullOrEmpty
        (Get-Content -LiteralPath $file) -match '^\s*\|' | Should -BeNullOrEmpty
        Find-Part TernaryExpressionAst | Should -BeNullOrEmpty
    }

    It 'has no variable of a later version' {
        $names = (Find-Part VariableExpressionAst).VariablePath.UserPath
        $names | Should -Contain 'PSVersionTable'
        $names | Where-Object { $_ -in 'IsWindows', 'IsLinux', 'IsMacOS', 'IsCoreCLR', 'PSStyle' } | Should -BeNullOrEmpty
    }

    It 'sets nothing of a process that the .NET Framework lacks' {
        $names = (Find-Part MemberExpressionAst).Member.Value
        $names | Should -Contain 'StandardOutputEncoding'
        $names | Where-Object { $_ -in 'ArgumentList', 'StandardInputEncoding' } | Should -BeNullOrEmpty
    }

    It 'has no parameter of a later cmdlet, except where it asks for it' {
        $names = (Find-Part CommandParameterAst).ParameterName
        $names | Should -Contain 'InputObject'
        $names | Where-Object { $_ -in 'EnumsAsStrings', 'AsHashtable', 'AsArray', 'NoEnumerate', 'AsByteStream', 'Parallel' } |
            Should -BeNullOrEmpty
        $guarded = Find-Part IfStatementAst | Where-Object { $_.Clauses[0].Item1.Extent.Text -match "ContainsKey\('DateKind'\)" }
        @($names -eq 'DateKind').Count | Should -Be 1
        $guarded.Clauses[0].Item2.Extent.Text | Should -Match ' -DateKind String'
    }

    It 'says so in its manifest' {
        $manifest = Import-PowerShellDataFile ($file -replace 'psm1$', 'psd1')
        $manifest.PowerShellVersion | Should -Be '5.1'
        $manifest.CompatiblePSEditions | Sort-Object | Should -Be 'Core', 'Desktop'
        Test-ModuleManifest ($file -replace 'psm1$', 'psd1') | Select-Object -ExpandProperty Name | Should -Be 'Pssession'
    }
}
