// Labelled samples as the models' inputs: what calibration, validation and scoring read.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "ir/tensor.h"

namespace verge {

struct Sample {
  std::vector<Tensor> inputs;  // in the model's input order, ready to run
  int label = -1;              // index into Dataset::classes(); -1: unknown
  std::string name;            // file or index, for error messages and reports
};

class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual size_t size() const = 0;
  // Decodes and pre-processes sample i; the error names the file. Several threads may ask at the same time.
  virtual Result<Sample> get(size_t i) const = 0;
  // Class names when there are labels, else empty.
  virtual const std::vector<std::string>& classes() const = 0;
};

// Some samples of another, which must outlive it.
class Subset : public Dataset {
 public:
  Subset(const Dataset& source, std::vector<size_t> indices) : source_(source), indices_(std::move(indices)) {}
  // The first `count`, at most all.
  static Subset first(const Dataset& source, size_t count);
  size_t size() const override { return indices_.size(); }
  Result<Sample> get(size_t i) const override { return source_.get(indices_[i]); }
  const std::vector<std::string>& classes() const override { return source_.classes(); }

 private:
  const Dataset& source_;
  std::vector<size_t> indices_;
};

// Samples held in memory: decoded once, run many times.
class TensorDataset : public Dataset {
 public:
  TensorDataset(std::vector<Sample> samples, std::vector<std::string> classes) : samples_(std::move(samples)), classes_(std::move(classes)) {}
  // All samples of `source`, or those whose indices are given.
  static Result<TensorDataset> from(const Dataset& source, const std::vector<size_t>* indices = nullptr);
  size_t size() const override { return samples_.size(); }
  Result<Sample> get(size_t i) const override { return samples_[i]; }
  const Sample& at(size_t i) const { return samples_[i]; }
  const std::vector<std::string>& classes() const override { return classes_; }

 private:
  std::vector<Sample> samples_;
  std::vector<std::string> classes_;
};

}  // namespace verge
