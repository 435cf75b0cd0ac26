#include "base/dtype.h"

#include <cstring>

namespace verge {
namespace {

struct Row {
  const char* name;
  uint8_t bits;
};
constexpr Row kRows[] = {{"none", 0}, {"f32", 32}, {"f16", 16}, {"bf16", 16}, {"f64", 64}, {"i8", 8},   {"u8", 8}, {"i16", 16}, {"u16", 16},
                         {"i32", 32}, {"u32", 32}, {"i64", 64}, {"u64", 64}, {"bool", 8},  {"i4", 4}, {"u4", 4}, {"string", 0}};
constexpr size_t kRowCount = sizeof(kRows) / sizeof(kRows[0]);
static_assert(kRowCount == kLastDataType + 1);

}  // namespace

size_t dtype_bits(DataType dtype) {
  const auto i = static_cast<size_t>(dtype);
  return i < kRowCount ? kRows[i].bits : 0;
}

size_t dtype_bytes(DataType dtype, size_t count) {
  const size_t bits = dtype_bits(dtype);
  return bits >= 8 ? count * (bits / 8) : (count * bits + 7) / 8;
}

const char* dtype_name(DataType dtype) {
  const auto i = static_cast<size_t>(dtype);
  return i < kRowCount ? kRows[i].name : "invalid";
}

DataType dtype_from_name(const char* name) {
  for (size_t i = 1; i < kRowCount; ++i)
    if (std::strcmp(kRows[i].name, name) == 0) return static_cast<DataType>(i);
  return DataType::kNone;
}

}  // namespace verge
