//! The PowerShell module as a package of the PowerShell Gallery: built with the binary under test, and installed by
//! PSResourceGet from a folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::{ALICE, BUILD_8, host, leaked, left};
use crate::support::pwsh::{Pwsh, pwsh};
use crate::support::tools::{has, needs};

const PLATFORM: &str = if cfg!(target_arch = "aarch64") { "linux-arm64" } else { "linux-x64" };

/// Installs the package as a user does, but from a folder, which is the only repository.
const INSTALL: &str = "
    $ErrorActionPreference = 'Stop'
    Register-PSResourceRepository -Name Folder -Uri $env:REPOSITORY -Trusted
    Publish-PSResource -NupkgPath $env:PACKAGE -Repository Folder
    Unregister-PSResourceRepository -Name PSGallery
    Install-PSResource Pssession
    $module = Get-Module -ListAvailable -Name Pssession
    $binary = [System.IO.Path]::Combine($module.ModuleBase, 'bin', $env:PLATFORM, 'pssession')
    $bare = Get-Command -Name pssession -CommandType Application -ErrorAction Ignore
    $password = ConvertTo-SecureString -String $env:SIMULATOR_PASSWORD -AsPlainText -Force
    $me = [pscredential]::new($env:SIMULATOR_USER, $password)
    $there = @{ ComputerName = '127.0.0.1'; Port = $env:SIMULATOR_PORT; Credential = $me }
";

/// A package with this file as its only binary.
fn package(platform: &str, binary: &Path, to: &Path) -> PathBuf {
    let mut command = Command::new("packaging/gallery.sh");
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command.arg("--binary").arg(format!("{platform}={}", binary.display())).arg("--only-given");
    let output = command.arg("--to").arg(to).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    to.join(format!("Pssession.{}.nupkg", env!("CARGO_PKG_VERSION")))
}

/// A package with a file that is no program, for a platform that is not this one.
fn foreign_package(folder: &Path) -> PathBuf {
    let binary = folder.join("pssession.exe");
    fs::write(&binary, "not a program").unwrap();
    package("win-x64", &binary, folder)
}

/// A PowerShell that has neither the module nor the command, and what builds the package for it.
fn user(home: &Path) -> Option<Pwsh> {
    let pwsh = pwsh(home).map(|pwsh| pwsh.without_the_command(home));
    (needs("pwsh (PSSESSION_PWSH names one)", pwsh.is_some()) && has("python3")).then_some(pwsh).flatten()
}

/// What a script reports after the installation, as an object.
fn installed(pwsh: Pwsh, home: &Path, package: &Path, script: &str) -> Value {
    let repository = home.join("repository");
    fs::create_dir(&repository).unwrap();
    let pwsh = pwsh.variable("REPOSITORY", repository.to_str().unwrap());
    let pwsh = pwsh.variable("PACKAGE", package.to_str().unwrap()).variable("PLATFORM", PLATFORM);
    let (stdout, code, all) = pwsh.run(&format!("{INSTALL}{script}"));
    assert_eq!(code, Some(0), "{all}");
    let report = stdout.lines().find(|line| line.starts_with('{'));
    serde_json::from_str(report.unwrap_or_else(|| panic!("{all}"))).unwrap()
}

#[test]
fn two_builds_of_the_package_have_the_same_bytes() {
    if !has("python3") {
        return;
    }
    let [one, two] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let first = foreign_package(one.path());
    let copy = two.path().join("renamed.exe");
    fs::write(&copy, "not a program").unwrap();
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    fs::File::open(&copy).unwrap().set_modified(long_ago).unwrap();
    let second = package("win-x64", &copy, two.path());
    assert!(fs::read(first).unwrap() == fs::read(second).unwrap());
}

#[test]
fn an_unknown_platform_or_version_is_not_packed() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("pssession");
    fs::write(&other, "#!/bin/sh\necho pssession 0.0.0\n").unwrap();
    fs::set_permissions(&other, PermissionsExt::from_mode(0o755)).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let another_version = format!("is not pssession {version}");
    for (platform, reason) in [("osx-x64", "unknown platform osx-x64"), (PLATFORM, another_version.as_str())]
    {
        let mut command = Command::new("packaging/gallery.sh");
        command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("--only-given").arg("--to").arg(folder.path());
        let output = command.arg("--binary").arg(format!("{platform}={}", other.display())).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && stderr.contains(reason), "{stderr}");
    }
    assert!(!folder.path().join(format!("Pssession.{version}.nupkg")).exists());
}

