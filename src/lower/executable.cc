#include "lower/executable.h"

#include <cstdlib>
#include <cstring>

#include "base/prefault.h"
#include "core/text.h"
#include "exec/op_codes.h"
#include "lower/residency.h"

namespace verge {
namespace {

struct Freed {
  void operator()(void* p) const { std::free(p); }
};
using Memory = std::unique_ptr<void, Freed>;

Memory aligned_memory(size_t bytes) {
  return Memory(std::aligned_alloc(rt::kAlignment, (bytes + rt::kAlignment) / rt::kAlignment * rt::kAlignment));
}

// An empty tensor has no memory, and memcpy wants pointers even then.
void copy_bytes(void* to, const void* from, size_t bytes) {
  if (bytes) std::memcpy(to, from, bytes);
}

std::string type_text(const TensorView& view) {
  return std::string(dtype_name(view.dtype)) + bracketed(std::vector<int>(view.shape.dim, view.shape.dim + view.shape.rank));
}

}  // namespace

struct Executable::State {
  std::shared_ptr<const void> owner;
  ByteSpan program;
  ExecutableOptions options;
  rt::Model model;
  std::unique_ptr<ThreadPool> pool;
  Memory memory;
  std::unique_ptr<Residency> residency;
  rt::Session session;
};

Executable::Executable(std::unique_ptr<State> state) : state_(std::move(state)) {}
Executable::Executable(Executable&&) noexcept = default;
Executable& Executable::operator=(Executable&&) noexcept = default;
Executable::~Executable() = default;

const rt::Model& Executable::model() const { return state_->model; }
ByteSpan Executable::program() const { return state_->program; }
rt::Session& Executable::session() { return state_->session; }

Error open_error(Status status, const rt::OpenFailure& failure) {
  static constexpr const char* kParts[] = {"", "header", "tensor", "instruction", "input", "output"};
  const std::string where = kParts[static_cast<size_t>(failure.part)];
  const std::string index = failure.part == rt::OpenFailure::Part::kHeader ? "" : " " + std::to_string(failure.index);
  const std::string name = *failure.name ? std::string(" '") + failure.name + "'" : "";
  return {status.code(), "the program is refused at its " + where + index + name + " (" + code_name(status.code()) + ")"};
}

Result<Executable> Executable::open(ByteSpan program, const ExecutableOptions& options) {
  std::shared_ptr<void> copy(aligned_memory(program.size()).release(), std::free);
  if (!copy) return Error(Code::kOutOfMemory, "no memory for a program of " + human_bytes(static_cast<double>(program.size())));
  std::memcpy(copy.get(), program.data(), program.size());
  const ByteSpan placed(static_cast<const uint8_t*>(copy.get()), program.size());
  return open_in_place(std::move(copy), placed, options);
}

Result<Executable> Executable::open_in_place(std::shared_ptr<const void> owner, ByteSpan program, const ExecutableOptions& options) {
  auto state = std::make_unique<State>();
  state->owner = std::move(owner);
  state->program = program;
  state->options = options;
  rt::OpenFailure failure;
  if (Status s = rt::Model::open(program.data(), program.size(), exec::training_table(), &state->model, &failure); !s.ok()) return open_error(s, failure);
  const size_t bytes = state->model.session_bytes();
  state->memory = aligned_memory(bytes);
  if (!state->memory) return Error(Code::kOutOfMemory, "no memory for an arena of " + human_bytes(static_cast<double>(bytes)));
  VERGE_TRY(state->residency, Residency::within_limit(state->model, program, bytes));
  if (!state->residency) prefault(program.data(), program.size(), Access::kRead);
  prefault(state->memory.get(), bytes, Access::kWrite);
  rt::SessionOptions session_options;
  if (state->residency) session_options.trace = state->residency->hook();
  if (options.threads != 1) {
    state->pool = std::make_unique<ThreadPool>(options.threads);
    session_options.parallel = state->pool->parallel_for();
  }
  if (Status s = rt::Session::create(state->model, state->memory.get(), bytes, session_options, &state->session); !s.ok())
    return Error(s.code(), "cannot make a session");
  return Executable(std::move(state));
}

Result<Executable> Executable::another() const { return open_in_place(state_->owner, state_->program, state_->options); }

Result<void> Executable::set_input(size_t i, const Tensor& tensor) {
  const TensorView& view = state_->session.input(i);
  if (tensor.dtype() != view.dtype || !(tensor.shape() == view.shape))
    return invalid(std::string("input '") + model().input_name(i) + "' is " + type_text(view) + ", the tensor given is " +
                   type_text({nullptr, tensor.dtype(), tensor.shape(), {}}));
  copy_bytes(view.data, tensor.bytes().data(), tensor.bytes().size());
  return done();
}

Result<void> Executable::run() {
  const Status status = state_->session.run();
  if (!status.ok()) return Error(status.code(), std::string("the run stopped: ") + code_name(status.code()));
  return done();
}

Tensor Executable::output(size_t i) const { return tensor(model().output_tensor(i)); }

Tensor Executable::tensor(uint32_t i) const {
  const TensorView& view = state_->session.tensor(i);
  Tensor out(view.dtype, view.shape);
  copy_bytes(out.data(), view.data, out.bytes().size());
  if (view.quant.count)
    out.set_quant({{view.quant.scale, view.quant.scale + view.quant.count}, {view.quant.zero_point, view.quant.zero_point + view.quant.count}, view.quant.axis});
  return out;
}

Result<std::vector<Tensor>> Executable::run(std::span<const Tensor> inputs) {
  if (inputs.size() != input_count())
    return invalid("the model has " + std::to_string(input_count()) + " inputs, " + std::to_string(inputs.size()) + " were given");
  for (size_t i = 0; i < inputs.size(); ++i) VERGE_CHECK(set_input(i, inputs[i]));
  VERGE_CHECK(run());
  std::vector<Tensor> out;
  for (size_t i = 0; i < output_count(); ++i) out.push_back(output(i));
  return out;
}

}  // namespace verge
