#!/usr/bin/env python3
"""Generated C on microcontroller cores: flash, RAM and instructions under QEMU, beside what TFLM with CMSIS-NN takes.

    bench/mcu/mcu.py [--core m4 ...] [--mode fast ...] [MODEL ...]      a table of the MLPerf Tiny models
    bench/mcu/mcu.py --core rv32 m0plus                                 plain C: RISC-V, and Cortex-M0+ code on the M4 board
    bench/mcu/mcu.py --update                                           writes what was measured into sizes.json

The harness (main.c, startup.c, linker scripts, run_qemu.py, mapsize.py) is that of $VERGE_SHARED/yardsticks/mcu, for RISC-V that of riscv32/. RAM = arena + data + bss + stack, flash =
everything linked but the harness, KB = 1,000 bytes, instructions are exact to one SysTick tick."""
import argparse
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SHARED = os.environ.get("VERGE_SHARED", os.path.join(ROOT, "..", "shared"))
YARD = os.path.join(SHARED, "yardsticks", "mcu")
VERGE = os.path.join(os.environ.get("VERGE_BUILD", os.path.join(ROOT, "build", "release")), "verge")
MODELS = ("ic", "kws", "vww", "ad", "sww")
MODES = ("fast", "small")
LINES = ("vww",)  # models whose input row by row is measured too, mode "lines"
ARM = ["arm-none-eabi-gcc", "-mthumb", "-fno-unwind-tables", "-fno-asynchronous-unwind-tables"]
ARM_LINK = ["--specs=nosys.specs", "--specs=nano.specs", "-L" + YARD]
RISCV = ["riscv64-unknown-elf-gcc", "--specs=picolibc.specs", "-mabi=ilp32"]
CORES = {  # compiler, flags, target of codegen, SysTick's clock, linker script
    "m4": (ARM, "-mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard", "cortex-m4", 25000000, os.path.join(YARD, "mps2.ld")),
    "m7": (ARM, "-mcpu=cortex-m7 -mfpu=fpv5-sp-d16 -mfloat-abi=hard", "cortex-m7", 25000000, os.path.join(YARD, "mps2.ld")),
    "m55": (ARM, "-mcpu=cortex-m55 -mfloat-abi=hard -mfpu=auto", "cortex-m55", 32000000, os.path.join(YARD, "an547.ld")),
    "m0plus": (ARM, "-mcpu=cortex-m0plus", "cortex-m0plus", 25000000, os.path.join(YARD, "mps2.ld")),
    "rv32": (RISCV, "-march=rv32imac", "riscv32", 0, os.path.join(HERE, "riscv32", "virt.ld")),
}


