"""The dashboard in headless Chromium with a thousand devices: counts that lead to lists, a deployment that is steered, a device's timeline; by keys, and in the dark.

    dashboard.py [FOLDER]       keeps pictures of the pages there
"""
import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import time

from chromium import Page
from fleet import Fleet, changed_model
from support import INSPECTION, ROOT, verge

DEVICES = 1000


def fill(fleet):
    """A thousand devices in all states; deployment 2 has been in 100 shadows. Names sort as numbers do."""
    random.seed(1)
    db = sqlite3.connect(f"{fleet.folder}/fleet.db")
    hashes = [row[0] for row in db.execute("SELECT hash FROM deployments ORDER BY id")]
    now = int(time.time())
    for i in range(DEVICES):
        version = 2 if i % 10 == 0 else 1
        drift, slow = i % 50 == 7, i % 97 == 5
        health, reason = ("DEGRADED", "the inputs have drifted: input_mean has a stability index of 2.31") if drift else ("DEGRADED", "mean latency 140 ms over the last 100 inferences, at most 100 ms wanted") if slow else ("UNKNOWN", "no inference yet") if i % 61 == 3 else ("HEALTHY", "")
        numbers = {"latency_ms": 140 if slow else random.uniform(0.5, 9), "p99_ms": 12, "errors": 0, "bytes_kept_here": 12345678, "drift_alarm": drift}
        if drift:
            numbers["input"] = {"inputs": 321, "mean": [146.302, 145.208, 141.184], "deviation": [28.061, 27.7796, 29.8206]}
        db.execute("INSERT INTO devices(id, enrolled_s, seen_s, hardware, hash, version, state, health, reason, numbers, labels) VALUES(?,?,?,?,?,?,?,?,?,?,?)",
                   (f"camera-{i:04}", now - 90000, now - (5000 if i % 200 == 9 else i % 60), ("x86_64", "aarch64", "armv7l")[i % 3], hashes[version - 1], version,
                    "shadow" if i % 40 == 1 else "idle", health, reason, json.dumps(numbers, separators=(",", ":")), json.dumps({"site": ("bonn", "lyon", "turin")[i % 3]})))
    runs = agreed = 0
    for i in range(100):
        runs, agreed = runs + 10, agreed + sum(random.random() < 0.963 for _ in range(10))
        db.execute("INSERT INTO shadows VALUES(?, ?, 10, 9)", (hashes[1], f"camera-{10 * i:04}"))
        db.execute("INSERT INTO evidence VALUES(2, ?, ?)", (runs, agreed))
    db.execute("UPDATE deployments SET runs = ?, agreed = ? WHERE id = 2", (runs, agreed))
    for k in range(60):
        body = {"sequence": k, "time_s": now - 6000 + 100 * k, "latency_ms": 2 + 0.01 * k, "p99_ms": 4 + random.random(), "confidence": 0.9 - 0.004 * k,
                "psi": {"input_mean": 0.02 * k, "confidence": 0.01 * k}}
        db.execute("INSERT INTO telemetry VALUES('camera-0007', ?, ?)", (k, json.dumps(body)))
    for n, what in enumerate(["version 1, trial, UNKNOWN: no inference yet", "version 1, idle, HEALTHY", "version 1, idle, DEGRADED: the inputs have drifted"]):
        db.execute("INSERT INTO events VALUES('camera-0007', ?, ?, ?)", (n + 1, now - 3000 + 1000 * n, what))
    db.commit()
    db.close()


def check_built(tmp):
    """What lies in the repository is what its source builds to; asked where `npm ci` was run in web/dashboard."""
    vite = os.path.join(ROOT, "web", "dashboard", "node_modules", ".bin", "vite")
    if not os.path.exists(vite):
        return
    subprocess.run([vite, "build", "--outDir", f"{tmp}/built", "--logLevel", "error"], cwd=os.path.join(ROOT, "web", "dashboard"), check=True)
    for name in ("index.html", "app.js", "app.css"):
        kept = open(os.path.join(ROOT, "src", "fleet", "dashboard", name)).read()
        assert open(f"{tmp}/built/{name}").read() == kept, f"src/fleet/dashboard/{name} is not what web/dashboard builds; run  npm run build  there"


def number(page, name):
    """The count beside a name on the fleet's page."""
    return int(page.value(f"[...document.querySelectorAll('.number')].find(e => e.textContent.endsWith(' {name}')).querySelector('b').textContent").replace(",", ""))


def enter(page, token):
    page.until("document.getElementById('enter').open")
    page.value("document.getElementById('token').focus()")
    page.type(token)
    page.press("Enter")


