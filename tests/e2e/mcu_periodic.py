"""The bare-metal example meets its deadlines under QEMU, and says so when the period is too short."""
import os
import re
import shutil
import subprocess
import tempfile

from support import ROOT, VERGE, shared, skip

EXAMPLE = os.path.join(ROOT, "examples", "mcu-periodic")
for tool in ("make", "arm-none-eabi-gcc", "qemu-system-arm"):
    if not shutil.which(tool):
        skip(f"no {tool}: tools/install.sh full installs it")


def periodic(out, period_us):
    command = ["make", "-s", "-C", EXAMPLE, f"MODEL={shared('yardsticks/mcu/models/kws.tflite')}", f"VERGE={VERGE}", f"OUT={out}", f"PERIOD_US={period_us}"]
    subprocess.run(command, check=True, timeout=120)
    p = subprocess.run(command + ["run"], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    said = p.stdout + p.stderr
    assert "runs " in said, said
    runs, misses, longest = (int(re.search(rf"{what} (\d+)", said)[1]) for what in ("runs", "missed deadlines", "longest run, us"))
    print(f"period {period_us} us: {runs} runs, {misses} missed, the longest took {longest} us", flush=True)
    return p.returncode, runs, misses, longest


with tempfile.TemporaryDirectory() as tmp:
    code, runs, misses, longest = periodic(os.path.join(tmp, "slow"), 400000)
    assert (code, runs, misses) == (0, 5, 0) and 0 < longest < 400000
    code, runs, misses, too_long = periodic(os.path.join(tmp, "fast"), max(longest // 2, 1))
    assert code != 0 and misses > 0
