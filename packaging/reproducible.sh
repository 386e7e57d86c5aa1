#!/usr/bin/env bash
# Compares two builds: every package in target/release-VERSION/ is made again from the same binaries, and each binary is
# built again from a clone in another folder. A difference is an error.
set -euo pipefail
source "$(dirname "$0")/common.sh"
release="$PWD/target/release-$(version)"

[ -f "$release/SHA256SUMS" ] || die "there is no release yet: packaging/release.sh makes it"
make_packages
say "comparing packages"
(cd "$out" && sha256sum --check "$release/SHA256SUMS")

clone="$(mktemp -d)"
trap 'rm -rf "$clone"' EXIT
git clone --quiet . "$clone/a-clone-in-another-folder"
mapfile -t targets < <(ls "$out/bin")
"$clone/a-clone-in-another-folder/packaging/build.sh" "${targets[@]}"
say "comparing binaries"
for target in "${targets[@]}"; do
    cmp "$(binary "$target")" "$clone/a-clone-in-another-folder/target/packages/bin/$target/$(basename "$(binary "$target")")"
done
echo "the same bytes from two folders:"
sha256sum "$out"/bin/*/*
