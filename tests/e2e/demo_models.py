#!/usr/bin/env python3
"""The demo models say what their cards say, on data that their generators make anew, and their recipes train."""
import os
import re
import shutil
import tempfile

from support import ROOT, skip, verge, verge_json


def card_share(card, words):
    """The share in bold behind the words."""
    found = re.search(re.escape(words) + r"[^*]*\*\*([0-9.]+) %\*\*", " ".join(card.split()))
    assert found, f"the card does not say '{words} ... **n %**'"
    return float(found.group(1)) / 100


def check(tmp, name, model, words, make, short, recipe):
    folder = os.path.join(ROOT, "models", name)
    card = open(f"{folder}/README.md").read()
    model = f"{folder}/{model}"
    assert os.path.getsize(model) <= 400000, os.path.getsize(model)
    verge("data", "make", name, *make, "-o", f"{tmp}/{name}")
    judged = verge_json("validate", model, "--data", f"{tmp}/{name}")
    assert abs(judged["top1"] - card_share(card, words)) < 0.002, (judged["top1"], card_share(card, words))
    verge("data", "make", name, *short, "-o", f"{tmp}/{name}_short")
    text = open(os.path.join(ROOT, "examples", "train", recipe)).read()
    open(f"{tmp}/{recipe}", "w").write(re.sub("epochs: [0-9]+", "epochs: 2", text))
    report = verge_json("train", f"{tmp}/{recipe}", "--data", f"{tmp}/{name}_short", "-o", f"{tmp}/{name}.vpk")
    assert report["history"][-1]["loss"] < report["history"][0]["loss"], report["history"]


def main():
    with tempfile.TemporaryDirectory() as tmp:
        check(tmp, "inspection", "inspection.onnx", "The first 1,000 of them:", ("--count", "1000", "--seed", "2"), ("--count", "160", "--seed", "31"), "inspection.yaml")
        check(tmp, "heart", "heart.onnx", "The first 4 of them:", ("--count", "4", "--seed", "2"), ("--count", "3", "--seed", "31", "--seconds", "120"), "heart_beats.yaml")
        check(tmp, "vibration", "vibration.onnx", "The first 500 of them:", ("--count", "500", "--seed", "2"), ("--count", "200", "--seed", "31"), "vibration.yaml")
        if not shutil.which("espeak-ng"):
            skip("no espeak-ng in PATH, which speaks the keywords (Debian: apt-get install espeak-ng); the other demo models passed")
        check(tmp, "keywords", "keywords.onnx", "The first 600 of them:", ("--count", "600", "--seed", "2", "--held-out"), ("--count", "240", "--seed", "31"), "keywords.yaml")
    print("passed")


if __name__ == "__main__":
    main()
