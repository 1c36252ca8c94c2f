#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Copies the weights of a PyTorch checkpoint (.pth) into a .safetensors file, or into .h5 if Python has h5py.

A .pth is a zip of raw numbers and a pickle, and a pickle is a program. Nothing of it is run here: all names that it
uses are replaced by harmless objects of this file. What is not a tensor is ignored and reported. A prefix that
wrappers put before all names (module., _orig_mod., model., net., network.) is taken off. PyTorch is not needed.

Examples:
  convert_pth.py published.pth openbhb.safetensors
  convert_pth.py published.pth openbhb.safetensors --key model --overwrite

Exit codes:
  0 done   2 command line   3 no such file or key   4 a damaged or malicious file   8 the output cannot be written
  9 the output exists
"""
import collections
import contextlib
import hashlib
import json
import math
import os
import pathlib
import pickle
import resource
import sys
import zipfile

sys.dont_write_bytecode = True  # an installed tree stays as it is
import arguments

# PyTorch's storage: safetensors' type, bytes of a value, numpy's type
STORAGES = {"FloatStorage": ("F32", 4, "<f4"), "DoubleStorage": ("F64", 8, "<f8"), "HalfStorage": ("F16", 2, "<f2"),
            "BFloat16Storage": ("BF16", 2, None), "LongStorage": ("I64", 8, "<i8"), "IntStorage": ("I32", 4, "<i4"),
            "ShortStorage": ("I16", 2, "<i2"), "CharStorage": ("I8", 1, "i1"), "ByteStorage": ("U8", 1, "u1"),
            "BoolStorage": ("BOOL", 1, "?")}
VERSION = "0.1.0"  # of Cortexgrad; a test compares it with CMakeLists.txt
Tensor = collections.namedtuple("Tensor", "dtype shape key first bytes")


# Words that DataParallel, torch.compile and Lightning put before all names.
WRAPPERS = ("module.", "_orig_mod.", "model.", "net.", "network.")
# The first bytes of files that are not checkpoints, what they are, and what to do.
OTHER_KINDS = ((b"version https://git-lfs", "a git-lfs pointer without the content; download it: git lfs pull"),
               (b"/annex/objects/", "a git-annex pointer without the content; download it: datalad get FILE"),
               (b"<", "a web page, perhaps a login page or an error message; download the file itself"),
               (b"\x89HDF\r\n", "an HDF5 file; it needs no conversion"),
               (b"\x80", "a pickle of PyTorch before 1.6; load it in Python and save it again with torch.save"),
               (b"\x1f\x8b", "compressed with gzip; decompress the file: gunzip FILE"))


class Ignored:
    """Takes the place of everything in a pickle that is not a tensor: it accepts all that a pickle does, and keeps
    nothing."""
    def __init__(self, *_, **__):
        pass

    def __setstate__(self, _):
        pass

    def __setitem__(self, _, __):
        pass

    def append(self, _):
        pass

    def extend(self, _):
        pass

    def add(self, _):
        pass


def fail(code, message):
    print(f"error: {message}", file=sys.stderr)
    sys.exit(code)


def rebuild(storage, offset, shape, stride, *_):
    kind, key, values = storage
    dense, step = [], 1
    for extent in reversed(shape):
        dense.insert(0, step)
        step *= extent
    if any(s != d for s, d, extent in zip(stride, dense, shape) if extent > 1):
        fail(4, f"a tensor of shape {list(shape)} is not contiguous; save it with .contiguous()")
    dtype, width, _ = STORAGES[kind]
    if offset < 0 or min(shape, default=1) < 0 or offset + math.prod(shape) > values:
        fail(4, f"a tensor of shape {list(shape)} needs values outside of its storage of {values} values")
    return Tensor(dtype, list(shape), str(key), offset * width, math.prod(shape) * width)


class Unpickler(pickle.Unpickler):
    def __init__(self, file):
        super().__init__(file)
        self.ignored = set()  # names of Python that were not run

    def find_class(self, module, name):
        if module == "torch" and name in STORAGES:
            return name
        inert = {("collections", "OrderedDict"): collections.OrderedDict,
                 ("torch._utils", "_rebuild_tensor_v2"): rebuild,
                 ("torch._utils", "_rebuild_parameter"): lambda tensor, *_: tensor,
                 ("torch._utils", "_rebuild_parameter_with_state"): lambda tensor, *_: tensor}
        if (module, name) in inert:
            return inert[module, name]
        self.ignored.add(f"{module}.{name}")
        return type(name, (Ignored,), {})

    def persistent_load(self, identifier):
        _, kind, key, _, values = identifier
        return kind, key, values


def listed(names):
    """At most twelve names."""
    names = [str(name) for name in names]
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def without_wrappers(names):
    """The prefix that wrappers put before all names."""
    prefix = ""
    while word := next((w for w in WRAPPERS if all(name.startswith(prefix + w) for name in names)), ""):
        prefix += word
    return prefix


def require_zip(path):
    with open(path, "rb") as file:
        first = file.read(512)
    if first.startswith(b"PK"):
        return
    if len(first) > 9 and first[8:9] == b"{" and int.from_bytes(first[:8], "little") < 1 << 32:
        fail(3, f"{path}: a safetensors file; use this file without conversion")
    for signature, what in OTHER_KINDS:
        if first.lstrip().startswith(signature):
            fail(3, f"{path}: {what}")


def read(path, key):
    """The tensors under `key` by name, each with its bytes; the lines of a report on what was not used."""
    require_zip(path)
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        root = next(name for name in names if name.endswith("data.pkl"))[:-len("data.pkl")]
        if any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist()):
            fail(4, f"{path}: the archive is compressed, but a PyTorch checkpoint never is")
        if root + "byteorder" in names and archive.read(root + "byteorder") != b"little":
            fail(4, f"{path}: the numbers are big-endian, expected little-endian")
        with archive.open(root + "data.pkl") as file:
            unpickler = Unpickler(file)
            content = unpickler.load()
        found = content.get(key, content) if isinstance(content, dict) else {}
        is_weight = lambda name, value: isinstance(value, Tensor) and isinstance(name, str)
        tensors = {n: t for n, t in found.items() if is_weight(n, t)} if isinstance(found, dict) else {}
        if not tensors:
            keys = listed(content) if isinstance(content, dict) else "none"
            fail(3, f"{path}: there are no tensors under \"{key}\"; the keys are {keys}")
        report = []
        if others := [name for name in found if name not in tensors]:
            report.append(f"ignored, no tensors: {listed(others)}")
        if unpickler.ignored:
            report.append(f"ignored, objects of Python that were not run: {listed(sorted(unpickler.ignored))}")
        if prefix := without_wrappers(tensors):
            report.append(f"\"{prefix}\" was taken off all names")
        out = {}
        for name, tensor in tensors.items():
            data = archive.read(f"{root}data/{tensor.key}")[tensor.first:tensor.first + tensor.bytes]
            if len(data) != tensor.bytes:
                fail(4, f"{path}: {name} is incomplete")
            out[name.removeprefix(prefix)] = (tensor, data)
        return out, report


def write_safetensors(path, tensors, notes):
    header, at = {"__metadata__": notes}, 0
    for name, (tensor, data) in tensors.items():
        header[name] = {"dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _, data in tensors.values():
            file.write(data)


def write_h5(path, tensors, notes):
    try:
        import h5py
        import numpy
    except ImportError:
        fail(2, "HDF5 needs python3-h5py; install it, or name a .safetensors file")
    types = {dtype: numpy_type for dtype, _, numpy_type in STORAGES.values()}
    with h5py.File(path, "w") as file:
        file.attrs.update(notes)
        for name, (tensor, data) in tensors.items():
            if types[tensor.dtype] is None:
                fail(2, f"{name} is in bfloat16, which HDF5 does not have; name a .safetensors file")
            file.create_dataset(name, data=numpy.frombuffer(data, types[tensor.dtype]).reshape(tensor.shape))


def write(writer, path, tensors, notes):
    """Writes the whole file, or nothing."""
    part = path.with_name(f".tmp-{os.getpid()}-{path.name}")
    try:
        writer(part, tensors, notes)
        os.replace(part, path)
    except OSError as error:
        fail(8, f"{path}: cannot be written: {error.strerror or error}; name another folder")
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def main():
    name = pathlib.Path(sys.argv[0]).name  # installed, it is convert_pth
    about, _, more = __doc__.replace("convert_pth.py", name).partition("\nExamples:")
    parser = arguments.Parser(prog=name, description=about, epilog="Examples:" + more)
    parser.add_argument("--version", action="version", version=f"cortexgrad {VERSION}")
    parser.add_argument("pth", metavar="PTH", type=pathlib.Path, help="the checkpoint")
    parser.add_argument("weights", metavar="WEIGHTS", type=pathlib.Path, help="the .safetensors or .h5 file to write")
    parser.add_argument("--key", default="model", help="key of the weights in the checkpoint (default: model)")
    parser.add_argument("--overwrite", action="store_true", help="replace an output file that exists")
    options = parser.parse_args()
    writers = {".safetensors": write_safetensors, ".h5": write_h5, ".hdf5": write_h5}
    if options.weights.suffix not in writers:
        parser.error(f"{options.weights}: expected a file name that ends in .safetensors, .h5 or .hdf5")
    if options.weights.exists() and options.pth.exists() and options.weights.samefile(options.pth):
        fail(2, f"{options.weights}: the output would replace an input file; give another name for the output")
    if not options.overwrite and os.path.lexists(options.weights):
        fail(9, f"{options.weights}: the file exists; give another name, or add --overwrite to replace it")
    if not options.pth.is_file():
        fail(3, f"{options.pth}: there is no such file; check the name and the folder")
    most = (2 << 30) + 4 * options.pth.stat().st_size  # a few bytes of pickle can request any amount of memory
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    try:
        tensors, report = read(options.pth, options.key)
    except PermissionError:
        fail(3, f"{options.pth}: the file cannot be read; check its permissions")
    except (zipfile.BadZipFile, pickle.UnpicklingError, StopIteration, ValueError, TypeError, KeyError, AttributeError,
            IndexError, EOFError, MemoryError, OverflowError, RuntimeError, OSError) as error:
        fail(4, f"{options.pth}: damaged, or not a checkpoint that PyTorch 1.6 or newer saved; save it again with "
                f"torch.save ({type(error).__name__}: {error})")
    digest = hashlib.sha256(options.pth.read_bytes()).hexdigest()
    notes = {"converted_from": options.pth.name, "pth_sha256": digest}
    write(writers[options.weights.suffix], options.weights, tensors, notes)
    for line in report:
        print(line)
    print(f"{options.weights}: {len(tensors)} tensors from {options.pth} (SHA-256 {digest})")


if __name__ == "__main__":
    main()
