"""The shape of onnxruntime.InferenceSession."""
import json

from ._library import Runner

_TYPES = {"float32": "float", "float64": "double", "bool": "bool"}


class SessionOptions:
    def __init__(self):
        self.intra_op_num_threads = 1


class NodeArg:
    def __init__(self, info):
        self.name, self.shape = info.name, info.shape
        self.type = f"tensor({_TYPES.get(info.dtype.name, info.dtype.name)})"

    def __repr__(self):
        return f"NodeArg(name='{self.name}', type='{self.type}', shape={self.shape})"


class InferenceSession:
    def __init__(self, path_or_bytes, sess_options=None, providers=None):
        options = sess_options or SessionOptions()
        self._runner = Runner(path_or_bytes, options.intra_op_num_threads)

    @property
    def manifest(self):
        """What the package or the source file declares: name, labels, pipeline, validation."""
        return json.loads(self._runner.manifest)

    def get_inputs(self):
        return [NodeArg(i) for i in self._runner.inputs]

    def get_outputs(self):
        return [NodeArg(o) for o in self._runner.outputs]

    def run(self, output_names, input_feed, run_options=None):
        names = [i.name for i in self._runner.inputs]
        unknown, missing = sorted(set(input_feed) - set(names)), [n for n in names if n not in input_feed]
        if unknown or missing:
            raise ValueError(f"the model's inputs are {names}; missing {missing}, unknown {unknown}")
        for i, name in enumerate(names):
            self._runner.set_input(i, input_feed[name])
        self._runner.run()
        outputs = [o.name for o in self._runner.outputs]
        for name in output_names or []:
            if name not in outputs:
                raise ValueError(f"no output '{name}'; the model's outputs are {outputs}")
        return [self._runner.output(outputs.index(n)) for n in (output_names or outputs)]
