#!/usr/bin/env python3
"""Time and memory of quantising a network: `verge optimize --effort low --no-timing` beside ONNX Runtime's static quantisation (QDQ, per channel, min-max).

    bench/optimize_time.py MODEL PICTURES [--rounds N] [--mean M] [--std S]

MODEL takes [1, 3, h, w] and PICTURES is a folder of pictures of that size. Each run is a process of its own, in turns, with both processors; of seconds the least is said, of memory the most.
"""
import argparse
import glob
import os
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VERGE = os.path.join(os.environ.get("VERGE_BUILD", os.path.join(ROOT, "build", "release")), "verge")


def by_onnxruntime(model, pictures, mean, std, folder):
    import numpy as np
    import onnxruntime as ort
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from PIL import Image

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.name, self.rest = ort.InferenceSession(model).get_inputs()[0].name, sorted(glob.glob(os.path.join(pictures, "*")))

        def get_next(self):
            if not self.rest:
                return None
            pixels = np.asarray(Image.open(self.rest.pop()).convert("RGB"), np.float32)
            return {self.name: ((pixels - mean) / std).transpose(2, 0, 1)[None]}

    quantize_static(model, os.path.join(folder, "ort.onnx"), Reader(), quant_format=QuantFormat.QDQ, per_channel=True, weight_type=QuantType.QInt8, activation_type=QuantType.QUInt8)


def verge_command(a, folder):
    count = len(os.listdir(a.pictures))
    pipeline = '{"color":"RGB","mean":[%g,%g,%g],"std":[%g,%g,%g]}' % (3 * (a.mean,) + 3 * (a.std,))
    return [VERGE, "optimize", a.model, "--data", a.pictures, "--pipeline", pipeline, "--effort", "low", "--max-drop", "100", "--no-timing", "--calibration", str(count), "-o", os.path.join(folder, "m.vpk")]


def run(command):
    """Wall seconds, processor seconds, megabytes of one process."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    assert status == 0, command
    return time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("pictures")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mean", type=float, default=127.5)
    parser.add_argument("--std", type=float, default=127.5)
    parser.add_argument("--onnxruntime", metavar="FOLDER", help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.onnxruntime:
        return by_onnxruntime(a.model, a.pictures, a.mean, a.std, a.onnxruntime)
    with tempfile.TemporaryDirectory() as folder:
        contenders = {"Verge": verge_command(a, folder), "ONNX Runtime": [sys.executable, *sys.argv, "--onnxruntime", folder]}
        measured = {name: [] for name in contenders}
        for _ in range(a.rounds):
            for name, command in contenders.items():
                measured[name].append(run(command))
    for name, rows in measured.items():
        wall, processor, memory = zip(*rows)
        print(f"{name:13} {min(wall):6.2f} s, {min(processor):6.2f} processor s, {max(memory):5.0f} MB")


main()
