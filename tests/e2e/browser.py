"""The WebAssembly runtime in Node and in headless Chromium: TFLM's bytes for the MLPerf Tiny networks, for published files the native runtime's outputs,
and the page with a file and with a camera."""
import http.server
import json
import os
import queue
import shutil
import struct
import subprocess
import tempfile
import threading
import zlib

from support import INSPECTION, ROOT, run, shared, skip, VERGE, verge, verge_json

NPM = os.path.join(ROOT, "build", "wasm", "npm")
TESTS = os.path.join(ROOT, "apps", "wasm", "test")
TINY = ("ic", "kws", "vww", "ad", "sww")
# Float inside, with steps of 1/256 at the end: a sum that rounds the other way moves an output by one, on every instruction set.
FLOAT_STEPS = {"2fca4915a676_yolox_nano_int8_quantize"}


def node_answers(jobs):
    p = subprocess.run(["node", os.path.join(TESTS, "golden.mjs"), os.path.join(NPM, "index.mjs")], input="".join(json.dumps(j) + "\n" for j in jobs),
                       capture_output=True, text=True)
    assert p.returncode == 0, p.stderr
    return [json.loads(line) for line in p.stdout.splitlines()]


def kernels():
    """The kernels' own tests, SIMD and portable, under Node's WASI."""
    tests = os.path.join(ROOT, "build", "wasm", "kernel-tests.wasm")
    if not os.path.exists(tests):
        skip("no build/wasm/kernel-tests.wasm; it needs Debian's googletest")
    p = run("node", "--no-warnings", os.path.join(TESTS, "kernels.mjs"), tests, "--gtest_brief=1")
    print(p.stdout[-2000:])
    assert p.returncode == 0 and "FAILED" not in p.stdout, p.stderr


def tiny_networks(tmp):
    jobs = []
    for name in TINY:
        package = f"{tmp}/{name}.vpk"
        verge("convert", shared(f"yardsticks/mcu/models/{name}.tflite"), "-o", package)
        jobs.append({"package": package, "cases": shared(f"yardsticks/mcu/golden/{name}.cases.bin"), "wanted": shared(f"yardsticks/mcu/golden/{name}.tflm.bin")})
    for name, answer in zip(TINY, node_answers(jobs)):
        print(f"{name:4} differing from TFLM: SIMD {answer['simd']}, portable {answer['portable']}")
        assert answer == {"simd": 0, "portable": 0}, name


def published_files(tmp):
    """Files that verge gives golden vectors: those with inputs that it can make up."""
    folder = shared("models/tflite/models")
    jobs = []
    for file in [os.path.join(folder, f) for f in sorted(os.listdir(folder)) if f.endswith(".tflite")] + [INSPECTION]:
        name = os.path.splitext(os.path.basename(file))[0]
        package = f"{tmp}/{name}.vpk"
        if name not in FLOAT_STEPS and run(VERGE, "convert", file, "--golden", "-o", package).returncode == 0:
            jobs.append({"package": package})
    assert len(jobs) >= 80, f"only {len(jobs)} files became packages with golden vectors"
    for job, answer in zip(jobs, node_answers(jobs)):
        assert answer["outputs"] > 0 and answer["different"] == 0, f"{job['package']}: {answer}"
    print(len(jobs), "published files agree with the native runtime")


def write_picture(path, width=100, height=80):
    """A PNG with slopes of colour and a dark stroke."""
    def pixel(x, y):
        return bytes((10, 10, 10) if 40 < x < 46 else ((2 * x + 30) & 255, (3 * y) & 255, (x * y // 7) & 255))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + b"".join(pixel(x, y) for x in range(width)) for y in range(height))
    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class Site(http.server.BaseHTTPRequestHandler):
    """The npm package under /npm, the test's page under /test, its files under /work; the page's report comes back by POST."""
    folders, reports, packages = {"npm": NPM, "test": TESTS}, queue.Queue(), []
    types = {".mjs": "text/javascript", ".html": "text/html", ".wasm": "application/wasm", ".png": "image/png"}

    def do_GET(self):
        folder, _, name = self.path.split("?")[0].lstrip("/").partition("/")
        if folder == "packages":
            return self.answer(json.dumps(self.packages).encode(), "application/json")
        path = os.path.join(self.folders.get(folder, ""), name)
        if folder not in self.folders or not os.path.isfile(path):
            return self.send_error(404)
        with open(path, "rb") as f:
            self.answer(f.read(), self.types.get(os.path.splitext(path)[1], "application/octet-stream"))

    def do_POST(self):
        self.reports.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.answer(b"", "text/plain")

    def answer(self, body, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def what_the_page_says(chromium, profile):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    browser = subprocess.Popen([chromium, "--headless", "--no-sandbox", "--disable-gpu", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
                                f"--user-data-dir={profile}", f"http://127.0.0.1:{server.server_port}/test/page.html"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return Site.reports.get(timeout=150)
    finally:
        browser.terminate()
        browser.wait()
        server.shutdown()


def page_in_chromium(tmp):
    chromium = shutil.which("chromium") or shutil.which("google-chrome") or skip("no chromium; tools/install.sh full installs it")
    write_picture(f"{tmp}/picture.png")
    verge("convert", INSPECTION, "--golden", "-o", f"{tmp}/inspection.vpk")
    wanted = verge_json("run", f"{tmp}/inspection.vpk", f"{tmp}/picture.png")[0]["top"]
    with open(f"{tmp}/inspection.vpk", "rb") as f, open(f"{tmp}/damaged.vpk", "wb") as out:
        whole = f.read()
        out.write(whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])
    for name in TINY:
        verge("convert", shared(f"yardsticks/mcu/models/{name}.tflite"), "--golden", "-o", f"{tmp}/{name}.vpk")
    Site.folders["work"], Site.packages = tmp, [f"{name}.vpk" for name in TINY]
    said = what_the_page_says(chromium, f"{tmp}/profile")
    print(json.dumps(said))
    assert "failed" not in said, said["failed"]
    assert "integrity" in said["refused"] or "corrupt" in said["refused"], said["refused"]
    assert [c["label"] for c in said["picture"]] == [c["label"] for c in wanted], (said["picture"], wanted)
    assert all(abs(a["score"] - b["score"]) < 0.01 for a, b in zip(said["picture"], wanted)), (said["picture"], wanted)
    assert "1 outputs agree" in said["selfTest"], said["selfTest"]
    assert said["camera"]["frames"] >= 10
    assert said["packages"] == {name: [1, 0] for name in Site.packages}, said["packages"]


def needed():
    if not shutil.which("node"):
        skip("no node; tools/install.sh full installs it")
    if not os.path.exists(os.path.join(NPM, "verge.wasm")):
        skip("no build/wasm; cmake --preset wasm && ninja -C build/wasm makes it")


def main():
    needed()
    kernels()
    with tempfile.TemporaryDirectory() as tmp:
        tiny_networks(tmp)
        published_files(tmp)
        page_in_chromium(tmp)


main()
