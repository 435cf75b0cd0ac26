#include "exec/integers.h"

namespace verge::exec {
namespace {

template <typename T> void load(const void* elements, size_t at, size_t n, int64_t* out) {
  const T* from = static_cast<const T*>(elements) + at;
  for (size_t i = 0; i < n; ++i) out[i] = static_cast<int64_t>(from[i]);
}

template <typename T> void store(void* elements, size_t at, size_t n, const int64_t* in) {
  T* to = static_cast<T*>(elements) + at;
  for (size_t i = 0; i < n; ++i) to[i] = static_cast<T>(in[i]);
}

void store_bools(void* elements, size_t at, size_t n, const int64_t* in) {
  uint8_t* to = static_cast<uint8_t*>(elements) + at;
  for (size_t i = 0; i < n; ++i) to[i] = in[i] != 0;
}

}  // namespace

bool is_plain_integer(DataType dtype) { return (dtype >= DataType::kI8 && dtype <= DataType::kU64) || dtype == DataType::kBool; }

void load_integers(DataType dtype, const void* elements, size_t at, size_t n, int64_t* out) {
  switch (dtype) {
    case DataType::kI8: return load<int8_t>(elements, at, n, out);
    case DataType::kI16: return load<int16_t>(elements, at, n, out);
    case DataType::kU16: return load<uint16_t>(elements, at, n, out);
    case DataType::kI32: return load<int32_t>(elements, at, n, out);
    case DataType::kU32: return load<uint32_t>(elements, at, n, out);
    case DataType::kI64:
    case DataType::kU64: return load<int64_t>(elements, at, n, out);
    default: return load<uint8_t>(elements, at, n, out);
  }
}

void store_integers(DataType dtype, void* elements, size_t at, size_t n, const int64_t* in) {
  switch (dtype) {
    case DataType::kI16:
    case DataType::kU16: return store<uint16_t>(elements, at, n, in);
    case DataType::kI32:
    case DataType::kU32: return store<uint32_t>(elements, at, n, in);
    case DataType::kI64:
    case DataType::kU64: return store<int64_t>(elements, at, n, in);
    case DataType::kBool: return store_bools(elements, at, n, in);
    default: return store<uint8_t>(elements, at, n, in);
  }
}

}  // namespace verge::exec
