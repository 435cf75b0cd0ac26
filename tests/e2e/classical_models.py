"""Random models of ai.onnx.ml for tests."""
from support import need

np = need("numpy")
onnx = need("onnx")
from onnx import TensorProto, helper  # noqa: E402

FEATURES = 6


def random_trees(rng, kind, targets, trees, missing):
    """Attributes of an ensemble: each tree splits until a coin or depth 5 ends it."""
    a = {k: [] for k in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids", "missing_value_tracks_true")}
    w = {k: [] for k in ("treeids", "nodeids", "ids", "weights")}

    def grow(tree, depth, next_id):
        me, at = next_id[0], len(a["nodeids"])
        next_id[0] += 1
        leaf = depth == 5 or (depth > 0 and rng.random() < 0.25)
        for key, value in (("treeids", tree), ("nodeids", me), ("featureids", int(rng.integers(FEATURES))), ("values", float(np.float32(rng.normal()))),
                           ("modes", "LEAF" if leaf else "BRANCH_LEQ"), ("truenodeids", 0), ("falsenodeids", 0), ("missing_value_tracks_true", int(missing and rng.integers(2)))):
            a[key].append(value)
        if leaf:
            for t in range(targets):
                for key, value in (("treeids", tree), ("nodeids", me), ("ids", t if targets > 1 else (1 if kind == "class" else 0)), ("weights", float(rng.random() / trees))):
                    w[key].append(value)
        else:
            a["truenodeids"][at] = grow(tree, depth + 1, next_id)
            a["falsenodeids"][at] = grow(tree, depth + 1, next_id)
        return me

    for tree in range(trees):
        grow(tree, 0, [0])
    return {**{f"nodes_{k}": v for k, v in a.items()}, **{f"{kind}_{k}": v for k, v in w.items()}}


def model(op, attributes, classifier, rows):
    """One node, x: f32[rows, FEATURES]; a classifier gives labels and scores."""
    outputs = ["label", "y"] if classifier else ["y"]
    node = helper.make_node(op, ["x"], outputs, domain="ai.onnx.ml", **attributes)
    types = [helper.make_tensor_value_info("label", TensorProto.INT64, [rows])] if classifier else []
    types.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, None))
    graph = helper.make_graph([node], op, [helper.make_tensor_value_info("x", TensorProto.FLOAT, [rows, FEATURES])], types)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)], ir_version=8)
