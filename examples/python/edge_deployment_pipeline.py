#!/usr/bin/env python3
"""EdgeDeploymentPipeline: from a trained file and samples to a validated package for mobile, jetson or ios, with the numbers printed.

    examples/python/edge_deployment_pipeline.py model.onnx pictures/ mobile deployed.vpk
"""
import json
import os
import subprocess
import sys

VERGE = os.environ.get("VERGE", "verge")
TARGETS = {"mobile": "pixel-6", "jetson": "jetson-orin-nano", "ios": "iphone-13"}


def verge(*arguments):
    done = subprocess.run([VERGE, *arguments, "--json"], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


class EdgeDeploymentPipeline:
    def __init__(self, trained_model, data, target_device="mobile", max_drop="1%"):
        if target_device not in TARGETS:
            raise ValueError(f"target_device is {target_device!r}, wants one of {sorted(TARGETS)}")
        self.model, self.data, self.target, self.max_drop = trained_model, data, TARGETS[target_device], max_drop

    def run(self, output):
        print("Step 1: import, simplify, quantise within the accuracy budget")
        report = verge("optimize", self.model, "--data", self.data, "--target", self.target, "--max-drop", self.max_drop, "-o", output)
        chosen = next(c for c in report["candidates"] if c["chosen"])
        print(f"  {chosen['name']}: {chosen['package_bytes']} bytes, {chosen['drop_points']:.2f} points lost")
        estimate = chosen["estimate"]
        print(f"  on {estimate['target']}: {estimate['latency_ms']:.3f} ms ({estimate['label']})")
        print("Step 2: validate against the source")
        score = verge("validate", output, "--data", self.data, "--against", self.model)
        print(f"  agreement {100 * score['agreement']:.2f} % on {score['samples']} samples")
        print("Step 3: benchmark here")
        print(f"  {verge('bench', output, '--seconds', '0.5')['warm']['p50_ms']:.4f} ms (measured on this machine)")
        return output


if __name__ == "__main__":
    EdgeDeploymentPipeline(*sys.argv[1:4]).run(sys.argv[4])
