#!/usr/bin/env python3
"""The network that `verge search` finds beside the one that it began with: both trained by the recipe's epochs from three seeds that the search has not seen.

    bench/search.py --recipe examples/train/search_heart.yaml --data DIR --test DIR [--found FILE.yaml] [--verge PATH] [--json FILE] [-- verge search's options]

A share of the data judges in the search, `test` judges at the end and nothing is chosen by it. As made-up heart beats have it:

    verge data make heart --count 60 --seed 1 -o train && verge data make heart --count 60 --seed 2 -o test
    bench/search.py --recipe examples/train/search_heart.yaml --data train --test test -- --generations 4 --children 10 --steps 172

Without options the search keeps to what the recipe's own network takes: RAM, flash and instructions.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SEEDS = (11, 12, 13)


def verge_json(verge, *arguments):
    p = subprocess.run([verge, *map(str, arguments), "--json"], stdout=subprocess.PIPE, text=True)
    if p.returncode:
        sys.exit(f"verge {arguments[0]} failed")
    return json.loads(p.stdout)


def trained(o, folder, name, recipe, seed):
    path = f"{folder}/{name}{seed}"
    with open(path + ".yaml", "w") as file:
        file.write(re.sub(r"^seed: .*$", f"seed: {seed}", recipe, flags=re.M))
    report = verge_json(o.verge, "train", path + ".yaml", "--data", o.data, "--validation", o.test, "--threads", o.threads, "-o", path + ".vpk")
    last = report["history"][-1]
    print(f"{name}, seed {seed}: {last['top1'] * 100:.2f} %, macro-F1 {last['macro_f1']:.4f}", flush=True)
    return {"top1": last["top1"], "macro_f1": last["macro_f1"], "steps": report["steps"]}


def measured(o, folder):
    out = {}
    found = o.found or f"{folder}/found.yaml"
    if not o.found:
        report = verge_json(o.verge, "search", o.recipe, "--data", o.data, "--threads", o.threads, "-o", found, *o.options)
        out["costs"] = {"begun with": report["start"], "found": report["best"]}
    for name, recipe in (("begun with", o.recipe), ("found", found)):
        out[name] = [trained(o, folder, name.replace(" ", "_"), open(recipe).read(), seed) for seed in SEEDS]
    return out


def summary(r):
    for name, c in r.get("costs", {}).items():
        print(f"{name:10s} RAM {c['ram_bytes']:,}, flash {c['flash_bytes']:,}, {c['instructions']:,} instructions, {c['macs']:,} MACs: {c['stages']}")
    for key, unit in (("top1", "%"), ("macro_f1", "(macro-F1 x 100)")):
        begun, found = ([run[key] * 100 for run in r[name]] for name in ("begun with", "found"))
        noise = max(statistics.stdev(begun), statistics.stdev(found))
        print(f"{statistics.mean(begun):.2f} +- {statistics.stdev(begun):.2f} and {statistics.mean(found):.2f} +- {statistics.stdev(found):.2f} {unit}: "
              f"{statistics.mean(found) - statistics.mean(begun):+.2f}, {(statistics.mean(found) - statistics.mean(begun)) / noise:.1f} standard deviations of a seed")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--found", help="a recipe found before, instead of searching")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--verge", default=os.path.join(ROOT, "build", "release", "verge"))
    parser.add_argument("--json", help="file for the figures")
    parser.add_argument("options", nargs="*", help="of verge search, behind --")
    o = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        r = measured(o, folder)
    summary(r)
    if o.json:
        with open(o.json, "w") as file:
            json.dump(r, file, indent=1)


if __name__ == "__main__":
    main()
