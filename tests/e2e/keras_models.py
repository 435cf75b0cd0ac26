"""Keras .h5 files give what LiteRT makes of their TFLite twins, within 1e-4; a cut one is refused. The autoencoder's twin was converted without the biases of the
dense layers before a batch normalisation: the file gives what numpy makes of its layers, and with those biases at zero what LiteRT makes of the twin."""
import glob
import json
import os
import shutil

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


def check(path, twin, oracle):
    worst, name = 0.0, os.path.basename(path)
    for seed in range(3):
        x, wanted = oracle(twin, seed)
        (got,) = run_model([VERGE, "run"], path, [x])
        assert got.shape == wanted.shape, (name, got.shape, wanted.shape)
        worst = max(worst, float(np.abs(got - wanted).max() / max(1.0, np.abs(wanted).max())))
    assert worst < 1e-4, f"{name} against {os.path.basename(twin)}: {worst:.3g}"
    print(f"{name:24} {os.path.basename(twin):44} within {worst:.2g}", flush=True)


def twin_of(pattern):
    twins = glob.glob(os.path.join(shared("models/tflite/models"), pattern))
    assert len(twins) == 1, (pattern, twins)
    return twins[0]


for name, pattern in TFLITE.items():
    check(shared("models/keras/" + name), twin_of(pattern), by_litert)

def autoencoder_by_numpy(path, x):
    """The layers of the file as its own configuration says, in double."""
    file = h5py.File(path)
    y = x.astype(np.float64)
    for layer in json.loads(file.attrs["model_config"])["config"]["layers"]:
        kind, config = layer["class_name"], layer["config"]
        w = {n: v[:].astype(np.float64) for n, v in file["model_weights"][layer["name"]].get(layer["name"], {}).items()}
        if kind == "Dense":
            assert config["activation"] == "linear"
            y = y @ w["kernel:0"] + w["bias:0"]
        elif kind == "BatchNormalization":
            y = (y - w["moving_mean:0"]) / np.sqrt(w["moving_variance:0"] + config["epsilon"]) * w["gamma:0"] + w["beta:0"]
        elif kind == "Activation":
            assert config["activation"] == "relu"
            y = np.maximum(y, 0)
        else:
            assert kind == "InputLayer", kind
    return y


def autoencoder(path, seed):
    x = np.random.default_rng(seed).normal(-10, 10, (1, 640)).astype(np.float32)
    return x, autoencoder_by_numpy(path, x)


def without_early_biases(path, out):
    """The file with the biases at zero that its twin lacks: of dense layers that a batch normalisation follows. The twin's are beta - mean * gamma / deviation."""
    shutil.copy(path, out)
    with h5py.File(out, "r+") as file:
        layers = json.loads(file.attrs["model_config"])["config"]["layers"]
        for layer, after in zip(layers, layers[1:]):
            if layer["class_name"] == "Dense" and after["class_name"] == "BatchNormalization":
                file["model_weights"][layer["config"]["name"]][layer["config"]["name"]]["bias:0"][...] = 0
    return out


h5py = need("h5py")
BUILD = os.environ.get("VERGE_BUILD", ".")
for name in ("ad01.h5", "model_ToyCar.hdf5"):
    source = shared("models/keras/" + name)
    check(source, source, autoencoder)
    check(without_early_biases(source, os.path.join(BUILD, "without_early_biases_" + name)), twin_of("*_model_ToyCar.tflite"), by_litert)

cut = os.path.join(BUILD, "cut.h5")
with open(shared("models/keras/pretrainedResnet.h5"), "rb") as f, open(cut, "wb") as out:
    out.write(f.read(100000))
p = run(VERGE, "inspect", cut)
assert p.returncode not in (0, -11, -6) and "cut short" in p.stderr, (p.returncode, p.stderr)
