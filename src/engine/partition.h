// A partition of a model that another engine runs, checked at its border and counted.
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "delegate/delegate.h"
#include "formats/parts.h"
#include "lower/executable.h"

namespace verge {

struct PartitionReport {
  std::string engine;
  std::vector<formats::HandedOver::Member> members;
  size_t runs = 0;
  double ms = 0;                      // in the engine, all runs together
  size_t bytes_in = 0, bytes_out = 0;  // of one run
  size_t not_finite = 0;              // runs in which finite inputs gave NaN or an infinity
  size_t checked = 0;                 // runs compared with Verge's own Program for the same nodes
  double worst = 0;                   // largest difference found so, relative to the largest value of the tensor
};

class Partition {
 public:
  // kUnsupported with the engine's words where it cannot run these nodes. `check`: compare every run with Verge's own results, where Verge has rules
  // for all of the nodes.
  static Result<std::unique_ptr<Partition>> open(std::shared_ptr<const Delegate> delegate, std::shared_ptr<const formats::HandedOver> nodes, int threads, bool check);

  // Fails when a result has another type or shape than the file declares.
  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs);
  const PartitionReport& report() const { return report_; }

 private:
  Result<void> compare(std::span<const Tensor> inputs, std::span<const Tensor> outputs);

  std::shared_ptr<const Delegate> delegate_;
  std::shared_ptr<const formats::HandedOver> nodes_;
  std::unique_ptr<DelegateModel> model_;
  std::optional<Executable> own_;
  PartitionReport report_;
};

// The largest difference of two tensors, relative to the largest finite value of `b`; infinite when types or shapes differ.
double largest_difference(const Tensor& a, const Tensor& b);

}  // namespace verge
