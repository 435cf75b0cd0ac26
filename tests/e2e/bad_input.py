"""Bad input gets words and the documented exit code; nothing is left half-written and nothing crashes."""
import os
import shutil
import tempfile

from support import INSPECTION, VERGE, need, run, verge

np = need("numpy")


def expect(code, words, *arguments):
    p = run(VERGE, *arguments)
    assert p.returncode == code, f"verge {' '.join(arguments)}: exit {p.returncode}, wanted {code}\n{p.stderr}"
    for word in words:
        assert word in p.stderr, f"verge {' '.join(arguments)}: '{word}' is not in\n{p.stderr}"


def main():
    tmp = tempfile.mkdtemp()
    path = lambda name: os.path.join(tmp, name)
    write = lambda name, data: open(path(name), "wb").write(data)
    model = open(INSPECTION, "rb").read()
    write("text.onnx", b"this is no model at all, only words")
    write("empty.onnx", b"")
    write("cut.onnx", model[: len(model) // 2])
    expect(7, ["text.onnx"], "inspect", path("text.onnx"))
    expect(7, ["empty.onnx"], "inspect", path("empty.onnx"))
    expect(7, ["cut.onnx"], "inspect", path("cut.onnx"))
    expect(5, ["missing.onnx", "No such file"], "inspect", path("missing.onnx"))
    expect(2, ["--dim"], "inspect", INSPECTION, "--dim", "N")

    write("unknown.onnx", model.replace(b"ReduceMean", b"ReduceMoon").replace(b"GlobalAveragePool", b"GlobalAverageMoon"))
    p = run(VERGE, "inspect", path("unknown.onnx"))
    assert p.returncode == 3 and p.stderr.startswith("unsupported") and "Moon" in p.stderr, (p.returncode, p.stderr)

    os.makedirs(path("in"))
    np.save(path("in/input_0.npy"), np.zeros((1, 3, 60, 64), np.float32))
    expect(2, ["image", "64"], "run", INSPECTION, "--input-dir", path("in"), "--output-dir", path("out"))
    os.makedirs(path("nothing"))
    expect(5, ["input_0"], "run", INSPECTION, "--input-dir", path("nothing"), "--output-dir", path("out"))
    expect(5, ["no.jpg"], "run", INSPECTION, path("no.jpg"))
    write("broken.jpg", b"\xff\xd8\xff\xe0 nothing more")
    expect(7, ["broken.jpg", "JPEG"], "run", INSPECTION, path("broken.jpg"))

    expect(2, ["holds no usable file"], "optimize", INSPECTION, "--data", path("nothing"), "-o", path("x.vpk"))
    expect(5, ["no data at"], "optimize", INSPECTION, "--data", path("nowhere"), "-o", path("x.vpk"))
    expect(2, ["no target", "rpi4"], "optimize", INSPECTION, "--data", path("in"), "--target", "toaster", "-o", path("x.vpk"))
    expect(2, ["--max-drop"], "optimize", INSPECTION, "--data", path("in"), "--max-drop", "lots", "-o", path("x.vpk"))
    assert not os.path.exists(path("x.vpk"))

    expect(5, ["No space left"], "convert", INSPECTION, "-o", "/dev/full")
    expect(5, ["/proc/x.vpk"], "convert", INSPECTION, "-o", "/proc/x.vpk")
    verge("convert", INSPECTION, "-o", path("good.vpk"))
    package = open(path("good.vpk"), "rb").read()
    write("short.vpk", package[:-100])
    write("changed.vpk", package.replace(b'"name"', b'"nome"'))
    expect(7, ["short.vpk", "cut short"], "inspect", path("short.vpk"))
    expect(6, ["changed.vpk", "hash"], "inspect", path("changed.vpk"))
    shutil.rmtree(tmp)


main()
print("every bad input got its words and code")
