#!/usr/bin/env python3
"""Trains the demo model for surface inspection and writes it as ONNX.

    pip install torch onnx onnxruntime numpy pillow
    examples/inspection/train.py --work DIR -o models/inspection/inspection.onnx

Renders its pictures with `verge data make inspection` into DIR (kept for the next run). Takes about ten minutes of one CPU core.
"""
import argparse
import json
import pathlib
import subprocess
import time

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from torch import nn

LABELS = ["ok", "scratch", "hole", "stain", "dent"]
SIZE = 64
MEAN, STD = [136.0, 134.0, 130.0], [35.0, 35.0, 37.0]
TRAIN_SEED, TEST_SEED = 1, 2


class Unit(nn.Module):
    """Convolution, batch normalisation, activation; adds its input where `residual`."""

    def __init__(self, inputs, outputs, kernel=3, stride=1, groups=1, activation="Relu", residual=False):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outputs)
        self.activation, self.residual = activation, residual

    def forward(self, x):
        y = self.bn(self.conv(x))
        y = y + x if self.residual else y
        return {"Relu": torch.relu, "Relu6": nn.functional.relu6}[self.activation](y)


def make_network():
    """28 million multiplications, 85 thousand parameters, most of them in 3x3 convolutions over 32 and 64 channels."""
    return nn.Sequential(
        Unit(3, 32, stride=2),
        Unit(32, 32),
        Unit(32, 32, residual=True),
        Unit(32, 64, stride=2),
        Unit(64, 64, groups=64, activation="Relu6"),
        Unit(64, 64, kernel=1, residual=True),
        Unit(64, 64, stride=2),
        Unit(64, 64, groups=64, activation="Relu6"),
        Unit(64, 64, kernel=1, residual=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, len(LABELS)),
    )


def render(verge, folder, count, seed):
    if not folder.exists():
        subprocess.run([verge, "data", "make", "inspection", "--count", str(count), "--seed", str(seed), "--size", str(SIZE), "-o", folder], check=True)
    files = [(file, label) for label, name in enumerate(LABELS) for file in sorted((folder / name).glob("*.png"))]
    pictures = np.stack([np.asarray(Image.open(file)) for file, _ in files]).transpose(0, 3, 1, 2)
    return torch.from_numpy(np.ascontiguousarray(pictures)), torch.tensor([label for _, label in files])


def normalise(pictures):
    return (pictures.float() - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


def turn(batch):
    """One of the eight symmetries of the square: light and grain come from anywhere anyway."""
    batch = torch.rot90(batch, int(torch.randint(4, ())), (2, 3))
    return batch.flip(3) if torch.rand(()) < 0.5 else batch


def accuracy(network, pictures, labels):
    network.eval()
    with torch.no_grad():
        answers = torch.cat([network(normalise(p)).argmax(1) for p in pictures.split(250)])
    return (answers == labels).double().mean().item()


def train(network, pictures, labels, test, epochs, batch=64, rate=4e-3):
    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=0.02)
    steps = len(pictures) // batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, epochs * steps, pct_start=0.2)
    start = time.time()
    for epoch in range(epochs):
        network.train()
        order, total = torch.randperm(len(pictures)), 0.0
        for step in range(steps):
            chosen = order[step * batch : (step + 1) * batch]
            loss = nn.functional.cross_entropy(network(turn(normalise(pictures[chosen]))), labels[chosen], label_smoothing=0.02)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1}/{epochs}: loss {total / steps:.3f}, test {100 * accuracy(network, *test):.2f} %, {time.time() - start:.0f} s", flush=True)


class Writer:
    """Writes the network node by node, so that batch normalisation stays visible and names are those of the layers."""

    def __init__(self):
        self.nodes, self.weights, self.value = [], [], "image"

    def tensor(self, name, values):
        self.weights.append(numpy_helper.from_array(values.detach().numpy(), name))
        return name

    def node(self, op, name, inputs, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [name], name, **attributes))
        self.value = name

    def unit(self, name, unit):
        conv, bn, source = unit.conv, unit.bn, self.value
        self.node("Conv", f"{name}.conv", [source, self.tensor(f"{name}.weight", conv.weight)], kernel_shape=list(conv.kernel_size),
                  strides=list(conv.stride), pads=[p for p in conv.padding] * 2, group=conv.groups)
        parts = {"scale": bn.weight, "bias": bn.bias, "mean": bn.running_mean, "variance": bn.running_var}
        self.node("BatchNormalization", f"{name}.bn", [self.value, *(self.tensor(f"{name}.{k}", v) for k, v in parts.items())], epsilon=bn.eps)
        if unit.residual:
            self.node("Add", f"{name}.add", [self.value, source])
        if unit.activation == "Relu":
            self.node("Relu", f"{name}.relu", [self.value])
        else:
            bounds = [self.tensor(f"{name}.{k}", torch.tensor(v)) for k, v in (("low", 0.0), ("high", 6.0))]
            self.node("Clip", f"{name}.relu6", [self.value, *bounds])

    def write(self, network, path, metadata):
        for i, layer in enumerate(network):
            if isinstance(layer, Unit):
                self.unit(f"unit{i + 1}", layer)
        head = network[-1]
        self.node("GlobalAveragePool", "pool", [self.value])
        self.node("Flatten", "flat", [self.value])
        self.node("Gemm", "logits", [self.value, self.tensor("head.weight", head.weight), self.tensor("head.bias", head.bias)], transB=1)
        graph = helper.make_graph(
            self.nodes, "inspection", [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, SIZE, SIZE])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", len(LABELS)])], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="verge examples/inspection/train.py")
        helper.set_model_props(model, metadata)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path)


def pipeline():
    """x = (pixel - mean) / std, pixels 0..255."""
    return {"source": "image", "color": "RGB", "resize": {"mode": "bilinear", "antialias": True, "fit": "stretch"}, "mean": MEAN, "std": STD, "layout": "NCHW"}


def onnx_accuracy(path, pictures, labels):
    import onnxruntime

    session = onnxruntime.InferenceSession(path)
    answers = np.concatenate([session.run(None, {"image": normalise(p).numpy()})[0].argmax(1) for p in pictures.split(250)])
    return float((answers == labels.numpy()).mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--verge", default="build/release/verge")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for the rendered pictures")
    parser.add_argument("--count", type=int, default=16000, help="pictures to train on")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("-o", "--output", required=True)
    args = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    pictures, labels = render(args.verge, args.work / "train", args.count, TRAIN_SEED)
    test = render(args.verge, args.work / "test", 4000, TEST_SEED)
    network = make_network().to(memory_format=torch.channels_last)
    train(network, pictures, labels, test, args.epochs)
    network = network.to(memory_format=torch.contiguous_format).eval()
    Writer().write(network, args.output, {"verge.pipeline": json.dumps(pipeline()), "verge.labels": json.dumps(LABELS)})
    print(f"{args.output}: {100 * onnx_accuracy(args.output, *test):.2f} % of {len(test[1])} test pictures (seed {TEST_SEED}) in ONNX Runtime")


if __name__ == "__main__":
    main()
