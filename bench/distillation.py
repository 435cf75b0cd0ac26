#!/usr/bin/env python3
"""What a student gains by a teacher: MNIST's CNN teaches LeNet-300-100; every student is trained alone and taught, from three seeds.

    bench/distillation.py --data shared/data/mnist/train.tar.gz --test shared/data/mnist/test.tar.gz [--limit 10000] [--teacher FILE.onnx] [--verge PATH] [--json FILE]

Students see `limit` digits as they are, the teacher has learned from twice as many, shifted at random.

Accuracies are of the test digits, through the runtime, after the last epoch. Latencies are `verge bench`'s of the packages, one thread.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COMMON = "input: {size: [28, 28, 1], mean: [33], std: [78]}\nloss: {type: cross_entropy}\nbatch: 64\n"
TEACHER = COMMON + """model: mnist_cnn
augment: {crop: 2, fill: 0}
optimizer: {type: sgd, rate: 0.05, momentum: 0.9, nesterov: true}
schedule: {type: one_cycle, warmup: 0.2}
epochs: 3
seed: 1
"""
STUDENT = COMMON + """model: lenet_300_100
optimizer: {type: adam, rate: 0.001}
schedule: {type: cosine}
epochs: 8
"""
SEEDS = (1, 2, 3)


def verge_json(verge, *arguments):
    p = subprocess.run([verge, *map(str, arguments), "--json"], stdout=subprocess.PIPE, text=True)
    if p.returncode:
        sys.exit(f"verge {arguments[0]} failed")
    return json.loads(p.stdout)


def train(o, folder, name, recipe, limit, *more):
    path = f"{folder}/{name}"
    with open(path + ".yaml", "w") as file:
        file.write(recipe)
    report = verge_json(o.verge, "train", path + ".yaml", "--data", o.data, "--validation", o.test, "--limit", limit, "--threads", o.threads, "-o", path + ".vpk", *more)
    return {"top1": report["history"][-1]["top1"], "seconds": report["seconds"]}


def cost(o, model):
    """Latencies as `verge bench` has them, and bytes of the weights: four a parameter."""
    return {"ms": verge_json(o.verge, "bench", model, "--threads", 1)["warm"]["p50_ms"], "weight_bytes": verge_json(o.verge, "inspect", model)["weight_bytes"]}


def measured(o, folder):
    teacher = o.teacher or f"{folder}/teacher.onnx"
    out = {"limit": o.limit}
    if o.teacher:
        out["teacher"] = {"top1": verge_json(o.verge, "validate", teacher, "--data", o.test)["top1"]}
    else:
        out["teacher"] = train(o, folder, "teacher", TEACHER, 2 * o.limit, "--export", teacher)
    for kind, distill in (("alone", ""), ("taught", f"distill: {{teacher: {teacher}, temperature: 8, weight: 0.9}}\n")):
        out[kind] = [train(o, folder, f"{kind}{seed}", STUDENT + f"seed: {seed}\n" + distill, o.limit) for seed in SEEDS]
    out["teacher"].update(cost(o, teacher))
    out["student"] = cost(o, f"{folder}/taught1.vpk")
    return out


def summary(r):
    alone, taught = ([run["top1"] for run in r[kind]] for kind in ("alone", "taught"))
    gain, noise = statistics.mean(taught) - statistics.mean(alone), max(statistics.stdev(alone), statistics.stdev(taught))
    print(f"teacher {r['teacher']['top1'] * 100:.2f} %, {r['teacher']['weight_bytes']:,} bytes of weights, {r['teacher']['ms']:.4f} ms")
    print(f"student {r['student']['weight_bytes']:,} bytes of weights, {r['student']['ms']:.4f} ms")
    for name, scores in (("alone", alone), ("taught", taught)):
        print(f"  {name:7s}" + " ".join(f"{s * 100:.2f}" for s in scores) + f"  mean {statistics.mean(scores) * 100:.2f} %")
    print(f"gain {gain * 100:+.2f} points, {gain / noise:.1f} standard deviations of a seed; {statistics.mean(taught) / r['teacher']['top1'] * 100:.2f} % of the teacher's accuracy")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--limit", type=int, default=10000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--teacher", help="a trained one, instead of training it")
    parser.add_argument("--verge", default=os.path.join(ROOT, "build", "release", "verge"))
    parser.add_argument("--json", help="file for the figures")
    o = parser.parse_args()
    o.teacher_parameters = 1663370
    with tempfile.TemporaryDirectory() as folder:
        r = measured(o, folder)
    summary(r)
    if o.json:
        with open(o.json, "w") as file:
            json.dump(r, file, indent=1)


if __name__ == "__main__":
    main()
