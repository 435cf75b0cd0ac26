"""Generated C on microcontroller cores under QEMU: TFLM's bytes, the same number of instructions for every input, no more bytes than bench/mcu/sizes.json,
no more bytes and instructions than bench/mcu/goals.json wants."""
import json
import os
import shutil
import sys

from support import ROOT, shared, skip

sys.path.insert(0, os.path.join(ROOT, "bench", "mcu"))
import mcu  # noqa: E402

for tool in ("arm-none-eabi-gcc", "qemu-system-arm", "riscv64-unknown-elf-gcc", "qemu-system-riscv32"):
    if not shutil.which(tool):
        skip(f"no {tool}: tools/install.sh full installs it")
shared("yardsticks/mcu/main.c")
with open(os.path.join(ROOT, "bench", "mcu", "sizes.json")) as f:
    sizes = json.load(f)
with open(os.path.join(ROOT, "bench", "mcu", "goals.json")) as f:
    goals = json.load(f)

TICK = 40           # instructions that a figure may be off
LIBRARY = 2 / 1000  # of the instructions on Cortex-M0+, whose divisions are loops of the C library


def check(core, name, mode):
    m = mcu.measure_named(core, name, mode)
    print(f"{core:6} {name:4} {mode:6} {m}", flush=True)
    assert m["different"] == 0
    assert m["instructions"] - m["least_instructions"] <= (LIBRARY * m["instructions"] if core == "m0plus" else TICK), "the number of instructions depends on the input"
    assert m["stack"] <= m["stack_bound"], "the report's bound on the stack is too low"
    if f"{core} {name} {mode}" in sizes:
        for what, limit in sizes[f"{core} {name} {mode}"].items():
            assert m[what] <= limit, f"{what} grew from {limit} to {m[what]} bytes: bench/mcu/mcu.py --update, and say why"
    reaches_goals(core, name, mode, m)
    return m


def reaches_goals(core, name, mode, m):
    goal = goals.get(core, {}).get(name, {})
    assert name == "ad" or m["code"] <= goals["code"], f"{m['code']} bytes of code"
    assert m["ram"] <= goal.get("ram", {}).get(mode, m["ram"]), "RAM"
    assert mode != "fast" or m["flash"] <= goal.get("flash", m["flash"]), "flash"
    assert mode != "fast" or m["instructions"] <= goal.get("instructions", m["instructions"]), "instructions"


for name in mcu.MODELS:
    for core in mcu.CORES:
        fast = check(core, name, "fast")["instructions"]
        for mode in ("small", "lines") if name in mcu.LINES else ("small",):
            made = check(core, name, mode)["instructions"]
            assert made <= 1.1 * fast, f"{mode} takes {made / fast:.3f} of fast's instructions"
