"""verge tune: what it stores is read by later runs, ignored when it is damaged or of another build, and changes no bit of an int8 model whichever ways it names."""
import json
import os
import tempfile

from support import VERGE, need, run, run_model, shared, verge, verge_json

np = need("numpy")


def store(path, key, layers):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        json.dump({"verge_tuning": 1, "processor": key["processor"], "build": key["build"], "layers": layers}, f)


def main():
    with tempfile.TemporaryDirectory() as cache:
        model = shared("models/tflite/models/3c002613d1b2_pretrainedResnet_quant.tflite")
        environment = {"XDG_CACHE_HOME": cache}
        tuned = lambda: verge_json("bench", model, "--seconds", "0.05", **environment)["tuned_instructions"]
        assert tuned() == 0
        told = verge_json("tune", model, "--seconds", "0.2", **environment)
        path = told["file"]
        assert path.startswith(cache + "/verge/tuning-") and os.path.exists(path)
        expected = sum(layer["instructions"] for layer in told["layers"] if not layer["ways"][0]["chosen"])
        assert tuned() == expected, (tuned(), told)
        assert told["tuned_ms"] <= told["usual_ms"] and (told["tuned_ms"] < told["usual_ms"]) == (expected > 0), told

        picture = np.random.default_rng(1).integers(-128, 128, (1, 32, 32, 3)).astype(np.int8)
        usual = run_model([VERGE, "run"], model, [picture], VERGE_TUNING="off", **environment)
        most = max(len(layer["ways"]) for layer in told["layers"])
        assert most > 1, told
        for turn in range(1, most):
            ways = {layer["layer"]: layer["ways"][turn % len(layer["ways"])]["way"] for layer in told["layers"]}
            store(path, told, ways)
            assert tuned() > 0
            got = run_model([VERGE, "run"], model, [picture], **environment)
            assert all((a == b).all() for a, b in zip(got, usual)), ways

        store(path, {**told, "build": "another"}, ways)
        p = run(VERGE, "bench", model, "--seconds", "0.05", "--json", **environment)
        assert p.returncode == 0 and "made by another processor or build" in p.stderr and json.loads(p.stdout)["tuned_instructions"] == 0, p.stderr
        open(path, "w").write(open(path).read()[:50])
        p = run(VERGE, "bench", model, "--seconds", "0.05", "--json", **environment)
        assert p.returncode == 0 and "is ignored" in p.stderr and json.loads(p.stdout)["tuned_instructions"] == 0, p.stderr
        verge("tune", model, "--seconds", "0.05", **environment)
        p = run(VERGE, "bench", model, "--seconds", "0.05", **environment)
        assert p.returncode == 0 and p.stderr == "", p.stderr


main()
