#include "verge/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "os/clock.h"

namespace verge::cli {

ProgressLine::ProgressLine() : start_(now_s()), terminal_(::isatty(2)) {}

ProgressLine::~ProgressLine() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

void ProgressLine::show(const std::string& stage, double done, const std::string& detail) {
  const double elapsed = now_s() - start_;
  if (!terminal_) {
    if (stage != stage_) std::fprintf(stderr, "[%5.1f s] %s\n", elapsed, stage.c_str());
    stage_ = stage;
    return;
  }
  constexpr int kWidth = 24;
  const int filled = static_cast<int>(std::clamp(done, 0.0, 1.0) * kWidth);
  std::string bar(static_cast<size_t>(filled), '#');
  bar.resize(kWidth, '.');
  std::fprintf(stderr, "\r\033[K[%s] %3.0f %%  %.0f s", bar.c_str(), done * 100, elapsed);
  if (done > 0.1 && done < 1) std::fprintf(stderr, ", about %.0f s left", elapsed / done - elapsed);
  std::fprintf(stderr, "  %s%s", stage.c_str(), detail.c_str());
  std::fflush(stderr);
  drawn_ = true;
  stage_ = stage;
}

}  // namespace verge::cli
