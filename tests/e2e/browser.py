"""The WebAssembly runtime in Node: TFLM's bytes for the MLPerf Tiny networks, and for published int8 files the bytes of the native runtime."""
import json
import os
import shutil
import subprocess
import tempfile

from support import INSPECTION, ROOT, run, shared, skip, VERGE, verge

NPM = os.path.join(ROOT, "build", "wasm", "npm")
TESTS = os.path.join(ROOT, "apps", "wasm", "test")
TINY = ("ic", "kws", "vww", "ad", "sww")
# Float inside, with steps of 1/256 at the end: a sum that rounds the other way moves an output by one, on every instruction set.
FLOAT_STEPS = {"2fca4915a676_yolox_nano_int8_quantize"}


def node_answers(jobs):
    p = subprocess.run(["node", os.path.join(TESTS, "golden.mjs"), os.path.join(NPM, "index.mjs")], input="".join(json.dumps(j) + "\n" for j in jobs),
                       capture_output=True, text=True)
    assert p.returncode == 0, p.stderr
    return [json.loads(line) for line in p.stdout.splitlines()]


def tiny_networks(tmp):
    jobs = []
    for name in TINY:
        package = f"{tmp}/{name}.vpk"
        verge("convert", shared(f"yardsticks/mcu/models/{name}.tflite"), "-o", package)
        jobs.append({"package": package, "cases": shared(f"yardsticks/mcu/golden/{name}.cases.bin"), "wanted": shared(f"yardsticks/mcu/golden/{name}.tflm.bin")})
    for name, answer in zip(TINY, node_answers(jobs)):
        print(f"{name:4} differing from TFLM: SIMD {answer['simd']}, portable {answer['portable']}")
        assert answer == {"simd": 0, "portable": 0}, name


def published_files(tmp):
    """Files that verge gives golden vectors: those with inputs that it can make up."""
    folder = shared("models/tflite/models")
    jobs = []
    for file in [os.path.join(folder, f) for f in sorted(os.listdir(folder)) if f.endswith(".tflite")] + [INSPECTION]:
        name = os.path.splitext(os.path.basename(file))[0]
        package = f"{tmp}/{name}.vpk"
        if name not in FLOAT_STEPS and run(VERGE, "convert", file, "--golden", "-o", package).returncode == 0:
            jobs.append({"package": package})
    assert len(jobs) >= 80, f"only {len(jobs)} files became packages with golden vectors"
    for job, answer in zip(jobs, node_answers(jobs)):
        assert answer["outputs"] > 0 and answer["different"] == 0, f"{job['package']}: {answer}"
    print(len(jobs), "published files agree with the native runtime")


def needed():
    if not shutil.which("node"):
        skip("no node; tools/install.sh full installs it")
    if not os.path.exists(os.path.join(NPM, "verge.wasm")):
        skip("no build/wasm; cmake --preset wasm && ninja -C build/wasm makes it")


def main():
    needed()
    with tempfile.TemporaryDirectory() as tmp:
        tiny_networks(tmp)
        published_files(tmp)


main()
