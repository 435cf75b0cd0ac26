// What a classifier says of samples whose classes are known.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace verge::train {

class Confusion {
 public:
  explicit Confusion(size_t classes) : rows_(classes, std::vector<int64_t>(classes)) {}
  void add(int64_t truth, int64_t answer) { ++rows_[static_cast<size_t>(truth)][static_cast<size_t>(answer)]; }

  // [truth][answer]
  const std::vector<std::vector<int64_t>>& rows() const { return rows_; }
  double top1() const;
  // The mean over the classes that occur of 2 hits / (samples + answers).
  double macro_f1() const;

 private:
  std::vector<std::vector<int64_t>> rows_;
};

}  // namespace verge::train
