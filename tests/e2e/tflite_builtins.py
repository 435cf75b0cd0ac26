"""Builtins that the published files lack, one small model each, against LiteRT's reference kernels."""
import os
import tempfile

from support import BUILD, VERGE, need, run_model

np, flatbuffers = need("numpy"), need("flatbuffers")
need("ai_edge_litert")
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

Types, Ops = schema.TensorType, schema.BuiltinOperator
TYPE = {np.dtype(np.float32): Types.FLOAT32, np.dtype(np.int32): Types.INT32, np.dtype(np.int8): Types.INT8, np.dtype(np.int64): Types.INT64, np.dtype(np.bool_): Types.BOOL,
        np.dtype(np.int16): Types.INT16}
random = np.random.default_rng(7)


class SubGraph:
    def __init__(self, model):
        self.model, self.graph = model, schema.SubGraphT()
        self.graph.tensors, self.graph.operators, self.graph.inputs, self.graph.outputs = [], [], [], []
        model.model.subgraphs.append(self.graph)

    def tensor(self, shape, dtype=np.float32, data=None, quant=None, variable=False, type=None):
        t = schema.TensorT()
        t.shape, t.type, t.name, t.isVariable, t.hasRank = list(shape), TYPE[np.dtype(dtype)] if type is None else type, f"t{len(self.graph.tensors)}", variable, True
        t.buffer = self.model.buffer(data)
        if quant:
            t.quantization = schema.QuantizationParametersT()
            scale, zero = np.atleast_1d(quant[0]), np.atleast_1d(quant[1])
            t.quantization.scale, t.quantization.zeroPoint = [float(s) for s in scale], [int(z) for z in zero]
            t.quantization.quantizedDimension = quant[2] if len(quant) > 2 else 0
        self.graph.tensors.append(t)
        return len(self.graph.tensors) - 1

    def input(self, shape, dtype=np.float32, quant=None):
        self.graph.inputs.append(self.tensor(shape, dtype, quant=quant))
        return self.graph.inputs[-1]

    def constant(self, value, quant=None):
        value = np.asarray(value)
        return self.tensor(value.shape, value.dtype, value, quant)

    def op(self, code, inputs, outputs, options=None, kind=None):
        op = schema.OperatorT()
        op.opcodeIndex, op.inputs, op.outputs = self.model.code(code), list(inputs), list(outputs)
        if options is not None:
            op.builtinOptionsType, op.builtinOptions = kind, options
        self.graph.operators.append(op)


class Model:
    def __init__(self):
        self.model = schema.ModelT()
        self.model.version, self.model.operatorCodes, self.model.subgraphs, self.model.buffers = 3, [], [], [schema.BufferT()]
        self.main = SubGraph(self)

    def buffer(self, data):
        if data is None:
            return 0
        b = schema.BufferT()
        b.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
        self.model.buffers.append(b)
        return len(self.model.buffers) - 1

    def code(self, builtin):
        c = schema.OperatorCodeT()
        c.builtinCode, c.deprecatedBuiltinCode, c.version = builtin, min(builtin, 127), 1
        self.model.operatorCodes.append(c)
        return len(self.model.operatorCodes) - 1

    def write(self, path):
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), file_identifier=b"TFL3")
        with open(path, "wb") as f:
            f.write(builder.Output())


def options(name, **fields):
    o = getattr(schema, name + "T")()
    for key, value in fields.items():
        setattr(o, key, value)
    return o, getattr(schema.BuiltinOptions, name)


def normal(*shape):
    return random.normal(0, 1, shape).astype(np.float32)


def feed(t):
    shape = [d for d in t["shape"]]
    if t["dtype"] == np.float32:
        return normal(*shape)
    if t["dtype"] == np.bool_:
        return random.integers(0, 2, shape).astype(np.bool_)
    if t["dtype"] in (np.int8, np.int16):
        return random.integers(np.iinfo(t["dtype"]).min, np.iinfo(t["dtype"]).max + 1, shape).astype(t["dtype"])
    return random.integers(0, 3, shape).astype(t["dtype"])


