#!/usr/bin/env python3
"""Whole training steps beside PyTorch: gradients after one step and the loss over 100 steps, from the same weights on the same batch.

    bench/training_equality.py --torch PYTHON [--steps N] [--verge PATH] [MODEL ...]

PYTHON is an interpreter with torch and numpy (outside ./check). An epoch is one batch, so the history of `verge train` has the loss of every step. A gradient
is (weights before - after) / rate of one step, with a rate at which the weights before are lost in rounding, not the gradient. The distance is the norm of the
difference to PyTorch's float64 gradient of all parameters over the norm of that; PyTorch's own float32 is judged alike and printed beside it: where rounding
moves a unit over the corner of its ReLU, both are as far away. Ends with status 1 when the gradient or a loss is further than 1e-4, and further than twice
PyTorch's float32. The parameter that is furthest away by its own norm is named: a normalisation's scale ahead of a depthwise convolution and another
normalisation has almost no gradient (only their epsilons feel it), so that what is left of cancelled sums is rounding.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from training import ROOT, classes_of, torch_network

MODELS = ["resnet8", "ds_cnn", "mobilenet_v1_025", "autoencoder", "mnist_cnn"]
BATCH = 32
BOUND = 1e-4


def samples(name, shape):
    import numpy as np

    random = np.random.default_rng(1)
    x = random.standard_normal((BATCH, *shape)).astype(np.float32)
    labels = random.integers(0, classes_of(name), BATCH).astype(np.int32)
    labels[0] = classes_of(name) - 1  # Verge counts the classes of the data
    return x, labels


def recipe_of(name, rate, momentum, steps, statistics):
    loss = "{type: mse, reconstruct: true}" if name == "autoencoder" else "{type: cross_entropy}"
    return (f"model: {name}\nclasses: {classes_of(name)}\nloss: {loss}\noptimizer: {{type: sgd, rate: {rate}, momentum: {momentum}}}\nschedule: {{type: constant}}\n"
            f"epochs: {steps}\nbatch: {BATCH}\nseed: 3\nnorm_momentum: {statistics}\ndata: {{validation: 0}}\n")


def run_verge(args, tmp, name, rate, momentum, steps, statistics=0.1):
    import numpy as np

    with open(f"{tmp}/recipe.yaml", "w") as file:
        file.write(recipe_of(name, rate, momentum, steps, statistics))
    out = f"{tmp}/weights{rate}"
    report = json.loads(subprocess.check_output([args.verge, "train", f"{tmp}/recipe.yaml", "--data", f"{tmp}/data.npz", "--threads", "2", "--json", "--weights", out, "-o", f"{tmp}/x.vpk"], stderr=subprocess.DEVNULL))
    weights = {f[:-4]: np.load(f"{out}/{f}").astype(np.float64) for f in os.listdir(out)}
    return [h["loss"] for h in report["history"]], weights


def layers(network):
    """Modules with parameters, in the order in which the recipe's architecture names them."""
    import torch.nn as nn

    kinds = (nn.Conv2d, nn.Linear, nn.BatchNorm2d, nn.BatchNorm1d)
    return [m for m in network.modules() if isinstance(m, kinds)]


def names_of(name):
    """Verge's layers in the order of torch's modules."""
    unit = lambda n: [n + ".conv", n + ".norm"]
    if name == "resnet8":
        stacks = [x for i, s in ((1, False), (2, True), (3, True)) for x in unit(f"stack{i}.1") + unit(f"stack{i}.2") + ([f"stack{i}.shortcut"] if s else [])]
        return unit("stem") + stacks + ["head"]
    if name in ("ds_cnn", "mobilenet_v1_025"):
        blocks = 4 if name == "ds_cnn" else 13
        return unit("stem") + [x for i in range(1, blocks + 1) for x in unit(f"block{i}.depthwise") + unit(f"block{i}.pointwise")] + ["head"]
    if name == "autoencoder":
        return [x for i in range(1, 10) for x in (f"layer{i}.dense", f"layer{i}.norm")] + ["head"]
    return ["conv1", "conv2", "dense1", "head"]


def each_parameter(name, network):
    """(Verge's name, torch's tensor, function from Verge's layout to torch's)"""
    import torch.nn as nn

    for layer, m in zip(names_of(name), layers(network), strict=True):
        if isinstance(m, nn.Conv2d):
            yield f"{layer}.weight", m.weight, lambda w: w.transpose(0, 3, 1, 2)
        elif isinstance(m, nn.Linear):
            flat = name == "mnist_cnn" and layer == "dense1"  # after channels last, not first
            yield f"{layer}.weight", m.weight, (lambda w: w.reshape(512, 7, 7, 64).transpose(0, 3, 1, 2).reshape(512, -1)) if flat else (lambda w: w)
        else:
            yield f"{layer}.scale", m.weight, lambda w: w
        if m.bias is not None:
            yield f"{layer}.bias", m.bias, lambda w: w


