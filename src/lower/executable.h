// A Program, its memory and its threads on the host: what calibration, validation, benchmarks and the command line run. The device's own runtime does the work.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"
#include "ir/tensor.h"
#include "os/thread_pool.h"
#include "rt/model.h"

namespace verge {

struct ExecutableOptions {
  int threads = 1;
};

class Executable {
 public:
  // Takes the bytes (copied to 64-byte alignment).
  static Result<Executable> open(ByteSpan program, const ExecutableOptions& options = {});
  // Runs in place on bytes that `owner` keeps alive, 64-byte aligned: a mapped file.
  static Result<Executable> open_in_place(std::shared_ptr<const void> owner, ByteSpan program, const ExecutableOptions& options = {});
  // A further session on the same bytes: own memory and threads, same weights.
  Result<Executable> another() const;
  Executable(Executable&&) noexcept;
  Executable& operator=(Executable&&) noexcept;
  ~Executable();

  const rt::Model& model() const;
  ByteSpan program() const;  // the bytes that it runs from
  rt::Session& session();
  size_t input_count() const { return model().input_count(); }
  size_t output_count() const { return model().output_count(); }

  // Copies the inputs in (types and shapes must match), runs, copies the outputs out.
  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs);
  // The parts of run(), for callers that reuse their own buffers.
  Result<void> set_input(size_t i, const Tensor& tensor);
  Result<void> run();
  Tensor output(size_t i) const;
  // A copy of what the session holds for tensor `i` of the Program: meaningful between the instruction that writes it and the next that takes its memory.
  Tensor tensor(uint32_t i) const;

 private:
  struct State;
  explicit Executable(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// An error in words for a Program that rt refused to open.
Error open_error(Status status, const rt::OpenFailure& failure);

}  // namespace verge
