"""The C interface (include/verge/verge.h) through ctypes."""
import ctypes
import os

import numpy as np

_DTYPES = {1: np.float32, 2: np.float16, 4: np.float64, 5: np.int8, 6: np.uint8, 7: np.int16, 8: np.uint16,
           9: np.int32, 10: np.uint32, 11: np.int64, 12: np.uint64, 13: np.bool_}


class VergeError(RuntimeError):
    """What the library said, in words; `code` is a verge_code."""

    def __init__(self, message, code):
        super().__init__(message)
        self.code = code


class InvalidArgument(VergeError, ValueError):
    """An argument that the model does not take: a shape, a type."""


class _Options(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("threads", ctypes.c_int)]


class _Info(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("dtype", ctypes.c_int), ("rank", ctypes.c_int32), ("dims", ctypes.c_int32 * 8),
                ("bytes", ctypes.c_size_t), ("scale", ctypes.c_float), ("zero_point", ctypes.c_int32)]


def _load():
    # VERGE_LIBRARY: another library with the same C interface, such as libverge_rt.so, which opens packages alone.
    lib = ctypes.CDLL(os.environ.get("VERGE_LIBRARY") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "libverge.so"))
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    for name, result, arguments in (
            ("verge_version", ctypes.c_char_p, []),
            ("verge_last_error", ctypes.c_char_p, []),
            ("verge_model_open", ctypes.c_int, [ctypes.c_char_p, ctypes.POINTER(_Options), ctypes.POINTER(pointer)]),
            ("verge_model_close", None, [pointer]),
            ("verge_model_input_count", size, [pointer]),
            ("verge_model_output_count", size, [pointer]),
            ("verge_model_input", ctypes.c_int, [pointer, size, ctypes.POINTER(_Info)]),
            ("verge_model_output", ctypes.c_int, [pointer, size, ctypes.POINTER(_Info)]),
            ("verge_model_manifest", ctypes.c_char_p, [pointer]),
            ("verge_session_create", ctypes.c_int, [pointer, ctypes.POINTER(pointer)]),
            ("verge_session_close", None, [pointer]),
            ("verge_session_set_input", ctypes.c_int, [pointer, size, pointer, size]),
            ("verge_session_set_tensor", ctypes.c_int, [pointer, size, pointer, pointer, ctypes.c_int32]),
            ("verge_session_run", ctypes.c_int, [pointer]),
            ("verge_session_output", ctypes.c_int, [pointer, size, ctypes.POINTER(_Info)]),
            ("verge_session_get_output", ctypes.c_int, [pointer, size, pointer, size])):
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


_lib = _load()


def version():
    return _lib.verge_version().decode()


def _check(code):
    if code:
        kind = InvalidArgument if code == 1 else VergeError
        raise kind(_lib.verge_last_error().decode(errors="replace"), code)


class TensorInfo:
    def __init__(self, info):
        self.name = info.name.decode()
        self.dtype = np.dtype(_DTYPES.get(info.dtype, np.void))  # void: no tensor
        self.shape = [d if d >= 0 else None for d in info.dims[:info.rank]]  # None: depends on what the session is given
        self.quantization = (info.scale, info.zero_point)


class Runner:
    """One model with one session."""

    def __init__(self, path, threads):
        self._model, self._session = ctypes.c_void_p(), ctypes.c_void_p()
        options = _Options(ctypes.sizeof(_Options), threads)
        _check(_lib.verge_model_open(os.fsencode(path), ctypes.byref(options), ctypes.byref(self._model)))
        _check(_lib.verge_session_create(self._model, ctypes.byref(self._session)))
        self.inputs = self._infos(_lib.verge_model_input_count, _lib.verge_model_input)
        self.outputs = self._infos(_lib.verge_model_output_count, _lib.verge_model_output)

    def _infos(self, count, describe):
        out = []
        for i in range(count(self._model)):
            info = _Info()
            _check(describe(self._model, i, ctypes.byref(info)))
            out.append(TensorInfo(info))
        return out

    @property
    def manifest(self):
        return _lib.verge_model_manifest(self._model).decode()

    def set_input(self, index, array):
        info = self.inputs[index]
        array = np.asarray(array)
        if array.dtype != info.dtype:
            raise ValueError(f"input '{info.name}' is {info.dtype}, the array given is {array.dtype}")
        array = np.ascontiguousarray(array).reshape(array.shape)
        if list(array.shape) != info.shape:
            dims = (ctypes.c_int32 * 8)(*array.shape)
            _check(_lib.verge_session_set_tensor(self._session, index, array.ctypes.data, dims, array.ndim))
            return
        _check(_lib.verge_session_set_input(self._session, index, array.ctypes.data, array.nbytes))

    def run(self):
        _check(_lib.verge_session_run(self._session))

    def output(self, index):
        raw = _Info()
        _check(_lib.verge_session_output(self._session, index, ctypes.byref(raw)))
        info = TensorInfo(raw)
        out = np.empty(info.shape, info.dtype)
        _check(_lib.verge_session_get_output(self._session, index, out.ctypes.data, out.nbytes))
        return out

    def __del__(self):
        if getattr(self, "_session", None):
            _lib.verge_session_close(self._session)
        if getattr(self, "_model", None):
            _lib.verge_model_close(self._model)
