// The writing side of package/delta_coder.h.
#pragma once
#include "core/bytes.h"
#include "package/delta_coder.h"

namespace verge {

class EntropyEncoder {
 public:
  uint32_t bit(uint32_t one, uint32_t bit) {
    interval_.narrow(interval_.middle(one), bit);
    for (; interval_.byte_is_certain(); interval_.shift()) out_.push_back(static_cast<uint8_t>(interval_.first >> 24));
    return bit;
  }
  size_t bytes() const { return out_.size(); }
  // The fewest bytes that name a place of the interval; a reader sees zeros behind them.
  Bytes finish() {
    for (int bytes = 0; bytes <= 4; ++bytes) {
      const uint64_t step = uint64_t{1} << (32 - 8 * bytes), place = (interval_.first + step - 1) / step * step;
      if (place > interval_.last) continue;
      for (int i = 0; i < bytes; ++i) out_.push_back(static_cast<uint8_t>(place >> (24 - 8 * i)));
      break;
    }
    while (!out_.empty() && out_.back() == 0) out_.pop_back();
    return std::move(out_);
  }

 private:
  package::Interval interval_;
  Bytes out_;
};

}  // namespace verge
