#!/usr/bin/env python3
"""Recipes that prune: channels and residual branches are gone from the package, zeros stay zeros, and what is compressed runs on the device runner as it scored.

Accuracy and size on real data stand in docs/optimising.md; here the networks are small and hardly trained.
"""
import os
import tempfile

from support import VERGE, VERGE_RT, run, verge, verge_json

HEAD = "input: {size: [16, 16, 3], mean: [130], std: [36]}\noptimizer: {type: adam, rate: 0.002}\nbatch: 8\nseed: 1\n"


def train(folder, name, recipe, *more):
    path = os.path.join(folder, name + ".yaml")
    with open(path, "w") as f:
        f.write(HEAD + recipe)
    return verge_json("train", path, "--data", f"{folder}/data", "-o", f"{folder}/{name}.vpk", "--threads", "2", *more)


def check_channels(folder):
    train(folder, "whole", "model: resnet8\nwidth: 0.5\nepochs: 1\n", "--export", f"{folder}/whole.onnx")
    whole = verge_json("inspect", f"{folder}/whole.vpk")
    for criterion in ("taylor", "magnitude"):
        report = train(folder, criterion, f"model: {folder}/whole.onnx\nprune: {{macs: 0.5, criterion: {criterion}, multiple: 2}}\nepochs: 1\n", "--export", f"{folder}/{criterion}.onnx")
        pruning = report["pruning"]
        assert 0.3 < pruning["macs"] / pruning["macs_before"] <= 0.5, pruning
        assert pruning["parameters"] < pruning["parameters_before"], pruning
        small = verge_json("inspect", f"{folder}/{criterion}.vpk")
        assert small["macs"] <= 0.51 * whole["macs"], (small["macs"], whole["macs"])
        # The exported file has the narrower layers too, and computes what the package does.
        assert verge_json("inspect", f"{folder}/{criterion}.onnx")["macs"] == small["macs"]
        scores = [verge_json("validate", f"{folder}/{criterion}.{kind}", "--data", f"{folder}/data")["top1"] for kind in ("vpk", "onnx")]
        assert scores[0] == scores[1], scores
    report = train(folder, "norm", "model: resnet8\nwidth: 0.5\nprune: {macs: 0.7, criterion: norm, multiple: 1, rounds: 3}\nepochs: 1\n")
    assert report["pruning"]["macs"] <= 0.7 * report["pruning"]["macs_before"], report["pruning"]


def block_of(folder):
    """A residual branch of the whole network, by the error that lists them."""
    path = f"{folder}/unknown.yaml"
    with open(path, "w") as f:
        f.write(HEAD + f"model: {folder}/whole.onnx\nprune: {{blocks: [nothing]}}\nepochs: 1\n")
    p = run(VERGE, "train", path, "--data", f"{folder}/data", "-o", f"{folder}/x.vpk")
    assert p.returncode == 2 and "no residual sum can do without 'nothing'" in p.stderr and "%)" in p.stderr, p.stderr
    return p.stderr.split("these can go")[1].split("'")[1]


def check_blocks(folder):
    name = block_of(folder)
    report = train(folder, "short", f"model: {folder}/whole.onnx\nprune: {{blocks: [{name}]}}\ntrained: [biases]\nepochs: 1\n")
    gone = [layer["name"] for layer in report["pruning"]["layers"] if layer["after"] == 0]
    assert name in gone and len(gone) == 2, report["pruning"]["layers"]


