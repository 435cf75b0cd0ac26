"""What a user proves with: compare names the damaged layer, bisect the pass that rounds, fit the reasons, gate what became worse."""
import json
import os
import tempfile

from support import INSPECTION, VERGE, need, run, verge, verge_json

np, onnx = need("numpy"), need("onnx")


def damaged(path):
    """The demo model with one weight tensor four times too large: the name of what the node gives that reads it."""
    model = onnx.load(INSPECTION)
    node = [n for n in model.graph.node if n.op_type == "Conv"][4]
    weights = next(i for i in model.graph.initializer if i.name == node.input[1])
    weights.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(weights) * np.float32(4), weights.name))
    onnx.save(model, path)
    return node.output[0]


def compare(tmp):
    name = damaged(tmp + "/damaged.onnx")
    first = verge_json("compare", tmp + "/damaged.onnx", INSPECTION)["first_diverging"]
    order = [n.output[0] for n in onnx.load(INSPECTION).graph.node]
    assert 0 <= order.index(first["tensor"]) - order.index(name) <= 2, (first, name)  # its activation may have been fused
    assert verge_json("compare", INSPECTION, INSPECTION)["first_diverging"] is None


def channels_last(path):
    """The demo model with its picture's channels last."""
    model = onnx.load(INSPECTION)
    picture = model.graph.input[0]
    planes = [d.dim_value or 1 for d in picture.type.tensor_type.shape.dim]
    model.graph.node.insert(0, onnx.helper.make_node("Transpose", ["pixels"], [picture.name], "planes", perm=[0, 3, 1, 2]))
    picture.CopyFrom(onnx.helper.make_tensor_value_info("pixels", onnx.TensorProto.FLOAT, [planes[0], *planes[2:], planes[1]]))
    for entry in model.metadata_props:
        if entry.key == "verge.pipeline":
            entry.value = json.dumps(dict(json.loads(entry.value), layout="NHWC"))
    onnx.save(model, path)
    return planes


def both_layouts(tmp):
    """A package with channels last against the channels-first file: pictures and arrays go to each as its input lies."""
    planes = channels_last(tmp + "/last.onnx")
    verge("convert", tmp + "/last.onnx", "-o", tmp + "/last.vpk")
    verge("data", "make", "inspection", "--count", "24", "--seed", "5", "-o", tmp + "/few")
    report = verge_json("validate", tmp + "/last.vpk", "--data", tmp + "/few", "--against", INSPECTION)
    assert report["agreement"] == 1 and report["max_abs_diff"] < 1e-4 and report["samples"] == 24, report
    os.mkdir(tmp + "/arrays")
    for i in range(6):
        np.save(f"{tmp}/arrays/{i}.npy", np.random.default_rng(i).normal(size=[*planes[2:], planes[1]]).astype(np.float32))
    report = verge_json("validate", tmp + "/last.vpk", "--data", tmp + "/arrays", "--against", INSPECTION)
    assert report["max_abs_diff"] < 1e-4 and report["samples"] == 6, report


def normalised(path):
    """The demo model with a batch normalisation behind its first convolution."""
    model = onnx.load(INSPECTION)
    place, conv = next((i, n) for i, n in enumerate(model.graph.node) if n.op_type == "Conv")
    channels = next(i for i in model.graph.initializer if i.name == conv.input[1]).dims[0]
    parts = {name: np.random.default_rng(1).uniform(0.5, 1.5, channels).astype(np.float32) for name in ("scale", "shift", "mean", "variance")}
    model.graph.initializer.extend(onnx.numpy_helper.from_array(values, name) for name, values in parts.items())
    model.graph.node.insert(place + 1, onnx.helper.make_node("BatchNormalization", ["raw", *parts], [conv.output[0]], "normalisation"))
    conv.output[0] = "raw"
    onnx.save(model, path)


def bisect(tmp):
    normalised(tmp + "/normalised.onnx")
    report = verge_json("bisect", tmp + "/normalised.onnx")
    assert report["moved_by"] is None and len(report["passes"]) > 10, report
    assert verge_json("bisect", tmp + "/normalised.onnx", "--tolerance", "0")["moved_by"] == "fold_weights", "folding batch normalisation rounds the weights anew"


def fit():
    report = verge_json("fit", INSPECTION, "--max-ms", "1")
    verdicts = {t["target"]: t for t in report["targets"]}
    assert not verdicts["cortex-m0plus"]["fits"] and len(verdicts["cortex-m0plus"]["reasons"]) >= 2, verdicts["cortex-m0plus"]
    assert verdicts["rpi5"]["estimate"]["label"] == "estimated" and report["f32_macs"] > 20e6


def gate(tmp):
    verge("data", "make", "inspection", "--count", "60", "--seed", "5", "-o", tmp + "/pictures")
    lock, junit = tmp + "/lock.json", tmp + "/gate.xml"
    verge("gate", INSPECTION, "--data", tmp + "/pictures", "--baseline", lock, "--update")
    verge("gate", INSPECTION, "--data", tmp + "/pictures", "--baseline", lock, "--latency", "100000", "--junit", junit)
    assert 'failures="0"' in open(junit).read()
    p = run(VERGE, "gate", tmp + "/damaged.onnx", "--data", tmp + "/pictures", "--baseline", lock, "--latency", "100000", "--junit", junit)
    assert p.returncode == 4 and "worse than the baseline" in p.stderr and "<failure" in open(junit).read(), p.stderr
    with open(lock, "w") as f:
        json.dump({"file_bytes": 1}, f)
    p = run(VERGE, "gate", INSPECTION, "--data", tmp + "/pictures", "--baseline", lock)
    assert p.returncode == 7 and "not a baseline" in p.stderr, p.stderr
    p = run(VERGE, "gate", INSPECTION, "--data", tmp + "/pictures", "--baseline", os.path.join(tmp, "absent.json"))
    assert p.returncode == 5 and "--update" in p.stderr, p.stderr


with tempfile.TemporaryDirectory() as folder:
    compare(folder)
    both_layouts(folder)
    bisect(folder)
    fit()
    gate(folder)
print("compared, bisected, fitted, gated")
