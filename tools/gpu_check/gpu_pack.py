# SPDX-License-Identifier: Apache-2.0
"""What comes back from a machine that is there for a few minutes: a summary, one archive of text, the table of engines.
Both files are written again after each result, so that a kill leaves all results until then."""

import io
import json
import os
import tarfile

from gpu_job import replace

SUMMARY, ARCHIVE, TABLE = "summary.txt", "results.tar", "engines.txt"
MOST_BYTES = 4_000_000  # of the archive
# A header and padding for each file, and the archive's end.
BESIDE_EACH, AT_THE_END = 1024, 20 * 512


def clear(folder):
    """Removes what an earlier run left, so that it is not taken for a new result."""
    for name in (SUMMARY, ARCHIVE, TABLE):
        (folder / name).unlink(missing_ok=True)


def read_stages(folder, names):
    """The results until now, by stage in the order of `names`."""
    return {
        name: json.loads((folder / f"{name}.json").read_text()) for name in names if (folder / f"{name}.json").exists()
    }


def cut(data, most):
    """A text with at most this number of bytes: the middle is left out."""
    if len(data) <= most:
        return data
    note = f"\n… {len(data) - most} bytes are left out …\n".encode()
    part = max(0, (most - len(note)) // 2)
    return (data[:part] + note + data[len(data) - part :])[:most]


def fitted(files, most):
    """The contents by name, cut so that the archive has at most `most` bytes. Small files stay whole."""
    left = most - AT_THE_END - BESIDE_EACH * len(files)
    out = {}
    for number, (name, data) in enumerate(sorted(files.items(), key=lambda file: len(file[1]))):
        out[name] = cut(data, left // (len(files) - number))
        left -= len(out[name])
    return out


def archive(files):
    """A tar of these files, in the order of their names."""
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w") as tar:
        for name, data in sorted(files.items()):
            member = tarfile.TarInfo(f"results/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return memory.getvalue()


def write(results, stages, summary):
    """Writes the summary, and the archive with it, the stages' files and the table."""
    replace(results / SUMMARY, summary)
    files = {file.name: file.read_bytes() for pattern in ("*.json", "*.txt") for file in stages.glob(pattern)}
    files[SUMMARY] = summary.encode()
    if (results / TABLE).exists():
        files[TABLE] = (results / TABLE).read_bytes()
    new = results / f".{ARCHIVE}.new"
    new.write_bytes(archive(fitted(files, MOST_BYTES)))
    os.replace(new, results / ARCHIVE)
