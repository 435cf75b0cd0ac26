"""Real ONNX files give ONNX Runtime's outputs, from the source and from a package."""
import os
import tempfile

from support import VERGE, INSPECTION, need, run_model, shared, verge

np, ort = need("numpy"), need("onnxruntime")
ort.set_default_logger_severity(3)
MODELS = ["mlperf_ic_resnet8", "mlperf_kws_dscnn", "mlperf_vww_mobilenet025", "mlperf_ad_autoencoder", "mnist", "resnet8_cifar10_jpg", "ultraface_version-RFB-320",
          "ultraface_version-slim-320", "ultraface_version-RFB-320_simplified", "yolox_nano", "light_squeezenet", "light_resnet50", "light_shufflenet", "light_inception_v2",
          "light_densenet121"]


def inputs_of(session):
    random = np.random.default_rng(1)
    shape = lambda i: [d if isinstance(d, int) else 1 for d in i.shape]
    return {i.name: random.uniform(-1, 1, shape(i)).astype(np.float32) for i in session.get_inputs()}


def check(path):
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    feeds = inputs_of(session)
    wanted = session.run(None, feeds)
    with tempfile.TemporaryDirectory() as tmp:
        package = os.path.join(tmp, "model.vpk")
        verge("convert", path, "-o", package)
        for model in (path, package):
            got = run_model([VERGE, "run"], model, list(feeds.values()))
            assert len(got) == len(wanted), path
            for g, w in zip(got, wanted):
                assert g.shape == w.shape and g.dtype == w.dtype, (path, g.shape, w.shape)
                error = np.abs(g - w).max() / max(np.abs(w).max(), 1e-6)
                assert error < 2e-4, f"{path}: relative error {error:.3g}"
    print(f"{os.path.basename(path):45} equal to ONNX Runtime within {error:.2g}", flush=True)


check(INSPECTION)
for name in MODELS:
    check(shared(f"models/onnx/{name}.onnx"))
