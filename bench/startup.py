#!/usr/bin/env python3
"""What a program pays for a model at its start: opening, first inference against warm, peak memory (VmHWM). The program is bench/startup.cc, C++ linked to libverge_rt.a.

    bench/startup.py [--rounds 9] MODEL...      # .onnx, .tflite, .vpk; the package lies in the page cache, each round is a new process

Medians over the rounds.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("VERGE_BUILD", os.path.join(ROOT, "build", "release"))


def package_of(model, tmp):
    if model.endswith(".vpk"):
        return model
    out = os.path.join(tmp, os.path.basename(model) + ".vpk")
    subprocess.run([os.path.join(BUILD, "verge"), "convert", model, "-o", out], check=True, capture_output=True)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as tmp:
        program, results = os.path.join(tmp, "startup"), {}
        subprocess.run(["g++", "-std=c++17", "-O2", "-I", os.path.join(ROOT, "include"), os.path.join(ROOT, "bench", "startup.cc"), os.path.join(BUILD, "libverge_rt.a"), "-Wl,--gc-sections", "-static-libstdc++", "-static-libgcc", "-o", program],
                       check=True)
        packages = {m: package_of(m, tmp) for m in a.models}
        rounds = {m: [] for m in a.models}
        for _ in range(a.rounds):
            for model, package in packages.items():
                rounds[model].append(json.loads(subprocess.run([program, package], check=True, capture_output=True, text=True).stdout))
        for model, got in rounds.items():
            results[model] = {key: statistics.median(r[key] for r in got) for key in got[0]}
            results[model]["first_by_warm"] = statistics.median(r["first_ms"] / r["warm_ms"] for r in got)
    if a.json:
        print(json.dumps(results, indent=1))
        return
    print("| model | opening, ms | first, ms | warm, ms | first / warm | peak memory, MB |\n|---|---:|---:|---:|---:|---:|")
    for model, r in results.items():
        print(f"| {os.path.basename(model)} | {r['open_ms']:.2f} | {r['first_ms']:.2f} | {r['warm_ms']:.2f} | {r['first_by_warm']:.2f} | {r['peak_bytes'] / 1e6:.1f} |")


main()
