"""What exporters leave behind is gone after import and passes: transposes around every layer, shape arithmetic, branches on a sampling rate."""
from support import need, shared, verge_json

need("numpy")


def operators(path, *options):
    report = verge_json("inspect", path, *options)
    return report["operators"], report["instructions"]


# 625 nodes with 218 transposes, in a file whose ONNX source has one.
yolox, _ = operators(shared("models/tflite/models/2fca4915a676_yolox_nano_int8_quantize.tflite"))
assert yolox["transpose"] <= 2, yolox
assert yolox.get("pad", 0) == 0, "padding belongs to the convolutions behind it"
source, _ = operators(shared("models/onnx/yolox_nano.onnx"))
assert source["transpose"] <= 2, source

# 242 nodes, most of them shape arithmetic; the twin that a simplifier made has 110.
_, instructions = operators(shared("models/onnx/ultraface_version-RFB-320.onnx"))
assert instructions <= 110, instructions

# 25 nodes If; with a fixed rate none is left (no instruction branches, and every part of the file runs as one Program), and the state is an input and an output.
report = verge_json("inspect", shared("models/onnx/silero_vad.onnx"), "--bind", "sr=16000", "--dim", "input.1=576")
assert [i["name"] for i in report["inputs"]] == ["input", "state"] and [o["name"] for o in report["outputs"]] == ["output", "stateN"], report
assert report["instructions"] < 40 and not any("if" in op.lower().split("_") for op in report["operators"]), report
print("transposes of YOLOX-nano (TFLite):", yolox["transpose"], " RFB-320:", instructions, "instructions  Silero VAD:", report["instructions"], "instructions")