def check(name, model, tolerance=1e-5, steps=0):
    with tempfile.TemporaryDirectory(dir=BUILD) as tmp:
        path = os.path.join(tmp, name + ".tflite")
        model.write(path)
        for _ in range(3):
            it = Interpreter(model_path=path, experimental_op_resolver_type=OpResolverType.BUILTIN_REF, num_threads=1)
            it.allocate_tensors()
            feeds = [feed(t) for t in it.get_input_details()]
            for t, x in zip(it.get_input_details(), feeds):
                it.set_tensor(t["index"], x)
            it.invoke()
            wanted = [it.get_tensor(t["index"]) for t in it.get_output_details()]
            got = run_model([VERGE, "run"], path, feeds)
            assert len(got) == len(wanted), name
            for g, w in zip(got, wanted):
                assert g.shape == w.shape and g.dtype == w.dtype, (name, g.shape, w.shape, g.dtype, w.dtype)
                if w.dtype.kind == "f":
                    error = np.abs(g - w).max() / max(1.0, np.abs(w).max())
                    assert error <= tolerance, f"{name}: {error:.3g}"
                else:
                    error = np.abs(g.astype(np.int64) - w.astype(np.int64)).max()
                    assert error <= steps, f"{name}: {error} steps"
    print(name, "equal", flush=True)


def transpose_conv(name, stride, kernel, padding, quantised):
    m = Model()
    g, height, width, depth, channels = m.main, 5, 4, 3, 6
    same = padding == schema.Padding.SAME
    out = [1, *(n * s if same else (n - 1) * s + k for n, s, k in zip((height, width), stride, kernel)), channels]
    shape = g.constant(np.array(out, np.int32))
    o = options("TransposeConvOptions", padding=padding, strideH=stride[0], strideW=stride[1])
    if quantised:
        scales = np.linspace(0.002, 0.01, channels)
        w = g.constant(random.integers(-127, 128, (channels, *kernel, depth)).astype(np.int8), (scales, np.zeros(channels), 0))
        x = g.input([1, height, width, depth], np.int8, (0.03, -5))
        b = g.constant(random.integers(-900, 900, channels).astype(np.int32), (scales * 0.03, np.zeros(channels), 0))
        y = g.tensor(out, np.int8, quant=(0.05, 3))
    else:
        w, x = g.constant(normal(channels, *kernel, depth)), g.input([1, height, width, depth])
        b, y = g.constant(normal(channels)), g.tensor(out)
    g.op(Ops.TRANSPOSE_CONV, [shape, w, x, b], [y], *o)
    g.graph.outputs = [y]
    check(name, m, steps=1)


def sequence(name, make):
    m = Model()
    make(m.main)
    check(name, m)


def rnn_weights(g, inputs, units):
    return [g.constant(normal(units, inputs)), g.constant(normal(units, units) * 0.3), g.constant(normal(units))]


def rnn(g):
    x, y = g.input([2, 5, 4]), g.tensor([2, 5, 3])
    g.op(Ops.UNIDIRECTIONAL_SEQUENCE_RNN, [x, *rnn_weights(g, 4, 3), g.tensor([2, 3], variable=True)], [y], *options("SequenceRNNOptions", fusedActivationFunction=schema.ActivationFunctionType.TANH))
    g.graph.outputs = [y]


def both_ways_rnn(g):
    x, y = g.input([2, 5, 4]), g.tensor([2, 5, 6])
    state = lambda: g.tensor([2, 3], variable=True)
    g.op(Ops.BIDIRECTIONAL_SEQUENCE_RNN, [x, *rnn_weights(g, 4, 3), state(), *rnn_weights(g, 4, 3), state(), -1, -1, -1], [y],
         *options("BidirectionalSequenceRNNOptions", mergeOutputs=True, fusedActivationFunction=schema.ActivationFunctionType.TANH))
    g.graph.outputs = [y]


def lstm_weights(g, inputs, units, coupled):
    gates = lambda columns: [-1 if coupled and i == 0 else g.constant(normal(units, columns) * 0.4) for i in range(4)]
    return [*gates(inputs), *gates(units), -1, -1, -1, *[-1 if coupled and i == 0 else g.constant(normal(units)) for i in range(4)], -1, -1]


