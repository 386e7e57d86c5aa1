# The command that the functions run: the one that the environment variable PSSESSION names, else the one that this module
# has for this platform, else the one on the PATH.
function Resolve-PssCommand {
    param([System.Management.Automation.PSCmdlet] $Caller)

    $name = 'pssession'
    if ($env:PSSESSION) {
        $name = $env:PSSESSION
        $message = "the command '$name', which the environment variable PSSESSION names, does not exist"
        $hint = 'set PSSESSION to the path of pssession, or remove the variable'
    }
    else {
        $platform = Get-PssPlatform
        $own = Get-PssOwnCommand $platform
        if ($own) {
            Set-PssExecutable $own
            return $own
        }
        $carried = @(Get-PssCarried)
        $message = if (-not $carried) { 'the command pssession is not on the PATH' } else {
            "this module has no pssession for $platform, only for $($carried -join ', '), and none is on the PATH"
        }
        $hint = 'install the command so that it is on the PATH, or set the environment variable PSSESSION to its path'
    }
    if ($name -match '[\\/]') {
        $path = [System.IO.Path]::Combine((Get-Location -PSProvider FileSystem).ProviderPath, $name)
        if ([System.IO.File]::Exists($path)) { return $path }
    }
    else {
        $pattern = [wildcardpattern]::Escape($name)
        $command = Get-Command -Name $pattern -CommandType Application -TotalCount 1 -ErrorAction Ignore
        if ($command) { return $command.Source }
    }
    $exception = [System.Management.Automation.CommandNotFoundException]::new($message)
    $Caller.ThrowTerminatingError((New-PssErrorRecord $exception 'CommandNotFound' 'ObjectNotFound' $name $hint))
}

# The platforms for which this module has a command: none where `pssession man --powershell-module` wrote it.
function Get-PssCarried {
    [System.IO.Directory]::GetDirectories($PSScriptRoot, 'bin').ForEach({
        [System.IO.Directory]::GetDirectories($_).ForEach({ [System.IO.Path]::GetFileName($_) })
    }) | Sort-Object
}

function Get-PssOwnCommand {
    param([string] $Platform)

    # Windows on ARM runs programs for x64.
    $folder = if ($Platform -eq 'win-arm64') { 'win-x64' } else { $Platform }
    $file = if ($Platform -like 'win-*') { 'pssession.exe' } else { 'pssession' }
    $path = [System.IO.Path]::Combine($PSScriptRoot, 'bin', $folder, $file)
    if ([System.IO.File]::Exists($path)) { $path }
}

# This platform as .NET names it. What the system can run counts, not how this process was built.
function Get-PssPlatform {
    if ($PSVersionTable.PSEdition -eq 'Desktop') {
        # Windows PowerShell may run on a .NET without RuntimeInformation.
        return $(if ([System.Environment]::Is64BitOperatingSystem) { 'win-x64' } else { 'win-x86' })
    }
    $runtime = [System.Runtime.InteropServices.RuntimeInformation]
    $known = [System.Runtime.InteropServices.OSPlatform]
    $system = if ($runtime::IsOSPlatform($known::Windows)) { 'win' }
    elseif ($runtime::IsOSPlatform($known::OSX)) { 'osx' }
    elseif ($runtime::IsOSPlatform($known::Linux)) { 'linux' }
    else { 'unix' }
    "$system-$($runtime::OSArchitecture)".ToLowerInvariant()
}

# Makes this module's own command executable where it is not, and belongs to this user: a package need not keep modes.
function Set-PssExecutable {
    param([string] $Path)

    $file = Get-Item -LiteralPath $Path -Force
    # Windows and .NET 6 have no such mode.
    if ($null -eq $file.UnixFileMode -or [int] $file.UnixFileMode -eq -1 -or $file.UnixMode -match 'x') { return }
    if ($file.LinkType -or -not $file.User -or $file.User -ne [System.Environment]::UserName) { return }
    $executable = [System.IO.UnixFileMode] 'UserExecute, GroupExecute, OtherExecute'
    try { $file.UnixFileMode = $file.UnixFileMode -bor $executable } catch {
        # Starting it is the error that says what to do.
        Write-Debug "$_"
    }
}

function Start-PssCommand {
    param([System.Diagnostics.ProcessStartInfo] $Start, [System.Management.Automation.PSCmdlet] $Caller)

    try { return [System.Diagnostics.Process]::Start($Start) }
    catch [System.ComponentModel.Win32Exception] {
        $reason = [System.ComponentModel.Win32Exception]::new($_.Exception.GetBaseException().NativeErrorCode).Message
    }
    $path = $Start.FileName
    $exception = [System.Management.Automation.ApplicationFailedException]::new("cannot run ${path}: $reason")
    $hint = if ("$((Get-Item -LiteralPath $path -Force).UnixMode)" -match '[^x]\z') {
        "make it executable: sudo chmod a+x '$($path.Replace("'", "'\''"))'"
    }
    $Caller.ThrowTerminatingError((New-PssErrorRecord $exception 'NativeCommandFailed' 'ResourceUnavailable' $path $hint))
}

# A word of a command line, quoted as CommandLineToArgvW reads it; .NET reads it so on every system. The .NET of Windows
# PowerShell takes no list of words.
function ConvertTo-PssArgument {
    param([string] $Word)

    if ($Word -and $Word -notmatch '[\s"]') { return $Word }
    # Backslashes mean themselves except before a quote.
    $escaped = $Word -replace '(\\*)"', '$1$1\"' -replace '(\\+)\z', '$1$1'
    "`"$escaped`""
}
