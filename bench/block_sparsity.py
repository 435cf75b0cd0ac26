#!/usr/bin/env python3
"""Block-sparse layers against the project's own dense kernel: fully connected layers of one row and 1x1 convolutions, 16x1 blocks at 75 and 87.5 % zeros.

The same ONNX file with and without zeros; both run as `verge bench` runs every model. Rounds interleave, the least of each is compared; what is sparse is decided at
lowering, so the profile is asked which instruction ran.

Needs numpy and onnx. Example: bench/block_sparsity.py --verge build/release/verge --rounds 3
"""
import argparse
import json
import os
import subprocess
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

BLOCK = 16


def weights(n, k, zeros, seed):
    """[n, k]; of each 16 rows the same share of columns is zero."""
    random = np.random.default_rng(seed)
    w = random.normal(size=(n, k)).astype(np.float32) / np.sqrt(k)
    for panel in range(0, n, BLOCK):
        w[panel:panel + BLOCK, random.permutation(k)[:round(zeros * k)]] = 0
    return w


def dense_model(n, k, rows, zeros):
    w = numpy_helper.from_array(weights(n, k, zeros, 1).T.copy(), "w")
    node = helper.make_node("MatMul", ["x", "w"], ["y"], "layer")
    return graph(node, w, [rows, k], [rows, n])


def conv_model(n, k, side, zeros):
    w = numpy_helper.from_array(weights(n, k, zeros, 1).reshape(n, k, 1, 1), "w")
    node = helper.make_node("Conv", ["x", "w"], ["y"], "layer", kernel_shape=[1, 1])
    return graph(node, w, [1, k, side, side], [1, n, side, side])


def graph(node, w, x, y):
    value = helper.make_tensor_value_info
    g = helper.make_graph([node], "g", [value("x", TensorProto.FLOAT, x)], [value("y", TensorProto.FLOAT, y)], [w])
    return helper.make_model(g, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def layer_ms(verge, path, seconds):
    """The layer alone (a convolution's file has transposes at its borders), and the instruction that computes it."""
    out = subprocess.run([verge, "bench", path, "--profile", "--seconds", str(seconds), "--json"], capture_output=True, text=True, check=True).stdout
    best = max(json.loads(out)["profile"], key=lambda p: p.get("macs", 0))
    return best["p50_ms"], best["op"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--verge", default="build/release/verge")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.2)
    o = parser.parse_args()
    layers = [("dense 1 x 1024 -> 1024", lambda z: dense_model(1024, 1024, 1, z)), ("dense 1 x 4096 -> 4096", lambda z: dense_model(4096, 4096, 1, z)),
              ("dense 1 x 640 -> 128", lambda z: dense_model(128, 640, 1, z)), ("conv 1x1, 14 x 14 x 256 -> 256", lambda z: conv_model(256, 256, 14, z)),
              ("conv 1x1, 7 x 7 x 960 -> 320", lambda z: conv_model(320, 960, 7, z))]
    for name, make in layers:
        with tempfile.TemporaryDirectory() as tmp:
            best, op = {}, {}
            for zeros in (0, 0.75, 0.875):
                onnx.save(make(zeros), f"{tmp}/{zeros}.onnx")
            for _ in range(o.rounds):
                for zeros in (0, 0.75, 0.875):
                    ms, op[zeros] = layer_ms(o.verge, os.path.join(tmp, f"{zeros}.onnx"), o.seconds)
                    best[zeros] = min(best.get(zeros, ms), ms)
            print(json.dumps({"layer": name, "dense_us": round(best[0] * 1e3, 2), "dense_op": op[0], **{
                f"{zeros:.1%}": {"us": round(best[zeros] * 1e3, 2), "faster": round(best[0] / best[zeros], 2), "op": op[zeros]} for zeros in (0.75, 0.875)}}), flush=True)


if __name__ == "__main__":
    main()
