"""Nodes that Verge lacks run in ONNX Runtime where that is allowed: prefer, require and forbid, the plan, the checks at the borders."""
import glob
import os
import tempfile

from support import VERGE, need, run, verge_json

np, onnx, ort = need("numpy"), need("onnx"), need("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

LIBRARY = glob.glob(os.path.join(os.path.dirname(ort.__file__), "capi", "libonnxruntime.so.*"))[0]
ENGINE = f"onnxruntime={LIBRARY}"


def model(path, between):
    """conv -> Inverse -> `between` -> CDist -> softmax: Verge knows neither Inverse nor CDist."""
    random = np.random.default_rng(3)
    weights = {"w": random.normal(size=(4, 3, 3, 3)), "points": random.normal(size=(5, 4)), "big": random.normal(size=(4, 4))}
    nodes = [helper.make_node("Conv", ["x", "w"], ["image"], "first", kernel_shape=[3, 3]),
             helper.make_node("Inverse", ["image"], ["inverse"], "turned", domain="com.microsoft"),
             *between,
             helper.make_node("ReduceMean", ["middle"], ["flat"], "mean", axes=[0, 1], keepdims=0),
             helper.make_node("CDist", ["flat", "points"], ["distance"], "far", domain="com.microsoft", metric="euclidean"),
             helper.make_node("Softmax", ["distance"], ["y"], "last", axis=-1)]
    graph = helper.make_graph(nodes, "mixed", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 6, 6])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4, 5])],
                              [numpy_helper.from_array(v.astype(np.float32), k) for k, v in weights.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid("com.microsoft", 1)], ir_version=8), path)


def quantised_early(path):
    """Q -> DQ -> conv with weights that have a scale per channel, and opset 11."""
    random = np.random.default_rng(5)
    values = {"w": random.integers(-127, 128, (4, 3, 3, 3)).astype(np.int8), "s": random.uniform(1e-3, 1e-2, 4).astype(np.float32), "z": np.zeros(4, np.int8),
              "xs": np.float32(0.02), "xz": np.int8(3)}
    nodes = [helper.make_node("QuantizeLinear", ["x", "xs", "xz"], ["q"], "q"), helper.make_node("DequantizeLinear", ["q", "xs", "xz"], ["d"], "d"),
             helper.make_node("DequantizeLinear", ["w", "s", "z"], ["wd"], "wd", axis=0), helper.make_node("Conv", ["d", "wd"], ["y"], "conv")]
    graph = helper.make_graph(nodes, "early", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 6, 6])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, 4, 4])], [numpy_helper.from_array(v, k) for k, v in values.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=7), path)


def run_on(path, x, *options, **environment):
    with tempfile.TemporaryDirectory() as tmp:
        os.mkdir(tmp + "/in")
        np.save(tmp + "/in/input_0.npy", x)
        p = run(VERGE, "run", path, "--input-dir", tmp + "/in", "--output-dir", tmp + "/out", *options, **environment)
        out = np.load(tmp + "/out/output_0.npy") if p.returncode == 0 else None
        return p, out


