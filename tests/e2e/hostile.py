"""Networks that mean the same and quantise badly: channels scaled by 2^-4 .. 2^4 in the layer before, and back in the layers after."""
from support import need

np, onnx = need("numpy"), need("onnx")


def channel_groups(graph):
    """Root of each value's channels: values tied by Relu, Add and pools share one. The second: whether it may be scaled."""
    parent, fixed = {}, set()

    def root(v):
        while parent.setdefault(v, v) != v:
            v = parent[v]
        return v

    for n in graph.node:
        if n.op_type in ("Relu", "Add", "GlobalAveragePool", "Flatten"):
            for v in n.input:
                parent[root(v)] = root(n.output[0])
        elif n.op_type not in ("Conv", "Gemm"):
            fixed.update(list(n.input) + list(n.output))
    fixed.update([i.name for i in graph.input] + [o.name for o in graph.output])
    return root, {root(v) for v in fixed}


def spread_channels(source, target, seed, exponents=4):
    """Writes `source` with its channels spread; the function stays the same up to float rounding, because the factors are powers of two."""
    model = onnx.load(source)
    graph = model.graph
    root, fixed = channel_groups(graph)
    constants = {t.name: t for t in graph.initializer}
    random = np.random.default_rng(seed)
    factors = {}

    def factor(value, channels):
        return factors.setdefault(root(value), 2.0 ** random.integers(-exponents, exponents + 1, channels)).astype(np.float32)

    def scale(name, by, axis):
        array = onnx.numpy_helper.to_array(constants[name])
        shape = [1] * array.ndim
        shape[axis] = -1
        constants[name].CopyFrom(onnx.numpy_helper.from_array(array * by.reshape(shape), name))

    for n in graph.node:
        if n.op_type not in ("Conv", "Gemm"):
            continue
        weights = onnx.numpy_helper.to_array(constants[n.input[1]])
        groups = next((a.i for a in n.attribute if a.name == "group"), 1)
        transposed = n.op_type == "Conv" or next((a.i for a in n.attribute if a.name == "transB"), 0) == 1
        rows, columns = (0, 1) if transposed else (1, 0)
        if root(n.output[0]) not in fixed:
            by = factor(n.output[0], weights.shape[rows])
            scale(n.input[1], by, rows)
            scale(n.input[2], by, 0)
        if root(n.input[0]) not in fixed:
            channels = weights.shape[rows] if groups > 1 else weights.shape[columns]
            scale(n.input[1], 1 / factor(n.input[0], channels), rows if groups > 1 else columns)
    assert factors, source
    onnx.save(model, target)
