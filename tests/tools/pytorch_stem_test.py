# SPDX-License-Identifier: Apache-2.0
"""Our stem as PyTorch gets it for the comparison: it must be the plain convolution. The module is compared if PyTorch
is there; the packing alone is always compared, with small tensors of this test's own."""

import importlib.util
import itertools
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools/benchmark"))

from folded_stem import WEIGHT_PADDING, packed_volumes, packed_weights, volume_padding


class Array:
    """As much of a tensor as the packing uses. `at`: the number at each place."""

    def __init__(self, shape, at):
        self.shape, self.at = tuple(shape), at

    @classmethod
    def of(cls, shape, numbers):
        return cls(shape, dict(zip(itertools.product(*map(range, shape)), numbers)))

    def padded(self, padding):
        """Zeros in front and behind, from the last dimension on, as torch.nn.functional.pad does."""
        pairs = list(zip(padding[::2], padding[1::2]))[::-1]
        front = [0] * (len(self.shape) - len(pairs)) + [before for before, _ in pairs]
        behind = [0] * (len(self.shape) - len(pairs)) + [after for _, after in pairs]
        shape = [before + size + after for before, size, after in zip(front, self.shape, behind)]
        moved = {tuple(i + before for i, before in zip(place, front)): value for place, value in self.at.items()}
        return Array(shape, {place: moved.get(place, 0) for place in itertools.product(*map(range, shape))})

    def unfold(self, dimension, size, step):
        outputs = (self.shape[dimension] - size) // step + 1
        shape = (*self.shape[:dimension], outputs, *self.shape[dimension + 1 :], size)
        at = {}
        for place in itertools.product(*map(range, shape)):
            source = list(place[:-1])
            source[dimension] = place[dimension] * step + place[-1]
            at[place] = self.at[tuple(source)]
        return Array(shape, at)

    def reshape(self, *shape):
        return Array.of(shape, [self.at[place] for place in itertools.product(*map(range, self.shape))])

    def permute(self, *order):
        at = {tuple(place[k] for k in order): value for place, value in self.at.items()}
        return Array([self.shape[k] for k in order], at)


def convolution(x, w, stride, padding):
    """A direct sum over channels and taps. x [n, c, D, H, W], w [o, c, k, k', k'']."""
    x = x.padded([padding] * 6)
    kernel = w.shape[2:]
    extents = [(size - k) // stride + 1 for size, k in zip(x.shape[2:], kernel)]
    shape = (x.shape[0], w.shape[0], *extents)
    at = {}
    for n, o, *place in itertools.product(*map(range, shape)):
        at[(n, o, *place)] = sum(
            w.at[(o, c, *tap)] * x.at[(n, c, *(stride * i + k for i, k in zip(place, tap)))]
            for c, *tap in itertools.product(*map(range, w.shape[1:]))
        )
    return Array(shape, at)


def numbers(count):
    """Integers, so that sums are exact."""
    return [(i * 7919 + 13) % 17 - 8 for i in range(count)]


class Packing(unittest.TestCase):
    def test_it_is_the_plain_convolution(self):
        for extents in [(5, 6, 7), (4, 3, 9)]:  # odd and even
            voxels = extents[0] * extents[1] * extents[2]
            x = Array.of((2, 1, *extents), numbers(2 * voxels))
            w = Array.of((2, 1, 7, 7, 7), numbers(2 * 343))
            volumes = packed_volumes(x.padded(volume_padding(extents)))
            weights = packed_weights(w.padded(WEIGHT_PADDING))
            self.assertEqual(weights.shape, (2, 32, 4, 4, 1))
            folded, plain = convolution(volumes, weights, 1, 0), convolution(x, w, 2, 3)
            self.assertEqual(folded.shape, plain.shape)
            self.assertEqual(folded.at, plain.at)

    def test_the_shape_at_full_size_is_that_of_our_program(self):
        self.assertEqual(volume_padding((91, 109, 91)), [3, 4, 3, 4, 3, 4])  # 98 × 116 × 98: pairs 49 × 58 × 49


@unittest.skipUnless(importlib.util.find_spec("torch"), "PyTorch is not installed here")
class Module(unittest.TestCase):
    def test_outputs_and_weight_gradients_are_those_of_the_plain_convolution(self):
        import torch
        from benchmark_pytorch_gpu import FoldedStem

        torch.manual_seed(1)
        for extents in [(9, 11, 9), (20, 24, 18)]:
            plain = torch.nn.Conv3d(1, 4, 7, 2, 3, bias=False).double()
            x = torch.randn(2, 1, *extents, dtype=torch.double)
            ours, theirs = FoldedStem(plain)(x), plain(x)
            self.assertTrue(torch.allclose(ours, theirs, rtol=1e-12, atol=1e-12))  # another order of 343 sums
            gradients = [torch.autograd.grad(y.sin().sum(), plain.weight)[0] for y in (ours, theirs)]
            self.assertTrue(torch.allclose(*gradients, rtol=1e-12, atol=1e-11))

    def test_the_packed_volume_has_the_layout_that_cudnn_wants(self):
        import torch

        packed = packed_volumes(torch.randn(2, 1, 26, 30, 26))
        self.assertEqual(packed.shape, (2, 32, 13, 15, 10))
        self.assertTrue(packed.is_contiguous(memory_format=torch.channels_last_3d))


if __name__ == "__main__":
    unittest.main()
