"""verge::AsyncRunner of the C++ header, over the device runtime: async_runner.cc says what must hold."""
import os
import tempfile

from support import BUILD, INSPECTION, ROOT, run, skip, verge

library = os.path.join(BUILD, "libverge_rt.a")
if not os.path.exists(library):
    skip("no libverge_rt.a; build the target verge_runtime_static")
with tempfile.TemporaryDirectory() as tmp:
    verge("convert", INSPECTION, "-o", f"{tmp}/m.vpk")
    p = run("g++", "-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-I", f"{ROOT}/include", f"{ROOT}/tests/e2e/async_runner.cc", library, "-o", f"{tmp}/async_runner")
    assert p.returncode == 0, p.stderr
    p = run(f"{tmp}/async_runner", f"{tmp}/m.vpk")
    assert p.returncode == 0, p.stdout + p.stderr
    print(p.stdout)
