#!/usr/bin/env python3
"""What a busy neighbour costs: p50 and p99 of one inference alone and beside a process that never sleeps, for Verge and each installed peer.

    bench/contention.py [--threads N] [--seconds S] [--rounds N] MODEL[,PEER_MODEL] ...

Every engine runs in a process of its own, alone and beside the neighbour in turns. The figure that counts is the growth: beside the neighbour over alone.
"""
import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import time

import numpy as np

from engines import PEERS, verge_runner


def worker(engine, model, threads, seconds):
    """Latencies of one engine in this process, as JSON on standard output."""
    make = verge_runner if engine == "Verge" else PEERS[os.path.splitext(model)[1]][engine]
    run = make(model, threads)
    times = []
    for _ in range(5):
        run()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    print(json.dumps([float(np.percentile(times, q)) * 1e3 for q in (50, 99)]))


def spin():
    while True:
        pass


def latencies(engine, model, a, busy):
    neighbour = multiprocessing.Process(target=spin, daemon=True) if busy else None
    if neighbour:
        neighbour.start()
    try:
        out = subprocess.run([sys.executable, os.path.abspath(__file__), model, "--worker", engine, "--threads", str(a.threads), "--seconds", str(a.seconds)],
                             capture_output=True, text=True)
        return json.loads(out.stdout) if out.returncode == 0 else None
    finally:
        if neighbour:
            neighbour.terminate()


def measure(spec, a):
    ours, *theirs = spec.split(",")
    theirs = theirs[0] if theirs else ours
    engines = [("Verge", ours)] + [(name, theirs) for name in PEERS[os.path.splitext(theirs)[1]]]
    for name, model in engines:
        rounds = [(latencies(name, model, a, False), latencies(name, model, a, True)) for _ in range(a.rounds)]
        if any(r is None for pair in rounds for r in pair):
            continue
        alone, beside = (np.median([pair[i] for pair in rounds], axis=0) for i in (0, 1))
        print(f"| {os.path.basename(ours)} | {name} | {alone[0]:.3g}, {alone[1]:.3g} | {beside[0]:.3g}, {beside[1]:.3g} | {beside[0] / alone[0]:.2f}, {beside[1] / alone[1]:.2f} |", flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("models", nargs="+")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--seconds", type=float, default=2)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--worker", help=argparse.SUPPRESS)
    a = p.parse_args()
    if a.worker:
        return worker(a.worker, a.models[0], a.threads, a.seconds)
    print(f"| model | engine, {a.threads} threads | alone: p50, p99 ms | beside a busy process: p50, p99 ms | growth of p50, p99 |\n|---|---|---:|---:|---:|")
    for spec in a.models:
        measure(spec, a)


main()
