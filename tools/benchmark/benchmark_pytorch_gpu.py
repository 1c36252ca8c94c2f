# SPDX-License-Identifier: Apache-2.0
"""Times PyTorch's training step on a GPU: the network, loss, volumes and weights of benchmark_pytorch.py, in one of
PyTorch's faster settings.

    benchmark_pytorch_gpu.py step --variant compile --precision bfloat16 --batch 32 --steps 50 --warmup 10
    benchmark_pytorch_gpu.py limits        the rates of the card: bytes copied and matrix products per second
    benchmark_pytorch_gpu.py digest --variant eager --trainings 3 --steps 20
        trains several times from the start with deterministic algorithms: SHA-256 of the weights after each

All variants: channels_last_3d, cuDNN's search for the fastest algorithms, fused Adam, volumes and loss on the device.
bfloat16 uses autocast; float32 is without TF32, as in our program.
    eager          kernel by kernel
    graph          the whole step as one CUDA graph
    compile        torch.compile(mode="max-autotune"), which creates its own CUDA graphs
    compile-graph  torch.compile(mode="max-autotune-no-cudagraphs"), the whole step as one CUDA graph
--stem folded: the first convolution as a 4×4×1 convolution of 32 channels, as in our program (folded_stem.py).

With --serve it prints a line after the warm-up, and then times `--steps` steps for each line that it reads, so that two
programs can take turns.
"""

import argparse
import hashlib
import json
import os
import sys
import time

import torch
from torch import nn
from torch.nn import functional

from benchmark_pytorch import Network, Trainer, dynlocrep, set_deterministic_weights
from folded_stem import WEIGHT_PADDING, packed_volumes, packed_weights, volume_padding

VARIANTS = ["eager", "graph", "compile", "compile-graph"]


class FoldedStem(nn.Module):
    """Our stem (folded_stem.py). The volume is packed again in each step, in the type of the convolution."""

    def __init__(self, convolution):
        super().__init__()
        self.weight = convolution.weight

    def forward(self, x):
        if torch.is_autocast_enabled(x.device.type):
            x = x.to(torch.get_autocast_dtype(x.device.type))
        volumes = packed_volumes(functional.pad(x, volume_padding(x.shape[2:])))
        return functional.conv3d(volumes, packed_weights(functional.pad(self.weight, WEIGHT_PADDING)))


class Step:
    """One training step on volumes that stay on the device."""

    def __init__(self, options):
        self.options = options
        self.device = torch.device(options.device)
        network = Network()
        set_deterministic_weights(network)
        if options.stem == "folded":
            network.encoder.conv1 = FoldedStem(network.encoder.conv1)
        network = network.to(self.device, memory_format=torch.channels_last_3d)
        modes = {"compile": "max-autotune", "compile-graph": "max-autotune-no-cudagraphs"}
        mode = modes.get(options.variant)
        self.network = torch.compile(network, mode=mode) if mode else network
        whole = options.variant.endswith("graph")
        on_gpu = self.device.type == "cuda"
        self.optimiser = torch.optim.Adam(
            network.parameters(), lr=1e-4, weight_decay=5e-5, fused=on_gpu, capturable=whole
        )
        options.layout = "channels_last"
        self.volumes = Trainer.volumes(self, options.batch).to(self.device)
        self.ages = torch.tensor(
            [20 + 60 * ((i * 0.618034) % 1.0) for i in range(options.batch)] * 2, device=self.device
        )
        self.graph, self.loss = None, None
        if whole:
            self.capture()

    def compute(self):
        self.optimiser.zero_grad(set_to_none=True)
        bfloat16 = self.options.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=bfloat16, cache_enabled=self.graph is None):
            z = self.network(self.volumes)
        z = z.float()
        loss = dynlocrep(torch.cat([z, z]), self.ages, Trainer.neighbours(self.options.batch))
        loss.backward()
        self.optimiser.step()
        return loss.detach()

    def capture(self):
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            self.first = self.compute().item()
            for _ in range(3):
                self.compute()
        torch.cuda.current_stream().wait_stream(beside)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.loss = self.compute()

    def run(self):
        if self.graph is None:
            return self.compute().item()
        self.graph.replay()
        return self.loss.item()


