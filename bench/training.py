#!/usr/bin/env python3
"""Training throughput beside PyTorch: interleaved rounds on made-up samples, the same architectures, batches and threads; medians and their ratio.

    bench/training.py --torch PYTHON [--threads N] [--rounds N] [--seconds S] [--json FILE] [MODEL ...]

PYTHON is an interpreter with torch (pip install torch, outside ./check); without it Verge alone is measured. Each round runs Verge, then PyTorch with
channels first and last, each in a process of its own; the best layout counts. Peak memory is that of the process. A ratio above 1 means that Verge is faster.
"""
import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MODELS = {  # batch, Verge's loss
    "resnet8": (64, "cross_entropy"),
    "ds_cnn": (64, "cross_entropy"),
    "mobilenet_v1_025": (64, "cross_entropy"),
    "autoencoder": (512, "mse"),
    "mnist_cnn": (64, "cross_entropy"),
}


def torch_network(name):
    from torch import nn

    def unit(i, o, k=3, s=1, g=1):
        k = k if isinstance(k, tuple) else (k, k)
        return nn.Sequential(nn.Conv2d(i, o, k, s, (k[0] // 2, k[1] // 2), groups=g, bias=False), nn.BatchNorm2d(o), nn.ReLU())

    class Residual(nn.Module):
        def __init__(self, i, o, s):
            super().__init__()
            self.deep = nn.Sequential(unit(i, o, s=s), nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o))
            self.shortcut = nn.Conv2d(i, o, 1, s) if s != 1 else nn.Identity()

        def forward(self, x):
            return nn.functional.relu(self.deep(x) + self.shortcut(x))

    class Mean(nn.Module):
        def forward(self, x):
            return x.mean((2, 3))

    if name == "resnet8":
        return nn.Sequential(unit(3, 16), Residual(16, 16, 1), Residual(16, 32, 2), Residual(32, 64, 2), Mean(), nn.Linear(64, 10)), (3, 32, 32)
    if name == "ds_cnn":
        blocks = [m for _ in range(4) for m in (unit(64, 64, g=64), unit(64, 64, k=1))]
        return nn.Sequential(unit(1, 64, k=(10, 4), s=2), *blocks, Mean(), nn.Linear(64, 12)), (1, 49, 10)
    if name == "mobilenet_v1_025":
        layers, i = [unit(3, 8, s=2)], 8
        for o, s in zip([16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 128, 256, 256], [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]):
            layers += [unit(i, i, s=s, g=i), unit(i, o, k=1)]
            i = o
        return nn.Sequential(*layers, Mean(), nn.Linear(256, 2)), (3, 96, 96)
    if name == "autoencoder":
        layers, i = [], 640
        for o in [128, 128, 128, 128, 8, 128, 128, 128, 128]:
            layers += [nn.Linear(i, o), nn.BatchNorm1d(o), nn.ReLU()]
            i = o
        return nn.Sequential(*layers, nn.Linear(128, 640)), (640,)
    return nn.Sequential(nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                         nn.Linear(3136, 512), nn.ReLU(), nn.Linear(512, 10)), (1, 28, 28)


def classes_of(name):
    return {"ds_cnn": 12, "mobilenet_v1_025": 2}.get(name, 10)


def run_torch(name, threads, seconds, last):
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    batch, _ = MODELS[name]
    network, shape = torch_network(name)
    x = torch.randn(batch, *shape)
    if last:
        network, x = network.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    target = x if name == "autoencoder" else torch.randint(classes_of(name), (batch,))
    loss_of = torch.nn.functional.mse_loss if name == "autoencoder" else torch.nn.functional.cross_entropy
    optimiser = torch.optim.SGD(network.parameters(), 1e-4, momentum=0.9)
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter()
        optimiser.zero_grad()
        loss_of(network(x), target).backward()
        optimiser.step()
        times.append(time.perf_counter() - start)
    print(json.dumps({"samples_per_second": batch / statistics.median(times), "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


def run_verge(verge, name, threads, seconds):
    batch, loss = MODELS[name]
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as recipe:
        recipe.write(f"model: {name}\nbatch: {batch}\nclasses: {classes_of(name)}\nloss: {{type: {loss}, reconstruct: {'true' if loss == 'mse' else 'false'}}}\n")
        recipe.flush()
        process = subprocess.Popen([verge, "train", recipe.name, "--speed", str(seconds), "--threads", str(threads), "--json"], stdout=subprocess.PIPE)
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        assert status == 0, f"verge train ended with {status}"
        return {**json.loads(out), "peak_bytes": usage.ru_maxrss * 1024}


def measure(args, name):
    rounds = {"verge": [], "torch": [], "torch channels last": []}
    for _ in range(args.rounds):
        rounds["verge"].append(run_verge(args.verge, name, args.threads, args.seconds))
        for last in (False, True) if args.torch and name != "autoencoder" else (False,) if args.torch else ():
            command = [args.torch, os.path.abspath(__file__), "--worker", name, "--threads", str(args.threads), "--seconds", str(args.seconds)] + (["--last"] if last else [])
            rounds["torch channels last" if last else "torch"].append(json.loads(subprocess.check_output(command)))
    median = {k: statistics.median(r["samples_per_second"] for r in v) for k, v in rounds.items() if v}
    peak = {k: min(r["peak_bytes"] for r in v) for k, v in rounds.items() if v}
    best = max((v for k, v in median.items() if k != "verge"), default=None)
    return {"model": name, "samples_per_second": median, "peak_bytes": peak, "ratio": median["verge"] / best if best else None}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--torch")
    parser.add_argument("--verge", default=os.path.join(ROOT, "build/release/verge"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--json")
    parser.add_argument("--worker")
    parser.add_argument("--last", action="store_true")
    args = parser.parse_args()
    if args.worker:
        return run_torch(args.worker, args.threads, args.seconds, args.last)
    results = []
    print(f"{platform.processor() or platform.machine()}, {args.threads} threads, {args.rounds} rounds of {args.seconds:g} s")
    for name in args.models or MODELS:
        r = measure(args, name)
        results.append(r)
        figures = ", ".join(f"{k} {v:,.0f}/s ({r['peak_bytes'][k] / 1e6:.0f} MB)" for k, v in r["samples_per_second"].items())
        print(f"{name}: {figures}" + (f", ratio {r['ratio']:.2f}" if r["ratio"] else ""), flush=True)
    if args.json:
        with open(args.json, "w") as file:
            json.dump(results, file, indent=1)


if __name__ == "__main__":
    sys.exit(main())
