#!/usr/bin/env python3
"""Write the licence texts of everything that is linked into the default build for one target.

usage: third-party.py TARGET OUTPUT

The list comes from `cargo tree`, which knows the features that are really on; the texts come from the very sources
that are compiled. A dependency without a text is an error, unless Apache-2.0 is one of its choices.
"""

import html.parser
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LICENCE_FILE = re.compile(r"(licen[cs]e|copying|copyright|notice|unlicense)([-._].*)?$", re.IGNORECASE)
# A file called `license.rs` is source, not a text to hand on.
NOT_A_TEXT = {".rs", ".c", ".h", ".py", ".pl", ".js", ".toml", ".json", ".yml", ".yaml"}
MUSL_NOTICE = pathlib.Path("/usr/share/doc/musl-dev/copyright")
# What the standard library's own notices refer to by name.
STD_LICENCES = ["MIT.txt", "Apache-2.0.txt", "BSD-2-Clause.txt", "Unicode-3.0.txt", "LLVM-exception.txt", "NCSA.txt"]


def main(target, output):
    linked = linked_packages(target)
    texts = {}  # the text without its layout -> (the text, who comes with it)
    for name, version in sorted(linked):
        for text in package_texts(linked[name, version]):
            add(texts, text, f"{name} {version}")
    for text in standard_library_texts():
        add(texts, text, "the Rust standard library")
    if "musl" in target:
        add(texts, MUSL_NOTICE.read_text(), "musl libc")

    rows = [f"{name} {version}: {package['license']}" for (name, version), package in sorted(linked.items())]
    with open(output, "w", encoding="utf-8") as out:
        out.write("Third-party software in pssession\n\n" + "\n".join(rows) + "\n")
        for text, users in texts.values():
            out.write("\n" + "=" * 100 + "\n" + ", ".join(users) + "\n" + "-" * 100 + "\n\n" + text.strip() + "\n")
    print(f"{output}: {len(rows)} dependencies, {len(texts)} distinct texts, {os.path.getsize(output)} bytes")


def linked_packages(target):
    """Every dependency of the binary, by name and version; what only tests or build scripts need is not in it."""
    tree = cargo("tree", "--locked", "--target", target, "-e", "normal", "--prefix", "none", "--format", "{p}")
    wanted = {(line.split()[0], line.split()[1].removeprefix("v")) for line in tree.splitlines() if line}
    metadata = json.loads(cargo("metadata", "--locked", "--format-version", "1", "--filter-platform", target))
    packages = {(p["name"], p["version"]): p for p in metadata["packages"] if p["source"]}
    ours = {(p["name"], p["version"]) for p in metadata["packages"] if not p["source"]}
    return {key: packages[key] for key in wanted - ours}


def package_texts(package):
    """The texts in the package's source, those of code that it has taken in from elsewhere included."""
    home = pathlib.Path(package["manifest_path"]).parent
    files = {
        path
        for path in home.rglob("*")
        if path.is_file() and LICENCE_FILE.match(path.name) and path.suffix not in NOT_A_TEXT
    }
    if package["license_file"]:
        files.add(home / package["license_file"])
    if files:
        return [path.read_text(encoding="utf-8", errors="replace") for path in sorted(files)]
    if "Apache-2.0" in re.split(r"[ /()]+", package["license"] or "") and " AND " not in package["license"]:
        return [(ROOT / "LICENSE-APACHE").read_text()]
    sys.exit(f"{package['name']} {package['version']} ({package['license']}) comes without a licence text")


def standard_library_texts():
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], cwd=ROOT, check=True, capture_output=True, text=True)
    docs = pathlib.Path(sysroot.stdout.strip()) / "share/doc/rust"
    notices = docs / "COPYRIGHT-library.html"
    if not notices.is_file():
        sys.exit(f"this Rust toolchain lacks {notices.relative_to(docs.parent)}, the notices of its standard library")
    reader = PlainText()
    reader.feed(notices.read_text(encoding="utf-8"))
    files = [docs / "licenses" / name for name in STD_LICENCES]
    return [reader.text(), *(path.read_text(encoding="utf-8") for path in files if path.is_file())]


class PlainText(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.pieces = []

    def handle_data(self, data):
        self.pieces.append(data)

    def text(self):
        lines = (line.rstrip() for line in "".join(self.pieces).splitlines())
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def add(texts, text, user):
    users = texts.setdefault(" ".join(text.split()), (text, []))[1]
    if user not in users:
        users.append(user)


def cargo(*arguments):
    return subprocess.run(["cargo", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
