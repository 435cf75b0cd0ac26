#!/usr/bin/env python3
"""int8 accuracy of five networks, Verge's `optimize` beside ONNX Runtime's static quantisation of the same file with the same calibration samples.

    bench/int8_accuracy.py [--only NAME] [--seed N] [--calibration N] [--pictures N] [--json FILE]

Where there are labels: top-1. Else against the float network: agreement of the arg-max, mean average precision of the detections (IoU 0.5, float's detections
being the truth), or signal to noise of the outputs. ONNX Runtime: the better of its signed and unsigned activations, per-channel weights, min-max ranges. Verge keeps half
of the calibration samples to judge itself by. Milliseconds: one thread, the least of runs in turns.
"""
import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time

import numpy as np
import onnxruntime as ort
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL import Image

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("VERGE_BUILD", os.path.join(ROOT, "build", "release"))
SHARED = os.environ.get("VERGE_SHARED", os.path.join(ROOT, "..", "shared"))
sys.path.insert(0, os.path.join(BUILD, "python"))
import verge  # noqa: E402

ort.set_default_logger_severity(4)
SIGNED, UNSIGNED = QuantType.QInt8, QuantType.QUInt8
DETECTIONS = "mAP against float"
MOST_BOXES = 1000  # of a picture that suppression looks at


def shared(path):
    return os.path.join(SHARED, path)


def members(path):
    with tarfile.open(shared(path)) as tar:
        for m in sorted((m for m in tar.getmembers() if m.isfile()), key=lambda m: m.name):
            yield m.name, tar.extractfile(m).read()


def converted(keras):
    """The Keras file as ONNX, beside which ONNX Runtime's quantisation can work."""
    path = os.path.join(tempfile.gettempdir(), os.path.basename(keras) + ".onnx")
    subprocess.run([os.path.join(BUILD, "verge"), "convert", shared(keras), "-o", path], check=True, capture_output=True)
    return path


def runner(session):
    name = session.get_inputs()[0].name
    return lambda x: session.run(None, {name: x})


def by_ort(path):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return runner(ort.InferenceSession(path, options, providers=["CPUExecutionProvider"]))


def by_verge(path):
    return runner(verge.InferenceSession(path))


def verge_int8(model, samples, tmp):
    np.savez(f"{tmp}/x.npz", x=np.concatenate(samples))
    command = [os.path.join(BUILD, "verge"), "optimize", model, "--data", f"{tmp}/x.npz", "--calibration", str(len(samples)), "--check", "16", "--max-drop", "100", "--no-timing", "-o", f"{tmp}/m.vpk"]
    p = subprocess.run(command, capture_output=True, text=True)
    assert p.returncode == 0, p.stderr
    return f"{tmp}/m.vpk"


def ort_int8(model, samples, activations, tmp):
    class Reader(CalibrationDataReader):
        def __init__(self):
            self.name, self.rest = ort.InferenceSession(f"{tmp}/ready.onnx").get_inputs()[0].name, list(samples)

        def get_next(self):
            return {self.name: self.rest.pop()} if self.rest else None

    subprocess.run([os.path.join(BUILD, "verge"), "convert", model, "-o", f"{tmp}/new.onnx"], check=True, capture_output=True)  # scales per channel want opset 13
    quant_pre_process(f"{tmp}/new.onnx", f"{tmp}/ready.onnx", skip_symbolic_shape=True)
    out = f"{tmp}/ort.{activations.name}.onnx"
    quantize_static(f"{tmp}/ready.onnx", out, Reader(), quant_format=QuantFormat.QDQ, per_channel=True, weight_type=SIGNED, activation_type=activations)
    return out


def outputs(run, samples):
    return [run(x) for x in samples]


def times_ms(runs, x, rounds=30):
    least = [float("inf")] * len(runs)
    for _ in range(rounds):
        for i, run in enumerate(runs):
            start = time.perf_counter()
            run(x)
            least[i] = min(least[i], (time.perf_counter() - start) * 1e3)
    return least


# Each network: name, model, calibration samples, test samples, score(outputs of the candidate, outputs of float), what the score is.

def keyword_spotting(seed):
    scale, zero = 0.5847029089927673, 83
    data = [((np.frombuffer(b, np.int8).astype(np.float32).reshape(1, 49, 10, 1) - zero) * scale, int(name.rsplit("_", 1)[1].split(".")[0])) for name, b in members("data/kws01/samples.tar.gz")]
    order = np.random.default_rng(seed).permutation(len(data))
    labels = np.array([y for _, y in data])
    top1 = lambda got, _: float(np.mean([np.argmax(g[0]) for g in got] == labels))
    return converted("models/keras/kws_model.h5"), [data[i][0] for i in order[:300]], [x for x, _ in data], top1, "top-1"


def agreement(got, real):
    return float(np.mean([np.argmax(a[0]) == np.argmax(b[0]) for a, b in zip(got, real)]))


