#!/usr/bin/env python3
"""Verge beside ONNX Runtime and LiteRT: interleaved rounds on the same inputs and threads, minimum and median of each, ratio peer / Verge.

    bench/peers.py [--threads N] [--rounds N] [--json FILE] MODEL[,PEER_MODEL] ...

A .vpk is compared with the model after the comma. Needs the Python of ./check (build/venv) and a quiet machine. A ratio above 1 means that Verge is faster.
"""
import argparse
import json
import os
import platform
import sys
import time

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "build", "release", "python"))
import verge  # noqa: E402


def verge_runner(path, threads):
    options = verge.SessionOptions()
    options.intra_op_num_threads = threads
    runner = verge.InferenceSession(path, options)._runner
    rng = np.random.default_rng(1)
    for i, info in enumerate(runner.inputs):
        runner.set_input(i, noise(rng, info.shape, info.dtype))
    return runner.run


def noise(rng, shape, dtype):
    return rng.random(shape).astype(dtype) if np.dtype(dtype).kind == "f" else rng.integers(0, 100, shape).astype(dtype)


def peer_runner(path, threads):
    rng = np.random.default_rng(1)
    if path.endswith(".tflite"):
        from ai_edge_litert.interpreter import Interpreter
        it = Interpreter(path, num_threads=threads)
        it.allocate_tensors()
        for d in it.get_input_details():
            it.set_tensor(d["index"], noise(rng, d["shape"], d["dtype"]))
        return "LiteRT", it.invoke
    import onnxruntime
    onnxruntime.set_default_logger_severity(3)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feeds = {i.name: noise(rng, [d if isinstance(d, int) else 1 for d in i.shape], np.float32) for i in session.get_inputs()}
    return "ONNX Runtime", lambda: session.run(None, feeds)


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


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("models", nargs="+")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--rounds", type=int, default=10)
    p.add_argument("--json")
    a = p.parse_args()
    rows = []
    print("| model | Verge min, median ms | peer | min, median ms | peer / Verge |\n|---|---:|---|---:|---:|")
    for spec in a.models:
        ours, _, theirs = spec.partition(",")
        name, peer = peer_runner(theirs or ours, a.threads)
        (v_min, v_med), (p_min, p_med) = race([verge_runner(ours, a.threads), peer], a.rounds)
        rows.append({"model": os.path.basename(ours), "peer": name, "threads": a.threads, "verge_min_ms": v_min, "verge_median_ms": v_med, "peer_min_ms": p_min, "peer_median_ms": p_med,
                     "ratio": p_min / v_min})
        print(f"| {os.path.basename(ours)} | {v_min:.4f}, {v_med:.4f} | {name} | {p_min:.4f}, {p_med:.4f} | {p_min / v_min:.2f} |", flush=True)
    print(f"\n{time.strftime('%Y-%m-%d')}, {platform.machine()}, {a.threads} thread(s), minima of {a.rounds} interleaved rounds; geometric mean {np.exp(np.mean([np.log(r['ratio']) for r in rows])):.2f}")
    if a.json:
        with open(a.json, "w") as f:
            json.dump(rows, f, indent=1)


main()
