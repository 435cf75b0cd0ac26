"""Published TFLite files through the yardstick: each that LiteRT runs gives LiteRT's outputs, or numpy's where LiteRT's reference gives zeros; the others are
refused with words. The floors stand below."""
import json
import os
import shutil
import subprocess
import sys

from support import BUILD, VERGE, need, run, shared

np = need("numpy")
need("PIL")
need("ai_edge_litert")
from ai_edge_litert import schema_py_generated as schema

MODELS = shared("models/tflite/models")
YARDSTICK = shared("yardsticks/tflite_reference.py")
WORK = os.path.join(BUILD, "tflite_reference")

RUN, EXACT = 175, 102  # files that LiteRT runs; at least so many of those with integers to the bit: sums of floats may be made in any order

# LiteRT 2 reads a scale per channel as 0 in BATCH_MATMUL, and its reference a scale per block in FULLY_CONNECTED: both return zeros, from which any distance
# is without bound. Here the product is computed and numpy judges it.
ZEROS_IN_LITERT = {"09df07038eba", "9fd40288aacf", "a832cdf13fe9", "fc2b2a0e6073"}
ZEROS_IN_REFERENCE = {"509577e28083"}
# Integer outputs that LiteRT's reference and optimised kernels agree on and that differ here by a step, with the reason.
OTHER_RULE = {"bcd10aef57a3": "RSQRT of int8: LiteRT has a function in integers, here a table of the real one",
              "132d2df4586b": "MUL: LiteRT multiplies the scales in float, TFLM and the contract in double",
              "b1877331607c": "its MUL, as above",
              "9b391b938e77": "SUB of int16: one of 2,624 values lies half a step between two and goes the other way by TFLM's double rounding"}
REFUSED = {"1ee39c825eea": "Edge TPU", "a4cb1e493346": "Edge TPU", "5736564bf36c": "custom operator"}


def prepare():
    """A copy in the build folder, because the yardstick writes beside the models; its results stay for the next time."""
    os.makedirs(WORK, exist_ok=True)
    for name in ("models", "real", "index.json"):
        source, target = os.path.join(os.path.dirname(MODELS), name), os.path.join(WORK, name)
        if not os.path.exists(target):
            (shutil.copytree if os.path.isdir(source) else shutil.copy)(source, target)


