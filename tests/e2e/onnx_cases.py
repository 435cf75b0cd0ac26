"""The networks of models/onnx-cases give the outputs that lie beside them and ONNX Runtime's; those that ONNX Runtime does not load run, or are refused by name."""
import os
import re
import tempfile

from support import VERGE, need, run, shared

np, onnx, ort = need("numpy"), need("onnx"), need("onnxruntime")
need("ml_dtypes")
ort.set_default_logger_severity(4)
CASES = shared("models/onnx-cases")
LOADED_BY_ONNX_RUNTIME = 71


def arrays(path):
    with np.load(path) as file:
        return [file[k] for k in file.files]


def session_of(path):
    try:
        return ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    except Exception:
        return None


def typed_inputs(path, given):
    """The arrays as the network declares its inputs; the files hold them in wider types."""
    graph = onnx.load(path).graph
    constants = {i.name for i in graph.initializer}
    infos = [i for i in graph.input if i.name not in constants]
    out = {}
    for info, array in zip(infos, given):
        tensor = info.type.tensor_type
        shape = [d.dim_value if d.HasField("dim_value") else array.shape[k] for k, d in enumerate(tensor.shape.dim)]
        out[info.name] = array.astype(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)).reshape(shape)
    return out


def read_pb(path):
    with open(path, "rb") as file:
        return onnx.numpy_helper.to_array(onnx.TensorProto.FromString(file.read()))


def verge_outputs(path, inputs):
    """Outputs, or the words of a refusal."""
    with tempfile.TemporaryDirectory() as tmp:
        os.makedirs(tmp + "/in")
        for i, (name, array) in enumerate(inputs.items()):
            with open(f"{tmp}/in/input_{i}.pb", "wb") as file:
                file.write(onnx.numpy_helper.from_array(array, name).SerializeToString())
        p = run(VERGE, "run", path, "--input-dir", tmp + "/in", "--output-dir", tmp + "/out")
        if p.returncode == 3:
            return None, p.stderr
        if p.returncode != 0:
            return None, f"exit {p.returncode}: {p.stderr}"
        return [read_pb(f"{tmp}/out/output_{i}.pb") for i in range(len(os.listdir(tmp + "/out")))], ""


def equal(got, wanted, tolerance=1e-4):
    if len(got) != len(wanted):
        return False
    for g, w in zip(got, wanted):
        if g.shape != w.shape and g.size != w.size:
            return False
        if np.abs(g.reshape(-1).astype(float) - w.reshape(-1).astype(float)).max(initial=0) > tolerance * max(1, np.abs(w.astype(float)).max(initial=0)):
            return False
    return True


def check(name):
    folder = os.path.join(CASES, name)
    path, wanted = os.path.join(folder, "network.onnx"), arrays(os.path.join(folder, "outputs.npz"))
    session = session_of(path)
    inputs = typed_inputs(path, arrays(os.path.join(folder, "inputs.npz")))
    got, refusal = verge_outputs(path, inputs)
    if not session:
        assert got is not None or re.search(r"node '|no translation", refusal), f"{name}: refused without a name: {refusal}"
        return "ran without a peer" if got is not None else "refused"
    theirs = session.run(None, inputs)
    if got is None:
        return "fails: " + " ".join(refusal.split())[:200]
    if not equal(got, theirs):
        return "differs from ONNX Runtime"
    return "equal" if equal(got, wanted, 1e-3) else "equal to ONNX Runtime, not to the file"


outcome = {}
for case in sorted(os.listdir(CASES)):
    if os.path.exists(os.path.join(CASES, case, "network.onnx")):
        outcome[case] = check(case)
        print(f"{case:60} {outcome[case]}", flush=True)
agreeing = sum(o.startswith("equal") for o in outcome.values())
print(f"{agreeing} equal to ONNX Runtime, {sum(o == 'equal' for o in outcome.values())} of them to the outputs beside the network, of {len(outcome)}")
bad = [f"{n}: {o}" for n, o in outcome.items() if o.startswith(("differs", "fails"))]
assert not bad, "\n".join(bad)
assert agreeing == LOADED_BY_ONNX_RUNTIME
