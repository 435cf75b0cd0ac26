"""Detectors on real pictures: YOLOX-nano and Ultra-light face find what ONNX Runtime finds with a decoder of its own, from a package that declares its steps. Published TFLite files find what LiteRT finds without any declaration."""
import glob
import json
import os
import tempfile

from support import ROOT, VERGE, need, run, shared, verge, verge_json

np, ort, image = need("numpy"), need("onnxruntime"), need("PIL.Image")
litert = need("ai_edge_litert.interpreter")

PICTURES = ["bird.bmp", "cat.bmp", "grace_hopper.bmp", "squat.bmp", "owl.jpg", "parrot.jpg"]
with open(f"{ROOT}/examples/detector/coco.txt") as f:
    NAMES = f.read().split("\n")[:80]
with open(f"{ROOT}/examples/detector/yolox_nano.json") as f:
    YOLOX = json.load(f)
FACE = {"color": "RGB", "resize": {"mode": "bilinear", "fit": "stretch", "antialias": False}, "mean": 127, "std": 128,
        "detections": {"form": "corners", "scores": 0, "boxes": 1, "background": True, "score": 0.7, "iou": 0.3, "most": 200}}


def resized(pixels, height, width):
    """Bilinear with half-pixel centres."""
    def weights(out, size):
        at = np.clip((np.arange(out) + 0.5) * size / out - 0.5, 0, size - 1)
        low = np.floor(at).astype(int)
        return low, np.minimum(low + 1, size - 1), (at - low)
    y0, y1, fy = weights(height, pixels.shape[0])
    x0, x1, fx = weights(width, pixels.shape[1])
    rows = pixels[y0] * (1 - fy)[:, None, None] + pixels[y1] * fy[:, None, None]
    return rows[:, x0] * (1 - fx)[None, :, None] + rows[:, x1] * fx[None, :, None]


def suppressed(boxes, scores, iou):
    order, kept = np.argsort(-scores, kind="stable"), []
    for i in order:
        def overlap(k):
            a, b = boxes[i], boxes[k]
            both = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None).prod()
            return both / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - both)
        if all(overlap(k) <= iou for k in kept):
            kept.append(i)
    return kept


def chosen(boxes, scores, steps):
    """[label, score, x1, y1, x2, y2] of what stays, class by class."""
    out = []
    for label in range(scores.shape[1]):
        good = np.flatnonzero(scores[:, label] >= steps["score"])
        out += [[label, scores[i, label], *boxes[i]] for i in good[suppressed(boxes[good], scores[good, label], steps["iou"])]]
    return sorted(out, key=lambda d: -d[1])


