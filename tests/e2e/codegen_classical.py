"""Generated C of trees, linear models and scalers of ai.onnx.ml, of weighted resizing and of cepstral coefficients, gives the runtime's numbers on this machine: labels and
integers to the bit, floats within 1e-5."""
import os
import shutil
import sys
import tempfile

from support import ROOT, VERGE, need, run_model, skip

sys.path.insert(0, os.path.join(ROOT, "bench", "mcu"))
import mcu  # noqa: E402

np = need("numpy")
onnx = need("onnx")
from classical_models import FEATURES, model, random_trees  # noqa: E402
from onnx import TensorProto, helper  # noqa: E402

if not shutil.which("cc"):
    skip("no C compiler (cc)")

CASES = 20
rng = np.random.default_rng(3)
floats = lambda *shape: [float(v) for v in rng.normal(size=shape).astype(np.float32).ravel()]


def check(name, proto, cases):
    """`cases`: [count, ...the model's input]. Compares the first output."""
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "model.onnx")
        onnx.save(proto, path)
        wanted = np.stack([run_model((VERGE, "run"), path, [x])[0] for x in cases])
        cases.tofile(tmp + "/cases.bin")
        got = np.frombuffer(mcu.run_on_host(path, "host", tmp + "/cases.bin"), wanted.dtype).reshape(wanted.shape)
    error = np.abs(got.astype(np.float64) - wanted.astype(np.float64)).max()
    print(f"{name:28} largest difference {error:.1e} of {np.abs(wanted).max():.3g}", flush=True)
    assert error <= (1e-5 * max(1.0, np.abs(wanted).max()) if wanted.dtype == np.float32 else 0)
    assert wanted.dtype == np.float32 or len(set(wanted.ravel().tolist())) > 1, "one answer to everything"


def scores_alone(proto):
    """The classifier without its labels."""
    del proto.graph.output[0]
    return proto


def resizing(mode, shape, to):
    x, y = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape), helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    sizes = helper.make_tensor("sizes", TensorProto.INT64, [4], to)
    node = helper.make_node("Resize", ["x", "", "", "sizes"], ["y"], mode=mode, coordinate_transformation_mode="half_pixel")
    return helper.make_model(helper.make_graph([node], "resize", [x], [y], [sizes]), opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def masking():
    """where(x > 0.5, x, -x) and the place of its greatest value in a row of a constant table."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [4, FEATURES])
    nodes = [helper.make_node("Greater", ["x", "half"], ["large"]), helper.make_node("Neg", ["x"], ["negative"]), helper.make_node("Where", ["large", "x", "negative"], ["z"]),
             helper.make_node("ArgMax", ["z"], ["at"], axis=1, keepdims=0), helper.make_node("Gather", ["table", "at"], ["y"], axis=0)]
    constants = [helper.make_tensor("half", TensorProto.FLOAT, [], [0.5]), helper.make_tensor("table", TensorProto.INT64, [FEATURES], [5, -3, 900, 17, 2, -8])]
    graph = helper.make_graph(nodes, "masking", [x], [helper.make_tensor_value_info("y", TensorProto.INT64, [4])], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def cepstrum(samples=800, frame=80, bins=20, bands=10, coefficients=6):
    """Cepstral coefficients of a sound: waves of a frame, energies, bands, logarithm, cosines."""
    at = np.arange(frame)
    angles = 2 * np.pi / frame * np.outer(np.arange(1, bins + 1), at)
    waves = np.stack([np.cos(angles), np.sin(angles)], 1).reshape(2 * bins, 1, frame, 1)
    triangles = np.maximum(0, 1 - np.abs(np.arange(2 * bins)[None] / 4 - np.arange(bands)[:, None])).reshape(bands, 2 * bins, 1, 1)
    cosines = np.cos(np.pi / bands * np.outer(np.arange(coefficients), np.arange(bands) + 0.5)).reshape(coefficients, bands, 1, 1)
    constant = lambda name, v: helper.make_tensor(name, TensorProto.FLOAT, v.shape, v.astype(np.float32).ravel().tolist())
    nodes = [helper.make_node("Conv", ["x", "waves"], ["w"], strides=[40, 1]), helper.make_node("Mul", ["w", "w"], ["e"]), helper.make_node("Conv", ["e", "triangles"], ["b"]),
             helper.make_node("Add", ["b", "floor"], ["f"]), helper.make_node("Log", ["f"], ["l"]), helper.make_node("Conv", ["l", "cosines"], ["y"])]
    graph = helper.make_graph(nodes, "cepstrum", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, samples, 1])], [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
                              [constant("waves", waves), constant("triangles", triangles), constant("cosines", cosines), constant("floor", np.full((1, 1, 1, 1), 1e-6))])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def pointwise(*operators):
    nodes = [helper.make_node(op, [f"x{i}" if i else "x"], [f"x{i + 1}" if i + 1 < len(operators) else "y"]) for i, op in enumerate(operators)]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [64]) for name in "xy"]
    return helper.make_model(helper.make_graph(nodes, "pointwise", ends[:1], ends[1:]), opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


x = rng.normal(size=(CASES, 1, FEATURES)).astype(np.float32)
holes = np.where(rng.random(x.shape) < 0.2, np.float32("nan"), x).astype(np.float32)
check("regressor of 20 trees", model("TreeEnsembleRegressor", dict(random_trees(rng, "target", 1, 20, False), n_targets=1), False, 1), x)
classes = dict(random_trees(rng, "class", 3, 12, True), classlabels_int64s=[3, 1, 9])
check("labels of 12 trees, holes", model("TreeEnsembleClassifier", classes, True, 1), holes)
check("scores of 12 trees, holes", scores_alone(model("TreeEnsembleClassifier", classes, True, 1)), holes)
linear = dict(coefficients=floats(3, FEATURES), intercepts=floats(3), classlabels_ints=[2, 0, 1], post_transform="SOFTMAX")
check("labels of a linear model", model("LinearClassifier", linear, True, 1), x)
check("scores of a linear model", scores_alone(model("LinearClassifier", linear, True, 1)), x)
check("scaler", model("Scaler", dict(offset=floats(FEATURES), scale=floats(FEATURES)), False, 1), x)
check("normalizer, L2", model("Normalizer", dict(norm="L2"), False, 1), x)
check("normalizer", model("Normalizer", dict(norm="MAX"), False, 1), x)
check("masking", masking(), rng.normal(size=(CASES, 4, FEATURES)).astype(np.float32))
check("picture made smaller", resizing("linear", [1, 3, 24, 32], [1, 3, 10, 13]), rng.normal(size=(2, 1, 3, 24, 32)).astype(np.float32))
check("picture made larger", resizing("cubic", [1, 3, 8, 8], [1, 3, 20, 17]), rng.normal(size=(2, 1, 3, 8, 8)).astype(np.float32))
magnitudes = np.exp(rng.uniform(-80, 80, (CASES, 64))).astype(np.float32)
check("logarithm", pointwise("Log"), magnitudes)
check("root", pointwise("Sqrt", "Log"), magnitudes)
check("cepstral coefficients", cepstrum(), rng.normal(size=(3, 1, 1, 800, 1)).astype(np.float32))
