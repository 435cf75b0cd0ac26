#pragma once
#include <chrono>
#include <ctime>

namespace verge {

// Seconds on a clock that never goes back.
inline double now_s() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Seconds that the processors have worked for this process, all threads together.
inline double processor_s() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

}  // namespace verge
