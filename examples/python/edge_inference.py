#!/usr/bin/env python3
"""EdgeInference: a package, a picture, an answer. The pre-processing is the package's own declaration.

    examples/python/edge_inference.py inspection.vpk picture.png
"""
import sys

import numpy as np
import verge


class EdgeInference:
    def __init__(self, model_path, threads=1):
        options = verge.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = verge.InferenceSession(model_path, options)
        self.input = self.session.get_inputs()[0]
        manifest = self.session.manifest
        self.labels = manifest.get("labels", [])
        pipeline = manifest.get("pipeline", {})
        self.mean = np.asarray(pipeline.get("mean", [0, 0, 0]), np.float32)
        self.std = np.asarray(pipeline.get("std", [1, 1, 1]), np.float32)
        self.flip = pipeline.get("color", "RGB") == "BGR"

    def preprocess(self, image):
        """uint8 [height, width, 3] in RGB -> the model's input; sampled by the nearest pixel where sizes differ."""
        _, channels, height, width = self.input.shape if self.input.shape[1] == 3 else [self.input.shape[i] for i in (0, 3, 1, 2)]
        rows = (np.arange(height) + 0.5) * image.shape[0] / height
        columns = (np.arange(width) + 0.5) * image.shape[1] / width
        pixels = image[rows.astype(int)][:, columns.astype(int), :channels].astype(np.float32)
        pixels = ((pixels[..., ::-1] if self.flip else pixels) - self.mean) / self.std
        return np.ascontiguousarray((pixels.transpose(2, 0, 1) if self.input.shape[1] == 3 else pixels)[None])

    def predict(self, image):
        return self.session.run(None, {self.input.name: self.preprocess(image)})[0][0]

    def name(self, scores):
        best = int(np.argmax(scores))
        return self.labels[best] if best < len(self.labels) else str(best)


def read_picture(path):
    from PIL import Image

    return np.asarray(Image.open(path).convert("RGB"))


if __name__ == "__main__":
    model = EdgeInference(sys.argv[1])
    for path in sys.argv[2:]:
        print(path, model.name(model.predict(read_picture(path))))
