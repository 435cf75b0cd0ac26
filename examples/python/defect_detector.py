#!/usr/bin/env python3
"""DefectDetector: PASS or REJECT for each picture of a product, on the line, without a network.

    examples/python/defect_detector.py inspection.vpk pictures/*/*.png
"""
import sys

from edge_inference import EdgeInference, read_picture


class DefectDetector:
    def __init__(self, model_path, good="ok", alert=print):
        self.model, self.good, self.alert = EdgeInference(model_path), good, alert

    def inspect_product(self, image):
        kind = self.model.name(self.model.predict(image))
        if kind == self.good:
            return "PASS"
        self.alert(f"defect: {kind}")
        return "REJECT"


if __name__ == "__main__":
    detector = DefectDetector(sys.argv[1])
    for path in sys.argv[2:]:
        print(path, detector.inspect_product(read_picture(path)))