def photographs(seed, count, size, scale=255.0):
    names = list(members("data/cifar10/test.tar.gz"))
    order = np.random.default_rng(seed).permutation(len(names))[:count]
    for i in order:
        picture = Image.open(io.BytesIO(names[i][1])).convert("RGB").resize((size, size), Image.BILINEAR)
        yield np.asarray(picture, np.float32)[None] / scale


def visual_wake_words(seed):
    pictures = list(photographs(seed, 1000, 96))
    return converted("models/keras/vww_96.h5"), pictures[:300], pictures[300:], agreement, "agreement"


def mel_windows():
    """Five frames of 128 logarithmic mel energies of spoken digits, as the anomaly detector takes them of machines."""
    import wave
    edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + 4000 / 700), 130) / 2595) - 1)
    bins = np.fft.rfftfreq(1024, 1 / 8000)
    mel = np.maximum(0, np.minimum((bins[None] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None], (edges[2:, None] - bins[None]) / (edges[2:] - edges[1:-1])[:, None]))
    for name, b in members("data/spoken-digits/test.tar.gz"):
        if not name.endswith(".wav"):
            continue
        with wave.open(io.BytesIO(b)) as w:
            sound = np.frombuffer(w.readframes(w.getnframes()), np.int16) / 32768
        frames = [sound[i:i + 1024] * np.hanning(1024) for i in range(0, len(sound) - 1024, 128)]
        energy = 20 / 2 * np.log10(np.array([mel @ np.abs(np.fft.rfft(f)) ** 2 for f in frames]) + 1e-10) if len(frames) >= 5 else np.empty((0, 128))
        for i in range(0, len(energy) - 4, 5):
            yield energy[i:i + 5].reshape(1, 640).astype(np.float32)


def anomaly_detector(seed):
    windows = list(mel_windows())
    order = np.random.default_rng(seed).permutation(len(windows))
    model = shared("models/onnx/mlperf_ad_autoencoder.onnx")
    rows = [windows[i] for i in order]

    def order_kept(got, real):
        errors = lambda outs: np.array([np.mean((o[0] - x) ** 2) for o, x in zip(outs, rows[300:1500])])
        rank = lambda v: np.argsort(np.argsort(v))
        return float(np.corrcoef(rank(errors(got)), rank(errors(real)))[0, 1])
    return model, rows[:300], rows[300:1500], order_kept, "rank correlation of the anomaly scores"


def scenes(seed, count):
    """Crops, mirrored and of other brightness, of the pictures that come with the TFLite examples."""
    rng = np.random.default_rng(seed)
    base = [Image.open(shared(f"models/tflite/real/test_data_{n}")).convert("RGB") for n in ("bird.bmp", "cat.bmp", "grace_hopper.bmp", "squat.bmp", "owl.jpg", "parrot.jpg")]
    for i in range(count):
        p = base[i % len(base)]
        w, h = p.size
        share = rng.uniform(0.7, 1)
        left, top = rng.uniform(0, 1 - share) * w, rng.uniform(0, 1 - share) * h
        p = p.crop((int(left), int(top), int(left + share * w), int(top + share * h)))
        pixels = np.clip(np.asarray(p, np.float32) * rng.uniform(0.7, 1.2), 0, 255)
        yield pixels[:, ::-1] if rng.integers(2) else pixels


def resized(pixels, width, height):
    return np.asarray(Image.fromarray(pixels.astype(np.uint8)).resize((width, height), Image.BILINEAR), np.float32)


def overlap(a, b):
    both = np.clip(np.minimum(a[2:], b[:, 2:]) - np.maximum(a[:2], b[:, :2]), 0, None).prod(1)
    return both / ((a[2:] - a[:2]).prod() + (b[:, 2:] - b[:, :2]).prod(1) - both + 1e-9)


def suppressed(boxes, scores, labels, iou, least):
    order, kept = np.argsort(-scores), []
    order = order[scores[order] >= least][:MOST_BOXES]
    while len(order):
        best, rest = order[0], order[1:]
        kept.append((boxes[best], scores[best], labels[best]))
        order = rest[(labels[rest] != labels[best]) | (overlap(boxes[best], boxes[rest]) <= iou)]
    return kept


def average_precision(found, truth):
    """found, truth: by picture a list of (box, score, label). Mean over labels of the area under precision by recall, IoU 0.5."""
    values = []
    for label in sorted({t[2] for picture in truth for t in picture}):
        wanted = [np.array([t[0] for t in picture if t[2] == label]).reshape(-1, 4) for picture in truth]
        taken, hits = [np.zeros(len(w), bool) for w in wanted], []
        for score, i, box in sorted(((f[1], i, f[0]) for i, picture in enumerate(found) for f in picture if f[2] == label), key=lambda v: -v[0]):
            ious = np.where(taken[i], 0, overlap(box, wanted[i])) if len(wanted[i]) else np.zeros(0)
            hit = len(ious) > 0 and ious.max() >= 0.5
            if hit:
                taken[i][ious.argmax()] = True
            hits.append(hit)
        right = np.cumsum(hits)
        precision = np.maximum.accumulate((right / np.arange(1, len(hits) + 1))[::-1])[::-1] if hits else np.zeros(0)
        values.append(float(np.sum(precision[np.array(hits, bool)]) / sum(map(len, wanted))) if hits else 0.0)
    return float(np.mean(values))


