"""A small language model for tests: the mean of the tokens' vectors, those of the second text moved, times a matrix."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CLASSES, WIDTH = 3, 8


def weights(pieces):
    random = np.random.default_rng(11)
    return {"table": random.normal(size=(pieces, WIDTH)), "second": random.normal(size=(2, WIDTH)), "matrix": random.normal(size=(WIDTH, CLASSES))}


def make(path, pieces, tokens="tokens"):
    """`tokens`: their number, or the symbol that leaves it open."""
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["first"]), helper.make_node("Gather", ["second", "token_type_ids"], ["moved"]),
             helper.make_node("Add", ["first", "moved"], ["vectors"]), helper.make_node("Cast", ["attention_mask"], ["real"], to=TensorProto.FLOAT),
             helper.make_node("Unsqueeze", ["real", "last"], ["weight"]), helper.make_node("Mul", ["vectors", "weight"], ["kept"]),
             helper.make_node("ReduceSum", ["kept", "middle"], ["sum"], keepdims=0), helper.make_node("ReduceSum", ["weight", "middle"], ["count"], keepdims=0),
             helper.make_node("Div", ["sum", "count"], ["mean"]), helper.make_node("MatMul", ["mean", "matrix"], ["scores"])]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, [1, tokens]) for name in ("input_ids", "attention_mask", "token_type_ids")]
    values = [numpy_helper.from_array(v.astype(np.float32), k) for k, v in weights(pieces).items()]
    values += [numpy_helper.from_array(np.array([-1]), "last"), numpy_helper.from_array(np.array([1]), "middle")]
    graph = helper.make_graph(nodes, "classifier", inputs, [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, CLASSES])], values)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


def scores(pieces, ids, types):
    w = weights(pieces)
    return (w["table"][ids] + w["second"][types]).mean(0) @ w["matrix"]
