"""Deltas between real packages: what is unchanged costs nothing, damage and a wrong base are refused in words, applying needs less than 1 MB."""
import os
import subprocess
import tempfile

from support import INSPECTION, VERGE, need, run, verge, verge_json

onnx = need("onnx")
np = need("numpy")


def peak_kb(*arguments):
    """Peak resident memory of the command line in KB."""
    code = "import resource,subprocess,sys; subprocess.run(sys.argv[1:],check=True,stdout=subprocess.DEVNULL); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    return int(subprocess.run(["python3", "-c", code, VERGE, *arguments], capture_output=True, text=True, check=True).stdout)


def with_moved(tensors, to):
    model = onnx.load(INSPECTION)
    for w in model.graph.initializer:
        value = onnx.numpy_helper.to_array(w)
        if value.dtype == np.float32 and tensors(w):
            w.CopyFrom(onnx.numpy_helper.from_array(value * np.float32(1.01), w.name))
    onnx.save(model, to)


with tempfile.TemporaryDirectory() as tmp:
    old, new, delta, back = (f"{tmp}/{n}" for n in ("old.vpk", "new.vpk", "d.vgd", "back.vpk"))
    verge("convert", INSPECTION, "-o", old)
    with_moved(lambda w: w.name.startswith("head."), f"{tmp}/head.onnx")
    verge("convert", f"{tmp}/head.onnx", "-o", new)
    made = verge_json("delta", "make", old, new, "-o", delta)
    assert made["uses_base"] and 0 < made["tensors_moved"] < made["tensors"], made
    assert made["bytes"] < made["full_bytes"] / 4, made
    verge("delta", "apply", old, delta, "-o", back)
    assert open(back, "rb").read() == open(new, "rb").read()
    more = peak_kb("delta", "apply", old, delta, "-o", back) - peak_kb("--version")
    assert more < 1000, f"applying took {more} KB more than --version"

    verge("convert", INSPECTION, "--correctable", "-o", f"{tmp}/more.vpk")
    longer = verge_json("delta", "make", old, f"{tmp}/more.vpk", "-o", f"{tmp}/more.vgd")
    assert longer["tensors_moved"] == 2 and longer["bytes"] < longer["full_bytes"] / 50, f"two layers more, the others are equal: {longer}"
    verge("delta", "apply", old, f"{tmp}/more.vgd", "-o", back)
    assert open(back, "rb").read() == open(f"{tmp}/more.vpk", "rb").read()

    p = run(VERGE, "delta", "apply", new, delta, "-o", f"{tmp}/x.vpk")
    assert p.returncode == 6 and "another base" in p.stderr and not os.path.exists(f"{tmp}/x.vpk"), p.stderr
    damaged = bytearray(open(delta, "rb").read())
    damaged[len(damaged) // 2] ^= 16
    open(f"{tmp}/bad.vgd", "wb").write(damaged)
    p = run(VERGE, "delta", "apply", old, f"{tmp}/bad.vgd", "-o", f"{tmp}/x.vpk")
    assert p.returncode in (6, 7) and "full package" in p.stderr and not os.path.exists(f"{tmp}/x.vpk"), p.stderr
    p = run(VERGE, "delta", "apply", old, delta, "-o", f"{tmp}/x.vpk", "--most-bytes", "1000")
    assert p.returncode == 4, p.stderr
    same = verge_json("delta", "make", old, old, "-o", delta)
    assert same["bytes"] <= 64, same
print(f"a new last layer: {made['bytes']} bytes instead of {made['full_bytes']}; applying took {more} KB")
