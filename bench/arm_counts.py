#!/usr/bin/env python3
"""Instructions of one inference on AArch64, counted under qemu-user by bench/arm/count_plugin.c, beside ONNX Runtime's library for AArch64. Counts, not times.

    npm pack onnxruntime-node && tar xzf onnxruntime-node-*.tgz
    bench/arm_counts.py --onnxruntime package/bin/napi-v6/linux/arm64/libonnxruntime.so.1 [--cpu max] MODEL.onnx...

verge-rt for AArch64 comes from the preset aarch64. One inference is the difference of two lengths of run, divided; a model has one float input.
"""
import argparse
import os
import re
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VERGE = os.path.join(os.environ.get("VERGE_BUILD", os.path.join(ROOT, "build", "release")), "verge")
ARM = os.path.join(os.environ.get("VERGE_ARM_BUILD", os.path.join(ROOT, "build", "aarch64")), "verge-rt")
CPU = """processor\t: 0
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp i8mm
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x1
CPU part\t: 0xd40
CPU revision\t: 1

"""
HERE = os.path.join(ROOT, "bench", "arm")
FEW, MANY = 1, 3


def system_root(path):
    """Libraries, and a /proc/cpuinfo of two Arm cores: ONNX Runtime reads it and ends over this machine's own."""
    os.makedirs(f"{path}/proc")
    os.symlink("/usr/aarch64-linux-gnu/lib", f"{path}/lib")
    with open(f"{path}/proc/cpuinfo", "w") as f:
        f.write(CPU + CPU.replace(": 0", ": 1", 1))
    return path


def count(qemu, command):
    p = subprocess.run([*qemu, *map(str, command)], capture_output=True, text=True)
    assert p.returncode == 0, p.stderr
    return int(re.search(r"^instructions (\d+)", p.stderr, re.M).group(1))


def per_inference(qemu, command_of):
    return (count(qemu, command_of(MANY)) - count(qemu, command_of(FEW))) // (MANY - FEW)


def input_shape(model):
    import onnx
    dims = onnx.load(model).graph.input[0].type.tensor_type.shape.dim
    return [d.dim_value or 1 for d in dims]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--onnxruntime", required=True)
    parser.add_argument("--cpu", default="max,sve=off,sme=off", help="of qemu-aarch64: max has dot products and i8mm, cortex-a72 neither")
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as tmp:
        subprocess.run(["gcc", "-shared", "-fPIC", "-O2", f"{HERE}/count_plugin.c", "-o", f"{tmp}/count.so"], check=True)
        subprocess.run(["aarch64-linux-gnu-gcc", "-O2", f"{HERE}/onnxruntime_run.c", "-ldl", "-o", f"{tmp}/onnxruntime_run"], check=True)
        qemu = ["qemu-aarch64", "-cpu", a.cpu, "-L", system_root(f"{tmp}/root"), "-plugin", f"{tmp}/count.so"]
        print("| model | Verge, million instructions | ONNX Runtime | ratio |\n|---|---:|---:|---:|")
        for model in a.models:
            subprocess.run([VERGE, "convert", model, "-o", f"{tmp}/m.vpk"], check=True, capture_output=True)
            shape = input_shape(model)
            ours = per_inference(qemu, lambda n: [ARM, f"{tmp}/m.vpk", "--bench", n])
            peers = per_inference(qemu, lambda n: [f"{tmp}/onnxruntime_run", a.onnxruntime, model, n, len(shape), *shape])
            print(f"| {os.path.basename(model)[:-5]} | {ours / 1e6:.2f} | {peers / 1e6:.2f} | {peers / ours:.2f} |", flush=True)


main()
