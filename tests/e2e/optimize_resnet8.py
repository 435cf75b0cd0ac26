"""ResNet-8 tuned on photos: five calibration seeds of 512 training photos keep 98.8 % agreement on the 8,000 test photos in at most 86 KB."""
import os
import tempfile

from support import shared, verge_json

MODEL, TRAIN, TEST = shared("models/onnx/resnet8_cifar10_jpg.onnx"), shared("data/cifar10/train.tar.gz"), shared("data/cifar10/test.tar.gz")


def main():
    agreements, drops = [], []
    with tempfile.TemporaryDirectory() as tmp:
        for seed in range(5):
            package = os.path.join(tmp, f"{seed}.vpk")
            report = verge_json("optimize", MODEL, "--data", TRAIN, "--calibration", "512", "--seed", str(seed), "-o", package)
            int8 = report["candidates"][1]
            assert int8["chosen"] and int8["int8_mac_share"] >= 0.95 and os.path.getsize(package) <= 86_000, int8
            score = verge_json("validate", package, "--data", TEST, "--against", MODEL)
            agreements.append(score["agreement"])
            drops.append(score["reference_top1"] - score["top1"])
            print(f"seed {seed}: agreement {score['agreement']:.4f}, top-1 {score['top1']:.4f} (float {score['reference_top1']:.4f}), {os.path.getsize(package)} bytes", flush=True)
        package = os.path.join(tmp, "w4.vpk")
        verge_json("optimize", MODEL, "--data", TRAIN, "--calibration", "512", "--weight-bits", "4", "-o", package)
        score = verge_json("validate", package, "--data", TEST, "--against", MODEL)
        print(f"4-bit weights: agreement {score['agreement']:.4f}, top-1 {score['top1']:.4f}, {os.path.getsize(package)} bytes", flush=True)
        assert score["agreement"] >= 0.955 and score["reference_top1"] - score["top1"] <= 0.0035 and os.path.getsize(package) <= 48_000
    mean = sum(agreements) / len(agreements)
    print(f"mean agreement {mean:.4f}, mean drop {100 * sum(drops) / 5:.2f} points")
    assert mean >= 0.988


main()
