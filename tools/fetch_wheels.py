# SPDX-License-Identifier: Apache-2.0
"""Downloads wheels from PyPI by name, version and SHA-256, and unpacks the files for a C++ build (include/, lib/), or
only one file of a wheel.

    fetch_wheels.py FOLDER VERSION NAME SHA256 [NAME SHA256 ...]
    fetch_wheels.py --file MEMBER FOLDER VERSION NAME SHA256

Needs only Python's standard library (a new Debian has no pip). The index is PyPI's, or the one in PIP_INDEX_URL. Exits
with 1 and a message if a wheel is missing or its digest differs.
"""
import hashlib
import html.parser
import io
import os
import pathlib
import subprocess
import sys
import urllib.parse
import urllib.request
import zipfile


class Links(html.parser.HTMLParser):
    """The addresses on a PEP 503 index page."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        if tag == "a":
            self.found += [value for key, value in attributes if key == "href"]


def index_url():
    """PIP_INDEX_URL, otherwise pip's configured index, otherwise PyPI."""
    if os.environ.get("PIP_INDEX_URL"):
        return os.environ["PIP_INDEX_URL"]
    try:
        asked = subprocess.run([sys.executable, "-m", "pip", "config", "get", "global.index-url"],
                               capture_output=True, text=True, timeout=20)
        if asked.returncode == 0 and asked.stdout.strip():
            return asked.stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        pass
    return "https://pypi.org/simple"


def download(name, version):
    page = f"{index_url().rstrip('/')}/{name.replace('_', '-')}/"
    links = Links()
    with urllib.request.urlopen(page, timeout=60) as answer:
        links.feed(answer.read().decode())
    for link in links.found:
        address = urllib.parse.urljoin(page, link)
        file = urllib.parse.unquote(urllib.parse.urlparse(address).path.rsplit("/", 1)[-1])
        here = file.endswith("-none-any.whl") or (file.endswith("x86_64.whl") and "manylinux" in file)
        if file.startswith(f"{name}-{version}-") and here:
            with urllib.request.urlopen(address, timeout=300) as answer:
                return answer.read()
    sys.exit(f"{page} has no wheel of {name} {version} for any system or manylinux x86_64")


def unpack(wheel, folder):
    """Wheels store files for the root of the environment in NAME.data/data/."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        for member in archive.namelist():
            _, marker, path = member.partition(".data/data/")
            target = (folder / path).resolve()
            if marker and path.startswith(("include/", "lib/")) and not path.endswith("/"):
                if not target.is_relative_to(folder.resolve()):
                    sys.exit(f"{member} leaves the target folder")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(member))


def unpack_file(wheel, folder, member):
    """Unpacks one file, without its folders."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        (folder / pathlib.PurePosixPath(member).name).write_bytes(archive.read(member))


def main():
    arguments = sys.argv[1:]
    member = arguments[1] if arguments[0] == "--file" else None
    folder, version, *wheels = arguments[2:] if member else arguments
    for name, digest in zip(wheels[0::2], wheels[1::2]):
        wheel = download(name, version)
        found = hashlib.sha256(wheel).hexdigest()
        if found != digest:
            sys.exit(f"{name} {version}: SHA-256 is {found}, expected {digest}")
        if member:
            unpack_file(wheel, pathlib.Path(folder), member)
        else:
            unpack(wheel, pathlib.Path(folder))


if __name__ == "__main__":
    main()
