"""The five MLPerf Tiny int8 networks give TFLM's bytes on every instruction set that this machine has, and on Arm under qemu."""
import os
import shutil
import tempfile

from support import BUILD, ROOT, VERGE, VERGE_RT, need, run, run_model, shared, verge

np = need("numpy")


def check(name, command, model, shape, **environment):
    cases = np.fromfile(shared(f"yardsticks/mcu/golden/{name}.cases.bin"), np.int8).reshape(-1, *shape)
    wanted = np.fromfile(shared(f"yardsticks/mcu/golden/{name}.tflm.bin"), np.int8)
    got = np.concatenate([run_model(command, model, [c], **environment)[0].ravel() for c in cases])
    different = int((got != wanted).sum())
    print(f"{name:4} {os.path.basename(command[-1]):10} {environment.get('VERGE_ISA_CAP', '')!s:12} {different} of {wanted.size} differ", flush=True)
    assert different == 0


def arm_runners():
    """Device runners built for Arm, with the emulator that runs them."""
    found = []
    for preset, qemu, sysroot in (("aarch64", "qemu-aarch64", "/usr/aarch64-linux-gnu"), ("armv7", "qemu-arm", "/usr/arm-linux-gnueabihf")):
        binary = os.path.join(ROOT, "build", preset, "verge-rt")
        if os.path.exists(binary) and shutil.which(qemu):
            found.append([qemu, "-L", sysroot, binary])
    return found


def main():
    for name in ("ic", "kws", "vww", "ad", "sww"):
        model = shared(f"yardsticks/mcu/models/{name}.tflite")
        shape = {"ic": (1, 32, 32, 3), "kws": (1, 49, 10, 1), "vww": (1, 96, 96, 3), "ad": (1, 640), "sww": (1, 30, 1, 40)}[name]
        for cap in ("any", "avx2", "avx512", "avx512vnni", "avx512vbmi", None):
            check(name, [VERGE, "run"], model, shape, VERGE_ISA_CAP=cap)
        with tempfile.TemporaryDirectory() as tmp:
            package = os.path.join(tmp, name + ".vpk")
            verge("convert", model, "-o", package)
            for runner in [[VERGE_RT]] + arm_runners():
                check(name, runner, package, shape)


main()
