// A package that runs on the device rooms alone: its bytes, its program and one session.
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"
#include "packaging/input_correction.h"
#include "package/reader.h"
#include "rt/model.h"
#include "verge-rt/golden.h"

namespace verge::device {

class RunningModel {
 public:
  // Copies the bytes, compares every section with its hash, opens the program. The error says in words what is wrong.
  static Result<std::unique_ptr<RunningModel>> open(ByteSpan package);

  // The golden vectors, on this processor, now; an error when an output is not what the release promises.
  Result<SelfTest> run_golden();
  // Mean latency in ms over `runs` runs of what stands in the session's inputs.
  Result<double> mean_latency_ms(int runs);

  size_t input_bytes() const { return input_bytes_; }
  size_t output_bytes() const { return output_bytes_; }
  // One inference: all inputs one after the other to all outputs one after the other. kInvalidArgument when the inputs' size is wrong.
  Result<void> infer(ByteSpan inputs, Bytes* outputs);
  // Real values of the first input and of the first output of the last inference.
  std::vector<float> first_input(ByteSpan inputs) const;
  // Where the first input has its channels, and what the program does to them before anything else.
  ChannelPlace channels() const { return channel_place(model_.input(0).shape); }
  const std::optional<InputCorrection>& correction() const { return correction_; }
  std::vector<float> first_output(ByteSpan outputs) const;

 private:
  struct Freed {
    void operator()(void* p) const { std::free(p); }
  };
  using Memory = std::unique_ptr<void, Freed>;
  static Memory allocate(size_t bytes);

  Memory bytes_, program_, arena_;  // program_: what a packed program was decoded into
  package::Reader reader_;
  rt::Model model_;
  rt::Session session_;
  size_t input_bytes_ = 0, output_bytes_ = 0;
  std::optional<InputCorrection> correction_;
};

}  // namespace verge::device
