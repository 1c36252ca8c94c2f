# SPDX-License-Identifier: Apache-2.0
"""tools/convert_pth.py on checkpoints that the test builds: no PyTorch is needed, and nothing in them is run."""
import io
import json
import pathlib
import pickle
import subprocess
import sys
import tempfile
import unittest
import zipfile

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "tools" / "convert_pth.py"
NUMBERS = b"\x00\x00\x80\x3f" * 6  # six ones


class Named:
    """Pickles as the global module.name."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class Call:
    """Pickles as function(*arguments)."""

    def __init__(self, function, arguments, state=None):
        self.function, self.arguments, self.state = function, arguments, state


class Pickler(pickle._Pickler):
    """Writes names without importing the objects."""

    def persistent_id(self, thing):
        return thing.identifier if isinstance(thing, Storage) else None

    def save(self, thing, save_persistent_id=True):
        if isinstance(thing, Named):
            self.write(b"c" + f"{thing.module}\n{thing.name}\n".encode())
        elif isinstance(thing, Call):
            self.save(thing.function)
            self.save(tuple(thing.arguments))
            self.write(b"R")
            if thing.state is not None:
                self.save(thing.state)
                self.write(b"b")
        else:
            super().save(thing, save_persistent_id)


class Storage:
    def __init__(self, kind="FloatStorage", key="0", values=6):
        self.identifier = ("storage", Named("torch", kind), key, "cpu", values)


def tensor(shape=(2, 3), stride=(3, 1), offset=0, storage=None):
    return Call(Named("torch._utils", "_rebuild_tensor_v2"), (storage or Storage(), offset, shape, stride, False, {}))


def pickled(content):
    buffer = io.BytesIO()
    Pickler(buffer, 2).dump(content)
    return buffer.getvalue()


class ConvertPth(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.pth = pathlib.Path(self.folder.name) / "a.pth"
        self.out = pathlib.Path(self.folder.name) / "a.safetensors"

    def convert(self, *more):
        return self.run_script("--overwrite", *more)

    def run_script(self, *more):
        return subprocess.run([sys.executable, SCRIPT, self.pth, self.out, *more], capture_output=True, text=True)

    def pack(self, content, data=NUMBERS, compression=zipfile.ZIP_STORED, byteorder=None):
        with zipfile.ZipFile(self.pth, "w", compression) as archive:
            archive.writestr("a/data.pkl", content if isinstance(content, bytes) else pickled(content))
            archive.writestr("a/data/0", data)
            if byteorder:
                archive.writestr("a/byteorder", byteorder)

    def refused(self, code, words, *more):
        done = self.convert(*more)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(words, done.stderr)
        self.assertFalse(self.out.exists())

    def read(self):
        data = self.out.read_bytes()
        start = 8 + int.from_bytes(data[:8], "little")
        return json.loads(data[8:start]), data[start:]

    def test_an_output_that_exists_is_replaced_only_if_asked(self):
        self.pack({"model": {"a": tensor()}})
        self.out.write_text("mine")
        done = self.run_script()
        self.assertEqual(done.returncode, 9, done.stderr)
        self.assertIn("--overwrite", done.stderr)
        self.assertEqual(self.out.read_text(), "mine")
        self.assertEqual(self.run_script("--overwrite").returncode, 0)
        self.read()

    def test_the_checkpoint_is_never_replaced(self):
        self.pack({"model": {"a": tensor()}})
        self.out.hardlink_to(self.pth)
        before = self.pth.read_bytes()
        done = self.run_script("--overwrite")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("would replace an input file", done.stderr)
        self.assertEqual(self.out.read_bytes(), before)

    def test_the_model_is_taken_and_all_else_left(self):
        options = Call(Named("argparse", "Namespace"), (), {"lr": 1e-4, "tags": ["a", None, True]})
        self.pack({"opts": options, "model": {"module.a.weight": tensor(), "module.a.part": tensor((2,), (1,), 4)},
                   "optimizer": {"state": {0: {"step": tensor()}}}, "epoch": 300}, byteorder="little")
        done = self.convert()
        self.assertEqual(done.returncode, 0, done.stderr)
        header, data = self.read()
        self.assertIn("\"module.\" was taken off all names", done.stdout)
        self.assertEqual(header["a.weight"], {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]})
        self.assertEqual(header["a.part"]["shape"], [2])
        self.assertEqual(len(data), 32)
        self.assertEqual(header["__metadata__"]["converted_from"], "a.pth")

    def test_a_state_dict_alone_is_taken_whole(self):
        self.pack({"w": tensor()})
        self.assertEqual(self.convert().returncode, 0)
        self.assertIn("w", self.read()[0])

    def test_a_prefix_of_all_names_is_taken_off_and_no_other(self):
        for prefix, kept in (("module.", ""), ("_orig_mod.", ""), ("module._orig_mod.", ""), ("model.", ""),
                             ("module.module.", ""), ("layer.", "layer.")):
            self.pack({"model": {prefix + "a": tensor(), prefix + "b": tensor()}})
            done = self.convert("--overwrite")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(set(self.read()[0]) - {"__metadata__"}, {kept + "a", kept + "b"})
            self.assertEqual("taken off" in done.stdout, not kept)
        self.pack({"model": {"module.a": tensor(), "b": tensor()}})
        self.assertEqual(self.convert("--overwrite").returncode, 0)
        self.assertEqual(set(self.read()[0]) - {"__metadata__"}, {"module.a", "b"})

    def test_what_is_not_a_tensor_is_passed_over_and_reported(self):
        scalar = Call(Named("numpy.core.multiarray", "scalar"), (Named("numpy", "dtype"), "12345678"), {"state": 1})
        parameter = Call(Named("torch._utils", "_rebuild_parameter_with_state"), (tensor(), True, {}, {}))
        self.pack({"model": {"w": parameter, "best": scalar, "epoch": 3}, "trainer": Call(Named("lab", "Trainer"), ())})
        done = self.convert()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(set(self.read()[0]) - {"__metadata__"}, {"w"})
        self.assertIn("ignored, no tensors: best, epoch\n", done.stdout)
        self.assertIn("were not run: lab.Trainer, numpy.core.multiarray.scalar, numpy.dtype\n", done.stdout)

    def test_a_file_of_another_kind_is_named(self):
        for first, words in ((b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
                             (b"/annex/objects/MD5E-s1--0.pth\n", "datalad get"),
                             (b"\n<!DOCTYPE html><html>", "web page"), (b"\x89HDF\r\n\x1a\n", "HDF5"),
                             (b"\x80\x02}q\x00.", "before 1.6"), (b"\x1f\x8b\x08", "gunzip"),
                             (b"\x02\0\0\0\0\0\0\0{}", "safetensors")):
            self.pth.write_bytes(first)
            self.refused(3, words)

    def test_a_pickle_that_runs_something_is_not_run(self):
        created = pathlib.Path(self.folder.name) / "created"
        for module, name in (("os", "system"), ("posix", "system"), ("builtins", "exec"), ("builtins", "getattr"),
                             ("torch", "load"), ("subprocess", "Popen"), ("torch.FloatStorage", "__class__")):
            self.pack({"model": {"w": Call(Named(module, name), (f"touch {created}",)), "kept": tensor()}})
            done = self.convert("--overwrite")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(f"were not run: {module}.{name}\n", done.stdout)
            self.assertEqual(set(self.read()[0]) - {"__metadata__"}, {"kept"})
        self.assertFalse(created.exists())

    def test_tensors_that_lie_are_refused(self):
        for wrong, words in ((tensor((2, 4), (4, 1)), "outside of its storage"), (tensor((2, 3), (3, 1), 1), "outside"),
                             (tensor((2, 3), (3, 1), -1), "outside"), (tensor((2, 3), (1, 2)), "contiguous"),
                             (tensor((1 << 40, 1 << 40), (1 << 40, 1)), "outside"),
                             (tensor(storage=Storage(values=1 << 40), shape=(1 << 40,), stride=(1,)), "incomplete"),
                             (tensor(storage=Storage(key="../../etc/passwd")), "damaged")):
            self.pack({"model": {"w": wrong}})
            self.refused(4, words)

    def test_other_files_and_keys_are_refused(self):
        self.pth.write_bytes(b"not a zip")
        self.refused(4, "damaged")
        self.pack(pickled({"model": {"w": tensor()}})[:-5])
        self.refused(4, "damaged")
        self.pack(b"\x80\x02r\xff\xff\xff\x7f.")  # a memo of two thousand million places
        self.refused(4, "damaged")
        self.pack({"model": {"w": tensor()}}, compression=zipfile.ZIP_DEFLATED)
        self.refused(4, "compressed")
        self.pack({"model": {"w": tensor()}}, byteorder="big")
        self.refused(4, "big-endian")
        self.pack({"model": {"w": 5}})
        self.refused(3, "no tensors under \"model\"")
        self.pack({"weights": {"w": tensor()}, "epoch": 3})
        self.refused(3, "the keys are weights, epoch")
        self.assertEqual(self.convert("--key", "weights").returncode, 0)

    def test_a_place_that_cannot_be_written_ends_with_8_and_leaves_nothing(self):
        self.pack({"w": tensor()})
        folder = self.out.parent
        self.out = folder / "nowhere" / "a.safetensors"
        self.refused(8, "nowhere/a.safetensors: cannot be written")
        self.out = folder / "taken.safetensors"
        self.out.mkdir()
        self.assertEqual(self.convert().returncode, 8)
        self.out.rmdir()
        self.assertEqual([path.name for path in folder.iterdir()], ["a.pth"])
        self.out.write_text("older")
        self.assertEqual(self.convert().returncode, 0)
        self.assertIn("w", self.read()[0])

    def test_an_encrypted_archive_is_refused(self):
        self.pack({"w": tensor()})
        data = bytearray(self.pth.read_bytes())
        data[data.index(b"PK\x01\x02") + 8] |= 1
        self.pth.write_bytes(data)
        self.refused(4, "encrypted")

    def test_a_wrong_command_line_ends_with_2(self):
        self.pack({"w": tensor()})
        self.out = self.out.with_suffix(".npz")
        self.refused(2, "expected a file name that ends in")


if __name__ == "__main__":
    unittest.main()
