#include "quant/tap.h"

#include <algorithm>
#include <map>

#include "eval/score.h"

namespace verge {
namespace {

// The value whose bytes `value` only renames: what a reshape aliases is written under its input's name.
ValueId renamed(const Graph& graph, ValueId value) {
  for (const Node* node = graph.producer(value); node && node->op == "reshape"; node = graph.producer(value)) value = node->input(0);
  return value;
}

}  // namespace

Result<Tap> Tap::open(const Graph& graph, const std::vector<ValueId>& wanted) {
  VERGE_TRY(const Lowered lowered, lower(graph));
  VERGE_TRY(Executable executable, Executable::open(lowered.program, untimed(lowered)));
  Tap tap(std::move(executable));
  std::multimap<uint32_t, size_t> slots_of;
  for (size_t i = 0; i < wanted.size(); ++i) {
    slots_of.emplace(lowered.value_tensor[wanted[i].index], i);
    if (const ValueId source = renamed(graph, wanted[i]); source != wanted[i]) slots_of.emplace(lowered.value_tensor[source.index], i);
  }
  const rt::Model& model = tap.executable_.model();
  tap.slots_.resize(model.instruction_count());
  for (size_t n = 0; n < model.instruction_count(); ++n) {
    const rt::InstructionRecord& r = model.instruction(n);
    for (uint32_t o = 0; o < r.out_count; ++o) {
      const auto [begin, end] = slots_of.equal_range(model.args(n)[r.in_count + o]);
      for (auto it = begin; it != end; ++it) tap.slots_[n].emplace_back(it->first, it->second);
    }
  }
  for (size_t i = 0; i < model.input_count(); ++i) {
    const auto [begin, end] = slots_of.equal_range(model.input_tensor(i));
    for (auto it = begin; it != end; ++it) tap.inputs_.emplace_back(it->first, it->second);
  }
  tap.values_.resize(wanted.size());
  return tap;
}

Result<Tap> Tap::another() const {
  VERGE_TRY(Executable executable, executable_.another());
  Tap out(std::move(executable));
  out.slots_ = slots_;
  out.inputs_ = inputs_;
  out.values_.resize(values_.size());
  return out;
}

Result<void> Tap::run(const Sample& sample) {
  for (size_t i = 0; i < sample.inputs.size(); ++i) VERGE_CHECK(executable_.set_input(i, sample.inputs[i]), sample.name);
  for (const auto& [tensor, slot] : inputs_) take(tensor, slot);
  executable_.session().set_trace({[](void* self, uint32_t n, bool begin) {
                                     if (!begin) static_cast<Tap*>(self)->step(n);
                                   },
                                   this});
  Result<void> status = executable_.run();
  executable_.session().set_trace({});
  return status;
}

void Tap::step(uint32_t instruction) {
  for (const auto& [tensor, slot] : slots_[instruction]) take(tensor, slot);
}

void Tap::take(uint32_t tensor, size_t slot) {
  const TensorView& view = executable_.session().tensor(tensor);
  const int64_t count = view.shape.count();
  values_[slot].resize(static_cast<size_t>(count));
  if (view.dtype != DataType::kI8 && view.dtype != DataType::kI16) return static_cast<void>(std::copy_n(view.as<float>(), count, values_[slot].begin()));
  const float scale = view.quant.scale[0];
  const int32_t zero = view.quant.zero_point[0];
  for (int64_t i = 0; i < count; ++i) values_[slot][static_cast<size_t>(i)] = scale * static_cast<float>((view.dtype == DataType::kI8 ? view.as<int8_t>()[i] : view.as<int16_t>()[i]) - zero);
}

}  // namespace verge
