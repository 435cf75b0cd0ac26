#!/usr/bin/env python3
"""SmartCamera: looks at every frame, sends only those worth an alert, and counts the bytes that stayed.

    examples/python/smart_camera.py inspection.vpk frames/*.png
"""
import sys

import numpy as np
from edge_inference import EdgeInference, read_picture


class SmartCamera:
    def __init__(self, model_path, quiet="ok", confidence=0.8, send=None):
        self.detector = EdgeInference(model_path)
        self.quiet, self.confidence, self.send = quiet, confidence, send or (lambda frame, detection: None)
        self.frames = self.alerts = self.bytes_local = self.bytes_sent = 0

    def detect(self, frame):
        scores = self.detector.predict(frame)
        odds = np.exp(scores - scores.max())
        return {"class": self.detector.name(scores), "confidence": float(odds.max() / odds.sum())}

    def is_alert_worthy(self, detection):
        return detection["class"] != self.quiet and detection["confidence"] > self.confidence

    def process_frame(self, frame):
        self.frames += 1
        detection = self.detect(frame)
        if not self.is_alert_worthy(detection):
            self.bytes_local += frame.nbytes
            return None
        self.alerts += 1
        self.bytes_sent += frame.nbytes
        self.send(frame, detection)
        return detection


if __name__ == "__main__":
    camera = SmartCamera(sys.argv[1])
    for path in sys.argv[2:]:
        camera.process_frame(read_picture(path))
    kept = 100 * camera.bytes_local / max(1, camera.bytes_local + camera.bytes_sent)
    print(f"{camera.frames} frames, {camera.alerts} alerts, {kept:.1f} % of the bytes stayed on the device")
