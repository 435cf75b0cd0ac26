#include "verge-rt/golden.h"

#include <cmath>
#include <cstring>

namespace verge::device {
namespace {

constexpr uint16_t kSeeded = 0xffff;

class Cursor {
 public:
  explicit Cursor(const package::Section& section) : at_(section.data), left_(section.bytes) {}
  const uint8_t* take(size_t bytes) {
    if (bytes > left_) return nullptr;
    const uint8_t* out = at_;
    at_ += bytes;
    left_ -= bytes;
    return out;
  }

 private:
  const uint8_t* at_;
  size_t left_;
};

struct Stored {
  uint16_t dtype, stored;
  const uint8_t* data;
  size_t bytes;
};

bool next(Cursor& cursor, Stored* out) {
  const uint8_t* head = cursor.take(2 * sizeof(uint16_t) + sizeof(uint32_t) + kMaxRank * sizeof(int32_t) + sizeof(uint64_t));
  if (!head) return false;
  uint64_t bytes;
  std::memcpy(&out->dtype, head, 2);
  std::memcpy(&out->stored, head + 2, 2);
  std::memcpy(&bytes, head + 8 + kMaxRank * sizeof(int32_t), 8);
  out->bytes = static_cast<size_t>(bytes);
  out->data = cursor.take(out->bytes);
  return out->data && cursor.take((8 - out->bytes % 8) % 8);
}

uint8_t noise(uint64_t seed, uint64_t i) {
  uint64_t z = seed + i + 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return static_cast<uint8_t>(z ^ (z >> 31));
}

Status fill_input(const Stored& stored, const TensorView& to) {
  VERGE_REQUIRE(stored.dtype == static_cast<uint16_t>(to.dtype), Code::kCorrupt);
  const auto count = static_cast<size_t>(to.shape.count());
  if (stored.stored == stored.dtype) {
    VERGE_REQUIRE(stored.bytes == to.bytes(), Code::kCorrupt);
    std::memcpy(to.data, stored.data, stored.bytes);
    return {};
  }
  uint64_t seed = 0;
  const bool seeded = stored.stored == kSeeded;
  VERGE_REQUIRE(stored.bytes == (seeded ? sizeof seed : count), Code::kCorrupt);
  if (seeded) std::memcpy(&seed, stored.data, sizeof seed);
  for (size_t i = 0; i < count; ++i) {
    const uint8_t pixel = seeded ? noise(seed, i) : stored.data[i];
    if (to.dtype == DataType::kF32) {
      to.mut<float>()[i] = pixel;
    } else {
      to.mut<uint8_t>()[i] = pixel;
    }
  }
  return {};
}

double float_difference(const float* a, const float* b, size_t n) {
  double largest = 0, most = 1e-30;
  for (size_t i = 0; i < n; ++i) {
    largest = std::fmax(largest, std::fabs(static_cast<double>(a[i]) - b[i]));
    most = std::fmax(most, std::fabs(static_cast<double>(b[i])));
  }
  return largest / most;
}

Status compare_output(const Stored& stored, const TensorView& got, SelfTest* result) {
  const auto count = static_cast<size_t>(got.shape.count());
  VERGE_REQUIRE(stored.dtype == static_cast<uint16_t>(got.dtype), Code::kCorrupt);
  VERGE_REQUIRE(stored.stored == stored.dtype && stored.bytes == got.bytes(), Code::kCorrupt);
  ++result->outputs;
  double difference = std::memcmp(stored.data, got.data, stored.bytes) ? 1 : 0;
  double tolerance = 0;
  if (got.dtype == DataType::kF32) {
    difference = float_difference(got.as<float>(), reinterpret_cast<const float*>(stored.data), count);
    tolerance = 1e-3;
  }
  result->largest_difference = std::fmax(result->largest_difference, difference);
  result->different += difference > tolerance;
  return {};
}

}  // namespace

Status run_golden(const package::Section& section, rt::Session& session, SelfTest* result) {
  VERGE_REQUIRE(section, Code::kNotFound);
  Cursor cursor(section);
  const uint8_t* head = cursor.take(16);
  VERGE_REQUIRE(head, Code::kCorrupt);
  uint32_t counts[3];
  std::memcpy(counts, head, sizeof counts);
  const rt::Model& model = session.model();
  VERGE_REQUIRE(counts[1] == model.input_count() && counts[2] == model.output_count(), Code::kCorrupt);
  for (uint32_t v = 0; v < counts[0]; ++v) {
    Stored stored;
    for (uint32_t i = 0; i < counts[1]; ++i) {
      VERGE_REQUIRE(next(cursor, &stored), Code::kCorrupt);
      VERGE_RETURN_IF_BAD(fill_input(stored, session.input(i)));
    }
    VERGE_RETURN_IF_BAD(session.run());
    for (uint32_t i = 0; i < counts[2]; ++i) {
      VERGE_REQUIRE(next(cursor, &stored), Code::kCorrupt);
      VERGE_RETURN_IF_BAD(compare_output(stored, session.output(i), result));
    }
    ++result->vectors;
  }
  return {};
}

}  // namespace verge::device
