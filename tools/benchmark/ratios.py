# SPDX-License-Identifier: Apache-2.0
"""Summarises paired benchmark runs: reads JSON lines {"case", "pair", "ours": {…}, "pytorch": {…}}, prints a table.

A ratio is PyTorch's value divided by ours, so above 1 ours is faster or smaller. A case is marked "noisy" if its pairs
spread by more than a quarter of their median: its ratio does not decide.
"""
import json
import statistics
import sys


def ratios(pairs, key):
    return sorted(pair["pytorch"][key] / pair["ours"][key] for pair in pairs)


def line(case, pairs):
    speed = ratios(pairs, "seconds_median")
    median = statistics.median(speed)
    best = min(p["pytorch"]["seconds_min"] for p in pairs) / min(p["ours"]["seconds_min"] for p in pairs)
    memory = statistics.median(p["ours"]["peak_rss_bytes"] / p["pytorch"]["peak_rss_bytes"] for p in pairs)
    above = statistics.median((p["ours"]["peak_rss_bytes"] - p["ours"]["base_rss_bytes"]) /
                              (p["pytorch"]["peak_rss_bytes"] - p["pytorch"]["base_rss_bytes"]) for p in pairs)
    ours, theirs = (min(p[side]["seconds_min"] for p in pairs) for side in ("ours", "pytorch"))
    first, other = (pairs[0][side]["loss"] for side in ("ours", "pytorch"))
    loss = abs(first - other) / max(abs(first), abs(other), 1e-12)
    noisy = "  noisy" if speed[-1] - speed[0] > 0.25 * median else ""
    return (f"{case:<24} {ours:8.3f} {theirs:8.3f}   {median:5.2f} [{speed[0]:.2f} {speed[-1]:.2f}]   {best:5.2f}   "
            f"{pairs[0]['ours']['peak_rss_bytes'] / 1e6:7.0f} {pairs[0]['pytorch']['peak_rss_bytes'] / 1e6:7.0f}   "
            f"{memory:5.2f} {above:5.2f}   {loss:.0e}  {pairs[0]['pytorch']['layout']}{noisy}")


def main():
    cases = {}
    for text in sys.stdin:
        pair = json.loads(text)
        cases.setdefault(pair["case"], []).append(pair)
    print(f"{'case':<24} {'ours s':>8} {'torch s':>8}   {'speed, median [range]':<19}   {'minima':>6}   {'ours MB':>7} {'torch':>7}   "
          f"{'peak':>5} {'-base':>5}   loss   torch's layout")
    for case, pairs in cases.items():
        print(line(case, pairs))


if __name__ == "__main__":
    main()
