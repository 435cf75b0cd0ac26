"""docs/misra.md lists exactly the MISRA C:2012 rules from which generated C deviates, as cppcheck's addon finds them."""
import os
import re
import shutil
import sys
import tempfile

from support import ROOT, run, shared, skip

sys.path.insert(0, os.path.join(ROOT, "bench", "mcu"))
import mcu  # noqa: E402

TINY = "yardsticks/mcu/models/{}.tflite"
CASES = [(TINY.format("kws"), "cortex-m4", "small"), (TINY.format("ic"), "cortex-m4", "fast"), (TINY.format("sww"), "cortex-m55", "fast"), (TINY.format("kws"), "riscv32", "fast"),
         ("models/tflite/models/a44e4d8a6c05_trained_lstm_int8.tflite", "host", "fast")]
MANDATORY = {"9.1", "12.5", "13.6", "17.3", "17.4", "17.6", "19.1", "21.13", "21.17", "21.18", "21.19", "21.20", "22.2", "22.4", "22.5", "22.6"}


def without_weights(code):
    """Arrays of one value: the checker reads megabytes of numbers slowly."""
    return re.sub(r"(VG_WEIGHTS = \{\n)(?:.*\n)*?(\};)", r"\1  0\n\2", code)


def rules_in(model, target, mode):
    with tempfile.TemporaryDirectory() as tmp:
        _, sources = mcu.generate(shared(model), target, tmp, mode)
        with open(sources[0]) as f:
            code = without_weights(f.read())
        with open(sources[0], "w") as f:
            f.write(code)
        p = run("cppcheck", "--addon=misra", "--enable=style", "--std=c99", "-q", sources[0])
        found = set(re.findall(r"misra-c2012-([0-9.]+)", p.stdout + p.stderr))
        assert found, f"cppcheck found nothing at all: {p.stdout}{p.stderr}"
        return found


if not shutil.which("cppcheck"):
    skip("no cppcheck: tools/install.sh full installs it")
with open(os.path.join(ROOT, "docs", "misra.md")) as f:
    listed = set(re.findall(r"\d+\.\d+", " ".join(line.split("|")[1] for line in f if line.startswith("|"))))
found = {}
for case in CASES:
    for rule in rules_in(*case):
        found.setdefault(rule, case)
new = {rule: case for rule, case in found.items() if rule not in listed}
assert not new, f"docs/misra.md does not list {new}"
assert not listed - set(found), f"docs/misra.md lists what is found no more: {sorted(listed - set(found))}"
assert not MANDATORY & set(found), f"mandatory rules: {sorted(MANDATORY & set(found))}"
print(len(found), "rules, all listed")
