// An 8-bit RGB picture, rows from top to bottom, and its way to a file.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"

namespace verge::data {

struct Picture {
  int width = 0, height = 0;
  std::vector<uint8_t> rgb;  // [height, width, 3]
};

Result<Bytes> encode_png(const Picture& picture);

}  // namespace verge::data
