"""Generated C gives TFLM's bytes on this machine: every family of kernels, under the undefined-behaviour sanitizer; files are the same bytes every time."""
import os
import shutil
import sys
import tempfile

from support import ROOT, VERGE, run, shared, skip

sys.path.insert(0, os.path.join(ROOT, "bench", "mcu"))
import mcu  # noqa: E402


def equals_tflm():
    for name in mcu.MODELS:
        wanted = open(shared(f"yardsticks/mcu/golden/{name}.tflm.bin"), "rb").read()
        for target in ("host", "cortex-m4", "cortex-m55"):
            for mode in mcu.MODES + (("lines",) if target == "cortex-m4" and name in ("kws", "vww") else ()):
                got = mcu.run_on_host(shared(f"yardsticks/mcu/models/{name}.tflite"), target, shared(f"yardsticks/mcu/golden/{name}.cases.bin"), mode)
                different = sum(a != b for a, b in zip(got, wanted)) + abs(len(got) - len(wanted))
                print(f"{name:4} {target:12} {mode:6} {different} of {len(wanted)} differ", flush=True)
                assert different == 0


def reproduces_its_bytes():
    model = shared("yardsticks/mcu/models/kws.tflite")
    with tempfile.TemporaryDirectory() as tmp:
        texts = []
        for folder in ("a", "b"):
            _, sources = mcu.generate(model, "cortex-m4", os.path.join(tmp, folder))
            texts.append([open(s).read() for s in sources + [sources[0][:-1] + "h"]])
        assert texts[0] == texts[1]


def refuses_in_words():
    model = shared("yardsticks/mcu/models/kws.tflite")
    with tempfile.TemporaryDirectory() as tmp:
        p = run(VERGE, "codegen", model, "--target", "cortex-m9", "-o", tmp)
        assert p.returncode == 2 and "cortex-m9" in p.stderr and "cortex-m55" in p.stderr, p.stderr
        p = run(VERGE, "codegen", model, "--target", "cortex-m9", "--mode", "tiny", "--name", "7up", "--max-ram", "some", "--export", "nothing", "-o", tmp)
        assert p.returncode == 2 and all(word in p.stderr for word in ("cortex-m9", "--mode tiny", "--name 7up", "--max-ram some", "--export nothing")), p.stderr
        p = run(VERGE, "codegen", shared("models/tflite/models/0e504dcf1ca7_mobilenet_v2_035_96_embedder_with_metadata.tflite"), "-o", tmp)
        assert p.returncode == 3 and p.stderr.startswith("unsupported") and p.stderr.count("\n") > 2, p.stderr
        p = run(VERGE, "codegen", os.path.join(ROOT, "models", "inspection", "inspection.onnx"), "--selftest", "-o", tmp)
        assert p.returncode == 3 and "floats" in p.stderr, p.stderr
        assert os.listdir(tmp) == [], "files of a model that was refused"


