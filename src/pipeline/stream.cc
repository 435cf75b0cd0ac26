#include "pipeline/stream.h"

#include <algorithm>
#include <string>

#include "ir/graph.h"

namespace verge {
namespace {

template <typename Name> Result<size_t> index_of(const std::string& wanted, size_t count, const char* what, const Name& name) {
  std::string all;
  for (size_t i = 0; i < count; ++i) {
    if (wanted == name(i)) return i;
    all += (i ? ", '" : "'") + std::string(name(i)) + "'";
  }
  return invalid("pipeline: the model has no " + std::string(what) + " '" + wanted + "'; it has " + all);
}

std::string type_text(const TensorView& v) { return TensorType(v.dtype, v.shape).text(); }

}  // namespace

Result<SoundStream> SoundStream::create(const SoundSteps& steps, Executable& model) {
  SoundStream out;
  out.steps_ = steps;
  out.model_ = &model;
  const rt::Model& m = model.model();
  VERGE_CHECK(out.bind_states());
  const auto holds_state = [&](size_t i) { return std::any_of(out.states_.begin(), out.states_.end(), [&](const auto& s) { return s.first == i; }); };
  if (!steps.input.empty()) {
    VERGE_TRY(out.input_, index_of(steps.input, m.input_count(), "input", [&](size_t i) { return m.input_name(i); }));
  } else {
    while (out.input_ < m.input_count() && holds_state(out.input_)) ++out.input_;
  }
  if (m.input_count() != out.states_.size() + 1 || out.input_ >= m.input_count() || holds_state(out.input_))
    return invalid("pipeline: the model has " + std::to_string(m.input_count()) + " inputs; all but the window's are wanted in \"state\"");
  const TensorView window = m.input(out.input_);
  if (window.dtype != DataType::kF32) return unsupported(std::string("pipeline: the window '") + m.input_name(out.input_) + "' is " + type_text(window) + "; sound is given as f32");
  out.window_.assign(static_cast<size_t>(window.shape.count()), 0.0f);
  out.hop_ = steps.hop ? static_cast<size_t>(steps.hop) : out.window_.size();
  if (out.hop_ == 0 || out.hop_ > out.window_.size()) return invalid("pipeline: \"hop\" is " + std::to_string(out.hop_) + ", the model's window has " + std::to_string(out.window_.size()) + " samples");
  for (size_t i = 0; i < m.input_count(); ++i) out.inputs_.emplace_back(m.input(i).dtype, m.input(i).shape);
  for (size_t i = 0; i < m.output_count(); ++i)
    if (std::none_of(out.states_.begin(), out.states_.end(), [&](const auto& s) { return s.second == i; })) out.results_.push_back(i);
  if (out.results_.empty()) return invalid("pipeline: every output of the model feeds a state, none is left to hear");
  out.reset();
  return out;
}

Result<void> SoundStream::bind_states() {
  const rt::Model& m = model_->model();
  for (const auto& [to, from] : steps_.state) {
    VERGE_TRY(const size_t input, index_of(to, m.input_count(), "input", [&](size_t i) { return m.input_name(i); }));
    VERGE_TRY(const size_t output, index_of(from, m.output_count(), "output", [&](size_t i) { return m.output_name(i); }));
    const TensorView a = m.input(input), b = m.output(output);
    if (a.dtype != b.dtype || a.shape.count() != b.shape.count())
      return invalid("pipeline: state '" + to + "' is " + type_text(a) + ", and '" + from + "', which feeds it, " + type_text(b));
    states_.emplace_back(input, output);
  }
  return done();
}

void SoundStream::reset() {
  for (const auto& [input, output] : states_) std::fill_n(inputs_[input].data(), inputs_[input].bytes().size(), uint8_t{0});
  std::fill(window_.begin(), window_.end(), 0.0f);
  fresh_ = 0;
  end_ = 0;
}

Result<std::vector<SoundStream::Heard>> SoundStream::push(std::span<const float> samples) {
  std::vector<Heard> out;
  while (!samples.empty()) {
    const size_t taken = std::min(hop_ - fresh_, samples.size());
    std::rotate(window_.begin(), window_.begin() + static_cast<int64_t>(taken), window_.end());
    std::copy_n(samples.begin(), taken, window_.end() - static_cast<int64_t>(taken));
    samples = samples.subspan(taken);
    fresh_ += taken;
    end_ += static_cast<int64_t>(taken);
    if (fresh_ < hop_) break;
    VERGE_TRY(Heard heard, run_window());
    out.push_back(std::move(heard));
  }
  return out;
}

Result<SoundStream::Heard> SoundStream::run_window() {
  fresh_ = 0;
  std::copy(window_.begin(), window_.end(), inputs_[input_].mut<float>().begin());
  VERGE_TRY(std::vector<Tensor> all, model_->run(inputs_));
  for (const auto& [input, output] : states_) inputs_[input] = all[output].reshaped(inputs_[input].shape());
  Heard out{end_, {}};
  for (const size_t i : results_) out.outputs.push_back(std::move(all[i]));
  return out;
}

}  // namespace verge
