"""ONNX's own backend tests through `verge run`: none wrong, none crashing, and no fewer passing than onnx_conformance.json says for each tier."""
import json
import os
import sys
import tempfile

from support import ROOT, VERGE, need, run, shared

need("ml_dtypes")
onnx = need("onnx")
YARDSTICK = shared("yardsticks/onnx_conformance.py")
with open(os.path.join(ROOT, "tests", "e2e", "onnx_conformance.json")) as f:
    FLOORS = json.load(f)
assert onnx.__version__ == FLOORS["onnx"], f"onnx is {onnx.__version__}, the figures are of {FLOORS['onnx']}: run it again and write down what it gives"

BAD = ("wrong", "error", "crash", "timeout")


def yardstick(*arguments):
    p = run(sys.executable, YARDSTICK, *arguments)
    assert p.returncode == 0, f"{' '.join(arguments)}: exit {p.returncode}\n{p.stdout}\n{p.stderr}"
    return p.stdout


def results(folder):
    yardstick("export", folder + "/tests")
    print(yardstick("run", folder + "/tests", "--cmd", f"{VERGE} run", "--jobs", str(os.cpu_count() or 1), "--timeout", "120", "--out", folder + "/results.json", "--quiet"))
    with open(folder + "/results.json") as f:
        return json.load(f)["tests"]


def opset(test):
    return test["opset"].get("ai.onnx", 0)


GROUPS = {
    "node T1": lambda t: t["kind"] == "node" and t["tier"] == "T1",
    "node T1, opset at most 26": lambda t: t["kind"] == "node" and t["tier"] == "T1" and opset(t) <= 26,
    "node T2": lambda t: t["kind"] == "node" and t["tier"] == "T2",
    "node T3": lambda t: t["kind"] == "node" and t["tier"] == "T3",
    "node T4": lambda t: t["kind"] == "node" and t["tier"] == "T4",
    "pytorch-converted": lambda t: t["kind"] == "pytorch-converted",
    "pytorch-operator": lambda t: t["kind"] == "pytorch-operator",
    "simple": lambda t: t["kind"] == "simple",
    "real": lambda t: t["kind"] == "real",
}


def check(tests):
    failures = []
    for name, belongs in GROUPS.items():
        members = {k: t for k, t in tests.items() if belongs(t) and t["tier"] != "X"}
        passed = sum(t["status"] == "pass" for t in members.values())
        print(f"{name:28} {passed:5} of {len(members):5}, wanted {FLOORS['passed'][name]}")
        if passed < FLOORS["passed"][name]:
            failures.append(f"{name}: {passed} pass, {FLOORS['passed'][name]} did")
    for name, t in tests.items():
        if t["tier"] in FLOORS["never"] and t["status"] in BAD and name not in FLOORS["expected_to_differ"]:
            failures.append(f"{name}: {t['status']}: {t['note']}")
    assert not failures, "\n".join(failures)


with tempfile.TemporaryDirectory() as folder:
    check(results(folder))
