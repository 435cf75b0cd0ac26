"""Scores, calibration, benchmarks and the optimiser cannot reach the reference interpreter: their object code does not name it."""
import glob
import os
import shutil
import subprocess

from support import BUILD, skip

if not shutil.which("nm"):
    skip("no nm")
rooms = ["eval", "quant", "recipe", "engine", "pipeline"]
for room in rooms:
    archive = os.path.join(BUILD, "src", f"libverge_{room}.a")
    symbols = subprocess.run(["nm", "-C", "--undefined-only", archive], capture_output=True, text=True, check=True).stdout
    assert "verge::" in symbols, archive
    for forbidden in ("ops::interpret(", "ops::run_reference("):
        assert forbidden not in symbols, f"room {room} calls {forbidden}"
    print(f"room {room}: no call of the reference interpreter")
