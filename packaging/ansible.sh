#!/usr/bin/env bash
# The Ansible collection, as target/packages/pssession-winrm-VERSION.tar.gz. PSSESSION names the command for the try-out; without it
# that is the static one, if it is built, or a debug build.
set -euo pipefail
source "$(dirname "$0")/common.sh"
ansible_core=2.19.14

need python3 python3-venv
need jq jq
tools="$out/tools/ansible"
[ -x "$tools/bin/pip" ] || python3 -m venv "$tools"
"$tools/bin/pip" install --quiet --disable-pip-version-check "ansible-core==$ansible_core"

make_stage
# What a configuration of this machine says does not count.
export ANSIBLE_CONFIG="$stage/ansible.cfg" ANSIBLE_HOME="$stage/home" PYTHONDONTWRITEBYTECODE=1
touch "$ANSIBLE_CONFIG"

package="pssession-winrm-$(version).tar.gz"
epoch="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}"
# sort_files FOLDER: ansible-galaxy lists the files in the order of the file system.
sort_files() {
    python3 - "$1" <<'PYTHON'
import hashlib
import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
files = json.loads((folder / "FILES.json").read_text(encoding="utf-8"))
files["files"].sort(key=lambda file: file["name"])
text = json.dumps(files, indent=1)
(folder / "FILES.json").write_text(text, encoding="utf-8")
manifest = json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8"))
manifest["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(text.encode()).hexdigest()
(folder / "MANIFEST.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
PYTHON
}

# build_collection FOLDER: what git has of the collection, with the licences, in FOLDER. Dates, owners and modes come from the commit,
# not from the clock and this machine.
build_collection() {
    mkdir -p "$1/tree" "$1/built" "$1/packed"
    git ls-files -z packaging/ansible | (cd packaging/ansible && sed -z 's|^packaging/ansible/||' | xargs -0 cp --parents -t "$1/tree")
    cp LICENSE-MIT LICENSE-APACHE "$1/tree"
    "$tools/bin/ansible-galaxy" collection build --output-path "$1/built" "$1/tree" >/dev/null
    [ -f "$1/built/$package" ] || die "the version of packaging/ansible/galaxy.yml is not $(version)"
    tar --extract --file "$1/built/$package" --directory "$1/packed"
    sort_files "$1/packed"
    (cd "$1/packed" && tar --create --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX -- *) |
        gzip -9n >"$1/$package"
}
say "building the collection twice"
umask 022
build_collection "$stage/first"
(umask 077 && build_collection "$stage/second")
cmp "$stage/first/$package" "$stage/second/$package" || die "two builds of $package differ"
cp "$stage/first/$package" "$out/$package"

say "trying the collection out"
export ANSIBLE_COLLECTIONS_PATH="$stage/collections"
"$tools/bin/ansible-galaxy" collection install --offline --collections-path "$stage/collections" "$out/$package"
"$tools/bin/ansible-galaxy" collection verify --offline pssession.winrm
for module in session session_info; do
    "$tools/bin/ansible-doc" --type module "pssession.winrm.$module" | grep -q 'skip_recent_mine' ||
        die "ansible-doc does not show pssession.winrm.$module"
done

static="$out/bin/$(uname -m)-unknown-linux-musl/pssession"
if [ -z "${PSSESSION:-}" ] && [ -x "$static" ]; then
    PSSESSION="$static"
elif [ -z "${PSSESSION:-}" ]; then
    nice -n 10 cargo build --locked --bin pssession
    PSSESSION="$PWD/target/debug/pssession"
fi
export PSSESSION HOME="$stage/home"
start_simulator "$PSSESSION" "$stage/simulator.json"
jq '{all: {hosts: {web01: {
    ansible_connection: "winrm", ansible_winrm_scheme: "http", ansible_winrm_transport: "ntlm",
    ansible_host: "127.0.0.1", ansible_port: .Port, ansible_user: .User, ansible_password: .Password}}}}' \
    "$stage/simulator.json" >"$stage/hosts.json"
cat >"$stage/play.yml" <<'YAML'
- hosts: all
  gather_facts: false
  tasks:
    - pssession.winrm.session:
        state: absent
        owner: '*ci-runner'
        idle: 5m
      register: closed
    - pssession.winrm.session_info:
        owner: '*ci-runner'
        idle: 5m
      register: left
    - ansible.builtin.assert:
        that:
          - closed is changed
          - closed.sessions | length == closed.counts.Closed
          - left.sessions == []
        success_msg: "{{ closed.counts.Closed }} sessions are closed, and none is left"
YAML
"$tools/bin/ansible-playbook" --inventory "$stage/hosts.json" "$stage/play.yml"

say "$out/$package"
printf 'package   %9d bytes\n' "$(stat -c %s "$out/$package")"
