"""Generated C on microcontroller cores under QEMU: TFLM's bytes, the same number of instructions for every input, no more bytes than bench/mcu/sizes.json."""
import json
import os
import shutil
import sys

from support import ROOT, shared, skip

sys.path.insert(0, os.path.join(ROOT, "bench", "mcu"))
import mcu  # noqa: E402

for tool in ("arm-none-eabi-gcc", "qemu-system-arm"):
    if not shutil.which(tool):
        skip(f"no {tool}: tools/install.sh full installs it")
shared("yardsticks/mcu/main.c")
with open(os.path.join(ROOT, "bench", "mcu", "sizes.json")) as f:
    sizes = json.load(f)

TICK = 40  # instructions that a figure may be off


def check(core, name, mode, target=None):
    m = mcu.measure_named(core, name, mode, target)
    print(f"{core:4} {name:4} {mode:6} {target or '':14} {m}", flush=True)
    assert m["different"] == 0
    assert m["instructions"] - m["least_instructions"] <= TICK, "the number of instructions depends on the input"
    assert m["stack"] <= m["stack_bound"], "the report's bound on the stack is too low"
    if target is None and f"{core} {name} {mode}" in sizes:
        for what, limit in sizes[f"{core} {name} {mode}"].items():
            assert m[what] <= limit, f"{what} grew from {limit} to {m[what]} bytes: bench/mcu/mcu.py --update, and say why"
    return m


for name in mcu.MODELS:
    for mode in mcu.MODES:
        for core in ("m4", "m7", "m55"):
            check(core, name, mode)
    check("m4", name, "fast", "cortex-m0plus")
