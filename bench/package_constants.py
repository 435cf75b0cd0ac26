"""The f32 constants of a package's program, and what initialisers of the source model they are."""
import struct

import numpy as np


def program_constants(path):
    """The f32 constants of a package's program in their order, as packed."""
    data = open(path, "rb").read()
    for i in range(struct.unpack_from("<H", data, 6)[0]):
        kind, offset = struct.unpack_from("<I", data, 64 + 64 * i)[0], struct.unpack_from("<Q", data, 64 + 64 * i + 16)[0]
        if kind == 2:
            break
    p = data[offset:]
    tensors, count, dims = struct.unpack_from("<3I", p, 16)
    const_offset = struct.unpack_from("<Q", p, 96)[0]
    out = []
    for i in range(count):
        dtype, rank, section, _, first, _, _, place = struct.unpack_from("<BBBbIIII", p, tensors + i * 20)
        shape = struct.unpack_from(f"<{rank}i", p, dims + 4 * first)
        if section == 0 and dtype == 1:
            out.append(np.frombuffer(p, np.float32, int(np.prod(shape)), const_offset + 16 * place))
    return out


def unpacked(shape, packed):
    """ONNX weights [out, in, kh, kw] or [out, in] from panels of 16 output channels."""
    out = shape[0]
    k = int(np.prod(shape[1:]))
    panels = packed[: -(-out // 16) * 16 * k].reshape(-1, k, 16).transpose(0, 2, 1).reshape(-1, k)[:out]
    if len(shape) == 2:
        return panels.reshape(shape)
    return panels.reshape(out, shape[2], shape[3], shape[1]).transpose(0, 3, 1, 2)


def restored(w, packed):
    """An initialiser's value from a constant, or None where the constant cannot be it."""
    if packed.size < w.size:
        return None
    if w.ndim == 1:
        return packed[: w.size].reshape(w.shape)
    return unpacked(w.shape, packed) if packed.size == -(-w.shape[0] // 16) * 16 * w[0].size else None
