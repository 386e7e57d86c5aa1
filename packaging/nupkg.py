#!/usr/bin/env python3
"""Write a PowerShell module as a package for the PowerShell Gallery.

usage: nupkg.py MODULE OUTPUT [PATH=FILE]...

MODULE is the folder of the module, PATH=FILE a further file and where it goes. Compress-PSResource writes such a package,
too, but with new ids and dates each time, and without the modes by which Install-PSResource makes files executable. Here
the dates are those of SOURCE_DATE_EPOCH.
"""

import hashlib
import os
import pathlib
import re
import sys
import time
import zipfile
from xml.sax.saxutils import escape

# Part names (ECMA-376 part 2, 6.2.2) that need no escapes.
PART_NAME = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")
MODULE_FILES = (".psd1", ".psm1", ".ps1xml")
# PowerShellGet's tag for a package that is a module.
MODULE_TAG = "PSModule"
CORE_PROPERTIES = "package/services/metadata/core-properties"

# Element of the .nuspec, in the order of its schema, and the key of the module manifest.
METADATA = [
    ("authors", "Author"),
    ("requireLicenseAcceptance", "RequireLicenseAcceptance"),
    ("licenseUrl", "LicenseUri"),
    ("projectUrl", "ProjectUri"),
    ("description", "Description"),
    ("releaseNotes", "ReleaseNotes"),
    ("copyright", "Copyright"),
    ("tags", "Tags"),
]

XML = '<?xml version="1.0" encoding="utf-8"?>\n'
RELATIONSHIPS = XML + """\
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
  <Relationship Type="http://schemas.microsoft.com/packaging/2010/07/manifest" Target="/{name}.nuspec" Id="R1" />
  <Relationship Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" \
Target="/{properties}" Id="R2" />
</Relationships>
"""


def main(module, output, *more):
    folder = pathlib.Path(module)
    name = folder.name
    files = {path.name: path for path in folder.iterdir() if path.suffix in MODULE_FILES}
    for one in more:
        path, file = one.split("=", 1)
        files[path] = pathlib.Path(file)
    for path in files:
        if not PART_NAME.fullmatch(path):
            sys.exit(f"{path} is no name for a part of a package")

    manifest = read_manifest(folder / f"{name}.psd1")
    nuspec = write_nuspec(name, manifest)
    properties = f"{CORE_PROPERTIES}/{hashlib.sha256(nuspec.encode()).hexdigest()[:32]}.psmdcp"
    parts = {
        "_rels/.rels": RELATIONSHIPS.format(name=name, properties=properties).encode(),
        f"{name}.nuspec": nuspec.encode(),
        **{path: files[path].read_bytes() for path in sorted(files)},
        properties: write_properties(name, manifest).encode(),
    }
    with zipfile.ZipFile(output, "w") as package:
        for path, data in {"[Content_Types].xml": content_types(parts).encode(), **parts}.items():
            package.writestr(entry(path), data, compresslevel=6)
    print(f"{output}: {len(files)} files, {os.path.getsize(output)} bytes")


def read_manifest(path):
    """The keys of a module manifest whose values are one line of text, texts or a boolean."""
    rows = re.findall(r"^ *(\w+) *= *(@\('.*'\)|'.*'|\$(?:true|false))$", path.read_text(encoding="utf-8"), re.MULTILINE)
    manifest = {}
    for key, value in rows:
        texts = [text.replace("''", "'") for text in re.findall(r"'((?:[^']|'')*)'", value)]
        manifest[key] = " ".join(texts) if texts else value[1:]
    manifest["Tags"] = f"{MODULE_TAG} {manifest['Tags']}"
    return manifest


def write_nuspec(name, manifest):
    rows = [("id", name), ("version", manifest["ModuleVersion"])]
    rows += [(element, manifest[key]) for element, key in METADATA]
    lines = "".join(f"    <{element}>{escape(text)}</{element}>\n" for element, text in rows)
    return (
        XML + '<package xmlns="http://schemas.microsoft.com/packaging/2011/08/nuspec.xsd">\n'
        f"  <metadata>\n{lines}  </metadata>\n</package>\n"
    )


def write_properties(name, manifest):
    rows = [
        ("dc:creator", manifest["Author"]),
        ("dc:description", manifest["Description"]),
        ("dc:identifier", name),
        ("version", manifest["ModuleVersion"]),
        ("keywords", manifest["Tags"]),
    ]
    lines = "".join(f"  <{element}>{escape(text)}</{element}>\n" for element, text in rows)
    return (
        XML + '<coreProperties xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns="http://schemas.openxmlformats.org/package/2006/metadata/core-properties">\n'
        f"{lines}</coreProperties>\n"
    )


def content_types(parts):
    """The type of each part, by the ending of its name, or by its name where it has no ending."""
    types = {
        "rels": "application/vnd.openxmlformats-package.relationships+xml",
        "psmdcp": "application/vnd.openxmlformats-package.core-properties+xml",
    }
    endings, names = dict(types), []
    for path in parts:
        _, dot, ending = pathlib.PurePosixPath(path).name.rpartition(".")
        if dot:
            endings.setdefault(ending, "application/octet")
        else:
            names.append(path)
    rows = [f'  <Default Extension="{ending}" ContentType="{kind}" />\n' for ending, kind in endings.items()]
    rows += [f'  <Override PartName="/{path}" ContentType="application/octet" />\n' for path in names]
    return (
        XML + '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">\n'
        f"{''.join(rows)}</Types>\n"
    )


def entry(path):
    date = time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"]))[:6]
    info = zipfile.ZipInfo(path, date)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 3  # Unix: the modes below count
    mode = 0o755 if re.fullmatch(r"bin/.*/pssession(\.exe)?", path) else 0o644
    info.external_attr = (0o100000 | mode) << 16
    return info


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
