"""Written ONNX and TFLite files run in ONNX Runtime, OpenVINO and LiteRT and answer as Verge does; int8 TFLite to the bit of LiteRT's reference kernels; vela takes it."""
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile

from support import BUILD, need, shared, verge

np, ort, Image = need("numpy"), need("onnxruntime"), need("PIL.Image")
litert = need("ai_edge_litert.interpreter")
sys.path.insert(0, os.path.join(BUILD, "python"))
import verge as runtime  # noqa: E402

ort.set_default_logger_severity(4)
R8J, TRAIN, TEST = shared("models/onnx/resnet8_cifar10_jpg.onnx"), shared("data/cifar10/train.tar.gz"), shared("data/cifar10/test.tar.gz")
FLOAT = ["resnet8_cifar10_jpg", "mlperf_kws_dscnn", "mlperf_vww_mobilenet025", "mlperf_ad_autoencoder", "ultraface_version-RFB-320", "yolox_nano", "light_shufflenet"]
NO_TFLITE = {"light_shufflenet": "an average over padding"}
SEEDED = ["mlperf_kws_dscnn", "mlperf_vww_mobilenet025"]
PHOTOS = 2000
# LiteRT rounds a MEAN whose scale changes in two steps (-52.54 becomes -52), TFLM and the contract in one; the other layers are equal to the bit. How many
# outputs this reaches depends on the scales: 13 of 2,000 photos here, all behind a MEAN that differs.
MEAN_EXACT = 0.99


