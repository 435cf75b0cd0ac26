#include "package/packed.h"

#include <cstring>

namespace verge::package {
namespace {

// The reading side of delta_coder.h; behind the end lie zeros.
class Decoder {
 public:
  Decoder(const uint8_t* bytes, size_t size) : bytes_(bytes), size_(size) {
    for (int i = 0; i < 4; ++i) place_ = place_ << 8 | next();
  }
  uint32_t bit(uint32_t one, uint32_t) {
    const uint32_t middle = interval_.middle(one), bit = place_ <= middle;
    interval_.narrow(middle, bit);
    for (; interval_.byte_is_certain(); interval_.shift()) place_ = place_ << 8 | next();
    return bit;
  }

 private:
  uint32_t next() { return at_ < size_ ? bytes_[at_++] : 0; }
  const uint8_t* bytes_;
  size_t size_, at_ = 0;
  Interval interval_;
  uint32_t place_ = 0;
};

constexpr uint64_t kMostUnpacked = uint64_t{1} << 34;

}  // namespace

uint64_t unpacked_bytes(const uint8_t* packed, size_t size) {
  uint64_t bytes = 0;
  if (size < sizeof bytes) return 0;
  std::memcpy(&bytes, packed, sizeof bytes);
  return bytes <= kMostUnpacked ? bytes : 0;
}

Status unpack(const uint8_t* packed, size_t size, PackedModels& models, uint8_t* out, size_t out_bytes) {
  VERGE_REQUIRE(size >= 8 && unpacked_bytes(packed, size) == out_bytes, Code::kCorrupt);
  Decoder decoder(packed + 8, size - 8);
  models = PackedModels();
  for (size_t at = 0; at < out_bytes;) {
    const auto kind = static_cast<RunKind>(code_tree(decoder, models.kind, 3, 0));
    const uint64_t count = code_number(decoder, models.length, 0);
    VERGE_REQUIRE(kind < RunKind::kCount && count > 0 && count <= out_bytes - at, Code::kCorrupt);
    code_run(decoder, models, kind, out + at, count);
    at += count;
  }
  return {};
}

}  // namespace verge::package
