// NumPy's array files: .npy (one array) and .npz (a zip of them).
//
// All numeric element types and bool, either byte order, C and Fortran order; Tensors are row-major and little-endian. bf16 is written as NumPy's ml_dtypes
// does, as two opaque bytes ("<V2"), and read back from that.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"
#include "ir/tensor.h"

namespace verge::formats {

// kCorrupt for damaged bytes; kUnsupported for strings, objects, records, complex numbers and more than eight dimensions.
Result<Tensor> read_npy(ByteSpan bytes);
// Version 1.0, C order. kUnsupported for four-bit and string tensors.
Result<Bytes> write_npy(const Tensor& tensor);

// The arrays by name ("x" for the entry "x.npy"), in the archive's order; other entries are skipped.
Result<std::vector<std::pair<std::string, Tensor>>> read_npz(ByteSpan bytes);

}  // namespace verge::formats
