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

# An order to the simulator's control endpoint.
function Send-Order {
    param([string] $Path, [hashtable] $Order)
    $header = @{ Authorization = "Bearer $($simulator.Token)" }
    Invoke-RestMethod -Method Post -Uri "$($simulator.Control)$Path" -Headers $header -Body (ConvertTo-Json $Order)
}

# Takes back the faults that have not happened yet.
function Clear-Fault {
    $header = @{ Authorization = "Bearer $($simulator.Token)" }
    $null = Invoke-RestMethod -Method Delete -Uri "$($simulator.Control)/faults" -Headers $header
}

# A PowerShell of its own with the module, in which a script runs with these arguments, on this host.
function New-Shell {
    param([scriptblock] $Script, [object[]] $Argument, [System.Management.Automation.Host.PSHost] $On)
    $shell = [powershell]::Create()
    if ($On) { $shell.Runspace = [runspacefactory]::CreateRunspace($On) } else { $shell.Runspace = [runspacefactory]::CreateRunspace() }
    $shell.Runspace.Open()
    $module = Join-Path $PSScriptRoot 'Pssession' 'Pssession.psd1'
    $null = $shell.AddCommand('Import-Module').AddArgument($module).AddStatement().AddScript($Script)
    foreach ($one in $Argument) { $null = $shell.AddArgument($one) }
    $shell
}
