#include <cstring>

#include "exec/blocks.h"
#include "exec/checks.h"
#include "exec/op_codes.h"
#include "ops/pad/pad_attrs.h"

namespace verge::exec {
namespace {

// The index in [0, size) that stands at `i`, or -1 for the constant. size >= 1.
int64_t source(PadMode mode, int64_t i, int64_t size) {
  if (i >= 0 && i < size) return i;
  switch (mode) {
    case PadMode::kEdge: return i < 0 ? 0 : size - 1;
    case PadMode::kWrap: return (i % size + size) % size;
    case PadMode::kReflect: {
      if (size == 1) return 0;
      const int64_t period = 2 * (size - 1), at = (i % period + period) % period;
      return at < size ? at : period - at;
    }
    default: return -1;
  }
}

void fill(uint8_t* y, int64_t count, const uint8_t* value, size_t width) {
  bool same = true;
  for (size_t b = 1; b < width; ++b) same = same && value[b] == value[0];
  if (same) {
    std::memset(y, value[0], static_cast<size_t>(count) * width);
    return;
  }
  const size_t bytes = static_cast<size_t>(count) * width;
  if (bytes) std::memcpy(y, value, width);
  for (size_t made = width; made < bytes; made *= 2) std::memcpy(y + made, y, made < bytes - made ? made : bytes - made);
}

struct Row {
  PadMode mode;
  int64_t before, from, to;  // elements before, of x, of y
  const uint8_t* value;
  size_t width;

  void write(const uint8_t* x, uint8_t* y) const {
    const int64_t first = before > 0 ? (before < to ? before : to) : 0;
    const int64_t skipped = before < 0 ? -before : 0;
    const int64_t kept = from - skipped, room = to - first;
    const int64_t middle = kept < 0 ? 0 : kept < room ? kept : room;
    edge(x, y, 0, first);
    if (middle > 0) std::memmove(y + bytes(first), x + bytes(skipped), bytes(middle));
    edge(x, y, first + middle, to);
  }

 private:
  size_t bytes(int64_t n) const { return static_cast<size_t>(n) * width; }
  void edge(const uint8_t* x, uint8_t* y, int64_t begin, int64_t end) const {
    if (mode == PadMode::kConstant) return fill(y + bytes(begin), end - begin, value, width);
    for (int64_t i = begin; i < end; ++i) std::memmove(y + bytes(i), x + bytes(source(mode, i - before, from)), width);
  }
};

// The element of x where row `row` of y comes from, or -1 when it lies in a constant border.
int64_t source_row(const PadAttrs& a, const Shape& x, const Shape& y, size_t row) {
  int64_t at = 0, stride = y.rank ? x.back(0) : 1;
  for (int d = y.rank - 2; d >= 0; --d) {
    const int64_t i = source(static_cast<PadMode>(a.mode), static_cast<int64_t>(row % static_cast<size_t>(y[d])) - a.before[d], x[d]);
    if (i < 0) return -1;
    at += i * stride;
    stride *= x[d];
    row /= static_cast<size_t>(y[d]);
  }
  return at;
}

}  // namespace

Status check_pad(const rt::Instruction& in) {
  const auto* a = in.attrs_as<PadAttrs>();
  VERGE_REQUIRE(a && a->mode < static_cast<uint32_t>(PadMode::kCount) && arity(in, 1, 1), Code::kCorrupt);
  const TensorView &x = in.in(0), &y = in.out();
  const size_t width = element_bytes(x.dtype);
  VERGE_REQUIRE(x.dtype == y.dtype && width > 0 && width <= sizeof(a->value) && x.shape.rank == y.shape.rank, Code::kCorrupt);
  const bool constant = a->mode == static_cast<uint32_t>(PadMode::kConstant);
  for (int d = 0; d < x.shape.rank; ++d) VERGE_REQUIRE(constant || x.shape[d] > 0 || y.shape.count() == 0, Code::kCorrupt);
  return {};
}

Status run_pad(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto& a = *in.attrs_as<PadAttrs>();
  const TensorView &x = in.in(0), &y = in.out();
  if (y.shape.count() == 0) return {};
  const size_t width = element_bytes(y.dtype);
  const int last = y.shape.rank - 1;
  const int64_t row = last < 0 ? 1 : y.shape[last];
  const Row writer{static_cast<PadMode>(a.mode), last < 0 ? 0 : a.before[last], last < 0 ? 1 : x.shape[last], row, a.value, width};
  for_blocks(env, static_cast<size_t>(y.shape.count() / row), items_per_block(static_cast<size_t>(row)), [&](size_t begin, size_t end) {
    for (size_t r = begin; r < end; ++r) {
      uint8_t* to = y.mut<uint8_t>() + r * static_cast<size_t>(row) * width;
      const int64_t from = source_row(a, x.shape, y.shape, r);
      if (from < 0) fill(to, row, a.value, width);
      else writer.write(x.as<uint8_t>() + static_cast<size_t>(from) * width, to);
    }
  });
  return {};
}

}  // namespace verge::exec