def yardstick(verb, *arguments):
    """In as many processes as there are processors."""
    shards = min(os.cpu_count() or 1, 4)
    running = [subprocess.Popen([sys.executable, YARDSTICK, verb, WORK, "--shard", f"{i}/{shards}"] + [a.replace("{i}", str(i)) for a in arguments],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for i in range(shards)]
    for p in running:
        words, _ = p.communicate()
        assert p.returncode == 0, words
    return shards


def checked():
    shards = yardstick("check", "--quiet", "--cmd", f"{VERGE} run", "--out", os.path.join(WORK, "check.{i}.json"))
    results = {}
    for i in range(shards):
        with open(os.path.join(WORK, f"check.{i}.json")) as f:
            results.update(json.load(f)["models"])
    return {name.split("_")[0]: dict(r, file=name) for name, r in results.items()}


def agreeing_integers():
    """Models with integer outputs on which LiteRT's reference and optimised kernels agree."""
    out = os.path.join(WORK, "report.json")
    subprocess.run([sys.executable, YARDSTICK, "report", WORK, "--json", out], check=True, capture_output=True)
    with open(out) as f:
        return {m["file"].split("_")[0] for m in json.load(f)["models"] if m.get("integer_out") and m.get("ref-opt") == 0}


def constant(model, graph, index):
    tensor = graph.tensors[index]
    return np.frombuffer(bytes(model.buffers[tensor.buffer].data), np.int8).reshape(tensor.shape), tensor.quantization


def run_alone(name, x):
    folder = os.path.join(WORK, "product")
    for part in ("in", "out"):
        os.makedirs(os.path.join(folder, part), exist_ok=True)
    np.save(os.path.join(folder, "in", "input_0.npy"), x)
    p = run(VERGE, "run", os.path.join(WORK, "models", name), "--input-dir", os.path.join(folder, "in"), "--output-dir", os.path.join(folder, "out"))
    assert p.returncode == 0, p.stderr
    return np.load(os.path.join(folder, "out", "output_0.npy"))


def parsed(name):
    with open(os.path.join(WORK, "models", name), "rb") as f:
        model = schema.ModelT.InitFromPackedBuf(f.read(), 0)
    return model, model.subgraphs[0]


def sets_of(name):
    """Name of the set, its input, what LiteRT's reference gives."""
    with np.load(os.path.join(WORK, "ref", name.split("_")[0] + ".npz")) as data:
        return [(k[3:-2], data[k], data["out_ref_" + k[3:]]) for k in data.files if k.startswith("in_")]


def judge_product(name):
    """reshape, product with constant int8 weights, reshape: against numpy, in steps."""
    model, graph = parsed(name)
    product = next(op for op in graph.operators if len(op.inputs) == 2 and graph.tensors[op.inputs[1]].type == schema.TensorType.INT8)
    w, quant = constant(model, graph, product.inputs[1])
    scale = lambda t: np.float64(t.quantization.scale[0])
    x_scale, y_scale = scale(graph.tensors[product.inputs[0]]), scale(graph.tensors[product.outputs[0]])
    for which, x, theirs in sets_of(name):
        assert not theirs.any(), f"{name}: LiteRT computes it now; take it off the list"
        wanted = x.reshape(-1, w.shape[0]).astype(np.float64) @ w.astype(np.float64) * (x_scale * np.asarray(quant.scale, np.float64) / y_scale)
        error = np.abs(run_alone(name, x).reshape(wanted.shape) - np.clip(wanted, -32768, 32767)).max()
        assert error < 2, f"{name} {which}: {error} steps from numpy's product"


def judge_blocks(name):
    """A dense layer with 4-bit weights and a scale for each block of a row: against numpy, relative to the largest value."""
    model, graph = parsed(name)
    weights = graph.tensors[graph.operators[0].inputs[1]]
    scales = graph.tensors[weights.quantization.details.scales]
    packed = np.frombuffer(bytes(model.buffers[weights.buffer].data), np.uint8)
    nibbles = np.stack([packed & 15, packed >> 4], -1).reshape(weights.shape).astype(np.int64)
    blocks = np.frombuffer(bytes(model.buffers[scales.buffer].data), np.float16).reshape(scales.shape).astype(np.float64)
    w = np.where(nibbles > 7, nibbles - 16, nibbles) * np.repeat(blocks, weights.quantization.details.blockSize, 1)
    for which, x, theirs in sets_of(name):
        assert not theirs.any(), f"{name}: LiteRT's reference computes it now; take it off the list"
        wanted = x.reshape(-1, w.shape[1]).astype(np.float64) @ w.T
        error = np.abs(run_alone(name, x).reshape(wanted.shape) - wanted).max() / np.abs(wanted).max()
        assert error < 1e-5, f"{name} {which}: {error} from numpy's product"


def check_refusals():
    for name in sorted(os.listdir(os.path.join(WORK, "models"))):
        words = REFUSED.get(name.split("_")[0])
        if not words:
            continue
        p = run(VERGE, "inspect", os.path.join(WORK, "models", name))
        assert p.returncode == 3 and p.stderr.startswith("unsupported") and words in p.stderr, (name, p.returncode, p.stderr)


prepare()
yardstick("run")
results = checked()
for name, r in sorted(results.items()):
    if r["status"] != "pass":
        print(f"{r['status']:12}{r['file']}  {r['note'][:160]}")
bad = {n for n, r in results.items() if r["status"] != "pass"}
for name in sorted(ZEROS_IN_LITERT | ZEROS_IN_REFERENCE):
    (judge_product if name in ZEROS_IN_LITERT else judge_blocks)(results[name]["file"])
judged = bad & (ZEROS_IN_LITERT | ZEROS_IN_REFERENCE)
exact = sum(r["exact"] for r in results.values() if r["kind"] != "float")
floats = sum(r["exact"] for r in results.values() if r["kind"] == "float")
print(f"{len(results)} files that LiteRT runs: {len(results) - len(bad)} pass, {exact} with integers and {floats} of floats alone to the bit with one of its kernel sets; "
      f"{len(judged)} where its reference gives zeros are numpy's products")
assert bad == judged, f"wrong, refused, crashed or late: {sorted(bad - judged)}"
assert len(results) >= RUN, f"{len(results)} files ran in LiteRT, {RUN} did"
assert exact >= EXACT, f"{exact} to the bit, the floor is {EXACT}"
other = {n for n in agreeing_integers() & set(results) if results[n]["status"] == "pass" and not results[n]["exact"]}
assert other <= set(OTHER_RULE), f"integer outputs differ without a reason: {sorted(other - set(OTHER_RULE))}"
check_refusals()
