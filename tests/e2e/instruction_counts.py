"""Instructions of one inference with the kernels of AVX2, counted by valgrind: a change that makes a network dearer by more than 2 % fails.

    instruction_counts.py --update      writes the counts of today
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from support import VERGE_RT, shared, skip, verge

COUNTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "instruction_counts.json")
MODELS = {name: f"yardsticks/mcu/models/{name}.tflite" for name in ("ic", "kws", "vww", "ad", "sww")} | {"resnet8 f32": "models/onnx/resnet8_cifar10_jpg.onnx"}
TOLERANCE = 0.02


def collected(package, runs):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", VERGE_RT, package, "--bench", str(runs)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(re.search(r"Collected : (\d+)", done.stderr).group(1))


def per_inference(model):
    with tempfile.TemporaryDirectory() as tmp:
        package = os.path.join(tmp, "model.vpk")
        verge("convert", model, "-o", package)
        return (collected(package, 3) - collected(package, 1)) // 2


def main():
    if not shutil.which("valgrind"):
        skip("valgrind is not installed")
    counts = {name: per_inference(shared(path)) for name, path in MODELS.items()}
    if "--update" in sys.argv:
        with open(COUNTS, "w") as f:
            json.dump(counts, f, indent=1)
    with open(COUNTS) as f:
        known = json.load(f)
    dearer = []
    for name, count in counts.items():
        growth = count / known[name] - 1
        print(f"{name:12} {count:12,} instructions, {growth:+.2%}", flush=True)
        if growth > TOLERANCE:
            dearer.append(name)
    assert not dearer, f"more instructions than in {os.path.basename(COUNTS)}: {', '.join(dearer)}; mend it, or write the new counts with --update and say why"


main()
