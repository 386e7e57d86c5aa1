#!/usr/bin/env bash
# An rpm package for this machine's architecture: target/packages/pssession-VERSION-1.ARCHITECTURE.rpm.
set -euo pipefail
source "$(dirname "$0")/common.sh"

need rpmbuild rpm
need rpmlint rpmlint
make_stage
prepare_tree "$stage/tree"
install -D --mode=644 --target-directory="$stage/tree/usr/share/licenses/pssession" LICENSE-MIT LICENSE-APACHE "$payload/$licences"
# A file that is newer gets the date of the commit; a folder does not.
find "$stage/tree" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
rpmbuild --quiet -bb --define "_topdir $stage/rpm" --define "_rpmdir $stage" --define "_rpmfilename package.rpm" \
    --define "tree $stage/tree" --define "version $(version)" \
    --define "date $(date --date="@$SOURCE_DATE_EPOCH" '+%a %b %d %Y')" --target "$(uname -m)" packaging/rpm/pssession.spec
rpm="$out/pssession-$(version)-1.$(uname -m).rpm"
mv "$stage/package.rpm" "$rpm"

say "trying the package out"
rpm --query --package --info --list --requires "$rpm"
rpmlint --config packaging/rpm/rpmlint.toml "$rpm"
root="$stage/root"
mkdir "$root"
rpm --root "$root" --initdb
# The root has no package with glibc: this machine's libraries stand in for it.
rpm --root "$root" --nodeps --install "$rpm"
ldd "$root/usr/bin/pssession" | grep -o '/[^ ]*' | xargs cp --dereference --parents --target-directory="$root"
try_out "$linux_target" /usr/bin/pssession "$root" 65534:65534
figures "$rpm" "$root/usr/bin/pssession"