def load(name):
    """A Python file of the yardsticks."""
    spec = importlib.util.spec_from_file_location(name, os.path.join(YARD, name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(*command):
    p = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if p.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}: exit {p.returncode}\n{p.stdout}{p.stderr}")
    return p.stdout


def generate(model, target, folder, mode="fast", name="model"):
    """C sources of a model with the harness's adapter. Mode lines: small, its input row by row."""
    how = ["--mode", "small", "--input", "lines"] if mode == "lines" else ["--mode", mode]
    report = json.loads(run(VERGE, "codegen", model, "--target", target, *how, "--name", name, "--harness", "-o", folder, "--json"))
    return report, [os.path.join(folder, name + ".c"), os.path.join(folder, "bench_" + name + ".c")]


def link(core, sources, out):
    """An ELF file for a core of CORES, built as bench.mk builds, and OUT.map beside it."""
    compiler, cpu, _, hz, script = CORES[core]
    flags = compiler + cpu.split() + ["-ffunction-sections", "-fdata-sections", "-I" + YARD]
    harness = [(os.path.join(YARD, s), "h_" + s[:-2], ["-Os"]) for s in ("main.c", "startup.c")]
    if core == "m0plus":  # the board's core is an M4, and so is the harness's
        harness = [(source, name, more + ["-mcpu=cortex-m4"]) for source, name, more in harness]
    if compiler is RISCV:
        harness = [(os.path.join(HERE, "riscv32", "harness.c"), "h_main", ["-Os", "-march=rv32imac_zicsr"])]
    objects = []
    for source, name, more in [(s, os.path.basename(s)[:-2], ["-O2"]) for s in sources] + harness:
        objects.append(os.path.join(os.path.dirname(out), name + ".o"))
        run(*flags, *more, "-Wall", "-Wextra", f"-DSYSTICK_HZ={hz}u", "-c", source, "-o", objects[-1])
    run(*flags, "-nostartfiles", *(ARM_LINK if compiler is ARM else []), "-T", script, "-Wl,--gc-sections", f"-Wl,-Map={out}.map", *objects, "-lm", "-o", out)
    return out


def run_riscv(elf, cases, golden):
    """What run_qemu.py tells, for the harness of riscv32/."""
    folder = os.path.dirname(elf)
    shutil.copy(cases, os.path.join(folder, "cases.bin"))
    p = subprocess.run(["qemu-system-riscv32", "-M", "virt", "-bios", "none", "-nographic", "-monitor", "none", "-serial", "none", "-icount", "shift=0",
                        "-semihosting-config", "enable=on,target=native", "-kernel", elf], cwd=folder, capture_output=True, text=True, timeout=300)
    figures = {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", p.stdout + p.stderr)}
    if p.returncode or "cases" not in figures:
        raise SystemExit(f"{elf}: exit {p.returncode}\n{p.stdout}{p.stderr}")
    with open(os.path.join(folder, "outputs.bin"), "rb") as made, open(golden, "rb") as wanted:
        a, b = made.read(), wanted.read()
    different = sum(x != y for x, y in zip(a, b)) + abs(len(a) - len(b))
    return {"ins_max": figures["most"], "ins_min": figures["least"], "stack_run": figures["stack"], "arena": figures["arena"], "diff_golden": {"different": different}}


def measure(core, model, target, mode, cases, golden):
    """Figures of one model file on one core."""
    with tempfile.TemporaryDirectory() as tmp:
        report, sources = generate(model, target, tmp, mode)
        elf = link(core, sources, os.path.join(tmp, "model.elf"))
        if core == "rv32":
            figures = run_riscv(elf, cases, golden)
        else:
            figures = load("run_qemu").run("m4" if core == "m0plus" else core, elf, cases, [("golden", golden)])
        flash, ram = load("mapsize").sizes(elf + ".map")
    total = lambda groups: sum(v for k, v in groups.items() if k != "harness")
    return {"flash": total(flash), "code": total(flash) - report["weight_bytes"], "ram": total(ram) + figures["arena"] + figures["stack_run"], "arena": figures["arena"],
            "stack": figures["stack_run"], "instructions": figures["ins_max"], "least_instructions": figures["ins_min"],
            "different": figures["diff_golden"]["different"], "macs": report["macs"], "stack_bound": report["stack_bound"]}


def measure_named(core, name, mode="fast"):
    return measure(core, os.path.join(YARD, "models", name + ".tflite"), CORES[core][2], mode, os.path.join(YARD, "golden", name + ".cases.bin"),
                   os.path.join(YARD, "golden", name + ".tflm.bin"))


def run_on_host(model, target, cases, mode="fast", flags=()):
    """Output bytes of the generated C compiled for this machine, with more flags of the compiler."""
    with tempfile.TemporaryDirectory() as tmp:
        _, sources = generate(model, target, tmp, mode)
        run("cc", "-std=c99", "-O1", *flags, "-Wall", "-Wextra", "-Werror", "-fsanitize=undefined", "-fno-sanitize-recover=undefined", "-I" + YARD, "-I" + tmp, *sources,
            os.path.join(HERE, "host_main.c"), "-o", tmp + "/host")
        run(tmp + "/host", cases, tmp + "/outputs.bin")
        with open(tmp + "/outputs.bin", "rb") as f:
            return f.read()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=MODELS)
    parser.add_argument("--core", nargs="*", default=["m4"], choices=CORES)
    parser.add_argument("--mode", nargs="*", default=list(MODES))
    parser.add_argument("--update", action="store_true", help="write sizes.json")
    arguments = parser.parse_args()
    with open(os.path.join(HERE, "tflm.json")) as f:
        tflm = json.load(f)["models"]
    with open(os.path.join(HERE, "sizes.json")) as f:
        sizes = json.load(f)
    print(f"{'core':7}{'model':6}{'mode':7}{'flash KB':>9}{'TFLM':>7}{'code':>7}{'RAM KB':>8}{'TFLM':>7}{'M ins':>9}{'TFLM':>8}{'per MAC':>8}{'differ':>8}")
    for core in arguments.core:
        for name in arguments.models or MODELS:
            peer = tflm.get(core, {}).get(name, {"flash": 0, "ram": 0, "instructions": 0})
            for mode in arguments.mode + (["lines"] if name in LINES and list(arguments.mode) == list(MODES) else []):
                m = measure_named(core, name, mode)
                print(f"{core:7}{name:6}{mode:7}{m['flash'] / 1e3:9.1f}{peer['flash'] / 1e3:7.1f}{m['code']:7}{m['ram'] / 1e3:8.2f}{peer['ram'] / 1e3:7.1f}"
                      f"{m['instructions'] / 1e6:9.3f}{peer['instructions'] / 1e6:8.2f}{m['instructions'] / m['macs']:8.2f}{m['different']:8}", flush=True)
                sizes[f"{core} {name} {mode}"] = {"flash": m["flash"], "ram": m["ram"]}
    if arguments.update:
        with open(os.path.join(HERE, "sizes.json"), "w") as f:
            f.write("{\n" + ",\n".join(f'  "{k}": {json.dumps(v)}' for k, v in sorted(sizes.items())) + "\n}\n")


if __name__ == "__main__":
    sys.exit(main())
