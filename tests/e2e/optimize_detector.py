"""An int8 face detector finds float's faces: mean average precision against float's own detections on pictures that it was not calibrated on."""
import os
import sys
import tempfile

from support import ROOT, need, shared, verge

np, ort = need("numpy"), need("onnxruntime")
need("onnxruntime.quantization")
sys.path.insert(0, os.path.join(ROOT, "bench"))
import int8_accuracy as bench  # noqa: E402


def main():
    shared("models/onnx/ultraface_version-RFB-320.onnx")
    model, calibration, test, score, _ = bench.faces(0)
    real = bench.outputs(bench.by_ort(model), test)
    assert score(real, real) == 1
    with tempfile.TemporaryDirectory() as tmp:
        np.savez(f"{tmp}/x.npz", x=np.concatenate(calibration))
        verge("optimize", model, "--data", f"{tmp}/x.npz", "--calibration", "50", "--check", "16", "--effort", "low", "--no-timing", "-o", f"{tmp}/m.vpk")
        found = score(bench.outputs(bench.by_verge(f"{tmp}/m.vpk"), test), real)
    print(f"mAP against float {found:.4f}", flush=True)
    assert found >= 0.97, found


main()
