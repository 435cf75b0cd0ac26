"""What a user looks at: the page of the graph, the doctor's findings, scenarios, traces, battery estimates."""
import json
import os
import tempfile

from support import INSPECTION, VERGE, need, run, verge, verge_json

np, onnx, image = need("numpy"), need("onnx"), need("PIL.Image")


def damaged(path):
    model = onnx.load(INSPECTION)
    node = [n for n in model.graph.node if n.op_type == "Conv"][4]
    weights = next(i for i in model.graph.initializer if i.name == node.input[1])
    weights.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(weights) * np.float32(1.5), weights.name))
    onnx.save(model, path)


def view(tmp):
    verge("view", INSPECTION, "-o", tmp + "/page.html")
    text = open(tmp + "/page.html").read()
    count = verge_json("inspect", INSPECTION)["instructions"]
    assert text.count("<g class=") == count and text.count(" ms") >= count and "http" not in text, "every instruction, each with its time, nothing from outside"
    damaged(tmp + "/damaged.onnx")
    verge("view", tmp + "/damaged.onnx", "--no-times", "--against", INSPECTION, "-o", tmp + "/page.html")
    text = open(tmp + "/page.html").read()
    assert "diverges'" in text and "err " in text


def doctor(tmp):
    verge("data", "make", "inspection", "--count", "1", "--seed", "5", "-o", tmp + "/pictures")
    folder = os.path.join(tmp, "pictures", "ok")
    picture = os.path.join(folder, sorted(os.listdir(folder))[0])
    shape = verge_json("inspect", INSPECTION)["inputs"][0]["shape"]
    size = shape[2] if shape[1] in (1, 3) else shape[1]
    pipeline = json.dumps({"color": "RGB", "mean": 127.5, "std": 127.5, "resize": {"antialias": False}})
    pixels = np.asarray(image.open(picture).convert("RGB")).astype(np.float32)
    if pixels.shape[0] != size:
        pixels = np.asarray(image.open(picture).convert("RGB").resize((size, size), image.BILINEAR)).astype(np.float32)
    def ask(array):
        np.save(tmp + "/fed.npy", array.astype(np.float32))
        return verge_json("doctor", INSPECTION, "--picture", picture, "--tensor", tmp + "/fed.npy", "--pipeline", pipeline)
    good = ((pixels - 127.5) / 127.5).transpose(2, 0, 1)[None]
    swapped = ask(good[:, ::-1] * 0.5 + 0.5)
    found = {f["what"]: f["found"] for f in swapped["findings"]}
    assert not swapped["matches"] and found.get("colour order") == "BGR" and found.get("range") == "0..1", swapped
    assert not ask(good.transpose(0, 2, 3, 1).reshape(good.shape))["matches"]
    p = run(VERGE, "doctor", INSPECTION, "--picture", picture, "--tensor", picture, "--pipeline", pipeline)
    assert p.returncode == 7, p.stderr


def scenarios(tmp):
    for name, key in (("single-stream", "latency"), ("multi-stream", "samples_per_query"), ("offline", "samples_per_s"), ("server", "in_bound")):
        report = verge_json("bench", INSPECTION, "--scenario", name, "--seconds", "0.3")
        assert report["scenario"] == name and key in report and report["samples"] >= 10, report
        assert report["energy"] is None or report["energy"]["joules"] >= 0
    sustained = verge_json("bench", INSPECTION, "--sustained", "0.5")
    assert len(sustained["windows"]) >= 3 and all(w["samples_per_s"] > 0 for w in sustained["windows"]), sustained
    report = verge_json("bench", INSPECTION, "--interval", "0.05", "--seconds", "0.4", "--battery", "300mAh", "--every", "1s", "--active-watts", "2", "--idle-watts", "0.01")
    battery = report["battery"]
    assert report["samples"] <= 11 and battery["label"] == "estimated" and 50 < battery["hours"] < 111.1, report
    p = run(VERGE, "bench", INSPECTION, "--battery", "300", "--seconds", "0.1")
    assert p.returncode == 2 and "mAh" in p.stderr, p.stderr
    verge("bench", INSPECTION, "--seconds", "0.1", "--trace", tmp + "/trace.json")
    events = json.load(open(tmp + "/trace.json"))["traceEvents"]
    whole = [e for e in events if e["name"] == "inference"]
    inside = [e for e in events if e["name"] != "inference" and whole[0]["ts"] <= e["ts"] <= whole[0]["ts"] + whole[0]["dur"]]
    assert len(whole) == 5 and len(inside) == verge_json("inspect", INSPECTION)["instructions"], (len(whole), len(inside))


with tempfile.TemporaryDirectory() as folder:
    view(folder)
    doctor(folder)
    scenarios(folder)