def check_layers_by_name(folder):
    """A layer keeps as many outputs as asked for; a normalisation that goes behind each convolution changes nothing before training, and is folded away after it."""
    layers = {layer["name"]: layer["after"] for layer in train(folder, "plain", f"model: {folder}/whole.onnx\nprune: {{blocks: [{block_of(folder)}], reconstruct: false}}\nepochs: 1\n")["pruning"]["layers"]}
    name = max((n for n, after in layers.items() if "conv" in n and after), key=lambda n: (layers[n], n))
    recipe = f"model: {folder}/whole.onnx\nprune: {{channels: {{{name}: 8}}}}\nepochs: 1\n"
    bare, normal = train(folder, "bare", recipe), train(folder, "normal", recipe + "normalise: true\n")
    for report in (bare, normal):
        assert {layer["name"]: layer["after"] for layer in report["pruning"]["layers"]}[name] == 8, report["pruning"]
    assert abs(bare["before"]["top1"] - normal["before"]["top1"]) < 0.02, (bare["before"], normal["before"])
    assert normal["parameters"] > bare["parameters"]
    assert verge_json("inspect", f"{folder}/normal.vpk")["macs"] == verge_json("inspect", f"{folder}/bare.vpk")["macs"]
    with open(f"{folder}/unknown.yaml", "w") as f:
        f.write(HEAD + f"model: {folder}/whole.onnx\nprune: {{channels: {{nothing: 8}}}}\nepochs: 1\n")
    p = run(VERGE, "train", f"{folder}/unknown.yaml", "--data", f"{folder}/data", "-o", f"{folder}/x.vpk")
    assert p.returncode == 2 and "no convolution or dense layer 'nothing'" in p.stderr and f"'{name}' ({layers[name]})" in p.stderr, p.stderr


def check_bundle(folder):
    """A network and the same with a block less, of which only the biases learned: what they share is there once."""
    report = verge_json("bundle", "make", f"{folder}/whole.vpk", f"{folder}/short.vpk", "-o", f"{folder}/both.vpb")
    assert report["bytes"] == os.path.getsize(f"{folder}/both.vpb") < report["all_packages_bytes"], report
    assert report["percent_beyond_the_largest"] < 10, report
    verge("bundle", "unpack", f"{folder}/both.vpb", "-o", f"{folder}/unpacked")
    for i, name in enumerate(("whole", "short")):
        assert open(f"{folder}/unpacked/{i}.vpk", "rb").read() == open(f"{folder}/{name}.vpk", "rb").read(), name
    times = verge_json("bundle", "bench", f"{folder}/both.vpb", "--switches", "100")
    assert times["choice_ms"] + times["first_run_extra_ms"] < 1 and len(times["variants"]) == 2, times
    p = run(VERGE, "bundle", "make", f"{folder}/whole.vpk", f"{folder}/whole.onnx", "-o", f"{folder}/x.vpb")
    assert p.returncode == 2 and "package 1 is no .vpk" in p.stderr, p.stderr


def check_weights(folder):
    recipe = "model: lenet5\nquantize: {weights: 4, ends: 4}\nsparsity: {share: 0.9, begin: 0, end: 0.5}\nepochs: 8\n"
    report = train(folder, "sparse", recipe + "compress: true\n")
    zeros = [line["zeros"] for line in report["history"]]
    assert zeros == sorted(zeros) and abs(zeros[-1] - 0.9) < 0.01, zeros
    train(folder, "plain", recipe)
    sizes = {name: os.path.getsize(f"{folder}/{name}.vpk") for name in ("sparse", "plain")}
    assert sizes["sparse"] < 0.5 * sizes["plain"], sizes
    runner = run(VERGE_RT, f"{folder}/sparse.vpk", "--self-test")
    assert runner.returncode == 0 and "0 different" in runner.stdout, runner.stdout + runner.stderr
    scores = [verge_json("validate", f"{folder}/{name}.vpk", "--data", f"{folder}/data")["top1"] for name in ("sparse", "plain")]
    assert scores[0] == scores[1], scores


with tempfile.TemporaryDirectory() as folder:
    verge("data", "make", "inspection", "--count", "60", "--seed", "1", "--size", "16", "-o", f"{folder}/data")
    check_channels(folder)
    check_blocks(folder)
    check_layers_by_name(folder)
    check_bundle(folder)
    check_weights(folder)
print("ok")
