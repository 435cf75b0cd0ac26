// Element types. The numbers are part of the Program format: append only.
#pragma once
#include <cstddef>
#include <cstdint>

namespace verge {

enum class DataType : uint8_t {
  kNone = 0,
  kF32 = 1,
  kF16 = 2,
  kBF16 = 3,
  kF64 = 4,
  kI8 = 5,
  kU8 = 6,
  kI16 = 7,
  kU16 = 8,
  kI32 = 9,
  kU32 = 10,
  kI64 = 11,
  kU64 = 12,
  kBool = 13,
  kI4 = 14,  // two in a byte, low nibble first
  kU4 = 15,
  kString = 16,  // host only
};
inline constexpr uint8_t kLastDataType = 16;

// Bits of one element; 0 for kNone and kString.
size_t dtype_bits(DataType dtype);
// Bytes of `count` elements, packed types rounded up.
size_t dtype_bytes(DataType dtype, size_t count);
// "f32", "i8", ... as the text form of a Graph prints them.
const char* dtype_name(DataType dtype);
// The reverse of dtype_name; kNone for an unknown name.
DataType dtype_from_name(const char* name);

constexpr bool is_float(DataType d) { return d >= DataType::kF32 && d <= DataType::kF64; }
constexpr bool is_integer(DataType d) { return (d >= DataType::kI8 && d <= DataType::kU64) || d == DataType::kI4 || d == DataType::kU4; }

template <typename T> struct dtype_of;
template <> struct dtype_of<float> { static constexpr DataType value = DataType::kF32; };
template <> struct dtype_of<double> { static constexpr DataType value = DataType::kF64; };
template <> struct dtype_of<int8_t> { static constexpr DataType value = DataType::kI8; };
template <> struct dtype_of<uint8_t> { static constexpr DataType value = DataType::kU8; };
template <> struct dtype_of<int16_t> { static constexpr DataType value = DataType::kI16; };
template <> struct dtype_of<uint16_t> { static constexpr DataType value = DataType::kU16; };
template <> struct dtype_of<int32_t> { static constexpr DataType value = DataType::kI32; };
template <> struct dtype_of<uint32_t> { static constexpr DataType value = DataType::kU32; };
template <> struct dtype_of<int64_t> { static constexpr DataType value = DataType::kI64; };
template <> struct dtype_of<uint64_t> { static constexpr DataType value = DataType::kU64; };
template <> struct dtype_of<bool> { static constexpr DataType value = DataType::kBool; };

}  // namespace verge
