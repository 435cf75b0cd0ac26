#!/usr/bin/env python3
"""LayerWiseInference: a network in parts, one in memory at a time.

    examples/python/layer_wise_inference.py part_0.vpk part_1.vpk ...
"""
import sys

import numpy as np
import verge


class LayerWiseInference:
    def __init__(self, model_parts):
        self.parts = model_parts

    def forward(self, x):
        for part in self.parts:
            session = verge.InferenceSession(part)  # weights are mapped, not copied; the arena is this part's alone
            x = session.run(None, {session.get_inputs()[0].name: x})[0]
            del session
        return x


if __name__ == "__main__":
    first = verge.InferenceSession(sys.argv[1]).get_inputs()[0]
    x = np.random.default_rng(0).normal(size=first.shape).astype(np.float32)
    print(" ".join(f"{v:.6f}" for v in LayerWiseInference(sys.argv[1:]).forward(x).ravel()[:16]))
