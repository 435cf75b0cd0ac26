// The package's golden vectors (docs/package.md), replayed on this very processor.
#pragma once
#include "package/reader.h"
#include "rt/model.h"

namespace verge::device {

struct SelfTest {
  uint32_t vectors = 0;
  uint32_t outputs = 0;      // compared
  uint32_t different = 0;    // not within tolerance
  double largest_difference = 0;
};

// Integers must be equal to the bit, floats within 1e-3 relative of the largest magnitude. kNotFound when the package has no golden section, kCorrupt when it is damaged.
Status run_golden(const package::Section& section, rt::Session& session, SelfTest* result);

}  // namespace verge::device
