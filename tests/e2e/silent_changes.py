"""Changes of numbers that a careless importer makes without a word: small ONNX models give ONNX Runtime's outputs, and not those of the mistake.

Each trap comes with the outputs of the mistake that it is about; the test fails where these cannot be told from the right ones.
"""
import os
import sys
import tempfile

from support import BUILD, VERGE, need, run_model

np, onnx, ort = need("numpy"), need("onnx"), need("onnxruntime")
sys.path.insert(0, os.path.join(BUILD, "python"))
import verge as bindings  # noqa: E402

helper, numpy_helper = onnx.helper, onnx.numpy_helper
ort.set_default_logger_severity(3)
FLOAT = onnx.TensorProto.FLOAT


def model(nodes, inputs, constants=None, opset=17):
    tensors = [numpy_helper.from_array(np.asarray(v), k) for k, v in (constants or {}).items()]
    infos = [helper.make_tensor_value_info(n, FLOAT, s) for n, s in inputs]
    graph = helper.make_graph(nodes, "trap", infos, [helper.make_tensor_value_info("y", FLOAT, None)], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def reference(m):
    """Without its optimiser, which rounds activations beside int8 weights."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(m.SerializeToString(), options, providers=["CPUExecutionProvider"])


def outputs(m, feeds):
    """Ours through the command line, in the model's order of inputs, and ONNX Runtime's."""
    session = reference(m)
    wanted = session.run(None, feeds)[0]
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "model.onnx")
        onnx.save(m, path)
        got = run_model([VERGE, "run"], path, [feeds[i.name] for i in session.get_inputs()])[0]
        named = bindings.InferenceSession(path).run(["y"], dict(reversed(list(feeds.items()))))[0]
    np.testing.assert_array_equal(got, named)
    return got, wanted


def trap(name, right, wrong, feeds):
    got, wanted = outputs(right, feeds)
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5, err_msg=name)
    mistaken = reference(wrong).run(None, feeds)[0]
    told_apart = mistaken.shape != wanted.shape or np.abs(mistaken - wanted).max() > 1e-3
    assert told_apart, f"{name}: this input does not tell the mistake from the right answer"
    print(f"{name:60} as ONNX Runtime")


def image(*shape):
    return np.random.default_rng(5).normal(size=shape).astype(np.float32)


def same_padding():
    """At stride 2 an even size needs one row more at one side: below for SAME_UPPER, above for SAME_LOWER."""
    w, x = image(4, 3, 3, 3), {"x": image(1, 3, 8, 8)}
    conv = lambda **a: model([helper.make_node("Conv", ["x", "w"], ["y"], strides=[2, 2], **a)], [("x", [1, 3, 8, 8])], {"w": w})
    trap("SAME_UPPER at stride 2", conv(auto_pad="SAME_UPPER"), conv(pads=[1, 1, 1, 1]), x)
    trap("SAME_LOWER at stride 2", conv(auto_pad="SAME_LOWER"), conv(auto_pad="SAME_UPPER"), x)
    pool = lambda pads: model([helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[3, 3], strides=[2, 2], **pads)], [("x", [1, 3, 8, 8])])
    trap("SAME_UPPER of a max pool at stride 2", pool({"auto_pad": "SAME_UPPER"}), pool({"pads": [1, 1, 1, 1]}), x)


def resize_coordinates():
    x = {"x": image(1, 2, 5, 7)}

    def resize(coordinate, mode="linear", **attributes):
        node = helper.make_node("Resize", ["x", "", "", "sizes"], ["y"], mode=mode, coordinate_transformation_mode=coordinate, **attributes)
        return model([node], [("x", [1, 2, 5, 7])], {"sizes": np.array([1, 2, 8, 15], np.int64)})

    for a in ("half_pixel", "align_corners", "asymmetric"):
        for b in ("half_pixel", "align_corners", "asymmetric"):
            if a != b:
                trap(f"Resize {a}, not {b}", resize(a), resize(b), x)
    trap("Resize nearest rounds down where it says so", resize("asymmetric", "nearest", nearest_mode="floor"), resize("asymmetric", "nearest", nearest_mode="ceil"), x)


def ceil_mode():
    x = {"x": image(1, 2, 6, 6)}
    pool = lambda op, **a: model([helper.make_node(op, ["x"], ["y"], kernel_shape=[3, 3], strides=[2, 2], **a)], [("x", [1, 2, 6, 6])], opset=19)
    for op in ("MaxPool", "AveragePool"):
        trap(f"{op} with ceil_mode", pool(op, ceil_mode=1), pool(op), x)
    padded = lambda count: pool("AveragePool", ceil_mode=1, pads=[1, 1, 0, 0], count_include_pad=count)
    trap("AveragePool that counts its padding, and not what lies beyond", padded(1), padded(0), x)


def epsilon():
    """Small variances make epsilon count."""
    x = {"x": 1e-2 * image(2, 4, 5, 5)}
    ones, zeros = np.ones(4, np.float32), np.zeros(4, np.float32)
    constants = {"s": ones, "b": zeros, "m": zeros, "v": np.full(4, 1e-3, np.float32)}
    batch = lambda e: model([helper.make_node("BatchNormalization", ["x", "s", "b", "m", "v"], ["y"], epsilon=e)], [("x", [2, 4, 5, 5])], constants)
    trap("epsilon of BatchNormalization", batch(1e-2), batch(1e-5), x)
    instance = lambda e: model([helper.make_node("InstanceNormalization", ["x", "s", "b"], ["y"], epsilon=e)], [("x", [2, 4, 5, 5])], constants)
    trap("epsilon of InstanceNormalization", instance(1e-2), instance(1e-5), x)
    layer = lambda e: model([helper.make_node("LayerNormalization", ["x", "g"], ["y"], axis=-1, epsilon=e)], [("x", [2, 4, 5, 5])], {"g": np.ones(5, np.float32)})
    trap("epsilon of LayerNormalization", layer(1e-2), layer(1e-5), x)


def swapped_inputs():
    """Inputs belong to their names; the first that a node reads need not be the first of the model."""
    feeds = {"b": image(3, 4), "a": image(3, 4) + 5}
    minus = lambda first, second: model([helper.make_node("Sub", [first, second], ["y"])], [("b", [3, 4]), ("a", [3, 4])])
    trap("inputs swapped between the model and its node", minus("a", "b"), minus("b", "a"), feeds)


def per_axis_quantisation():
    """A square matrix fits the scales of either axis."""
    q, x = np.random.default_rng(6).integers(-127, 128, (4, 4)).astype(np.int8), {"x": image(3, 4)}
    scales = np.array([0.001, 0.01, 0.1, 1], np.float32)

    def product(axis):
        nodes = [helper.make_node("DequantizeLinear", ["q", "s", "z"], ["w"], axis=axis), helper.make_node("MatMul", ["x", "w"], ["y"])]
        return model(nodes, [("x", [3, 4])], {"q": q, "s": scales, "z": np.zeros(4, np.int8)})

    trap("weights quantised along axis 0", product(0), product(1), x)
    trap("weights quantised along axis 1", product(1), product(0), x)

    def conv(axis):
        nodes = [helper.make_node("DequantizeLinear", ["q", "s", "z"], ["w"], axis=axis), helper.make_node("Conv", ["x", "w"], ["y"])]
        return model(nodes, [("x", [1, 4, 3, 3])], {"q": q.reshape(4, 4, 1, 1), "s": scales, "z": np.zeros(4, np.int8)})

    trap("convolution weights quantised along their outputs", conv(0), conv(1), {"x": image(1, 4, 3, 3)})


for part in (same_padding, resize_coordinates, ceil_mode, epsilon, swapped_inputs, per_axis_quantisation):
    part()
