#!/usr/bin/env bash
# A wheel for PyPI that carries the static binary, as target/packages/pssession-VERSION-py3-none-PLATFORMS.whl.
set -euo pipefail
source "$(dirname "$0")/common.sh"
maturin=1.16.0

need_musl
build --target "$musl_target"
python3 packaging/third-party.py "$musl_target" "$licences"

# What lies in this folder goes below the root of where the wheel is installed to.
data=pssession.data
trap 'rm -rf "$data"' EXIT
extras "target/$musl_target/release/pssession"
rm -rf "$data"
install_extras "$data/data/share"

[ -x target/maturin/bin/pip ] || python3 -m venv target/maturin
target/maturin/bin/pip install --quiet --disable-pip-version-check "maturin==$maturin"
rm -f "$out"/pssession-*.whl
# A static binary needs no libc of the host: one wheel serves glibc and musl systems alike.
nice -n 10 target/maturin/bin/maturin build --release --locked --target "$musl_target" \
    --compatibility manylinux2014 musllinux_1_1 --out "$out"
wheel="$(echo "$out"/pssession-*.whl)"

say "trying the wheel out"
venv="$(mktemp -d)"
trap 'rm -rf "$data" "$venv"' EXIT
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-index "$wheel"
python3 -m zipfile --list "$wheel"
[ -f "$venv/share/man/man1/pssession.1" ] || die "$wheel brings no manual pages"
assert_static "$venv/bin/pssession"
try_out "$venv/bin/pssession"
# The module finds the command that was installed beside it.
env -u PSSESSION PATH=/usr/bin:/bin "$venv/bin/python" - <<'PYTHON'
import pssession

with pssession.simulator(shells=2) as server:
    assert len(server.shells) == 2
PYTHON
grep -q '^pssession=pssession.pytest_plugin$' "$venv"/lib/python3*/site-packages/pssession-*.dist-info/entry_points.txt ||
    die "$wheel has no plugin for pytest"
figures "$venv/bin/pssession" "$wheel"
