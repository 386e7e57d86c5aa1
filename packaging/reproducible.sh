#!/usr/bin/env bash
# Compares two builds: every package in target/release-VERSION/ is made again from the same binaries, and the binary for
# x86_64-unknown-linux-musl is built again from a clone in another folder. A difference is an error.
set -euo pipefail
source "$(dirname "$0")/common.sh"
release="$PWD/target/release-$(version)"
target=x86_64-unknown-linux-musl

[ -f "$release/SHA256SUMS" ] || die "there is no release yet: packaging/release.sh makes it"
make_packages
say "comparing packages"
(cd "$out" && sha256sum --check "$release/SHA256SUMS")

clone="$(mktemp -d)"
trap 'rm -rf "$clone"' EXIT
git clone --quiet . "$clone/a-clone-in-another-folder"
"$clone/a-clone-in-another-folder/packaging/build.sh" "$target"
say "comparing binaries"
cmp "$out/bin/$target/pssession" "$clone/a-clone-in-another-folder/target/packages/bin/$target/pssession"
echo "the same bytes from two folders: $(sha256sum < "$out/bin/$target/pssession")"
