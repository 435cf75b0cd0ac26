#!/usr/bin/env python3
"""Sizes of deltas between a deployed ResNet-8 and real fine-tunes of it on drifted photos, int8 with the same scales and f32.

    bench/delta.py [--photos N]

Needs VERGE_SHARED (resnet8_cifar10_jpg.onnx, the CIFAR-10 photos), numpy, onnx, onnxruntime, bsdiff4 (PyPI) and the command zstd. The int8 models
are the deployed one, quantised once by onnxruntime, and the same scales with the fine-tuned weights. Prints one JSON line a pair; `entropy` is that of
the change: the tensors' differences, order 0, and 32 bytes for the hash of the source file that the manifest names. `ratio` is the delta's bytes to it.
Ends with status 1 when a pair misses its bound: 1.2 for biases and the last layer, 0.9 of bsdiff for all layers, the file and 64 bytes for every pair.
"""
import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile

import bsdiff4
import numpy as np
import onnx
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from PIL import Image

from package_constants import program_constants, restored

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VERGE = os.path.join(os.environ.get("VERGE_BUILD", os.path.join(ROOT, "build", "release")), "verge")
SHARED = os.environ.get("VERGE_SHARED", os.path.join(ROOT, "..", "shared"))
MODEL = os.path.join(SHARED, "models", "onnx", "resnet8_cifar10_jpg.onnx")
RECIPE = """model: {model}
input: {{size: [32, 32, 3], mean: {mean}, std: {std}}}
loss: {{type: cross_entropy}}
optimizer: {{type: adam, rate: {rate}}}
epochs: {epochs}
batch: 32
seed: {seed}
frozen: [{frozen}]
"""


def drifted_photos(folder, count):
    """`count` photos a class-balanced prefix, contrast x 0.45 and + 20, as PNG files in folders by class; returns the arrays too."""
    arrays = []
    with tarfile.open(os.path.join(SHARED, "data", "cifar10", "train.tar.gz")) as tar:
        members = sorted((m for m in tar.getmembers() if m.isfile()), key=lambda m: hash_of(m.name))[:count]
        for m in members:
            image = np.asarray(Image.open(io.BytesIO(tar.extractfile(m).read())).convert("RGB"), np.float32)
            drifted = np.clip((image - 128) * 0.45 + 128 + 20, 0, 255).astype(np.uint8)
            to = os.path.join(folder, os.path.basename(os.path.dirname(m.name)))
            os.makedirs(to, exist_ok=True)
            Image.fromarray(drifted).save(os.path.join(to, os.path.basename(m.name).rsplit(".", 1)[0] + ".png"))
            arrays.append(drifted)
    return arrays


def hash_of(name):
    import hashlib
    return hashlib.sha256(name.encode()).digest()


def run(*command):
    p = subprocess.run(command, capture_output=True, text=True)
    if p.returncode:
        sys.exit(f"{' '.join(command)}: {p.stderr}")
    return p.stdout


def fine_tuned(tmp, tag, photos, frozen, rate, epochs, seed=1):
    recipe, package = f"{tmp}/{tag}.yaml", f"{tmp}/{tag}.vpk"
    open(recipe, "w").write(RECIPE.format(model=MODEL, mean="[0]", std="[1]", rate=rate, epochs=epochs, seed=seed, frozen=", ".join(frozen)))
    run(VERGE, "train", recipe, "--data", photos, "-o", package)
    run(VERGE, "convert", MODEL, "-o", f"{tmp}/f32.vpk")
    before, after = program_constants(f"{tmp}/f32.vpk"), program_constants(package)
    assert [len(c) for c in before] == [len(c) for c in after], "training changed the program's shape"
    model = onnx.load(MODEL)
    for w in model.graph.initializer:
        value = numpy_helper.to_array(w)
        at = [i for i, c in enumerate(before) if (r := restored(value, c)) is not None and np.array_equal(r, value)]
        assert len(at) == 1, (w.name, at)
        w.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(restored(value, after[at[0]])), w.name))
    onnx.save(model, f"{tmp}/{tag}.onnx")
    return f"{tmp}/{tag}.onnx"


class Photos(CalibrationDataReader):
    def __init__(self, arrays):
        name = onnx.load(MODEL).graph.input[0].name
        self.rows = iter([{name: a[None].astype(np.float32)} for a in arrays])

    def get_next(self):
        return next(self.rows, None)


def same_scales(base_int8, base, tuned, to):
    """The deployed int8 model with its own scales and the fine-tuned weights and biases."""
    q = onnx.load(base_int8)
    values = {i.name: numpy_helper.to_array(i) for i in q.graph.initializer}
    new = {i.name: numpy_helper.to_array(i) for i in onnx.load(tuned).graph.initializer}
    for i in q.graph.initializer:
        for name, w in new.items():
            if i.name != name + "_quantized":
                continue
            old = values[i.name]
            scale = values.get(name + "_scale", values.get(name + "_quantized_scale"))
            shaped = scale.reshape([-1] + [1] * (w.ndim - 1)) if scale.ndim and scale.size > 1 else scale
            limit = 127 if old.dtype == np.int8 else 2**31 - 1
            i.CopyFrom(numpy_helper.from_array(np.clip(np.round(w.astype(np.float64) / shaped), -limit, limit).astype(old.dtype), i.name))
    onnx.save(q, to)


