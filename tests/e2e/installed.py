"""`cmake --install`, then the example builds against the installed tree through find_package and runs."""
import os
import tempfile

from support import BUILD, INSPECTION, ROOT, run

with tempfile.TemporaryDirectory() as tmp:
    for command in (["cmake", "--install", BUILD, "--prefix", tmp + "/usr"],
                    ["cmake", "-G", "Ninja", "-S", ROOT + "/examples/cpp", "-B", tmp + "/build", "-DCMAKE_PREFIX_PATH=" + tmp + "/usr", "-DCMAKE_BUILD_TYPE=Release"],
                    ["cmake", "--build", tmp + "/build"],
                    [tmp + "/build/classify", INSPECTION]):
        p = run(*command)
        assert p.returncode == 0, f"{command}: {p.stdout}\n{p.stderr}"
    assert p.stdout.startswith("logits:") and len(p.stdout.split()) == 6, p.stdout
    print(p.stdout, end="")
