# SPDX-License-Identifier: Apache-2.0
"""Times PyTorch's training step on the CPU like tools/benchmark.cpp: same network, loss, volumes, ages and weights.

    benchmark_pytorch.py step --size 91 109 91 --batch 2 --precision float32 --layout channels_last --steps 7 --json
    benchmark_pytorch.py epoch --size 46 55 46 --batch 32 --subjects 248 --precision bfloat16 --json
    pytorch_losses.py                 the losses alone, for comparison with `benchmark losses`

Threads: OMP_NUM_THREADS. bfloat16 uses autocast; weights stay float32. Both views of a subject are equal: it is encoded
once and its embedding is used twice, as in our program.
"""
import argparse
import json
import resource
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional

TAU, TAU_BASE, SIGMA = 0.1, 0.07, 2.0


def peak_rss():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def deterministic(count, seed, scale):
    """Numbers 0 … count − 1 of the sequence of the golden files, in ± scale/2."""
    with np.errstate(over="ignore"):
        x = (np.arange(count, dtype=np.uint64) + np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15)) * np.uint64(0xBF58476D1CE4E5B9)
        x ^= x >> np.uint64(31)
        x *= np.uint64(0x94D049BB133111EB)
        x ^= x >> np.uint64(30)
    return ((x >> np.uint64(40)).astype(np.float64) / 2**24 - 0.5) * scale


def convolution(inputs, outputs, kernel, stride):
    return nn.Conv3d(inputs, outputs, kernel, stride, kernel // 2, bias=False)


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = convolution(inputs, outputs, 3, stride), nn.BatchNorm3d(outputs)
        self.conv2, self.bn2 = convolution(outputs, outputs, 3, 1), nn.BatchNorm3d(outputs)
        same = stride == 1 and inputs == outputs
        self.downsample = None if same else nn.Sequential(convolution(inputs, outputs, 1, stride), nn.BatchNorm3d(outputs))

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        y = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        return functional.relu(self.bn2(self.conv2(y)) + shortcut, inplace=True)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = convolution(1, 64, 7, 2), nn.BatchNorm3d(64)
        self.pool = nn.MaxPool3d(3, 2, 1)
        for stage, (inputs, outputs) in enumerate([(64, 64), (64, 128), (128, 256), (256, 512)], 1):
            blocks = nn.Sequential(Block(inputs, outputs, 1 if stage == 1 else 2), Block(outputs, outputs, 1))
            self.add_module(f"layer{stage}", blocks)

    def forward(self, x):
        x = self.pool(functional.relu(self.bn1(self.conv1(x)), inplace=True))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return x.mean((2, 3, 4))


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.head = nn.Sequential(nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 128))

    def forward(self, x):
        return functional.normalize(self.head(self.encoder(x)), dim=1)


def set_deterministic_weights(network):
    for number, (name, parameter) in enumerate(network.named_parameters()):
        matrix = parameter.dim() > 1
        scale = 2 * np.sqrt(6 / parameter[0].numel()) if matrix else 0.2
        values = deterministic(parameter.numel(), 1000 + number, scale) + (0 if matrix or not name.endswith("weight") else 1)
        parameter.data.copy_(torch.from_numpy(values.reshape(parameter.shape)))


def dynlocrep(z, ages, neighbours):
    """DynLocRep as in the published code: the row maximum is held constant, one global normaliser (n rows of z)."""
    n = len(z)
    s = z @ z.T / TAU
    s = s - s.max(dim=1, keepdim=True).values.detach()
    w = torch.exp(-((ages[:, None] - ages[None]) ** 2) / (2 * SIGMA**2))
    others = ~torch.eye(n, dtype=torch.bool, device=z.device)
    distance = torch.cdist(z.detach(), z.detach(), p=1)
    distance.fill_diagonal_(-1)
    near = torch.zeros(n, n, dtype=torch.bool, device=z.device).scatter_(1, distance.topk(neighbours, largest=False).indices, True) & others
    repulsion = torch.logsumexp((s * (1 - w)).masked_fill(~near, -torch.inf), dim=1, keepdim=True)
    positive = w * others
    return (positive * (repulsion - s)).sum() / positive.sum() * TAU / TAU_BASE


class Trainer:
    def __init__(self, options):
        self.options = options
        network = Network()
        set_deterministic_weights(network)
        if options.layout == "channels_last":
            network = network.to(memory_format=torch.channels_last_3d)
        self.network = torch.compile(network) if options.compile else network
        self.optimiser = torch.optim.Adam(network.parameters(), lr=1e-4, weight_decay=5e-5, fused=True)

    def volumes(self, batch):
        shape = (batch, 1, *self.options.size)
        x = torch.from_numpy(deterministic(int(np.prod(shape)), 2000, 2).astype(np.float32).reshape(shape))
        return x.contiguous(memory_format=torch.channels_last_3d) if self.options.layout == "channels_last" else x

    def step(self, x):
        batch = len(x)
        ages = torch.tensor([20 + 60 * ((i * 0.618034) % 1.0) for i in range(batch)] * 2)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.options.precision == "bfloat16"):
            z = self.network(x)
        z = z.float()
        loss = dynlocrep(torch.cat([z, z]), ages, neighbours=self.neighbours(batch))
        loss.backward()
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        return loss.item()

    @staticmethod
    def neighbours(batch):
        """Algorithm 1 in epoch 1 of 50 with a final number of 1, for two views."""
        return 2 * max(1, int(np.floor(batch - (batch - 1) / 49)))


def run(options):
    base = peak_rss()
    trainer = Trainer(options)
    batches = [options.batch]
    if options.command == "epoch":
        batches = [options.batch] * (options.subjects // options.batch)
        batches += [options.subjects % options.batch] if options.subjects % options.batch else []
    seconds, loss = [], None
    for repetition in range(-options.warmup, options.steps):
        spent = 0
        for batch in batches:
            x = trainer.volumes(batch)
            start = time.perf_counter()
            value = trainer.step(x)
            spent += time.perf_counter() - start
            loss = value if loss is None else loss
        if repetition >= 0:
            seconds.append(spent)
    seconds.sort()
    return dict(seconds=seconds, seconds_min=seconds[0], seconds_median=seconds[len(seconds) // 2], peak_rss_bytes=peak_rss(),
                base_rss_bytes=base, loss=loss, precision=options.precision,
                layout=options.layout + (" compiled" if options.compile else ""),
                threads=torch.get_num_threads(), torch=torch.__version__)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["step", "epoch"])
    parser.add_argument("--size", type=int, nargs=3, default=[91, 109, 91])
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--steps", type=int, default=7)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--subjects", type=int, default=248)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--layout", choices=["default", "channels_last"], default="default")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--json", action="store_true")
    out = run(parser.parse_args())
    print(json.dumps(out))


if __name__ == "__main__":
    main()
