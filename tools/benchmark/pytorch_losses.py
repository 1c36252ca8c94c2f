# SPDX-License-Identifier: Apache-2.0
"""Times the losses in PyTorch, forward and backward, like `benchmark losses`: same rows, same ages.
    pytorch_losses.py                          batches of 64 and 512 subjects with two views: 128 and 1024 rows
    pytorch_losses.py --precision float64 --batch 64

Uses whole matrices and masks, as in the published code: Rank-N-Contrast loops over the positives, Threshold compares
all triples of rows together. CORTEXGRAD_PYTHON names a Python with PyTorch (compare_with_pytorch.sh installs one).
"""
import argparse
import resource
import time

import torch

from benchmark_pytorch import SIGMA, TAU, TAU_BASE, deterministic, dynlocrep


def rows(count, width, seed):
    z = torch.from_numpy(deterministic(count * width, seed, 2).reshape(count, width))
    return z / z.norm(dim=1, keepdim=True)


def others(n):
    return ~torch.eye(n, dtype=torch.bool)


def weights(ages):
    return torch.exp(-((ages[:, None] - ages[None]) ** 2) / (2 * SIGMA**2))


def log_softmax(u, keep, s):
    """log Σ over the entries in `keep`, minus s."""
    return torch.logsumexp(u.masked_fill(~keep, -torch.inf), dim=1, keepdim=True) - s


def weighted_mean(terms, w):
    positive = w * others(len(w))
    return ((positive * terms).sum(1) / positive.sum(1)).mean() * TAU / TAU_BASE


def y_aware(z, ages, **_):
    s = z @ z.T / TAU
    return weighted_mean(log_softmax(s, others(len(z)), s), weights(ages).to(z))


def exponential(z, ages, **_):
    s = z @ z.T / TAU
    s = s - s.max(dim=1, keepdim=True).values.detach()
    w = weights(ages).to(z)
    return weighted_mean(log_softmax(s * (1 - w), others(len(z)), s), w)


def threshold(z, ages, **_):
    s, w = z @ z.T / TAU, weights(ages)
    count = (w[:, None, :] < w[:, :, None]).sum(2).T.to(z)  # [i, t]: the number of j with w_tj < w_ti
    u = s + count.log()
    return weighted_mean(log_softmax(u, others(len(z)), s), w.to(z))


def rank_n_contrast(z, ages, **_):
    n, tau = len(z), 2
    keep = others(n)
    distance = (z[:, None] - z[None])[keep].view(n, n - 1, -1).norm(dim=-1)
    apart = (ages[:, None] - ages[None]).abs()[keep].view(n, n - 1)
    s = -distance / tau
    exponentials, loss = s.exp(), 0
    for k in range(n - 1):
        compared = (apart >= apart[:, k : k + 1]).to(z)
        loss = loss - (s[:, k] - (compared * exponentials).sum(1).log()).sum() / (n * (n - 1))
    return loss


def simclr(z, **_):
    n = len(z)
    s = (z @ z.T / TAU).masked_fill(~others(n), -torch.inf)
    return torch.nn.functional.cross_entropy(s, torch.arange(n).roll(n // 2))


def sup_con(z, ages, **_):
    s, bins = z @ z.T / TAU, torch.floor(ages / 10)
    positive = ((bins[:, None] == bins[None]) & others(len(z))).to(z)
    count = positive.sum(1)
    terms = (positive * log_softmax(s, others(len(z)), s)).sum(1)[count > 0] / count[count > 0]
    return terms.mean() * TAU / TAU_BASE


def nnclr(p, z, queue, **_):
    b = len(z) // 2
    nearest = queue[(z @ queue.T).argmax(1)]
    first, second = (nearest[:b] @ p[b:].T / TAU, nearest[b:] @ p[:b].T / TAU)
    target = torch.arange(b)
    return (torch.nn.functional.cross_entropy(first, target) + torch.nn.functional.cross_entropy(second, target)) / 2


def local(z, ages, **_):
    batch = len(z) // 2
    final = min(14, batch)
    neighbours = max(final, int(batch - (batch - final) / 49 * 25))  # Algorithm 1 at epoch 25 of 50
    return dynlocrep(z, ages, 2 * neighbours)


LOSSES = dict(dynlocrep=local, exponential=exponential, nnclr=nnclr, rank_n_contrast=rank_n_contrast, simclr=simclr,
              sup_con=sup_con, threshold=threshold, y_aware=y_aware)


def measure(loss, batch, dtype, width=128):
    n = 2 * batch
    ages = torch.tensor([20 + 60 * ((i * 0.618034) % 1.0) for i in range(batch)] * 2, dtype=torch.float64)
    z, p, queue = (rows(n, width, 3000).to(dtype), rows(n, width, 3001).to(dtype), rows(256, width, 3002).to(dtype))
    variable = p if loss == "nnclr" else z
    variable.requires_grad_()
    best, first = float("inf"), time.perf_counter()
    while True:
        start = time.perf_counter()
        value = LOSSES[loss](z=z, p=p, queue=queue, ages=ages)
        value.backward()
        best = min(best, time.perf_counter() - start)
        variable.grad = None
        if time.perf_counter() - first > 0.5:
            return best, value.item()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, nargs="+", default=[64, 512], help="subjects, with two rows each")
    parser.add_argument("--precision", choices=["float32", "float64"], default="float32")
    parser.add_argument("--loss", choices=LOSSES, nargs="+", default=list(LOSSES))
    options = parser.parse_args()
    print(f"PyTorch {torch.__version__}, {options.precision}, {torch.get_num_threads()} thread(s); peak: of the process so far")
    for loss in options.loss:
        for batch in options.batch:
            seconds, value = measure(loss, batch, getattr(torch, options.precision))
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{loss:<16} {2 * batch:>5} rows {1e3 * seconds:>10.2f} ms   value {value:.6f}   peak {peak:.0f} MB", flush=True)


if __name__ == "__main__":
    main()
