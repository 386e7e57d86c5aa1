#!/usr/bin/env bash
# A wheel for PyPI with the binary for TARGET and the Python module: target/packages/pssession-VERSION-py3-none-PLATFORMS.whl.
# `pip install` puts the command on the path. Usage: packaging/wheel.sh TARGET
set -euo pipefail
source "$(dirname "$0")/common.sh"
target="${1:?which target?}"
machine="${target%%-*}"
# A static binary needs no libc of the host: one wheel serves glibc and musl systems alike.
case "$target" in
    *-linux-musl) tags=("manylinux2014_$machine" "musllinux_1_1_$machine") ;;
    x86_64-*-windows-*) tags=(win_amd64) ;;
    *) die "no wheel is made for $target" ;;
esac

prepare "$target"
python_tools wheel maturin==1.16.0 wheel==0.46.3
stage="$(mktemp -d)"
trap 'rm -rf "$stage" "$licences"' EXIT
# Maturin writes the metadata; it would build the binary again, with another linker.
cp "$payload/$licences" .
"$tools/wheel/bin/maturin" pep517 write-dist-info --metadata-directory "$stage/tree" --interpreter python3 >/dev/null
name="pssession-$(version)"
info="$stage/tree/$name.dist-info"
sed -i '/^Tag:/d' "$info/WHEEL"
printf 'Tag: py3-none-%s\n' "${tags[@]}" >> "$info/WHEEL"
install -D --mode=644 "$payload/$sbom" "$info/sboms/$sbom"
install -D --mode=644 --target-directory="$stage/tree/pssession" python/pssession/*.py python/pssession/py.typed
install -D --target-directory="$stage/tree/$name.data/scripts" "$(binary "$target")"
# What lies in this folder goes below the root of where the wheel is installed to.
install_extras "$stage/tree/$name.data/data/share"
"$tools/wheel/bin/wheel" pack "$stage/tree" --dest-dir "$stage" >/dev/null
wheel="$(echo "$stage"/*.whl)"
mv "$wheel" "$out"
wheel="$out/$(basename "$wheel")"

say "trying the wheel out"
python3 -m zipfile --list "$wheel"
venv="$stage/venv"
if [[ "$target" == "$(uname -m)-unknown-linux-"* ]]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-index "$wheel"
    # The module finds the command that was installed beside it.
    env -u PSSESSION PATH=/usr/bin:/bin "$venv/bin/python" - <<'PYTHON'
import pssession

with pssession.simulator(shells=2) as server:
    assert len(server.shells) == 2
PYTHON
else
    # Installed as pip does for another platform; there is no Python of that platform here.
    python3 -m pip install --quiet --disable-pip-version-check --no-index --target "$venv" --only-binary=:all: \
        --platform "${tags[0]}" --python-version 3.8 "$wheel"
fi
[ -f "$venv/share/man/man1/pssession.1" ] || die "$wheel brings no manual pages"
try_out "$target" "$venv/bin/$(basename "$(binary "$target")")"
find "$venv" -path '*.dist-info/entry_points.txt' -exec grep -x 'pssession=pssession.pytest_plugin' {} + ||
    die "$wheel has no plugin for pytest"
figures "$wheel" "$(binary "$target")"
