#include <cstring>
#include <map>

#include "core/json.h"
#include "formats/state/state.h"

namespace verge::formats {
namespace {

constexpr size_t kPrefix = 8;  // the header's length, little-endian

uint64_t header_bytes(ByteSpan bytes) {
  uint64_t n = 0;
  for (size_t i = 0; i < kPrefix; ++i) n |= uint64_t{bytes[i]} << (8 * i);
  return n;
}

Result<DataType> dtype_of(const std::string& name) {
  static const std::map<std::string, DataType> kTypes = {{"F64", DataType::kF64}, {"F32", DataType::kF32}, {"F16", DataType::kF16}, {"BF16", DataType::kBF16}, {"I64", DataType::kI64}, {"I32", DataType::kI32},
                                                         {"I16", DataType::kI16}, {"I8", DataType::kI8},   {"U8", DataType::kU8},   {"BOOL", DataType::kBool}, {"U16", DataType::kU16}, {"U32", DataType::kU32},
                                                         {"U64", DataType::kU64}};
  const auto it = kTypes.find(name);
  if (it == kTypes.end()) return unsupported("its elements are of type " + name);
  return it->second;
}

Result<Shape> shape_of(const Json& json) {
  Shape shape;
  if (!json.is_array() || json.size() > kMaxRank) return unsupported("its shape is " + json.dump());
  int64_t count = 1;
  for (const Json& d : json) {
    if (!d.is_number_unsigned() || d.get<uint64_t>() > INT32_MAX) return corrupt("its shape is " + json.dump());
    shape.dim[shape.rank++] = d.get<int32_t>();
    if (__builtin_mul_overflow(count, d.get<int64_t>(), &count)) return corrupt("its shape is " + json.dump());
  }
  return shape;
}

Result<Tensor> tensor_of(const Json& entry, ByteSpan data) {
  const bool whole = entry.is_object() && entry.contains("dtype") && entry["dtype"].is_string() && entry.contains("shape") && entry.contains("data_offsets") &&
                     entry["data_offsets"].is_array() && entry["data_offsets"].size() == 2 && entry["data_offsets"][0].is_number_unsigned() && entry["data_offsets"][1].is_number_unsigned();
  if (!whole) return corrupt("its entry lacks dtype, shape or data_offsets");
  VERGE_TRY(const DataType dtype, dtype_of(entry["dtype"]));
  VERGE_TRY(const Shape shape, shape_of(entry["shape"]));
  const auto from = entry["data_offsets"][0].get<uint64_t>(), to = entry["data_offsets"][1].get<uint64_t>();
  if (from > to || to > data.size()) return corrupt("its bytes " + std::to_string(from) + " to " + std::to_string(to) + " lie outside the file's " + std::to_string(data.size()));
  const uint64_t elements = dtype_bytes(dtype, 1) ? (to - from) / dtype_bytes(dtype, 1) : 0;
  if (static_cast<uint64_t>(shape.count()) != elements || elements * dtype_bytes(dtype, 1) != to - from)
    return corrupt("it has " + std::to_string(to - from) + " bytes, its type and shape want another number");
  Tensor tensor(dtype, shape);
  if (to > from) std::memcpy(tensor.data(), data.data() + from, to - from);
  return tensor;
}

}  // namespace

Result<State> read_safetensors(ByteSpan bytes) {
  const uint64_t header = bytes.size() >= kPrefix ? header_bytes(bytes) : 0;
  if (header < 2 || header > bytes.size() - kPrefix) return corrupt("not a safetensors file, or cut off: the header's length does not fit");
  VERGE_TRY(const Json json, parse_json({reinterpret_cast<const char*>(bytes.data()) + kPrefix, static_cast<size_t>(header)}), "safetensors header");
  if (!json.is_object()) return corrupt("the safetensors header is no object");
  State out;
  size_t taken = 0;
  for (const auto& [name, entry] : json.items()) {
    if (name == "__metadata__") continue;
    VERGE_TRY(Tensor tensor, tensor_of(entry, bytes.subspan(kPrefix + header)), "tensor '" + name + "'");
    taken += tensor.bytes().size();
    if (taken > bytes.size()) return corrupt("tensors share their bytes");
    out.emplace_back(name, std::move(tensor));
  }
  return out;
}

}  // namespace verge::formats
