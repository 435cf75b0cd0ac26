"""What the tests of the whole share: where things are, how a command is run, when to skip."""
import importlib
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.environ.get("VERGE_ROOT", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BUILD = os.environ.get("VERGE_BUILD", os.path.join(ROOT, "build", "release"))
SHARED = os.environ.get("VERGE_SHARED", os.path.join(ROOT, "..", "shared"))
VERGE = os.path.join(BUILD, "verge")
VERGE_AGENT = os.path.join(BUILD, "verge-agent")
VERGE_RT = os.path.join(BUILD, "verge-rt")
INSPECTION = os.path.join(ROOT, "models", "inspection", "inspection.onnx")


def skip(why):
    if os.environ.get("VERGE_REQUIRE_SHARED") == "1":
        print(f"failed: {why}, and CI must not skip")
        sys.exit(1)
    print(f"skipped: {why}")
    sys.exit(77)


def shared(path):
    full = os.path.join(SHARED, path)
    if not os.path.exists(full):
        skip(f"no {path} under VERGE_SHARED ({SHARED})")
    return full


def need(module):
    try:
        return importlib.import_module(module)
    except ImportError:
        skip(f"Python has no {module}; ./check installs it into build/venv")


def run(*command, **environment):
    env = dict(os.environ, **{k: v for k, v in environment.items() if v is not None})
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, errors="replace", env=env)


def verge(*arguments, **environment):
    """The command's standard output; fails with its words."""
    p = run(VERGE, *arguments, **environment)
    assert p.returncode == 0, f"verge {' '.join(map(str, arguments))}: exit {p.returncode}\n{p.stderr}"
    return p.stdout


def verge_json(*arguments, **environment):
    return json.loads(verge(*arguments, "--json", **environment))


def run_model(command, model, arrays, **environment):
    """Outputs of `command MODEL --input-dir --output-dir` on the arrays."""
    np = need("numpy")
    with tempfile.TemporaryDirectory() as tmp:
        os.makedirs(tmp + "/in")
        os.makedirs(tmp + "/out")
        for i, a in enumerate(arrays):
            np.save(f"{tmp}/in/input_{i}.npy", a)
        p = run(*command, model, "--input-dir", tmp + "/in", "--output-dir", tmp + "/out", **environment)
        assert p.returncode == 0, f"{model}: exit {p.returncode}: {p.stderr}"
        out = []
        while os.path.exists(f"{tmp}/out/output_{len(out)}.npy"):
            out.append(np.load(f"{tmp}/out/output_{len(out)}.npy"))
        return out
