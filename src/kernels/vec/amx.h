// How AMX kernels use the eight tiles. Only for *_amx*.cc files.
#pragma once
#include <cstddef>
#include <cstdint>

namespace verge {
namespace {

// Intel SDM volume 1, section 18.3: the memory that LDTILECFG reads. Tiles 0 to 3 hold `rows_of_x` rows of sums, 4 and 5 as many rows of x, of `words` 32-bit words
// each, 6 and 7 panels of `words` rows; at most 16 of both. Rows of sums and panels have 64 bytes.
struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};

  explicit TileConfig(size_t rows_of_x = 16, size_t words = 16) {
    for (int i = 0; i < 8; ++i) {
      row_bytes[i] = static_cast<uint16_t>(i == 4 || i == 5 ? 4 * words : 64);
      rows[i] = static_cast<uint8_t>(i >= 6 ? words : rows_of_x);
    }
  }
};

}  // namespace
}  // namespace verge
