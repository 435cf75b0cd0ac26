"""Trees, linear models, scalers and normalizers of ai.onnx.ml, random ones, give ONNX Runtime's numbers."""
import os
import tempfile

from support import VERGE, need, run, run_model

np = need("numpy")
onnx = need("onnx")
ort = need("onnxruntime")
from classical_models import FEATURES, model, random_trees  # noqa: E402

ROWS = 50


def check(name, op, attributes, x, classifier=False):
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "model.onnx")
        onnx.save(model(op, attributes, classifier, ROWS), path)
        wanted = ort.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"x": x})
        got = run_model([VERGE, "run"], path, [x])
    assert len(got) == len(wanted)
    if classifier:
        assert (got[0] == wanted[0]).all(), f"{name}: labels differ"
    error = np.abs(got[-1] - wanted[-1].reshape(got[-1].shape)).max()
    print(f"{name:36} largest difference {error:.1e}", flush=True)
    assert got[-1].size == wanted[-1].size and error < 2e-6 * max(1, np.abs(wanted[-1]).max())


rng = np.random.default_rng(1)
x = rng.normal(size=(ROWS, FEATURES)).astype(np.float32)
holes = np.where(rng.random(x.shape) < 0.2, np.float32("nan"), x).astype(np.float32)
floats = lambda *shape: [float(v) for v in rng.normal(size=shape).astype(np.float32).ravel()]

for trees in (1, 40):
    check(f"regressor of {trees} trees", "TreeEnsembleRegressor", dict(random_trees(rng, "target", 1, trees, False), n_targets=1), x)
check("regressor of three targets, averaged", "TreeEnsembleRegressor", dict(random_trees(rng, "target", 3, 9, False), n_targets=3, aggregate_function="AVERAGE", base_values=floats(3)), x)
check("regressor with missing values", "TreeEnsembleRegressor", dict(random_trees(rng, "target", 2, 9, True), n_targets=2), holes)
check("classifier of four classes", "TreeEnsembleClassifier", dict(random_trees(rng, "class", 4, 12, False), classlabels_int64s=[3, 1, 9, 4]), x, True)
check("classifier of two, one weighed", "TreeEnsembleClassifier", dict(random_trees(rng, "class", 1, 12, False), classlabels_int64s=[7, 5]), x, True)
margins = random_trees(rng, "class", 1, 12, False)
margins["class_weights"] = [float(w) for w in rng.normal(size=len(margins["class_weights"])).astype(np.float32)]
for how in ("NONE", "SOFTMAX"):
    check(f"classifier of two by margin, {how}", "TreeEnsembleClassifier", dict(margins, classlabels_int64s=[7, 5], post_transform=how), x, True)
check("linear regressor", "LinearRegressor", dict(coefficients=floats(2, FEATURES), intercepts=floats(2), targets=2), x)
for how in ("NONE", "LOGISTIC", "SOFTMAX"):
    check(f"linear classifier, {how}", "LinearClassifier", dict(coefficients=floats(3, FEATURES), intercepts=floats(3), classlabels_ints=[2, 0, 1], post_transform=how), x, True)
check("scaler", "Scaler", dict(offset=floats(FEATURES), scale=floats(FEATURES)), x)
for norm in ("L1", "L2", "MAX"):
    check(f"normalizer, {norm}", "Normalizer", dict(norm=norm), x)
check("binarizer", "Binarizer", dict(threshold=0.25), x)

attributes = random_trees(rng, "target", 1, 1, False)
attributes["nodes_truenodeids"][0] = 0
with tempfile.TemporaryDirectory() as tmp:
    path = os.path.join(tmp, "model.onnx")
    onnx.save(model("TreeEnsembleRegressor", dict(attributes, n_targets=1), False, ROWS), path)
    p = run(VERGE, "inspect", path)
    assert p.returncode == 7 and "two ways" in p.stderr, p.stderr
