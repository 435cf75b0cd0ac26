"""The shape of tflite_runtime.interpreter.Interpreter. Tensor indices count inputs first, then outputs."""
import numpy as np

from ._library import Runner


class Interpreter:
    def __init__(self, model_path, num_threads=None):
        self._runner = Runner(model_path, num_threads or 1)

    def allocate_tensors(self):
        """Nothing to do: a session's memory is planned and taken when it is made."""

    def _details(self, infos, first):
        return [{"name": t.name, "index": first + i, "shape": np.array(t.shape, np.int32), "dtype": t.dtype.type, "quantization": t.quantization}
                for i, t in enumerate(infos)]

    def get_input_details(self):
        return self._details(self._runner.inputs, 0)

    def get_output_details(self):
        return self._details(self._runner.outputs, len(self._runner.inputs))

    def set_tensor(self, tensor_index, value):
        if not 0 <= tensor_index < len(self._runner.inputs):
            raise ValueError(f"tensor {tensor_index} is no input; inputs are 0 to {len(self._runner.inputs) - 1}")
        self._runner.set_input(tensor_index, value)

    def invoke(self):
        self._runner.run()

    def get_tensor(self, tensor_index):
        index = tensor_index - len(self._runner.inputs)
        if not 0 <= index < len(self._runner.outputs):
            raise ValueError(f"tensor {tensor_index} is no output")
        return self._runner.output(index)
