"""The closed loop on real photos: drift -> alarm -> samples kept on the device -> its inputs corrected and biases retrained -> a delta of at most 1.5 KB -> shadow -> commit -> accuracy back.

    closed_loop.py [JUDGES]     8000 for the figures in docs/fleet.md: all photos of the test set; here about 1000 of them

Labels of the samples are the operator's part; everything else happens by itself. Field drift: contrast x 0.45, + 20. The recipe was chosen on photos of the training set.
"""
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time

from fleet import Fleet
from served import Program, until
from support import VERGE_AGENT, need, shared, verge, verge_json

np, image = need("numpy"), need("PIL.Image")

MODEL = shared("models/onnx/resnet8_cifar10_jpg.onnx")
TRAIN, TEST = shared("data/cifar10/train.tar.gz"), shared("data/cifar10/test.tar.gz")
RECIPE = f"""model: {MODEL}
input: {{size: [32, 32, 3]}}
trained: [biases]
augment: {{flip: true, crop: 2}}
loss: {{type: cross_entropy}}
optimizer: {{type: adam, rate: 0.003}}
schedule: {{type: cosine}}
epochs: 6
batch: 64
seed: 1
"""


def photos(archive, count, total):
    """About `count` photos with their class names, drawn by a hash of the name and in its order, so that classes are mixed."""
    out = []
    with tarfile.open(archive) as tar:
        for m in tar:
            drawn = int.from_bytes(hashlib.sha256(m.name.encode()).digest()[:4], "little") / 2**32
            if m.isfile() and drawn < count / total:
                pixels = np.asarray(image.open(io.BytesIO(tar.extractfile(m).read())).convert("RGB"), np.float32)
                out.append((drawn, pixels, os.path.basename(os.path.dirname(m.name))))
    return [(pixels, name) for _, pixels, name in sorted(out, key=lambda p: p[0])]


def drifted(pixels):
    return np.clip((pixels - 128) * 0.45 + 128 + 20, 0, 255).astype(np.uint8).astype(np.float32)


def accuracy(program, samples, classes):
    right = 0
    for pixels, name in samples:
        code, answer = program.ask(pixels)
        assert code == 0
        right += classes[int(np.frombuffer(answer, np.float32).argmax())] == name
    return right / len(samples)


def save_samples(folder, kept, labels):
    """What the device kept, as pictures in folders by the operator's labels."""
    for i, path in enumerate(kept):
        data = open(path, "rb").read()
        to = os.path.join(folder, labels[hashlib.sha256(data).digest()])
        os.makedirs(to, exist_ok=True)
        image.fromarray(np.frombuffer(data, np.float32).reshape(32, 32, 3).astype(np.uint8)).save(f"{to}/{i:06d}.png")


def repaired(tmp, samples, seen):
    """The deployed model for what the device sees now."""
    recipe, told = f"{tmp}/biases.yaml", f"{tmp}/seen.json"
    open(recipe, "w").write(RECIPE)
    json.dump(seen, open(told, "w"))
    return verge_json("repair", recipe, "--deployed", f"{tmp}/model.vpk", "--reference", f"{tmp}/reference.json", "--seen", told, "--data", samples, "-o", f"{tmp}/next.vpk")


def main():
    judges = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    test, field = photos(TEST, judges, 8000), photos(TRAIN, 6000, 50000)
    classes = sorted({name for _, name in test})
    seen = [(drifted(p), name) for p, name in field]
    after = [(drifted(p), name) for p, name in test]
    labels = {hashlib.sha256(p.tobytes()).digest(): name for p, name in seen}
    with tempfile.TemporaryDirectory() as tmp:
        verge("convert", MODEL, "--golden", "--correctable", "-o", f"{tmp}/model.vpk")
        verge("drift", "learn", f"{tmp}/model.vpk", "--data", TEST, "--limit", "2000", "-o", f"{tmp}/reference.json")
        month = verge_json("drift", "watch", f"{tmp}/model.vpk", "--data", TEST, "--limit", "2000", "--reference", f"{tmp}/reference.json", "--draws", str(30 * 24 * 60))
        assert month["alarms"] <= 1, month
        fleet = Fleet(tmp, f"{tmp}/model.vpk", seconds=900)
        log, path = f"{tmp}/agent.log", f"{tmp}/ask"
        told = lambda: open(log).read()
        agent = subprocess.Popen([VERGE_AGENT, "--folder", f"{tmp}/device", "--server", fleet.url, "--device", "camera", "--ca", fleet.ca, "--token", fleet.token(), "--interval", "1",
                                  "--serve", path, "--reference", f"{tmp}/reference.json", "--shadow-share", "1", "--shadow-runs", "200", "--least-agreement", "0.5",
                                  "--keep-samples", "10000"], stdout=open(log, "w"), stderr=subprocess.STDOUT)
        try:
            until(lambda: "running version 1" in told(), "no model came")
            program = Program(path)
            clean = accuracy(program, test, classes)
            until(lambda: "committed version 1" in told() and fleet.device("camera")["health"] == "HEALTHY", told())
            asked = 0
            for pixels, _ in seen:
                program.ask(pixels)
                asked += 1
                if os.path.exists(f"{tmp}/device/samples/000000.bin"):
                    break
            assert asked <= 500, f"no alarm within {asked} inferences"
            accuracy(program, seen[asked:], classes)  # the device goes on, and keeps what it sees
            lost = accuracy(program, after, classes)
            until(lambda: "drifted" in fleet.device("camera")["reason"], "the server was not told")
            written = sorted(f for f in os.listdir(f"{tmp}/device/samples") if f.endswith(".bin"))  # others are being written
            kept = [p for f in written if hashlib.sha256(open(p := f"{tmp}/device/samples/{f}", "rb").read()).digest() in labels]
            save_samples(f"{tmp}/samples", kept, labels)
            until(lambda: fleet.device("camera")["numbers"]["input"]["inputs"] >= len(kept), "the device did not tell what its inputs are like now")
            repair = repaired(tmp, f"{tmp}/samples", fleet.device("camera")["numbers"]["input"])
            next_model = repair["output"]
            expected = verge_json("fleet", "rehearse", f"{tmp}/model.vpk", next_model, "--data", f"{tmp}/samples", "--rollouts", "1")["agreement"]
            deployed = verge("fleet", "deploy", "--folder", fleet.folder, next_model, "--percent", "100", "--agreement", f"{expected:.3f}")
            update = int(re.search(r"delta from \S+: (\d+) bytes", deployed).group(1))
            until(lambda: "runs in the shadow" in told(), told())
            stream = iter(seen * 3)
            until(lambda: "committed version 2" in told(), told(), lambda: [program.ask(next(stream)[0]) for _ in range(20)] and time.sleep(0.1), 100)
            back = accuracy(program, after, classes)
            assert "a delta of" in told(), told()
            until(lambda: fleet.device("camera")["version"] == 2 and fleet.device("camera")["health"] == "HEALTHY", fleet.device("camera"))
            assert not fleet.device("camera")["numbers"]["drift_alarm"], "the repaired model alarms again"
        finally:
            agent.terminate()
            agent.wait()
            fleet.stop()
    print(json.dumps({"clean": clean, "drifted": lost, "after": back, "alarm_after": asked, "samples": len(kept), "update_bytes": update, "alarms_in_a_clean_month": month["alarms"], "judges": len(test),
                      "correction": repair["correction"]}))
    assert lost < clean - 0.03, "the drift does harm"
    assert back >= clean, f"{back:.4f} after, {clean:.4f} before the drift"
    assert update <= 1536, f"{update} bytes"


if __name__ == "__main__":
    main()
