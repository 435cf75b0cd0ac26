#!/usr/bin/env python3
"""Verge beside each installed peer (ONNX Runtime, OpenVINO, LiteRT): interleaved rounds in one process, on the same inputs and threads.

    bench/peers.py [--threads N] [--rounds N] [--precision bf16] [--json FILE] MODEL[,PEER_MODEL...] ...

With --precision bf16 Verge runs a package made with it and OpenVINO its own bf16; engines that have none are left out.
Where peer models are given, peers run those instead and each counts with the one in which it is fastest. Minimum and median of each engine; the ratio is
the best peer's minimum over Verge's, so above 1 Verge is faster. Needs a quiet machine.
"""
import argparse
import json
import os
import platform
import time

import numpy as np

from engines import runners_of, verge_runner


def race(runners, rounds, seconds=0.1):
    samples = [[] for _ in runners]
    for _ in range(rounds):
        for run, times in zip(runners, samples):
            end = time.perf_counter() + seconds
            while time.perf_counter() < end:
                start = time.perf_counter()
                run()
                times.append(time.perf_counter() - start)
    return [(min(t) * 1e3, float(np.median(t)) * 1e3) for t in samples]


def measure(spec, threads, rounds, precision="f32"):
    ours, *theirs = spec.split(",")
    peers = list(runners_of(theirs or [ours], threads, precision))
    times = race([verge_runner(ours, threads, precision)] + [run for _, run in peers], rounds)
    best = {}
    for (name, _), pair in zip(peers, times[1:]):
        best[name] = min(best.get(name, pair), pair)
    return {"model": os.path.basename(ours), "threads": threads, "verge_ms": times[0], "peers_ms": best, "ratio": min(best.values())[0] / times[0][0]}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("models", nargs="+")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--rounds", type=int, default=10)
    p.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    p.add_argument("--json")
    a = p.parse_args()
    rows = []
    print("| model | Verge: min, median ms | peers: min, median ms | best peer / Verge |\n|---|---:|---|---:|")
    for spec in a.models:
        r = measure(spec, a.threads, a.rounds, a.precision)
        rows.append(r)
        peers = "; ".join(f"{name} {least:.4g}, {median:.4g}" for name, (least, median) in r["peers_ms"].items())
        print(f"| {r['model']} | {r['verge_ms'][0]:.4g}, {r['verge_ms'][1]:.4g} | {peers} | {r['ratio']:.2f} |", flush=True)
    print(f"\n{time.strftime('%Y-%m-%d')}, {platform.machine()}, {a.precision}, {a.threads} thread(s), {a.rounds} interleaved rounds; "
          f"geometric mean {np.exp(np.mean([np.log(r['ratio']) for r in rows])):.2f}, least {min(r['ratio'] for r in rows):.2f}")
    if a.json:
        with open(a.json, "w") as f:
            json.dump(rows, f, indent=1)


main()
