"""Products in bf16: packages of half the weights whose outputs stay within bf16's rounding of the f32 ones, on every instruction set and number of threads."""
import os
import tempfile

from support import INSPECTION, VERGE, VERGE_RT, need, run, run_model, shared, verge

np = need("numpy")
# The input, and the share of the f32 package's size that it may have: depthwise weights stay f32, and short sums are filled up.
MODELS = {"mlperf_ic_resnet8": ((1, 3, 32, 32), 0.55), "mlperf_vww_mobilenet025": ((1, 3, 96, 96), 0.6), "ultraface_version-slim-320": ((1, 3, 240, 320), 0.75)}
CAPS = ["any", "avx2", "avx512", "avx512bf16", None]


def distance(a, b):
    return max(float(np.abs(x - y).max() / np.abs(y).max()) for x, y in zip(a, b))


def check(path, shape, most, tmp):
    f32, bf16 = os.path.join(tmp, "f32.vpk"), os.path.join(tmp, "bf16.vpk")
    verge("convert", path, "-o", f32)
    verge("convert", path, "-o", bf16, "--precision", "bf16", "--golden")
    sizes = os.path.getsize(bf16) / os.path.getsize(f32)
    x = [np.random.default_rng(1).random(shape, np.float32)]
    want = run_model([VERGE, "run"], f32, x)
    errors = {cap: distance(run_model([VERGE, "run"], bf16, x, VERGE_ISA_CAP=cap), want) for cap in CAPS}
    print(f"{os.path.basename(path):40} {sizes:.2f} of the size, farthest from f32 by", " ".join(f"{cap or 'uncapped'} {e:.1e}" for cap, e in errors.items()), flush=True)
    assert sizes < most
    assert all(0 < e < 0.02 for e in errors.values()), errors
    one, two = (run_model([VERGE, "run", "--precision", "bf16", "--threads", n], path, x) for n in ("1", "2"))
    assert all((a == b).all() for a, b in zip(one, two)), "results depend on the number of threads"
    p = run(VERGE_RT, bf16, "--self-test")
    assert p.returncode == 0, p.stderr
    return f32


def main():
    with tempfile.TemporaryDirectory() as tmp:
        for name, (shape, most) in MODELS.items():
            f32 = check(shared(f"models/onnx/{name}.onnx"), shape, most, tmp)
        p = run(VERGE, "run", f32, "--precision", "bf16", "--input-dir", tmp, "--output-dir", tmp)
        assert p.returncode == 2 and "made with products in f32" in p.stderr, p.stderr
        p = run(VERGE, "optimize", INSPECTION, "--data", tmp, "-o", os.path.join(tmp, "o.vpk"), "--precision", "bf16")
        assert p.returncode == 2 and "verge convert" in p.stderr, p.stderr
        lines = verge("kernels", "14x14x32:32:3x3").splitlines()
        assert [line.split()[1] for line in lines if line.startswith("  ->")] == ["f32", "bf16", "int8"], lines
        p = run(VERGE, "kernels", "14x14:3x3:9")
        assert p.returncode == 2 and "wants HEIGHT" in p.stderr, p.stderr


main()
