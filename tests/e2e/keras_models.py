"""Keras .h5 files give what LiteRT makes of their TFLite twins, within 1e-4; a cut one is refused."""
import glob
import os

from support import VERGE, need, run, run_model, shared

np = need("numpy")
need("ai_edge_litert")
from ai_edge_litert.interpreter import Interpreter, OpResolverType

TFLITE = {"pretrainedResnet.h5": "*_pretrainedResnet.tflite", "vww_96.h5": "*_vww_96_float.tflite"}


def by_litert(path, seed):
    it = Interpreter(model_path=path, experimental_op_resolver_type=OpResolverType.BUILTIN_REF, num_threads=1)
    it.allocate_tensors()
    x = np.random.default_rng(seed).uniform(0, 1, it.get_input_details()[0]["shape"]).astype(np.float32)
    it.set_tensor(it.get_input_details()[0]["index"], x)
    it.invoke()
    return x, it.get_tensor(it.get_output_details()[0]["index"])


def check(name, twin, oracle):
    worst = 0.0
    for seed in range(3):
        x, wanted = oracle(twin, seed)
        (got,) = run_model([VERGE, "run"], shared("models/keras/" + name), [x])
        assert got.shape == wanted.shape, (name, got.shape, wanted.shape)
        worst = max(worst, float(np.abs(got - wanted).max() / max(1.0, np.abs(wanted).max())))
    assert worst < 1e-4, f"{name} against {os.path.basename(twin)}: {worst:.3g}"
    print(f"{name:24} {os.path.basename(twin):44} within {worst:.2g}", flush=True)


for name, pattern in TFLITE.items():
    twins = glob.glob(os.path.join(shared("models/tflite/models"), pattern))
    assert len(twins) == 1, (pattern, twins)
    check(name, twins[0], by_litert)

cut = os.path.join(os.environ.get("VERGE_BUILD", "."), "cut.h5")
with open(shared("models/keras/pretrainedResnet.h5"), "rb") as f, open(cut, "wb") as out:
    out.write(f.read(100000))
p = run(VERGE, "inspect", cut)
assert p.returncode not in (0, -11, -6) and "cut short" in p.stderr, (p.returncode, p.stderr)
