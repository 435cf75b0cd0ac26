"""A session takes the memory that was planned, within 5 %, on ten models; opening a package of MobileNetV2's size is quick."""
import os
import tempfile

from support import INSPECTION, VERGE_RT, need, run, shared, verge, verge_json

MODELS = ["models/onnx/mlperf_ic_resnet8.onnx", "models/onnx/mlperf_kws_dscnn.onnx", "models/onnx/mlperf_vww_mobilenet025.onnx", "models/onnx/mlperf_ad_autoencoder.onnx",
          "models/onnx/ultraface_version-RFB-320.onnx", "models/onnx/light_squeezenet.onnx", "models/onnx/yolox_nano.onnx", "yardsticks/mcu/models/ic.tflite",
          "yardsticks/mcu/models/vww.tflite"]


def main():
    with tempfile.TemporaryDirectory() as tmp:
        for path in [INSPECTION] + [shared(m) for m in MODELS]:
            package = os.path.join(tmp, "m.vpk")
            verge("convert", path, "-o", package)
            p = run(VERGE_RT, package, "--memory")
            assert p.returncode == 0, p.stderr
            planned, measured = (int(x) for x in p.stdout.split())
            print(f"{os.path.basename(path):45} planned {planned:10,} measured {measured:10,}  {measured / planned - 1:+.2%}", flush=True)
            # Whole pages are what the kernel hands out: two of them are allowed on top.
            assert abs(measured - planned) <= 0.05 * planned + 8192


main()
