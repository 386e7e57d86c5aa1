#!/usr/bin/env python3
"""Write the licence texts of everything that is linked into the default build for one target, and the list of it.

usage: third-party.py TARGET LICENCES COMPONENTS [NAME=FILE...]

The list comes from `cargo tree`, which knows the features that are really on; the texts come from the very sources
that are compiled. A dependency without a text is an error, unless Apache-2.0 is one of its choices. Each NAME=FILE
adds the text of what a linker adds. COMPONENTS is a software bill of materials in CycloneDX 1.5, without random numbers,
paths of this machine, and any date but SOURCE_DATE_EPOCH.
"""

import datetime
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
# What the standard library's own notices refer to by name.
STD_LICENCES = ["MIT.txt", "Apache-2.0.txt", "BSD-2-Clause.txt", "Unicode-3.0.txt", "LLVM-exception.txt", "NCSA.txt"]


def main(target, output, components, *runtime):
    runtime = dict(pair.split("=", 1) for pair in runtime)
    metadata = json.loads(cargo("metadata", "--locked", "--format-version", "1", "--filter-platform", target))
    linked = linked_packages(target, metadata)
    texts = {}  # the text without its layout -> (the text, who comes with it)
    for name, version in sorted(linked):
        for text in package_texts(linked[name, version]):
            add(texts, text, f"{name} {version}")
    for text in standard_library_texts():
        add(texts, text, "the Rust standard library")
    for name, file in runtime.items():
        add(texts, pathlib.Path(file).read_text(encoding="utf-8"), name)

    rows = [f"{name} {version}: {package['license']}" for (name, version), package in sorted(linked.items())]
    with open(output, "w", encoding="utf-8") as out:
        out.write("Third-party software in pssession\n\n" + "\n".join(rows) + "\n")
        for text, users in texts.values():
            out.write("\n" + "=" * 100 + "\n" + ", ".join(users) + "\n" + "-" * 100 + "\n\n" + text.strip() + "\n")
    with open(components, "w", encoding="utf-8") as out:
        json.dump(bill_of_materials(target, metadata, linked, ["Rust standard library", *runtime]), out, indent=1)
    print(f"{output}: {len(rows)} dependencies, {len(texts)} distinct texts, {os.path.getsize(output)} bytes")


def linked_packages(target, metadata):
    """Every dependency of the binary, by name and version; what only tests or build scripts need is not in it."""
    tree = cargo("tree", "--locked", "--target", target, "-e", "normal", "--prefix", "none", "--format", "{p}")
    wanted = {(line.split()[0], line.split()[1].removeprefix("v")) for line in tree.splitlines() if line}
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


def bill_of_materials(target, metadata, linked, runtime):
    """CycloneDX 1.5: each package of Cargo by its purl, what it depends on, and the parts that are no packages by name."""
    lock = (ROOT / "Cargo.lock").read_text(encoding="utf-8")
    sums = {key[:2]: key[2] for key in re.findall(r'name = "(.+)"\nversion = "(.+)"\nsource = ".+"\nchecksum = "(.+)"', lock)}
    packages = {package["id"]: package for package in metadata["packages"]}
    root = packages[metadata["resolve"]["root"]]

    def component(package):
        key = package["name"], package["version"]
        found = {
            "type": "library",
            "bom-ref": purl(package),
            "name": key[0],
            "version": key[1],
            "licenses": [{"expression": re.sub(" ?/ ?", " OR ", package["license"])}],
            "purl": purl(package),
        }
        if package["repository"]:
            found["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
        return found | ({"hashes": [{"alg": "SHA-256", "content": sums[key]}]} if key in sums else {})

    known = {package["id"] for package in linked.values()} | {root["id"]}
    nodes = {
        purl(packages[node["id"]]): sorted(purl(packages[used]) for used in node["dependencies"] if used in known)
        for node in metadata["resolve"]["nodes"]
        if node["id"] in known
    }
    parts = [{"type": "library", "bom-ref": name, "name": name} for name in runtime]
    nodes[purl(root)] += runtime
    built = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": built.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": component(root) | {"type": "application"},
            "properties": [{"name": "target", "value": target}],
        },
        "components": [component(linked[key]) for key in sorted(linked)] + parts,
        "dependencies": [{"ref": ref, "dependsOn": nodes[ref]} for ref in sorted(nodes)],
    }


def purl(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


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
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
