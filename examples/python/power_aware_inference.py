#!/usr/bin/env python3
"""PowerAwareInference: the accurate model while the battery lasts, the efficient one below 20 %, without flapping at the border.

    examples/python/power_aware_inference.py model.fp32.vpk model.int8.vpk
"""
import glob
import sys

import numpy as np
import verge


def battery_level():
    """Percent, or None on a device without a battery."""
    for path in glob.glob("/sys/class/power_supply/BAT*/capacity"):
        with open(path) as f:
            return int(f.read())
    return None


class PowerAwareInference:
    def __init__(self, accurate, efficient, low=20, hysteresis=5):
        self.models = {"high_power": verge.InferenceSession(accurate), "low_power": verge.InferenceSession(efficient)}
        self.low, self.hysteresis, self.mode = low, hysteresis, "high_power"

    def choose(self, level):
        if level is None or level > self.low + self.hysteresis:
            self.mode = "high_power"
        elif level <= self.low:
            self.mode = "low_power"
        return self.mode

    def infer(self, x, level):
        session = self.models[self.choose(level)]
        return session.run(None, {session.get_inputs()[0].name: x})[0]


if __name__ == "__main__":
    inference = PowerAwareInference(sys.argv[1], sys.argv[2])
    x = np.zeros(inference.models["high_power"].get_inputs()[0].shape, np.float32)
    print("this device's battery:", battery_level())
    for level in (100, 50, 22, 20, 10, 22, 24, 26, 80):
        scores = inference.infer(x, level)
        print(f"battery {level:3} %: {inference.mode}, best class {int(np.argmax(scores))}")
