"""A session takes the memory that was planned, within 5 %, on ten models, and at most 256 KB of stack. Measured as the growth of the device runner's anonymous
memory, in whole pages, so the models are those of at least 100 KB."""
import os
import tempfile

from support import INSPECTION, VERGE_RT, run, shared, verge

MODELS = ["mlperf_ic_resnet8", "mlperf_vww_mobilenet025", "resnet8_cifar10_jpg", "ultraface_version-RFB-320", "ultraface_version-slim-320", "light_squeezenet", "light_shufflenet",
          "light_densenet121", "yolox_nano"]


def main():
    with tempfile.TemporaryDirectory() as tmp:
        for path in [INSPECTION] + [shared(f"models/onnx/{m}.onnx") for m in MODELS]:
            package = os.path.join(tmp, "m.vpk")
            verge("convert", path, "-o", package)
            p = run(VERGE_RT, package, "--memory")
            assert p.returncode == 0, p.stderr
            planned, measured, stack = (int(x) for x in p.stdout.split())
            print(f"{os.path.basename(path):45} planned {planned:10,} measured {measured:10,}  {measured / planned - 1:+.2%}  stack {stack:8,}", flush=True)
            assert stack <= 256 * 1024
            assert abs(measured - planned) <= 0.05 * planned


main()
