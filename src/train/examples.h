// Labelled samples for training: pictures as bytes of one size, channels last, or rows of floats.
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/parallel.h"
#include "eval/files.h"
#include "train/augment.h"

namespace verge::train {

struct ExampleOptions {
  DataOptions data;             // a folder or archive of pictures, sounds or arrays, an .npz, or a .csv whose last column (or that called "label") is the label
  std::vector<int64_t> input;   // [h, w, c] of pictures or [features]; what the network takes
  bool skip_damaged = false;    // leave out what cannot be decoded, instead of an error
  bool labels = true;           // false: samples need none
};

class Examples {
 public:
  // Reads, and decodes everything once, in parallel: what is damaged is known before training begins. Pictures stay decoded while they are few (at
  // most kCachedBytes) or of another size than the network's; else they are decoded again each time they are read.
  // kCorrupt names damaged files; kInvalidArgument samples without a label.
  static Result<Examples> load(const ExampleOptions& options, const ParallelFor& parallel);

  static constexpr size_t kCachedBytes = 64 * 1000 * 1000;

  size_t size() const { return labels_.size(); }
  bool pictures() const { return pictures_; }
  const PictureSize& picture_size() const { return size_; }
  size_t sample_bytes() const { return sample_bytes_; }
  int label(size_t i) const { return labels_[i]; }
  const std::string& name(size_t i) const { return names_[i]; }
  const std::vector<std::string>& classes() const { return classes_; }
  size_t class_count() const { return class_count_; }
  size_t skipped() const { return skipped_; }
  // Of what sha256sum prints of all files that were read, lines in the order of their names; parts have that of the whole.
  const std::string& sha256() const { return sha256_; }

  // sample_bytes() to `to`; any thread.
  Result<void> read(size_t i, uint8_t* to) const;
  // The samples of these indices; shares nothing.
  Examples part(const std::vector<size_t>& indices) const;
  // Those that train, and a share that judges: those whose names' hashes are the smallest, the same on every machine. kInvalidArgument where none is left to train.
  Result<std::pair<Examples, Examples>> split(double judging) const;

 private:
  Result<void> load_pictures(const ExampleOptions& options, const ParallelFor& parallel);
  Result<void> load_arrays(size_t count);
  Result<void> decode(size_t i, uint8_t* to) const;

  bool pictures_ = false, cached_ = true;
  PictureSize size_{0, 0, 0};
  std::string sha256_;
  size_t sample_bytes_ = 0, class_count_ = 0, skipped_ = 0;
  std::vector<int> labels_;
  std::vector<std::string> names_, classes_;
  std::vector<std::shared_ptr<const Bytes>> samples_;  // decoded, or files
};

}  // namespace verge::train
