"""Agents killed at random moments of an update: the record always names a whole model, no version sinks, and the update completes afterwards.

    killed.py [COUNT [SEED]]       COUNT kills that met an agent at work (default 100); parts with different seeds add up
"""
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time

from fleet import Fleet, changed_model
from support import INSPECTION, VERGE_AGENT, verge


def problem(folder, floor):
    """What is wrong with an agent's folder, or None; and the version that runs."""
    record = json.load(open(f"{folder}/slots/record.json"))
    active = record["active"]
    slot = f"{folder}/slots/{active['hash']}.vpk"
    if not os.path.exists(slot) or hashlib.sha256(open(slot, "rb").read()).hexdigest() != active["hash"]:
        return "the active model is not whole"
    if record["floor"] < floor:
        return "the floor sank"
    for role in ("root", "timestamp", "snapshot", "targets"):
        path = f"{folder}/trusted/{role}.json"
        if os.path.exists(path):
            json.load(open(path))
    return None


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    random.seed(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    with tempfile.TemporaryDirectory() as tmp:
        verge("convert", INSPECTION, "--golden", "-o", f"{tmp}/model.vpk")
        models = [changed_model(f"{tmp}/other.vpk", 1.01), f"{tmp}/model.vpk"]
        fleet = Fleet(tmp, f"{tmp}/model.vpk", seconds=100 + 20 * count)
        folder, updates, landed, started, refusals = f"{tmp}/d", 0, 0, 0, 0
        try:
            fleet.enrol("d")
            begin = time.time()
            fleet.turn("d")
            window = 2 * (time.time() - begin)  # grows when agents are killed, shrinks when they end: about half of them are
            version = 1
            while landed < count:
                record = json.load(open(f"{folder}/slots/record.json"))
                floor = record["floor"]
                given_up = len(record["refused"]) > refusals  # four kills within one trial count as a model that never becomes healthy
                refusals = len(record["refused"])
                if given_up:
                    models = [changed_model(f"{tmp}/{started}-{k}.vpk", 1 + (started + 1 + k) / 1000) for k in range(2)]
                if floor == version or given_up:
                    version += 1
                    updates += 1
                    verge("fleet", "deploy", "--folder", fleet.folder, models[version % 2], "--percent", "100", "--release", str(version))
                p = subprocess.Popen([VERGE_AGENT, "--folder", folder, "--server", fleet.url, "--once"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(random.random() * window)
                running = p.poll() is None
                landed += running
                started += 1
                window *= 1.1 if running else 1 / 1.1
                p.kill()
                p.wait()
                wrong = problem(folder, floor)
                assert wrong is None, f"after kill {started}: {wrong}"
            fleet.turn("d")
            if len(json.load(open(f"{folder}/slots/record.json"))["refused"]) > refusals:  # the last release was killed four times in its trial
                version, refusals = version + 1, refusals + 1
                verge("fleet", "deploy", "--folder", fleet.folder, changed_model(f"{tmp}/last.vpk", 1.5), "--percent", "100", "--release", str(version))
                fleet.turn("d")
            fleet.turn("d")
            assert fleet.device("d")["version"] == version and fleet.device("d")["health"] == "HEALTHY", fleet.device("d")
            left = [f for f in os.listdir(f"{folder}/slots") if f.endswith((".vpk", ".part"))]
            assert len(left) <= 2, left
        finally:
            fleet.stop()
        assert updates > count / 20, f"only {updates} updates came through"
        print(f"{landed} kills met an agent at work, {started} agents, {updates} updates, {refusals} given up after four kills in a trial, 0 bad")


if __name__ == "__main__":
    main()
