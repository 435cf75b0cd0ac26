"""A server and its devices over HTTPS on loopback: enrolment, phases, deltas, refusals, rollback, what a stolen server cannot do."""
import json
import os
import re
import shutil
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from support import INSPECTION, VERGE, need, run, verge

onnx = need("onnx")
np = need("numpy")


class Fleet:
    def __init__(self, tmp, model, seconds=100):
        self.tmp, self.folder = tmp, f"{tmp}/fleet"
        self.start(["--model", model], seconds)

    def start(self, more, seconds=100):
        tmp = self.tmp
        self.log = open(f"{tmp}/log", "w+")
        self.server = subprocess.Popen([VERGE, "fleet", "serve", "--folder", self.folder, "--port", "0", "--for", str(seconds), *more], stdout=self.log)
        for _ in range(300):
            found = re.search(r"serving (https:\S+),", open(f"{tmp}/log").read())
            if found:
                break
            assert self.server.poll() is None, open(f"{tmp}/log").read()
            time.sleep(0.1)
        self.url, self.ca = found.group(1), f"{self.folder}/authority/ca.pem"

    def stop(self):
        self.server.terminate()
        self.server.wait()

    def token(self, *more):
        return verge("fleet", "token", "--folder", self.folder, *more).strip()

    def agent(self, name, *more):
        return run(VERGE, "agent", "--folder", f"{self.tmp}/{name}", "--server", self.url, "--device", name, "--once", *more)

    def enrol(self, name):
        p = self.agent(name, "--token", self.token(), "--ca", self.ca)
        assert p.returncode == 0, f"exit {p.returncode}: {p.stdout}{p.stderr}"
        return p.stdout

    def turn(self, name, *more):
        p = self.agent(name, *more)
        assert p.returncode == 0, f"exit {p.returncode}: {p.stdout}{p.stderr}"
        return p.stdout

    def status(self):
        return json.loads(verge("fleet", "status", "--folder", self.folder, "--json"))

    def device(self, name):
        return next(d for d in self.status()["devices"] if d["id"] == name)

    def ask(self, path, body=None, token=None, certificate=None):
        """HTTP status and body; `certificate` names an agent whose identity is used."""
        context = ssl.create_default_context(cafile=self.ca)
        if certificate:
            context.load_cert_chain(f"{self.tmp}/{certificate}/certificate.pem", f"{self.tmp}/{certificate}/key.pem")
        request = urllib.request.Request(self.url + path, data=body, headers={"Authorization": f"Bearer {token}"} if token else {})
        try:
            with urllib.request.urlopen(request, context=context) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


def changed_model(to, factor):
    model = onnx.load(INSPECTION)
    for w in model.graph.initializer:
        if w.name.startswith("head."):
            w.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(w) * np.float32(factor), w.name))
    onnx.save(model, f"{to}.onnx")
    verge("convert", f"{to}.onnx", "--golden", "-o", to)
    return to


def check_enrolment(fleet):
    assert "running version 1" in fleet.enrol("one")
    used = open(f"{fleet.folder}/token").read()
    assert fleet.agent("first", "--token", used, "--ca", fleet.ca).returncode == 0
    p = fleet.agent("thief", "--token", used, "--ca", fleet.ca)
    assert p.returncode == 6 and "was used" in p.stderr, p.stderr
    p = fleet.agent("guess", "--token", "0" * 32, "--ca", fleet.ca)
    assert p.returncode == 6 and not os.path.exists(f"{fleet.tmp}/guess/key.pem"), p.stderr
    assert run(VERGE, "agent", "--folder", f"{fleet.tmp}/again", "--server", fleet.url, "--device", "one", "--once", "--token", fleet.token(), "--ca",
               fleet.ca).returncode == 5, "the name is taken"


def check_rollout(fleet, tmp):
    next_model = changed_model(f"{tmp}/next.vpk", 1.01)
    out = verge("fleet", "deploy", "--folder", fleet.folder, next_model, "--percent", "0")
    assert "delta from" in out, out
    assert "running version 1" in fleet.turn("one"), "nobody is in a deployment of 0 %"
    for _ in range(4):
        verge("fleet", "promote", "--folder", fleet.folder, "2")
    out = fleet.turn("one")
    assert "a delta of" in out and "running version 2" in out, out
    assert fleet.device("one")["version"] == 2 and fleet.device("one")["health"] == "HEALTHY"
    verge("fleet", "pause", "--folder", fleet.folder, "2")
    assert "running version 1" in fleet.turn("first"), "a paused deployment reaches nobody new"
    verge("fleet", "resume", "--folder", fleet.folder, "2")
    assert "running version 2" in fleet.turn("first")


