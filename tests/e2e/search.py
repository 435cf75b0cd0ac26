#!/usr/bin/env python3
"""verge search: what it finds keeps the budget as the code generator counts it, the same seed finds the same, and the recipe that it writes trains."""
import os
import tempfile

from support import ROOT, VERGE, run, verge, verge_json

RECIPE = """model: staged
stages:
  - {kind: conv, channels: 16, stride: 2}
  - {kind: residual, channels: 24, stride: 2}
  - {kind: separable, channels: 32}
input: {size: [32, 32, 3], mean: [136, 134, 130], std: [35, 35, 37]}
data: {validation: 0.25}
augment: {flip: true}
loss: {type: cross_entropy}
optimizer: {type: adamw, rate: 0.004}
schedule: {type: one_cycle}
batch: 25
seed: 1
"""


def keeps(candidate, limits):
    return all(candidate[key] <= limits[key] for key in limits)


def check_series(tmp):
    """The recipe for heart beats: a series."""
    verge("data", "make", "heart", "--count", "3", "--seconds", "60", "--seed", "1", "-o", f"{tmp}/records")
    recipe = os.path.join(ROOT, "examples", "train", "search_heart.yaml")
    command = ("search", recipe, "--data", f"{tmp}/records", "--generations", "1", "--children", "2", "--steps", "4")
    found = verge_json(*command, "-o", f"{tmp}/heart.yaml")
    assert len(found["tried"]) == 7, found
    assert all(keeps(c, found["limits"]) for c in found["tried"]), found
    trained = verge_json("train", f"{tmp}/heart.yaml", "--data", f"{tmp}/records", "-o", f"{tmp}/heart.vpk")
    assert trained["history"][-1]["loss"] < trained["history"][0]["loss"], trained["history"]


def main():
    with tempfile.TemporaryDirectory() as tmp:
        data, recipe = f"{tmp}/pictures", f"{tmp}/recipe.yaml"
        verge("data", "make", "inspection", "--count", "400", "--seed", "1", "--size", "32", "-o", data)
        open(recipe, "w").write(RECIPE)
        command = ["search", recipe, "--data", data, "--max-ram", "64k", "--max-flash", "100k", "--generations", "1", "--children", "3", "--steps", "8"]
        found = verge_json(*command, "-o", f"{tmp}/found.yaml")
        assert found["limits"]["ram_bytes"] == 64000 and found["limits"]["instructions"] == found["start"]["instructions"], found["limits"]
        assert all(keeps(c, found["limits"]) for c in found["tried"]) and found["best"]["top1"] >= found["start"]["top1"], found
        assert len({str(c["stages"]) for c in found["tried"]}) == 4, "the one that it began with and three others"
        assert found["best"]["steps"] == 32, found["best"]
        assert found["latency"]["median_error"] < 0.5 and all(n["measured_ms"] > 0 for n in found["latency"]["networks"]), found["latency"]
        again = verge_json(*command, "-o", f"{tmp}/again.yaml", "--threads", "1")
        assert again["tried"] == found["tried"] and again["best"] == found["best"], "the same seed found something else"
        trained = verge_json("train", f"{tmp}/found.yaml", "--data", data, "-o", f"{tmp}/found.vpk")
        assert trained["history"][-1]["loss"] < trained["history"][0]["loss"], trained["history"]
        cost = verge_json("codegen", f"{tmp}/found.vpk", "--target", "cortex-m4", "-o", f"{tmp}/c")
        assert cost["macs"] == found["best"]["macs"], (cost, found["best"])
        p = run(VERGE, *command[:2], "--data", data, "--max-flash", "2k", "-o", f"{tmp}/x.yaml")
        assert p.returncode == 4 and "flash" in p.stderr, p.stderr
        open(recipe, "w").write(RECIPE.replace("staged", "lenet5"))
        p = run(VERGE, *command, "-o", f"{tmp}/x.yaml")
        assert p.returncode == 2 and "resnet8 or staged" in p.stderr, p.stderr
        check_series(tmp)
    print("passed")


if __name__ == "__main__":
    main()
