"""Verge in Python: run .onnx, .tflite and .vpk models with NumPy arrays.

    session = verge.InferenceSession("model.vpk")
    scores, = session.run(None, {"image": pixels})

`InferenceSession` has the shape of onnxruntime's, `Interpreter` that of tflite_runtime's.
"""
from ._library import VergeError, version
from .interpreter import Interpreter
from .session import InferenceSession, NodeArg, SessionOptions

__version__ = version()
__all__ = ["InferenceSession", "Interpreter", "NodeArg", "SessionOptions", "VergeError"]
