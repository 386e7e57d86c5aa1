# A property that is not there is nothing, whatever the user has set.
Set-StrictMode -Off

# How long a command that was stopped may take to see what became of what it has sent, in seconds: its own limit, and some.
$StopGrace = 15

# Runs the command. Each line of its stdout goes to -OnLine as it comes; its errors become error records of the calling
# function. Returns the record of a plan that needs a yes. The password goes into the environment of the child process
# alone, never into an argument or into this process.
#
# A supervised command takes the end of its stdin for Ctrl-C, and its objects end at an empty line. Another has nothing
# to conclude.
function Invoke-Pssession {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)]
        [string[]] $Word,

        [AllowEmptyCollection()]
        [string[]] $InputLine = @(),

        [pscredential] $Credential,

        [Parameter(Mandatory)]
        [System.Management.Automation.PSCmdlet] $Caller,

        [Parameter(Mandatory)]
        [scriptblock] $OnLine,

        [switch] $Supervised,

        # Nothing but a failure of the whole is told.
        [switch] $Quiet
    )

    $process = Start-PssProcess $Word $Credential $Caller
    # The process's own writer has the encoding of the console where .NET cannot be told another.
    $stdin = [System.IO.StreamWriter]::new($process.StandardInput.BaseStream, [System.Text.UTF8Encoding]::new($false))
    $stdin.NewLine = "`n"
    $talk = [PssTalk]::new()
    $talk.Quiet = $Quiet
    $until, $ended = $null, $false
    # A caller that is stopped is so between two statements: nothing may wait for long.
    $receive = {
        while ($out -or $err) {
            $tasks = [System.Threading.Tasks.Task[]] (@($out, $err) -ne $null)
            if ([System.Threading.Tasks.Task]::WaitAny($tasks, 100) -lt 0) {
                if ($until -and [datetime]::UtcNow -gt $until) { break }
                continue
            }
            if ($out -and $out.IsCompleted) {
                $line = $out.GetAwaiter().GetResult()
                $out = if ($null -ne $line) { $process.StandardOutput.ReadLineAsync() }
                if ($line) { & $OnLine $line }
            }
            if ($err -and $err.IsCompleted) {
                $line = $err.GetAwaiter().GetResult()
                $err = if ($null -ne $line) { $process.StandardError.ReadLineAsync() }
                if ($line) { Write-PssTalk $line $talk $Caller }
            }
        }
    }
    try {
        $out = $process.StandardOutput.ReadLineAsync()
        $err = $process.StandardError.ReadLineAsync()
        try {
            foreach ($line in $InputLine) { $stdin.WriteLine($line) }
            if ($Supervised -and $InputLine) { $stdin.WriteLine() }
            if ($Supervised) { $stdin.Flush() } else { $stdin.Close() }
        }
        catch [System.IO.IOException] {
            # Who has ended early says why on stderr.
            Write-Debug 'pssession has closed its stdin'
        }
        . $receive
        $process.WaitForExit()
        $ended = $true
        Complete-PssTalk $talk $process.ExitCode $Caller
    }
    finally {
        if (-not $ended) {
            # The caller is stopped. What was done is still told.
            $until = [datetime]::UtcNow.AddSeconds($StopGrace)
            try {
                if ($Supervised) {
                    $stdin.Close()
                    . $receive
                    $null = Complete-PssTalk $talk 1 $Caller
                }
            }
            catch {
                # Whoever wants no more objects ends the reading, too.
                Write-Debug "$_"
            }
            if (-not $process.WaitForExit($(if ($Supervised) { 1000 } else { 0 }))) { $process.Kill() }
        }
        $process.Dispose()
    }
}

function Start-PssProcess {
    param([string[]] $Word, [pscredential] $Credential, [System.Management.Automation.PSCmdlet] $Caller)

    $utf8 = [System.Text.UTF8Encoding]::new($false)
    $start = [System.Diagnostics.ProcessStartInfo]::new((Resolve-PssCommand $Caller))
    $start.UseShellExecute = $false
    $start.WorkingDirectory = (Get-Location -PSProvider FileSystem).ProviderPath
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $start.StandardOutputEncoding = $utf8
    $start.StandardErrorEncoding = $utf8
    $start.Arguments = $Word.ForEach({ ConvertTo-PssArgument $_ }) -join ' '
    # PowerShell's own cmdlets take an empty credential for none.
    if ($Credential -and $Credential -ne [pscredential]::Empty) {
        $start.Environment['PSSESSION_USER'] = $Credential.UserName.TrimStart('\')
        $start.Environment['PSSESSION_PASSWORD'] = $Credential.GetNetworkCredential().Password
    }
    Start-PssCommand $start $Caller
}
