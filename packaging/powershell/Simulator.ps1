# Dot-sourced by the tests: the module, a table of its own, and `pssession simulator`.
Import-Module (Join-Path $PSScriptRoot 'Pssession' 'Pssession.psd1') -Force
$command = (Get-Command -Name pssession -CommandType Application -TotalCount 1 -ErrorAction Stop).Source
$folder = Join-Path ([System.IO.Path]::GetTempPath()) ([guid]::NewGuid())
$null = New-Item -ItemType Directory -Path $folder
$previous = $env:PSSESSION_STORE
$env:PSSESSION_STORE = Join-Path $folder 'sessions.db'

function Start-Simulator {
    $start = [System.Diagnostics.ProcessStartInfo]::new($command)
    foreach ($word in 'simulator', '--shells', '8', '--output', 'json') { $start.ArgumentList.Add($word) }
    $start.RedirectStandardOutput = $true
    $script:process = [System.Diagnostics.Process]::Start($start)
    $script:simulator = ConvertFrom-Json -InputObject $process.StandardOutput.ReadLine()
    $password = ConvertTo-SecureString -String $simulator.Password -AsPlainText -Force
    $script:me = [pscredential]::new($simulator.User, $password)
    $script:there = @{ ComputerName = '127.0.0.1'; Port = $simulator.Port; Credential = $me }
}

function Stop-Simulator {
    $process.Kill()
    $process.Dispose()
}

function Remove-TestTable {
    $env:PSSESSION_STORE = $previous
    Remove-Item -LiteralPath $folder -Recurse -Force
}