def check_bad_models(fleet, tmp):
    broken = f"{tmp}/broken.vpk"
    bytes_ = bytearray(open(f"{tmp}/next.vpk", "rb").read())
    p = run(VERGE, "fleet", "deploy", "--folder", fleet.folder, broken)
    assert p.returncode == 5, p.stderr
    bytes_[len(bytes_) // 2] ^= 1
    open(broken, "wb").write(bytes_)
    p = run(VERGE, "fleet", "deploy", "--folder", fleet.folder, broken)
    assert p.returncode == 6, p.stderr
    slow = changed_model(f"{tmp}/slow.vpk", 0.98)
    verge("fleet", "deploy", "--folder", fleet.folder, slow, "--percent", "100")
    out = fleet.turn("one", "--max-latency", "0.000001")
    found = re.search(r"rolled back: mean latency .*\((\d+) ms\)", out)
    assert found and int(found.group(1)) <= 1000, out
    assert fleet.device("one")["version"] == 2, "the model before is back, without a download"
    assert "not taken: it failed on this device" in fleet.turn("one")
    verge("fleet", "abort", "--folder", fleet.folder, "3")
    out = verge("fleet", "deploy", "--folder", fleet.folder, f"{tmp}/model.vpk", "--percent", "100", "--release", "1")
    assert "releases only go forward" in fleet.turn("one"), "no server takes a device back"
    verge("fleet", "abort", "--folder", fleet.folder, "4")


def check_import(fleet, tmp):
    """An update from a stick: the same checks without a server, which is told afterwards."""
    newer = changed_model(f"{tmp}/newer.vpk", 1.02)
    verge("fleet", "deploy", "--folder", fleet.folder, newer, "--percent", "0", "--release", "7")
    shutil.copytree(f"{fleet.folder}/updates", f"{tmp}/stick")
    arguments = ["agent", "--folder", f"{tmp}/first", "--server", fleet.url, "--device", "first", "--import", f"{tmp}/stick", "--target", "newer.vpk"]
    stolen = next(f for f in os.listdir(f"{tmp}/stick/targets") if f.endswith(".newer.vpk"))
    good = open(f"{tmp}/stick/targets/{stolen}", "rb").read()
    shutil.rmtree(f"{tmp}/stick/targets/deltas")
    open(f"{tmp}/stick/targets/{stolen}", "wb").write(good[:-1] + bytes([good[-1] ^ 1]))
    p = run(VERGE, *arguments)
    assert "damaged" in p.stdout and "version 7" not in p.stdout, p.stdout + p.stderr
    open(f"{tmp}/stick/targets/{stolen}", "wb").write(good)
    clock = open(f"{tmp}/first/clock").read()
    open(f"{tmp}/first/clock", "w").write(str(int(clock) + 2 * 24 * 3600))
    p = run(VERGE, *arguments)
    assert p.returncode != 0 and "expired" in p.stderr and "behind the last check-in" in p.stderr, "a clock that was put back revives old metadata: " + p.stdout + p.stderr
    open(f"{tmp}/first/clock", "w").write(clock)
    out = verge(*arguments)
    assert "running version 7" in out, out
    fleet.turn("first")
    assert fleet.device("first")["version"] == 7


def check_removal(fleet):
    """A lost device is shut out, and its name stays taken."""
    fleet.enrol("lost")
    verge("fleet", "remove", "--folder", fleet.folder, "lost")
    p = fleet.agent("lost")
    assert p.returncode == 5 and "no device 'lost' is enrolled" in p.stderr, f"exit {p.returncode}: {p.stdout}{p.stderr}"
    p = run(VERGE, "agent", "--folder", f"{fleet.tmp}/found", "--server", fleet.url, "--device", "lost", "--once", "--token", fleet.token(), "--ca", fleet.ca)
    assert p.returncode != 0 and not os.path.exists(f"{fleet.tmp}/found/key.pem"), p.stdout + p.stderr
    fleet.turn("one")


def check_sealed(fleet, tmp):
    """A release that enrolled devices alone can read: its key comes sealed to each, and its bytes lie nowhere in the clear."""
    secret = changed_model(f"{tmp}/secret.vpk", 1.03)
    plain = open(secret, "rb").read()
    verge("fleet", "deploy", "--folder", fleet.folder, secret, "--percent", "100", "--release", "8", "--encrypt", "--devices", "id=keeper")
    assert "running version 8" in fleet.enrol("keeper")
    assert "running version 8" in fleet.turn("keeper"), "after a start, from the disk"
    mark = plain[96:128]  # the manifest's hash, which no other package has
    for folder in (f"{fleet.folder}/updates", f"{tmp}/keeper"):
        for path, _, files in os.walk(folder):
            assert not any(mark in open(f"{path}/{f}", "rb").read() for f in files), f"{path} holds the model in the clear"
    assert b'"key"' not in fleet.ask("/v1/deployments", token=fleet.token("--role", "read"))[1]
    shutil.copytree(f"{tmp}/keeper", f"{tmp}/copy")
    os.remove(f"{tmp}/copy/box.key")
    p = run(VERGE, "agent", "--folder", f"{tmp}/copy", "--server", fleet.url, "--device", "keeper", "--once")
    assert "running version 8" not in p.stdout, "a copied slot without the device's key runs"
    verge("fleet", "remove", "--folder", fleet.folder, "keeper")


def check_backup(fleet, tmp):
    """A copy of the folder put back: everything is as it was, and agents go on."""
    before = fleet.status()
    fleet.stop()
    shutil.copytree(fleet.folder, f"{tmp}/backup")
    shutil.rmtree(fleet.folder)
    shutil.copytree(f"{tmp}/backup", fleet.folder)
    fleet.start([])
    assert fleet.status() == before and before["audit"] == "unbroken"
    fleet.turn("one")
    assert fleet.device("one")["seen_s"] >= next(d for d in before["devices"] if d["id"] == "one")["seen_s"]


def check_stolen_server(fleet):
    """Whoever has the server but not the targets key changes the database: the device does not follow."""
    import sqlite3
    db = sqlite3.connect(f"{fleet.folder}/fleet.db")
    db.execute("INSERT INTO deployments(target, hash, version, bytes, percent, state, made_s) VALUES('model.vpk', ?, 9, 1000, 100, 'active', 0)", ("ab" * 32,))
    db.commit()
    p = fleet.agent("one")
    assert p.returncode == 6 and "does not vouch for" in p.stderr, p.stdout + p.stderr
    assert fleet.device("one")["version"] == 2
    db.execute("UPDATE deployments SET state = 'aborted' WHERE version = 9")
    db.execute("UPDATE audit SET what = 'nothing' WHERE n = 2")
    db.commit()
    assert "changed at entry 2" in fleet.status()["audit"]


def check_interface(fleet):
    assert fleet.ask("/v1/devices")[0] == 401
    read, admin = fleet.token("--role", "read"), open(f"{fleet.folder}/admin-token").read()
    status, body = fleet.ask("/v1/devices", token=read)
    assert status == 200 and {d["id"] for d in json.loads(body)} == {"one", "first"}, body
    assert {d["id"] for d in json.loads(fleet.ask("/v1/devices?query=id%3Dfi*", token=read)[1])} == {"first"}
    assert fleet.ask("/v1/devices?query=colour%3Dred", token=read)[0] == 400
    one = json.loads(fleet.ask("/v1/devices/one", token=read)[1])
    assert one["desired"]["version"] == one["version"] == 2 and len(one["events"]) >= 2, one
    assert fleet.ask("/v1/openapi.json")[0] == 200 and b"<title>Verge fleet" in fleet.ask("/")[1]
    assert fleet.ask("/v1/deployments/2/pause", b"", token=read)[0] == 401
    assert fleet.ask("/v1/deployments/2/pause", b"", token=admin)[0] == 200
    assert fleet.ask("/v1/deployments/2/resume", b"", token=admin)[0] == 200
    assert fleet.ask("/v1/deployments/99/pause", b"", token=admin)[0] == 404
    assert b'verge_devices{health="HEALTHY"}' in fleet.ask("/metrics")[1]
    assert fleet.ask("/v1/checkin", b"{}")[0] == 401, "a check-in without a certificate"
    for body in (b"", b"[]", b"{", b'{"telemetry": 3}', b'{"version": "x"}', b"\xff" * 1000):
        assert fleet.ask("/v1/checkin", body, certificate="one")[0] == 400, body
    record = json.dumps({"hash": "", "telemetry": [{"sequence": 7, "latency_ms": 1.5}]}).encode()
    for _ in range(2):
        assert fleet.ask("/v1/checkin", record, certificate="one")[0] == 200
    assert b"verge_telemetry_records 1\n" in fleet.ask("/metrics")[1], "each sequence counts once"
    assert fleet.ask("/updates/metadata/../../fleet.db")[0] == 404


def main():
    with tempfile.TemporaryDirectory() as tmp:
        verge("convert", INSPECTION, "--golden", "-o", f"{tmp}/model.vpk")
        fleet = Fleet(tmp, f"{tmp}/model.vpk")
        try:
            check_enrolment(fleet)
            check_rollout(fleet, tmp)
            check_bad_models(fleet, tmp)
            check_interface(fleet)
            check_import(fleet, tmp)
            check_removal(fleet)
            check_sealed(fleet, tmp)
            check_backup(fleet, tmp)
            check_stolen_server(fleet)
        finally:
            fleet.stop()
    print("enrolled, rolled out, rolled back, refused")


if __name__ == "__main__":
    main()