def detector(decode, model, calibration, test, sure):
    """Truth: float detections above `sure`, the score from which the network's authors show boxes; candidates are listed from 0.05 on, as average precision wants it."""
    score = lambda got, real: average_precision([decode(g, 0.05) for g in got], [decode(r, sure) for r in real])
    return model, calibration, test, score, DETECTIONS


def faces(seed):
    pictures = [((resized(p, 320, 240) - 127) / 128).transpose(2, 0, 1)[None].astype(np.float32) for p in scenes(seed, 260)]

    def decode(out, least):
        scores, boxes = out[0][0][:, 1], out[1][0]
        good = scores >= least
        return suppressed(boxes[good], scores[good], np.zeros(good.sum(), int), 0.3, least)
    return detector(decode, shared("models/onnx/ultraface_version-RFB-320.onnx"), pictures[:100], pictures[100:], sure=0.7)


def yolox(seed):
    def prepared(pixels):
        h, w = pixels.shape[:2]
        scale = min(416 / h, 416 / w)
        x = np.full((416, 416, 3), 114, np.float32)
        x[:round(h * scale), :round(w * scale)] = resized(pixels, round(w * scale), round(h * scale))
        return x[:, :, ::-1].transpose(2, 0, 1)[None].copy()
    cells = np.concatenate([np.stack([*np.meshgrid(np.arange(416 // s), np.arange(416 // s)), np.full((416 // s, 416 // s), s)], -1).reshape(-1, 3) for s in (8, 16, 32)])

    def decode(out, least):
        raw = out[0][0]
        centre, size = (raw[:, :2] + cells[:, :2]) * cells[:, 2:], np.exp(np.minimum(raw[:, 2:4], 10)) * cells[:, 2:]
        every = raw[:, 5:] * raw[:, 4:5]
        labels, scores = every.argmax(1), every.max(1)
        good = scores >= least
        return suppressed(np.concatenate([centre - size / 2, centre + size / 2], 1)[good], scores[good], labels[good], 0.45, least)
    pictures = [prepared(p) for p in scenes(seed, 260)]
    return detector(decode, shared("models/onnx/yolox_nano.onnx"), pictures[:100], pictures[100:], sure=0.3)


NETWORKS = {"KWS DS-CNN": keyword_spotting, "VWW MobileNet": visual_wake_words, "autoencoder": anomaly_detector, "Ultra-light face": faces, "YOLOX-nano": yolox}


def measured(name, make, a):
    model, calibration, test, score, what = make(a.seed)
    if what == DETECTIONS:
        calibration, test = calibration[:a.calibration], test[:a.pictures]
    with tempfile.TemporaryDirectory() as tmp:
        real = outputs(by_ort(model), test)
        row = {"network": name, "score": what, "float": score(real, real), "samples": len(test), "calibration": len(calibration)}
        row["verge_bytes"] = os.path.getsize(package := verge_int8(model, calibration, tmp))
        runs = [by_verge(package)]
        row["verge"] = score(outputs(runs[0], test), real)
        for form in (SIGNED, UNSIGNED):
            path = ort_int8(model, calibration, form, tmp)
            runs.append(by_ort(path))
            row[f"onnxruntime_{form.name}"] = score(outputs(runs[-1], test), real)
            row["onnxruntime_bytes"] = os.path.getsize(path)
        row["verge_ms"], *others = times_ms(runs, test[0])
    row["onnxruntime"], row["onnxruntime_ms"] = max(zip((row["onnxruntime_QInt8"], row["onnxruntime_QUInt8"]), others), key=lambda v: (v[0], -v[1]))
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=list(NETWORKS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--calibration", type=int, default=100, help="pictures that detectors are calibrated on")
    parser.add_argument("--pictures", type=int, default=160, help="pictures that detectors are judged by, at most")
    parser.add_argument("--json")
    a = parser.parse_args()
    rows = []
    for name, make in NETWORKS.items():
        if a.only and name != a.only:
            continue
        rows.append(measured(name, make, a))
        r = rows[-1]
        told = lambda engine: f"{r[engine]:.4f} ({r[engine + '_bytes']} bytes, {r[engine + '_ms']:.2f} ms)"
        print(f"{name:18} {r['score']}: float {r['float']:.4f}, Verge {told('verge')}, ONNX Runtime {told('onnxruntime')}, {r['samples']} samples", flush=True)
    if a.json:
        with open(a.json, "w") as f:
            json.dump(rows, f, indent=1)


if __name__ == "__main__":
    main()