def order0_bits(symbols):
    n = np.unique(symbols, return_counts=True)[1]
    return float(-(n * np.log2(n / n.sum())).sum())


def ordered(x):
    """Integers whose order is the floats' order."""
    u = x.ravel().view(np.uint32).astype(np.int64)
    return np.where(u >> 31, 0xFFFFFFFF - u, u | 0x80000000)


def tensor_entropy_bytes(new, old):
    """Order-0 entropy of one tensor's differences. Of 32-bit numbers the symbol is sign and bit length, and the bits below the highest count in full:
    there are as many values as numbers, so that counting values would say log2 of how many there are, whatever they are."""
    if new.dtype.itemsize == 1:
        return order0_bits(new.astype(np.int64) - old) / 8
    d = ordered(new) - ordered(old) if new.dtype == np.float32 else new.astype(np.int64).ravel() - old.ravel()
    bits = np.frexp(np.abs(d).astype(np.float64))[1]
    return (order0_bits(bits * np.sign(d)) + float(np.maximum(bits - 1, 0).sum())) / 8


def entropy_bytes(a, b):
    """Of every tensor that moved; the others cost nothing."""
    before = {i.name: numpy_helper.to_array(i) for i in onnx.load(a).graph.initializer}
    pairs = [(numpy_helper.to_array(i), before[i.name]) for i in onnx.load(b).graph.initializer]
    return sum(tensor_entropy_bytes(new, old) for new, old in pairs if not np.array_equal(new, old))


def compare(tmp, what, old, new):
    for name, model in (("old", old), ("new", new)):  # successive versions of a model are files of one name
        os.makedirs(f"{tmp}/{name}", exist_ok=True)
        shutil.copy(model, f"{tmp}/{name}/model.onnx")
        run(VERGE, "convert", f"{tmp}/{name}/model.onnx", "-o", f"{tmp}/{name}.vpk")
    made = json.loads(run(VERGE, "delta", "make", f"{tmp}/old.vpk", f"{tmp}/new.vpk", "-o", f"{tmp}/d.vgd", "--json"))
    run(VERGE, "delta", "apply", f"{tmp}/old.vpk", f"{tmp}/d.vgd", "-o", f"{tmp}/back.vpk")
    a, b = open(f"{tmp}/old.vpk", "rb").read(), open(f"{tmp}/new.vpk", "rb").read()
    assert open(f"{tmp}/back.vpk", "rb").read() == b
    run("zstd", "-q", "-f", "-19", f"{tmp}/new.vpk", "-o", f"{tmp}/full.zst")
    run("zstd", "-q", "-f", "--ultra", "-22", f"--patch-from={tmp}/old.vpk", f"{tmp}/new.vpk", "-o", f"{tmp}/patch.zst")
    bsdiff, entropy = len(bsdiff4.diff(a, b)), entropy_bytes(old, new) + 32
    print(json.dumps({"pair": what, "full": len(b), "zstd": os.path.getsize(f"{tmp}/full.zst"), "zstd_patch": os.path.getsize(f"{tmp}/patch.zst"), "bsdiff": bsdiff,
                      "delta": made["bytes"], "entropy": round(entropy), "ratio": round(made["bytes"] / entropy, 3), "tensors_moved": made["tensors_moved"],
                      "tensors": made["tensors"]}), flush=True)
    within = made["bytes"] <= 0.9 * bsdiff if "all" in what else made["bytes"] <= 1.2 * entropy
    return within and made["bytes"] <= len(b) + 64


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--photos", type=int, default=2000)
    photos_wanted = ap.parse_args().photos
    weights = [i.name for i in onnx.load(MODEL).graph.initializer]
    kinds = {
        "biases only": ([w for w in weights if not w.endswith("_b")], 0.003, 4),
        "last layer": ([w for w in weights if not w.startswith("fully_connected")], 0.001, 8),
        "all layers, Adam 1e-5": ([], 1e-5, 1),
        "all layers, Adam 1e-4": ([], 1e-4, 1),
    }
    within = True
    with tempfile.TemporaryDirectory() as tmp:
        arrays = drifted_photos(f"{tmp}/photos", photos_wanted)
        quantize_static(MODEL, f"{tmp}/base.int8.onnx", Photos(arrays[:100]), quant_format=QuantFormat.QDQ, per_channel=True, weight_type=QuantType.QInt8,
                        activation_type=QuantType.QInt8)
        for what, (frozen, rate, epochs) in kinds.items():
            tag = what.replace(" ", "_").replace(",", "")
            tuned = fine_tuned(tmp, tag, f"{tmp}/photos", frozen, rate, epochs)
            same_scales(f"{tmp}/base.int8.onnx", MODEL, tuned, f"{tmp}/{tag}.int8.onnx")
            within &= compare(tmp, what + ", int8", f"{tmp}/base.int8.onnx", f"{tmp}/{tag}.int8.onnx")
            within &= compare(tmp, what + ", f32", MODEL, tuned)
    sys.exit(0 if within else 1)


if __name__ == "__main__":
    main()