def photos():
    out = []
    with tarfile.open(TEST) as tar:
        for member in tar:
            if member.isfile() and member.name.lower().endswith((".jpg", ".jpeg", ".png")):
                out.append(tar.extractfile(member).read())
    return [np.asarray(Image.open(io.BytesIO(b)).convert("RGB"), np.float32) for b in out[::max(1, len(out) // PHOTOS)][:PHOTOS]]


def by_verge(path):
    session = runtime.InferenceSession(path)
    name = session.get_inputs()[0].name
    return lambda x: session.run(None, {name: x})


def by_ort(path):
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda x: session.run(None, {name: x})


def by_litert(path, reference=True):
    kind = litert.OpResolverType.BUILTIN_REF if reference else litert.OpResolverType.AUTO
    model = litert.Interpreter(path, experimental_op_resolver_type=kind, num_threads=1)
    model.allocate_tensors()
    source, outs = model.get_input_details()[0], model.get_output_details()

    def run(x):
        scale, zero = source["quantization"]
        if source["dtype"] == np.int8:
            x = np.clip(np.round(x / np.float32(scale)) + zero, -128, 127).astype(np.int8)
        model.set_tensor(source["index"], x)
        model.invoke()
        return [model.get_tensor(o["index"]) for o in outs]
    return run


def by_openvino(path):
    try:
        import openvino
    except ImportError:
        return None
    model = openvino.compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})  # its default takes bf16 for what is float
    return lambda x: [np.asarray(v) for v in model([x]).values()]


def float_models(tmp):
    for name in FLOAT:
        source = shared(f"models/onnx/{name}.onnx")
        session = ort.InferenceSession(source)
        shape = [d if isinstance(d, int) else 1 for d in session.get_inputs()[0].shape]
        x = np.random.default_rng(0).random(shape, dtype=np.float32)
        wanted = by_ort(source)(x)
        for kind, engine in (("onnx", by_ort), ("tflite", by_litert)):
            path = os.path.join(tmp, f"{name}.{kind}")
            if kind == "tflite" and name in NO_TFLITE:
                refused(source, path, NO_TFLITE[name])
                continue
            verge("convert", source, "-o", path)
            for a, b in zip(wanted, engine(path)(x)):
                np.testing.assert_allclose(b.reshape(a.shape), a, rtol=1e-3, atol=2e-4 * np.abs(a).max(), err_msg=path)
        print(f"{name}: float ONNX and TFLite", flush=True)
    half = os.path.join(tmp, "half.tflite")
    verge("convert", R8J, "-o", half, "--f16")
    assert os.path.getsize(half) < 0.55 * os.path.getsize(R8J), os.path.getsize(half)
    agrees(half, by_litert(half), by_verge(R8J), 0.995, photos()[::5], "half precision in LiteRT")


def refused(source, path, words):
    p = subprocess.run([os.path.join(BUILD, "verge"), "convert", source, "-o", path], capture_output=True, text=True)
    assert p.returncode == 3 and p.stderr.startswith("unsupported") and words in p.stderr and not os.path.exists(path), p.stderr


def agrees(path, engine, reference, floor, data, what, exact=0.0):
    same = bits = 0
    for x in data:
        a, b = reference(x[None])[0], engine(x[None])[0]
        same += int(np.argmax(a) == np.argmax(b))
        bits += int(np.array_equal(np.asarray(a).ravel(), np.asarray(b).ravel()))
    print(f"{what}: top-1 agreement {same / len(data):.4f}, equal to the bit {bits / len(data):.4f}, {os.path.getsize(path)} bytes", flush=True)
    assert same >= floor * len(data), (what, same)
    assert bits >= exact * len(data), (what, bits)


def quantised(tmp):
    at = lambda name: os.path.join(tmp, name)
    optimised = lambda package, *options: verge("optimize", R8J, "--data", TRAIN, "--no-timing", "-o", at(package), *options)
    optimised("once.vpk", "--export", at("once.tflite"))
    optimised("twice.vpk", "--rounding", "twice", "--int8-scores", "--export", at("twice.tflite"))
    optimised("twice.vpk", "--int8-io", "--export", at("whole.tflite"))
    optimised("scores.vpk", "--export", at("qdq.onnx"))
    optimised("scores.vpk", "--qoperator", "--opset", "20", "--export", at("qop.onnx"))
    once, twice, scores, data = by_verge(at("once.vpk")), by_verge(at("twice.vpk")), by_verge(at("scores.vpk")), photos()
    agrees(at("once.tflite"), by_litert(at("once.tflite"), False), once, 0.995, data, "LiteRT, its own kernels")
    agrees(at("once.tflite"), by_verge(at("once.tflite")), once, 1, data, "TFLite back into Verge")
    agrees(at("twice.tflite"), by_litert(at("twice.tflite")), twice, 1, data, "LiteRT, reference kernels", exact=MEAN_EXACT)
    agrees(at("twice.tflite"), by_verge(at("twice.tflite")), twice, 1, data, "TFLite of two roundings back into Verge", exact=1)
    agrees(at("whole.tflite"), by_litert(at("whole.tflite")), twice, 1, data, "LiteRT, int8 inputs and outputs")
    # An ONNX file means one rounding, half to even, and so does the package whose ONNX form is exported.
    for name in ("qdq.onnx", "qop.onnx"):
        agrees(at(name), by_ort(at(name)), by_verge(at(name)), 0.995, data, f"ONNX Runtime and Verge, {name}")
        agrees(at(name), by_ort(at(name)), scores, 0.995, data, f"ONNX Runtime and the package, {name}")
    if by_openvino(at("qdq.onnx")):
        agrees(at("qdq.onnx"), by_openvino(at("qdq.onnx")), by_verge(at("qdq.onnx")), 0.995, data, "OpenVINO and Verge, qdq.onnx")
        agrees(at("qdq.onnx"), by_openvino(at("qdq.onnx")), scores, 0.995, data, "OpenVINO and the package, qdq.onnx")
        # A TFLite file cannot keep it from leaving out the rounding of an addend that it fuses into a residual sum.
        agrees(at("once.tflite"), by_openvino(at("once.tflite")), once, 0.985, data, "OpenVINO and the package, TFLite")
    return [at("twice.tflite"), at("whole.tflite")]


def seeded(tmp):
    """Networks without data here: calibrated on noise, compared to the bit."""
    out = []
    for name in SEEDED:
        source = shared(f"models/onnx/{name}.onnx")
        shape = [d if isinstance(d, int) else 1 for d in ort.InferenceSession(source).get_inputs()[0].shape]
        noise = np.random.default_rng(1).random([64] + shape[1:], dtype=np.float32)
        np.savez(os.path.join(tmp, name + ".npz"), x=noise)
        package, path = os.path.join(tmp, name + ".vpk"), os.path.join(tmp, name + ".tflite")
        verge("optimize", source, "--data", os.path.join(tmp, name + ".npz"), "--calibration", "32", "--max-drop", "100", "--no-timing", "--rounding", "twice", "--int8-scores", "-o", package, "--export", path)
        ours, theirs = by_verge(package), by_litert(path)
        equal = sum(np.array_equal(ours(x[None])[0].ravel(), theirs(x[None])[0].ravel()) for x in noise)
        print(f"{name}: {equal} of {len(noise)} equal to LiteRT's reference kernels", flush=True)
        assert equal == len(noise)
        out.append(path)
    return out


def vela(paths, tmp):
    command = os.environ.get("VERGE_VELA") or shutil.which("vela") or os.path.join(os.path.dirname(sys.executable), "vela")
    if not os.path.exists(command):
        print("vela is not installed (ethos-u-vela of PyPI): not asked")
        return
    for path in paths:
        p = subprocess.run([command, path, "--accelerator-config", "ethos-u55-128", "--output-dir", tmp], capture_output=True, text=True)
        assert p.returncode == 0, p.stdout + p.stderr
        share = [line.strip() for line in p.stdout.splitlines() if "NPU operators" in line or "CPU operators" in line]
        print(f"vela takes {os.path.basename(path)}: {', '.join(share)}", flush=True)


def main():
    with tempfile.TemporaryDirectory() as tmp:
        float_models(tmp)
        vela(quantised(tmp) + seeded(tmp), tmp)


main()
