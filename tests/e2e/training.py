#!/usr/bin/env python3
"""verge train on rendered pictures: same bits for every number of threads and after an interruption, and clear words where data or recipe are wrong.

The recipe and the commands are those of docs/training.md.
"""
import os
import re
import shutil
import tempfile

from support import ROOT, VERGE, run, verge, verge_json


def documented_recipe():
    text = open(os.path.join(ROOT, "docs", "training.md")).read()
    return re.search(r"```yaml\n(.*?)```", text, re.S).group(1)


def train(recipe, data, output, *more):
    return verge_json("train", recipe, "--data", data, "-o", output, *more)


def fails(code, words, *arguments):
    p = run(VERGE, "train", *arguments)
    assert p.returncode == code, f"exit {p.returncode}, wanted {code}: {p.stderr}"
    assert re.search(words, p.stderr), f"'{words}' is not in: {p.stderr}"


def same_bytes(a, b):
    assert open(a, "rb").read() == open(b, "rb").read(), f"{a} and {b} differ"


def check_results(tmp, recipe, data):
    report = train(recipe, data, f"{tmp}/one.vpk", "--threads", "1")
    history = report["history"]
    assert len(history) == 2 and history[-1]["loss"] < history[0]["loss"], history
    assert "svg" in open(report["html"]).read()
    train(recipe, data, f"{tmp}/three.vpk", "--threads", "3")
    same_bytes(f"{tmp}/one.vpk", f"{tmp}/three.vpk")
    p = run(VERGE, "train", recipe, "--data", data, "-o", f"{tmp}/cut.vpk", "--stop-after", "5")
    assert p.returncode == 130 and "--resume" in p.stderr and not os.path.exists(f"{tmp}/cut.vpk"), p.stderr
    train(recipe, data, f"{tmp}/cut.vpk", "--resume")
    same_bytes(f"{tmp}/one.vpk", f"{tmp}/cut.vpk")
    judged = verge_json("validate", f"{tmp}/one.vpk", "--data", data)
    assert judged["top1"] >= 0, judged


def check_words(tmp, recipe, data):
    wrong = f"{tmp}/wrong.yaml"
    open(wrong, "w").write(open(recipe).read().replace("epochs:", "epoch:"))
    fails(2, "unknown key 'epoch'", wrong, "--data", data, "-o", f"{tmp}/x.vpk")
    open(wrong, "w").write(open(recipe).read().replace("rate: 0.05", "rate: 100000"))
    fails(4, "the loss is .* at step", wrong, "--data", data, "-o", f"{tmp}/x.vpk")
    assert not os.path.exists(f"{tmp}/x.vpk")
    fails(5, "No space left|No such file|cannot write", recipe, "--data", data, "-o", "/dev/full/x.vpk")
    flat = f"{tmp}/flat"
    os.makedirs(flat)
    for file in os.listdir(f"{data}/ok"):
        shutil.copy(f"{data}/ok/{file}", flat)
    fails(2, "samples have no label", recipe, "--data", flat, "-o", f"{tmp}/x.vpk")
    damaged = sorted(os.listdir(f"{data}/ok"))[0]
    open(f"{data}/ok/{damaged}", "wb").write(b"\x89PNG\r\n\x1a\n damaged")
    fails(7, damaged, recipe, "--data", data, "-o", f"{tmp}/x.vpk")
    open(wrong, "w").write(open(recipe).read() + "data: {damaged: skip}\n")
    assert train(wrong, data, f"{tmp}/x.vpk")["skipped"] == 1
    same = f"{tmp}/one.vpk.checkpoint"
    bytes_ = bytearray(open(same, "rb").read())
    bytes_[len(bytes_) // 2] ^= 1
    open(same, "wb").write(bytes_)
    fails(6, "is damaged", wrong, "--data", data, "-o", f"{tmp}/one.vpk", "--resume")


def main():
    with tempfile.TemporaryDirectory() as tmp:
        data, recipe = f"{tmp}/pictures", f"{tmp}/recipe.yaml"
        verge("data", "make", "inspection", "--count", "80", "--seed", "1", "--size", "32", "-o", data)
        open(recipe, "w").write(documented_recipe())
        check_results(tmp, recipe, data)
        check_words(tmp, recipe, data)
    print("passed")


if __name__ == "__main__":
    main()
