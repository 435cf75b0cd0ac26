"""--max-memory: a package with more weights than the limit runs within it, to the bit as without; a limit that is too small is refused with what is wanted."""
import json
import os
import re
import tempfile

from support import VERGE, need, run, run_model, verge

np, onnx = need("numpy"), need("onnx")
LAYERS, WIDTH = 10, 1024


def make(path):
    random = np.random.default_rng(1)
    weights = [onnx.numpy_helper.from_array((random.standard_normal((WIDTH, WIDTH)) / 32).astype(np.float32), f"w{i}") for i in range(LAYERS)]
    nodes = [onnx.helper.make_node("MatMul", [f"x{i}", f"w{i}"], [f"x{i + 1}"]) for i in range(LAYERS)]
    rows = [onnx.helper.make_tensor_value_info(f"x{i}", onnx.TensorProto.FLOAT, [1, WIDTH]) for i in (0, LAYERS)]
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph(nodes, "g", rows[:1], rows[1:], weights), opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), path)


def peak_bytes(*command):
    """As the process measured it; the shell's child does not inherit this one's peak."""
    p = run("sh", "-c", '"$@"; exit $?', "sh", *command, "--json")
    assert p.returncode == 0, p.stderr
    return json.loads(p.stdout)["memory"]["process_peak_mb"] * 1e3 * 1024


def main():
    with tempfile.TemporaryDirectory() as tmp:
        make(tmp + "/m.onnx")
        verge("convert", tmp + "/m.onnx", "-o", tmp + "/m.vpk")
        package, weights, layer = tmp + "/m.vpk", LAYERS * WIDTH * WIDTH * 4, WIDTH * WIDTH * 4
        bench = [VERGE, "bench", package, "--seconds", "0.05"]
        free = peak_bytes(*bench)
        for kept in (1, 4):  # layers that fit at once
            limit = free - weights + (kept + 1) * layer
            taken = peak_bytes(*bench, "--max-memory", limit)
            print(f"{weights / 1e6:.1f} MB of weights: {free / 1e6:.1f} MB, with a limit of {limit / 1e6:.1f} MB {taken / 1e6:.1f}", flush=True)
            assert taken <= limit < free
            x = [np.random.default_rng(2).standard_normal((1, WIDTH)).astype(np.float32)]
            got, want = run_model([VERGE, "run", "--max-memory", limit], package, x), run_model([VERGE, "run"], package, x)
            assert (got[0] == want[0]).all()
        p = run(*bench, "--max-memory", "2M")
        assert p.returncode == 4 and re.search(r"limit of 2\.00 MB is too little: the program itself has .* MB, the session .* its largest layer '.*' has weights of 4\.2. MB", p.stderr), p.stderr
        p = run(VERGE, "bench", tmp + "/m.onnx", "--max-memory", "64M")
        assert p.returncode == 3 and "verge convert" in p.stderr, p.stderr


main()
