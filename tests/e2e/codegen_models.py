"""Generated C of models beyond the MLPerf Tiny ones gives the runtime's bytes on this machine, under the undefined-behaviour sanitizer; floats within 1e-5.
Convolutions and functions of floats are computed step by step as in the runtime: without fused multiply-add as its portable kernels do, with it as all others do."""
import os
import platform
import shutil
import sys
import tempfile

from support import ROOT, VERGE, need, run_model, shared, skip

sys.path.insert(0, os.path.join(ROOT, "bench", "mcu"))
import mcu  # noqa: E402

np = need("numpy")
MODELS = {  # file: type and shape of its input, targets whose kernels take part
    "2778683128d5_mobilenet_v2_quantized_1x3x224x224": (np.int8, (1, 3, 224, 224), ("cortex-m4", "cortex-m55")),
    "cb273c23ee76_mobilenet_v1_0.25_128_quant": (np.uint8, (1, 128, 128, 3), ("host",)),
    "dc27dcd823f5_pretrainedResnet_large_int8": (np.int8, (1, 32, 32, 3), ("host", "cortex-m4", "cortex-m55")),
    "94375ed22731_micro_speech_lstm": (np.int8, (1, 49, 257), ("host",)),
    "a44e4d8a6c05_trained_lstm_int8": (np.int8, (1, 28, 28), ("host",)),
    "fc2b2a0e6073_static_w8_a16_quantized_k_einsum": (np.int16, (8, 100, 128), ("host",)),
    "b5c0046d6e03_pretrainedResnet": (np.float32, (1, 32, 32, 3), ("host",)),
}
FLOATS_IN_STEP = {"2fca4915a676_yolox_nano_int8_quantize": (np.float32, (1, 3, 416, 416))}  # convolutions of floats, outputs of 8 bits


def values(dtype, shape):
    random = np.random.default_rng(7)
    if dtype == np.float32:
        return random.normal(size=shape).astype(dtype)
    limits = np.iinfo(dtype)
    return random.integers(limits.min, limits.max, shape, endpoint=True).astype(dtype)


def steps_as_the_runtime(name, dtype, shape):
    model, x = shared(f"models/tflite/models/{name}.tflite"), values(dtype, shape)
    with open("/proc/cpuinfo") as f:
        fused = platform.machine() == "x86_64" and " fma " in f.read()
    with tempfile.TemporaryDirectory() as tmp:
        x.tofile(tmp + "/cases.bin")
        for flags, cap in [((), "any")] + ([(("-mfma",), "avx2")] if fused else []):
            wanted = run_model((VERGE, "run"), model, [x], VERGE_ISA_CAP=cap)[0]
            got = np.frombuffer(mcu.run_on_host(model, "host", tmp + "/cases.bin", "fast", flags), wanted.dtype).reshape(wanted.shape)
            print(f"{name[:12]} {' '.join(flags):6} runtime {cap:5} {np.count_nonzero(got != wanted)} of {wanted.size} differ", flush=True)
            assert len(np.unique(wanted)) > 50 and np.array_equal(got, wanted)


def differences(name, dtype, shape, targets, modes):
    """Of each target and mode the distances of all values, and the largest value."""
    model, x = shared(f"models/tflite/models/{name}.tflite"), values(dtype, shape)
    wanted = run_model((VERGE, "run"), model, [x])[0]
    with tempfile.TemporaryDirectory() as tmp:
        x.tofile(tmp + "/cases.bin")
        for target in targets:
            for mode in modes:
                got = np.frombuffer(mcu.run_on_host(model, target, tmp + "/cases.bin", mode), wanted.dtype).reshape(wanted.shape)
                off = np.abs(got.astype(np.float64) - wanted.astype(np.float64))
                print(f"{name[:12]} {target:11} {mode:6} {np.count_nonzero(off)} of {off.size} differ, by at most {off.max():.2g}", flush=True)
                yield off, np.abs(wanted).max()


def with_small_weights(model, to):
    """A copy of a .tflite file whose int8 weights are a sixteenth, so that 4 bits hold them."""
    schema = need("tflite")
    with open(model, "rb") as f:
        data = bytearray(f.read())
    parsed = schema.Model.GetRootAs(data, 0)
    graph, values = parsed.Subgraphs(0), np.frombuffer(data, np.int8)
    for i in range(graph.TensorsLength()):
        tensor = graph.Tensors(i)
        stored = parsed.Buffers(tensor.Buffer()).DataAsNumpy()
        if tensor.Type() == schema.TensorType.INT8 and not isinstance(stored, int) and stored.size:
            at = stored.__array_interface__["data"][0] - values.__array_interface__["data"][0]
            values[at:at + stored.size] >>= 4
    with open(to, "wb") as f:
        f.write(data)


def stores_weights_of_four_bits():
    with tempfile.TemporaryDirectory() as tmp:
        model, x = tmp + "/small.tflite", values(np.int8, (1, 49, 10, 1))
        with_small_weights(shared("yardsticks/mcu/models/kws.tflite"), model)
        x.tofile(tmp + "/cases.bin")
        wanted = run_model((VERGE, "run"), model, [x])[0]
        for target in ("cortex-m4", "cortex-m55"):
            fast, flash = (mcu.generate(model, target, tmp, mode)[0]["weight_bytes"] for mode in ("fast", "flash"))
            print(f"weights of 4 bits, {target}: {fast} bytes in fast mode, {flash} in flash mode", flush=True)
            assert flash < 0.75 * fast
            for mode in ("fast", "flash"):
                assert mcu.run_on_host(model, target, tmp + "/cases.bin", mode) == wanted.tobytes(), (target, mode)


if not shutil.which("cc"):
    skip("no C compiler (cc)")
for name, (dtype, shape, targets) in MODELS.items():
    for off, largest in differences(name, dtype, shape, targets, mcu.MODES):
        assert off.max() <= (1e-5 * max(1.0, largest) if dtype == np.float32 else 0)
stores_weights_of_four_bits()
for name, arguments in FLOATS_IN_STEP.items():
    steps_as_the_runtime(name, *arguments)
