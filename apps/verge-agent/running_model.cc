#include "verge-agent/running_model.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "core/text.h"
#include "exec/op_codes.h"
#include "os/clock.h"
#include "package/packed.h"

namespace verge::device {
namespace {

size_t rounded(size_t bytes) { return (bytes / rt::kAlignment + 1) * rt::kAlignment; }

template <class T> void append(std::vector<float>& out, const uint8_t* data, size_t n, const QuantView& quant) {
  const bool scaled = quant.count == 1;
  const float scale = scaled ? *quant.scale : 1;
  const auto zero = static_cast<float>(scaled && quant.zero_point ? *quant.zero_point : 0);
  for (size_t i = 0; i < n; ++i) {
    T value;
    std::memcpy(&value, data + i * sizeof value, sizeof value);
    out.push_back((static_cast<float>(value) - zero) * scale);
  }
}

// Real values of a tensor's bytes; empty for types that no model's score has.
std::vector<float> real(const TensorView& type, ByteSpan bytes) {
  std::vector<float> out;
  const size_t size = type.bytes(), n = static_cast<size_t>(type.shape.count());
  if (bytes.size() < size) return out;
  out.reserve(n);
  switch (type.dtype) {
    case DataType::kF32: append<float>(out, bytes.data(), n, {}); break;
    case DataType::kI8: append<int8_t>(out, bytes.data(), n, type.quant); break;
    case DataType::kU8: append<uint8_t>(out, bytes.data(), n, type.quant); break;
    case DataType::kI16: append<int16_t>(out, bytes.data(), n, type.quant); break;
    default: break;
  }
  return out;
}

}  // namespace

RunningModel::Memory RunningModel::allocate(size_t bytes) { return Memory(std::aligned_alloc(rt::kAlignment, rounded(bytes))); }

Result<std::unique_ptr<RunningModel>> RunningModel::open(ByteSpan package) {
  auto out = std::make_unique<RunningModel>();
  out->bytes_ = allocate(package.size());
  if (!out->bytes_) return Error(Code::kOutOfMemory, "no memory for the release");
  std::memcpy(out->bytes_.get(), package.data(), package.size());
  if (const Status s = package::Reader::open(out->bytes_.get(), package.size(), &out->reader_); !s.ok())
    return Error(s.code(), "the release is no whole package");
  if (!out->reader_.verify().ok()) return Error(Code::kIntegrity, "a section of the release does not match its hash");
  const package::Section text = out->reader_.find(package::Kind::kManifest);
  VERGE_TRY(const Json manifest, parse_json({reinterpret_cast<const char*>(text.data), text.bytes}), "the release's manifest");
  VERGE_TRY(out->correction_, correction_of(manifest));
  package::Section program = out->reader_.find(package::Kind::kProgram);
  if (program.codec == package::Codec::kPacked) {
    const uint64_t bytes = package::unpacked_bytes(program.data, program.bytes);
    out->program_ = bytes && bytes / 4096 <= program.bytes ? allocate(bytes) : nullptr;
    const auto models = std::make_unique<package::PackedModels>();
    auto* const to = static_cast<uint8_t*>(out->program_.get());
    if (!to || !package::unpack(program.data, program.bytes, *models, to, bytes).ok()) return corrupt("the release's packed program is damaged");
    program = {to, static_cast<size_t>(bytes)};
  }
  if (const Status s = rt::Model::open(program.data, program.bytes, exec::full_table(), &out->model_); !s.ok())
    return Error(s.code(), std::string("the release's program was refused: ") + code_name(s.code()));
  out->arena_ = allocate(out->model_.session_bytes());
  if (!out->arena_) return Error(Code::kOutOfMemory, "no memory for the release's session");
  if (const Status s = rt::Session::create(out->model_, out->arena_.get(), out->model_.session_bytes(), {}, &out->session_); !s.ok())
    return Error(s.code(), "the release's session cannot be made");
  for (size_t i = 0; i < out->model_.input_count(); ++i) out->input_bytes_ += out->model_.input(i).bytes();
  for (size_t i = 0; i < out->model_.output_count(); ++i) out->output_bytes_ += out->model_.output(i).bytes();
  return out;
}

Result<SelfTest> RunningModel::run_golden() {
  SelfTest test;
  const Status s = device::run_golden(reader_.find(package::Kind::kGolden), session_, &test);
  if (s.code() == Code::kNotFound) return Error(s.code(), "the release has no golden vectors, so nobody can tell whether it works here");
  if (!s.ok()) return Error(s.code(), "its golden vectors are damaged");
  if (test.different > 0)
    return Error(Code::kIntegrity,
                 format("%u of %u outputs differ from what the release promises, by up to %.3g", test.different, test.outputs, test.largest_difference));
  return test;
}

Result<double> RunningModel::mean_latency_ms(int runs) {
  const double begin = now_s();
  for (int i = 0; i < runs; ++i)
    if (const Status s = session_.run(); !s.ok()) return Error(s.code(), std::string("a run stopped: ") + code_name(s.code()));
  return (now_s() - begin) * 1000 / runs;
}

Result<void> RunningModel::infer(ByteSpan inputs, Bytes* outputs) {
  if (inputs.size() != input_bytes_) return invalid(format("the model takes %zu bytes of input, %zu came", input_bytes_, inputs.size()));
  const uint8_t* from = inputs.data();
  for (size_t i = 0; i < model_.input_count(); ++i) {
    const TensorView& view = session_.input(i);
    std::memcpy(view.data, from, view.bytes());
    from += view.bytes();
  }
  if (const Status s = session_.run(); !s.ok()) return Error(s.code(), std::string("a run stopped: ") + code_name(s.code()));
  outputs->clear();
  for (size_t i = 0; i < model_.output_count(); ++i) {
    const TensorView& view = session_.output(i);
    outputs->insert(outputs->end(), view.as<uint8_t>(), view.as<uint8_t>() + view.bytes());
  }
  return done();
}

std::vector<float> RunningModel::first_input(ByteSpan inputs) const { return real(model_.input(0), inputs); }
std::vector<float> RunningModel::first_output(ByteSpan outputs) const { return real(model_.output(0), outputs); }

}  // namespace verge::device
