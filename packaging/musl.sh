#!/usr/bin/env bash
# One static binary for any x86_64 Linux, as target/packages/pssession-VERSION-x86_64-unknown-linux-musl.tar.gz.
set -euo pipefail
source "$(dirname "$0")/common.sh"

need_musl
build --target "$musl_target"
python3 packaging/third-party.py "$musl_target" "$licences"

name="pssession-$(version)-$musl_target"
stage="$(mktemp -d)"
trap 'rm -rf "$stage"' EXIT
mkdir "$stage/$name"
extras "target/$musl_target/release/pssession"
cp "target/$musl_target/release/pssession" README.md LICENSE-MIT LICENSE-APACHE "$licences" "$stage/$name"
cp -R "$share/man" "$share/completions" "$stage/$name"
# Dates and owners come from the commit, not from the clock and this machine.
tar --create --sort=name --mtime="@$(git log -1 --format=%ct)" --owner=0 --group=0 --numeric-owner \
    --directory "$stage" "$name" | gzip -9n > "$out/$name.tar.gz"

say "trying the archive out"
rm -rf "${stage:?}/$name"
tar --extract --gzip --file "$out/$name.tar.gz" --directory "$stage"
assert_static "$stage/$name/pssession"
try_out "$stage/$name/pssession"
figures "$stage/$name/pssession" "$out/$name.tar.gz"
