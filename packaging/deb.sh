#!/usr/bin/env bash
# A Debian package for this machine's architecture, as target/packages/pssession_VERSION-1_ARCHITECTURE.deb.
set -euo pipefail
source "$(dirname "$0")/common.sh"
cargo_deb=3.8.0

need dpkg-shlibdeps dpkg-dev
if [ "$(cargo deb --version 2>/dev/null)" != "cargo-deb $cargo_deb" ]; then
    say "installing cargo-deb $cargo_deb"
    nice -n 10 cargo install --quiet --locked "cargo-deb@$cargo_deb"
fi

build
python3 packaging/third-party.py "$(rustc -vV | sed -n 's/^host: //p')" "$licences"
gzip -9nc "$licences" > "$out/$licences.gz"
extras target/release/pssession
rm -f "$out"/pssession_*.deb
# Cargo has stripped the binary already; dates come from the commit, not from the clock.
SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)" cargo deb --no-build --no-strip --locked --output "$out"
deb="$(echo "$out"/pssession_*.deb)"

say "trying the package out"
root="$(mktemp -d)"
trap 'rm -rf "$root"' EXIT
dpkg-deb --extract "$deb" "$root"
dpkg-deb --info "$deb" | sed -n '/Package:/,$p'
dpkg-deb --contents "$deb"
try_out "$root/usr/bin/pssession"
for name in Remove-PSSession Get-PSSession; do
    env -i "$root/usr/bin/$name" '-?' | grep -Fq "$name" || die "/usr/bin/$name does not answer to its name"
done
figures "$root/usr/bin/pssession" "$deb"
