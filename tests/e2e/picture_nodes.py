"""A model that takes a picture's file and gives another: Verge's pixels are those of ONNX Runtime with onnxruntime-extensions, whose JPEG decoder is
another than Pillow's and ours: it is given Pillow's pixels as PNG."""
import io
import os
import tempfile

from support import VERGE, need, run, shared, verge

np, ort, image = need("numpy"), need("onnxruntime"), need("PIL.Image")
extensions = need("onnxruntime_extensions")
MODEL = shared("models/onnx/superres_prepost_op18.onnx")
PHOTO = shared("models/tflite/real/test_data_grace_hopper.bmp")


def oracle():
    options = ort.SessionOptions()
    options.register_custom_ops_library(extensions.get_library_path())
    return ort.InferenceSession(MODEL, options, providers=["CPUExecutionProvider"])


def file_of(picture, form):
    out = io.BytesIO()
    picture.save(out, form)
    return np.frombuffer(out.getvalue(), np.uint8)


def ours(file, tmp):
    os.makedirs(tmp + "/in", exist_ok=True)
    np.save(tmp + "/in/input_0.npy", file)
    verge("run", MODEL, "--input-dir", tmp + "/in", "--output-dir", tmp + "/out")
    return np.load(tmp + "/out/output_0.npy")


def pixels(file):
    return np.asarray(image.open(io.BytesIO(file.tobytes())).convert("RGB")).astype(int)


session, photo = oracle(), image.open(PHOTO).convert("RGB")
with tempfile.TemporaryDirectory() as tmp:
    for form, size in (("PNG", (300, 260)), ("PNG", (224, 224)), ("JPEG", (400, 300))):
        file = file_of(photo.resize(size), form)
        decoded = file_of(image.open(io.BytesIO(file.tobytes())), "PNG")
        got, wanted = pixels(ours(file, tmp)), pixels(session.run(None, {"image": decoded})[0])
        assert got.shape == wanted.shape, (got.shape, wanted.shape)
        away = np.abs(got - wanted)
        print(f"{form} {size}: {got.shape}, {np.mean(away == 0):.4%} of the values equal, the farthest {away.max()} away", flush=True)
        # ONNX Runtime resizes bytes with weights of 22 bits: a step between two of them, and what the network makes of it.
        assert away.max() <= 6 and away.mean() < 0.05, f"{form} {size}: {away.max()} away, {away.mean()} in the mean"
    np.save(tmp + "/in/input_0.npy", np.frombuffer(b"no picture at all", np.uint8))
    p = run(VERGE, "run", MODEL, "--input-dir", tmp + "/in", "--output-dir", tmp + "/out")
    assert p.returncode not in (0, 1) and "pre_process_0" in p.stderr and "JPEG" in p.stderr, (p.returncode, p.stderr)
