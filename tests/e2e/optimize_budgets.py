"""Budgets: a package too large in int8 is tried with 4-bit weights; what is out of reach is named with how far; presets and wrong bounds."""
import hashlib
import json
import os
import tempfile

from support import VERGE, run, shared

MODEL, TRAIN = shared("models/onnx/resnet8_cifar10_jpg.onnx"), shared("data/cifar10/train.tar.gz")


def optimize(folder, *options):
    package = os.path.join(folder, "p.vpk")
    p = run(VERGE, "optimize", MODEL, "--data", TRAIN, "--limit", "1200", "--calibration", "256", "--effort", "low", "--max-drop", "4", "-o", package, "--json", *options)
    return p, json.loads(p.stdout) if p.stdout else None, package


def sha256(path):
    return hashlib.sha256(open(path, "rb").read()).hexdigest()


with tempfile.TemporaryDirectory() as folder:
    p, report, package = optimize(folder, "--max-size", "60kB", "--preset", "realtime")
    assert p.returncode == 0, p.stderr
    lines = {b["budget"]: b for b in report["budgets"]}
    assert os.path.getsize(package) <= 60_000 and lines["size"]["met"] and lines["size"]["is"] == os.path.getsize(package), lines
    assert lines["latency"] == dict(lines["latency"], limit=50, label="measured", met=True), lines
    assert "4-bit" in report["chosen"] and len(report["tried"]) >= 3 and any(t["pareto"] for t in report["tried"]), report["tried"]
    html = open(os.path.join(folder, "p.html")).read()
    assert "Budgets" in html and "Size against accuracy" in html

    # Every candidate comes again from the recipe, byte for byte, without the clock; another model is refused.
    recipe = os.path.join(folder, "p.recipe.json")
    candidates = json.load(open(recipe))["candidates"]
    assert len(candidates) >= 3 and [c["package_sha256"] for c in candidates if c["chosen"]] == [sha256(package)], candidates
    for c in candidates:
        again = os.path.join(folder, "again.vpk")
        r = run(VERGE, "optimize", "--recipe", recipe, "--candidate", c["package_sha256"][:16], "-o", again)
        assert r.returncode == 0 and sha256(again) == c["package_sha256"], (c["name"], r.stderr)
    r = run(VERGE, "optimize", shared("models/onnx/mlperf_kws_dscnn.onnx"), "--recipe", recipe, "-o", again)
    assert r.returncode != 0 and "recipe was made with" in r.stderr, r.stderr
    r = run(VERGE, "optimize", "--recipe", recipe, "--candidate", "none", "-o", again)
    assert r.returncode == 2 and "'fp32'" in r.stderr, r.stderr

    p, report, package = optimize(folder, "--max-ram", "20kB", "--no-timing")
    assert p.returncode == 4 and "out of reach" in p.stderr and "ram" in p.stderr and "% over" in p.stderr, (p.returncode, p.stderr)
    assert os.path.getsize(package) > 0 and not report["budgets"][0]["met"]

    for wrong, word in ((("--max-energy", "5", "--no-timing"), "--target"), (("--max-latency", "5", "--no-timing"), "--no-timing"), (("--max-size", "small"), "60kB"), (("--preset", "tiny"), "realtime")):
        p, _, _ = optimize(folder, *wrong)
        assert p.returncode != 0 and word in p.stderr, (wrong, p.stderr)
