// State dictionaries: names and tensors, as safetensors files and PyTorch's checkpoints hold them.
//
//   .safetensors                    https://huggingface.co/docs/safetensors
//   .pt, .pth, .bin, zip archive    PyTorch 1.6 and newer: data.pkl and one file a storage
//   .pt, .pth before                a stream of pickles, storages behind them
//
// A pickle is a program for a stack machine. Only the steps that dictionaries of tensors need are carried out; nothing that it names is called or
// imported, so a hostile one can do no harm. Memory stays in proportion to the file: tensors take at most 16 times its bytes.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"
#include "ir/tensor.h"

namespace verge::formats {

using State = std::vector<std::pair<std::string, Tensor>>;  // dotted names, in the file's order

bool looks_like_state(ByteSpan bytes);
// kCorrupt with the place for damaged bytes; kUnsupported for what no Tensor holds (complex and 8-bit floating-point numbers, more than eight dimensions).
Result<State> read_state(ByteSpan bytes);

Result<State> read_safetensors(ByteSpan bytes);
Result<State> read_torch(ByteSpan bytes);

}  // namespace verge::formats
