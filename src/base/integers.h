#pragma once
// Real numbers as integers, for what comes from a file: the language leaves the cast of a number that does not fit undefined.

#include <limits>

namespace verge {

// Truncates toward zero and saturates; NaN becomes 0.
template <typename T> T to_integer(double value) {
  constexpr T least = std::numeric_limits<T>::min(), most = std::numeric_limits<T>::max();
  return value != value ? T{0} : value <= static_cast<double>(least) ? least : value >= static_cast<double>(most) ? most : static_cast<T>(value);
}

}  // namespace verge
