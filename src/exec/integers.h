// Integers of any width as int64, a short run at a time: one loop serves every integer type. Values wrap when they are stored;
// u64 beyond the range of int64 keeps its bits.
#pragma once
#include <cstddef>
#include <cstdint>

#include "base/dtype.h"

namespace verge::exec {

inline constexpr size_t kIntegerRun = 128;  // elements that callers keep on the stack

// Types that load and store understand: i8, u8, i16, u16, i32, u32, i64, u64, bool.
bool is_plain_integer(DataType dtype);
// out[i] = elements[at + i] for i < n.
void load_integers(DataType dtype, const void* elements, size_t at, size_t n, int64_t* out);
// elements[at + i] = in[i], low bits; bool stores 0 or 1.
void store_integers(DataType dtype, void* elements, size_t at, size_t n, const int64_t* in);

}  // namespace verge::exec
