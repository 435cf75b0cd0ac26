// Other engines behind the C interface of include/verge/delegate.h, loaded when asked for and never needed by default.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"
#include "ir/tensor.h"
#include "verge/delegate.h"

namespace verge {

// One partition, prepared by the engine.
class DelegateModel {
 public:
  DelegateModel(const VergeDelegate& table, void* model) : table_(table), model_(model) {}
  DelegateModel(const DelegateModel&) = delete;
  ~DelegateModel() { table_.release(model_); }
  // One tensor for each input; returns the outputs. kInternal with the engine's words.
  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs);

 private:
  const VergeDelegate& table_;
  void* model_;
};

class Delegate {
 public:
  // `name` is "onnxruntime", "onnxruntime=LIBRARY" with the engine's own library, or the path of a delegate's library. A name alone is looked for as
  // verge-delegate-NAME.so beside the program and in ../lib/verge. kNotFound says what is not installed and how to mend it.
  static Result<std::shared_ptr<const Delegate>> open(const std::string& name);

  std::string name() const { return table_->name; }
  std::string version() const { return table_->version; }
  // kUnsupported with the engine's words when it cannot run the model.
  Result<std::unique_ptr<DelegateModel>> compile(ByteSpan onnx, int threads) const;

 private:
  explicit Delegate(const VergeDelegate* table) : table_(table) {}
  const VergeDelegate* table_;
};

}  // namespace verge
