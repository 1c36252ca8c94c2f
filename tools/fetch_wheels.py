# SPDX-License-Identifier: Apache-2.0
"""Downloads wheels from PyPI by name, version and SHA-256, and unpacks the files for a C++ build (include/, lib/, and
the licences of share/doc/), or only one file of a wheel; or the source archive of one package, and unpacks some of its
folders.

Needs only Python's standard library (a new Debian has no pip). The index is PyPI's, or the one in PIP_INDEX_URL. Exits
with 1 and a message if a wheel is missing or its digest differs.

Example: fetch_wheels.py --file nilearn/LICENSE build/licence 0.10.4 nilearn \\
  48a800e6117ebea8a70b2f0a080b16109e225731605c9243ff103e9a27bf9cac
"""
import hashlib
import html.parser
import io
import os
import pathlib
import subprocess
import sys
import tarfile
import urllib.parse
import urllib.request
import zipfile

import arguments


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


def is_wheel(file, name, version):
    here = file.endswith("-none-any.whl") or (file.endswith("x86_64.whl") and "manylinux" in file)
    return file.startswith(f"{name}-{version}-") and here


def download(name, version, source):
    page = f"{index_url().rstrip('/')}/{name.replace('_', '-')}/"
    links = Links()
    with urllib.request.urlopen(page, timeout=60) as answer:
        links.feed(answer.read().decode())
    for link in links.found:
        address = urllib.parse.urljoin(page, link)
        file = urllib.parse.unquote(urllib.parse.urlparse(address).path.rsplit("/", 1)[-1])
        if file == f"{name}-{version}.tar.gz" if source else is_wheel(file, name, version):
            with urllib.request.urlopen(address, timeout=300) as answer:
                return answer.read()
    kind = "source archive" if source else "wheel for any system or manylinux x86_64"
    sys.exit(f"error: {page} has no {kind} of {name} {version}")


def unpack(wheel, folder):
    """Wheels store files for the root of the environment in NAME.data/data/."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        for member in archive.namelist():
            _, marker, path = member.partition(".data/data/")
            target = (folder / path).resolve()
            if marker and path.startswith(("include/", "lib/", "share/doc/")) and not path.endswith("/"):
                if not target.is_relative_to(folder.resolve()):
                    sys.exit(f"error: {member} would be written outside of the target folder")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(member))


def unpack_file(wheel, folder, member):
    """Unpacks one file, without its folders."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        (folder / pathlib.PurePosixPath(member).name).write_bytes(archive.read(member))


def unpack_folders(archive, target, folders):
    """Unpacks `folders` of a source archive, named without its first two folders (NAME-VERSION/src)."""
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as files:
        for member in files:
            path = pathlib.PurePosixPath(*pathlib.PurePosixPath(member.name).parts[3:])
            if not member.isfile() or not any(path.is_relative_to(folder) for folder in folders):
                continue
            place = (target / path).resolve()
            if not place.is_relative_to(target.resolve()):
                sys.exit(f"error: {member.name} would be written outside of the target folder")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(files.extractfile(member).read())


def main():
    parser = arguments.Parser(prog="fetch_wheels.py", description=__doc__)
    parser.add_argument("--file", metavar="MEMBER", help="the only file of the wheel to unpack")
    parser.add_argument("--source", metavar="FOLDERS",
                        help="the folders to unpack of a package's source archive, separated by commas")
    parser.add_argument("folder", metavar="FOLDER", type=pathlib.Path, help="where the files go")
    parser.add_argument("version", metavar="VERSION", help="of all wheels")
    parser.add_argument("wheels", metavar="NAME SHA256", nargs="+", help="each wheel with its digest")
    options = parser.parse_args()
    member, folder, wheels = options.file, options.folder, options.wheels
    if len(wheels) % 2:
        parser.error(f"{wheels[-1]}: expected its SHA-256")
    for name, digest in zip(wheels[0::2], wheels[1::2]):
        wheel = download(name, options.version, options.source)
        found = hashlib.sha256(wheel).hexdigest()
        if found != digest:
            sys.exit(f"error: {name} {options.version}: SHA-256 is {found}, expected {digest}")
        if options.source:
            unpack_folders(wheel, folder, options.source.split(","))
        elif member:
            unpack_file(wheel, folder, member)
        else:
            unpack(wheel, folder)


if __name__ == "__main__":
    main()
