"""The Python package answers as onnxruntime and LiteRT do, in values and in errors."""
import os
import sys
import tempfile

from support import BUILD, INSPECTION, VERGE, need, run, shared

np = need("numpy")
sys.path.insert(0, os.path.join(BUILD, "python"))
import verge  # noqa: E402


def raises(kind, words, body):
    try:
        body()
    except kind as error:
        assert words in str(error), error
        return
    raise AssertionError(f"no {kind.__name__} with '{words}'")


def session():
    ort = need("onnxruntime")
    options = verge.SessionOptions()
    options.intra_op_num_threads = 2
    ours, theirs = verge.InferenceSession(INSPECTION, options), ort.InferenceSession(INSPECTION, providers=["CPUExecutionProvider"])
    assert [(i.name, i.type) for i in ours.get_inputs()] == [(i.name, i.type) for i in theirs.get_inputs()]
    assert [o.name for o in ours.get_outputs()] == [o.name for o in theirs.get_outputs()]
    x = {"image": np.random.default_rng(3).normal(size=(1, 3, 64, 64)).astype(np.float32)}
    np.testing.assert_allclose(ours.run(None, x)[0], theirs.run(None, x)[0], rtol=1e-4, atol=1e-4)
    assert len(ours.run(["logits"], x)) == 1
    raises(ValueError, "shape", lambda: ours.run(None, {"image": np.zeros((1, 3, 64, 60), np.float32)}))
    raises(ValueError, "float32", lambda: ours.run(None, {"image": np.zeros((1, 3, 64, 64))}))
    raises(ValueError, "missing ['image']", lambda: ours.run(None, {}))
    raises(ValueError, "no output", lambda: ours.run(["nonsense"], x))
    raises(verge.VergeError, "No such file", lambda: verge.InferenceSession("/nowhere/model.onnx"))


def shapes_that_depend_on_inputs():
    onnx, ort = need("onnx"), need("onnxruntime")
    node, value = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph([node("Reshape", ["x", "shape"], ["r"]), node("NonZero", ["r"], ["where"]), node("Neg", ["r"], ["y"])], "g",
                                   [value("x", onnx.TensorProto.FLOAT, ["N"]), value("shape", onnx.TensorProto.INT64, [2])],
                                   [value("y", onnx.TensorProto.FLOAT, None), value("where", onnx.TensorProto.INT64, None)])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8)
    with tempfile.TemporaryDirectory() as tmp:
        onnx.save(model, tmp + "/m.onnx")
        ours, theirs = verge.InferenceSession(tmp + "/m.onnx"), ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        for n, shape in ((6, [2, 3]), (6, [3, -1]), (4, [1, 4])):
            x = {"x": np.arange(n, dtype=np.float32), "shape": np.array(shape, np.int64)}
            for got, wanted in zip(ours.run(None, x), theirs.run(None, x)):
                assert got.shape == wanted.shape and (got == wanted).all(), (got, wanted)
        refused = run(VERGE, "convert", tmp + "/m.onnx", "-o", tmp + "/m.vpk")
        assert refused.returncode == 3 and "--bind shape=VALUE" in refused.stderr and "depends on data" in refused.stderr, refused.stderr


def interpreter():
    litert = need("ai_edge_litert.interpreter")
    path = shared("yardsticks/mcu/models/kws.tflite")
    ours = verge.Interpreter(model_path=path, num_threads=1)
    theirs = litert.Interpreter(model_path=path, experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF)
    for it in (ours, theirs):
        it.allocate_tensors()
    a, b = ours.get_input_details()[0], theirs.get_input_details()[0]
    assert a["dtype"] == b["dtype"] and list(a["shape"]) == list(b["shape"]) and np.allclose(a["quantization"], b["quantization"])
    cases = np.fromfile(shared("yardsticks/mcu/golden/kws.cases.bin"), np.int8).reshape(-1, 1, 49, 10, 1)
    for x in cases:
        out = []
        for it in (ours, theirs):
            it.set_tensor(it.get_input_details()[0]["index"], x)
            it.invoke()
            out.append(it.get_tensor(it.get_output_details()[0]["index"]))
        assert (out[0] == out[1]).all()


def device_library():
    """libverge_rt.so, the device rooms behind the same C interface, opens packages and gives libverge's bytes."""
    with tempfile.TemporaryDirectory() as tmp:
        package = tmp + "/kws.vpk"
        assert run(VERGE, "convert", shared("yardsticks/mcu/models/kws.tflite"), "-o", package).returncode == 0
        x = np.fromfile(shared("yardsticks/mcu/golden/kws.cases.bin"), np.int8)[:490].reshape(1, 49, 10, 1)
        np.save(tmp + "/x.npy", x)
        script = f"import sys, numpy; sys.path.insert(0, {os.path.join(BUILD, 'python')!r}); import verge; s = verge.InferenceSession({package!r}); " \
                 f"numpy.save({tmp + '/y.npy'!r}, s.run(None, {{s.get_inputs()[0].name: numpy.load({tmp + '/x.npy'!r})}})[0])"
        p = run(sys.executable, "-c", script, VERGE_LIBRARY=os.path.join(BUILD, "libverge_rt.so"))
        assert p.returncode == 0, p.stderr
        host = verge.InferenceSession(package)
        assert (np.load(tmp + "/y.npy") == host.run(None, {host.get_inputs()[0].name: x})[0]).all()
        np.save(tmp + "/x.npy", x[0])
        p = run(sys.executable, "-c", script, VERGE_LIBRARY=os.path.join(BUILD, "libverge_rt.so"))
        assert "was given in another shape than the package's" in p.stderr, p.stderr
        p = run(sys.executable, "-c", script.replace(package, INSPECTION), VERGE_LIBRARY=os.path.join(BUILD, "libverge_rt.so"))
        assert "not a package that this runtime reads" in p.stderr, p.stderr


session()
shapes_that_depend_on_inputs()
interpreter()
device_library()
print("bindings agree with onnxruntime and LiteRT")
