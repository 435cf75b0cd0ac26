"""The agent alone is small: at most 8 MB resident while it waits, and at most 400 bytes above TLS records for a check-in without news."""
import re
import subprocess
import tempfile
import time

from fleet import Fleet, changed_model
from support import INSPECTION, VERGE_AGENT, verge

MOST_KB, MOST_BYTES = 8000, 400


def wait_for(path, pattern, count=1):
    for _ in range(300):
        found = re.findall(pattern, open(path).read())
        if len(found) >= count:
            return found
        time.sleep(0.1)
    raise AssertionError(f"no {pattern!r} in:\n{open(path).read()}")


def resident_kb(pid):
    return int(re.search(r"VmRSS:\s+(\d+) kB", open(f"/proc/{pid}/status").read()).group(1))


with tempfile.TemporaryDirectory() as tmp:
    verge("convert", INSPECTION, "--golden", "-o", f"{tmp}/model.vpk")
    fleet = Fleet(tmp, f"{tmp}/model.vpk")
    log = f"{tmp}/agent.log"
    agent = subprocess.Popen([VERGE_AGENT, "--folder", f"{tmp}/device", "--server", fleet.url, "--device", "small", "--ca", fleet.ca, "--token", fleet.token(),
                              "--interval", "1", "--verbose"], stdout=open(log, "w"))
    try:
        wait_for(log, "running version 1")
        verge("fleet", "deploy", "--folder", fleet.folder, changed_model(f"{tmp}/next.vpk", 1.01), "--percent", "100")
        wait_for(log, "running version 2")
        told = len(re.findall("check-in:", open(log).read()))
        without_news = wait_for(log, r"check-in: (\d+) bytes up, (\d+) down, session resumed", told + 2)[-1]
        time.sleep(0.3)
        kb = resident_kb(agent.pid)
    finally:
        agent.terminate()
        agent.wait()
        fleet.stop()
    total = sum(map(int, without_news))
    assert kb <= MOST_KB, f"{kb} KB resident"
    assert total <= MOST_BYTES, f"{total} bytes"
print(f"{kb} KB resident after an update; a check-in without news takes {total} bytes")