#[tokio::test]
async fn install_psresource_brings_the_module_and_its_command() {
    let home = tempfile::tempdir().unwrap();
    let Some(pwsh) = user(home.path()) else { return };
    let simulator = host(leaked()).await;
    let pwsh = pwsh
        .variable("SIMULATOR_USER", &simulator.user())
        .variable("SIMULATOR_PASSWORD", simulator.password().expose_secret())
        .variable("SIMULATOR_PORT", &simulator.address().port().to_string());
    let script = "
        $report = [ordered]@{
            Bare = $null -ne $bare
            Mode = (Get-Item $binary).UnixMode
            Command = & $binary --version
            Version = \"$((Test-ModuleManifest $module.Path).Version)\"
            LicenseUri = \"$($module.LicenseUri)\"
        }
        chmod a-x $binary
        $sessions = @(Get-PssSession @there)
        $report.ModeAtFirstUse = (Get-Item $binary).UnixMode
        $report.Listed = $sessions.ShellId
        $report.Imported = @(($sessions | Import-PssSession).ShellId)
        $report.Identified = (Test-PssWSMan 127.0.0.1 -Port $env:SIMULATOR_PORT).Authentication
        $report.Removed = @($sessions | Where-Object Name -EQ build-7 | Remove-PssSession -Credential $me -Confirm:$false -PassThru).Outcome
        if ((id -u) -eq 0) {
            chmod a-x $binary
            chown 65534 $binary
            try { Get-PssSession } catch {
                $report.NotMine = $_.Exception.Message
                $report.Hint = $_.ErrorDetails.RecommendedAction
            }
            $report.ModeNotMine = (Get-Item $binary).UnixMode
        }
        Remove-Item -Recurse -Force (Join-Path $module.ModuleBase bin)
        $copy = Join-Path $HOME Pssession
        Copy-Item -Recurse $module.ModuleBase $copy
        $null = New-Item -ItemType Directory (Join-Path $HOME compressed)
        Compress-PSResource -Path $copy -DestinationPath (Join-Path $HOME compressed)
        $report.Metadata = foreach ($file in $env:PACKAGE, (Get-Item (Join-Path $HOME compressed '*.nupkg')).FullName) {
            $package = [System.IO.Compression.ZipFile]::OpenRead($file)
            $reader = [System.IO.StreamReader]::new($package.GetEntry('Pssession.nuspec').Open())
            @(([xml] $reader.ReadToEnd()).package.metadata.ChildNodes.ForEach({ \"$($_.Name)=$($_.InnerText)\" }) | Sort-Object) -join \"`n\"
            $package.Dispose()
        }
        ConvertTo-Json -Compress -InputObject $report
    ";
    let folder = home.path().to_owned();
    let report = tokio::task::spawn_blocking(move || {
        let package = package(PLATFORM, Path::new(env!("CARGO_BIN_EXE_pssession")), &folder);
        installed(pwsh, &folder, &package, script)
    });
    let report = report.await.unwrap();
    assert_eq!(report["Bare"], false, "{report}");
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(report["Command"], format!("pssession {version}"));
    assert_eq!(report["Version"], version);
    assert!(report["LicenseUri"].as_str().unwrap().starts_with("https://"));
    for mode in ["Mode", "ModeAtFirstUse"] {
        assert_eq!(report[mode], "-rwxr-xr-x", "{mode}");
    }
    assert_eq!(report["Listed"].as_array().unwrap().len(), 3);
    assert_eq!(report["Imported"], report["Listed"]);
    assert!(report["Identified"].to_string().contains("\"Negotiate\""), "{report}");
    assert_eq!(report["Removed"], "Closed");
    assert_eq!(left(&simulator), [BUILD_8, ALICE]);
    if let Some(reason) = report["NotMine"].as_str() {
        assert!(
            reason.starts_with("cannot run /") && reason.ends_with("/pssession: Permission denied"),
            "{reason}"
        );
        let hint = report["Hint"].as_str().unwrap();
        assert!(hint.starts_with("make it executable: sudo chmod a+x '/"), "{hint}");
        assert_eq!(report["ModeNotMine"], "-rw-r--r--");
    }
    // PSResourceGet makes the same of the module.
    assert_eq!(report["Metadata"][0], report["Metadata"][1]);
}

#[test]
fn a_module_without_this_platform_asks_for_the_command() {
    let home = tempfile::tempdir().unwrap();
    let Some(pwsh) = user(home.path()) else { return };
    let script = "
        $report = @{}
        try { Get-PssSession } catch {
            $report.Id = $_.FullyQualifiedErrorId
            $report.Message = $_.Exception.Message
            $report.Hint = $_.ErrorDetails.RecommendedAction
        }
        $env:PSSESSION = $env:COMMAND
        $report.Named = @(Get-PssSession).Count
        $env:PSSESSION = $null
        $env:PATH += [System.IO.Path]::PathSeparator + (Split-Path $env:COMMAND)
        $report.OnThePath = @(Get-PssSession).Count
        ConvertTo-Json -Compress -InputObject $report
    ";
    let package = foreign_package(home.path());
    let pwsh = pwsh.variable("COMMAND", env!("CARGO_BIN_EXE_pssession"));
    let pwsh = pwsh.variable("SIMULATOR_USER", "nobody").variable("SIMULATOR_PASSWORD", "none");
    let report = installed(pwsh, home.path(), &package, script);
    assert_eq!(report["Id"], "CommandNotFound,Get-PssSession");
    assert_eq!(
        report["Message"],
        format!("this module has no pssession for {PLATFORM}, only for win-x64, and none is on the PATH")
    );
    assert!(report["Hint"].as_str().unwrap().starts_with("install the command"), "{report}");
    for found in ["Named", "OnThePath"] {
        assert_eq!(report[found], 0, "{report}");
    }
}
