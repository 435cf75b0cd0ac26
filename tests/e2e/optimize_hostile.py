"""Networks whose channels were spread by 2^-4 .. 2^4: int8 with one scale a layer stays within 1.0 point of the unspread network's int8."""
import os
import tempfile

from hostile import spread_channels
from support import shared, verge, verge_json

TRAIN, TEST = shared("data/cifar10/train.tar.gz"), shared("data/cifar10/test.tar.gz")
SEEDS = int(os.environ.get("VERGE_HOSTILE_SEEDS", "1"))  # 5 are all of docs/optimising.md
PHOTOS = os.environ.get("VERGE_HOSTILE_PHOTOS", "2000")  # 8000 are all


def scores(model, folder, seed, *options):
    package = os.path.join(folder, "p.vpk")
    report = verge_json("optimize", model, "--data", TRAIN, "--seed", str(seed), "--per-tensor", "--no-timing", "--max-drop", "100", *options, "-o", package)
    score = verge_json("validate", package, "--data", TEST, "--limit", PHOTOS, "--against", model)
    return score, report["calibration"]


def compare(name, path, drop_of, *options):
    worst = 0
    for seed in range(SEEDS):
        with tempfile.TemporaryDirectory() as folder:
            hostile = os.path.join(folder, "hostile.onnx")
            spread_channels(path, hostile, seed)
            plain, _ = scores(path, folder, seed, *options)
            spread, tried = scores(hostile, folder, seed, *options)
        lost = drop_of(spread) - drop_of(plain)
        worst = max(worst, lost)
        raw = max(t["output_sqnr_db"] for t in tried if "equalised" not in t["method"])
        print(f"{name}, seed {seed}: {drop_of(plain):.2f} points lost unspread, {drop_of(spread):.2f} spread; agreement {plain['agreement']:.4f}, {spread['agreement']:.4f}", flush=True)
        assert raw < 10, f"the spread network quantises well ({raw} dB) without any repair: it is not hostile"
    assert worst <= 1.0, worst


compare("ResNet-8", shared("models/onnx/resnet8_cifar10_jpg.onnx"), lambda s: 100 * (s["reference_top1"] - s["top1"]))
with tempfile.TemporaryDirectory() as trained:
    VWW = os.path.join(trained, "vww.onnx")
    verge("convert", shared("models/keras/vww_96.h5"), "-o", VWW)
    compare("VWW MobileNet", VWW, lambda s: 100 * (1 - s["agreement"]), "--calibration", "256", "--check", "50", "--pipeline", '{"color": "RGB", "mean": [0, 0, 0], "std": [255, 255, 255]}')
