"""The compressor on ResNet-8: a tenth of the source file for at most a point of top-1, decoded when it is loaded, by the device runner too."""
import os
import tempfile

from support import VERGE_RT, run, shared, verge_json

MODEL, TRAIN, TEST = shared("models/onnx/resnet8_cifar10_jpg.onnx"), shared("data/cifar10/train.tar.gz"), shared("data/cifar10/test.tar.gz")
SEEDS = int(os.environ.get("VERGE_COMPRESS_SEEDS", "1"))  # 5 are all of docs/optimising.md

for seed in range(SEEDS):
    with tempfile.TemporaryDirectory() as folder:
        package = os.path.join(folder, "small.vpk")
        report = verge_json("optimize", MODEL, "--data", TRAIN, "--compress", "--max-drop", "1%", "--check", "3000", "--seed", str(seed), "--no-timing", "-o", package)
        score = verge_json("validate", package, "--data", TEST, "--against", MODEL)
        drop, size = 100 * (score["reference_top1"] - score["top1"]), os.path.getsize(package)
        print(f"seed {seed}: {size} bytes, {os.path.getsize(MODEL) / size:.1f}x; drop {drop:.2f}, agreement {score['agreement']:.4f}; {report['seconds']:.1f} s, {report['chosen']}", flush=True)
        assert size <= 31_000 and drop <= 1.0
        runner = run(VERGE_RT, package, "--self-test")
        assert runner.returncode == 0 and "0 different" in runner.stdout, runner.stdout + runner.stderr
        damaged = bytearray(open(package, "rb").read())
        damaged[len(damaged) // 2] ^= 4
        open(package, "wb").write(damaged)
        refused = run(VERGE_RT, package, "--self-test")
        assert refused.returncode != 0, "a damaged packed program passed its self-test"
