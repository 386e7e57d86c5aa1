#!/usr/bin/env bash
# The PowerShell module with its binaries, for the PowerShell Gallery, as target/packages/Pssession.VERSION.nupkg. The
# PowerShell that PSSESSION_PWSH names, or `pwsh`, tries it out.
#
# usage: gallery.sh [--binary PLATFORM=FILE]... [--only-given] [--to DIRECTORY]
#
#   --binary PLATFORM=FILE  take this binary for win-x64, linux-x64 or linux-arm64
#   --only-given            for tests: no other platforms, and nothing about dependencies
#   --to DIRECTORY          write the package there
set -euo pipefail
source_folder="$PWD"
source "$(dirname "$0")/common.sh"
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}"

declare -A targets=(
    [win-x64]=x86_64-pc-windows-gnu
    [linux-x64]=x86_64-unknown-linux-musl
    [linux-arm64]=aarch64-unknown-linux-musl
)
declare -A given=()
only_given=
to="$out"
while [ $# -gt 0 ]; do
    case "$1" in
        --binary)
            platform="${2%%=*}"
            [ -n "${targets[$platform]:-}" ] || die "unknown platform $platform: use one of ${!targets[*]}"
            given[$platform]="$(cd "$source_folder" && realpath -e "${2#*=}")"
            shift 2 ;;
        --only-given) only_given=yes; shift ;;
        --to) to="$(cd "$source_folder" && realpath -e "$2")"; shift 2 ;;
        *) die "unknown argument $1" ;;
    esac
done

module=packaging/powershell/Pssession
grep -q "^ *ModuleVersion *= '$(version)'$" "$module/Pssession.psd1" || die "$module is not of version $(version)"

parts=("LICENSE-MIT=LICENSE-MIT" "LICENSE-APACHE=LICENSE-APACHE")
for platform in $(printf '%s\n' "${!targets[@]}" | sort); do
    file=pssession
    [ "$platform" != win-x64 ] || file=pssession.exe
    if [ -z "$only_given" ]; then
        prepare "${targets[$platform]}"
        for text in "$licences" "$sbom"; do parts+=("bin/$platform/$text=$payload/$text"); done
    elif [ -z "${given[$platform]:-}" ]; then
        continue
    fi
    binary="${given[$platform]:-$payload/$file}"
    # A binary of another version would not understand the module.
    case "$(uname -sm) $platform" in
        "Linux x86_64 linux-x64" | "Linux aarch64 linux-arm64")
            env -i "$binary" --version | grep -Fx "pssession $(version)" || die "$binary is not pssession $(version)" ;;
    esac
    parts+=("bin/$platform/$file=$binary")
done

package="$to/Pssession.$(version).nupkg"
rm -f "$package"
python3 packaging/nupkg.py "$module" "$package" "${parts[@]}"
[ -z "$only_given" ] || exit 0

pwsh="${PSSESSION_PWSH:-$(type -P pwsh || true)}"
if [ -z "$pwsh" ]; then
    say "nobody tries the package out: there is no PowerShell, and PSSESSION_PWSH names none"
    exit 0
fi
say "trying the package out"
make_stage
mkdir "$stage/home" "$stage/repository"
start_simulator "$(binary "$(uname -m)-unknown-linux-musl")" "$stage/simulator.json"
# Its home has no other module, and its path no other command.
STAGE="$stage" PACKAGE="$package" HOME="$stage/home" PATH=/usr/bin:/bin "$pwsh" -NoLogo -NoProfile -NonInteractive -Command '
    $ErrorActionPreference = "Stop"
    Register-PSResourceRepository -Name Folder -Uri $env:STAGE/repository -Trusted
    Publish-PSResource -NupkgPath $env:PACKAGE -Repository Folder
    Unregister-PSResourceRepository -Name PSGallery
    Install-PSResource Pssession
    $there = Get-Content $env:STAGE/simulator.json | ConvertFrom-Json
    $me = [pscredential]::new($there.User, (ConvertTo-SecureString $there.Password -AsPlainText -Force))
    $builds = Get-PssSession -ComputerName 127.0.0.1 -Port $there.Port -Credential $me | Where-Object Owner -like "*ci-runner"
    $builds | Remove-PssSession -Credential $me -Confirm:$false -PassThru | Format-Table Outcome, Owner, Name
    if (Get-PssSession -ComputerName 127.0.0.1 -Port $there.Port -Credential $me | Where-Object Owner -like "*ci-runner") { throw "some are left" }
'