def lstm(coupled=False, time_major=False, clip=0.0):
    def make(g):
        x, y = g.input([3, 4, 5]), g.tensor([3, 4, 6])
        batch = 4 if time_major else 3
        states = [g.tensor([batch, 6], variable=True) for _ in range(2)]
        g.op(Ops.UNIDIRECTIONAL_SEQUENCE_LSTM, [x, *lstm_weights(g, 5, 6, coupled), *states, -1, -1, -1, -1], [y],
             *options("UnidirectionalSequenceLSTMOptions", fusedActivationFunction=schema.ActivationFunctionType.TANH, cellClip=clip, timeMajor=time_major))
        g.graph.outputs = [y]
    return make


def both_ways_lstm(merge):
    def make(g):
        x = g.input([3, 4, 5])
        ys = [g.tensor([3, 4, 12])] if merge else [g.tensor([3, 4, 6]) for _ in range(2)]
        states = [g.tensor([4, 6], variable=True) for _ in range(4)]
        g.op(Ops.BIDIRECTIONAL_SEQUENCE_LSTM, [x, *lstm_weights(g, 5, 6, False), *lstm_weights(g, 5, 6, False), *states, *[-1] * 9], ys,
             *options("BidirectionalSequenceLSTMOptions", fusedActivationFunction=schema.ActivationFunctionType.TANH, mergeOutputs=merge, timeMajor=True))
        g.graph.outputs = ys
    return make


def svdf(g):
    x, y, rank, units, memory = g.input([2, 7]), g.tensor([2, 4]), 2, 4, 5
    g.op(Ops.SVDF, [x, g.constant(normal(units * rank, 7)), g.constant(normal(units * rank, memory)), g.constant(normal(units)), g.tensor([2, units * rank * memory], variable=True)], [y],
         *options("SVDFOptions", rank=rank, fusedActivationFunction=schema.ActivationFunctionType.RELU))
    g.graph.outputs = [y]


def one_hot(g):
    x, y = g.input([2, 3], np.int32), g.tensor([2, 4, 3])
    g.op(Ops.ONE_HOT, [x, g.constant(np.int32(4)), g.constant(np.float32(2.5)), g.constant(np.float32(-1))], [y], *options("OneHotOptions", axis=1))
    g.graph.outputs = [y]


def gather(g):
    x, i, y = g.input([2, 5, 3]), g.input([2, 4], np.int32), g.tensor([2, 4, 3])
    g.op(Ops.GATHER, [x, i], [y], *options("GatherOptions", axis=1, batchDims=1))
    g.graph.outputs = [y]