def look_at_fleet(page):
    page.until("document.querySelectorAll('tr[data-link]').length == 100")
    assert number(page, "devices") == DEVICES and number(page, "drifted") == 20 and number(page, "silent") == 5, page.value("document.body.innerText")[:500]
    assert number(page, "healthy") + number(page, "degraded") + number(page, "unknown") == DEVICES
    degraded = number(page, "degraded")
    page.value("[...document.querySelectorAll('.number')].find(e => e.textContent.endsWith(' degraded')).click()")
    page.until(f"document.querySelectorAll('tr[data-link]').length == {degraded} && location.hash.includes('DEGRADED')")
    assert page.value("[...document.querySelectorAll('tr[data-link] .health')].every(e => e.textContent == 'DEGRADED')")
    page.press("/")
    page.until("document.activeElement.id == 'filter'")
    page.value("document.activeElement.select()")
    page.type("label.site=bonn,version=2")
    page.press("Enter")
    page.until("document.querySelectorAll('tr[data-link]').length == 34")
    page.press("1")
    page.until("document.querySelectorAll('tr[data-link]').length == 100")
    page.value("[...document.querySelectorAll('.pages a')].at(-1).click()")
    page.until("document.querySelector('tr[data-link] a').textContent == 'camera-0100'")


def look_at_rollout(page, fleet):
    page.press("2")
    page.until("!!document.querySelector('.funnel') && !!document.querySelector('figure .line0')")
    words = page.value("document.querySelector('.funnel').innerText")
    assert re.search(r"in the group\s+1,000", words) and re.search(r"committed\s+100", words) and re.search(r"told of its shadow\s+100", words), words
    press = lambda verb: page.value(f"[...document.querySelectorAll('.buttons button')].find(b => b.textContent == '{verb}').click()")
    for verb, wanted in (("pause", "paused"), ("resume", "active")):
        press(verb)
        page.until(f"document.querySelector('h2 .state').textContent == '{wanted}'")
        assert fleet.status()["deployments"][0]["state"] == wanted
    press("promote")
    page.until("document.querySelectorAll('.phases .reached').length == 2")
    assert fleet.status()["deployments"][0]["percent"] == 10


def look_at_device(page):
    page.value("location.hash = '#/device/camera-0007'")
    page.until("document.querySelectorAll('figure svg').length == 3 && document.querySelectorAll('.timeline li').length == 3")
    words = page.value("document.querySelector('main').innerText")
    assert "input: mean" in words and "146.3, 145.2, 141.2" in words and "[object" not in words, words
    assert "the inputs have drifted" in words and "label site" in words and "Desired" in words, words
    page.press("1")
    page.until("document.querySelectorAll('tr[data-link]').length == 100")
    page.press("j")
    page.press("j")
    assert page.value("document.activeElement.textContent") == "camera-0001", page.value("document.activeElement.outerHTML")


def read_only(page, token):
    """A token that may read: the page says what it may not."""
    page.value("sessionStorage.clear()")
    page.value("document.getElementById('leave').click()")
    enter(page, token)
    page.until("!!document.querySelector('main h1') && !document.getElementById('enter').open")
    page.press("2")
    page.until("!!document.querySelector('.buttons')")
    page.value("[...document.querySelectorAll('.buttons button')].find(b => b.textContent == 'pause').click()")
    page.until("document.getElementById('said').textContent.includes('admin token')")


def main():
    pictures = sys.argv[1] if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as tmp:
        verge("convert", INSPECTION, "--golden", "-o", f"{tmp}/model.vpk")
        check_built(tmp)
        fleet = Fleet(tmp, f"{tmp}/model.vpk")
        page = None
        try:
            verge("fleet", "deploy", "--folder", fleet.folder, changed_model(f"{tmp}/next.vpk", 1.01), "--percent", "1", "--agreement", "0.963")
            fill(fleet)
            admin = open(f"{fleet.folder}/admin-token").read()
            page = Page(f"{tmp}/profile")
            page.go(fleet.url + "/")
            enter(page, "0" * 32)
            page.until("document.getElementById('wrong').textContent.includes('token')")
            enter(page, admin)
            page.complaints.clear()  # the browser's own words on the refused token
            look_at_fleet(page)
            look_at_rollout(page, fleet)
            look_at_device(page)
            assert not page.complaints, page.complaints
            if pictures:
                keep_pictures(page, pictures)
            read_only(page, fleet.token("--role", "read"))
        finally:
            if page:
                page.close()
            fleet.stop()
    print("a thousand devices: counts, lists, a deployment steered, a device's timeline, by keys")


def keep_pictures(page, folder):
    os.makedirs(folder, exist_ok=True)
    for scheme in ("light", "dark"):
        page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        for name, address, ready in (("fleet", "#/fleet", "tr[data-link]"), ("rollout", "#/rollout/2", ".funnel"), ("device", "#/device/camera-0007", "figure svg")):
            page.value(f"location.hash = '{address}'")
            time.sleep(0.5)
            page.until(f"!!document.querySelector('{ready}')")
            page.picture(f"{folder}/{name}-{scheme}.png")


if __name__ == "__main__":
    main()
