"""An agent that serves local programs: answers over its socket, telemetry counted once, a release in the shadow before it counts, drift told with its reason."""
import json
import os
import re
import socket
import struct
import subprocess
import tarfile
import tempfile
import io
import time

from fleet import Fleet
from support import VERGE_AGENT, need, run_model, shared, verge, VERGE

np, onnx, image = need("numpy"), need("onnx"), need("PIL.Image")
MODEL, PHOTOS = shared("models/onnx/resnet8_cifar10_jpg.onnx"), shared("data/cifar10/test.tar.gz")


def photos(count):
    with tarfile.open(PHOTOS) as tar:
        members = [m for m in tar.getmembers() if m.isfile()]
        picked = members[:: len(members) // count][:count]
        return [np.asarray(image.open(io.BytesIO(tar.extractfile(m).read())).convert("RGB"), np.float32) for m in picked]


class Program:
    """A local program that asks the agent."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)

    def ask(self, array):
        data = np.ascontiguousarray(array, np.float32).tobytes()
        self.socket.sendall(struct.pack("<I", len(data)) + data)
        code, size = struct.unpack("<II", self.read(8))
        return code, self.read(size)

    def tell(self, label):
        """What the last answer should have been."""
        self.socket.sendall(struct.pack("<I4sI", 8, b"lbl=", label))
        return struct.unpack("<II", self.read(8))

    def read(self, size):
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            assert piece, "the agent closed the connection"
            data += piece
        return data


def changed_biases(to):
    model = onnx.load(MODEL)
    for w in model.graph.initializer:
        value = onnx.numpy_helper.to_array(w)
        if value.ndim == 1:
            w.CopyFrom(onnx.numpy_helper.from_array(value * np.float32(1.001), w.name))
    onnx.save(model, f"{to}.onnx")
    verge("convert", f"{to}.onnx", "--golden", "-o", to)
    return to


def until(condition, what, turn=lambda: time.sleep(0.1), tries=400):
    for _ in range(tries):
        if condition():
            return
        turn()
    raise AssertionError(what)


def main():
    clean = photos(400)
    with tempfile.TemporaryDirectory() as tmp:
        verge("convert", MODEL, "--golden", "-o", f"{tmp}/model.vpk")
        verge("drift", "learn", f"{tmp}/model.vpk", "--data", PHOTOS, "--limit", "600", "-o", f"{tmp}/reference.json")
        fleet = Fleet(tmp, f"{tmp}/model.vpk", seconds=200)
        log, path = f"{tmp}/agent.log", f"{tmp}/ask"
        told = lambda: open(log).read()
        agent = subprocess.Popen([VERGE_AGENT, "--folder", f"{tmp}/device", "--server", fleet.url, "--device", "served", "--ca", fleet.ca, "--token", fleet.token(), "--interval", "1",
                                  "--serve", path, "--reference", f"{tmp}/reference.json", "--shadow-share", "0.5", "--shadow-runs", "60", "--keep-samples", "20"],
                                 stdout=open(log, "w"), stderr=subprocess.STDOUT)
        try:
            until(lambda: "running version 1" in told(), "no model came")
            program = Program(path)
            shape = [d.dim_value for d in onnx.load(MODEL).graph.input[0].type.tensor_type.shape.dim]
            assert shape[-1] == 3, shape
            expected = run_model([VERGE, "run"], f"{tmp}/model.vpk", [clean[0][None]])[0]
            code, answer = program.ask(clean[0])
            assert code == 0 and answer == expected.tobytes(), "the agent answers as verge run does"
            assert program.ask(clean[0][:5])[0] != 0, "a request of the wrong size is refused in words"
            said = int(np.frombuffer(answer, np.float32).argmax())
            assert program.ask(clean[0])[0] == 0 and program.tell(said) == (0, 0)
            assert program.tell(said) == (0, 0), "an answer has one label"
            assert program.ask(clean[0])[0] == 0 and program.tell(said + 1) == (0, 0)
            for picture in clean[1:400]:
                assert program.ask(picture)[0] == 0
            until(lambda: "committed version 1" in told(), "a hundred good inferences commit: " + told())
            until(lambda: fleet.device("served")["health"] == "HEALTHY" and b"verge_telemetry_records 4" in fleet.ask("/metrics")[1], "four records are at the server")
            numbers = fleet.device("served")["numbers"]
            assert numbers["labelled"] == 2 and numbers["accuracy"] == 0.5, numbers

            verge("fleet", "deploy", "--folder", fleet.folder, changed_biases(f"{tmp}/next.vpk"), "--percent", "100", "--agreement", "0.97")
            until(lambda: "version 2 runs in the shadow" in told(), "no shadow: " + told())
            assert program.ask(clean[0])[1] == answer, "the live model answers while another is in its shadow"
            stream = iter(clean * 5)
            until(lambda: "committed version 2" in told(), "not committed: " + told(), lambda: [program.ask(next(stream)) for _ in range(20)] and time.sleep(0.2), 60)
            agreement = float(re.search(r"out of the shadow: ([0-9.]+) %", told()).group(1))
            until(lambda: fleet.status()["deployments"][0]["runs"] >= 60, "the shadow's counts reach the server")
            assert agreement > 95 and fleet.device("served")["version"] == 2, told()

            asked = 0
            for picture in clean * 2:
                program.ask(np.clip((picture - 128) * 0.45 + 128 + 20, 0, 255))
                asked += 1
                if os.path.exists(f"{tmp}/device/samples/000000.bin"):
                    break
            assert asked <= 500, "drift is seen within 500 inferences"
            until(lambda: "drifted" in fleet.device("served")["reason"], "the server hears of the drift")
            device = fleet.device("served")
            assert device["health"] == "DEGRADED" and device["numbers"]["drift_alarm"], device
            for picture in clean[:100]:
                program.ask(np.clip((picture - 128) * 0.45 + 128 + 20, 0, 255))
            kept = len(os.listdir(f"{tmp}/device/samples"))
            assert kept == 20, kept
            assert device["numbers"]["bytes_kept_here"] > 1_000_000, device
        finally:
            agent.terminate()
            agent.wait()
            fleet.stop()
    print(f"answered, committed, {agreement:.1f} % agreement in the shadow, drift after {asked} inferences, {kept} samples kept here")


if __name__ == "__main__":
    main()