def rfft2d(length):
    def make(g):
        x, s = g.input([2, 6, 10]), g.tensor([2, length[0], length[1] // 2 + 1], type=Types.COMPLEX64)
        ys = [g.tensor([2, length[0], length[1] // 2 + 1]) for _ in range(3)]
        g.op(Ops.RFFT2D, [x, g.constant(np.array(length, np.int32))], [s])
        for code, y in zip((Ops.COMPLEX_ABS, Ops.REAL, Ops.IMAG), ys):
            g.op(code, [s], [y])
        g.graph.outputs = ys
    return make


def branch_graph(m, code, shape):
    g = SubGraph(m)
    x, k, y = g.input(shape), g.constant(np.float32(3)), g.tensor(shape)
    g.op(code, [x, k], [y])
    g.graph.outputs = [y]


def branch():
    m = Model()
    g = m.main
    c, x, y = g.input([], np.bool_), g.input([2, 3]), g.tensor([2, 3])
    g.op(Ops.IF, [c, x], [y], *options("IfOptions", thenSubgraphIndex=1, elseSubgraphIndex=2))
    g.graph.outputs = [y]
    branch_graph(m, Ops.ADD, [2, 3])
    branch_graph(m, Ops.MUL, [2, 3])
    return m


def loop():
    m = Model()
    g = m.main
    n, x, outs = g.constant(np.int32(0)), g.input([2, 3]), [g.tensor([], np.int32), g.tensor([2, 3])]
    g.op(Ops.WHILE, [n, x], outs, *options("WhileOptions", condSubgraphIndex=1, bodySubgraphIndex=2))
    g.graph.outputs = [outs[1]]
    c = SubGraph(m)
    i, _, t = c.input([], np.int32), c.input([2, 3]), c.tensor([], np.bool_)
    c.op(Ops.LESS, [i, c.constant(np.int32(5))], [t])
    c.graph.outputs = [t]
    b = SubGraph(m)
    i, x, j, y = b.input([], np.int32), b.input([2, 3]), b.tensor([], np.int32), b.tensor([2, 3])
    b.op(Ops.ADD, [i, b.constant(np.int32(1))], [j])
    b.op(Ops.MUL, [x, b.constant(np.float32(0.5))], [y])
    b.graph.outputs = [j, y]
    return m


def variables():
    m = Model()
    g = m.main
    handle = lambda s: s.tensor([], type=Types.RESOURCE)
    name = lambda: options("VarHandleOptions", container="", sharedName="weights")
    x, v, r, y = g.input([2, 3]), handle(g), g.tensor([3]), g.tensor([2, 3])
    g.op(Ops.CALL_ONCE, [], [], *options("CallOnceOptions", initSubgraphIndex=1))
    g.op(Ops.VAR_HANDLE, [], [v], *name())
    g.op(Ops.READ_VARIABLE, [v], [r])
    g.op(Ops.ADD, [x, r], [y])
    g.graph.outputs = [y]
    s = SubGraph(m)
    h = handle(s)
    s.op(Ops.VAR_HANDLE, [], [h], *name())
    s.op(Ops.ASSIGN_VARIABLE, [h, s.constant(normal(3))], [])
    return m


def hybrid_conv(depthwise):
    def make(g):
        x, y = g.input([2, 6, 5, 4]), g.tensor([2, 3, 3, 4 if depthwise else 7])
        shape, axis = ([1, 3, 3, 4], 3) if depthwise else ([7, 3, 3, 4], 0)
        scales = np.linspace(0.002, 0.01, shape[axis])
        w = g.constant(random.integers(-127, 128, shape).astype(np.int8), (scales, np.zeros(shape[axis]), axis))
        window = dict(padding=schema.Padding.SAME, strideH=2, strideW=2, dilationHFactor=1, dilationWFactor=1)
        if depthwise:
            g.op(Ops.DEPTHWISE_CONV_2D, [x, w, g.constant(normal(4))], [y], *options("DepthwiseConv2DOptions", depthMultiplier=1, **window))
        else:
            g.op(Ops.CONV_2D, [x, w, g.constant(normal(7))], [y], *options("Conv2DOptions", **window))
        g.graph.outputs = [y]
    return make


def hybrid_dense(asymmetric):
    def make(g):
        x, y = g.input([5, 20]), g.tensor([5, 9])
        w = g.constant(random.integers(-127, 128, (9, 20)).astype(np.int8), (0.01, 0))
        g.op(Ops.FULLY_CONNECTED, [x, w, g.constant(normal(9))], [y], *options("FullyConnectedOptions", asymmetricQuantizeInputs=asymmetric))
        g.graph.outputs = [y]
    return make


SAME, VALID = schema.Padding.SAME, schema.Padding.VALID
for stride, kernel in (((1, 1), (3, 3)), ((2, 2), (3, 3)), ((2, 2), (4, 4)), ((2, 2), (2, 2)), ((3, 2), (3, 5)), ((4, 4), (2, 2))):
    for padding in (SAME, VALID):
        for quantised in (False, True):
            transpose_conv(f"transpose_conv_{stride[0]}x{stride[1]}_{kernel[0]}x{kernel[1]}_{'same' if padding == SAME else 'valid'}{'_int8' if quantised else ''}", stride, kernel, padding, quantised)
for name, make in (("rnn", rnn), ("both_ways_rnn", both_ways_rnn), ("lstm", lstm()), ("lstm_coupled", lstm(coupled=True)), ("lstm_time_major_clipped", lstm(time_major=True, clip=0.3)),
                   ("both_ways_lstm_merged", both_ways_lstm(True)), ("both_ways_lstm", both_ways_lstm(False)), ("svdf", svdf), ("one_hot", one_hot), ("gather_batch", gather),
                   ("rfft2d_rows", rfft2d((1, 16))), ("rfft2d", rfft2d((8, 8))), ("hybrid_conv", hybrid_conv(False)), ("hybrid_depthwise", hybrid_conv(True)),
                   ("hybrid_dense", hybrid_dense(False)), ("hybrid_dense_asymmetric", hybrid_dense(True))):
    sequence(name, make)
check("branch", branch())
check("loop", loop())
check("variables", variables())
