// A progress line on stderr for long work: drawn over itself on a terminal, one line a stage otherwise.
#pragma once
#include <string>

namespace verge::cli {

class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  // `done` is 0..1. Shows elapsed time and, once it can be told, the time left; `detail`, which changes often, on a terminal alone.
  void show(const std::string& stage, double done, const std::string& detail = "");

 private:
  double start_;
  bool terminal_, drawn_ = false;
  std::string stage_;
};

}  // namespace verge::cli
