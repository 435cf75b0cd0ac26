"""An operator of the user's own, built outside of the tree against the installed header alone: planned, run, measured and judged by its reference."""
import os
import subprocess
import tempfile

from support import ROOT, VERGE, need, run, verge, verge_json

np, onnx = need("numpy"), need("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

SOURCE = os.path.join(ROOT, "examples", "custom-operator", "radial_basis.c")


def build(tmp, name, source=SOURCE):
    library = f"{tmp}/{name}.so"
    subprocess.run(["cc", "-std=c11", "-Wall", "-Werror", "-O2", "-fPIC", "-shared", "-I", os.path.join(ROOT, "include"), source, "-lm", "-o", library], check=True)
    return library


def model(path, width=3):
    random = np.random.default_rng(1)
    weights = {"w": random.normal(size=(4, width)), "centres": random.normal(size=(5, 3)), "v": random.normal(size=(5, 2))}
    nodes = [helper.make_node("MatMul", ["x", "w"], ["a"], "before"), helper.make_node("RadialBasis", ["a", "centres"], ["b"], "basis", domain="com.example", gamma=0.25),
             helper.make_node("MatMul", ["b", "v"], ["y"], "after")]
    graph = helper.make_graph(nodes, "custom", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])], [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 2])],
                              [numpy_helper.from_array(v.astype(np.float32), k) for k, v in weights.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid("com.example", 1)], ir_version=8), path)
    return weights


with tempfile.TemporaryDirectory() as tmp:
    library, path = build(tmp, "radial_basis"), tmp + "/model.onnx"
    weights = model(path)
    x = np.random.default_rng(2).normal(size=(7, 4)).astype(np.float32)
    a = x @ weights["w"]
    wanted = np.exp(-0.25 * ((a[:, None] - weights["centres"][None]) ** 2).sum(-1)) @ weights["v"]

    os.mkdir(tmp + "/in")
    np.save(tmp + "/in/input_0.npy", x)
    report = verge_json("run", path, "--plugin", library, "--check-borders", "--input-dir", tmp + "/in", "--output-dir", tmp + "/out")["partitions"]
    assert np.abs(np.load(tmp + "/out/output_0.npy") - wanted).max() < 1e-5
    assert [p["engine"] for p in report] == ["radial-basis"] and report[0]["checked"] == 1 and report[0]["worst"] < 1e-6, report

    places = {n["node"]: n for n in verge_json("plan", path, "--plugin", library, "--dim", "N=7")["nodes"]}
    assert [places[n]["place"] for n in ("before", "basis", "after")] == ["verge", "radial-basis", "verge"], places
    assert places["basis"]["estimated_us"] > 1, "the plug-in's own cost counts"
    assert verge_json("bench", path, "--plugin", library, "--dim", "N=7", "--seconds", "0.1")["samples"] >= 10

    # The plug-in's words arrive; a wrong `run` is found by its reference; what is no plug-in is refused.
    model(tmp + "/wrong.onnx", width=2)
    p = run(VERGE, "run", tmp + "/wrong.onnx", "--plugin", library, "--input-dir", tmp + "/in", "--output-dir", tmp + "/out")
    assert p.returncode != 0 and "wants x f32[n,d]" in p.stderr and "basis" in p.stderr, p.stderr
    with open(SOURCE) as whole, open(tmp + "/wrong.c", "w") as part:
        part.write(whole.read().replace("expf(-gamma", "fabsf(-gamma"))
    wrong = build(tmp, "wrong", tmp + "/wrong.c")
    report = verge_json("run", path, "--plugin", wrong, "--check-borders", "--input-dir", tmp + "/in", "--output-dir", tmp + "/out")["partitions"]
    assert report[0]["worst"] > 0.1, report
    p = run(VERGE, "plan", path, "--plugin", os.path.join(os.path.dirname(VERGE), "verge-delegate-onnxruntime.so"))
    assert p.returncode == 2 and "verge_plugin" in p.stderr, p.stderr
    p = run(VERGE, "plan", path, "--plugin", library, "--plugin", library)
    assert p.returncode == 2 and "com.example:RadialBasis" in p.stderr, p.stderr
    p = run(VERGE, "run", path, "--input-dir", tmp + "/in", "--output-dir", tmp + "/out")
    assert p.returncode == 3 and "RadialBasis" in p.stderr, p.stderr
