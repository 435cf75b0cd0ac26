"""The published MLPerf Tiny files on labelled data: within 0.1 points of LiteRT. Its reference kernels are TFLM's arithmetic for convolutions; its dense
layer rounds once where TFLM and Verge round twice, so that a few photos of ResNet-8 differ."""
import io
import os
import tarfile

from support import need, shared, verge_json

np, pil = need("numpy"), need("PIL.Image")
litert = need("ai_edge_litert.interpreter")
REFERENCE, DEFAULT = litert.OpResolverType.BUILTIN_REF, litert.OpResolverType.BUILTIN
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
KWS_SCALE, KWS_ZERO = 0.5847029089927673, 83


def photos(limit):
    with tarfile.open(shared("data/cifar10/test.tar.gz")) as t:
        members = sorted((m for m in t.getmembers() if m.isfile()), key=lambda m: m.name)
        for i in range(limit):
            m = members[i * (len(members) - 1) // (limit - 1)]
            yield np.asarray(pil.open(io.BytesIO(t.extractfile(m).read())).convert("RGB"), np.float32)[None], CLASSES.index(m.name.split("/")[0])


def keywords(limit):
    with tarfile.open(shared("data/kws01/samples.tar.gz")) as t:
        for m in sorted((m for m in t.getmembers() if m.isfile()), key=lambda m: m.name):
            yield np.frombuffer(t.extractfile(m).read(), np.int8).reshape(1, 49, 10, 1), int(m.name.rsplit("_", 1)[1].split(".")[0])


def litert_top1(path, samples, kernels):
    it = litert.Interpreter(path, experimental_op_resolver_type=kernels, num_threads=1)
    it.allocate_tensors()
    i, o = it.get_input_details()[0], it.get_output_details()[0]
    hit = n = 0
    for x, y in samples:
        if i["dtype"] != np.float32 and x.dtype != np.int8:
            scale, zero = i["quantization"]
            info = np.iinfo(i["dtype"])
            x = np.clip(np.round(x / scale + zero), info.min, info.max)
        elif i["dtype"] == np.float32 and x.dtype == np.int8:
            x = (x.astype(np.float32) - KWS_ZERO) * KWS_SCALE
        it.set_tensor(i["index"], x.astype(i["dtype"]).reshape(i["shape"]))
        it.invoke()
        hit += int(np.argmax(it.get_tensor(o["index"])[0])) == y
        n += 1
    return hit / n


def compare(path, samples, tolerance, kernels, *options):
    ours = verge_json("validate", path, "--pipeline", "{}", *options)["top1"]
    theirs = litert_top1(path, samples, kernels)
    print(f"{os.path.basename(path):45} Verge {ours:.4f}  LiteRT {theirs:.4f}", flush=True)
    assert abs(ours - theirs) <= tolerance + 1e-9


def tflite(part):
    import json
    for m in json.load(open(shared("models/tflite/index.json"))):
        if part in m["path"]:
            return shared("models/tflite/models/" + m["file"])
    raise AssertionError(part)


N = int(os.environ.get("VERGE_ACCURACY_PHOTOS", "1000"))  # 8000 are all
PHOTOS = ["--data", shared("data/cifar10/test.tar.gz"), "--limit", str(N)]
WORDS = ["--data", shared("data/kws01/samples.tar.gz"), "--label-regex", r"_(\d+)\.bin$"]
compare(shared("yardsticks/mcu/models/ic.tflite"), photos(N), 0.001, REFERENCE, *PHOTOS)
compare(shared("yardsticks/mcu/models/kws.tflite"), keywords(0), 0, REFERENCE, *WORDS)
compare(tflite("pretrainedResnet.tflite"), photos(N), 0.001, DEFAULT, *PHOTOS)
