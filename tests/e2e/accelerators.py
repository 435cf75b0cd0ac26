#!/usr/bin/env python3
"""What accelerators want: every violation of their rules by node, and a quantised network's scales as AIMET's encodings, by the float model's names."""
import json
import os
import tempfile

from support import VERGE, run, shared

FLOAT, INT8 = shared("models/onnx/resnet8_cifar10_jpg.onnx"), shared("models/tflite/models/3c002613d1b2_pretrainedResnet_quant.tflite")
TRAIN = shared("data/cifar10/train.tar.gz")


def check(model, rules):
    p = run(VERGE, "fit", model, "--rules", rules, "--json")
    report = json.loads(p.stdout)
    assert p.returncode == (4 if report["violations"] else 0), (p.returncode, p.stderr)
    return report


def check_rules():
    for rules in ("edge-tpu", "ethos-u", "qnn"):
        report = check(INT8, rules)
        assert report["violations"] == [] and report["placed"] == report["nodes"] > 10, report
        assert all("is float" in v["what"] for v in check(FLOAT, rules)["violations"])
    wanted = check(INT8, "tensorrt")["violations"]
    assert wanted and all("zero point" in v["what"] and v["node"] for v in wanted), wanted
    assert check(FLOAT, "tensorrt")["violations"] == []
    p = run(VERGE, "fit", INT8, "--rules", "abacus")
    assert p.returncode == 2 and "edge-tpu" in p.stderr, p.stderr


def check_encodings(folder):
    p = run(VERGE, "optimize", FLOAT, "--data", TRAIN, "--limit", "300", "--calibration", "64", "--effort", "low", "--max-drop", "20", "--no-timing", "-o", f"{folder}/p.vpk", "--export", f"{folder}/p.encodings")
    assert p.returncode == 0, p.stderr
    encodings, source = json.load(open(f"{folder}/p.encodings")), open(FLOAT, "rb").read()
    assert len(encodings["param_encodings"]) == 10, encodings["param_encodings"].keys()  # nine convolutions and the dense layer
    for name, weights in encodings["param_encodings"].items():
        assert name.encode() in source and all(e["is_symmetric"] == "True" and e["offset"] == -128 for e in weights), name
    assert max(len(weights) for weights in encodings["param_encodings"].values()) == 64
    for name, (e,) in encodings["activation_encodings"].items():
        assert name.encode() in source, name
        assert abs(e["min"] - e["scale"] * e["offset"]) < 1e-6 and abs(e["max"] - e["scale"] * (e["offset"] + 255)) < 1e-6 and e["min"] <= 0 <= e["max"], (name, e)
    assert len(encodings["activation_encodings"]) >= 12


with tempfile.TemporaryDirectory() as folder:
    check_rules()
    check_encodings(folder)
print("ok")
