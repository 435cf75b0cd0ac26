"""`cmake --install`, then the examples build against the installed tree through find_package and run; the Python ones run beside them and agree."""
import glob
import json
import os
import sys
import tempfile

from support import BUILD, INSPECTION, ROOT, VERGE, need, run, verge

PYTHON = os.path.join(ROOT, "examples", "python")


def done(*command, **environment):
    p = run(*command, **environment)
    assert p.returncode == 0, f"{command}: {p.stdout}\n{p.stderr}"
    return p.stdout


def build(tmp):
    done("cmake", "--install", BUILD, "--prefix", tmp + "/usr")
    done("cmake", "-G", "Ninja", "-S", ROOT + "/examples/cpp", "-B", tmp + "/build", "-DCMAKE_PREFIX_PATH=" + tmp + "/usr", "-DCMAKE_BUILD_TYPE=Release")
    done("cmake", "--build", tmp + "/build")


def python(example, *arguments, cwd=None):
    return done(sys.executable, os.path.join(PYTHON, example + ".py"), *arguments, PYTHONPATH=os.path.join(BUILD, "python") + ":" + PYTHON, VERGE=VERGE)


def pictures(tmp):
    image = need("PIL.Image")
    verge("data", "make", "inspection", "--count", "40", "--seed", "9", "-o", tmp + "/pictures")
    png = sorted(glob.glob(tmp + "/pictures/*/*.png"))
    ppm = []
    for i, path in enumerate(png):
        ppm.append(f"{tmp}/{i}.ppm")
        image.open(path).convert("RGB").save(ppm[-1])
    return png, ppm


def halves(tmp):
    """The demo model cut in two."""
    onnx = need("onnx")
    model = onnx.load(INSPECTION)
    cut = model.graph.node[1].output[0]  # behind the first convolution: no residual jumps over it
    onnx.save(onnx.shape_inference.infer_shapes(model), tmp + "/typed.onnx")
    onnx.utils.extract_model(tmp + "/typed.onnx", tmp + "/a.onnx", ["image"], [cut])
    onnx.utils.extract_model(tmp + "/typed.onnx", tmp + "/b.onnx", [cut], [model.graph.output[0].name])
    return [tmp + "/a.onnx", tmp + "/b.onnx"]


def main():
    with tempfile.TemporaryDirectory() as tmp:
        build(tmp)
        cpp = lambda name, *arguments: done(f"{tmp}/build/{name}", *arguments, VERGE=VERGE)  # noqa: E731
        line = cpp("classify", INSPECTION)
        assert line.startswith("logits:") and len(line.split()) == 6, line
        package = tmp + "/inspection.vpk"
        verge("convert", INSPECTION, "-o", package)
        png, ppm = pictures(tmp)

        verdicts = [[w for w in out.split() if w in ("PASS", "REJECT")] for out in (python("defect_detector", package, *png), cpp("defect_detector", package, *ppm))]
        truth = ["PASS" if "/ok/" in p else "REJECT" for p in png]
        assert verdicts[0] == verdicts[1] and sum(a == b for a, b in zip(verdicts[0], truth)) >= 0.8 * len(truth), verdicts
        assert python("smart_camera", package, *png) == cpp("smart_camera", package, *ppm)
        assert len(python("edge_inference", package, *png).splitlines()) == len(png)
        for out in (python("edge_model_benchmark", package), cpp("edge_model_benchmark", package)):
            keys = json.loads(out)
            assert keys["min_latency_ms"] <= keys["p50_latency_ms"] <= keys["p99_latency_ms"] and keys["model_size_mb"] > 0.3, keys
        for out in (python("edge_monitor", package), cpp("edge_monitor", package)):
            assert out.split()[:2] == ["UNKNOWN", "HEALTHY"], out
        for out in (python("power_aware_inference", package, package), cpp("power_aware_inference", package, package, ppm[0])):
            assert out.count("low_power") >= 2 and out.count("high_power") >= 2, out
        parts = halves(tmp)
        assert abs(float(cpp("layer_wise_inference", *parts)) - float(cpp("layer_wise_inference", INSPECTION))) < 1e-2
        assert len(python("layer_wise_inference", *parts).split()) == 5
        for out in (python("edge_deployment_pipeline", INSPECTION, tmp + "/pictures", "mobile", tmp + "/p.vpk"), cpp("edge_deployment_pipeline", INSPECTION, tmp + "/pictures", "jetson", tmp + "/c.vpk")):
            assert "estimated" in out and "measured" in out, out


main()
print("installed, built, and every example ran")
