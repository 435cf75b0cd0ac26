"""A model of 4 MB over a network that is slow and cuts connections: it arrives, and at most 5 % of its bytes travel twice. Time runs a hundred times faster: 200 kB/s.

A second agent gets through corrupted and duplicated pieces.
"""
import json
import re
import subprocess
import tempfile
import time

from fleet import Fleet
from support import VERGE, VERGE_AGENT, need, verge

np, onnx = need("numpy"), need("onnx")


def large_model(to):
    weights = np.random.default_rng(1).standard_normal((1000, 1000)).astype(np.float32)
    node = onnx.helper.make_node("MatMul", ["x", "w"], ["y"])
    x, y = (onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [1, 1000]) for n in "xy")
    graph = onnx.helper.make_graph([node], "large", [x], [y], [onnx.numpy_helper.from_array(weights, "w")])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)]), f"{to}.onnx")
    verge("convert", f"{to}.onnx", "--golden", "-o", to)
    return to


class Proxy:
    def __init__(self, fleet, *faults):
        self.process = subprocess.Popen([VERGE, "fleet", "proxy", "--to", fleet.url[len("https://"):], "--for", "120", *faults], stdout=subprocess.PIPE, text=True)
        self.url = "https://" + re.search(r"proxy on (\S+)", self.process.stdout.readline()).group(1)

    def counts(self):
        self.process.terminate()
        return json.loads(self.process.communicate()[0])


def through(fleet, tmp, name, *faults):
    """An agent that has nothing but the proxy; seconds, bytes of the model, the proxy's counts."""
    proxy = Proxy(fleet, *faults)
    arguments = [VERGE_AGENT, "--folder", f"{tmp}/{name}", "--server", proxy.url, "--device", name, "--ca", fleet.ca, "--token", fleet.token(), "--once"]
    begin = time.time()
    for _ in range(40):
        p = subprocess.run(arguments, capture_output=True, text=True)
        if p.returncode == 0 and "running version 1" in p.stdout:
            break
    else:
        raise AssertionError(p.stdout + p.stderr)
    return time.time() - begin, proxy.counts()


with tempfile.TemporaryDirectory() as tmp:
    model = large_model(f"{tmp}/model.vpk")
    size = len(open(model, "rb").read())
    fleet = Fleet(tmp, model, seconds=200)
    try:
        seconds, counts = through(fleet, tmp, "slow", "--rate", "200000", "--cut", "0.2", "--cut-within", "1000000")
        again, worse = through(fleet, tmp, "worse", "--rate", "2000000", "--cut", "0.9", "--cut-within", "800000", "--corrupt", "0.1", "--duplicate", "0.1", "--seed", "3")
    finally:
        fleet.stop()
    assert size > 4_000_000 and counts["bytes_down"] >= size, (size, counts)
    assert counts["bytes_down"] <= 1.05 * size, f"{counts['bytes_down']} bytes for a model of {size}"
    assert worse["cut"] >= 3, worse
print(f"{size} bytes in {seconds:.0f} s with {counts['cut']} of {counts['connections']} connections cut: {counts['bytes_down'] / size - 1:.2%} more than once, TLS and metadata included; "
      f"with {worse['cut']} of {worse['connections']} cut: {worse['bytes_down'] / size - 1:.2%}")