with tempfile.TemporaryDirectory() as tmp:
    small, large = tmp + "/small.onnx", tmp + "/large.onnx"
    model(small, [helper.make_node("Relu", ["inverse"], ["middle"], "between")])
    model(large, [helper.make_node("Tile", ["inverse", "times"], ["many"], "tile"), helper.make_node("MatMul", ["many", "big"], ["middle"], "between")])
    file = onnx.load(large)
    file.graph.initializer.append(numpy_helper.from_array(np.array([1, 4000, 1, 1], np.int64), "times"))
    onnx.save(file, large)
    x = np.random.default_rng(4).normal(size=(1, 3, 6, 6)).astype(np.float32)
    wanted = ort.InferenceSession(small, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]

    # prefer: the two go to ONNX Runtime, and the small island between them too.
    p, got = run_on(small, x, "--prefer", ENGINE, "--json")
    assert p.returncode == 0, p.stderr
    assert np.abs(got - wanted).max() < 1e-4, np.abs(got - wanted).max()
    plan = verge_json("plan", small, "--prefer", ENGINE)
    places = {n["node"]: n for n in plan["nodes"]}
    assert {n: p["place"] for n, p in places.items()} == {"first": "verge", "turned": "onnxruntime", "between": "onnxruntime", "mean": "onnxruntime", "far": "onnxruntime", "last": "verge"}, places
    assert "no rule" in places["turned"]["reason"] and "hand-overs" in places["between"]["reason"], places
    assert len(plan["partitions"]) == 1 and plan["partitions"][0]["bytes_in"] == 4 * 4 * 4 * 4 and plan["partitions"][0]["runs"] == 1, plan["partitions"]

    # An island with work of its own stays: two partitions.
    plan = verge_json("plan", large, "--prefer", ENGINE)
    places = {n["node"]: n for n in plan["nodes"]}
    assert places["between"]["place"] == "verge" and "hand-overs" in places["between"]["reason"] and len(plan["partitions"]) == 2, places
    wanted_large = ort.InferenceSession(large, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    p, got = run_on(large, x, "--prefer", ENGINE)
    assert p.returncode == 0 and np.abs(got - wanted_large).max() < 1e-4 and "2 nodes" not in p.stdout, p.stderr

    # require verge, and no wish at all: exit 3, both named.
    for options in (["--require", "verge"], []):
        p, _ = run_on(small, x, *options)
        assert p.returncode == 3 and p.stderr.startswith("unsupported") and "Inverse" in p.stderr and "CDist" in p.stderr and "turned" in p.stderr and "far" in p.stderr, p.stderr
    plan = verge_json("plan", small)
    nowhere = {n["node"] for n in plan["nodes"] if n["place"] is None}
    assert nowhere == {"turned", "far"} and not plan["runs"], plan

    # forbid beats the environment; prefer from the environment works.
    p, _ = run_on(small, x, "--forbid", "onnxruntime", VERGE_PREFER=ENGINE)
    assert p.returncode == 3, p.stderr
    p, got = run_on(small, x, VERGE_PREFER=ENGINE)
    assert p.returncode == 0 and np.abs(got - wanted).max() < 1e-4, p.stderr
    p, _ = run_on(small, x, "--prefer", ENGINE, "--forbid", "onnxruntime")
    assert p.returncode == 2, p.stderr

    # Everything there; and the borders are checked where Verge can do the same.
    known = tmp + "/known.onnx"
    file = onnx.load(small)
    file.graph.node[1].CopyFrom(helper.make_node("Sqrt", ["image"], ["inverse"], "turned"))
    file.graph.node[4].CopyFrom(helper.make_node("MatMul", ["flat", "big"], ["distance"], "far"))
    file.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, [4, 4]))
    onnx.save(file, known)
    plan = verge_json("plan", known, "--require", ENGINE, "--check-borders")
    part = plan["partitions"][0]
    assert plan["counts"] == {"onnxruntime": 6} and part["checked"] == 1 and part["worst"] < 1e-5, plan
    assert part["not_finite"] == 1, "the root of a negative number is NaN, from finite inputs: counted"

    # A scale per channel in a file of opset 11, as quantisers write it: handed over at opset 13, which has the axis.
    early = tmp + "/early.onnx"
    quantised_early(early)
    plan = verge_json("plan", early, "--require", ENGINE, "--check-borders")
    part = plan["partitions"][0]
    assert plan["counts"] == {"onnxruntime": 4} and part["checked"] == 1 and part["worst"] < 1e-5, plan

    # Not installed: words, and exit code 5.
    p = run(VERGE, "plan", small, "--prefer", "onnxruntime=/nowhere/libonnxruntime.so")
    assert p.returncode == 5 and "pip install onnxruntime" in p.stderr, p.stderr
    p = run(VERGE, "plan", small, "--prefer", "other")
    assert p.returncode == 5 and "verge-delegate-other.so" in p.stderr, p.stderr