class Padded:
    """Verge pads strided windows as TensorFlow's SAME does, more at the end; torch_network() pads both sides alike."""

    def __init__(self, network, shape):
        import torch

        x = torch.zeros(1, *shape)
        for m in layers(network):
            m.register_forward_pre_hook(self.pad) if isinstance(m, torch.nn.Conv2d) else None
        network.eval()(x)

    @staticmethod
    def pad(m, inputs):
        import torch

        x, pads = inputs[0], []
        for d in (1, 0):
            size, k, s = x.shape[2 + d], m.kernel_size[d], m.stride[d]
            total = max(0, (-(-size // s) - 1) * s + k - size)
            pads += [total // 2, total - total // 2]
        m.padding = (0, 0)
        return (torch.nn.functional.pad(x, pads),)


def torch_run(name, start, x, labels, dtype, rate, momentum, steps):
    """Losses, and the gradients of the first step."""
    import torch

    network, shape = torch_network(name)
    for m in layers(network):
        if hasattr(m, "eps"):
            m.eps = 1e-3
    Padded(network, shape)
    network = network.to(dtype).train()
    with torch.no_grad():
        for key, tensor, convert in each_parameter(name, network):
            tensor.copy_(torch.from_numpy(convert(start[key]).copy()).to(dtype))
    data = torch.from_numpy(x).to(dtype)
    target = data if name == "autoencoder" else torch.from_numpy(labels).long()
    loss_of = torch.nn.functional.mse_loss if name == "autoencoder" else torch.nn.functional.cross_entropy
    optimiser = torch.optim.SGD(network.parameters(), rate, momentum=momentum)
    losses, gradients = [], None
    for _ in range(steps):
        optimiser.zero_grad()
        loss = loss_of(network(data), target)
        loss.backward()
        if gradients is None:
            gradients = {key: tensor.grad.double().numpy().copy() for key, tensor, _ in each_parameter(name, network)}
        optimiser.step()
        losses.append(loss.item())
    return losses, gradients


def compare(args, name):
    import numpy as np
    import torch

    network, shape = torch_network(name)
    x, labels = samples(name, shape)
    with tempfile.TemporaryDirectory() as tmp:
        last = x.transpose(0, 2, 3, 1) if x.ndim == 4 else x
        np.savez(f"{tmp}/data.npz", x=np.ascontiguousarray(last), y=labels)
        _, start = run_verge(args, tmp, name, 0, 0, 1, 0)
        rate = 2.0**19
        _, after = run_verge(args, tmp, name, rate, 0, 1, 0)
        losses, _ = run_verge(args, tmp, name, args.rate, 0.9, args.steps)
    convert = {key: c for key, _, c in each_parameter(name, network)}
    exact_losses, exact = torch_run(name, start, x, labels, torch.float64, args.rate, 0.9, args.steps)
    torch_losses, rounded = torch_run(name, start, x, labels, torch.float32, args.rate, 0.9, args.steps)
    ours, theirs = ({key: got[key] - g for key, g in exact.items()} for got in ({key: convert[key]((start[key] - after[key]) / rate) for key in exact}, rounded))
    norm = lambda parts: float(np.sqrt(sum(np.linalg.norm(p) ** 2 for p in parts.values())))
    distances = [norm(d) / norm(exact) for d in (ours, theirs)]
    alone = lambda d: {key: np.linalg.norm(d[key]) / np.linalg.norm(g) for key, g in exact.items() if np.linalg.norm(g) > 1e-9}
    furthest = max(alone(ours), key=alone(ours).get)
    furthest_apart = lambda found, wanted: max(abs(p - q) / abs(q) for p, q in zip(found, wanted))
    apart = [furthest_apart(found, exact_losses) for found in (losses, torch_losses)]
    print(f"{name}: gradients {distances[0]:.1e} (PyTorch's float32 {distances[1]:.1e}), furthest {furthest} {alone(ours)[furthest]:.1e} ({alone(theirs)[furthest]:.1e}), "
          f"{np.linalg.norm(exact[furthest]) / norm(exact):.0e} of the whole; loss over {args.steps} steps {apart[0]:.1e} ({apart[1]:.1e}; from each other {furthest_apart(losses, torch_losses):.1e}), {exact_losses[0]:.4f} to {exact_losses[-1]:.4f}", flush=True)
    return all(mine <= max(BOUND, 2 * torchs) for mine, torchs in (distances, apart))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--torch", default=sys.executable)
    parser.add_argument("--verge", default=os.path.join(ROOT, "build/release/verge"))
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--rate", type=float, default=0.0005)
    parser.add_argument("--worker", action="store_true")
    args = parser.parse_args()
    if not args.worker:
        return subprocess.call([args.torch, os.path.abspath(__file__), "--worker", "--verge", args.verge, "--steps", str(args.steps), "--rate", str(args.rate), *args.models])
    return 0 if all([compare(args, name) for name in args.models or MODELS]) else 1


if __name__ == "__main__":
    sys.exit(main())
