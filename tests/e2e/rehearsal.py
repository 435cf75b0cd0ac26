"""The gate on outputs of real models on real photos: 200 rollouts to 1,000 devices of a good release, and of one that agrees five points less with the model before."""
import tempfile

from support import need, shared, verge, verge_json

np, onnx = need("numpy"), need("onnx")
MODEL = shared("models/onnx/resnet8_cifar10_jpg.onnx")
PHOTOS = ["--data", shared("data/cifar10/test.tar.gz"), "--limit", "2000"]


def shaken(to, share):
    """The model with noise of `share` of each weight tensor's deviation."""
    model, random = onnx.load(MODEL), np.random.default_rng(1)
    for w in model.graph.initializer:
        value = onnx.numpy_helper.to_array(w)
        if value.ndim > 1:
            w.CopyFrom(onnx.numpy_helper.from_array((value + share * value.std() * random.standard_normal(value.shape)).astype(value.dtype), w.name))
    onnx.save(model, to)
    return to


with tempfile.TemporaryDirectory() as tmp:
    good = verge_json("fleet", "rehearse", MODEL, shaken(f"{tmp}/good.onnx", 0.02), *PHOTOS)
    bad = verge_json("fleet", "rehearse", MODEL, shaken(f"{tmp}/bad.onnx", 0.05), *PHOTOS, "--expected", str(good["agreement"]))
    assert 0.045 <= good["agreement"] - bad["agreement"] <= 0.055, (good["agreement"], bad["agreement"])
    assert good["stopped"] + good["passed"] == bad["stopped"] + bad["passed"] == 200, (good, bad)
    assert good["stopped"] <= 2, good
    assert bad["reached_at_most_5_percent"] >= 190 and bad["passed"] <= 10, bad
print(f"good ({good['agreement']:.1%}): {good['stopped']} of 200 stopped; bad ({bad['agreement']:.1%}): {bad['stopped']} stopped, "
      f"{bad['reached_median']:.1%} of the fleet reached, 95th percentile {bad['reached_p95']:.1%}")
