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
            foreach ($line in $InputLine) { $process.StandardInput.WriteLine($line) }
            if (-not $Supervised) { $process.StandardInput.Close() }
            elseif ($InputLine) { $process.StandardInput.WriteLine() }
            if ($Supervised) { $process.StandardInput.Flush() }
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
                    $process.StandardInput.Close()
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

    $command = Get-Command -Name pssession -CommandType Application -TotalCount 1 -ErrorAction Ignore
    if (-not $command) {
        $message = 'the command pssession is not on the PATH'
        $exception = [System.Management.Automation.CommandNotFoundException]::new($message)
        $Caller.ThrowTerminatingError((New-PssErrorRecord $exception 'CommandNotFound' 'ObjectNotFound' 'pssession'))
    }
    $utf8 = [System.Text.UTF8Encoding]::new($false)
    $start = [System.Diagnostics.ProcessStartInfo]::new($command.Source)
    $start.UseShellExecute = $false
    $start.WorkingDirectory = (Get-Location -PSProvider FileSystem).ProviderPath
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $start.StandardInputEncoding = $utf8
    $start.StandardOutputEncoding = $utf8
    $start.StandardErrorEncoding = $utf8
    foreach ($one in $Word) { $start.ArgumentList.Add($one) }
    # PowerShell's own cmdlets take an empty credential for none.
    if ($Credential -and $Credential -ne [pscredential]::Empty) {
        $start.Environment['PSSESSION_USER'] = $Credential.UserName.TrimStart('\')
        $start.Environment['PSSESSION_PASSWORD'] = $Credential.GetNetworkCredential().Password
    }
    $process = [System.Diagnostics.Process]::Start($start)
    $process.StandardInput.NewLine = "`n"
    $process
}
