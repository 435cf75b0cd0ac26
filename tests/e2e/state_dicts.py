"""Weights of safetensors files and PyTorch checkpoints in an architecture given as ONNX: the outputs of ONNX Runtime with the same weights."""
import json
import os
import struct
import tempfile

from support import VERGE, need, run, run_model, shared, verge

np, onnx, ort = need("numpy"), need("onnx"), need("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

SAFETENSORS, TORCH = shared("models/safetensors/mnist.safetensors"), shared("models/torch/mnist.pt")


def tensors(path):
    with open(path, "rb") as f:
        data = f.read()
    length, = struct.unpack("<Q", data[:8])
    header, body = json.loads(data[8:8 + length]), data[8 + length:]
    header.pop("__metadata__", None)
    types = {"F32": np.float32, "I64": np.int64}
    return {k: np.frombuffer(body[slice(*v["data_offsets"])], types[v["dtype"]]).reshape(v["shape"]) for k, v in header.items()}


def architecture(path, weights):
    """Three convolutions, normalisation, two dense layers: what the checkpoint is of."""
    node, norm = helper.make_node, lambda x, y, n: helper.make_node("BatchNormalization", [x, n + ".weight", n + ".bias", n + ".running_mean", n + ".running_var"], [y])
    nodes = []
    for i, (x, y) in enumerate([("x", "a"), ("ra", "b"), ("rb", "c")], 1):
        nodes += [node("Conv", [x, f"conv{i}.weight", f"conv{i}.bias"], [y]), node("Relu", [y], ["r" + y])]
    nodes += [norm("rc", "n", "norm1"), node("Flatten", ["n"], ["f"]), node("Gemm", ["f", "fc1.weight", "fc1.bias"], ["g"], transB=1), node("Relu", ["g"], ["rg"]),
              node("Gemm", ["rg", "fc2.weight", "fc2.bias"], ["h"], transB=1), norm("h", "y", "norm2")]
    graph = helper.make_graph(nodes, "mnist", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 28, 28])], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 10])],
                              [numpy_helper.from_array(v, k) for k, v in weights.items() if "num_batches" not in k])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


with tempfile.TemporaryDirectory() as tmp:
    weights = tensors(SAFETENSORS)
    empty, full = tmp + "/empty.onnx", tmp + "/full.onnx"
    architecture(empty, {k: np.zeros_like(v) for k, v in weights.items()})
    architecture(full, weights)
    x = np.random.default_rng(1).normal(size=(1, 1, 28, 28)).astype(np.float32)
    wanted = ort.InferenceSession(full, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    for source in (SAFETENSORS, TORCH):
        verge("convert", empty, "--weights", source, "-o", tmp + "/model.vpk")
        if source == SAFETENSORS:
            got, = run_model([VERGE, "run"], tmp + "/model.vpk", [x])
            assert np.abs(got - wanted).max() < 1e-4 * max(1, np.abs(wanted).max()), np.abs(got - wanted).max()

    # A tensor without place, or of another shape, is named; nothing is dropped in silence.
    missing = onnx.load(empty)
    for i in missing.graph.initializer:
        if i.name == "fc2.bias":
            i.name = "other"
    for n in missing.graph.node:
        n.input[:] = ["other" if name == "fc2.bias" else name for name in n.input]
    onnx.save(missing, tmp + "/missing.onnx")
    p = run(VERGE, "convert", tmp + "/missing.onnx", "--weights", SAFETENSORS, "-o", tmp + "/x.vpk")
    assert p.returncode == 2 and "'fc2.bias': no initializer has this name" in p.stderr and not os.path.exists(tmp + "/x.vpk"), p.stderr
    p = run(VERGE, "convert", empty, "--weights", shared("models/safetensors/multi_layer.safetensors"), "-o", tmp + "/x.vpk")
    assert p.returncode == 2 and "the file wants [8,1,3,3]" in p.stderr, p.stderr
    p = run(VERGE, "convert", empty, "--weights", shared("models/torch/broken.pt"), "-o", tmp + "/x.vpk")
    assert p.returncode == 7, p.stderr
