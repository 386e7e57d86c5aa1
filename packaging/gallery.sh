#!/usr/bin/env bash
# The PowerShell module with its binaries, for the PowerShell Gallery, as target/packages/Pssession.VERSION.nupkg.
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
