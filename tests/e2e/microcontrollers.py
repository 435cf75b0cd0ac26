"""The commands of docs/microcontrollers.md take a .tflite file to a passing self-test under QEMU."""
import os
import re
import shutil
import tempfile

from support import ROOT, VERGE, run, shared, skip

for tool in ("arm-none-eabi-gcc", "qemu-system-arm"):
    if not shutil.which(tool):
        skip(f"no {tool}: tools/install.sh full installs it")
with open(os.path.join(ROOT, "docs", "microcontrollers.md")) as f:
    commands = re.findall(r"```sh\n(.*?)```", f.read(), re.S)
assert commands, "docs/microcontrollers.md has no commands"
for name in ("kws", "ic"):
    with tempfile.TemporaryDirectory() as tmp:
        p = run("sh", "-ec", f"cd {tmp}\n" + "\n".join(commands), VERGE=VERGE, MODEL=shared(f"yardsticks/mcu/models/{name}.tflite"),
                EXAMPLE=os.path.join(ROOT, "examples", "microcontroller"))
        assert p.returncode == 0 and "self-test passed" in p.stdout + p.stderr, f"{name}: exit {p.returncode}\n{p.stdout}{p.stderr}"
        print(name, "self-test passed")
