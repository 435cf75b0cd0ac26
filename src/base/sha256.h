// SHA-256 (FIPS 180-4), for the hashes of package blocks.
#pragma once
#include <cstddef>
#include <cstdint>

namespace verge {

class Sha256 {
 public:
  Sha256();
  void update(const void* data, size_t bytes);
  void finish(uint8_t digest[32]);  // the object is spent afterwards

 private:
  void block(const uint8_t* data);
  uint32_t state_[8];
  uint64_t total_ = 0;
  uint8_t pending_[64];
  size_t fill_ = 0;
};

void sha256(const void* data, size_t bytes, uint8_t digest[32]);

}  // namespace verge
