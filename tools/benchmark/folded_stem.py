# SPDX-License-Identifier: Apache-2.0
"""Our stem for PyTorch: a 7³ convolution with stride 2 and padding 3 of one channel, as a 4×4×1 convolution with stride
1 of 32 channels. tensor/backend/stem.h explains it. It is exact, because tap k = 2a + b and the eighth tap is zero.

The four pairs of voxels that an output sees along the width become 8 channels; the parities of depth and height make
them 32. Only views and one copy, which gives the memory layout channels_last_3d. Functions take tensors that are padded
with zeros (by `volume_padding` and `WEIGHT_PADDING`); they need no PyTorch themselves.
"""

TAPS, PAD, CHANNELS = 8, 3, 32
WEIGHT_PADDING = [0, 1] * 3  # 7 taps to 8, in the order of torch.nn.functional.pad


def volume_padding(extents):
    """The padding of volumes [n, 1, D, H, W] with these extents D, H, W: 3 in front, and 2(O + 3) in all."""
    outputs = [(extent - 1) // 2 + 1 for extent in extents]
    return [
        part
        for extent, out in zip(reversed(extents), reversed(outputs))
        for part in (PAD, 2 * (out + PAD) - extent - PAD)
    ]


def packed_volumes(x):
    """Padded volumes [n, 1, 2M, 2M', 2M''] as [n, 32, M, M', M'' − 3]."""
    n, _, depth, height, _ = x.shape
    windows = x.unfold(4, TAPS, 2)  # [n, 1, D, H, O, 8]
    outputs = windows.shape[4]
    pairs = windows.reshape(n, depth // 2, 2, height // 2, 2, outputs, TAPS).permute(0, 1, 3, 5, 2, 4, 6)
    return pairs.reshape(n, depth // 2, height // 2, outputs, CHANNELS).permute(0, 4, 1, 2, 3)


def packed_weights(w):
    """Padded weights [C, 1, 8, 8, 8] as [C, 32, 4, 4, 1]."""
    channels = w.shape[0]
    pairs = w.reshape(channels, 4, 2, 4, 2, TAPS).permute(0, 1, 3, 2, 4, 5)
    return pairs.reshape(channels, 4, 4, 1, CHANNELS).permute(0, 4, 1, 2, 3)
