"""Two models on one core: the critical one keeps its deadlines while the other saturates the core.

    two_models.py [COUNT]       10000 for the figure in docs/fleet.md; here a short form whose bound no busy machine breaks

Two agents of one fleet share a core; each has its own process, so a fault of one is none of the other's. A program asks the critical one every 5 ms, and its deadline is the
next request; another asks the background one without a pause. Times are the program's: from before a request is sent until its answer is read.
"""
import gc
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

from fleet import Fleet
from served import Program, until
from support import VERGE_AGENT, need, shared, verge

np = need("numpy")
CRITICAL, BACKGROUND = shared("models/onnx/resnet8_cifar10_jpg.onnx"), shared("models/onnx/ultraface_version-RFB-320_simplified.onnx")
PERIOD_S = 0.005


class Agent:
    """An agent on core 0 that serves the model deployed to devices of its name."""

    def __init__(self, fleet, tmp, name, *more):
        self.log, path = f"{tmp}/{name}.log", f"{tmp}/{name}"
        self.process = subprocess.Popen(["taskset", "-c", "0", VERGE_AGENT, "--folder", f"{tmp}/{name}-folder", "--server", fleet.url, "--device", name, "--ca", fleet.ca,
                                         "--token", fleet.token(), "--serve", path, "--max-latency", "100000", *more], stdout=open(self.log, "w"), stderr=subprocess.STDOUT)
        try:
            until(lambda: "running version" in self.told(), f"no model came: {self.told()}")
            self.program = Program(path)
        except BaseException:
            self.stop()
            raise

    def told(self):
        return open(self.log).read()

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Saturation(threading.Thread):
    """Asks without a pause until it is told to stop; counts the answers and how long each took."""

    def __init__(self, program, picture):
        super().__init__()
        self.program, self.picture, self.going, self.seconds = program, picture, True, []

    def run(self):
        while self.going:
            begin = time.perf_counter()
            code, _ = self.program.ask(self.picture)
            assert code == 0
            self.seconds.append(time.perf_counter() - begin)


def asked(program, picture, count):
    """Seconds of each answer, one request a period."""
    out, due = [], time.perf_counter()
    for _ in range(count):
        due += PERIOD_S
        time.sleep(max(0, due - time.perf_counter()))
        begin = time.perf_counter()
        code, _ = program.ask(picture)
        out.append(time.perf_counter() - begin)
        assert code == 0
        due = max(due, time.perf_counter() - PERIOD_S)
    return np.array(out)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    busy = os.getloadavg()[0] > os.cpu_count()  # by other work, which would leave a background model nothing at all
    small, large = np.full((32, 32, 3), 100, np.float32), np.full((3, 240, 320), 0.1, np.float32)
    with tempfile.TemporaryDirectory() as tmp:
        for name, model in (("critical", CRITICAL), ("background", BACKGROUND)):
            verge("convert", model, "--golden", "-o", f"{tmp}/{name}.vpk")
        fleet = Fleet(tmp, f"{tmp}/critical.vpk", seconds=60 + int(2 * count * PERIOD_S))
        agents = []
        try:
            verge("fleet", "deploy", "--folder", fleet.folder, f"{tmp}/background.vpk", "--percent", "100", "--devices", "id=background")
            agents.append(Agent(fleet, tmp, "critical", "--priority", "critical", "--deadline", str(PERIOD_S * 1000)))
            agents.append(Agent(fleet, tmp, "background", "--priority", "normal" if busy else "background"))
            critical, background = (a.program for a in agents)
            alone = asked(critical, small, count // 4)
            load = Saturation(background, large)
            load.start()
            time.sleep(0.5)
            gc.disable()
            beside = asked(critical, small, count)
            gc.enable()
            load.going = False
            load.join()
            told = fleet.device("background")["version"], fleet.device("critical")["version"]
        finally:
            for agent in agents:
                agent.stop()
            fleet.stop()
    assert told == (2, 1), "each device runs its own model"
    missed, other = int((beside > PERIOD_S).sum()), np.array(load.seconds)
    jitter = np.abs(beside - np.median(beside))
    print(json.dumps({"requests": count, "missed": missed, "deadline_ms": PERIOD_S * 1000, "alone_p50_ms": 1000 * float(np.median(alone)), "p50_ms": 1000 * float(np.median(beside)),
                      "p99_9_ms": 1000 * float(np.quantile(beside, 0.999)), "jitter_p99_9_ms": 1000 * float(np.quantile(jitter, 0.999)), "most_ms": 1000 * float(beside.max()),
                      "background_ms": 1000 * float(np.median(other)), "background_runs": len(other)}))
    assert len(other) >= 5, "the background model gets what is left"
    assert np.median(beside) < np.median(other) / 3, "the critical model does not wait for a run of the other to end"
    assert count < 10000 or missed == 0, f"{missed} of {count} deadlines missed"


if __name__ == "__main__":
    main()
