#!/usr/bin/env python3
"""EdgeModelBenchmark: latency and memory of a model on this device, under the names that dashboards expect.

    examples/python/edge_model_benchmark.py model.tflite
"""
import json
import os
import sys
import time

import numpy as np
import verge


def resident_mb():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


class EdgeModelBenchmark:
    def __init__(self, model_path):
        self.model_path = model_path
        self.memory_before_mb = resident_mb()
        self.session = verge.InferenceSession(model_path)
        random = np.random.default_rng(0)
        types = {"float": np.float32, "double": np.float64}
        self.inputs = {}
        for i in self.session.get_inputs():
            kind = i.type[len("tensor("):-1]
            values = random.normal(size=i.shape) if kind in types else random.integers(0, 2, i.shape)
            self.inputs[i.name] = values.astype(types.get(kind, kind))

    def benchmark_latency(self, num_runs=100, warmup=10):
        for _ in range(warmup):
            self.session.run(None, self.inputs)
        ms = []
        for _ in range(num_runs):
            start = time.perf_counter()
            self.session.run(None, self.inputs)
            ms.append((time.perf_counter() - start) * 1e3)
        out = {f"{name}_latency_ms": float(getattr(np, name)(ms)) for name in ("mean", "std", "min", "max")}
        return out | {f"p{p}_latency_ms": float(np.percentile(ms, p)) for p in (50, 90, 95, 99)}

    def benchmark_memory(self):
        self.session.run(None, self.inputs)
        return {"model_size_mb": os.path.getsize(self.model_path) / 1e6, "memory_usage_mb": resident_mb() - self.memory_before_mb}


if __name__ == "__main__":
    benchmark = EdgeModelBenchmark(sys.argv[1])
    print(json.dumps(benchmark.benchmark_latency() | benchmark.benchmark_memory(), indent=2))