def yolox_oracle(session, picture):
    height, width = picture.shape[:2]
    scale = min(416 / height, 416 / width)
    h, w = int(height * scale + 0.5), int(width * scale + 0.5)
    x = np.full((416, 416, 3), 114.0)
    x[:h, :w] = resized(picture, h, w)
    raw = session.run(None, {session.get_inputs()[0].name: x[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32)})[0][0]
    cells = np.concatenate([np.stack([*np.meshgrid(np.arange(416 // s), np.arange(416 // s)), np.full((416 // s, 416 // s), s)], -1).reshape(-1, 3) for s in (8, 16, 32)])
    centre, size = (raw[:, :2] + cells[:, :2]) * cells[:, 2:], np.exp(raw[:, 2:4]) * cells[:, 2:]
    boxes = np.concatenate([centre - size / 2, centre + size / 2], 1) * [width / w, height / h, width / w, height / h]
    return chosen(boxes, raw[:, 5:] * raw[:, 4:5], YOLOX["detections"])


def face_oracle(session, picture):
    height, width = picture.shape[:2]
    x = ((resized(picture, 240, 320) - 127) / 128).transpose(2, 0, 1)[None].astype(np.float32)
    scores, boxes = session.run(None, {session.get_inputs()[0].name: x})
    return chosen(boxes[0] * [width, height, width, height], scores[0][:, 1:], FACE["detections"])


def check(name, pipeline, labels, oracle, tmp):
    source, package = shared(f"models/onnx/{name}.onnx"), f"{tmp}/{name}.vpk"
    for file, text in (("pipeline.json", json.dumps(pipeline)), ("labels.txt", "\n".join(labels))):
        with open(f"{tmp}/{file}", "w") as f:
            f.write(text)
    verge("convert", source, "--pipeline", f"{tmp}/pipeline.json", "--labels", f"{tmp}/labels.txt", "-o", package)
    session, found = ort.InferenceSession(source, providers=["CPUExecutionProvider"]), {}
    for picture in PICTURES:
        pixels = image.open(shared(f"models/tflite/real/test_data_{picture}")).convert("RGB")
        path = f"{tmp}/{picture.split('.')[0]}.png"
        pixels.save(path)
        height, width = pixels.size[1], pixels.size[0]
        wanted = oracle(session, np.asarray(pixels).astype(np.float64))
        got = verge_json("run", package, path)[0]["detections"]
        assert len(got) == len(wanted), (picture, got, wanted)
        for g, w in zip(got, wanted):
            box = np.clip(w[2:], 0, [width, height, width, height])
            assert g["label"] == labels[w[0]] and abs(g["score"] - w[1]) < 1e-3, (picture, g, w)
            assert np.abs(np.array(g["box"]) - box).max() < 0.5, (picture, g, w)
        found[picture] = [g["label"] for g in got]
    print(name, found, flush=True)
    return package, found


def as_yolo(folder, boxes):
    """Each picture with its rows [label, left, top, right, bottom], in pixels of it."""
    for name in ("images", "labels"):
        os.makedirs(f"{folder}/{name}", exist_ok=True)
    with open(f"{folder}/classes.txt", "w") as f:
        f.write("\n".join(NAMES))
    for path, rows in boxes.items():
        stem, picture = os.path.basename(path)[:-4], image.open(path)
        picture.save(f"{folder}/images/{stem}.png")
        w, h = picture.size
        with open(f"{folder}/labels/{stem}.txt", "w") as f:
            f.writelines(f"{k} {(x1 + x2) / 2 / w} {(y1 + y2) / 2 / h} {(x2 - x1) / w} {(y2 - y1) / h}\n" for k, x1, y1, x2, y2 in rows)


def check_average_precision(package, tmp):
    """Against the boxes that it finds itself a detector is perfect; moved by a quarter of their width, overlaps are 0.6, found at three of ten thresholds; of another class, none."""
    found = {p: [[d["index"], *d["box"]] for d in verge_json("run", package, p)[0]["detections"]] for p in (f"{tmp}/{picture.split('.')[0]}.png" for picture in PICTURES)}
    inner = {p: [r for r in rows if r[1] > 1 and r[3] < image.open(p).width - 1] for p, rows in found.items()}
    as_yolo(f"{tmp}/own", found)
    judged = verge_json("validate", package, "--data", f"{tmp}/own")
    assert judged["samples"] == len(PICTURES) and judged["map50"] > 0.999 and judged["map"] > 0.999, judged
    assert set(judged["average_precision_50"]) == {NAMES[r[0]] for rows in found.values() for r in rows}, judged
    text = verge("validate", package, "--data", f"{tmp}/own")
    assert "mAP@50     100.00 %" in text or "mAP@50     99.9" in text, text
    as_yolo(f"{tmp}/moved", {p: [[k, x1 + (x2 - x1) / 4, y1, x2 + (x2 - x1) / 4, y2] for k, x1, y1, x2, y2 in rows] for p, rows in inner.items()})
    judged = verge_json("validate", package, "--data", f"{tmp}/moved")
    assert judged["map"] < 0.6, judged
    as_yolo(f"{tmp}/other", {p: [[(r[0] + 1) % 80, *r[1:]] for r in rows] for p, rows in found.items()})
    assert verge_json("validate", package, "--data", f"{tmp}/other")["map50"] < 0.3
    with open(f"{tmp}/own/labels/cat.txt", "a") as f:
        f.write("3 oops\n")
    p = run(VERGE, "validate", package, "--data", f"{tmp}/own")
    assert p.returncode == 2 and "'labels/cat.txt': '3 oops' is no" in p.stderr, p.stderr


def published(stem):
    (path,) = glob.glob(os.path.join(shared("models/tflite/models"), f"*_{stem}.tflite"))
    return path


def by_litert(path, pixels):
    """The picture's bytes, stretched, go in as they are; every output."""
    interpreter = litert.Interpreter(model_path=path, num_threads=1)
    interpreter.allocate_tensors()
    height, width = interpreter.get_input_details()[0]["shape"][1:3]
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.asarray(pixels.resize((width, height), image.BILINEAR))[None])
    interpreter.invoke()
    return [interpreter.get_tensor(o["index"]) for o in interpreter.get_output_details()]


def points_and_classes(tmp):
    """MoveNet's points within 2 % of the picture, shares of DeepLab's classes within 3 %; both draw."""
    pixels = image.open(shared("models/tflite/real/test_data_squat.bmp")).convert("RGB")
    size = np.array(pixels.size)
    wanted = by_litert(published("movenet_single_pose_lightning_ptq"), pixels)[0][0, 0]
    options = ("--pipeline", '{"keypoints": {}}', f"{tmp}/squat.png")
    got = verge_json("run", published("movenet_single_pose_lightning_ptq"), *options)[0]["keypoints"]
    sure = wanted[:, 2] > 0.4
    assert len(got) == 17 and sure.sum() >= 8, (len(got), wanted)
    away = np.abs(np.array([[p["x"], p["y"]] for p in got]) - wanted[:, [1, 0]] * size)[sure].max() / size.max()
    assert away < 0.02, f"a point lies {away:.1%} away"
    verge("run", published("movenet_single_pose_lightning_ptq"), *options, "-o", f"{tmp}/points.png")
    changed = (np.asarray(image.open(f"{tmp}/points.png")) != np.asarray(image.open(f"{tmp}/squat.png"))).any(axis=2).mean()
    assert 0 < changed < 0.1, changed
    pixels = image.open(shared("models/tflite/real/test_data_cat.bmp")).convert("RGB")
    wanted = by_litert(published("deeplabv3_mnv2_ade20k_int8"), pixels)[0][0]
    got = {c["index"]: c["share"] for c in verge_json("run", published("deeplabv3_mnv2_ade20k_int8"), "--pipeline", '{"mean": 127, "std": 127.5, "classes": {}}', f"{tmp}/cat.png", "-o", f"{tmp}/classes.png")[0]["classes"]}
    off = sum(abs(got.get(k, 0) - (wanted == k).mean()) for k in set(got) | set(np.unique(wanted))) / 2
    assert off < 0.03 and abs(sum(got.values()) - 1) < 1e-6, (off, got)
    assert (np.asarray(image.open(f"{tmp}/classes.png")) != np.asarray(image.open(f"{tmp}/cat.png"))).any(axis=2).mean() > 0.1


def check_published(tmp):
    """uint8 files whose inputs have a scale of 1/128: the scores of both differ by a step of a resized byte or two."""
    coco = published("coco_ssd_mobilenet_v1_1.0_quant_2018_06_29")
    for picture, label in (("cat.bmp", "cat"), ("grace_hopper.bmp", "person"), ("parrot.jpg", "bird")):
        pixels = image.open(shared(f"models/tflite/real/test_data_{picture}")).convert("RGB")
        path = f"{tmp}/{picture.split('.')[0]}.png"
        boxes, _, scores, _ = (o[0] for o in by_litert(coco, pixels)[:4])
        best = verge_json("run", coco, path)[0]["detections"][0]
        wanted = boxes[np.argmax(scores)][[1, 0, 3, 2]] * np.tile(pixels.size, 2)
        assert best["label"] == label and abs(best["score"] - scores.max()) < 0.06, (picture, best, scores.max())
        assert np.abs(np.array(best["box"]) - np.clip(wanted, 0, np.tile(pixels.size, 2))).max() < 0.05 * max(pixels.size), (picture, best, wanted)
    classifier = published("mobilenet_v1_0.25_224_quant")
    pixels = image.open(shared("models/tflite/real/test_data_parrot.jpg")).convert("RGB")
    scores = by_litert(classifier, pixels)[0][0] / 256
    top = verge_json("run", classifier, f"{tmp}/parrot.png")[0]["top"][0]
    assert top["index"] == scores.argmax() and abs(top["score"] - scores.max()) < 0.06, (top, scores.argmax(), scores.max())
    points_and_classes(tmp)
    print("published TFLite files: labels, scores and boxes are LiteRT's", flush=True)


with tempfile.TemporaryDirectory() as tmp:
    package, found = check("yolox_nano", YOLOX, NAMES, yolox_oracle, tmp)
    assert "cat" in found["cat.bmp"] and "person" in found["grace_hopper.bmp"] and "bird" in found["parrot.jpg"], found
    text = verge("run", package, f"{tmp}/cat.png", "-o", f"{tmp}/drawn.png")
    assert " cat 0." in text, text
    assert (np.asarray(image.open(f"{tmp}/drawn.png")) != np.asarray(image.open(f"{tmp}/cat.png"))).any(axis=2).sum() > 500
    check_average_precision(package, tmp)
    check_published(tmp)
    for name in ("ultraface_version-RFB-320", "ultraface_version-slim-320"):
        _, found = check(name, FACE, ["face"], face_oracle, tmp)
        assert found["grace_hopper.bmp"] == ["face"] and found["cat.bmp"] == [], found
    p = run(VERGE, "convert", shared("models/onnx/mnist.onnx"), "--pipeline", '{"detections": {"form": "yolo"}}', "-o", f"{tmp}/x.vpk")
    assert p.returncode == 2 and "yolov8" in p.stderr, p.stderr
