#include <immintrin.h>

#include <algorithm>
#include <cstdint>

#include "eval/peak_loop.h"

namespace verge {

// Six tiles of sums hide the latency of a product of two tiles; all sixteen rows of 64 bytes.
double peak_int8_amx() {
  struct alignas(64) {
    uint8_t palette = 1, start_row = 0, reserved[14] = {};
    uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } const config;
  constexpr long kRounds = 5'000, kSamples = 20;
  constexpr double kMacs = 6.0 * 16 * 16 * 64;
  _tile_loadconfig(&config);  // clears all tiles
  double best = 0;
  for (long sample = 0; sample < kSamples; ++sample) {
    const double begin = now_s();
    for (long round = 0; round < kRounds; ++round) {
      _tile_dpbssd(0, 6, 7);
      _tile_dpbssd(1, 6, 7);
      _tile_dpbssd(2, 6, 7);
      _tile_dpbssd(3, 6, 7);
      _tile_dpbssd(4, 6, 7);
      _tile_dpbssd(5, 6, 7);
    }
    best = std::max(best, kMacs * kRounds / (now_s() - begin));
  }
  _tile_release();
  return best;
}

}  // namespace verge