def compares_golden_vectors():
    """A package's golden vectors pass, a changed weight fails, and packages that cannot be compared are refused in words."""
    model = shared("yardsticks/mcu/models/kws.tflite")
    main = "#include \"model.h\"\nstatic int8_t arena[MODEL_ARENA_BYTES];\nint main(void) { model_context c = {arena, 0, 0}; return 1 + model_golden(&c); }\n"
    with tempfile.TemporaryDirectory() as tmp:
        with_golden, without = tmp + "/with.vpk", tmp + "/without.vpk"
        mcu.run(VERGE, "convert", model, "--golden", "-o", with_golden)
        mcu.run(VERGE, "convert", model, "-o", without)
        mcu.run(VERGE, "codegen", with_golden, "--target", "cortex-m4", "--name", "model", "--golden", with_golden, "-o", tmp)
        with open(tmp + "/main.c", "w") as f:
            f.write(main)
        with open(tmp + "/model.c") as f:
            code = f.read()
        first = code.index("{", code.index("l10_b[")) + 1  # a bias of the last dense layer
        for text, wanted in ((code, 0), (code[:first] + "9999999 + " + code[first:].lstrip(), 1)):
            with open(tmp + "/model.c", "w") as f:
                f.write(text)
            mcu.run("cc", "-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "-I" + tmp, tmp + "/model.c", tmp + "/model_golden.c", tmp + "/main.c", "-o", tmp + "/golden")
            assert run(tmp + "/golden").returncode == wanted, wanted
        folder = tmp + "/none"
        p = run(VERGE, "codegen", model, "--golden", without, "--target", "cortex-m9", "-o", folder)
        assert p.returncode == 2 and all(w in p.stderr for w in ("no golden vectors", "verge convert --golden", "cortex-m9")), p.stderr
        p = run(VERGE, "codegen", model, "--golden", without, "--max-ram", "2k", "-o", folder)
        assert p.returncode == 2 and all(w in p.stderr for w in ("no golden vectors", "--max-ram 2,000")), p.stderr
        p = run(VERGE, "codegen", shared("yardsticks/mcu/models/vww.tflite"), "--golden", with_golden, "-o", folder)
        assert p.returncode == 2 and all(w in p.stderr for w in ("input 0 has 490 bytes, the model's 27,648", "output 0 has 12 bytes, the model's 2")), p.stderr
        p = run(VERGE, "codegen", shared("models/tflite/models/0e504dcf1ca7_mobilenet_v2_035_96_embedder_with_metadata.tflite"), "--golden", without, "-o", folder)
        assert p.returncode == 2 and "no golden vectors" in p.stderr and "no C" in p.stderr, p.stderr
        assert not os.path.exists(folder), "files of a model that was refused"


def proves_itself():
    """The self-test passes, and names the layer whose weights were changed."""
    main = "#include \"model.h\"\nstatic int8_t arena[MODEL_ARENA_BYTES];\nint main(void) { model_context c = {arena, 0, 0}; return 1 + model_selftest(&c); }\n"
    with tempfile.TemporaryDirectory() as tmp:
        mcu.run(VERGE, "codegen", shared("yardsticks/mcu/models/ic.tflite"), "--target", "cortex-m4", "--name", "model", "--selftest", "-o", tmp)
        with open(tmp + "/main.c", "w") as f:
            f.write(main)
        with open(tmp + "/model.c") as f:
            code = f.read()
        at = code.index("l4_c[")
        first = code.index("0x", at)
        for text, wanted in ((code, 0), (code[:first] + "0x4" + code[first + 3:], 1 + 4)):
            with open(tmp + "/model.c", "w") as f:
                f.write(text)
            mcu.run("cc", "-std=c99", "-O1", "-I" + tmp, tmp + "/model.c", tmp + "/model_selftest.c", tmp + "/main.c", "-o", tmp + "/selftest")
            assert run(tmp + "/selftest").returncode == wanted, wanted


def takes_rows():
    """An input row by row: the self-test passes, a picture that was broken off leaves no trace, and what cannot be fed so is refused."""
    main = """#include "model.h"
static int8_t arena[MODEL_ARENA_BYTES];
int main(void) {
  model_context c = {arena, 0, 0, 0, {0}};
  for (int y = 0; y < MODEL_INPUT_ROWS / 2; ++y) {
    for (int i = 0; i < MODEL_INPUT_ROW_BYTES; ++i) model_row(&c)[i] = 5;
    if (model_feed(&c)) return 100;
  }
  model_restart(&c);
  return 1 + model_selftest(&c);
}
"""
    with tempfile.TemporaryDirectory() as tmp:
        mcu.run(VERGE, "codegen", shared("yardsticks/mcu/models/kws.tflite"), "--mode", "small", "--input", "lines", "--name", "model", "--selftest", "-o", tmp)
        with open(tmp + "/main.c", "w") as f:
            f.write(main)
        mcu.run("cc", "-std=c99", "-O1", "-Wall", "-Werror", "-I" + tmp, tmp + "/model.c", tmp + "/model_selftest.c", tmp + "/main.c", "-o", tmp + "/selftest")
        assert run(tmp + "/selftest").returncode == 0
    with tempfile.TemporaryDirectory() as tmp:
        for name, more, code, words in (("kws", [], 2, "--mode small"), ("ad", ["--mode", "small"], 3, "one row"), ("kws", ["--mode", "small", "--export", "arduino"], 2, "--export")):
            p = run(VERGE, "codegen", shared(f"yardsticks/mcu/models/{name}.tflite"), "--input", "lines", *more, "-o", tmp)
            assert p.returncode == code and words in p.stderr, (name, more, p.returncode, p.stderr)
        assert os.listdir(tmp) == [], "files of a model that was refused"


def keeps_budgets():
    model = shared("yardsticks/mcu/models/ic.tflite")
    with tempfile.TemporaryDirectory() as tmp:
        p = run(VERGE, "codegen", model, "--max-ram", "20k", "--max-flash", "50k", "--max-instructions", "1M", "-o", tmp)
        assert p.returncode == 4, p.returncode
        for word in ("--max-ram 20,000", "--max-flash 50,000", "--max-instructions 1,000,000", "peak", "16,384 bytes"):
            assert word in p.stderr, (word, p.stderr)
        assert os.listdir(tmp) == [], "files of a model that does not fit"
        assert run(VERGE, "codegen", model, "--max-ram", "40k", "--max-flash", "100k", "--max-instructions", "20M", "-o", tmp).returncode == 0
        assert run(VERGE, "codegen", model, "--max-ram", "forty", "-o", tmp).returncode == 2


if not shutil.which("cc"):
    skip("no C compiler (cc)")
equals_tflm()
reproduces_its_bytes()
refuses_in_words()
compares_golden_vectors()
proves_itself()
takes_rows()
keeps_budgets()
