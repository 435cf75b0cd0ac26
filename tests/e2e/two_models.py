"""Two models on one core: the critical one keeps its deadlines while the other saturates the core.

    two_models.py [COUNT]       10000 for the figure in docs/fleet.md; here a short form whose bound no busy machine breaks

Two agents of one fleet share a core; each has its own process, so a fault of one is none of the other's. A program asks the critical one every 5 ms, and its deadline is the
next request; another asks the background one without a pause. Times are the program's: from before a request is sent until its answer is read; it is a process of its own, in real
time where the system allows that, so that what is measured is the agent and not who asks.
"""
import contextlib
import gc
import json
import os
import select
import subprocess
import sys
import tempfile
import time

from fleet import Fleet
from served import Program, until
from support import VERGE_AGENT, need, shared, verge

np = need("numpy")
CRITICAL, BACKGROUND = shared("models/onnx/resnet8_cifar10_jpg.onnx"), shared("models/onnx/ultraface_version-RFB-320_simplified.onnx")
PERIOD_S = 0.005
SMALL, LARGE = np.full((32, 32, 3), 100, np.float32), np.full((3, 240, 320), 0.1, np.float32)


class Agent:
    """An agent on core 0 that serves the model deployed to devices of its name."""

    def __init__(self, fleet, tmp, name, *more):
        self.log, self.path = f"{tmp}/{name}.log", f"{tmp}/{name}"
        self.process = subprocess.Popen(["taskset", "-c", "0", VERGE_AGENT, "--folder", f"{tmp}/{name}-folder", "--server", fleet.url, "--device", name, "--ca", fleet.ca,
                                         "--token", fleet.token(), "--serve", self.path, "--max-latency", "100000", *more], stdout=open(self.log, "w"), stderr=subprocess.STDOUT)
        try:
            until(lambda: "running version" in self.told(), f"no model came: {self.told()}")
        except BaseException:
            self.stop()
            raise

    def told(self):
        return open(self.log).read()

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Saturation:
    """A process that asks without a pause until it is told to stop."""

    def __init__(self, path):
        self.process = subprocess.Popen([sys.executable, os.path.abspath(__file__), "saturate", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()  # the first answer

    def stop(self):
        """Seconds of each answer."""
        return np.array(json.loads(self.process.communicate("stop\n")[0]))


def saturate(path):
    program, seconds = Program(path), []
    while not select.select([sys.stdin], [], [], 0)[0]:
        begin = time.perf_counter()
        code, _ = program.ask(LARGE)
        assert code == 0
        if not seconds:
            print("asking", flush=True)
        seconds.append(time.perf_counter() - begin)
    print(json.dumps(seconds))


@contextlib.contextmanager
def real_time():
    """This thread before all others, above the agents too, where that is allowed."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(20))
    except OSError:
        pass
    gc.disable()
    yield
    gc.enable()
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


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
    with tempfile.TemporaryDirectory() as tmp:
        for name, model in (("critical", CRITICAL), ("background", BACKGROUND)):
            verge("convert", model, "--golden", "-o", f"{tmp}/{name}.vpk")
        fleet = Fleet(tmp, f"{tmp}/critical.vpk", seconds=60 + int(2 * count * PERIOD_S))
        agents = []
        try:
            verge("fleet", "deploy", "--folder", fleet.folder, f"{tmp}/background.vpk", "--percent", "100", "--devices", "id=background")
            agents.append(Agent(fleet, tmp, "critical", "--priority", "critical", "--deadline", str(PERIOD_S * 1000)))
            agents.append(Agent(fleet, tmp, "background", "--priority", "normal" if busy else "background"))
            critical = Program(agents[0].path)
            with real_time():
                alone = asked(critical, SMALL, count // 4)
            load = Saturation(agents[1].path)
            with real_time():
                beside = asked(critical, SMALL, count)
            other = load.stop()
            told = fleet.device("background")["version"], fleet.device("critical")["version"]
        finally:
            for agent in agents:
                agent.stop()
            fleet.stop()
    assert told == (2, 1), "each device runs its own model"
    missed = int((beside > PERIOD_S).sum())
    jitter = np.abs(beside - np.median(beside))
    print(json.dumps({"requests": count, "missed": missed, "deadline_ms": PERIOD_S * 1000, "alone_p50_ms": 1000 * float(np.median(alone)), "p50_ms": 1000 * float(np.median(beside)),
                      "p99_9_ms": 1000 * float(np.quantile(beside, 0.999)), "jitter_p99_9_ms": 1000 * float(np.quantile(jitter, 0.999)), "most_ms": 1000 * float(beside.max()),
                      "background_ms": 1000 * float(np.median(other)), "background_runs": len(other)}))
    assert len(other) >= 5, "the background model gets what is left"
    assert np.median(beside) < np.median(other) / 3, "the critical model does not wait for a run of the other to end"
    assert count < 10000 or missed == 0, f"{missed} of {count} deadlines missed"


if __name__ == "__main__":
    saturate(sys.argv[2]) if sys.argv[1:2] == ["saturate"] else main()
