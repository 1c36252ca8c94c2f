# SPDX-License-Identifier: Apache-2.0
"""PyTorch's side of tests/tools/pytorch_weights_test.cpp.

    published_checkpoint.py make FOLDER                writes published.pth as the paper's authors do, and expected.h5
    published_checkpoint.py check WEIGHTS FEATURES.h5  our weights in PyTorch give our features
"""
import argparse
import json
import pathlib
import sys

import h5py
import numpy
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools/benchmark"))
from benchmark_pytorch import Network  # noqa: E402


def make(folder):
    torch.manual_seed(1)
    network = Network()
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-4, weight_decay=5e-5)
    for _ in range(2):  # running statistics and moments like those of a training
        network(torch.randn(2, 1, 40, 40, 40)).square().sum().backward()
        optimiser.step()
    options = argparse.Namespace(model="resnet18", method="exponential", sigma=2.0, lr_decay_epochs=[10, 20], amp=False,
                                 save_dir=None, device="cuda:0", batch_size=32)
    torch.save({"opts": options, "model": network.state_dict(), "optimizer": optimiser.state_dict(), "epoch": 300},
               folder / "published.pth")
    network.eval()
    volumes = torch.randn(3, 1, 33, 39, 35)
    with torch.no_grad(), h5py.File(folder / "expected.h5", "w") as file:
        for name, values in network.state_dict().items():
            file["state/" + name] = values.numpy()
        file["volumes"] = volumes.numpy()
        file["features"] = network.encoder(volumes).numpy()
        file["embeddings"] = network(volumes).numpy()


def load(path):
    """Reads a safetensors file as a state dict."""
    data = pathlib.Path(path).read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    types = {"F32": torch.float32, "I64": torch.int64}
    state = {}
    for name, entry in json.loads(data[8:start]).items():
        if name != "__metadata__":
            first, last = entry["data_offsets"]
            values = torch.frombuffer(bytearray(data[start + first:start + last]), dtype=types[entry["dtype"]])
            state[name] = values.reshape(entry["shape"])
    return state


def check(weights, features):
    network = Network()
    network.load_state_dict(load(weights), strict=True)
    network.eval()
    with torch.no_grad(), h5py.File(features) as file:
        volumes = torch.from_numpy(file["volumes"][:].astype(numpy.float32))
        for name, theirs in (("features", network.encoder(volumes)), ("embeddings", network(volumes))):
            ours = torch.from_numpy(file[name][:])
            error = ((ours - theirs).norm() / theirs.norm()).item()
            print(f"{name}: relative difference {error:.2e}")
            assert error < 1e-4, name


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(pathlib.Path(sys.argv[2]))
    else:
        check(*sys.argv[2:])
