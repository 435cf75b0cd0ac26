#!/usr/bin/env python3
"""Heart beats N/S/V, leaving one record out at a time: `verge train` beside a fixed baseline, both judged by the macro-F1 of all records' confusions together.

    bench/heart_beats.py --data shared/data/ecg/mit-bih.tar.gz [--recipe FILE] [--verge PATH] [--json FILE]

The baseline is a logistic regression (classes weighed alike, 500 steps of gradient descent, fixed) on the rhythm alone: the time since the last beat and until the
next over the record's mean, and the first over the mean of ten. `heart_beats` gets the same three numbers, the beat, and the record's median beat.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CLASSES = {**dict.fromkeys([1, 2, 3, 11, 34], 0), **dict.fromkeys([4, 7, 8, 9], 1), **dict.fromkeys([5, 10], 2)}
BEATS = {*range(1, 14), 25, 30, 34, 38}


def annotations(path):
    """(sample, code) of each; a reader of its own, so that the baseline does not lean on Verge's."""
    words, time, at = np.fromfile(path, "<u2"), 0, 0
    while words[at]:
        kind, value = words[at] >> 10, int(words[at] & 1023)
        at += 1
        if kind == 59:
            time += int(np.int32(int(words[at]) << 16 | int(words[at + 1])))
            at += 2
        elif kind == 63:
            at += (value + 1) // 2
        elif kind < 59:
            time += value
            yield time, int(kind)


def rhythm(path):
    """Features and labels of one record."""
    beats = [(t, c) for t, c in annotations(path) if c in BEATS]
    gaps = np.diff([t for t, _ in beats])
    rows, labels = [], []
    for i, (_, code) in enumerate(beats):
        if code not in CLASSES:
            continue
        before = gaps[i - 1] if i else gaps.mean()
        after = gaps[i] if i < len(gaps) else gaps.mean()
        near = gaps[max(0, i - 11):i - 1]
        rows.append([before / gaps.mean(), after / gaps.mean(), before / near.mean() if len(near) else 1])
        labels.append(CLASSES[code])
    return np.array(rows), np.array(labels)


def logistic(x, y, test):
    mean, std = x.mean(0), x.std(0)
    with_one = lambda v: np.column_stack([(v - mean) / std, np.ones(len(v))])
    x, target = with_one(x), np.eye(3)[y]
    weight = (len(y) / 3 / np.bincount(y, minlength=3))[y][:, None] / len(y)
    w = np.zeros((x.shape[1], 3))
    for _ in range(500):
        p = np.exp(x @ w - (x @ w).max(1, keepdims=True))
        w -= x.T @ ((p / p.sum(1, keepdims=True) - target) * weight)
    return (with_one(test) @ w).argmax(1)


def macro_f1(confusion):
    return float(np.mean(2 * np.diag(confusion) / (confusion.sum(0) + confusion.sum(1))))


def fold(args, folder, records, out):
    """The confusion of both on the record `out`."""
    others = [r for r in records if r != out]
    features = {r: rhythm(f"{folder}/{r}.atr") for r in records}
    answers = logistic(np.concatenate([features[r][0] for r in others]), np.concatenate([features[r][1] for r in others]), features[out][0])
    baseline = np.zeros((3, 3), int)
    np.add.at(baseline, (features[out][1], answers), 1)
    with tempfile.TemporaryDirectory() as tmp:
        for name, chosen in (("train", others), ("test", [out])):
            os.mkdir(f"{tmp}/{name}")
            for r in chosen:
                for ending in ("hea", "dat", "atr"):
                    shutil.copy(f"{folder}/{r}.{ending}", f"{tmp}/{name}")
        report = json.loads(subprocess.check_output([args.verge, "train", args.recipe, "--data", f"{tmp}/train", "--validation", f"{tmp}/test", "--threads", str(args.threads),
                                                     "-o", f"{tmp}/beats.vpk", "--json"], stderr=subprocess.DEVNULL))
    return np.array(report["confusion"]), baseline


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--recipe", default=os.path.join(ROOT, "examples/train/heart_beats.yaml"))
    parser.add_argument("--verge", default=os.path.join(ROOT, "build/release/verge"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json")
    args = parser.parse_args()
    total = [np.zeros((3, 3), int), np.zeros((3, 3), int)]
    with tempfile.TemporaryDirectory() as folder:
        tarfile.open(args.data).extractall(folder, filter="data")
        records = sorted(f[:-4] for f in os.listdir(folder) if f.endswith(".hea"))
        for r in records:
            found = fold(args, folder, records, r)
            total = [t + f for t, f in zip(total, found)]
            print(f"without {r}: macro-F1 so far {macro_f1(total[0]):.3f}, rhythm alone {macro_f1(total[1]):.3f}", flush=True)
    ours, baseline = macro_f1(total[0]), macro_f1(total[1])
    print(f"{len(records)} records, {total[0].sum():,} beats: macro-F1 {ours:.3f}, rhythm alone {baseline:.3f}, {ours - baseline:+.3f}\n{total[0]}")
    if args.json:
        with open(args.json, "w") as file:
            json.dump({"macro_f1": ours, "baseline": baseline, "confusion": total[0].tolist(), "baseline_confusion": total[1].tolist()}, file)


if __name__ == "__main__":
    sys.exit(main())