def timed(step, steps):
    seconds = []
    for _ in range(steps):
        start = time.perf_counter()
        step.run()  # ends when the loss is on the host
        seconds.append(time.perf_counter() - start)
    return sorted(seconds)


def memory(device):
    if device != "cuda":
        return {}
    return dict(allocated_bytes=torch.cuda.max_memory_allocated(), reserved_bytes=torch.cuda.max_memory_reserved())


def run_step(options):
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    start = time.perf_counter()
    step = Step(options)
    first = step.run() if step.graph is None else step.first
    for _ in range(max(0, options.warmup - 1)):
        step.run()
    shared = dict(
        variant=options.variant,
        stem=options.stem,
        precision=options.precision,
        loss=first,
        torch=torch.__version__,
        cudnn=torch.backends.cudnn.version(),
    )
    if options.device == "cuda":  # the memory of the search for fast kernels is not part of a step
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    if options.serve:
        print(json.dumps(dict(shared, seconds_to_warm=time.perf_counter() - start)), flush=True)
    for _ in sys.stdin if options.serve else [""]:
        seconds = timed(step, options.steps)
        print(
            json.dumps(
                dict(
                    shared,
                    seconds=seconds,
                    seconds_min=seconds[0],
                    seconds_median=seconds[len(seconds) // 2],
                    **memory(options.device)
                )
            ),
            flush=True,
        )


def digest_after(options):
    """Trains from the start; SHA-256 of the weights and statistics."""
    step = Step(options)
    for _ in range(options.steps):
        step.run()
    digest = hashlib.sha256()
    for tensor in step.network.state_dict().values():
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def run_digest(options):
    """With deterministic algorithms only. If PyTorch refuses: the reason, and the digests with other algorithms where
    it has no deterministic one."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # otherwise cuBLAS refuses before the first layer
    torch.backends.cudnn.deterministic = True
    torch.use_deterministic_algorithms(True)
    out = dict(refused=None, digests=[], digests_after_warnings=[], steps=options.steps, torch=torch.__version__)
    for _ in range(options.trainings):
        try:
            out["digests"].append(digest_after(options))
        except RuntimeError as error:
            if "deterministic" not in str(error):
                raise
            out["refused"] = str(error).splitlines()[0]
            break
        print(json.dumps(out), flush=True)
    if out["refused"]:
        print(json.dumps(out), flush=True)
        torch.use_deterministic_algorithms(True, warn_only=True)
        for _ in range(options.trainings):
            out["digests_after_warnings"].append(digest_after(options))
            print(json.dumps(out), flush=True)


def seconds_of(work, repetitions):
    work()
    torch.cuda.synchronize()
    times = []
    for _ in range(repetitions):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        work()
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end) / 1e3)
    return sorted(times)[len(times) // 2]


def run_limits(_):
    """Bytes per second of a large copy (read plus written); operations per second of matrix products."""
    torch.backends.cuda.matmul.allow_tf32 = False
    source = torch.randn(1 << 30, device="cuda")
    target = torch.empty_like(source)
    copied = 2 * source.nbytes / seconds_of(lambda: target.copy_(source), 20)
    del source, target
    rates = {}
    for name, dtype, n in [("bfloat16", torch.bfloat16, 8192), ("float32", torch.float32, 8192)]:
        a, b = (torch.randn(n, n, device="cuda", dtype=dtype) for _ in range(2))
        rates[name] = 2 * n**3 / seconds_of(lambda: a @ b, 20)
    print(
        json.dumps(
            dict(
                device=torch.cuda.get_device_name(),
                bytes_per_second=copied,
                operations_per_second=rates,
                torch=torch.__version__,
                cudnn=torch.backends.cudnn.version(),
            )
        )
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["step", "limits", "digest"])
    parser.add_argument("--variant", choices=VARIANTS, default="compile")
    parser.add_argument("--stem", choices=["plain", "folded"], default="plain")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="bfloat16")
    parser.add_argument("--size", type=int, nargs=3, default=[91, 109, 91])
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--warmup", type=int, default=10)
    parser.add_argument("--trainings", type=int, default=3)
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--serve", action="store_true")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        sys.exit("error: PyTorch finds no GPU. Install a PyTorch with CUDA, and check the driver: nvidia-smi.")
    dict(step=run_step, limits=run_limits, digest=run_digest)[options.command](options)


if __name__ == "__main__":
    main()
