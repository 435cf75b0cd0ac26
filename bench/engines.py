"""The engines that benchmarks compare: a model as a function that runs it once on fixed inputs."""
import atexit
import os
import shutil
import subprocess
import sys
import tempfile

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "build", "release", "python"))
import verge  # noqa: E402


def noise(shape, dtype):
    rng = np.random.default_rng(1)
    shape = [d if isinstance(d, (int, np.integer)) and d > 0 else 1 for d in shape]
    if np.dtype(dtype).kind == "f":
        return rng.random(shape).astype(dtype)
    return rng.integers(0, 100 if np.dtype(dtype).itemsize == 1 else 2, shape).astype(dtype)  # wide integers are tokens and kinds of tokens


def verge_runner(path, threads, precision="f32"):
    if precision != "f32" and not path.endswith(".vpk"):
        path = converted(path, threads, precision)
    options = verge.SessionOptions()
    options.intra_op_num_threads = threads
    runner = verge.InferenceSession(path, options)._runner
    for i, info in enumerate(runner.inputs):
        runner.set_input(i, noise(info.shape, info.dtype))
    return runner.run


def converted(path, threads, precision):
    """A package of the model whose products are of that precision, in a folder that is removed at the end."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    package = os.path.join(folder, "model.vpk")
    subprocess.run([os.path.join(ROOT, "build", "release", "verge"), "convert", path, "-o", package, "--precision", precision, "--threads", str(threads)], check=True, capture_output=True)
    return package


def onnxruntime_runner(path, threads):
    import onnxruntime
    onnxruntime.set_default_logger_severity(3)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    types = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(uint8)": np.uint8, "tensor(int8)": np.int8}
    feeds = {i.name: noise(i.shape, types[i.type]) for i in session.get_inputs()}
    return lambda: session.run(None, feeds)


def openvino_runner(path, threads, precision="f32"):
    import openvino
    config = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1}
    request = openvino.Core().compile_model(path, "CPU", config).create_infer_request()
    for i, port in enumerate(request.model_inputs):
        shape = [d.get_length() if d.is_static else 1 for d in port.get_partial_shape()]
        request.set_input_tensor(i, openvino.Tensor(noise(shape, port.get_element_type().to_dtype())))
    return request.infer


def litert_runner(path, threads):
    from ai_edge_litert.interpreter import Interpreter
    it = Interpreter(path, num_threads=threads)
    it.allocate_tensors()
    for d in it.get_input_details():
        it.set_tensor(d["index"], noise(d["shape"], d["dtype"]))
    return it.invoke


PEERS = {".onnx": {"ONNX Runtime": onnxruntime_runner, "OpenVINO": openvino_runner}, ".tflite": {"LiteRT": litert_runner}}


BF16_PEERS = {".onnx": {"OpenVINO": lambda path, threads: openvino_runner(path, threads, "bf16")}, ".tflite": {}}  # the others compute floats in f32 here


def runners_of(models, threads, precision="f32"):
    """(engine, runner) of every peer that is installed, takes the model and has the precision."""
    peers = PEERS if precision == "f32" else BF16_PEERS
    for path in models:
        for name, make in peers[os.path.splitext(path)[1]].items():
            try:
                yield name, make(path, threads)
            except ImportError:
                continue
            except Exception as error:
                print(f"{name} does not run {os.path.basename(path)}: {str(error).splitlines()[0]}", file=sys.stderr)
