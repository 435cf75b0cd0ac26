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

bool is_raw(const Stored& stored) { return stored.stored == stored.dtype; }

// Of a tensor that is not raw but whole pixels, stored as bytes or as the seed that they come from.
uint8_t pixel(const Stored& stored, size_t i) {
  if (stored.stored != kSeeded) return stored.data[i];
  uint64_t seed;
  std::memcpy(&seed, stored.data, sizeof seed);
  return noise(seed, i);
}

Status check_stored(const Stored& stored, const TensorView& view) {
  const auto count = static_cast<size_t>(view.shape.count());
  const size_t wanted = is_raw(stored) ? view.bytes() : stored.stored == kSeeded ? sizeof(uint64_t) : count;
  VERGE_REQUIRE(stored.dtype == static_cast<uint16_t>(view.dtype) && stored.bytes == wanted, Code::kCorrupt);
  VERGE_REQUIRE(is_raw(stored) || view.dtype == DataType::kF32 || view.bytes() == count, Code::kCorrupt);
  return {};
}

Status fill_input(const Stored& stored, const TensorView& to) {
  VERGE_RETURN_IF_BAD(check_stored(stored, to));
  const auto count = static_cast<size_t>(to.shape.count());
  if (is_raw(stored)) {
    std::memcpy(to.data, stored.data, stored.bytes);
  } else if (to.dtype == DataType::kF32) {
    for (size_t i = 0; i < count; ++i) to.mut<float>()[i] = pixel(stored, i);
  } else {
    for (size_t i = 0; i < count; ++i) to.mut<uint8_t>()[i] = pixel(stored, i);
  }
  return {};
}

double stored_float(const Stored& stored, size_t i) {
  if (!is_raw(stored)) return pixel(stored, i);
  float value;
  std::memcpy(&value, stored.data + i * sizeof value, sizeof value);
  return value;
}

double float_difference(const Stored& stored, const TensorView& got) {
  double largest = 0, most = 1e-30;
  for (size_t i = 0; i < static_cast<size_t>(got.shape.count()); ++i) {
    const double wanted = stored_float(stored, i);
    largest = std::fmax(largest, std::fabs(got.as<float>()[i] - wanted));
    most = std::fmax(most, std::fabs(wanted));
  }
  return largest / most;
}

bool same_bytes(const Stored& stored, const TensorView& got) {
  if (is_raw(stored)) return std::memcmp(stored.data, got.data, stored.bytes) == 0;
  for (size_t i = 0; i < got.bytes(); ++i)
    if (pixel(stored, i) != got.as<uint8_t>()[i]) return false;
  return true;
}

Status compare_output(const Stored& stored, const TensorView& got, SelfTest* result) {
  VERGE_RETURN_IF_BAD(check_stored(stored, got));
  ++result->outputs;
  const bool is_float = got.dtype == DataType::kF32;
  const double tolerance = is_float ? 1e-3 : 0;
  const double difference = is_float ? float_difference(stored, got) : same_bytes(stored, got) ? 0 : 1;
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
