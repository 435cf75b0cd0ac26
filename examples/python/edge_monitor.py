#!/usr/bin/env python3
"""EdgeMonitor: what a device remembers of its inferences, in bounded memory, and whether it is healthy.

    examples/python/edge_monitor.py inspection.vpk
"""
import collections
import json
import statistics
import sys
import time

import numpy as np
import verge


class EdgeMonitor:
    def __init__(self, limit_ms=100, window=100, send=None):
        self.limit_ms = limit_ms
        self.metrics = collections.deque(maxlen=window)
        self.unsent = collections.deque(maxlen=10_000)  # kept while there is no connection; the oldest go first
        self.send = send

    def log_inference(self, latency, accuracy=None, power=None):
        """Milliseconds; accuracy where a label came back; milliwatts where a sensor measures them, else None."""
        record = {"timestamp": time.time(), "latency_ms": latency, "accuracy": accuracy, "power_mw": power}
        self.metrics.append(record)
        self.unsent.append(record)
        while self.send and self.unsent and self.send(self.unsent[0]):
            self.unsent.popleft()

    def get_health_status(self):
        if not self.metrics:
            return "UNKNOWN"
        return "DEGRADED" if statistics.fmean(m["latency_ms"] for m in self.metrics) > self.limit_ms else "HEALTHY"


if __name__ == "__main__":
    session = verge.InferenceSession(sys.argv[1])
    inputs = {i.name: np.zeros(i.shape, np.float32) for i in session.get_inputs()}
    monitor = EdgeMonitor()
    print(monitor.get_health_status())
    for _ in range(50):
        start = time.perf_counter()
        session.run(None, inputs)
        monitor.log_inference((time.perf_counter() - start) * 1e3)
    print(monitor.get_health_status())
    print(json.dumps(monitor.metrics[-1]))
