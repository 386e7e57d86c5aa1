#!/usr/bin/env bash
# A release: every package of packages.list, the source package, a list of components (SBOM) for each target, SHA256SUMS
# and its signature, in target/release-VERSION/.
#
# The signature is minisign's: PSSESSION_MINISIGN_KEY names the file with the secret key, and minisign asks for its
# password (or PSSESSION_MINISIGN_KEY_PASSWORD has it). Without a key nothing is signed.
set -euo pipefail
source "$(dirname "$0")/common.sh"
release="$PWD/target/release-$(version)"

[ -z "$(git status --porcelain)" ] || die "the folder has changes that are not committed: a release is made of a commit"
rm -rf "$release"
mkdir -p "$release"
make_packages
find "$out" -maxdepth 1 -type f -exec cp -t "$release" {} +

cd "$release"
sha256sum -- * > SHA256SUMS
if [ -z "${PSSESSION_MINISIGN_KEY:-}" ]; then
    say "nothing is signed: PSSESSION_MINISIGN_KEY names no key"
else
    need minisign minisign
    sign() { minisign -S -s "$PSSESSION_MINISIGN_KEY" -m SHA256SUMS -t "$(basename "$release")"; }
    if [ -n "${PSSESSION_MINISIGN_KEY_PASSWORD:-}" ]; then
        sign <<<"$PSSESSION_MINISIGN_KEY_PASSWORD"
    else
        sign
    fi
fi
say "$release"
ls -l
